"""What reading an image takes, told by what its file declares, before it is taken.

Sources: RFC 9649, "WebP Image Format", 2.5 to 2.7 and 3.4; ISO/IEC 23008-12, "Image File Format",
6.5.3 (ispe); ITU-T T.81, "Digital compression and coding of continuous-tone still images", B.
"""

import math
import os
import re
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.ExifTags import Base as Tag

from upsamp.core.memory import WORKING, check_limit, memory_limit
from upsamp.io.images.modes import natural_mode
from upsamp.io.pictures import Frames, Picture, mode_of
from upsamp.io.streams import size_of

# Bytes that Pillow has for each pixel, by the first letters of the mode; 4 in all others.
PILLOW_BYTES: Mapping[str, int] = {"1": 1, "L": 1, "P": 1, "I;16": 2}
# The types of NumPy that hold a channel; a byte in all others.
NUMPY_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(("I;16", "I;16B", "I;16L", "I;16N"), np.uint16),
    "1": np.bool_,
    "F": np.float32,
    "I": np.int32,
}
BYTES = np.dtype(np.uint8)
# Decoders of Pillow that take nothing for each pixel besides the image; and what the formats take
# that Pillow hands to a library whole, which holds the file, too.
LEAN_DECODERS = ("raw", "zip", "gif", "packbits", "pcx", "tga_rle")
LIBRARY_BYTES: Mapping[str, int] = {"WEBP": 13, "AVIF": 24, "JPEG2000": 24}
UNKNOWN_BYTES = 24
# Bytes that are taken besides: buffers of decoders, and rows that are copied.
FIXED_BYTES = 3 * 2**22
# For each pixel of 8 bits, what an animation is painted on, what is put back, and what is seen.
CANVAS_BYTES = 12
# Bytes of a file that tifffile reads at a time.
READ_BYTES = 2**28
# The extra sample of a TIFF that is alpha, and has been multiplied into the colours.
ASSOCIATED = 1
# How far into a file the size of an AVIF is looked for.
HEAD = 2**14
# The frames that follow in a picture that is not read.
UNREAD = Frames(1, lambda: iter(()))


def check_opening(stream: BinaryIO, name: str) -> None:
    """Raise `MemoryLimitError` where there is no room for a file that is held whole once open.

    Pillow reads a WebP or AVIF, and its library keeps a copy. What its pixels take is counted as
    if they had alpha and were painted on other frames: more is known once it is open.
    """
    if memory_limit() is None:
        return
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    if head[8:12] == b"WEBP":
        format_name, (width, height) = "WEBP", _webp_size(head)
    elif head[4:8] == b"ftyp":
        format_name, (width, height) = "AVIF", _avif_size(head)
    else:
        return
    held = 2 * size_of(stream)
    if held + FIXED_BYTES > (memory_limit() or 0):
        each = CANVAS_BYTES + LIBRARY_BYTES[format_name] + _stored("RGBA")
        declared = _declared((height, width, 4), "RGBA", format_name)
        _check(replace(declared, rest=UNREAD), name, held + each * width * height)


def _webp_size(head: bytes) -> tuple[int, int]:
    """Return the width and height that the first chunk of a WebP declares."""
    if head[12:16] == b"VP8X":
        return (
            int.from_bytes(head[24:27], "little") + 1,
            int.from_bytes(head[27:30], "little") + 1,
        )
    if head[12:16] == b"VP8L":
        sides = int.from_bytes(head[21:25], "little")
        return (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
    return (
        int.from_bytes(head[26:28], "little") & 0x3FFF,
        int.from_bytes(head[28:30], "little") & 0x3FFF,
    )


def _avif_size(head: bytes) -> tuple[int, int]:
    """Return the largest width and height that an AVIF declares for one of its items."""
    sizes = [
        struct.unpack(">II", found[1]) for found in re.finditer(rb"ispe.{4}(.{8})", head, re.DOTALL)
    ]
    return max(sizes, key=math.prod, default=(0, 0))


def check_proving(width: int, height: int, stream: BinaryIO, name: str) -> None:
    """Raise `MemoryLimitError` where there is no room to decode a frame of a GIF twice."""
    if memory_limit() is not None:
        needed = 2 * width * height + size_of(stream) + FIXED_BYTES
        check_limit(needed, f"the {width:,} x {height:,} pixels of {name}")


def check_reading(
    image: Image.Image,
    stream: BinaryIO,
    name: str,
    *,
    expand: bool,
    together: str | None,
    animated: bool,
) -> None:
    """Raise `MemoryLimitError` where --max-memory has no room for reading an image.

    image: opened, and not loaded. together: the mode of all frames, where that is one. animated:
    whether it is painted on the frames before it.
    """
    if memory_limit() is None:
        return
    pixels = image.width * image.height
    stored = _stored(image.mode)
    made = 0
    mode = image.mode
    if together:
        made, mode = 4, together
    natural = natural_mode(mode, expand=expand, transparent="transparency" in image.info)
    made += _stored(natural) if natural != mode else 0
    declared = _declared_by(image, natural)
    array = declared.pixels.nbytes // pixels
    # 16 bits become another type, or have a colour made clear; YCbCr may become RGB.
    if natural.startswith("I") or natural in ("LAB", "YCbCr"):
        array += 4 if "transparency" not in image.info else 24
    decoded = stored * pixels + _decoder_bytes(image, stream, animated=animated)
    copied = (stored + made + array) * pixels
    if animated and image.format in ("GIF", "PNG"):  # by ours, of the file of each frame alone
        decoded += 2 * size_of(stream)
        copied += CANVAS_BYTES * pixels + size_of(stream)
    elif animated:
        copied += array * pixels
    _check(declared, name, max(decoded, copied, _proof_bytes(image, stream)))


def check_deep_reading(
    image: Image.Image,
    stream: BinaryIO,
    name: str,
    channels: int,
    dtype: np.dtype[Any],
    *,
    animated: bool = False,
) -> None:
    """Raise `MemoryLimitError` where there is no room for an image of more than 8 bits.

    Its file is held beside its pixels, which are copied where they are turned upright. animated:
    whether it is painted on the frames before it.
    """
    if memory_limit() is None:
        return
    pixels, size = image.width * image.height, size_of(stream)
    held = dtype.itemsize * channels
    if image.format == "PNG":
        needed = max(size + held * pixels, (4 + 2 * held) * pixels)
    elif image.format == "PPM":  # numbers of text are words first
        words = 100 * channels if image.tile[0][0] == "ppm_plain" else 0  # type: ignore[attr-defined]
        needed = size + (2 * held + words) * pixels
    else:
        needed = 2 * size + (LIBRARY_BYTES[image.format or ""] + 2 * held) * pixels
    needed += 2 * (CANVAS_BYTES * pixels + size) if animated else 0
    shape = (image.height, image.width, channels) if channels > 1 else (image.height, image.width)
    _check(_declared(shape, "", str(image.format), dtype), name, needed)


def check_numbers(
    shape: tuple[int, ...], dtype: np.dtype[Any], format_name: str, name: str, besides: int
) -> None:
    """Raise `MemoryLimitError` where there is no room for numbers and what is taken beside."""
    declared = _declared(shape, "", format_name, dtype)
    _check(declared, name, declared.pixels.nbytes + besides)


def check_tiff_reading(
    stream: BinaryIO,
    name: str,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    extra: tuple[int, ...],
    packed: int,
    *,
    whole: bool,
) -> None:
    """Raise `MemoryLimitError` where there is no room for a TIFF of other depths.

    packed: the bytes of its largest compressed strip, which is held whole; 0 where there is none.
    whole: whether its numbers are whole bytes; others are unpacked and widened.

    Its pixels are copied where they are turned, or are in planes; those that alpha has been
    multiplied into are divided by it as floats.
    """
    if memory_limit() is None:
        return
    height, width, samples = shape
    held = samples * dtype.itemsize
    floats = 48 * samples if ASSOCIATED in extra else 0
    size = size_of(stream)
    needed = ((2 if whole else 3) * held + floats) * height * width + min(
        size, max(READ_BYTES, packed)
    )
    shown = min(4, samples - len(extra) + any(extra))  # any but 0 is alpha
    _check(_declared(shape, "", "TIFF", dtype, extra=samples - shown), name, needed)


def _check(declared: Picture, name: str, needed: int) -> None:
    """Raise where reading does not fit, or what is done with the pixels after it."""
    height, width = declared.pixels.shape[:2]
    needed = max(needed + FIXED_BYTES, declared.pixels.nbytes + WORKING)
    check_limit(needed, f"the {width:,} x {height:,} pixels of {name}", declared)


def _declared_by(image: Image.Image, mode: str) -> Picture:
    """Return the picture that an image will be in a mode of Pillow's, without its pixels."""
    dtype = np.dtype(NUMPY_TYPES.get(mode, np.uint8))
    bands = Image.getmodebands(mode)
    shape = (image.height, image.width, bands) if bands > 1 else (image.height, image.width)
    return _declared(shape, mode, image.format or "png", dtype)


def _declared(
    shape: tuple[int, ...],
    mode: str,
    format_name: str,
    dtype: np.dtype[Any] = BYTES,
    extra: int = 0,
) -> Picture:
    """Return a picture whose pixels take no memory; without a mode, that of its channels."""
    pixels = np.broadcast_to(np.zeros((), dtype), shape)
    mode = mode or mode_of(pixels, extra=extra)
    return Picture(pixels, mode, format_name.lower().replace("mpo", "jpeg"))


def _proof_bytes(image: Image.Image, stream: BinaryIO) -> int:
    """Return what it takes to prove that pixels are whole, before they are decoded."""
    if image.format == "PNG":  # piece by piece
        return 0
    if image.format == "TIFF":  # strip by strip
        tags: Any = getattr(image, "tag_v2", {})
        sizes = tags.get(Tag.StripByteCounts) or tags.get(Tag.TileByteCounts) or (0,)
        largest: int = max(filter(_is_whole, sizes), default=0)
        return min(largest, size_of(stream))
    frames = 2 * image.width * image.height if image.format == "GIF" else 0
    return frames + size_of(stream)


def _is_whole(value: object) -> bool:
    """Tell whether the value of a tag is one integer; a damaged tag may hold anything."""
    return isinstance(value, int)


def _stored(mode: str) -> int:
    return PILLOW_BYTES.get(mode[:4], 4)


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
    """Return how many components the first scan of a JPEG has, 0 where there is none."""
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
    width, height = tags.get(Tag.TileWidth), tags.get(Tag.TileLength)
    if not (_is_whole(width) and _is_whole(height) and width and height):
        width, height = image.size
        rows = tags.get(Tag.RowsPerStrip)
        height = min(rows, height) if _is_whole(rows) else height
    turned = tags.get(Tag.Orientation, 1) != 1
    return 8 * int(width * height) + (
        _stored(image.mode) * image.width * image.height if turned else 0
    )
