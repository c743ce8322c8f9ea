"""From sums in floating point to integers, rounded half to even as if the sums were exact.

A sum of float32 products is off by some 1e-4, so that a value which ought to be a half may fall to
either side. Where all weights are multiples of a power of two, no sum is off at all; where they are
multiples of an odd fraction, no value comes near a half. In all other cases a value near a half is
looked at again. It is a half where the weights are multiples of fractions so large that sums can
tell them apart; float64 tells more of them apart; and the rest is computed in whole numbers.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from upsamp.core.arguments import Array


@dataclass(frozen=True)
class Grid:
    """What the weights of an axis are multiples of, and how far they reach.

    largest: the weights of each output are multiples of a fraction, and this is the largest of
    their denominators. odd, binary: whether all of these are odd, and powers of two. reach: the
    largest sum of absolute weights of an output. taps: the most inputs that an output reads.
    """

    largest: int
    odd: bool
    binary: bool
    reach: float
    taps: int


@dataclass(frozen=True)
class Integers:
    """An integer type, and how sums of it are made.

    half: what the magnitude of a number is bounded by. sums: the type of the sums. through: the
    type in which they are clipped on their way to integers.
    """

    half: int
    sums: np.dtype[Any]
    through: np.dtype[Any]


@lru_cache(maxsize=8)
def integers_of(dtype: np.dtype[Any]) -> Integers | None:
    """Return what there is to know of an integer type of up to 32 bits; None for any other type."""
    if dtype.kind not in "iu" or dtype.itemsize > 4:
        return None
    sums = np.float32 if dtype.itemsize == 1 else np.float64
    through = {1: np.int16, 2: np.int32, 4: np.float64}[dtype.itemsize]
    return Integers(2 ** (8 * dtype.itemsize), np.dtype(sums), np.dtype(through))


def grid_of(weights: list[Array], totals: list[Array]) -> Grid:
    """Return the grid of some matrices of weights, (outputs, inputs), and of their totals.

    >>> grid_of([np.array([[0.25, 0.75]])], [np.array([4])])
    Grid(largest=4, odd=False, binary=True, reach=1.0, taps=2)
    """
    reach = max(float(np.abs(matrix).sum(axis=1).max()) for matrix in weights)
    taps = max(int(np.count_nonzero(matrix, axis=1).max()) for matrix in weights)
    every = np.concatenate(totals)
    odd, binary = bool((every % 2 == 1).all()), bool((every & (every - 1) == 0).all())
    return Grid(int(every.max()), odd, binary, reach, taps)


def whole_grid(parts: Iterable[Grid]) -> Grid:
    """Return the grid of the weights of some parts together."""
    largest, odd, binary, reach, taps = zip(*map(astuple, parts), strict=True)
    return Grid(max(largest), all(odd), all(binary), max(reach), max(taps))


def margin_of(
    rows: Grid, columns: Grid, half: float, sums: np.dtype[Any] | type = np.float64
) -> float:
    """Return how far a sum may be off: a rounding for each product and each weight of both axes.

    half: the largest magnitude of an input. Some more roundings are for what is added to every
    input before, and for the last difference.
    """
    unit = float(np.finfo(sums).eps) / 2
    largest = (half + 1) * rows.reach * columns.reach
    return largest * (unit * (rows.taps + columns.taps + 6) + 1e-14)


def is_sure(
    rows: Grid, columns: Grid, half: float, sums: np.dtype[Any] | type = np.float64
) -> bool:
    """Tell whether every sum, off as it may be, is rounded as the exact sum is."""
    total = rows.largest * columns.largest
    if rows.binary and columns.binary:
        bits = np.finfo(sums).nmant + 1
        return half * rows.reach * columns.reach * total <= 2.0**bits
    if rows.odd and columns.odd:
        return 2 * total * margin_of(rows, columns, half, sums) < 0.99
    return False


def are_ties(rows: Grid, columns: Grid, margin: float) -> bool:
    """Tell whether every value that comes as near to a half as twice the margin is one."""
    return 4 * rows.largest * columns.largest * margin < 0.99


def near_ties(sums: Array, rounded: Array, margin: float) -> Array:
    """Fill `rounded` with the sums rounded; give the flat positions of those that may be wrong.

    A half and the margin have been added to the sums, so that they are rounded by the floor, and
    those which the margin has taken past a whole number, or which were one, end up just above it.
    What is in `sums` is lost.
    """
    np.floor(sums, out=rounded)
    np.subtract(sums, rounded, out=sums)
    return np.flatnonzero(sums < sums.dtype.type(2 * margin))
