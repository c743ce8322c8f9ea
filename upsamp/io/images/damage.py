"""Damage that Pillow and its libraries pass over, found before the pixels are decoded.

Those of JPEG and JPEG 2000 go on after a marker that does not belong where it is. Sources: ITU-T
T.81, B.1 (JPEG); ITU-T T.800, A.4 (JPEG 2000); Adobe, "TIFF Revision 6.0"; Microsoft, "Bitmap
Compression" (Windows GDI); ZSoft, "PCX File Format Technical Reference Manual" (1991);
Apple, "Understanding PackBits" (TN1023); RFC 8878, "Zstandard Compression", 3.1.1.
"""

import lzma
import re
import struct
import zlib
from collections.abc import Callable, Container, Iterator, Mapping
from itertools import repeat
from typing import Any, BinaryIO, cast

from PIL import Image
from PIL.ExifTags import Base as Tag

from upsamp.io.images.compressed import CUT_OFF, TOO_SHORT, inflated
from upsamp.io.images.damaged_frames import check_gif, check_icon, check_png
from upsamp.io.images.declared import codestream_of
from upsamp.io.metadata.directory import read_tags
from upsamp.io.streams import size_of

DDS_HEADER_BYTES = 128
# Formats of files in a file.
NESTED = ("ICO", "ICNS")

# In the pixels of a JPEG, what follows FF: neither a zero nor a restart.
MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
RESTART = re.compile(rb"\xff([\xd0-\xd7])")
SCAN, END, RESTART_INTERVAL, FILL = 0xDA, 0xD9, 0xDD, 0xFF
WITHOUT_CONTENT = frozenset({0x00, 0x01, FILL, *range(0xD0, 0xD9)})
# Tables, parameters, another scan, the end, application data, and a comment.
AFTER_SCAN = frozenset({0xC4, 0xCC, SCAN, END, *range(0xDB, 0xE0), *range(0xE0, 0xF0), 0xFE})

# Where strips and tiles are, and how long.
STRIPS = (Tag.StripOffsets, Tag.StripByteCounts)
TILES = (Tag.TileOffsets, Tag.TileByteCounts)
# The numbers of compressions that can be checked.
ZLIB, JPEG, LZMA, PACKBITS, ZSTANDARD = (8, 32946), 7, 34925, 32773, 50000
# The tags that say how pixels are read.
PIXEL_TAGS = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325}
    | {338, 339, 347, 530}
)


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
    """Raise `OSError` where runs reach beyond their row, which Pillow cuts."""
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
    """Raise `OSError` where 256 colours are to follow the pixels, and do not."""
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


def check_jpeg(data: bytes) -> None:
    """Raise `OSError` where the pixels have a marker that does not belong there, or no end."""
    place, interval = 2, 0
    while (place := data.find(b"\xff", place)) >= 0:
        code = data[place + 1] if place + 1 < len(data) else END
        if code == END:
            return
        place += 2 if code != FILL else 1
        if code in WITHOUT_CONTENT:
            continue
        if code == RESTART_INTERVAL:
            interval = int.from_bytes(data[place + 2 : place + 4], "big")
        place += int.from_bytes(data[place : place + 2], "big")
        if code == SCAN:
            place = _check_scan(data, place, restarts=interval > 0)
    raise OSError(CUT_OFF)


def _check_scan(data: bytes, place: int, *, restarts: bool) -> int:
    """Return where a scan ends; its restarts are counted from 0 to 7 again and again."""
    found = MARKER.search(data, place)
    if found is None:
        raise OSError(CUT_OFF)
    numbers = [found[1][0] for found in RESTART.finditer(data, place, found.start())]
    expected = [0xD0 + number % 8 for number in range(len(numbers))]
    if found[1][0] not in AFTER_SCAN or numbers != expected or (numbers and not restarts):
        raise OSError("its pixels have a marker that does not belong there")
    return found.start()


def check_jpeg2000(data: bytes, start: int) -> None:
    """Raise `OSError` where a codestream, from `start` on, does not end where its tiles do."""
    place = start + 2
    while (marker := data[place : place + 2]) != b"\xff\xd9":
        if len(marker) < 2:
            raise OSError(CUT_OFF)
        if marker == b"\xff\x90":  # a part of a tile, up to the end where it gives no length
            length = int.from_bytes(data[place + 6 : place + 10], "big")
            place = place + length if length else max(place, len(data) - 4) + 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")


def check_tiff(image: Any, stream: BinaryIO) -> None:
    """Raise `OSError` where a strip or a tile is damaged, or a tag that says how to read them."""
    tags = image.tag_v2
    check_tags(stream, tags)
    compression = tags.get(Tag.Compression, 1)
    if compression not in (*ZLIB, JPEG, LZMA, PACKBITS, ZSTANDARD):
        return
    places, sizes = STRIPS if STRIPS[0] in tags else TILES
    lengths = zip(tags.get(places, ()), tags.get(sizes, ()), _strip_lengths(tags), strict=False)
    for place, size, length in lengths:
        stream.seek(place)
        data = stream.read(size)
        if compression == JPEG:
            check_jpeg(data)
        elif compression == PACKBITS:
            check_packbits(data, length)
        elif compression == ZSTANDARD:
            _check_zstandard(data)
        else:
            compressed = lzma.LZMADecompressor() if compression == LZMA else zlib.decompressobj()
            if inflated(compressed, data, length) < length or not compressed.eof:
                raise OSError(TOO_SHORT)


def check_tags(stream: BinaryIO, known: Container[int]) -> None:
    """Raise `OSError` where a library found none of what a tag says of pixels: it takes a default.

    known: the tags that it could read.
    """
    for tag in read_tags(stream, {})[1]:
        if tag in PIXEL_TAGS and tag not in known:
            raise OSError(f"its tag {tag} is damaged")


def _strip_lengths(tags: Any) -> Iterator[int]:
    """Yield how many bytes each strip or tile has that is not compressed."""
    bits, samples = tags.get(Tag.BitsPerSample, (1,)), tags.get(Tag.SamplesPerPixel, 1)
    in_planes = tags.get(Tag.PlanarConfiguration, 1) == 2
    depth = bits[0] if in_planes else max(sum(bits), bits[0] * samples)
    if Tag.TileWidth in tags:
        yield from repeat((tags[Tag.TileWidth] * depth + 7) // 8 * tags[Tag.TileLength])
    height = tags[Tag.ImageLength]
    rows = min(tags.get(Tag.RowsPerStrip, height), height)
    while True:  # for each plane the same
        for top in range(0, height, rows):
            yield (tags[Tag.ImageWidth] * depth + 7) // 8 * min(rows, height - top)


def check_packbits(data: bytes, length: int) -> None:
    """Raise `OSError` where runs do not end where the strip does: libtiff cuts or repeats then.

    What follows may fill up, as zeros or as runs of nothing.
    """
    place = 0
    while length > 0 and place < len(data):
        head = data[place]
        length -= head + 1 if head < 128 else 257 - head if head > 128 else 0
        place += head + 2 if head < 128 else 2 if head > 128 else 1
    if length or place > len(data) or data[place:].strip(b"\0\x80"):
        raise OSError("its compressed pixels do not end where they should")


def _check_zstandard(data: bytes) -> None:
    """Raise `OSError` where the blocks of a frame do not end where the data does."""
    flags = data[4]
    is_single, has_checksum = flags >> 5 & 1, flags >> 2 & 1
    place = 5 + (not is_single) + (0, 1, 2, 4)[flags & 3] + (is_single, 2, 4, 8)[flags >> 6]
    is_last = False
    while not is_last and place + 3 <= len(data):
        head = int.from_bytes(data[place : place + 3], "little")
        is_last, is_run = bool(head & 1), head >> 1 & 3 == 1
        place += 3 + (1 if is_run else head >> 3)
    if not is_last or place + 4 * has_checksum != len(data):
        raise OSError(TOO_SHORT)


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
