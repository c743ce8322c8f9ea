"""Writing a PNG: the file's chunks in their order, the pixels compressed strip by strip."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from typing import BinaryIO, NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.threads import map_in_order, thread_count
from upsamp.errors import ArgumentError
from upsamp.io.formats import FAST_COMPRESSION
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture
from upsamp.io.png.animation import animation_header, for_all_frames, write_frames
from upsamp.io.png.chunks import SIGNATURE, write_chunk
from upsamp.io.png.deflate import Piece, deflate, join_checksums, stream_header
from upsamp.io.png.filters import FAST_FILTERS, FILTERS, NONE, filter_strip
from upsamp.io.png.layout import Layout, metadata_chunks, plan_layout
from upsamp.io.row_stream import RowStream

# Bytes of a strip: enough that starting a compressor costs nothing, and few enough that two threads
# have work on an image of a megabyte, and a second-level cache holds a strip before and after.
STRIP = 2**19


class Strip(NamedTuple):
    """Some rows of pixels, and the row above them; the image begins without one."""

    above: Array
    rows: Array
    is_last: bool


def write(picture: Picture, stream: BinaryIO, name: str, options: WriteOptions) -> None:
    """Write a picture as PNG, as strongly compressed as the options say."""
    write_png(picture, stream, name, compression=options.level)


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
    layout = _check(picture, name, compression)
    if picture.rest is not None:
        layout = for_all_frames(layout)
    encode = partial(compressed_pixels, level=compression, threads=threads)
    _begin(picture, layout, stream, name)
    if picture.rest is not None:
        write_frames(picture, layout, stream, encode)
    else:
        for body in encode(picture.pixels, layout):
            write_chunk(stream, b"IDAT", body)
    write_chunk(stream, b"IEND", b"")


def write_png_rows(
    picture: Picture,
    rows: RowStream,
    stream: BinaryIO,
    name: str = "the picture",
    *,
    compression: int = FAST_COMPRESSION,
    threads: int | None = None,
) -> None:
    """Write a PNG whose pixels come as rows, to the same bytes as `write_png`.

    picture: whose pixels have the shape, the type and for a palette the largest number, but need
    not be there.
    """
    layout = _check(picture, name, compression)
    _begin(picture, layout, stream, name)
    for body in _compressed(_taken_strips(rows, layout), layout, compression, threads):
        write_chunk(stream, b"IDAT", body)
    write_chunk(stream, b"IEND", b"")


def _check(picture: Picture, name: str, compression: int) -> Layout:
    """Raise where a picture cannot be written; give how it lies in the file."""
    if not 0 <= compression <= 9:
        raise ArgumentError(f"`compression` must be 0 to 9. Received: {compression}.")
    return plan_layout(picture, name)


def _begin(picture: Picture, layout: Layout, stream: BinaryIO, name: str) -> None:
    chunks = [*metadata_chunks(picture, layout, name)]
    stream.write(SIGNATURE)
    write_chunk(stream, b"IHDR", layout.header)
    if picture.rest is not None:
        write_chunk(stream, b"acTL", animation_header(picture))
    for kind, body in chunks:
        write_chunk(stream, kind, body)


def compressed_pixels(
    pixels: Array, layout: Layout, *, level: int, threads: int | None
) -> Iterator[bytes]:
    """Return the zlib stream of all rows, in parts."""
    strips = (
        Strip(pixels[max(0, start - 1) : start], pixels[start:stop], stop == layout.height)
        for start, stop in plan_strips(layout)
    )
    return _compressed(strips, layout, level, threads)


def _taken_strips(rows: RowStream, layout: Layout) -> Iterator[Strip]:
    """Take the strips off the stream, in memory of their own."""
    above: Array | None = None
    for start, stop in plan_strips(layout):
        pixels = rows.take(stop - start)
        yield Strip(pixels[:0] if above is None else above, pixels, stop == layout.height)
        above = pixels[-1:]


def _compressed(
    strips: Iterator[Strip], layout: Layout, level: int, threads: int | None
) -> Iterator[bytes]:
    """Yield the zlib stream of all strips, in parts."""
    count = len(plan_strips(layout))
    work = partial(_compress_strip, layout, level)
    with closing(map_in_order(work, strips, min(count, threads or thread_count()))) as pieces:
        yield from _zlib_stream(pieces, count, level)


def plan_strips(layout: Layout) -> list[tuple[int, int]]:
    """Divide the rows into strips of about the same size: (first row, row after the last)."""
    # Of one bit a pixel is eight times as large before it is packed.
    wanted = max(1, layout.height * max(layout.row_bytes, layout.width) // STRIP)
    count = min(layout.height, wanted)
    borders = [layout.height * index // count for index in range(count + 1)]
    return list(pairwise(borders))


def _compress_strip(layout: Layout, level: int, strip: Strip) -> Piece:
    """Filter and compress the rows of a strip."""
    above, rows, is_last = strip
    step = layout.step
    # The margin of the first strip is of zeros.
    margined = np.zeros((1 + len(rows), step + layout.row_bytes), np.uint8)
    margined[1 - len(above) : 1, step:] = layout.pack_rows(above)
    margined[1:, step:] = layout.pack_rows(rows)
    filtered = filter_strip(margined, step, _useful_filters(layout, level), sampled=level == 1)
    return deflate(filtered.reshape(-1).data, level, last=is_last)


def _useful_filters(layout: Layout, level: int) -> tuple[int, ...]:
    if level == 0 or not layout.filters_help:
        return (NONE,)
    return FAST_FILTERS if level == 1 else tuple(FILTERS)


def _zlib_stream(pieces: Iterator[Piece], count: int, level: int) -> Iterator[bytes]:
    """Join the pieces to a zlib stream, and yield it in as many parts."""
    checksum = zlib.adler32(b"")
    for index, piece in enumerate(pieces):
        checksum = join_checksums(checksum, piece.checksum, piece.length)
        head = stream_header(level) if index == 0 else b""
        tail = struct.pack(">I", checksum) if index == count - 1 else b""
        yield head + piece.data + tail
