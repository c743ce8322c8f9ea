"""Resizing: grow images to a given size."""

from typing import Any

from upsamp.core.arguments import Array, normalize_count
from upsamp.core.geometry.reach import resampled_reach
from upsamp.core.upsampling.methods import method_of
from upsamp.core.upsampling.resample import resize
from upsamp.core.values import normalize_flag, normalize_number, normalize_text
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape


class Resizing(ImageLayer):
    """Grow images to `height` rows and `width` columns; see `upsamp.resize`.

    Only upsampling: Keras' options that crop, pad or smooth must be left at their defaults.

    >>> Resizing(10, 12).compute_output_shape((None, 4, 4, 3))
    (None, 10, 12, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data_format, **options)
        self.height = normalize_count(height, "height")
        self.width = normalize_count(width, "width")
        self.interpolation = method_of(interpolation).name
        for name, value in (
            ("crop_to_aspect_ratio", crop_to_aspect_ratio),
            ("pad_to_aspect_ratio", pad_to_aspect_ratio),
            ("antialias", antialias),
        ):
            if normalize_flag(value, name):
                raise ArgumentError(
                    f"`{name}` must be False, as Resizing here only enlarges. "
                    f"Received: {name}=True."
                )
        self.fill_mode = normalize_text(fill_mode, "fill_mode")
        self.fill_value = normalize_number(fill_value, "fill_value")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with the rows and columns that were asked for."""
        wanted = (self.height, self.width)

        def size(axis: int, length: int) -> int:
            if wanted[axis] < length:
                raise ShapeError(
                    f"must not shrink its input. Received: shape {input_shape} for {wanted}."
                )
            return wanted[axis]

        shape = self.image_shape(input_shape, size)
        first = 1 if self.data_format == "channels_last" else 2
        return (*shape[:first], *wanted, *shape[first + 2 :])

    def call(self, x: Array) -> Array:
        """Resize the images."""
        return resize(
            x, (self.height, self.width), self.interpolation, data_format=self.data_format
        )

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the positions that the interpolation reads."""
        return resampled_reach(length, (self.height, self.width)[axis], self.interpolation)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "height": self.height,
            "width": self.width,
            "interpolation": self.interpolation,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
        }
