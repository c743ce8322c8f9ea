"""Strips of a result as pixels of an image file: of pictures as they are, of matrices as bytes."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.losses import fitted, fitted_stand_in, losses_of
from upsamp.io.metadata.keeping import with_true_metadata
from upsamp.io.metadata.tiff_tags import has_directories
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, image_shape
from upsamp.io.strips.rows import stand_in
from upsamp.io.transparency import expanded
from upsamp.io.value_ranges import Rounding, Spread

DIRECTORIES_LEFT_OUT = (
    "what EXIF has in directories of its own is left out of a TIFF that is written strip by strip"
)


class PictureStrips:
    """What is written of a picture that was enlarged.

    picture: with what stands in for its pixels. losses: what the file does not hold. lost: what
    was lost of the values, when they are written.
    """

    def __init__(
        self, given: Picture, shape: tuple[int, ...], format_name: str, options: WriteOptions
    ) -> None:
        largest = given.pixels.max() if given.mode == "P" else given.pixels.dtype.type(0)
        whole = replace(given, pixels=stand_in(shape, largest), coding={})
        self._spread, self._given = _spread_of(options), replace(given, rest=None)
        if self._spread is not None:
            first = self._spread.picture(self._given.with_pixels(given.pixels[:0]))
            pixels = stand_in(shape, np.uint8(0))
            whole = replace(first, pixels=pixels, coding={}, rest=given.rest)
        self._head = with_true_metadata(replace(whole, rest=None), strip=options.strip)
        self._fit = partial(fitted, format_name=format_name, options=options)
        # Single bits, which a TIFF in tiles does not have, become bytes.
        self._expands = format_name == "tiff" and whole.mode == "1"
        self.picture = fitted_stand_in(self._head, format_name, options, expand=self._expands)
        self.losses = losses_of(whole, format_name, options)
        if format_name == "tiff" and given.coding.get("compression", "raw") != "raw":
            self.losses += ("a TIFF that is written strip by strip is not compressed",)
        if format_name == "tiff" and has_directories(self.picture.metadata):
            self.losses += (DIRECTORIES_LEFT_OUT,)

    @property
    def lost(self) -> tuple[str, ...]:
        """Say what was lost of the values until now."""
        return self._spread.notes if self._spread else ()

    def develop(self, strip: Array) -> Array:
        """Return the pixels of a strip (1, rows, W, C), as (rows, W) or (rows, W, C)."""
        pixels = strip[0, ..., 0] if strip.shape[3] == 1 else strip[0]
        if self._spread is not None:
            pixels = self._spread.picture(self._given.with_pixels(pixels)).pixels
        rows = self._head.with_pixels(pixels)
        return self._fit(expanded(rows) if self._expands else rows).pixels


class MatrixStrips:
    """What is written of a matrix that was enlarged: numbers from 0 to 255, or uint16.

    Raises `FormatError` where no image has its shape.
    """

    losses: tuple[str, ...] = ()

    def __init__(
        self, dtype: np.dtype[Any], shape: tuple[int, ...], format_name: str, options: WriteOptions
    ) -> None:
        shape = image_shape(shape)
        zeros = np.zeros((1, 1, *shape[2:]), dtype)
        head = (_spread_of(options) or Rounding()).picture(zeros)
        room = stand_in((*shape[:2], *head.pixels.shape[2:]), head.pixels.dtype.type(0))
        self.picture = fitted_stand_in(head.with_pixels(room), format_name, options)
        self._made = _spread_of(options) or Rounding()
        self._fit = partial(fitted, format_name=format_name, options=options)

    @property
    def lost(self) -> tuple[str, ...]:
        """Say what was lost of the values until now."""
        return self._made.notes

    def develop(self, strip: Array) -> Array:
        """Return the pixels of a strip (1, rows, W, C), as (rows, W) or (rows, W, C)."""
        pixels = self._fit(self._made.picture(strip)).pixels
        if pixels.dtype != self.picture.pixels.dtype:
            raise FormatError(
                f"Pixels of {strip.dtype} must be 0 to 255 to be written strip by strip. "
                f"Received: values up to {strip.max()}. Convert them to uint16, or use -o FILE.npy."
            )
        return pixels


def _spread_of(options: WriteOptions) -> Spread | None:
    """Return what spreads values over the pixels, where that was asked for."""
    if options.value_range is None:
        return None
    if options.value_range == "auto":
        raise FormatError(
            "--range auto is for a result that is in memory whole. Received: one that is written "
            "strip by strip. Use --range LOW HIGH."
        )
    return Spread(*options.value_range)
