"""Copies of pixels: upsampling by the nearest input, of any type of number.

NumPy copies an element of 1, 2, 4, 8 or 16 bytes in the same time, and a pixel of three bytes in
three times that. So a pixel is copied as one wide element, whose last bytes belong to the pixel
after it: written in ascending order, they are overwritten by the copies of that pixel, or are the
right bytes already.

Each strip of input rows is first repeated along its rows, in memory that stays in the cache; then
whole rows are copied to their places.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.threads import share

__all__ = ["Strip", "copy_nearest", "repeat_along_rows", "repeat_pixels", "strip_for"]

# Bytes of a strip of widened rows: it is written and read once each, from the second-level cache.
STRIP_BYTES = 2**18
# Output bytes below which one assignment does it all, and below which a thread costs more than
# it saves.
SMALL_BYTES = 2**14
THREAD_BYTES = 2**20
# Pixels of so many bytes are copied fast as they are.
LONG_PIXEL = 40
WIDEST = 16
# An element of each width whose copies are bit for bit.
WIDE = {1: "u1", 2: "u2", 4: "u4", 8: "u8", 16: "c16"}


class Strip(NamedTuple):
    """Memory for a strip of rows: the input's pixels, their wide copies, and the output's rows."""

    pixels: Array
    wide: Array
    rows: Array


def strip_for(high: int, width: int, channels: int, dtype: np.dtype[Any], columns: int) -> Strip:
    """Allocate the memory for strips of at most `high` rows of `width` pixels."""
    pixel = channels * dtype.itemsize
    row = width * pixel * columns
    return Strip(
        np.empty(high * width * pixel + WIDEST, np.uint8),
        np.empty(high * width * (pixel + WIDEST), np.uint8),
        # What follows the last pixel may be read, and written, as far as one pixel's copies go.
        np.empty(high * row + pixel * (columns + 1) + WIDEST, np.uint8),
    )


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

    def fill(strip: Strip, image: int, first: int, last: int) -> None:
        room = blocks[image, first:last].reshape(last - first, rows, width * columns, channels)
        part = source[image, first:last]
        if columns == 1:
            room[...] = part[:, np.newaxis]
            return
        widened = repeat_along_rows(part, strip, columns)
        room[...] = widened.reshape(last - first, 1, width * columns, channels)

    _by_strips(source, target, columns, fill, threads)


def copy_nearest(
    source: Array, target: Array, row_inputs: Array, column_inputs: Array, threads: int
) -> None:
    """Copy to every pixel of `target` the input that the two lists name, both (N, H, W, C)."""
    if target.nbytes <= SMALL_BYTES:
        target[...] = source[:, row_inputs[:, np.newaxis], column_inputs]
        return
    height = source.shape[1]
    starts = np.searchsorted(row_inputs, np.arange(height + 1))

    def fill(_strip: Strip, image: int, first: int, last: int) -> None:
        # Rows and columns are taken apart, as a list for each would make NumPy walk by pixels.
        widened = source[image, first:last].take(column_inputs, axis=1)
        begin, end = starts[first], starts[last]
        target[image, begin:end] = widened.take(row_inputs[begin:end] - first, axis=0)

    _by_strips(source, target, 0, fill, threads)


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
    source: Array,
    target: Array,
    columns: int,
    fill: Callable[[Strip, int, int, int], None],
    threads: int,
) -> None:
    """Call `fill` with memory, an image and the first and last input row of each strip."""
    count, height, width, channels = source.shape
    pixel = channels * source.itemsize
    row_bytes = target.shape[2] * pixel
    # Fewer input rows where each is copied often: the rows that are written count too.
    high = max(1, min(height, STRIP_BYTES // row_bytes))
    strips = -(-height // high)

    def work(run: range) -> None:
        strip = strip_for(high, width, channels, source.dtype, columns)
        for piece in run:
            image, position = divmod(piece, strips)
            first = position * high
            fill(strip, image, first, min(first + high, height))

    share(count * strips, threads if target.nbytes >= THREAD_BYTES else 1, work)


def repeat_along_rows(part: Array, strip: Strip, columns: int) -> Array:
    """Give (rows, W * columns * C) with every pixel of `part`, (rows, W, C), `columns` times."""
    high, width, channels = part.shape
    pixel = channels * part.itemsize
    length = width * columns * pixel
    result = strip.rows[: high * length].view(part.dtype).reshape(high, width * columns * channels)
    if pixel >= LONG_PIXEL:
        result.reshape(high, width, columns, channels)[...] = part[:, :, np.newaxis]
        return result
    wide = min(WIDEST, 1 << (pixel - 1).bit_length())
    pieces = -(-pixel // wide)
    element = np.dtype(WIDE[wide])
    strip.pixels[: part.nbytes].view(part.dtype).reshape(part.shape)[...] = part
    apart = strip.wide[: pieces * high * width * wide].view(element).reshape(pieces, high, width)
    for piece in range(pieces):
        # Elements that overlap are read once, to lie apart for all the copies.
        apart[piece] = np.ndarray(
            (high, width), element, strip.pixels.data, piece * wide, (width * pixel, pixel)
        )
    strides = (length, columns * pixel)
    for column in range(columns):
        for piece in range(pieces):
            offset = column * pixel + piece * wide
            np.ndarray((high, width), element, strip.rows.data, offset, strides)[...] = apart[piece]
    return result
