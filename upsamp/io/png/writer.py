"""Writing a PNG: the file's chunks in their order, the pixels compressed strip by strip."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from typing import BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.threads import thread_count
from upsamp.errors import ArgumentError
from upsamp.io.formats import FAST_COMPRESSION
from upsamp.io.ordered import map_in_order
from upsamp.io.pictures import Picture, check_depth
from upsamp.io.png.animation import animation_header, for_all_frames, write_frames
from upsamp.io.png.chunks import write_chunk
from upsamp.io.png.deflate import Piece, deflate, join_checksums, stream_header
from upsamp.io.png.filters import FAST_FILTERS, FILTERS, NONE, choose_filters, filter_rows
from upsamp.io.png.layout import Layout, metadata_chunks, plan_layout

__all__ = ["write_png"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Bytes of a strip: enough that starting a compressor costs nothing, and few enough that two threads
# have work on an image of a megabyte, and a second-level cache holds a strip before and after.
STRIP = 2**19

Strip = tuple[int, int]


def write_png(
    picture: Picture,
    stream: BinaryIO,
    name: str = "the picture",
    *,
    compression: int = FAST_COMPRESSION,
    threads: int | None = None,
) -> None:
    r"""Write a picture as PNG: 1 to 16 bits, grey, colour or palette, with what its file said.

    Of several frames it makes an animation (APNG), holding two at a time.

    stream: need not be one that can be searched. name: for errors. compression: 0 stores, 1 is
    fast, 9 is smallest. threads: by default as many as `thread_count` says; the bytes are the same
    for any number. Beside the pixels a few strips are in memory, never the whole file. Raises
    `FormatError` for what PNG cannot hold before anything is written.

    >>> from io import BytesIO
    >>> stream = BytesIO()
    >>> write_png(Picture(np.zeros((2, 3), np.uint8), "L"), stream)
    >>> stream.getvalue()[:8], stream.getvalue()[12:16]
    (b'\x89PNG\r\n\x1a\n', b'IHDR')
    """
    if not 0 <= compression <= 9:
        raise ArgumentError(f"`compression` must be 0 to 9. Received: {compression}.")
    check_depth(picture.pixels, "png")
    layout = plan_layout(picture, name)
    if picture.rest is not None:
        layout = for_all_frames(layout)
    chunks = [*metadata_chunks(picture, layout, name)]
    stream.write(SIGNATURE)
    write_chunk(stream, b"IHDR", layout.header)
    if picture.rest is not None:
        write_chunk(stream, b"acTL", animation_header(picture))
    for kind, body in chunks:
        write_chunk(stream, kind, body)
    encode = partial(compressed_pixels, level=compression, threads=threads)
    if picture.rest is not None:
        write_frames(picture, layout, stream, encode)
    else:
        for body in encode(picture.pixels, layout):
            write_chunk(stream, b"IDAT", body)
    write_chunk(stream, b"IEND", b"")


def compressed_pixels(
    pixels: Array, layout: Layout, *, level: int, threads: int | None
) -> Iterator[bytes]:
    """Give the zlib stream of all rows, in parts."""
    strips = plan_strips(layout)
    crew = min(len(strips), threads or thread_count())
    work = partial(_compress_strip, pixels, layout, level)
    with closing(map_in_order(work, strips, crew)) as pieces:
        yield from _zlib_stream(pieces, len(strips), level)


def plan_strips(layout: Layout) -> list[Strip]:
    """Divide the rows into strips of about the same size: (first row, row after the last)."""
    # Of one bit a pixel is eight times as large before it is packed.
    wanted = max(1, layout.height * max(layout.row_bytes, layout.width) // STRIP)
    count = min(layout.height, wanted)
    borders = [layout.height * index // count for index in range(count + 1)]
    return list(pairwise(borders))


def _compress_strip(pixels: Array, layout: Layout, level: int, strip: Strip) -> Piece:
    """Filter and compress the rows of a strip."""
    start, stop = strip
    above = min(start, 1)  # a row, but for the first strip, whose margin is of zeros
    step = layout.step
    margined = np.zeros((1 + stop - start, step + layout.row_bytes), np.uint8)
    margined[1 - above :, step:] = layout.pack_rows(pixels[start - above : stop])
    chosen = choose_filters(margined, step, _useful_filters(layout, level), sampled=level == 1)
    filtered = filter_rows(margined, step, chosen)
    return deflate(filtered.reshape(-1).data, level, last=stop == layout.height)


def _useful_filters(layout: Layout, level: int) -> tuple[int, ...]:
    """Give the filters that rows are to choose from."""
    if level == 0 or not layout.filters_help:
        return (NONE,)
    return FAST_FILTERS if level == 1 else tuple(FILTERS)


def _zlib_stream(pieces: Iterator[Piece], count: int, level: int) -> Iterator[bytes]:
    """Join the pieces to a zlib stream, and give it in as many parts."""
    checksum = zlib.adler32(b"")
    for index, piece in enumerate(pieces):
        checksum = join_checksums(checksum, piece.checksum, piece.length)
        head = stream_header(level) if index == 0 else b""
        tail = struct.pack(">I", checksum) if index == count - 1 else b""
        yield head + piece.data + tail
