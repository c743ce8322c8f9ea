"""ZeroPadding2D: rows and columns of zeros around images."""

from typing import Any

import numpy as np

from upsamp.core.arguments import Array, PaddingLike, normalize_margins
from upsamp.core.geometry.reach import shifted_reach
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape


class ZeroPadding2D(ImageLayer):
    """Put zeros around images.

    padding: one integer, (rows, columns) or ((top, bottom), (left, right)).

    >>> ZeroPadding2D(((1, 0), (0, 2))).compute_output_shape((None, 4, 4, 3))
    (None, 5, 6, 3)
    """

    def __init__(
        self, padding: PaddingLike = (1, 1), data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(data_format, **options)
        self.padding = normalize_margins(padding, "padding")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with more rows and columns."""
        return self.image_shape(input_shape, lambda axis, length: length + sum(self.padding[axis]))

    def call(self, x: Array) -> Array:
        """Pad the images."""
        none = (0, 0)
        if self.data_format == "channels_last":
            return np.pad(x, (none, *self.padding, none))
        return np.pad(x, (none, none, *self.padding))

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return each position itself; the zeros depend on nothing."""
        return shifted_reach(length, *self.padding[axis])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "padding": self.padding}
