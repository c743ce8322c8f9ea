"""Damage in TIFF that Pillow, libtiff and tifffile pass over.

Source: Adobe, "TIFF Revision 6.0".
"""

import lzma
import zlib
from collections.abc import Container, Iterator
from itertools import repeat
from typing import Any, BinaryIO

from PIL.ExifTags import Base as Tag

from upsamp.io.images.compressed import TOO_SHORT, check_packbits, check_zstandard, inflated
from upsamp.io.images.damaged_jpeg import check_jpeg
from upsamp.io.metadata.directory import read_tags

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
            check_zstandard(data)
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
