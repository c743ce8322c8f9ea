"""PixelUnshuffle: the values of a block of pixels as channels of one."""

from typing import Any

from upsamp.core.arguments import Array, normalize_choice, normalize_count
from upsamp.core.geometry.reach import blocked_reach
from upsamp.core.shuffle import SHUFFLE_ORDERS, space_to_depth
from upsamp.errors import ShapeError
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape


class PixelUnshuffle(ImageLayer):
    """Make channels of pixels; see `upsamp.space_to_depth`.

    downscale_factor: the side of the block. order: "crd" as PyTorch's PixelUnshuffle, "dcr" as
    TensorFlow's space_to_depth.

    >>> PixelUnshuffle(2).compute_output_shape((None, 14, 14, 3))
    (None, 7, 7, 12)
    """

    def __init__(
        self,
        downscale_factor: int,
        order: str = "crd",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data_format, **options)
        self.downscale_factor = normalize_count(downscale_factor, "downscale_factor")
        self.order = normalize_choice(order, "order", SHUFFLE_ORDERS)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with more channels, and as many fewer pixels."""
        factor = self.downscale_factor

        def size(_: int, length: int) -> int:
            if length % factor:
                raise ShapeError(
                    f"must have rows and columns that are multiples of {factor}. "
                    f"Received: shape {input_shape}."
                )
            return length // factor

        shape = self.image_shape(input_shape, size)
        channels = input_shape[self.channel_axis]
        depth = None if channels is None else channels * factor**2
        axis = self.channel_axis
        return (*shape[:axis], depth, *shape[axis + 1 :])

    def call(self, x: Array) -> Array:
        """Rearrange the values."""
        return space_to_depth(x, self.downscale_factor, self.order, self.data_format)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the first and the last position of each block."""
        return blocked_reach(length, self.downscale_factor)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "downscale_factor": self.downscale_factor,
            "order": self.order,
        }
