"""Damage that Pillow passes over, found before it decodes the pixels.

Pillow looks at no checksum of a PNG's pixels, takes a compressed stream for whole that ends too
early, and libjpeg goes on after a marker that does not belong where it is.

Sources: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)"; Adobe, "TIFF Revision
6.0"; ITU-T T.81 (JPEG), B.1; CompuServe, "Graphics Interchange Format, Version 89a" (1990).
"""

import lzma
import re
import struct
import zlib
from collections.abc import Container, Iterator
from contextlib import suppress
from itertools import repeat
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image

from upsamp.io.images.frames import gif_frames, tiff_tags
from upsamp.io.images.limits import check_size

__all__ = ["check_image", "check_tags", "proofs_of"]

PIECE = 2**20
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The channels of each colour type of a PNG, and where its seven passes begin and how far they step.
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4),
    (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
)  # fmt: skip
# Tags of a TIFF, and the numbers of compressions that Python's own library can check.
WIDTH, HEIGHT, BITS, COMPRESSION, SAMPLES, STRIP_ROWS, PLANES = 256, 257, 258, 259, 277, 278, 284
TILE_WIDTH, TILE_HEIGHT = 322, 323
STRIPS, TILES = (273, 279), (324, 325)  # where they are, and how long
ZLIB, JPEG, LZMA, PACKBITS = (8, 32946), 7, 34925, 32773
# The tags that say how pixels are read.
PIXEL_TAGS = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325}
    | {338, 339, 347, 530}
)
TOO_SHORT = "its compressed pixels end too early"
# In the pixels of a JPEG, what follows FF: neither a zero nor a restart.
MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
RESTART = re.compile(rb"\xff([\xd0-\xd7])")
SCAN, END, RESTART_INTERVAL, FILL = 0xDA, 0xD9, 0xDD, 0xFF
WITHOUT_CONTENT = frozenset({0x00, 0x01, FILL, *range(0xD0, 0xD9)})
# Tables, parameters, another scan, the end, application data, and a comment.
AFTER_SCAN = frozenset({0xC4, 0xCC, SCAN, END, *range(0xDB, 0xE0), *range(0xE0, 0xF0), 0xFE})


def check_image(image: Image.Image, stream: BinaryIO, name: str, max_pixels: int) -> None:
    """Raise `OSError` where an opened image is damaged in a way that Pillow misses.

    Of an animation, `proofs_of` tells. name, max_pixels: for the PNG files in an icon. The stream
    is left where it was.
    """
    if image.format not in ("TIFF", "JPEG", "MPO", "JPEG2000", "PCX", "BMP", "ICO", "ICNS"):
        return
    place = stream.tell()
    stream.seek(0)
    if image.format == "TIFF":
        _check_tiff(image, stream)
    elif image.format == "JPEG2000":
        _check_jpeg2000(stream.read())
    elif image.format == "PCX":
        _check_pcx(image.height, stream.read())
    elif image.format == "BMP":
        _check_bitmap(image, stream)
    elif image.format in ("ICO", "ICNS"):
        _check_icon(stream, name, max_pixels)
    else:
        _check_jpeg(stream.read())
    stream.seek(place)


def proofs_of(
    image: Image.Image | None, stream: BinaryIO, name: str, max_pixels: int
) -> Iterator[None]:
    """Yield after each frame of a PNG or GIF that is proven; raise `OSError` for one damaged.

    The stream may be moved between.
    """
    if image is not None and image.format == "PNG":
        yield from _png_images(stream, name, max_pixels)
    elif image is not None and image.format == "GIF":
        for place in gif_frames(stream):
            _check_gif_frame(stream, place, name, max_pixels)
            yield


# --- PNG


def _png_images(stream: BinaryIO, name: str, max_pixels: int, start: int = 0) -> Iterator[None]:
    """Yield after each image of a PNG whose pixels are proven by their length and checksums.

    At its end, the checksums of all chunks are proven. start: where the PNG begins in the stream.
    """
    place = start + len(PNG_SIGNATURE)
    pixels: _Pixels | None = None
    kind, header, size = b"", b"", (0, 0)
    while kind != b"IEND":
        stream.seek(place)
        length, kind = struct.unpack(">I4s", _exactly(stream, 8))
        place += 12 + length
        content = _content(stream, kind, length)
        if kind in (b"IDAT", b"fdAT"):
            pixels = pixels or _Pixels(*size, header)
            pixels.take(content, 4 if kind == b"fdAT" else 0)
            continue
        first = b""
        for piece in content:
            first = first or piece
        if pixels is not None and kind in (b"fcTL", b"IEND"):
            pixels.end()
            pixels = None
            yield
        if kind in (b"IHDR", b"fcTL"):
            header = header or first
            size = struct.unpack_from(">II", first, 0 if kind == b"IHDR" else 4)
            check_size(*size, name, max_pixels)


def _check_icon(stream: BinaryIO, name: str, max_pixels: int) -> None:
    """Raise `OSError` where a PNG in an icon is damaged."""
    data, start = stream.read(), 0
    while (start := data.find(PNG_SIGNATURE, start)) >= 0:
        for _ in _png_images(stream, name, max_pixels, start):
            pass
        start = stream.tell()


def _content(stream: BinaryIO, kind: bytes, length: int) -> Iterator[bytes]:
    """Yield what is in a chunk, piece by piece; raise `OSError` where its checksum is wrong."""
    checksum = zlib.crc32(kind)
    while length:
        piece = _exactly(stream, min(PIECE, length))
        checksum = zlib.crc32(piece, checksum)
        length -= len(piece)
        yield piece
    if _exactly(stream, 4) != checksum.to_bytes(4, "big"):
        raise OSError(f"the checksum of its chunk {kind.decode('latin-1')!a} is wrong")


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise OSError("it is cut off")
    return data


class _Pixels:
    """The compressed pixels of an image of a PNG, of which only the length is looked at."""

    def __init__(self, width: int, height: int, header: bytes) -> None:
        bits, colour_type, interlaced = header[8], header[9], header[12]
        depth = bits * CHANNELS[colour_type]
        self._left = 0
        for left, top, across, down in PASSES if interlaced else ((0, 0, 1, 1),):
            columns, rows = -(-(width - left) // across), -(-(height - top) // down)
            if columns > 0 and rows > 0:
                self._left += rows * (1 + (columns * depth + 7) // 8)
        self._stream = zlib.decompressobj()

    def take(self, pieces: Iterator[bytes], skipped: int) -> None:
        """Take the content of a chunk but for its first bytes."""
        for piece in pieces:
            self._left -= _inflated(self._stream, piece[skipped:], self._left)
            skipped = 0

    def end(self) -> None:
        """Raise `OSError` where what was taken is not the whole image."""
        if not self._stream.eof or self._left:
            raise OSError(TOO_SHORT)


def _inflated(stream: Any, data: bytes, most: int) -> int:
    """Return how many bytes come out of a stream; raise `OSError` for more than there may be.

    stream: of `zlib` or `lzma`, which prove what came out of it by the checksum at its end.
    """
    count, made = 0, PIECE
    while made == PIECE and not stream.eof:
        made = len(stream.decompress(data, PIECE))
        data = getattr(stream, "unconsumed_tail", b"")  # lzma keeps that itself
        count += made
        if count > most:
            raise OSError("its compressed pixels are more than it declares")
    return count


# --- GIF


def _check_gif_frame(stream: BinaryIO, place: int, name: str, max_pixels: int) -> None:
    """Raise `OSError` where a frame's pixels are fewer or more than declared, or have no colour.

    place: of its descriptor, behind the comma. Pillow takes for whole what ends too early.
    """
    stream.seek(10)
    entries = _colours(_exactly(stream, 1)[0])
    stream.seek(place - 9)
    control, flags, clear = struct.unpack("<3sB2xB2x", _exactly(stream, 9))
    has_clear = control == b"\x21\xf9\x04" and flags & 1
    width, height, flags = struct.unpack("<4xHHB", _exactly(stream, 9))
    check_size(width, height, name, max_pixels)
    entries = _colours(flags) or entries or 256  # greys, where there is no table
    stream.seek(3 * _colours(flags), 1)
    bits = _exactly(stream, 1)[0]
    blocks = []
    while size := _exactly(stream, 1)[0]:
        blocks.append(bytes([size]) + _exactly(stream, size))
    # What differs where it is decoded over black and over white, with a row more than it has, is
    # not in the data.
    over = [Image.new("L", (width, height + 1), grey) for grey in (0, 255)]
    for image in over:
        with suppress(ValueError):  # it does not fill the row that is too many
            image.frombytes(b"".join(blocks), "gif", bits, 0, -1)
    last, beyond = np.not_equal(*(np.asarray(image)[-2:] for image in over))
    numbers = np.asarray(over[0])
    unknown = numbers[numbers >= entries]
    if last.any() or not beyond.all() or (unknown != (clear if has_clear else -1)).any():
        raise OSError("its pixels are not those that it declares")


def _colours(flags: int) -> int:
    """Return how many colours a table has that these flags tell of."""
    return 2 << (flags & 7) if flags & 0x80 else 0


# --- TIFF


def _check_tiff(image: Any, stream: BinaryIO) -> None:
    """Raise `OSError` where a strip or a tile is damaged, or a tag that says how to read them."""
    tags = image.tag_v2
    check_tags(stream, tags)
    compression = tags.get(COMPRESSION, 1)
    if compression not in (*ZLIB, JPEG, LZMA, PACKBITS):
        return
    places, sizes = STRIPS if STRIPS[0] in tags else TILES
    lengths = zip(tags.get(places, ()), tags.get(sizes, ()), _strip_lengths(tags), strict=False)
    for place, size, length in lengths:
        stream.seek(place)
        data = stream.read(size)
        if compression == JPEG:
            _check_jpeg(data)
        elif compression == PACKBITS:
            _check_packbits(data, length)
        else:
            compressed = lzma.LZMADecompressor() if compression == LZMA else zlib.decompressobj()
            if _inflated(compressed, data, length) < length or not compressed.eof:
                raise OSError(TOO_SHORT)


def check_tags(stream: BinaryIO, known: Container[int]) -> None:
    """Raise `OSError` where a library found none of what a tag says of pixels: it takes a default.

    known: the tags that it could read.
    """
    for tag in tiff_tags(stream):
        if tag in PIXEL_TAGS and tag not in known:
            raise OSError(f"its tag {tag} is damaged")


def _strip_lengths(tags: Any) -> Iterator[int]:
    """Yield how many bytes each strip or tile has that is not compressed."""
    bits, samples = tags.get(BITS, (1,)), tags.get(SAMPLES, 1)
    depth = bits[0] if tags.get(PLANES, 1) == 2 else max(sum(bits), bits[0] * samples)
    if TILE_WIDTH in tags:
        yield from repeat((tags[TILE_WIDTH] * depth + 7) // 8 * tags[TILE_HEIGHT])
    height = tags[HEIGHT]
    rows = min(tags.get(STRIP_ROWS, height), height)
    while True:  # for each plane the same
        for top in range(0, height, rows):
            yield (tags[WIDTH] * depth + 7) // 8 * min(rows, height - top)


def _check_packbits(data: bytes, length: int) -> None:
    """Raise `OSError` where runs do not end where the strip does: libtiff cuts or repeats then."""
    place = 0
    while length > 0 and place < len(data):
        head = data[place]
        length -= head + 1 if head < 128 else 257 - head if head > 128 else 0
        place += head + 2 if head < 128 else 2 if head > 128 else 1
    if length or place > len(data):
        raise OSError("its compressed pixels do not end where they should")


# --- JPEG and JPEG 2000


def _check_jpeg(data: bytes) -> None:
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
    raise OSError("it is cut off")


def _check_scan(data: bytes, place: int, *, restarts: bool) -> int:
    """Return where a scan ends; its restarts are counted from 0 to 7 again and again."""
    found = MARKER.search(data, place)
    if found is None:
        raise OSError("it is cut off")
    numbers = [found[1][0] for found in RESTART.finditer(data, place, found.start())]
    expected = [0xD0 + number % 8 for number in range(len(numbers))]
    if found[1][0] not in AFTER_SCAN or numbers != expected or (numbers and not restarts):
        raise OSError("its pixels have a marker that does not belong there")
    return found.start()


def _check_jpeg2000(data: bytes) -> None:
    """Raise `OSError` where a codestream does not end where its tiles do.

    Source: ITU-T T.800, A.4.
    """
    place = data.find(b"\xff\x4f\xff\x51") + 2
    while (marker := data[place : place + 2]) != b"\xff\xd9":
        if len(marker) < 2:
            raise OSError("it is cut off")
        if marker == b"\xff\x90":  # a part of a tile, up to the end where it gives no length
            place += int.from_bytes(data[place + 6 : place + 10], "big") or len(data) - place - 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")


# --- BMP and PCX


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
        else:  # so many pixels as they are, and a byte more where theirs are odd
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
