"""Where strips of a result go: a file that comes into place when all of them are in it."""

import math
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.io.array_files import check_space
from upsamp.io.atomic import open_output, replace_file
from upsamp.io.extras import check_extra
from upsamp.io.formats import FORMATS
from upsamp.io.npy_files import npy_head
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture
from upsamp.io.row_stream import RowStream
from upsamp.io.streams import STANDARD_STREAM, is_stream

# No stream of deflate stands for more times its bytes.
MOST_COMPRESSED = 1032


def check_strips(name: str, format_name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise where strips of an array of that shape cannot be written, before any is made.

    That is `MissingExtraError` where the format needs a package that is not there, and `FileError`
    where the disk has less room than the file takes, were it of numbers that compress best.
    """
    needed = FORMATS[format_name].strips
    if needed:
        check_extra(needed, f"Writing {format_name.upper()} strip by strip")
    least = math.prod(shape) * dtype.itemsize
    if format_name == "png":
        least //= 8 * dtype.itemsize * MOST_COMPRESSED  # of one bit a pixel
    if not is_stream(name):
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
