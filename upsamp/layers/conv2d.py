"""Conv2D: a kernel that slides over images."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from upsamp.core.activations import ActivationLike
from upsamp.core.arguments import Array, PaddingLike, PairLike
from upsamp.core.convolution.convolve import conv2d
from upsamp.core.in_place import Change
from upsamp.core.initializers import InitializerLike
from upsamp.layers.convolution_layer import ConvolutionLayer
from upsamp.layers.kernel_layer import Mixture
from upsamp.layers.layer import Shape
from upsamp.layers.options import LORA
from upsamp.layers.window_layer import finish_of


class Conv2D(ConvolutionLayer):
    """Convolve images; see `upsamp.conv2d`. Kernel (rows, columns, C / groups, filters).

    >>> Conv2D(1, (3, 3), padding="same").compute_output_shape((None, 10, 10, 128))
    (None, 10, 10, 1)
    """

    idle_options: ClassVar[Mapping[str, tuple[object, ...]]] = LORA

    def __init__(
        self,
        filters: int,
        kernel_size: PairLike,
        strides: PairLike = (1, 1),
        padding: PaddingLike = "valid",
        data_format: str | None = None,
        dilation_rate: PairLike = (1, 1),
        groups: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            groups,
            **options,
        )

    def kernel_shape(self, channels: int) -> tuple[int, int, int, int]:
        """Return (rows, columns, C / groups, filters)."""
        return (*self.kernel_size, channels // self.groups, self.filters)

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int | None:
        """Count the kernel once for every output position.

        >>> Conv2D(16, 3).multiply_adds((None, 7, 7, 8), (None, 5, 5, 16))
        28800
        """
        return self.kernel_products(self.positions(output_shape), input_shape[self.channel_axis])

    def mix(self, x: Array, mixture: Mixture, changes: Sequence[Change]) -> Array:
        """Convolve the images."""
        return conv2d(
            x,
            mixture.kernel,
            mixture.bias,
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
            self.data_format,
            finish=finish_of(changes),
        )
