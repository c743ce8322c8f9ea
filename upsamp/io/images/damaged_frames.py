"""Damage in PNG and GIF, frame by frame, which Pillow passes over.

It looks at no checksum of a PNG's pixels, and takes a compressed stream for whole that ends too
early.

Sources: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)"; CompuServe, "Graphics
Interchange Format, Version 89a" (1990).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from PIL import Image

from upsamp.io.images.compressed import PIECE, TOO_SHORT, exactly, inflated
from upsamp.io.images.frames import gif_colours, gif_frames
from upsamp.io.images.limits import check_size
from upsamp.io.images.memory import check_proving

__all__ = ["check_icon", "proofs_of"]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The channels of each colour type of a PNG, and where its seven passes begin and how far they step.
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4),
    (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
)  # fmt: skip


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


def _png_images(stream: BinaryIO, name: str, max_pixels: int, start: int = 0) -> Iterator[None]:
    """Yield after each image of a PNG whose pixels are proven by their length and checksums.

    At its end, the checksums of all chunks are proven. start: where the PNG begins in the stream.
    """
    place = start + len(PNG_SIGNATURE)
    pixels: _Pixels | None = None
    kind, header, size = b"", b"", (0, 0)
    while kind != b"IEND":
        stream.seek(place)
        length, kind = struct.unpack(">I4s", exactly(stream, 8))
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


def check_icon(stream: BinaryIO, name: str, max_pixels: int) -> None:
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
        piece = exactly(stream, min(PIECE, length))
        checksum = zlib.crc32(piece, checksum)
        length -= len(piece)
        yield piece
    if exactly(stream, 4) != checksum.to_bytes(4, "big"):
        raise OSError(f"the checksum of its chunk {kind.decode('latin-1')!a} is wrong")


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
            self._left -= inflated(self._stream, piece[skipped:], self._left)
            skipped = 0

    def end(self) -> None:
        """Raise `OSError` where what was taken is not the whole image."""
        if not self._stream.eof or self._left:
            raise OSError(TOO_SHORT)


def _check_gif_frame(stream: BinaryIO, place: int, name: str, max_pixels: int) -> None:
    """Raise `OSError` where a frame's pixels are fewer or more than declared, or have no colour.

    place: of its descriptor, behind the comma. Pillow takes for whole what ends too early.
    """
    stream.seek(10)
    entries = gif_colours(exactly(stream, 1)[0])
    stream.seek(place - 9)
    control, flags, clear = struct.unpack("<3sB2xB2x", exactly(stream, 9))
    has_clear = control == b"\x21\xf9\x04" and flags & 1
    width, height, flags = struct.unpack("<4xHHB", exactly(stream, 9))
    check_size(width, height, name, max_pixels)
    entries = gif_colours(flags) or entries or 256  # greys, where there is no table
    stream.seek(3 * gif_colours(flags), 1)
    check_proving(width, height, stream, name)
    bits = exactly(stream, 1)[0]
    blocks = bytearray()
    while size := exactly(stream, 1)[0]:
        blocks += bytes([size]) + exactly(stream, size)
    # What differs where it is decoded over black and over white, with a row more than it has, is
    # not in the data.
    over = [Image.new("L", (width, height + 1), grey) for grey in (0, 255)]
    for image in over:
        try:
            image.frombytes(blocks, "gif", bits, 0, -1)
        except ValueError as error:
            if str(error) != "not enough image data":  # which fills not the row that is too many
                raise
    ends = (np.asarray(image.crop((0, height - 1, width, height + 1))) for image in over)
    last, beyond = np.not_equal(*ends)
    unknown = {number for number, count in enumerate(over[0].histogram()) if count >= 1}
    unknown -= {*range(entries), clear if has_clear else 0}
    if last.any() or not beyond.all() or unknown:
        raise OSError("its pixels are not those that it declares")
