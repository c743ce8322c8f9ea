"""What GlobalAveragePooling2D and GlobalMaxPooling2D have in common: one value a channel."""

from typing import Any

from upsamp.core.arguments import Array, Pair
from upsamp.core.values import normalize_flag
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape


class GlobalPoolingLayer(ImageLayer):
    """A layer that makes one value of each channel; a subclass says which.

    keepdims: whether the rows and columns stay, each of length 1.
    """

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **options: Any
    ) -> None:
        super().__init__(data_format, **options)
        self.keepdims = normalize_flag(keepdims, "keepdims")

    @property
    def image_axes(self) -> Pair:
        """The axes of the rows and columns."""
        return (1, 2) if self.data_format == "channels_last" else (2, 3)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return (batch, channels), or the shape with one row and one column."""
        shape = self.image_shape(input_shape, lambda _axis, _length: 1)
        if self.keepdims:
            return tuple(
                1 if axis in self.image_axes else length for axis, length in enumerate(shape)
            )
        return (shape[0], shape[self.channel_axis])

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return None: all positions are mixed."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "keepdims": self.keepdims}
