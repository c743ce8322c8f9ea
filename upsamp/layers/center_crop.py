"""CenterCrop: the middle of images."""

from typing import Any

from upsamp.core.arguments import Array, normalize_count
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape
from upsamp.layers.resizing import Resizing


class CenterCrop(ImageLayer):
    """Return the middle `height` rows and `width` columns of images.

    Images that are smaller on an axis are enlarged as by Resizing, with crop_to_aspect_ratio.

    >>> CenterCrop(2, 2).compute_output_shape((None, 4, 4, 3))
    (None, 2, 2, 3)
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(data_format, **options)
        self.height = normalize_count(height, "height")
        self.width = normalize_count(width, "width")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with the rows and columns that were asked for."""
        self.check_rank(input_shape)
        first = 1 if self.data_format == "channels_last" else 2
        return (*input_shape[:first], self.height, self.width, *input_shape[first + 2 :])

    def call(self, x: Array) -> Array:
        """Crop the images."""
        first = 1 if self.data_format == "channels_last" else 2
        rows, columns = x.shape[first : first + 2]
        top, left = (rows - self.height) // 2, (columns - self.width) // 2
        if top >= 0 and left >= 0:
            within = (slice(top, top + self.height), slice(left, left + self.width))
            return x[(*(slice(None),) * first, *within)]
        return self.enlarging().call(x)

    def enlarging(self) -> Resizing:
        """Return the layer that makes the result of images that are smaller."""
        sides, first = (self.height, self.width), self.data_format
        return Resizing(*sides, crop_to_aspect_ratio=True, data_format=first, name=self.name)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return None: whether one axis is cropped is decided by both."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "height": self.height, "width": self.width}
