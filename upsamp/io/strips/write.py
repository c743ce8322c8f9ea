"""Strips of a result as pixels of an image file, and where they go.

Those of pictures stay as they are, those of matrices become bytes. A file comes into place when all
of its strips are in it.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.array_files import check_space
from upsamp.io.atomic import open_output, replace_file
from upsamp.io.extras import check_extra
from upsamp.io.formats import FORMATS
from upsamp.io.losses import fitted, fitted_stand_in, losses_of
from upsamp.io.metadata.keeping import with_true_metadata
from upsamp.io.metadata.tiff_tags import has_directories
from upsamp.io.npy_files import npy_head
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, image_shape
from upsamp.io.row_stream import RowStream
from upsamp.io.streams import STANDARD_STREAM
from upsamp.io.strips.rows import stand_in
from upsamp.io.transparency import expanded
from upsamp.io.value_ranges import Rounding, Spread

# No stream of deflate stands for more times its bytes.
MOST_COMPRESSED = 1032

DIRECTORIES_LEFT_OUT = (
    "what EXIF has in directories of its own is left out of a TIFF that is written strip by strip"
)


def check_strips(name: str, format_name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise where strips of an array of that shape cannot be written, before any is made.

    That is `MissingExtraError` where the format needs a package that is not there, and `FileError`
    where the disk has less room than the file takes, even of numbers that compress best.
    """
    needed = FORMATS[format_name].strips
    if needed:
        check_extra(needed, f"Writing {format_name.upper()} strip by strip")
    least = math.prod(shape) * dtype.itemsize
    if format_name == "png":
        least //= 8 * dtype.itemsize * MOST_COMPRESSED  # of one bit a pixel
    check_space(name, least)


def write_npy_strips(
    strips: Iterator[Array],
    array: Array,
    name: str,
    *,
    planes: bool = False,
    overwrite: bool = False,
) -> None:
    """Write strips as .npy, to "-" too.

    array: what they are together; it only needs to have the shape and the type. planes: whether
    the array has its channels before its rows, and the strips, (1, rows, W, C), have them last:
    then the file has to be searched.
    """
    with open_output(name, overwrite=overwrite) as stream:
        stream.write(npy_head(array.shape, array.dtype))
        if planes:
            _write_planes(strips, array, stream)
            return
        for strip in strips:
            stream.write(np.ascontiguousarray(strip).data.cast("B"))


def _write_planes(strips: Iterator[Array], array: Array, stream: BinaryIO) -> None:
    """Write the rows of each channel of a strip where they belong, image after image."""
    begin = stream.tell()
    channels, height = array.shape[-3:-1]
    first = row = 0
    for strip in strips:
        for image in strip:
            for channel in range(channels):
                place = (first + channel) * height + row
                stream.seek(begin + place * array.shape[-1] * array.itemsize)
                stream.write(np.ascontiguousarray(image[..., channel]).data.cast("B"))
            row = (row + len(image)) % height
            first += 0 if row else channels


def write_picture_strips(
    strips: Iterator[Array],
    picture: Picture,
    format_name: str,
    name: str,
    options: WriteOptions,
    *,
    room: int,
    threads: int,
    overwrite: bool = False,
) -> None:
    """Write strips of pixels, (rows, W) or (rows, W, C), as PNG, to "-" too, or as TIFF.

    picture: what there is to know of them besides; its pixels only need to have the shape and the
    type. room: bytes that may be taken besides.
    """
    rows = RowStream(strips)
    shown = "standard output" if name == STANDARD_STREAM else f"'{name}'"
    if format_name == "png":
        from upsamp.io.png import write_png_rows

        with open_output(name, overwrite=overwrite) as stream:
            write_png_rows(picture, rows, stream, shown, compression=options.level, threads=threads)
            rows.finish()
        return
    from upsamp.io.images.tiled_tiff import write_tiled_tiff

    with replace_file(name, overwrite=overwrite) as stream:
        write_tiled_tiff(picture, rows, stream, room=room)
        rows.finish()


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
