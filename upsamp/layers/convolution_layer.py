"""What Conv2D and Conv2DTranspose have in common: their arguments, their bias, their activation."""

from typing import Any

from upsamp.core.activations import get_activation
from upsamp.core.arguments import (
    Array,
    Padding,
    PaddingLike,
    Pair,
    PairLike,
    normalize_count,
    normalize_padding,
    normalize_pair,
)
from upsamp.core.initializers import normalize_initializer
from upsamp.errors import ShapeError
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape

__all__ = ["ConvolutionLayer"]


class ConvolutionLayer(ImageLayer):
    """A layer with a kernel that slides over images; a subclass gives the kernel's shape."""

    def __init__(
        self,
        filters: int,
        kernel_size: PairLike,
        strides: PairLike = (1, 1),
        padding: PaddingLike = "valid",
        data_format: str | None = None,
        dilation_rate: PairLike = (1, 1),
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        groups: int = 1,
        **options: Any,
    ) -> None:
        super().__init__(data_format, **options)
        self.filters = normalize_count(filters, "filters")
        self.kernel_size = normalize_pair(kernel_size, "kernel_size")
        self.strides = normalize_pair(strides, "strides")
        self.padding = normalize_padding(padding)
        self.dilation_rate = normalize_pair(dilation_rate, "dilation_rate")
        self.activation = activation
        self.activate = get_activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = normalize_initializer(kernel_initializer, "kernel_initializer")
        self.bias_initializer = normalize_initializer(bias_initializer, "bias_initializer")
        self.input_channels: int | None = None
        self.groups = normalize_count(groups, "groups")
        if self.filters % self.groups:
            raise ShapeError(
                "`groups` must divide the filters. "
                f"Received: groups={self.groups}, filters={self.filters}."
            )

    def kernel_shape(self, channels: int) -> tuple[int, int, int, int]:
        """Give the shape of the kernel for an input of so many channels."""
        raise NotImplementedError(f"{type(self).__name__} must define `kernel_shape`.")

    def create_weights(self, input_shape: Shape) -> None:
        """Size the kernel by the channels of the input."""
        channels = self.check_axis(input_shape, self.channel_axis)
        if channels % self.groups:
            raise ShapeError(
                f"`groups` must divide the channels. Received: groups={self.groups}, "
                f"{channels} channels."
            )
        self.input_channels = channels
        self.add_weight("kernel", self.kernel_shape(self.input_channels), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.filters,), self.bias_initializer)

    def check_rank(self, input_shape: Shape) -> None:
        """Raise `ShapeError` for another rank, or for other channels than it was built for."""
        super().check_rank(input_shape)
        channels = input_shape[self.channel_axis]
        if self.input_channels is not None and channels not in (None, self.input_channels):
            raise ShapeError(
                f"must have {self.input_channels} "
                f"channels, as it was built. Received: shape {input_shape}."
            )

    def padding_of(self, axis: int) -> Padding | Pair:
        """Give the padding of the rows (0) or of the columns (1)."""
        return self.padding if isinstance(self.padding, str) else self.padding[axis]

    def bias(self) -> Array | None:
        """Give the bias, or None where there is none."""
        return self.weight("bias") if self.use_bias else None

    def get_config(self) -> dict[str, Any]:
        """Give the arguments that make this layer again."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
            "groups": self.groups,
        }
