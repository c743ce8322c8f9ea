"""TIFF files, page after page: the tags by Pillow, the pixels by NumPy or, compressed, by libtiff.

So there is a place for pixels that Pillow has no mode for, and every page has tags of its own, and
directories of tags below them, which Pillow's writer of several pages would tear off. Source:
Adobe, "TIFF Revision 6.0" (1992).
"""

import lzma
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from itertools import accumulate
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np
from PIL import Image

from upsamp.core.arguments import Array
from upsamp.core.threads import map_in_order, thread_count
from upsamp.errors import FormatError
from upsamp.io.extras import has_extra
from upsamp.io.images.modes import image_of, offset_lab
from upsamp.io.images.pillow import pillow_at_work
from upsamp.io.metadata.directory import longs, packed, value
from upsamp.io.metadata.tiff_tags import EXTRA, PIXEL_KINDS, tiff_tags_of
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, shown_frames
from upsamp.io.transparency import table_of

Encoder: TypeAlias = Callable[[Array], bytes | memoryview]

FAULT = "cannot be encoded"
WIDTH, HEIGHT, BITS, COMPRESSION, OFFSETS = 256, 257, 258, 259, 273
SAMPLES, STRIP_ROWS, COUNTS, PREDICTOR = 277, 278, 279, 317
COLOURS, FORMAT = 320, 339
FORMATS = {"u": 1, "b": 1, "i": 2, "f": 3}
DIFFERENCES = 2
# What extra samples mean.
UNSPECIFIED, STRAIGHT = 0, 2
# Compressions of a source, by Pillow's names: any pixels take these, one bit those, and bytes of
# such modes that one.
RAW, DEFLATED, LZMA, PACKBITS, ZSTANDARD = "raw", "tiff_adobe_deflate", "lzma", "packbits", "zstd"
LOSSLESS: Mapping[str, int] = {
    RAW: 1,
    "tiff_lzw": 5,
    DEFLATED: 8,
    PACKBITS: 32773,
    LZMA: 34925,
    ZSTANDARD: 50000,
}
BY_LIBTIFF = ("tiff_lzw", PACKBITS)
FAX = ("tiff_ccitt", "group3", "group4")
JPEG_MODES = ("L", "RGB", "CMYK")
# The pixels that Pillow has in its modes; in the others they are bytes.
PILLOWS = {"1": "?", "I": "i4", "F": "f4", "I;16": "u2"}
# A place in the file is told in 32 bits; this much is left for tags.
LARGEST, ROOM = 2**32, 2**24
# Bytes of pixels that are compressed together.
STRIP = 2**18


class Body(NamedTuple):
    """A page's pixels as a file has them, and the tags that say so."""

    tags: dict[int, Any]
    strips: Sequence[bytes | memoryview]


def write_tiff(picture: Picture, stream: BinaryIO, name: str, _: WriteOptions) -> None:
    """Write a picture as TIFF, and the pages that follow it."""
    stream.write(b"II*\0" + bytes(4))
    link = 4  # where the place of the next page is to stand
    for page in shown_frames(picture).read():
        link = _write_page(page, stream, name, link)


def _write_page(picture: Picture, stream: BinaryIO, name: str, link: int) -> int:
    """Write a page, point `link` to it, and return the place of its own link."""
    body = _body(picture, name)
    sizes = [len(strip) for strip in body.strips]
    start = stream.tell()
    if start + sum(sizes) + ROOM > LARGEST:
        raise FormatError(f"A TIFF holds 4 GB, which {name} would exceed. Use png.")
    own = {tag: value(one) for tag, one in body.tags.items()}
    places = {COUNTS: longs(sizes), OFFSETS: longs(sizes)}
    directory = tiff_tags_of(picture.metadata) | own | places
    # The strips come behind the directory, which is as long for any places.
    behind = start + len(packed(directory, start))
    directory[OFFSETS] = longs(accumulate(sizes[:-1], initial=behind))
    block = packed(directory, start)
    stream.seek(link)
    stream.write(struct.pack("<I", start))
    stream.seek(start)
    stream.write(block)
    stream.writelines(body.strips)
    stream.write(bytes(stream.tell() % 2))  # a directory begins at an even place
    (count,) = struct.unpack_from("<H", block)
    return int(start + 2 + 12 * count)


def _kept_compression(picture: Picture) -> str:
    """Return how a page is compressed: as in its source, or where that cannot be by Deflate."""
    own: str = picture.coding.get("compression", RAW)
    if own in FAX:
        kept = picture.mode == "1"
    elif own == ZSTANDARD or (own in BY_LIBTIFF and _is_strange(picture)):
        kept = has_extra("imagecodecs")  # not every libtiff of Pillow has Zstandard
    else:
        kept = own in LOSSLESS or (own == "jpeg" and picture.mode in JPEG_MODES)
    return own if kept else DEFLATED


def losses_of_compression(picture: Picture) -> list[str]:
    """Say what becomes of a compression that is not written for these pixels."""
    own = picture.coding["compression"]
    if own in (_kept_compression(picture), "tiff_deflate"):
        return []
    needed = " without upsamp[deep]" if own == "zstd" else ""
    told = f"the TIFF was compressed by {own}, which is not written for these pixels{needed}"
    return [f"{told}: it is written by Deflate, which loses nothing"]


def _body(picture: Picture, name: str) -> Body:
    """Return a page's pixels, compressed as they were in the source where that can be."""
    own = _kept_compression(picture)
    if own in (RAW, DEFLATED, LZMA, ZSTANDARD) or _is_strange(picture):
        return _body_of_pixels(picture, own)
    arguments = {"compression": own, "quality": 95} if own == "jpeg" else {"compression": own}
    with pillow_at_work(name, FAULT):
        return _body_of_libtiff(image_of(picture), arguments)


def _is_strange(picture: Picture) -> bool:
    """Tell whether Pillow has no such pixels."""
    dtype = picture.pixels.dtype
    return bool(picture.extra) or dtype != PILLOWS.get(picture.mode, "u1")


def _ordered(picture: Picture) -> tuple[Array, tuple[int, ...]]:
    """Return the pixels with alpha where their file had it, and what channels besides colours mean.

    Of other files it comes behind the colours, where most readers look for it.
    """
    pixels = np.ascontiguousarray(picture.pixels)
    meanings = [UNSPECIFIED] * picture.extra
    if not (picture.has_alpha and picture.extra):
        return pixels, tuple(meanings)
    place = picture.coding.get("alpha", 0)
    meanings.insert(place, STRAIGHT)
    order = [*range(pixels.shape[2] - 1)]
    order.insert(len(order) - picture.extra + place, pixels.shape[2] - 1)
    return pixels[..., order], tuple(meanings)


def _body_of_libtiff(image: Image.Image, arguments: dict[str, Any]) -> Body:
    """Let Pillow write a file, and take its pixels out of that."""
    stream = BytesIO()
    image.save(stream, "tiff", **arguments)
    data = stream.getvalue()
    with Image.open(BytesIO(data)) as made:
        tags = dict(made.tag_v2)  # type: ignore[attr-defined] # a TIFF has them
    places, sizes = (_tuple(tags.pop(tag)) for tag in (OFFSETS, COUNTS))
    strips = [data[place : place + size] for place, size in zip(places, sizes, strict=True)]
    return Body(tags, strips)


def _tuple(value: Any) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)


def _body_of_pixels(picture: Picture, compression: str) -> Body:
    """Write pixels as they are, or compressed as their differences, strip by strip."""
    pixels, meanings = _ordered(picture)
    if picture.mode == "LAB":
        pixels = offset_lab(pixels)
    height, width = pixels.shape[:2]
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    kind = pixels.dtype.kind
    differences = compression not in (RAW, PACKBITS) and kind in "iu" and picture.mode != "P"
    tags = {
        WIDTH: width,
        HEIGHT: height,
        BITS: (1 if kind == "b" else 8 * pixels.dtype.itemsize,) * samples,
        COMPRESSION: LOSSLESS[compression],
        SAMPLES: samples,
        FORMAT: (FORMATS[kind],) * samples,
        **PIXEL_KINDS[picture.colours],
    }
    if picture.extra:
        tags[EXTRA] = meanings
    if differences:
        tags[PREDICTOR] = DIFFERENCES
    if picture.mode == "P":
        tags[COLOURS] = tuple(257 * part for part in table_of(picture.palette).T.ravel().tolist())
    rows = max(1, STRIP // max(1, pixels[:1].nbytes))
    tags[STRIP_ROWS] = rows
    encode = _encoder(compression)

    def pack(start: int) -> bytes | memoryview:
        part = pixels[start : start + rows]
        if kind == "b":
            part = np.packbits(part, axis=1)
        elif differences:
            # Each pixel less the one before it in its row, which compresses better.
            part = np.diff(part, axis=1, prepend=part.dtype.type(0))
        little = part.astype(part.dtype.newbyteorder("<"), copy=False)
        return encode(little.reshape(len(part), -1).view(np.uint8))

    starts = list(range(0, height, rows))
    crew = 1 if compression == RAW else min(len(starts), thread_count())
    return Body(tags, list(map_in_order(pack, starts, crew)))


def _encoder(compression: str) -> Encoder:
    """Return what compresses bytes, (rows, bytes of a row)."""
    if compression == RAW:
        return lambda rows: memoryview(rows.reshape(-1).data)
    if compression == DEFLATED:
        return lambda rows: zlib.compress(rows.data, 6)
    if compression == LZMA:
        # A larger dictionary than a strip takes 94 MB and gains nothing.
        filters = [{"id": lzma.FILTER_LZMA2, "dict_size": STRIP}]
        return lambda rows: lzma.compress(rows.data, filters=filters)
    from upsamp.io.images.deep import strip_encoder  # whose extra is there

    return strip_encoder(compression)
