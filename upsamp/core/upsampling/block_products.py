"""Interpolation by products of small matrices, tile by tile.

A weighted sum for each output of an axis is a product with a banded matrix. Cut into blocks of a
few outputs, the band becomes small dense matrices, and away from the edges all of them are the
same: nearly all the work is one product that NumPy repeats over a strided view.

A tile of the result is made on its own: its inputs are brought to floating point, widened by the
matrices of the columns, heightened by those of the rows, and rounded. Where tiles begin depends on
the whole result alone, so that floats have the same bits for any strips and threads. Products mix
a block's inputs, were it with weights of zero: a tile that holds a NaN, an infinity or numbers near
the largest goes to the plain sums instead.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from upsamp.core.arguments import Array
from upsamp.core.dtypes import compute_dtype
from upsamp.core.products import small_product
from upsamp.core.scratch import scratch
from upsamp.core.threads import share
from upsamp.core.upsampling.exact import Doubt, Plans, doubt_of, round_sums, sums_at
from upsamp.core.upsampling.interpolation import AxisPlan
from upsamp.core.upsampling.reference import interpolate_images
from upsamp.core.upsampling.rounding import Integers, integers_of, near_ties
from upsamp.core.upsampling.taps import LONG, cut_plan, interior_of, taps_of

# Bytes of the sums of a tile, and elements of one of its rows where it has many. A smaller tile
# would stay in the second-level cache, but its calls would be so short that two threads would
# rather wait for each other than compute.
TILE_BYTES = 7 * 2**18
TILE_WIDTH = 2**13
# Output elements from which another thread does more than it costs.
THREAD_ELEMENTS = 2**20
# Output rows of a block: longer ones multiply by more zeros, shorter ones are more products.
BLOCK_ROWS = 4
# The same where a row has so few elements that a product is little more than its call.
BLOCK_ROWS_NARROW = 32
NARROW = 2**8
# Output elements of a block of columns: BLAS computes them by sixteens.
BLOCK_ELEMENTS = 48
SIXTEEN = 16
# Up to so many channels, the matrices of the columns hold them all, and their zeros between
# different channels cost less than products of single channels would.
FEW_CHANNELS = 6
# Outputs of a block where a pixel's channels are an axis of their own.
BLOCK_PIXELS = 8
# The most products that outputs near a tie, which are computed anew together, are sums of.
TIE_PRODUCTS = 2**15


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
    """Neighbouring outputs of an axis, the inputs that they read, and the plan of these alone."""

    outputs: slice
    inputs: slice
    plan: AxisPlan


def interpolate(
    source: Array, target: Array, plans: Plans, threads: int, *, height: int = 0, first: int = 0
) -> None:
    """Fill `target` from `source`, both (N, H, W, C).

    height: how many rows a tile has, counted from row -`first` of the target; 0 for as many as are
    the fastest, which differ from part to part.
    """
    channels = source.shape[3]
    straight = target.flags.c_contiguous and target.flags.aligned
    threads = threads if target.size >= THREAD_ELEMENTS else 1
    rows = height or tile_height(plans, channels, source.dtype)
    for columns in _column_parts(plans[1], channels, source.dtype, rows):
        high = height or tile_height((plans[0], columns.plan), channels, source.dtype)
        _column_bands(columns.plan, channels, source.dtype)  # before threads make them twice
        parts = source[:, :, columns.inputs], target[:, :, columns.outputs]
        _fill_columns(*parts, _row_parts(plans[0], high, first), columns.plan, threads, straight)


def _fill_columns(
    source: Array,
    target: Array,
    parts: tuple[Part, ...],
    columns: AxisPlan,
    threads: int,
    straight: bool,
) -> None:
    """Fill some columns of the result, tile by tile; small images together."""
    together = 1 + (TILE_BYTES // (8 * target[0].size) if len(parts) == 1 else 0)

    def work(run: range) -> None:
        # Infinities of both signs make a NaN, as the formula says; that is no cause for a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            for number in run:
                group, position = divmod(number, len(parts))
                rows = parts[position]
                images = slice(group * together, (group + 1) * together)
                places = source[images, rows.inputs], target[images, rows.outputs]
                _fill_tile(*places, (rows.plan, columns), straight)

    share(-(-len(source) // together) * len(parts), threads, work)


def tile_height(plans: Plans, channels: int, dtype: np.dtype[Any]) -> int:
    """Return how many rows of a whole result a tile has."""
    row_plan, column_plan = plans
    width = min(column_plan.length * channels, TILE_WIDTH)
    most = _most(row_plan, TILE_BYTES // (width * _sums_of(dtype).itemsize))
    parts = -(-row_plan.length // most)
    # An even number, since two threads are the most common case.
    parts += parts % 2 if parts > 1 else 0
    return _share(row_plan.length, parts, _size_of(row_plan, _block_rows(width)))


def _most(plan: AxisPlan, outputs: int) -> int:
    """Return how many outputs of an axis a tile has at the most, if it has room for so many."""
    periodic = interior_of(plan).end > 0
    return max(1, outputs if periodic else min(outputs, LONG))


def _share(length: int, parts: int, unit: int) -> int:
    """Return how long parts of about the same length are, in units."""
    return -(-length // (parts * unit)) * unit


def _sums_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in which values of a type are summed."""
    integers = integers_of(dtype)
    return integers.sums if integers else compute_dtype(dtype)


# --- the plan


@lru_cache(maxsize=8)
def _row_parts(plan: AxisPlan, height: int, first: int) -> tuple[Part, ...]:
    """Cut the rows where multiples of `height` lie, counted from row -`first`."""
    cuts = range(height - first % height, plan.length, height)
    return tuple(_parts(plan, [0, *cuts, plan.length]))


@lru_cache(maxsize=8)
def _column_parts(
    plan: AxisPlan, channels: int, dtype: np.dtype[Any], height: int
) -> tuple[Part, ...]:
    """Cut the columns for tiles of so many rows into parts of about the same width."""
    integers, inner = integers_of(dtype), interior_of(plan)
    ends = [0, plan.length]
    if integers and inner.begin < inner.end and plan.length * channels >= TILE_WIDTH // 4:
        # At the edges weights are divided by sums, and are no multiples of a power of two: away
        # from them no sum may need a second look.
        middle = cut_plan(plan, inner.begin, inner.end)
        setting = integers.half, False, integers.sums
        if not doubt_of(middle, middle, *setting) and doubt_of(middle, plan, *setting):
            ends = [0, inner.begin, inner.end, plan.length]
    room = max(TILE_WIDTH, TILE_BYTES // (height * _sums_of(dtype).itemsize))
    most = min(_most(plan, room // channels), plan.length)
    width = _share(plan.length, -(-plan.length // most), inner.period)
    cuts = {*ends, *range(inner.begin, plan.length, width)}
    return tuple(_parts(plan, sorted(cuts)))


def _parts(plan: AxisPlan, cuts: Iterable[int]) -> Iterable[Part]:
    for start, stop in pairwise(cuts):
        if stop > start:
            outputs = slice(start, stop)
            yield Part(outputs, plan.reach(outputs), cut_plan(plan, start, stop))


def _bounds(start: int, stop: int, count: int) -> list[int]:
    """Return between which outputs so many parts of about the same length lie."""
    return [start + (stop - start) * part // count for part in range(count + 1)] if count else []


@lru_cache(maxsize=4)  # of a few megabytes, where no phase comes again
def _column_bands(plan: AxisPlan, channels: int, dtype: np.dtype[Any]) -> tuple[Band, ...]:
    """Return the blocks of the columns, whose numbers count the elements that are multiplied."""
    sums = _sums_of(dtype)
    if channels > FEW_CHANNELS:
        return _bands(plan, BLOCK_PIXELS, sums)
    return _bands(plan, _block_columns(interior_of(plan).period, channels), sums, channels)


@lru_cache(maxsize=8)
def _row_bands(plan: AxisPlan, width: int, dtype: np.dtype[Any]) -> tuple[Band, ...]:
    return _bands(plan, _block_rows(width), dtype)


def _block_rows(width: int) -> int:
    return BLOCK_ROWS if width > NARROW else BLOCK_ROWS_NARROW


def _block_columns(period: int, channels: int) -> int:
    """Return how many outputs a block of columns has, where their phases come again by `period`.

    >>> _block_columns(2, 1), _block_columns(2, 3), _block_columns(3, 3), _block_columns(2, 4)
    (32, 16, 15, 8)
    """
    step = period * channels
    for elements in range(2 * SIXTEEN, 4 * SIXTEEN + 1, SIXTEEN):
        if elements % step == 0:
            return elements // channels
    return max(1, BLOCK_ELEMENTS // step) * period


def _size_of(plan: AxisPlan, block: int) -> int:
    """Return how many outputs a block of about `block` has where all blocks are the same."""
    period = interior_of(plan).period
    return max(1, block // period) * period


def _bands(plan: AxisPlan, block: int, dtype: np.dtype[Any], channels: int = 0) -> tuple[Band, ...]:
    """Cut an axis into blocks of about `block` outputs.

    channels: how many the matrices hold; 0 where they stand on the left of what they multiply.
    """
    taps, inner, size = taps_of(plan), interior_of(plan), _size_of(plan, block)
    count = (inner.end - inner.begin) // size
    begin, end = (inner.begin, inner.begin + count * size) if count else (0, 0)
    single = [
        (start, stop, 1)
        for ends in ((0, begin), (end, plan.length))
        for start, stop in pairwise(_bounds(*ends, -(-(ends[1] - ends[0]) // size)))
    ]
    bands, width = [], max(1, channels)
    for start, stop, many in [*single, *[(begin, begin + size, count)] * (count > 0)]:
        inputs, weights = taps.at(np.arange(start, stop))
        first = int(inputs.min())
        # (inputs, channels, outputs, channels): nothing passes from one channel to another.
        block_weights = np.zeros((int(inputs.max()) + 1 - first, width, len(inputs), width), dtype)
        output, tap = np.nonzero(weights)
        each = np.arange(width)[:, np.newaxis]
        block_weights[inputs[output, tap] - first, each, output, each] = weights[output, tap]
        matrix = block_weights.reshape(-1, len(inputs) * width).T
        if not channels:
            matrix = np.ascontiguousarray(matrix)
        stride = size // inner.period * inner.shift
        bands.append(Band(matrix, first * width, stride * width, start * width, many))
    return tuple(bands)


# --- the tiles


def _fill_tile(source: Array, target: Array, plans: Plans, straight: bool) -> None:
    """Fill a tile from all that it reads, both (N, H, W, C).

    straight: whether products may be written to the target, if that has their type.
    """
    count, high, wide, channels = source.shape
    _, rows, columns, _ = target.shape
    integers, dtype, doubt = integers_of(source.dtype), _sums_of(source.dtype), None
    inputs = scratch("up_inputs", source.shape, dtype)
    if integers:
        doubt = doubt_of(*plans, integers.half, False, dtype)
        bias = dtype.type(0.5 + doubt.margin if doubt else 0.0)
        np.add(source, bias, out=inputs, dtype=dtype)
    else:
        np.copyto(inputs, source)
        if not _is_tame(inputs.reshape(count * high, -1)):
            interpolate_images(source, target, plans, slice(0, rows), slice(0, columns))
            return
    bands = _column_bands(plans[1], channels, source.dtype)
    widened = scratch("up_widened", (count, high, columns * channels), dtype)
    if channels > FEW_CHANNELS:
        lines = inputs.reshape(-1, wide, channels)
        _multiply(bands, lines, widened.reshape(-1, columns, channels))
    else:
        _multiply(bands, inputs.reshape(count, high, -1).swapaxes(1, 2), widened.swapaxes(1, 2))
    straight = straight and target.dtype == dtype
    shape = (count, rows, columns * channels)
    sums = target.reshape(shape) if straight else scratch("up_sums", shape, dtype)
    _multiply(_row_bands(plans[0], columns * channels, dtype), widened, sums)
    if integers:
        _round(sums.reshape(target.shape), source, target, plans, integers, doubt)
    elif not straight:
        np.copyto(target, sums.reshape(target.shape), casting="unsafe")


def _is_tame(lines: Array) -> bool:
    """Tell whether all numbers are finite, and so small that no sum of them overflows.

    The sum of the squares of each line tells it in one short call.
    """
    squares = np.matmul(lines[:, np.newaxis], lines[:, :, np.newaxis])
    return bool(np.isfinite(squares).all())


def _multiply(bands: Iterable[Band], source: Array, target: Array) -> None:
    """Fill `target`, (N, outputs, length), with the products of the bands with (N, inputs, length).

    Each product is so small that BLAS computes it in the calling thread.
    """
    images, _, length = source.shape
    image, step, item = source.strides
    for matrix, start, stride, output, count in bands:
        outputs, inputs = matrix.shape
        windows = source[:, np.newaxis, start : start + inputs]
        if count > 1:
            shape, strides = (images, count, inputs, length), (image, stride * step, step, item)
            windows = as_strided(windows, shape, strides)
        blocks = target[:, output : output + count * outputs].reshape(images, count, outputs, -1)
        pieces = -(-matrix.size * length // small_product())
        most = -(-length // (SIXTEEN * pieces)) * SIXTEEN
        for first in range(0, length, most):
            some = slice(first, first + most)
            np.matmul(matrix, windows[..., some], out=blocks[..., some])


def _round(
    sums: Array,
    source: Array,
    target: Array,
    plans: Plans,
    integers: Integers,
    doubt: Doubt | None,
) -> None:
    """Write the sums of a tile, (N, H, W, C), to their place as integers."""
    found = np.empty(0, np.intp)
    if doubt:
        rounded = scratch("up_rounded", sums.shape, sums.dtype)
        found = near_ties(sums, rounded, doubt.margin)
        if doubt.ties:  # and have been rounded up
            flat = rounded.reshape(-1)
            flat[found] -= flat[found] % 2
    else:
        rounded = np.rint(sums, out=sums)
    limits = np.iinfo(target.dtype)
    low, high = int(limits.min), int(limits.max)
    if any(map(_overshoots, plans)):
        np.clip(rounded, low, high, out=target, dtype=integers.through, casting="unsafe")
    else:
        np.copyto(target, rounded, casting="unsafe")
    if doubt and not doubt.ties:
        _settle(found, source, target, plans)


@lru_cache(maxsize=16)
def _overshoots(plan: AxisPlan) -> bool:
    """Tell whether outputs may lie beyond all inputs."""
    return bool((taps_of(plan).weights < 0).any())


def _settle(found: Array, source: Array, target: Array, plans: Plans) -> None:
    """Compute the outputs of a tile that are near a tie anew; found: their numbers."""
    if not len(found):
        return
    source = np.ascontiguousarray(source)  # values are found sooner in it
    half = 2.0 ** (8 * target.itemsize)
    count = max(1, TIE_PRODUCTS // math.prod(taps_of(plan).inputs.shape[1] for plan in plans))
    for start in range(0, len(found), count):
        places = np.unravel_index(found[start : start + count], target.shape)
        sums = sums_at(source, places, plans)

        def select(marked: Array, places: tuple[Array, ...] = places) -> tuple[Array, ...]:
            return tuple(place[marked] for place in places)

        target[places] = round_sums(sums, source, plans, half, select)
