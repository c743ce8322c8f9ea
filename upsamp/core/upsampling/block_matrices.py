"""The plan of block products: the parts of both axes, and the small matrices of their blocks.

A weighted sum for each output of an axis is a product with a banded matrix. Cut into blocks of a
few outputs, the band becomes small dense matrices, and away from the edges all of them are the
same: nearly all the work is one product that NumPy repeats over a strided view.

A part of the rows and one of the columns are a tile, which is made on its own. Where tiles begin
depends on the whole result only, so that floats have the same bits for any strips and threads.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import compute_dtype
from upsamp.core.threads import size_among
from upsamp.core.upsampling.exact import Plans, doubt_of
from upsamp.core.upsampling.interpolation import AxisPlan
from upsamp.core.upsampling.rounding import integers_of
from upsamp.core.upsampling.taps import LONG, cut_plan, interior_of, taps_of

# Bytes of the sums of a tile, and elements of one of its rows where it has many. A smaller tile
# would stay in the second-level cache, but its calls would be so short that two threads would
# rather wait for each other than compute.
TILE_BYTES = 7 * 2**18
TILE_WIDTH = 2**13
# Output rows of a block: longer ones multiply by more zeros, shorter ones are more products.
BLOCK_ROWS = 4
# The same where a row has so few elements that a product is little more than its call.
BLOCK_ROWS_NARROW = 32
NARROW = 2**8
# Output elements of a block of columns: BLAS computes them by sixteens.
BLOCK_ELEMENTS = 48
SIXTEEN = 16
# Up to this many channels, the matrices of the columns hold them all, and their zeros between
# different channels cost less than products of single channels would.
FEW_CHANNELS = 6
# Outputs of a block where a pixel's channels are an axis of their own.
BLOCK_PIXELS = 8


class Band(NamedTuple):
    """`blocks` blocks of outputs with the same weights, whose matrix is (outputs, inputs).

    Block k makes the outputs from `output` + k * len(matrix) on, of the inputs from `start` +
    k * `stride` on.
    """

    matrix: Array
    start: int
    stride: int
    output: int
    blocks: int


class Part(NamedTuple):
    """Neighbouring outputs of an axis, the inputs that they read, and the plan of these only."""

    outputs: slice
    inputs: slice
    plan: AxisPlan


def sums_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in which values of a type are summed."""
    integers = integers_of(dtype)
    return integers.sums if integers else compute_dtype(dtype)


def tile_height(plans: Plans, channels: int, dtype: np.dtype[Any], threads: int = 1) -> int:
    """Return how many rows of a result a tile has, of which each of some threads makes one."""
    plan, column_plan = plans
    width = min(column_plan.length * channels, TILE_WIDTH)
    most = max(1, size_among(threads, TILE_BYTES) // (width * sums_of(dtype).itemsize))
    most = most if interior_of(plan).end else min(most, LONG)
    parts = -(-plan.length // most)
    # An even number, since two threads are the most common case.
    return _share(plan.length, parts + (parts > 1 and parts % 2), _size(plan, _row_block(width)))


def row_parts(plan: AxisPlan, height: int, first: int) -> tuple[Part, ...]:
    """Cut the rows into tiles of a height; `first` rows of the first tile lie above.

    >>> from upsamp.core.upsampling.interpolation import plan_axis
    >>> [part.outputs for part in row_parts(plan_axis(5, 10, "bilinear"), 4, 2)]
    [slice(0, 2, None), slice(2, 6, None), slice(6, 10, None)]
    """
    return _parts(plan, (0, *range(height - first % height, plan.length, height), plan.length))


@lru_cache(maxsize=8)
def column_parts(
    plan: AxisPlan, channels: int, dtype: np.dtype[Any], height: int
) -> tuple[Part, ...]:
    """Cut the columns for tiles of this many rows into parts of about the same width."""
    integers, inner = integers_of(dtype), interior_of(plan)
    ends = {0, plan.length}
    if integers and inner.end and plan.length * channels >= TILE_WIDTH // 4:
        # At the edges weights are divided by sums, and are no multiples of a power of two: away
        # from them no sum may need a second look.
        middle = cut_plan(plan, inner.begin, inner.end)
        setting = integers.half, False, integers.sums
        if not doubt_of(middle, middle, *setting) and doubt_of(middle, plan, *setting):
            ends |= {inner.begin, inner.end}
    # Few rows are wide; but where no phase comes again, wide ones have many matrices.
    room = TILE_BYTES // (height * sums_of(dtype).itemsize) if inner.end else 0
    most = max(1, max(TILE_WIDTH, room) // channels)
    width = _share(plan.length, -(-plan.length // most), inner.period)
    return _parts(plan, tuple(sorted({*ends, *range(width, plan.length, width)})))


def _share(length: int, parts: int, unit: int) -> int:
    """Return how long this many parts of about the same length are, in units."""
    return -(-length // (parts * unit)) * unit


@lru_cache(maxsize=16)
def _parts(plan: AxisPlan, cuts: tuple[int, ...]) -> tuple[Part, ...]:
    """Cut an axis."""
    return tuple(
        Part(outputs, plan.reach(outputs), cut_plan(plan, outputs.start, outputs.stop))
        for outputs in map(slice, cuts, cuts[1:])
    )


@lru_cache(maxsize=4)  # of a few megabytes each, where no phase comes again
def column_bands(plan: AxisPlan, channels: int, dtype: np.dtype[Any]) -> tuple[Band, ...]:
    """Return the blocks of the columns: of pixels if they have many channels, else of elements."""
    if channels > FEW_CHANNELS:
        return tuple(_bands(plan, BLOCK_PIXELS, sums_of(dtype)))
    block = _column_block(interior_of(plan).period, channels)
    return tuple(_bands(plan, block, sums_of(dtype), channels))


@lru_cache(maxsize=8)
def row_bands(plan: AxisPlan, width: int, dtype: np.dtype[Any]) -> tuple[Band, ...]:
    """Return the blocks of rows of this many elements."""
    return tuple(_bands(plan, _row_block(width), sums_of(dtype)))


def _row_block(width: int) -> int:
    """Return about how many rows a block has."""
    return BLOCK_ROWS if width > NARROW else BLOCK_ROWS_NARROW


def _column_block(period: int, channels: int) -> int:
    """Return about how many outputs a block of columns has.

    >>> _column_block(2, 1), _column_block(2, 3), _column_block(3, 3), _column_block(2, 4)
    (32, 16, 15, 8)
    """
    step = period * channels
    for elements in range(2 * SIXTEEN, 4 * SIXTEEN + 1, SIXTEEN):
        if elements % step == 0:
            return elements // channels
    return max(1, BLOCK_ELEMENTS // step) * period


def _size(plan: AxisPlan, block: int) -> int:
    """Return how many outputs a block of about this many has: a multiple of the period."""
    period = interior_of(plan).period
    return max(1, block // period) * period


def _bands(plan: AxisPlan, block: int, dtype: np.dtype[Any], channels: int = 0) -> Iterator[Band]:
    """Cut an axis into blocks of about this many outputs.

    channels: how many the matrices hold; 0 where a pixel's elements are an axis of their own.
    """
    taps, inner, size = taps_of(plan), interior_of(plan), _size(plan, block)
    blocks = (inner.end - inner.begin) // size
    begin, end = inner.begin, inner.begin + blocks * size
    cuts = [(begin, begin + size, blocks)] if blocks else []
    for start, stop in ((0, begin), (end, plan.length)):
        parts = -(-(stop - start) // size)
        bounds = [start + (stop - start) * part // parts for part in range(parts)] if parts else []
        cuts += [(*ends, 1) for ends in pairwise([*bounds, stop])]
    width = max(1, channels)
    stride = size // inner.period * inner.shift * width
    for start, stop, blocks in cuts:
        first, matrix = _matrix(*taps.at(np.arange(start, stop)), width, dtype)
        matrix = matrix if channels else np.ascontiguousarray(matrix)
        yield Band(matrix, first * width, stride, start * width, blocks)


def _matrix(
    inputs: Array, weights: Array, channels: int, dtype: np.dtype[Any]
) -> tuple[int, Array]:
    """Return the first of the inputs of some outputs, and the weights as (outputs, inputs)."""
    first = int(inputs.min())
    # (inputs, channels, outputs, channels): nothing passes from one channel to another.
    shape = int(inputs.max()) + 1 - first, channels, len(inputs), channels
    matrix = np.zeros(shape, dtype)
    output, tap = np.nonzero(weights)
    channel = np.arange(channels)[:, np.newaxis]
    matrix[inputs[output, tap] - first, channel, output, channel] = weights[output, tap]
    return first, matrix.reshape(-1, len(inputs) * channels).T
