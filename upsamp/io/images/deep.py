"""Colour of more than 8 bits, which Pillow does not read: PNG by libpng, PPM by NumPy."""

import re
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from PIL import Image

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.core.text import first_line
from upsamp.errors import FormatError
from upsamp.io.images.colours import colours_of
from upsamp.io.images.deep_tiff import read_deep_tiff
from upsamp.io.images.memory import check_deep_reading
from upsamp.io.images.metadata import metadata_of, orientation_of
from upsamp.io.images.orientation import upright
from upsamp.io.images.pillow import pillow_at_work, quiet_libraries
from upsamp.io.metadata.keeping import upright_metadata
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import DEEP_MODES, Picture

__all__ = ["inks_to_rgb", "read_deep", "strip_encoder"]

FAULT = "cannot be decoded"
# "P6", or "P3" where they are text, then the width, the height and the largest value, with blanks
# and comments before each.
PPM_HEADER = re.compile(rb"P[36]" + 3 * rb"(?:\s|#[^\n]*\n)+(\d+)" + rb"\s")
COMMENT = re.compile(rb"#[^\n]*")


def read_deep(
    image: Image.Image,
    stream: BinaryIO,
    name: str,
    options: ReadOptions,
    *,
    animated: bool,
) -> Picture:
    """Read a frame whose colour has more than 8 bits.

    image: opened by Pillow, at that frame, and not loaded: it gives what the file says besides.
    stream: the file, or of a TIFF the page. animated: whether it is one of several frames.
    """
    if image.format == "TIFF":
        return read_deep_tiff(stream, name, options, image)
    if animated:
        raise FormatError(
            f"{name} is an animation of 16-bit colour, whose frames would be cut to 8 bits. "
            "Use --depth 8 to accept that."
        )
    width, height = image.size
    channels = {"LA": 2, "RGB": 3}.get(image.mode, 4)
    check_deep_reading(image, stream, name, channels)
    check_memory((height, width, channels), np.dtype(np.uint16), f"The pixels of {name}")
    pixels = _read_png(stream, name) if image.format == "PNG" else _read_ppm(stream, name, image)
    if pixels.dtype != np.uint16 or pixels.shape[:2] != (height, width) or pixels.ndim != 3:
        raise FormatError(f"{name} {FAULT}: its pixels are not those that it declares.")
    with pillow_at_work(name, FAULT):
        # PNG may say more behind its pixels.
        orientation = orientation_of(image)
        metadata = metadata_of(image, orientation) | colours_of(image, stream)
    metadata.pop("transparency", None)  # it became alpha
    if options.orient:
        pixels, metadata = upright(pixels, orientation), upright_metadata(metadata)
    mode = DEEP_MODES[pixels.shape[2] - 1]
    return Picture(pixels, mode, str(image.format).lower(), None, metadata)


def _read_png(stream: BinaryIO, name: str) -> Array:
    """Read all of a PNG by libpng; a transparent colour becomes alpha."""
    import imagecodecs

    stream.seek(0)
    try:
        with quiet_libraries():
            pixels: Array = imagecodecs.png_decode(stream.read())
    except (RuntimeError, ValueError) as error:  # its PngError is the first
        raise FormatError(f"{name} {FAULT}: {first_line(error)}.") from error
    return pixels


def _read_ppm(stream: BinaryIO, name: str, image: Image.Image) -> Array:
    """Read a PPM of 16 bits: after its header, the pixels in big-endian numbers, or as text.

    Values up to another largest one than 65535 are widened, as Pillow does for grey.
    """
    stream.seek(0)
    data = stream.read()
    header = PPM_HEADER.match(data)
    width, height = image.size
    count = 3 * width * height
    values = None
    if header is not None:
        read = _words if data.startswith(b"P3") else _big_endian
        values = read(data, header.end(), count)
    if header is None or values is None:
        raise FormatError(f"{name} {FAULT}: it has fewer pixels than it declares.")
    largest = int(header[3])
    if largest < 65535:
        values = np.rint(np.minimum(values, largest) * (65535 / largest)).astype(np.uint16)
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


def strip_encoder(compression: str) -> Callable[[Array], bytes]:
    """Return what compresses a strip of a TIFF, bytes (rows, bytes of a row).

    compression: by Pillow's names zstd, tiff_lzw, or packbits, which packs each row alone.
    """
    import imagecodecs

    if compression == "packbits":
        return lambda rows: b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in rows)
    encode = imagecodecs.zstd_encode if compression == "zstd" else imagecodecs.lzw_encode
    return lambda rows: bytes(encode(rows.tobytes()))


def inks_to_rgb(pixels: Array, profile: bytes, wanted: bytes, intent: int, flags: int) -> Array:
    """Return CMYK of 16 bits in RGB, from one profile to another; the numbers are littlecms'."""
    import imagecodecs

    made: Array = imagecodecs.cms_transform(
        np.ascontiguousarray(pixels),
        profile,
        wanted,
        colorspace="cmyk",
        outcolorspace="rgb",
        intent=intent,
        flags=flags,
    )
    return made
