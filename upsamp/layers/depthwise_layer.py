"""What DepthwiseConv2D and SeparableConv2D have in common: kernels that mix no channels."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from upsamp.core.activations import ActivationLike
from upsamp.core.arguments import Array, PaddingLike, PairLike, normalize_count
from upsamp.core.convolution.convolve import conv2d
from upsamp.core.convolution.packing import Kernel
from upsamp.core.in_place import Change
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.layers.window_layer import WindowLayer, finish_of


class DepthwiseLayer(WindowLayer):
    """A layer in which each channel has `depth_multiplier` kernels of its own."""

    # Keras 2 writes what its Conv2D has and these layers have no use for.
    idle_options: ClassVar[Mapping[str, tuple[object, ...]]] = {
        "groups": (1, None),
        "filters": (None,),
        "kernel_initializer": (),
        "rank": (),
    }

    def __init__(
        self,
        kernel_size: PairLike,
        strides: PairLike = (1, 1),
        padding: PaddingLike = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: PairLike = (1, 1),
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            **options,
        )
        self.depth_multiplier = normalize_count(depth_multiplier, "depth_multiplier")
        self.depthwise_initializer = normalize_initializer(
            depthwise_initializer, "depthwise_initializer"
        )

    def depthwise_shape(self, channels: int) -> tuple[int, int, int, int]:
        """Return (rows, columns, C, depth_multiplier)."""
        return (*self.kernel_size, channels, self.depth_multiplier)

    def arranged(self, name: str, kernel: Array) -> Array:
        """Return kernels of single channels as those of groups, their filters side by side."""
        if name == "pointwise_kernel":
            return kernel
        rows, columns = self.kernel_size
        return kernel.reshape(rows, columns, 1, -1)

    def convolve(
        self, x: Array, kernel: Kernel, bias: Array | None, changes: Sequence[Change]
    ) -> Array:
        """Convolve each channel by itself."""
        return conv2d(
            x,
            kernel,
            bias,
            self.strides,
            self.padding,
            self.dilation_rate,
            kernel.array.shape[3] // self.depth_multiplier,
            self.data_format,
            finish=finish_of(changes),
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": self.depthwise_initializer,
        }
