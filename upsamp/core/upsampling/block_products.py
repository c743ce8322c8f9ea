"""Interpolation by products of small matrices, tile by tile.

The inputs of a tile are brought to floating point, widened by the matrices of the columns,
heightened by those of the rows, and rounded. Products mix a block's inputs, even with weights of
zero: a tile that reads a NaN, an infinity or numbers near the largest goes to the plain sums.
"""

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

from upsamp.core.arguments import Array
from upsamp.core.products import small_product
from upsamp.core.scratch import scratch
from upsamp.core.threads import share
from upsamp.core.upsampling.block_matrices import (
    FEW_CHANNELS,
    SIXTEEN,
    TILE_BYTES,
    Band,
    Part,
    column_bands,
    column_parts,
    row_bands,
    row_parts,
    sums_of,
    tile_height,
)
from upsamp.core.upsampling.exact import Doubt, Plans, doubt_of, round_sums, sums_at
from upsamp.core.upsampling.interpolation import AxisPlan
from upsamp.core.upsampling.reference import interpolate_images
from upsamp.core.upsampling.rounding import Integers, integers_of, near_ties
from upsamp.core.upsampling.taps import taps_of

# Output elements from which another thread does more than it costs.
THREAD_ELEMENTS = 2**20
# The most products that outputs near a tie, which are computed again together, are sums of.
TIE_PRODUCTS = 2**16


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
    rows = height or tile_height(plans, channels, source.dtype, threads)
    for columns in column_parts(plans[1], channels, source.dtype, rows):
        high = height or tile_height((plans[0], columns.plan), channels, source.dtype, threads)
        column_bands(columns.plan, channels, source.dtype)  # before threads make them twice
        parts = source[:, :, columns.inputs], target[:, :, columns.outputs]
        _fill_columns(*parts, row_parts(plans[0], high, first), columns.plan, threads, straight)


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


def _fill_tile(source: Array, target: Array, plans: Plans, straight: bool) -> None:
    """Fill a tile from all that it reads, both (N, H, W, C).

    straight: whether products may be written to the target, if that has their type.
    """
    count, high, wide, channels = source.shape
    _, rows, columns, _ = target.shape
    integers, dtype, doubt = integers_of(source.dtype), sums_of(source.dtype), None
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
    bands = column_bands(plans[1], channels, source.dtype)
    widened = scratch("up_widened", (count, high, columns * channels), dtype)
    if channels > FEW_CHANNELS:
        lines = inputs.reshape(-1, wide, channels)
        _multiply(bands, lines, widened.reshape(-1, columns, channels))
    else:
        _multiply(bands, inputs.reshape(count, high, -1).swapaxes(1, 2), widened.swapaxes(1, 2))
    straight = straight and target.dtype == dtype
    shape = (count, rows, columns * channels)
    sums = target.reshape(shape) if straight else scratch("up_sums", shape, dtype)
    _multiply(row_bands(plans[0], columns * channels, source.dtype), widened, sums)
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
    """Compute the outputs of a tile that are near a tie again; found: their numbers."""
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
