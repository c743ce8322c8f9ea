"""Cropping2D: rows and columns cut off images."""

from typing import Any

from upsamp.core.arguments import Array, PaddingLike, normalize_margins
from upsamp.core.geometry.reach import shifted_reach
from upsamp.errors import ShapeError
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape


class Cropping2D(ImageLayer):
    """Cut rows and columns off images.

    cropping: one integer, (rows, columns) or ((top, bottom), (left, right)).

    >>> Cropping2D(((1, 0), (0, 2))).compute_output_shape((None, 4, 4, 3))
    (None, 3, 2, 3)
    """

    def __init__(
        self,
        cropping: PaddingLike = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data_format, **options)
        self.cropping = normalize_margins(cropping, "cropping")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with fewer rows and columns."""

        def size(axis: int, length: int) -> int:
            left = length - sum(self.cropping[axis])
            if left < 1:
                raise ShapeError(
                    f"must leave something. "
                    f"Received: shape {input_shape} for cropping={self.cropping}."
                )
            return left

        return self.image_shape(input_shape, size)

    def call(self, x: Array) -> Array:
        """Crop the images."""
        first = 1 if self.data_format == "channels_last" else 2
        (top, bottom), (left, right) = self.cropping
        rows = slice(top, x.shape[first] - bottom)
        columns = slice(left, x.shape[first + 1] - right)
        return x[:, rows, columns] if first == 1 else x[:, :, rows, columns]

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the positions that are left."""
        before, after = self.cropping[axis]
        return shifted_reach(length, -before, -after)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "cropping": self.cropping}
