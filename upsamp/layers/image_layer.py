"""What the layers on batches of images have in common: rank 4 and a data format."""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from upsamp.core.arguments import DATA_FORMATS, DataFormat, normalize_choice
from upsamp.layers.layer import Layer, Shape


class ImageLayer(Layer):
    """A layer on images: (N, H, W, C), or (N, C, H, W) with data_format="channels_first"."""

    rank: ClassVar[int | None] = 4

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.data_format = cast(
            "DataFormat",
            normalize_choice(
                "channels_last" if data_format is None else data_format, "data_format", DATA_FORMATS
            ),
        )

    @property
    def channel_axis(self) -> int:
        """The axis of the channels."""
        return 3 if self.data_format == "channels_last" else 1

    def image_shape(
        self, input_shape: Shape, size: Callable[[int, int], int], channels: int | None = None
    ) -> Shape:
        """Return the output's shape: `size(axis, length)` for rows (0) and columns (1) if known."""
        self.check_rank(input_shape)
        first = 1 if self.data_format == "channels_last" else 2
        lengths = [
            None if length is None else size(axis, length)
            for axis, length in enumerate(input_shape[first : first + 2])
        ]
        depth = input_shape[self.channel_axis] if channels is None else channels
        if self.data_format == "channels_last":
            return (input_shape[0], *lengths, depth)
        return (input_shape[0], depth, *lengths)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "data_format": self.data_format}
