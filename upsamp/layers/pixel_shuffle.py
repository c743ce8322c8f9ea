"""PixelShuffle: channels become rows and columns."""

from typing import Any

from upsamp.core.arguments import Array, normalize_choice, normalize_count
from upsamp.core.geometry.reach import repeated_reach
from upsamp.core.shuffle import SHUFFLE_ORDERS, depth_to_space
from upsamp.errors import ShapeError
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape


class PixelShuffle(ImageLayer):
    """Lay out channels as pixels; see `upsamp.depth_to_space`.

    upscale_factor: the side of the block. order: "crd" as PyTorch's PixelShuffle, "dcr" as
    TensorFlow's depth_to_space.

    >>> PixelShuffle(2).compute_output_shape((None, 7, 7, 12))
    (None, 14, 14, 3)
    """

    def __init__(
        self,
        upscale_factor: int,
        order: str = "crd",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data_format, **options)
        self.upscale_factor = normalize_count(upscale_factor, "upscale_factor")
        self.order = normalize_choice(order, "order", SHUFFLE_ORDERS)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with fewer channels, and as many more pixels."""
        self.check_rank(input_shape)
        channels = input_shape[self.channel_axis]
        block = self.upscale_factor**2
        if channels is not None and channels % block:
            raise ShapeError(
                f"must have a multiple of {block} channels. Received: shape {input_shape}."
            )
        depth = None if channels is None else channels // block
        shape = self.image_shape(input_shape, lambda _, length: length * self.upscale_factor)
        axis = self.channel_axis
        return (*shape[:axis], depth, *shape[axis + 1 :])

    def call(self, x: Array) -> Array:
        """Rearrange the values."""
        return depth_to_space(x, self.upscale_factor, self.order, self.data_format)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the position that a block was, for each of its pixels."""
        return repeated_reach(length, self.upscale_factor)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "upscale_factor": self.upscale_factor,
            "order": self.order,
        }
