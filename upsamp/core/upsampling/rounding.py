"""From sums in floating point to integers, rounded half to even as if the sums were exact.

A sum of float32 products is off by some 1e-4, so that a value which ought to be a half may fall to
either side. Where all weights are multiples of a power of two, no sum is off at all; where they
are multiples of an odd fraction, no value comes near a half; and elsewhere the few values that do
are computed anew, as the plain sums do it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.upsampling.banded import Taps

__all__ = [
    "Grid",
    "Integers",
    "grid_of",
    "integers_of",
    "is_sure",
    "near_ties",
    "round_to_even",
    "sums_at",
]

# Weights whose denominator has a larger odd part, or more binary digits, are taken as any number.
ODD_PARTS = range(1, 83, 2)
DIGITS = 14


@dataclass(frozen=True)
class Grid:
    """What the weights of an axis are multiples of, 1 / (odd * 2**digits), and how far they reach.

    odd: 0 where there is no such grid. reach: the largest sum of absolute weights of an output.
    taps: the most inputs that an output reads.
    """

    odd: int
    digits: int
    reach: float
    taps: int


@dataclass(frozen=True)
class Integers:
    """An integer type, and how sums of it are made.

    They are made of what is left of each number when `centre` is taken away, which the type
    `signed` holds; `half` is the largest magnitude. sums: the type of the sums. through: the type
    in which they are clipped on their way to integers.
    """

    centre: int
    half: int
    signed: np.dtype[Any]
    sums: np.dtype[Any]
    through: np.dtype[Any]


def integers_of(dtype: np.dtype[Any]) -> Integers | None:
    """Return what there is to know of an integer type of up to 32 bits; None for any other type."""
    if dtype.kind not in "iu" or dtype.itemsize > 4:
        return None
    half = 2 ** (8 * dtype.itemsize - 1)
    return Integers(
        half if dtype.kind == "u" else 0,
        half,
        np.dtype(f"i{dtype.itemsize}"),
        np.dtype(np.float32 if dtype.itemsize == 1 else np.float64),
        np.dtype({1: np.int16, 2: np.int32, 4: np.float64}[dtype.itemsize]),
    )


def grid_of(weights: list[Array]) -> Grid:
    """Return the grid of some matrices of weights, (outputs, inputs) each.

    >>> grid_of([np.array([[0.25, 0.75]])]), grid_of([np.array([[1 / 3, 2 / 3]])])
    (Grid(odd=1, digits=2, reach=1.0, taps=2), Grid(odd=3, digits=0, reach=1.0, taps=2))
    """
    reach = max(float(np.abs(matrix).sum(axis=1).max()) for matrix in weights)
    taps = max(int(np.count_nonzero(matrix, axis=1).max()) for matrix in weights)
    values = np.unique(np.concatenate([matrix.ravel() for matrix in weights]))
    for odd in ODD_PARTS:
        whole = values * (odd * 2.0**DIGITS)
        if np.all(np.abs(whole - np.rint(whole)) < 1e-8):
            common = int(np.gcd.reduce(np.rint(whole).astype(np.int64)))
            twos = (common & -common).bit_length() - 1
            return Grid(odd, max(0, DIGITS - twos), reach, taps)
    return Grid(0, 0, reach, taps)


def margin_of(rows: Grid, columns: Grid, integers: Integers) -> float:
    """Return how far a sum may be off: a rounding for each product and each weight of both axes.

    Some more are for what is added to every input before, and for the last difference.
    """
    unit = float(np.finfo(integers.sums).eps) / 2
    sums = (integers.half + 1) * rows.reach * columns.reach
    return sums * (unit * (rows.taps + columns.taps + 6) + 1e-14)


def is_sure(rows: Grid, columns: Grid, integers: Integers) -> bool:
    """Tell whether every sum, off as it may be, is rounded as the exact sum is."""
    odd, digits = rows.odd * columns.odd, rows.digits + columns.digits
    if odd == 1:
        bits = np.finfo(integers.sums).nmant + 1
        largest = integers.half * rows.reach * columns.reach * 2.0**digits
        return largest <= 2.0**bits
    return odd > 0 and digits == 0 and 2 * odd * margin_of(rows, columns, integers) < 0.99


def near_ties(sums: Array, rounded: Array, margin: float) -> Array:
    """Fill `rounded` with the sums rounded; give the flat positions of those that may be wrong.

    A half and the margin have been added to the sums, so that they are rounded by the floor, and
    those which the margin has taken past a whole number, or which were one, end up just above it.
    What is in `sums` is lost.
    """
    np.floor(sums, out=rounded)
    np.subtract(sums, rounded, out=sums)
    return np.flatnonzero(sums < sums.dtype.type(2 * margin))


def round_to_even(sums: Array, halves: Array, centre: int) -> Array:
    """Return float32 sums, to which `centre` is added, as integers of 16 bits in `halves`.

    A float32 from 2**23 on has no digits after the point: what is added to it is rounded half to
    even, and its last bits are the integer, negative ones included. What is in `sums` is lost.
    """
    np.add(sums, np.float32(1.5 * 2**23 + centre), out=sums)
    np.copyto(halves, sums.view(np.int32), casting="unsafe")
    return halves


def sums_at(inputs: Array, places: tuple[Array, ...], rows: Taps, columns: Taps) -> Array:
    """Return single outputs as the plain sums make them, in float64 and in their order.

    inputs: (N, H, W, C). places: the image, row, column and channel of each output.
    """
    image, row, column, channel = places
    (below, row_weights), (beside, column_weights) = rows.at(row), columns.at(column)
    if inputs.flags.c_contiguous:  # one number finds a value sooner than four do
        _, height, width, channels = inputs.shape
        below = (image[:, np.newaxis] * height + below) * (width * channels)
        beside = beside * channels + channel[:, np.newaxis]
        below, beside = (np.ascontiguousarray(part.T, np.intp) for part in (below, beside))
        values = inputs.reshape(-1).take(below[:, np.newaxis] + beside)
    else:
        values = inputs[image, below.T[:, np.newaxis], beside.T, channel]
    # (row taps, column taps, outputs)
    widened = _weighted_sum(values.transpose(1, 0, 2), column_weights.T)
    return _weighted_sum(widened, row_weights.T)


def _weighted_sum(values: Array, weights: Array) -> Array:
    """Return the sum over the first axis, from first to last; the last axis has the outputs."""
    total: Array = values[0] * weights[0]
    for value, weight in zip(values[1:], weights[1:], strict=True):
        total += value * weight
    return total
