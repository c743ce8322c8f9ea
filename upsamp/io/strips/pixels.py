"""Strips of a result as pixels of an image file: of pictures as they are, of matrices as bytes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.losses import losses_of
from upsamp.io.metadata.keeping import with_true_metadata
from upsamp.io.metadata.tiff_tags import has_directories
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, image_shape
from upsamp.io.strips.rows import stand_in
from upsamp.io.value_ranges import Rounding, Spread

__all__ = ["MatrixStrips", "PictureStrips"]

Converter: TypeAlias = Callable[[Array], Array]

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
        self._spread = _spread_of(options)
        strip = options.strip
        picture, self._convert = _of_picture(given, shape, format_name, self._spread)
        self.picture = with_true_metadata(replace(picture, rest=None), strip=strip)
        self.losses = losses_of(
            replace(picture, rest=given.rest, coding={}), format_name, strip=strip
        )
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
        return self._convert(strip[0, ..., 0] if strip.shape[3] == 1 else strip[0])


class MatrixStrips:
    """What is written of a matrix that was enlarged: numbers from 0 to 255, or uint16.

    Raises `FormatError` where no image has its shape.
    """

    losses: tuple[str, ...] = ()

    def __init__(self, dtype: np.dtype[Any], shape: tuple[int, ...], options: WriteOptions) -> None:
        self._made = _spread_of(options) or Rounding()
        shape = image_shape(shape)
        head = self._made.picture(np.zeros((1, 1, *shape[2:]), dtype))
        self.picture = head.with_pixels(stand_in(shape, head.pixels.dtype.type(0)))

    @property
    def lost(self) -> tuple[str, ...]:
        """Say what was lost of the values until now."""
        return self._made.notes

    def develop(self, strip: Array) -> Array:
        """Return the pixels of a strip (1, rows, W, C), as (rows, W) or (rows, W, C)."""
        pixels = self._made.picture(strip).pixels
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


def _of_picture(
    given: Picture, shape: tuple[int, ...], format_name: str, spread: Spread | None
) -> tuple[Picture, Converter]:
    """Return the picture that is written of a picture, and what makes its pixels."""
    largest = given.pixels.max() if given.mode == "P" else given.pixels.dtype.type(0)
    head = given.with_pixels(stand_in(shape, largest))
    if spread is not None:
        frame = replace(given, rest=None)
        first = spread.picture(frame.with_pixels(given.pixels[:0]))
        return (
            replace(first, pixels=stand_in(shape, np.uint8(0))),
            lambda strip: spread.picture(frame.with_pixels(strip)).pixels,
        )
    if format_name != "tiff":
        return head, lambda pixels: pixels
    # What TIFF does not have becomes channels.
    key = given.metadata.get("transparency")
    rest = {name: value for name, value in given.metadata.items() if name != "transparency"}
    if given.mode == "1":
        grey = stand_in(shape, np.uint8(0))
        return replace(head, pixels=grey, mode="L", metadata=rest), _as_bytes
    if key is None:
        return head, lambda pixels: pixels
    if given.mode == "P":
        colours = _colours(given.palette or b"", key)
        pixels = stand_in((*shape, 4), np.uint8(0))
        clear = replace(head, pixels=pixels, mode="RGBA", palette=None, metadata=rest)
        return clear, lambda strip: colours[strip]
    channels = 2 if given.mode == "L" else 4
    pixels = stand_in((*shape[:2], channels), given.pixels.dtype.type(0))
    clear = replace(head, pixels=pixels, mode="LA" if channels == 2 else "RGBA", metadata=rest)
    return clear, lambda strip: _with_alpha(strip, key)


def _as_bytes(pixels: Array) -> Array:
    return pixels.astype(np.uint8) * np.uint8(255)


def _colours(palette: bytes, key: Any) -> Array:
    """Return the colours of a palette with their alpha, (256, 4).

    key: the alpha of each, as far as that goes, or the one number that is clear.
    """
    colours = np.zeros((256, 4), np.uint8)
    known = np.frombuffer(palette[: 3 * 256], np.uint8).reshape(-1, 3)
    colours[: len(known), :3] = known
    colours[:, 3] = 255
    if isinstance(key, bytes):
        alpha = np.frombuffer(key[:256], np.uint8)
        colours[: len(alpha), 3] = alpha
    else:
        colours[key, 3] = 0
    return colours


def _with_alpha(pixels: Array, key: object) -> Array:
    """Return pixels with a channel of alpha, which is 0 where they are of the colour `key`."""
    flat = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
    is_clear = (flat == np.asarray(key)).all(axis=2)
    alpha = np.where(is_clear, flat.dtype.type(0), np.iinfo(flat.dtype).max)
    return np.dstack([flat, alpha.astype(flat.dtype)])
