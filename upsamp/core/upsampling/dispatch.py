"""The choice of how a result, or a part of it, is filled: copies, products or plain sums.

A part that has whole rows, between two of the `row_borders`, has the very bits that it has in the
whole. Any other part is equal as integers; floats of up to 32 bits may be rounded otherwise.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.upsampling.block_matrices import tile_height
from upsamp.core.upsampling.block_products import interpolate
from upsamp.core.upsampling.nearest import NearestAxis, copy_nearest, repeat_pixels
from upsamp.core.upsampling.reference import interpolate_little, interpolate_plainly
from upsamp.core.upsampling.request import Place, Whole
from upsamp.core.upsampling.separable import interpolate_separably, kernels_for
from upsamp.core.upsampling.taps import cut_plan

# Output elements up to which the fewest steps are the fastest: never more than `taps_of` keeps all
# taps of.
LITTLE = 2**13


def fill(
    source: Array, target: Array, whole: Whole, threads: int, place: Place | None = None
) -> None:
    """Fill `target`, (N, H, W, C), which is the whole result, or of some images what is at `place`.

    source: (N, H, W, C) of the same images, with the rows and columns that `whole.inputs` gives.
    """
    place = place or whole.everything
    if whole.copies:
        for images, places in _batches(source, target):
            _copy(images, places, whole, place, threads)
        return
    row_plan, column_plan = whole.plans
    plans = (
        cut_plan(row_plan, place.rows.start, place.rows.stop),
        cut_plan(column_plan, place.columns.start, place.columns.stop),
    )
    if whole.rule.alpha:
        interpolate_plainly(source, target, plans, threads, alpha=True)
        # Alpha itself is interpolated as it would be alone.
        source, target = source[..., -1:], target[..., -1:]
    little = _is_little(whole)
    if little and interpolate_little(source, target, plans):
        return
    library = None if little else kernels_for((row_plan, column_plan), source.dtype)
    if library:
        for images, places in _batches(source, target):
            interpolate_separably(images, places, plans, library, threads)
        return
    if little or not _is_fast(source.dtype):
        interpolate_plainly(source, target, plans, threads, alpha=False)
        return
    for images, places in _batches(source, target):
        height = _tile_height(whole, images.shape[3])
        interpolate(images, places, plans, threads, height=height, first=place.rows.start)


def row_borders(whole: Whole) -> Array:
    """Return the rows of the result, from 0 to its height, at which strips of it may begin and end.

    Each strip then has the bits that its rows have in the whole. Images have to be (N, H, W, C)
    and contiguous.

    >>> from upsamp.core.upsampling.request import Rule
    >>> rule = Rule("nearest", "keras", align_corners=False, alpha=False)
    >>> row_borders(Whole((1, 4, 4, 3), (6, 12), np.dtype("uint8"), rule))
    array([0, 1, 2, 3, 4, 5, 6])
    """
    last = whole.size[0]
    height = 0
    made_by_tiles = not (whole.copies or _is_little(whole)) and _is_fast(whole.dtype)
    if made_by_tiles and not kernels_for(whole.plans, whole.dtype):
        height = _tile_height(whole, 1 if whole.rule.alpha else whole.shape[3])
    return np.append(np.arange(0, last, height or 1), last)


def row_step(whole: Whole) -> int:
    """Return the row count of which strip heights should be a multiple."""
    return whole.factors[0] if whole.copies and whole.factors else 1


def _tile_height(whole: Whole, channels: int) -> int:
    """Return how many rows are made at once; 0 of integers, which are the same for any number."""
    return tile_height(whole.plans, channels, whole.dtype) if whole.dtype.kind == "f" else 0


def _copy(source: Array, target: Array, whole: Whole, place: Place, threads: int) -> None:
    """Fill a part of a result that is made of copies."""
    factors = whole.factors
    if factors and place.is_multiple(factors):
        repeat_pixels(source, target, *factors, threads)
        return
    rows, columns = (
        NearestAxis(
            whole.shape[1 + axis],
            whole.size[axis],
            whole.rule.convention,
            outputs.start,
            whole.inputs(axis, outputs).start,
        )
        for axis, outputs in enumerate(place)
    )
    copy_nearest(source, target, (rows, columns), threads)


def _is_little(whole: Whole) -> bool:
    """Tell whether the whole result is so small."""
    count, _, _, channels = whole.shape
    rows, columns = whole.size
    return count * rows * columns * (1 if whole.rule.alpha else channels) <= LITTLE


def _is_fast(dtype: np.dtype[Any]) -> bool:
    """Tell whether blocked products may make values of a type.

    Those of 64 bits are not: their sums are the plain ones.
    """
    return dtype.itemsize <= 4 and dtype.kind != "b"


def _batches(source: Array, target: Array) -> Iterator[tuple[Array, Array]]:
    """View two arrays (N, H, W, C) alike: as they are, or by channels where those lie apart."""
    if target.shape[3] == 1 or target.strides[3] <= target.strides[2]:
        yield source, target
        return
    planes, places = np.moveaxis(source, 3, 1), np.moveaxis(target, 3, 1)
    if planes.flags.c_contiguous and places.flags.c_contiguous:
        yield _as_single_channels(planes), _as_single_channels(places)
    else:
        yield from zip(planes[..., np.newaxis], places[..., np.newaxis], strict=True)


def _as_single_channels(planes: Array) -> Array:
    """View a contiguous (N, C, H, W) as (N * C, H, W, 1)."""
    return planes.reshape(-1, *planes.shape[2:], 1)
