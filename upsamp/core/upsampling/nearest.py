"""Copies of pixels: upsampling by the nearest input, of any type of number.

NumPy copies an element of 1, 2, 4, 8 or 16 bytes in the same time, and a pixel of three bytes in
three times that. So a pixel is copied as one wide element, whose last bytes belong to the pixel
after it: written in ascending order, they are overwritten by the copies of that pixel, or are the
right bytes already.

Each strip of input rows is first repeated along its rows, in memory that stays in the cache; then
whole rows are copied to their places.
"""

from collections.abc import Callable

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.scratch import scratch
from upsamp.core.threads import share

__all__ = ["copy_nearest", "repeat_along_rows", "repeat_pixels"]

# Bytes of a strip of widened rows: it is written and read once each, from the second-level cache.
# Shorter strips are shorter calls, at each of which two threads may wait for each other.
STRIP_BYTES = 2**19
# Output bytes below which one assignment does it all, and below which a thread costs more than
# it saves.
SMALL_BYTES = 2**14
THREAD_BYTES = 2**20
# Pixels of so many bytes are copied fast as they are.
LONG_PIXEL = 40
WIDEST = 16
# An element of each width whose copies are bit for bit.
WIDE = {1: "u1", 2: "u2", 4: "u4", 8: "u8", 16: "c16"}


def repeat_pixels(source: Array, target: Array, rows: int, columns: int, threads: int) -> None:
    """Copy every pixel of `source` to its block of rows x columns in `target`, both (N, H, W, C).

    >>> target = np.empty((1, 2, 4, 1), int)
    >>> repeat_pixels(np.array([[[[1], [2]]]]), target, 2, 2, 1)
    >>> target[0, ..., 0]
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]])
    """
    _, height, width, channels = source.shape
    blocks = _split(target, height, rows, width, columns)
    if target.nbytes <= SMALL_BYTES or target.strides[3] != target.itemsize:
        _broadcast(source, blocks)
        return

    def fill(image: int, lines: slice, pixels: slice) -> None:
        room = blocks[image, lines, :, pixels]
        high, _, wide = room.shape[:3]
        room = room.reshape(high, rows, wide * columns, channels)
        if columns == 1:
            room[...] = source[image, lines, np.newaxis, pixels]
        else:
            widened = repeat_along_rows(source, image, lines, pixels, columns)
            room[...] = widened.reshape(high, 1, wide * columns, channels)

    _by_strips(source, target, fill, threads)


def copy_nearest(
    source: Array, target: Array, row_inputs: Array, column_inputs: Array, threads: int
) -> None:
    """Copy to every pixel of `target` the input that the two lists name, both (N, H, W, C)."""
    if target.nbytes <= SMALL_BYTES:
        target[...] = source[:, row_inputs[:, np.newaxis], column_inputs]
        return
    _, height, width, _ = source.shape
    row_starts = np.searchsorted(row_inputs, np.arange(height + 1))
    column_starts = np.searchsorted(column_inputs, np.arange(width + 1))

    def fill(image: int, lines: slice, pixels: slice) -> None:
        # Rows and columns are taken apart, as a list for each would make NumPy walk by pixels.
        columns = slice(column_starts[pixels.start], column_starts[pixels.stop])
        rows = slice(row_starts[lines.start], row_starts[lines.stop])
        widened = source[image, lines, pixels].take(column_inputs[columns] - pixels.start, axis=1)
        target[image, rows, columns] = widened.take(row_inputs[rows] - lines.start, axis=0)

    _by_strips(source, target, fill, threads)


def _split(target: Array, height: int, rows: int, width: int, columns: int) -> Array:
    """View (N, H, W, C) as (N, height, rows, width, columns, C)."""
    return target.reshape(len(target), height, rows, width, columns, target.shape[3])


def _broadcast(source: Array, blocks: Array) -> None:
    """Fill the blocks in one assignment, or so many as keep NumPy's inner loop long."""
    if blocks.size <= SMALL_BYTES:
        blocks[...] = source[:, :, np.newaxis, :, np.newaxis]
        return
    for image, room in zip(source, blocks, strict=True):
        for plane, place in zip(np.moveaxis(image, 2, 0), np.moveaxis(room, 4, 0), strict=True):
            for column in range(place.shape[3]):
                place[:, 0, :, column] = plane
            place[:, 1:] = place[:, :1]


def _by_strips(
    source: Array, target: Array, fill: Callable[[int, slice, slice], None], threads: int
) -> None:
    """Call `fill` with an image and the input rows and columns of each strip."""
    count, height, width, channels = source.shape
    pixel = -(-target.shape[2] // width) * channels * source.itemsize
    wide = max(1, min(width, STRIP_BYTES // pixel))
    # Fewer input rows where each is copied often: the rows that are written count too.
    high = max(1, min(height, STRIP_BYTES // (wide * pixel)))
    strips, tiles = -(-height // high), -(-width // wide)

    def work(run: range) -> None:
        for piece in run:
            image, position = divmod(piece, strips * tiles)
            row, column = divmod(position, tiles)
            lines = slice(row * high, min((row + 1) * high, height))
            fill(image, lines, slice(column * wide, min((column + 1) * wide, width)))

    share(count * strips * tiles, threads if target.nbytes >= THREAD_BYTES else 1, work)


def repeat_along_rows(
    source: Array, image: int, lines: slice, pixels: slice, columns: int, margin: int = 0
) -> Array:
    """Give (rows, W * columns * C) with every pixel `columns` times, in this thread's scratch.

    source: (N, H, W, C), of which the `lines` and `pixels` of one image are taken. margin: how many
    pixels each row of the result has more on either side, of any value.
    """
    part = source[image, lines, pixels]
    high, width, channels = part.shape
    pixel = channels * part.itemsize
    length = (width * columns + 2 * margin) * pixel
    # What follows the last pixel is written, as far as one pixel's copies go.
    rows = scratch("up_repeated", (high * length + pixel * (columns + 1) + WIDEST,), np.uint8)
    result = rows[: high * length].view(part.dtype).reshape(high, -1)
    if pixel >= LONG_PIXEL:
        inner = result[:, margin * channels : (margin + width * columns) * channels]
        inner.reshape(high, width, columns, channels)[...] = part[:, :, np.newaxis]
        return result
    pieces = _wide_pixels(source, part)
    strides = (length, columns * pixel)
    for column in range(margin, margin + columns):
        for offset, apart in pieces:
            start = column * pixel + offset
            room = np.ndarray((high, width), apart.dtype, rows.data, start, strides)
            room[...] = apart
    return result


def _wide_pixels(source: Array, part: Array) -> list[tuple[int, Array]]:
    """View or copy the pixels of a part of `source`, (rows, W, C), as wide elements (rows, W).

    Long pixels are more than one element, each with where in the pixel it begins.
    """
    high, width, channels = part.shape
    pixel = channels * part.itemsize
    wide = min(WIDEST, 1 << (pixel - 1).bit_length())
    first = part.__array_interface__["data"][0] - source.__array_interface__["data"][0]
    last = first + (high - 1) * source.strides[1] + (width - 1) * pixel
    if source.flags.c_contiguous and last + max(wide, pixel) <= source.nbytes:
        memory, step = source, source.strides[1]
    else:
        memory = scratch("up_pixels", (high * width * pixel + WIDEST,), np.uint8)
        memory[: part.nbytes].view(part.dtype).reshape(part.shape)[...] = part
        first, step = 0, width * pixel
    pieces = []
    for offset in [*range(0, pixel - wide, wide), max(0, pixel - wide)]:
        apart = np.ndarray((high, width), WIDE[wide], memory.data, first + offset, (step, pixel))
        if pixel != wide:
            # Elements that overlap are read once, to lie apart for all the copies.
            room = scratch(f"up_apart_{offset}", (high, width), apart.dtype)
            room[...] = apart
            apart = room
        pieces.append((offset, apart))
    return pieces
