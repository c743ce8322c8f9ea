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
from upsamp.io.pictures import Picture, picture_of_matrix
from upsamp.io.strips.rows import stand_in

__all__ = ["MatrixStrips", "PictureStrips"]

Converter: TypeAlias = Callable[[Array], Array]

DIRECTORIES_LEFT_OUT = (
    "what EXIF has in directories of its own is left out of a TIFF that is written strip by strip"
)


class PictureStrips:
    """What is written of a picture that was enlarged.

    picture: with what stands in for its pixels. losses: what the file does not hold. rounded:
    whether values were no whole numbers. strip: whether metadata is left out.
    """

    rounded = False

    def __init__(
        self, given: Picture, shape: tuple[int, ...], format_name: str, *, strip: bool
    ) -> None:
        picture, self._convert = _of_picture(given, shape, format_name)
        self.picture = with_true_metadata(replace(picture, rest=None), strip=strip)
        self.losses = losses_of(
            replace(picture, rest=given.rest, coding={}), format_name, strip=strip
        )
        if format_name == "tiff" and given.coding.get("compression", "raw") != "raw":
            self.losses += ("a TIFF that is written strip by strip is not compressed",)
        if format_name == "tiff" and has_directories(self.picture.metadata):
            self.losses += (DIRECTORIES_LEFT_OUT,)

    def develop(self, strip: Array) -> Array:
        """Return the pixels of a strip (1, rows, W, C), as (rows, W) or (rows, W, C)."""
        return self._convert(strip[0, ..., 0] if strip.shape[3] == 1 else strip[0])


class MatrixStrips:
    """What is written of a matrix that was enlarged: numbers from 0 to 255, or uint16.

    Raises `FormatError` where no image has its shape.
    """

    losses: tuple[str, ...] = ()

    def __init__(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        image = shape[1:] if len(shape) == 4 and shape[0] == 1 else shape
        channels = image[2] if len(image) == 3 else 1
        if len(image) > 3 or channels > 4:
            raise FormatError(
                "An image must have the shape (H, W) or (H, W, C) with 1 to 4 channels. "
                f"Received: shape {shape}. Use -o FILE.npy."
            )
        head = picture_of_matrix(np.zeros((1, 1, channels), dtype))
        self.picture = head.with_pixels(
            stand_in(image[:2] if channels == 1 else image, head.pixels.dtype.type(0))
        )
        self.rounded = False

    def develop(self, strip: Array) -> Array:
        """Return the pixels of a strip (1, rows, W, C), as (rows, W) or (rows, W, C)."""
        pixels = picture_of_matrix(strip).pixels
        if pixels.dtype != self.picture.pixels.dtype:
            raise FormatError(
                f"Pixels of {strip.dtype} must be 0 to 255 to be written strip by strip. "
                f"Received: values up to {strip.max()}. Convert them to uint16, or use -o FILE.npy."
            )
        if strip.dtype.kind == "f" and not self.rounded:
            self.rounded = bool((np.rint(strip) != strip).any())
        return pixels


def _of_picture(
    given: Picture, shape: tuple[int, ...], format_name: str
) -> tuple[Picture, Converter]:
    """Return the picture that is written of a picture, and what makes its pixels."""
    largest = given.pixels.max() if given.mode == "P" else given.pixels.dtype.type(0)
    head = given.with_pixels(stand_in(shape, largest))
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
