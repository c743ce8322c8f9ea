"""Damage in a PNG or a GIF of one frame, which Pillow passes over.

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

from upsamp.io.images.compressed import TOO_SHORT, exactly, inflated
from upsamp.io.images.declared import PNG_SAMPLES
from upsamp.io.images.frame_files import chunks, gif_blocks, gif_colours, gif_frames
from upsamp.io.images.memory import check_proving
from upsamp.io.picture_options import check_size
from upsamp.io.png.chunks import SIGNATURE

# Where the seven passes of a PNG begin and how far they step.
PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4),
    (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
)  # fmt: skip


def check_png(stream: BinaryIO, start: int = 0) -> None:
    """Raise `OSError` where the image of a PNG is not whole, or the checksum of any chunk is wrong.

    start: where the PNG begins in the stream, which is left behind its end.
    """
    pixels: _Pixels | None = None
    for chunk in chunks(stream, start + len(SIGNATURE)):
        if chunk.kind == b"IDAT" and pixels is not None:
            pixels.take(chunk.pieces())
            continue
        first = b""
        for piece in chunk.pieces():
            first = first or piece
        if chunk.kind == b"IHDR":
            pixels = _Pixels(first)
    if pixels is None:
        raise OSError("it has no header")
    pixels.end()


def check_icon(stream: BinaryIO, name: str, max_pixels: int) -> None:
    """Raise `OSError` where a PNG in an icon is damaged, `FormatError` where one is too large."""
    data, start = stream.read(), 0
    while (start := data.find(SIGNATURE, start)) >= 0:
        width, height = struct.unpack(">II", data[start + 16 : start + 24].ljust(8, b"\0"))
        check_size(width, height, name, max_pixels)
        check_png(stream, start)
        start = stream.tell()


class _Pixels:
    """The compressed pixels of an image of a PNG, of which only the length is looked at."""

    def __init__(self, header: bytes) -> None:
        width, height, bits, colour_type, interlaced = struct.unpack_from(">IIBBxxB", header)
        depth = bits * PNG_SAMPLES[colour_type]
        self._left = 0
        for left, top, across, down in PASSES if interlaced else ((0, 0, 1, 1),):
            columns, rows = -(-(width - left) // across), -(-(height - top) // down)
            if columns > 0 and rows > 0:
                self._left += rows * (1 + (columns * depth + 7) // 8)
        self._stream = zlib.decompressobj()

    def take(self, pieces: Iterator[bytes]) -> None:
        """Take the content of a chunk."""
        for piece in pieces:
            self._left -= inflated(self._stream, piece, self._left)

    def end(self) -> None:
        """Raise `OSError` where what was taken is not the whole image."""
        if not self._stream.eof or self._left:
            raise OSError(TOO_SHORT)


def check_gif(stream: BinaryIO, name: str) -> None:
    """Raise `OSError` where pixels are fewer or more than declared, or have no colour.

    stream: a GIF of one frame. name: for errors. Pillow takes for whole what ends too early.
    """
    frame = next(gif_frames(stream))
    width, height = frame.width, frame.height
    stream.seek(10)
    entries = gif_colours(exactly(stream, 1)[0])
    stream.seek(frame.place + 8)
    flags = exactly(stream, 1)[0]
    entries = gif_colours(flags) or entries or 256  # greys, where there is no table
    stream.seek(3 * gif_colours(flags), 1)
    check_proving(width, height, stream, name)
    bits = exactly(stream, 1)[0]
    blocks = b"".join(bytes([len(block)]) + block for block in gif_blocks(stream))
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
    unknown -= {*range(entries), frame.clear or 0}
    if last.any() or not beyond.all() or unknown:
        raise OSError("its pixels are not those that it declares")
