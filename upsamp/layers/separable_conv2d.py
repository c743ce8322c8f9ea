"""SeparableConv2D: every channel with kernels of its own, then a mix of the channels."""

from collections.abc import Sequence
from typing import Any, ClassVar

from upsamp.core.activations import ActivationLike
from upsamp.core.arguments import Array, PaddingLike, PairLike, normalize_count
from upsamp.core.convolution.convolve import conv2d
from upsamp.core.in_place import Change
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.layers.depthwise_layer import DepthwiseLayer
from upsamp.layers.kernel_layer import Mixture
from upsamp.layers.layer import Shape, Weight
from upsamp.layers.shapes import product_of
from upsamp.layers.window_layer import finish_of


class SeparableConv2D(DepthwiseLayer):
    """Convolve each channel by itself, then mix the channels of each pixel.

    Kernels: depthwise (rows, columns, C, depth_multiplier), pointwise (1, 1, C *
    depth_multiplier, filters); bias (filters,).

    >>> SeparableConv2D(16, 3, padding="same").compute_output_shape((None, 10, 10, 4))
    (None, 10, 10, 16)
    """

    # The outputs are those of this one.
    kernel_name: ClassVar[str] = "pointwise_kernel"
    depthwise_kernel: Weight
    pointwise_kernel: Weight

    def __init__(
        self,
        filters: int,
        kernel_size: PairLike,
        strides: PairLike = (1, 1),
        padding: PaddingLike = "valid",
        data_format: str | None = None,
        dilation_rate: PairLike = (1, 1),
        depth_multiplier: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        pointwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            depth_multiplier,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            depthwise_initializer,
            bias_initializer,
            **options,
        )
        self.filters = normalize_count(filters, "filters")
        self.pointwise_initializer = normalize_initializer(
            pointwise_initializer, "pointwise_initializer"
        )

    def create_weights(self, input_shape: Shape) -> None:
        """Size the kernels by the channels of the input."""
        channels = self.check_axis(input_shape, self.channel_axis)
        self.input_channels = channels
        depthwise = self.depthwise_shape(channels)
        pointwise = (1, 1, channels * self.depth_multiplier, self.filters)
        self.add_weight("depthwise_kernel", depthwise, self.depthwise_initializer)
        self.add_weight("pointwise_kernel", pointwise, self.pointwise_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.filters,), self.bias_initializer)

    def output_channels(self, channels: int | None) -> int | None:
        """Return the filters."""
        return self.filters

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int | None:
        """Count both kernels once for every output position.

        >>> SeparableConv2D(16, 3).multiply_adds((None, 7, 7, 8), (None, 5, 5, 16))
        5000
        """
        kernels = self.kernel_size[0] * self.kernel_size[1] + self.filters
        channels = input_shape[self.channel_axis]
        return product_of((self.positions(output_shape), channels, self.depth_multiplier, kernels))

    def mix(self, x: Array, mixture: Mixture, changes: Sequence[Change]) -> Array:
        """Convolve the images twice."""
        return conv2d(
            self.convolve(x, self.packed("depthwise_kernel"), None, ()),
            mixture.kernel,
            mixture.bias,
            data_format=self.data_format,
            finish=finish_of(changes),
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "pointwise_initializer": self.pointwise_initializer,
        }
