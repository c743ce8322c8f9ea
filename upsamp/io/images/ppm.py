"""Netpbm's formats where Pillow has no colour: of 16 bits, read and written, and of floats, read.

Source: the manual of Netpbm, "ppm"; P. Debevec, "PFM Portable FloatMap Image Format".
"""

import re
from typing import BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.errors import FormatError
from upsamp.io.images.memory import check_numbers
from upsamp.io.images.writing import write_by_pillow
from upsamp.io.picture_options import ReadOptions, WriteOptions, check_size
from upsamp.io.pictures import Picture

# Bytes of pixels that are turned around together.
STRIP = 2**20
# "P6", or "P3" where they are text, then the width, the height and the largest value, with blanks
# and comments before each.
PPM_HEADER = re.compile(rb"P[36]" + 3 * rb"(?:\s|#[^\n]*\n)+(\d+)" + rb"\s")
COMMENT = re.compile(rb"#[^\n]*")
# "PF", the width, the height, and a number whose sign tells the order of bytes.
PFM_HEADER = re.compile(
    rb"PF\s+(\d{1,9})\s+(\d{1,9})\s+([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s"
)
HEAD = 2**9
TOO_FEW = "cannot be decoded: it has fewer pixels than it declares."


def read_deep_ppm(stream: BinaryIO, name: str, size: tuple[int, int]) -> Array:
    """Read a PPM of 16 bits: after its header, the pixels in big-endian numbers, or as text."""
    stream.seek(0)
    data = stream.read()
    header = PPM_HEADER.match(data)
    width, height = size
    values = None
    if header is not None:
        read = _words if data.startswith(b"P3") else _big_endian
        values = read(data, header.end(), 3 * width * height)
    if header is None or values is None:
        raise FormatError(f"{name} {TOO_FEW}")
    return values.reshape(height, width, 3)


def _big_endian(data: bytes, start: int, count: int) -> Array | None:
    if len(data) < start + 2 * count:
        return None
    return np.frombuffer(data, ">u2", count, start).astype(np.uint16)


def _words(data: bytes, start: int, count: int) -> Array | None:
    words = COMMENT.sub(b" ", data[start:]).split(maxsplit=count)[:count]
    if len(words) < count or not all(word.isdigit() and len(word) < 6 for word in words):
        return None
    return np.minimum(np.array(words, np.int64), 65535).astype(np.uint16)


def read_colour_floats(stream: BinaryIO, name: str, options: ReadOptions) -> Picture:
    """Read a PFM of three colours, whose rows go from the bottom up."""
    stream.seek(0)
    header = PFM_HEADER.match(stream.read(HEAD))
    if header is None or float(header[3]) == 0:
        raise FormatError(f"{name} cannot be decoded: its header is no PFM's.")
    width, height = int(header[1]), int(header[2])
    check_size(width, height, name, options.max_pixels)
    size = 12 * width * height
    shape, dtype = (height, width, 3), np.dtype(np.float32)
    check_numbers(shape, dtype, "ppm", name, size)
    check_memory(shape, dtype, f"The pixels of {name}")
    stream.seek(header.end())
    data = stream.read(size)
    if len(data) < size:
        raise FormatError(f"{name} {TOO_FEW}")
    order = "<" if float(header[3]) < 0 else ">"
    pixels = np.frombuffer(data, f"{order}f4").reshape(shape)[::-1]
    return Picture(pixels.astype(dtype), "RGB;F", "ppm")


def write_ppm(picture: Picture, stream: BinaryIO, name: str, options: WriteOptions) -> None:
    """Write a picture; colours of 16 bits big-endian after a header of text."""
    if picture.mode != "RGB;16":
        write_by_pillow(picture, "ppm", stream, name, options)
        return
    height, width = picture.pixels.shape[:2]
    stream.write(f"P6\n{width} {height}\n65535\n".encode())
    rows = max(1, STRIP // max(1, picture.pixels[:1].nbytes))
    stream.writelines(
        picture.pixels[start : start + rows].astype(">u2").tobytes()
        for start in range(0, height, rows)
    )
