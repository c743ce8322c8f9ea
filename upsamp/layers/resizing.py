"""Resizing: images of a given size."""

from typing import Any

import numpy as np

from upsamp.core.arguments import Array, Pair, normalize_choice, normalize_count
from upsamp.core.geometry.reach import resampled_reach
from upsamp.core.memory import check_memory
from upsamp.core.upsampling.any_size import axis_taps, resize_axis
from upsamp.core.upsampling.methods import method_of
from upsamp.core.upsampling.resample import resize
from upsamp.core.values import normalize_flag, normalize_number
from upsamp.errors import ArgumentError
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape


class Resizing(ImageLayer):
    """Interpolate images to `height` rows and `width` columns, as Keras' backends do.

    crop_to_aspect_ratio: whether the middle of an image is taken that has the ratio of the result;
    pad_to_aspect_ratio: whether rows or columns of `fill_value` are put around it instead.
    antialias: whether an axis that shrinks is smoothed. Larger images are those of `upsamp.resize`.

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
        self.crop_to_aspect_ratio = normalize_flag(crop_to_aspect_ratio, "crop_to_aspect_ratio")
        self.pad_to_aspect_ratio = normalize_flag(pad_to_aspect_ratio, "pad_to_aspect_ratio")
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ArgumentError(
                "`crop_to_aspect_ratio` and `pad_to_aspect_ratio` must not both be True. "
                "Received: both."
            )
        self.fill_mode = normalize_choice(fill_mode, "fill_mode", ("constant",))
        self.fill_value = normalize_number(fill_value, "fill_value")
        self.antialias = normalize_flag(antialias, "antialias")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with the rows and columns that were asked for."""
        self.check_rank(input_shape)
        first = self._first_axis
        return (*input_shape[:first], self.height, self.width, *input_shape[first + 2 :])

    @property
    def _first_axis(self) -> int:
        """The axis of the rows."""
        return 1 if self.data_format == "channels_last" else 2

    def call(self, x: Array) -> Array:
        """Resize the images."""
        first = self._first_axis
        if self.crop_to_aspect_ratio or self.pad_to_aspect_ratio:
            x = self._with_ratio(x)
        if self.height >= x.shape[first] and self.width >= x.shape[first + 1]:
            size = (self.height, self.width)
            return resize(x, size, self.interpolation, data_format=self.data_format)
        for axis, target in ((first, self.height), (first + 1, self.width)):
            x = resize_axis(x, axis, target, self.interpolation, antialias=self.antialias)
        return x

    def margins(self, rows: int, columns: int) -> tuple[Pair, Pair]:
        """Return what gives images the ratio of the result, before and after rows and columns.

        They are rounded as Keras does; negative ones are cut off.

        >>> Resizing(2, 2, crop_to_aspect_ratio=True).margins(4, 7)
        ((0, 0), (-1, -2))
        >>> Resizing(2, 2, pad_to_aspect_ratio=True).margins(4, 7)
        ((1, 1), (0, 0))
        """
        height = int(columns * self.height / self.width)
        width = int(rows * self.width / self.height)
        if self.crop_to_aspect_ratio:
            less = rows - max(min(rows, height), 1), columns - max(min(columns, width), 1)
            top, left = less[0] // 2, less[1] // 2
            return (-top, top - less[0]), (-left, left - less[1])
        if not self.pad_to_aspect_ratio:
            return (0, 0), (0, 0)
        # Both sides get as much, and one axis only.
        above, before = max(height - rows, 0) // 2, max(width - columns, 0) // 2
        return (above, above), ((0, 0) if above else (before, before))

    def _with_ratio(self, x: Array) -> Array:
        """Return images with the ratio of the result, their middle or within `fill_value`."""
        first = self._first_axis
        sides = [(0, 0)] * 4
        sides[first : first + 2] = self.margins(*x.shape[first : first + 2])
        if self.crop_to_aspect_ratio:
            return x[tuple(slice(-begin, end or None) for begin, end in sides)]
        lengths = [length + 2 * side for length, (side, _) in zip(x.shape, sides, strict=True)]
        check_memory(lengths, x.dtype, f"The padded input of layer '{self.name}'")
        return np.pad(x, sides, constant_values=self.fill_value)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the positions that the interpolation reads; None where both axes decide it."""
        if self.crop_to_aspect_ratio or self.pad_to_aspect_ratio:
            return None
        target = (self.height, self.width)[axis]
        if not self.antialias or target >= length or self.interpolation == "nearest":
            return resampled_reach(length, target, self.interpolation)
        inputs, weights = axis_taps(length, target, self.interpolation, antialias=True)
        read = weights != 0
        return np.where(read, inputs, length).min(1), np.where(read, inputs, -1).max(1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "height": self.height,
            "width": self.width,
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "antialias": self.antialias,
        }
