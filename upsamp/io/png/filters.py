"""PNG's filters: a byte less what its neighbours let expect, which compresses better.

A strip of rows is kept with a margin: the row above it on top, and a pixel of zeros on the left.
The bytes, their left neighbours, those above, and those above on the left, are then four views.
"""

import ctypes
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from upsamp.core.native.library import address, kernels

Bytes = npt.NDArray[np.uint8]

NONE, SUB, UP, AVERAGE, PAETH = range(5)
# How many bytes of a row are looked at, about, to choose its filter.
SAMPLE = 256


class Neighbours(NamedTuple):
    """The bytes of rows, each with those of the pixels beside it.

    now, left, above, corner: (rows, bytes) uint8, corner being above on the left.
    """

    now: Bytes
    left: Bytes
    above: Bytes
    corner: Bytes

    @classmethod
    def of(cls, margined: Bytes, step: int) -> "Neighbours":
        """Return the views of a strip; margined: (1 + rows, step + bytes), step: bytes a pixel."""
        return cls(
            margined[1:, step:], margined[1:, :-step], margined[:-1, step:], margined[:-1, :-step]
        )

    def at(self, place: tuple[slice | npt.NDArray[np.intp], ...]) -> "Neighbours":
        """Return some of the bytes."""
        return Neighbours(*(part[place] for part in self))


def _average(around: Neighbours) -> Bytes:
    # (left + above) // 2, which the sum in 8 bits would not hold.
    half = (around.left & around.above) + ((around.left ^ around.above) >> np.uint8(1))
    return around.now - half


def _paeth(around: Neighbours) -> Bytes:
    """Subtract the neighbour that is nearest to left + above - corner; of equals the first."""
    corner = around.corner.astype(np.int16)
    down, right = around.left - corner, around.above - corner
    # The distances from left, above and corner; left + above - corner itself is never needed.
    to_left, to_above, to_corner = np.abs(right), np.abs(down), np.abs(right + down)
    nearest = np.where(to_above <= to_corner, around.above, around.corner)
    takes_left = (to_left <= to_above) & (to_left <= to_corner)
    expected: Bytes = np.where(takes_left, around.left, nearest)
    return around.now - expected


# By the number that a file knows them by.
FILTERS: Mapping[int, Callable[[Neighbours], Bytes]] = {
    NONE: lambda around: around.now,
    SUB: lambda around: around.now - around.left,
    UP: lambda around: around.now - around.above,
    AVERAGE: _average,
    PAETH: _paeth,
}
FAST_FILTERS = (NONE, SUB, UP)


def filter_strip(
    margined: Bytes, step: int, kinds: tuple[int, ...], *, sampled: bool = False
) -> Bytes:
    """Return rows as a file has them, each by that of some filters which leaves the least.

    margined: (1 + rows, step + bytes) uint8. Returns: (rows, 1 + bytes).
    """
    native = kernels()
    if not native:
        return filter_rows(margined, step, choose_filters(margined, step, kinds, sampled=sampled))
    margined = np.ascontiguousarray(margined)
    rows, length = len(margined) - 1, margined.shape[1] - step
    filtered = np.empty((rows, 1 + length), np.uint8)
    bits = sum(1 << kind for kind in kinds)
    distance = _sample_distance(length) if sampled else 1
    kernel = native.function("png_filter", *[ctypes.c_ssize_t] * 7)
    kernel(address(margined), address(filtered), rows, length, step, bits, distance)
    return filtered


def choose_filters(
    margined: Bytes, step: int, kinds: tuple[int, ...], *, sampled: bool = False
) -> Bytes:
    """Return the filter of each row that leaves the least, which as a rule compresses best.

    What is left counts as a signed number, without its sign, as PNG's specification advises. It is
    summed over the whole row, or over a sample of it. margined: (1 + rows, step + bytes).
    Returns: (rows,).
    """
    if len(kinds) == 1:
        return np.full(len(margined) - 1, kinds[0], np.uint8)
    around = Neighbours.of(margined, step)
    distance = _sample_distance(around.now.shape[1]) if sampled else 1
    sample = around.at((slice(None), slice(None, None, distance)))
    left_over = []
    for kind in kinds:
        rest = FILTERS[kind](sample)
        left_over.append(np.minimum(rest, np.negative(rest)).sum(axis=1, dtype=np.uint32))
    best: Bytes = np.array(kinds, np.uint8)[np.argmin(left_over, axis=0)]
    return best


def _sample_distance(length: int) -> int:
    """Return the distance between the bytes of a sample, which 2 and 3 do not divide.

    So it meets every channel, and of a pixel that was enlarged every part.
    """
    distance = length // SAMPLE | 1
    return distance if distance % 3 else distance + 2


def filter_rows(margined: Bytes, step: int, chosen: Bytes) -> Bytes:
    """Return the rows as a file has them: each after the number of its filter, and filtered.

    margined: (1 + rows, step + bytes) uint8. chosen: (rows,). Returns: (rows, 1 + bytes).
    """
    around = Neighbours.of(margined, step)
    filtered = np.empty((len(chosen), 1 + around.now.shape[1]), np.uint8)
    filtered[:, 0] = chosen
    for kind in np.unique(chosen):
        rows = np.flatnonzero(chosen == kind)
        # All rows need no copies to gather them.
        place: slice | npt.NDArray[np.intp] = slice(None) if len(rows) == len(chosen) else rows
        filtered[place, 1:] = FILTERS[int(kind)](around.at((place,)))
    return filtered
