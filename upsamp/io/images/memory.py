"""What reading an image takes, told by what its file declares, before it is taken."""

import os
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.ExifTags import Base as Tag

from upsamp.core.memory import WORKING, check_limit, memory_limit
from upsamp.io.images.modes import natural_mode
from upsamp.io.streams import size_of

__all__ = [
    "check_deep_reading",
    "check_opening",
    "check_proving",
    "check_reading",
    "check_tiff_reading",
]

# Bytes that Pillow has for each pixel, by the first letters of the mode; 4 in all others.
PILLOW_BYTES: Mapping[str, int] = {"1": 1, "L": 1, "P": 1, "I;16": 2}
# Bytes that NumPy has for each pixel; in all others one for each channel.
NUMPY_BYTES: Mapping[str, int] = {"I": 4, "F": 4, "I;16": 2}
# Decoders of Pillow that take nothing for each pixel besides the image; and what the formats take
# that Pillow hands to a library whole, which holds the file, too.
LEAN_DECODERS = ("raw", "zip", "gif", "packbits", "pcx", "tga_rle")
LIBRARY_BYTES: Mapping[str, int] = {"WEBP": 13, "AVIF": 24, "JPEG2000": 24}
UNKNOWN_BYTES = 24
# Bytes that are taken besides: buffers of decoders, and rows that are copied.
FIXED_BYTES = 3 * 2**22
# Earlier frames that an animation is painted on.
CANVAS_BYTES = 12
# Bytes of a file that tifffile reads at a time.
READ_BYTES = 2**28
# The extra sample of a TIFF that is alpha, and has been multiplied into the colours.
ASSOCIATED = 1


def check_opening(stream: BinaryIO, name: str) -> None:
    """Raise `MemoryLimitError` where there is no room for a file that is held whole once open.

    Pillow reads a WebP or AVIF, and its library keeps a copy.
    """
    stream.seek(0)
    head = stream.read(12)
    stream.seek(0)
    if head[8:] == b"WEBP" or head[4:8] == b"ftyp":
        check_limit(2 * size_of(stream) + FIXED_BYTES, f"{name} while it is read")


def check_proving(width: int, height: int, stream: BinaryIO, name: str) -> None:
    """Raise `MemoryLimitError` where there is no room to decode a frame of a GIF twice."""
    if memory_limit() is not None:
        needed = 2 * width * height + size_of(stream) + FIXED_BYTES
        check_limit(needed, f"the {width:,} x {height:,} pixels of {name}")


def check_reading(
    image: Image.Image, stream: BinaryIO, name: str, *, expand: bool, together: bool, animated: bool
) -> None:
    """Raise `MemoryLimitError` where --max-memory has no room for reading an image.

    image: opened, and not loaded. together: whether its mode is to be that of all frames. animated:
    whether it is painted on the frames before it.
    """
    if memory_limit() is None:
        return
    pixels = image.width * image.height
    stored = _stored(image.mode)
    made = 0
    mode = image.mode
    if together:
        made, mode = 4, "RGBA"
    natural = natural_mode(mode, expand=expand, transparent="transparency" in image.info)
    made += _stored(natural) if natural != mode else 0
    array = _held(natural)
    # 16 bits become another type, or have a colour made clear.
    if natural.startswith("I") or natural == "LAB":
        array += 4 if "transparency" not in image.info else 24
    decoded = stored * pixels + _decoder_bytes(image, stream, animated=animated)
    copied = (stored + made + array * (2 if animated else 1)) * pixels
    _check(image.size, name, max(decoded, copied), _held(natural))


def check_deep_reading(image: Image.Image, stream: BinaryIO, name: str, channels: int) -> None:
    """Raise `MemoryLimitError` where there is no room for an image of 16-bit channels.

    Its file is held beside its pixels, which are copied where they are turned upright.
    """
    if memory_limit() is None:
        return
    pixels, size = image.width * image.height, size_of(stream)
    held = 2 * channels
    if image.format == "PNG":
        needed = max(size + held * pixels, (4 + 2 * held) * pixels)
    else:  # numbers of text are words first, and those of other depths are scaled as floats
        tile = str(getattr(image, "tile", ""))
        needed = size + (held + (0 if "65535" in tile else 100 * channels)) * pixels
    _check(image.size, name, needed, held)


def check_tiff_reading(
    stream: BinaryIO,
    name: str,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    extra: tuple[int, ...],
) -> None:
    """Raise `MemoryLimitError` where there is no room for a TIFF of other depths.

    Its pixels are copied where they are turned, or stand in planes; those that alpha has been
    multiplied into are divided by it as floats.
    """
    if memory_limit() is None:
        return
    height, width, samples = shape
    held = samples * dtype.itemsize
    floats = 48 * samples if extra[:1] == (ASSOCIATED,) else 0
    needed = (2 * held + floats) * height * width + min(size_of(stream), READ_BYTES)
    _check((width, height), name, needed, held)


def _check(size: tuple[int, int], name: str, needed: int, held: int) -> None:
    """Raise where reading does not fit, or what is done with the pixels after it."""
    width, height = size
    least = held * width * height + WORKING
    check_limit(max(needed + FIXED_BYTES, least), f"the {width:,} x {height:,} pixels of {name}")


def _stored(mode: str) -> int:
    return PILLOW_BYTES.get(mode[:4], 4)


def _held(mode: str) -> int:
    return NUMPY_BYTES.get(mode[:4]) or Image.getmodebands(mode)


def _decoder_bytes(image: Image.Image, stream: BinaryIO, *, animated: bool) -> int:
    """Return what the decoder takes besides the image."""
    pixels = image.width * image.height
    canvases = CANVAS_BYTES * pixels if animated else 0
    tiles: Any = getattr(image, "tile", ())
    decoder = tiles[0][0] if tiles and image.format not in LIBRARY_BYTES else ""
    if decoder == "jpeg":
        return canvases + _coefficients(image, stream)
    if decoder == "libtiff":
        return _strip_bytes(image) + size_of(stream)
    if decoder in LEAN_DECODERS:
        return canvases
    each = LIBRARY_BYTES.get(image.format or "", UNKNOWN_BYTES)
    return canvases + each * pixels + 2 * size_of(stream)


def _coefficients(image: Image.Image, stream: BinaryIO) -> int:
    """Return what a JPEG of several scans takes: all of its coefficients, of 16 bits."""
    layers = getattr(image, "layer", ())
    if "progressive" not in image.info and _components_of_scan(stream) >= len(layers):
        return 0
    high, wide = max(layer[2] for layer in layers), max(layer[1] for layer in layers)
    rows, columns = (-(-side // 8) * 8 + 64 for side in (image.height, image.width))
    samples = sum(int(layer[1]) * int(layer[2]) for layer in layers)
    return -(-2 * rows * columns * samples // int(wide * high))


def _components_of_scan(stream: BinaryIO) -> int:
    """Return how many components the first scan of a JPEG has, 0 where there is none.

    Source: ITU-T T.81, "Digital compression and coding of continuous-tone still images", B.
    """
    place = stream.tell()
    stream.seek(2)
    components = 0
    while len(head := stream.read(4)) == 4 and head[0] == 0xFF:
        marker, length = head[1], struct.unpack(">H", head[2:])[0]
        if marker == 0xFF:  # bytes that fill
            stream.seek(-3, os.SEEK_CUR)
            continue
        if marker == 0xDA:
            components = (stream.read(1) or b"\0")[0]
            break
        stream.seek(length - 2, os.SEEK_CUR)
    stream.seek(place)
    return components


def _strip_bytes(image: Image.Image) -> int:
    """Return what a strip or a tile of a TIFF takes, and an image that Pillow turns upright."""
    tags: Any = getattr(image, "tag_v2", {})
    width, height = (int(tags.get(tag, 0)) for tag in (Tag.TileWidth, Tag.TileLength))
    if not (width and height):
        width, height = image.size
        height = min(int(tags.get(Tag.RowsPerStrip, height)), height)
    turned = tags.get(Tag.Orientation, 1) != 1
    return 8 * width * height + (_stored(image.mode) * image.width * image.height if turned else 0)
