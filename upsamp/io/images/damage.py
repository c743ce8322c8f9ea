"""Damage that Pillow passes over, found before it decodes the pixels."""

import struct
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, cast

from PIL import Image

from upsamp.io.images.damaged_frames import check_gif, check_icon, check_png
from upsamp.io.images.damaged_jpeg import check_jpeg, check_jpeg2000
from upsamp.io.images.damaged_tiff import check_tiff
from upsamp.io.images.declared import codestream_of
from upsamp.io.streams import size_of

DDS_HEADER_BYTES = 128
# Formats of files in a file.
NESTED = ("ICO", "ICNS")


def check_image(image: Image.Image, stream: BinaryIO, name: str, max_pixels: int) -> None:
    """Raise `OSError` where an opened image is damaged in a way that Pillow misses.

    name, max_pixels: for the PNG files in an icon, and for memory. The stream is left where it was.
    """
    if image.format not in (*CHECKS, *NESTED, "GIF"):
        return
    place = stream.tell()
    stream.seek(0)
    if image.format in NESTED:
        check_icon(stream, name, max_pixels)
    elif image.format == "GIF":
        check_gif(stream, name)
    else:
        CHECKS[image.format](image, stream)
    stream.seek(place)


def _check_bitmap(image: Image.Image, stream: BinaryIO) -> None:
    """Raise `OSError` where runs reach beyond their row, which Pillow cuts.

    Source: Microsoft, "Bitmap Compression" (Windows GDI).
    """
    decoder, _, start, arguments = cast("Any", image).tile[0]
    if decoder != "bmp_rle":
        return
    stream.seek(start)
    data = stream.read()
    per_byte = 2 if arguments[1] else 1  # whether a byte holds two pixels
    column = row = place = 0
    while place + 2 <= len(data) and data[place : place + 2] != b"\0\1":
        count, value = data[place : place + 2]
        place += 2
        if count:
            column += count
        elif value == 0:
            column, row = 0, row + 1
        elif value == 2 and place + 2 <= len(data):
            column, row = column + data[place], row + data[place + 1]
            place += 2
        else:  # pixels as they are, and a byte more where their bytes are odd
            column += value
            place += (-(-value // per_byte) + 1) // 2 * 2
        if column > image.width or row > image.height:
            raise OSError("its pixels reach beyond their row")


def _check_pcx(height: int, data: bytes) -> None:
    """Raise `OSError` where 256 colours are to follow the pixels, and do not.

    Source: ZSoft, "PCX File Format Technical Reference Manual" (1991).
    """
    version, bits, planes, stride, palette = struct.unpack_from("<xBxB61xBHH", data)
    if (version, bits, planes) != (5, 8, 1) or palette == 2:
        return
    left, place = stride * height, 128
    while left > 0 and place < len(data):
        count = data[place] & 0x3F if data[place] >= 0xC0 else 1
        place += 2 if data[place] >= 0xC0 else 1
        left -= count
    if left > 0 or place > len(data) - 769 or data[-769] != 12:
        raise OSError("its palette is missing")


def _check_dds(image: Image.Image, stream: BinaryIO) -> None:
    """Raise `OSError` where there are fewer pixels than declared, which Pillow fills with black."""
    decoder, _, _, arguments = cast("Any", image).tile[0]
    if decoder == "dds_rgb":
        needed = DDS_HEADER_BYTES + image.width * image.height * arguments[0] // 8
        if size_of(stream) < needed:
            raise OSError("it has fewer pixels than it declares")


def _check_xpm(data: bytes) -> None:
    """Raise `OSError` where the rows have no end, as Pillow before version 12 does not."""
    if not data.rstrip().endswith((b"}", b"};")):
        raise OSError("its rows have no end")


CHECKS: Mapping[str, Callable[[Image.Image, BinaryIO], None]] = {
    "BMP": _check_bitmap,
    "DDS": _check_dds,
    "JPEG": lambda _, stream: check_jpeg(stream.read()),
    "JPEG2000": lambda _, stream: check_jpeg2000(stream.read(), codestream_of(stream)[0]),
    "MPO": lambda _, stream: check_jpeg(stream.read()),
    "PCX": lambda image, stream: _check_pcx(image.height, stream.read()),
    "PNG": lambda _, stream: check_png(stream),
    "TIFF": check_tiff,
    "XPM": lambda _, stream: _check_xpm(stream.read()),
}
