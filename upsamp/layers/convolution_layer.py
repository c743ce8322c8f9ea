"""What Conv2D and Conv2DTranspose have in common: filters that mix the channels, and groups."""

from typing import Any

from upsamp.core.activations import ActivationLike
from upsamp.core.arguments import PaddingLike, PairLike, normalize_count
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.errors import ShapeError, UnknownLayerError
from upsamp.layers.layer import Shape, Weight
from upsamp.layers.shapes import product_of
from upsamp.layers.window_layer import WindowLayer


class ConvolutionLayer(WindowLayer):
    """A layer with filters that slide over images; a subclass gives the kernel's shape."""

    kernel: Weight

    def __init__(
        self,
        filters: int,
        kernel_size: PairLike,
        strides: PairLike = (1, 1),
        padding: PaddingLike = "valid",
        data_format: str | None = None,
        dilation_rate: PairLike = (1, 1),
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        groups: int = 1,
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
        self.filters = normalize_count(filters, "filters")
        self.kernel_initializer = normalize_initializer(kernel_initializer, "kernel_initializer")
        self.groups = normalize_count(groups, "groups")
        if self.filters % self.groups:
            raise ShapeError(
                "`groups` must divide the filters. "
                f"Received: groups={self.groups}, filters={self.filters}."
            )

    def kernel_shape(self, channels: int) -> tuple[int, int, int, int]:
        """Return the shape of the kernel for an input of this many channels."""
        raise UnknownLayerError(f"{self.type_name} must define `kernel_shape`.")

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

    def output_channels(self, channels: int | None) -> int | None:
        """Return the filters."""
        return self.filters

    def kernel_products(self, positions: int | None, channels: int | None) -> int | None:
        """Count the products of a kernel that is laid on this many positions."""
        if channels is None:
            return None
        return product_of((positions, *self.kernel_shape(channels)))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_initializer": self.kernel_initializer,
            "groups": self.groups,
        }
