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
from upsamp.core.banded import Taps

__all__ = ["Grid", "Integers", "grid_of", "integers_of", "is_sure", "near_ties", "sums_at"]

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
    """An integer type: its limits, the largest magnitude, and the type its sums are made in."""

    lowest: int
    highest: int
    largest: int
    sums: np.dtype[Any]


def integers_of(dtype: np.dtype[Any]) -> Integers | None:
    """Give what there is to know of an integer type of up to 32 bits; None for any other type."""
    if dtype.kind not in "iu" or dtype.itemsize > 4:
        return None
    limits = np.iinfo(dtype)
    largest = max(int(limits.max), -int(limits.min))
    sums = np.dtype(np.float32 if dtype.itemsize == 1 else np.float64)
    return Integers(int(limits.min), int(limits.max), largest, sums)


def grid_of(weights: list[Array]) -> Grid:
    """Give the grid of some matrices of weights, (outputs, inputs) each.

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
    """Give how far a sum may be off: a rounding for each product and each weight of both axes."""
    unit = float(np.finfo(integers.sums).eps) / 2
    sums = integers.largest * rows.reach * columns.reach
    return sums * (unit * (rows.taps + columns.taps + 3) + 1e-15)


def is_sure(rows: Grid, columns: Grid, integers: Integers) -> bool:
    """Tell whether every sum, off as it may be, is rounded as the exact sum is."""
    odd, digits = rows.odd * columns.odd, rows.digits + columns.digits
    if odd == 1:
        bits = np.finfo(integers.sums).nmant + 1
        largest = integers.largest * rows.reach * columns.reach * 2.0**digits
        return largest <= 2.0**bits
    return odd > 0 and digits == 0 and 2 * odd * margin_of(rows, columns, integers) < 0.99


def near_ties(sums: Array, rounded: Array, margin: float) -> Array:
    """Fill `rounded` with the sums rounded half to even; give the flat positions near a half.

    What is in `sums` is lost.
    """
    np.rint(sums, out=rounded)
    np.subtract(sums, rounded, out=sums)
    np.abs(sums, out=sums)
    return np.flatnonzero(sums > sums.dtype.type(0.5 - margin))


def sums_at(inputs: Array, places: tuple[Array, ...], rows: Taps, columns: Taps) -> Array:
    """Give single outputs as the plain sums make them, in float64 and in their order.

    inputs: (N, H, W, C), contiguous. places: the image, row, column and channel of each output.
    """
    image, row, column, channel = places
    _, height, width, channels = inputs.shape
    below = rows.inputs[row] * (width * channels) + image[:, np.newaxis] * (
        height * width * channels
    )
    beside = columns.inputs[column] * channels + channel[:, np.newaxis]
    # (outputs, row taps, column taps)
    values = inputs.reshape(-1).take(below[:, :, np.newaxis] + beside[:, np.newaxis])
    widened = _weighted_sum(values.transpose(2, 1, 0), columns.weights[column].T)
    return _weighted_sum(widened, rows.weights[row].T)


def _weighted_sum(values: Array, weights: Array) -> Array:
    """Give the sum over the first axis, from its begin to its end; the last one has the outputs."""
    total: Array = values[0] * weights[0]
    for value, weight in zip(values[1:], weights[1:], strict=True):
        total += value * weight
    return total
