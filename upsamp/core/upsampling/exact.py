"""Sums in float64 as the integers to which the exact sums are rounded, half to even.

A sum is off by some roundings. Where it comes no nearer to a half than that, it is rounded as the
exact one; where it does, and the weights are multiples of no smaller fraction than that tells
apart, it is a half; and elsewhere twice its distance from the half is computed in whole numbers.
That distance is small, so 64 bits hold it even where the sums themselves overflow.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import round_to
from upsamp.core.upsampling.interpolation import AxisPlan
from upsamp.core.upsampling.rounding import Grid, are_ties, grid_of, is_sure, margin_of, whole_grid
from upsamp.core.upsampling.taps import taps_of

Plans: TypeAlias = tuple[AxisPlan, AxisPlan]
# The image, row, column and channel of some outputs.
Places: TypeAlias = tuple[Array, ...]

# Outputs that are computed again together.
BLOCK = 2**12
# A sum that is off by less lies between two whole numbers that are known.
CLEAR = 0.25
# What 64 bits hold, with some room.
MAX_WHOLE = 2.0**61


class Doubt(NamedTuple):
    """Which sums may be rounded otherwise than the exact ones.

    margin: how far a sum may be off; of colours weighted by alpha, times alpha. ties: whether what
    comes as near to a half is one. whole: the largest number by which the shares of both axes are
    divided.
    """

    margin: float
    ties: bool
    whole: int


@lru_cache(maxsize=16)
def doubt_of(
    row_plan: AxisPlan,
    column_plan: AxisPlan,
    half: float,
    alpha: bool,
    sums: np.dtype[Any] | type = np.float64,
) -> Doubt | None:
    """Return which sums of integers up to `half` are in doubt; None where none is.

    sums: the type in which they are made.
    """
    rows, columns = map(grid_of_axis, (row_plan, column_plan))
    if alpha:  # sums of products, of which quotients are made, which may be halves of odd numbers
        half *= 4 * half
    if is_sure(rows, columns, half, sums) and (not alpha or (rows.binary and columns.binary)):
        return None
    margin = margin_of(rows, columns, half, sums)
    return Doubt(margin, are_ties(rows, columns, margin), rows.largest * columns.largest)


@lru_cache(maxsize=16)
def grid_of_axis(plan: AxisPlan) -> Grid:
    """Return the grid of all weights of an axis."""
    taps = taps_of(plan)
    if not taps.gather:
        return grid_of([taps.weights], [taps.shares.sum(axis=1)])
    bounds = (*range(0, plan.length, BLOCK), plan.length)
    tables = (taps.gather.table(np.arange(*part)) for part in pairwise(bounds))
    return whole_grid(grid_of([table.weights], [table.shares.sum(axis=1)]) for table in tables)


def half_of(values: Array, dtype: np.dtype[Any]) -> float:
    """Return a bound of the magnitude of integers of a type, which are given in float64."""
    if dtype.kind == "b":
        return 1.0
    if dtype.itemsize <= 2:
        return 2.0 ** (8 * dtype.itemsize)
    # Of wider types small numbers are common, and by their type all sums would be in doubt.
    largest = max(float(values.max()), -float(values.min()))
    return 2.0 ** math.frexp(largest)[1]


def round_sums(
    sums: Array,
    source: Array,
    plans: Plans,
    half: float,
    places_of: Callable[[Array], Places],
    opacity: Array | None = None,
) -> Array:
    """Return sums in float64 as integers of the type of `source`, (N, H, W, C).

    half: what the values are bounded by. places_of: gives which outputs those of `sums` are that
    an array of bools marks. opacity: by what the sums, of colours times alpha, have been divided;
    alpha is the last channel of an image, or its last image where those are planes.
    """
    doubt = doubt_of(*plans, half, opacity is not None)
    if doubt is None:
        return round_to(sums, source.dtype)
    if opacity is not None and doubt.ties:
        np.copyto(sums, 0, where=opacity <= doubt.margin)  # an alpha as small as that is none
    floors = np.floor(sums)
    away = np.subtract(sums, floors)
    away -= 0.5
    np.abs(away, out=away)
    if opacity is not None:
        away *= opacity
    near = away < 2 * doubt.margin
    if doubt.ties:
        np.add(floors, 0.5, out=sums, where=near)
    made = round_to(sums, source.dtype)
    if doubt.ties:
        return made
    slack: Any = 2 * doubt.margin
    if opacity is not None:
        near &= opacity > 0
        slack = np.divide(slack, opacity, out=away, where=near)
    low, high = _limits(source.dtype)
    near &= (sums > low - 1 - slack) & (sums < high + 1 + slack)  # the others are cut off rightly
    if opacity is not None:  # or their alpha may be none
        near |= (opacity > 0) & (opacity <= doubt.margin)
    places, below = places_of(near), floors[near]
    exact = made[near]
    for start in range(0, len(exact), BLOCK):
        part = slice(start, start + BLOCK)
        some = tuple(place[part] for place in places)
        exact[part] = _exact_at(source, some, below[part], plans, doubt, opacity is not None)
    made[near] = exact
    return made


def sums_at(source: Array, places: Places, plans: Plans) -> Array:
    """Return single outputs as the plain sums make them, in float64 and in their order."""
    (below, row_weights), (beside, column_weights) = (
        taps_of(plan).at(place) for plan, place in zip(plans, places[1:3], strict=True)
    )
    return _weighted_sums(_values_at(source, places, below, beside), row_weights, column_weights)


def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return the smallest and the largest number of an integer type."""
    if dtype.kind == "b":
        return 0, 1
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def _exact_at(
    source: Array, places: Places, floors: Array, plans: Plans, doubt: Doubt, alpha: bool
) -> Array:
    """Return single outputs computed in whole numbers.

    floors: the whole numbers below the sums, off as these may be.
    """
    (below, row_shares), (beside, column_shares) = (
        taps_of(plan).shares_at(place) for plan, place in zip(plans, places[1:3], strict=True)
    )
    low, high = _limits(source.dtype)
    # Whether a sum may be off by more than a whole number; where alpha is hardly any, by all.
    rough = alpha or doubt.margin >= CLEAR
    beyond = 16 * (high - low) ** 2 if alpha else 4 * rough
    most = doubt.whole * (8 * doubt.margin + beyond)
    whole = np.dtype(object if most > MAX_WHOLE else np.int64)
    row_shares, column_shares = row_shares.astype(whole), column_shares.astype(whole)
    start = round_to(np.clip(floors, low, high), source.dtype)
    floor = start.astype(whole)
    # By how much the sum exceeds the half: twice that, times what the shares are divided by.
    excess = 2 * _values_at(source, places, below, beside).astype(whole) - (2 * floor + 1)
    totals = row_shares.sum(axis=1) * column_shares.sum(axis=1)
    if alpha:
        planes = np.full_like(places[0], len(source) - 1)
        opaque = _values_at(source, (planes, *places[1:]), below, beside).astype(whole)
        excess = excess * opaque
        totals = _weighted_sums(opaque, row_shares, column_shares)
    excess = _weighted_sums(excess, row_shares, column_shares)
    steps, hidden = np.zeros(len(excess), whole), totals <= 0
    if rough:
        totals[hidden] = 1
        steps = (excess + totals) // (2 * totals)
        excess = excess - 2 * totals * steps
    odd = (floor + steps) % 2 == 1
    steps = steps + ((excess > 0) | ((excess == 0) & odd))
    made = _stepped(start, floor, steps, low, high)
    if alpha:
        made[hidden] = 0
    return made


def _stepped(start: Array, floor: Array, steps: Array, low: int, high: int) -> Array:
    """Return integers some steps further on, cut off; floor: the same in the type of the steps."""
    if start.itemsize < floor.itemsize or floor.dtype == object:
        cut: Array = np.clip(floor + steps, low, high).astype(start.dtype)
        return cut
    made: Array = start + steps.astype(start.dtype)
    made[(steps > 0) & (made < start)] = high
    made[(steps < 0) & (made > start)] = low
    return made


def _values_at(source: Array, places: Places, below: Array, beside: Array) -> Array:
    """Return what outputs read of (N, H, W, C), as (row taps, column taps, outputs).

    below, beside: the rows and columns of the inputs, (outputs, taps).
    """
    image, _, _, channel = places
    if not source.flags.c_contiguous:
        apart: Array = source[image, below.T[:, np.newaxis], beside.T, channel]
        return apart
    # One number finds a value sooner than four do.
    _, height, width, channels = source.shape
    below = (image[:, np.newaxis] * height + below) * (width * channels)
    beside = beside * channels + channel[:, np.newaxis]
    below, beside = (np.ascontiguousarray(part.T, np.intp) for part in (below, beside))
    values: Array = source.reshape(-1).take(below[:, np.newaxis] + beside)
    return values


def _weighted_sums(values: Array, row_weights: Array, column_weights: Array) -> Array:
    """Return the sums of (row taps, column taps, outputs), by the weights, (outputs, taps)."""
    widened = _weighted_sum(values.transpose(1, 0, 2), column_weights.T)
    return _weighted_sum(widened, row_weights.T)


def _weighted_sum(values: Array, weights: Array) -> Array:
    """Return the sum over the first axis, from first to last; the last axis has the outputs."""
    total: Array = values[0] * weights[0]
    for value, weight in zip(values[1:], weights[1:], strict=True):
        total += value * weight
    return total
