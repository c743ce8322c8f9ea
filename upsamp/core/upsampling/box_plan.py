"""Which images boxes interpolate, and in which tiles: the plan of `boxes`."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Pair
from upsamp.core.threads import size_among

FACTORS = range(1, 9)
# Images below this many output elements are done faster by products.
LEAST = 2**14
# Widened elements of a tile, and of one of its rows: smaller tiles stay in the second-level
# cache, and are slower all the same, as two threads wait for each other at every short call.
TILE = 3 * 2**17
TILE_WIDTH = 2**14


@dataclass(frozen=True)
class Boxes:
    """How the bytes of a call are interpolated by boxes.

    factors: of the rows and of the columns. scales: what the sums of each are too large by.
    """

    factors: Pair
    scales: Pair


class Region(NamedTuple):
    """The input pixels of a tile, from the first row and column to before the last."""

    top: int
    bottom: int
    left: int
    right: int

    def moved(self, rows: int, columns: int) -> "Region":
        """Return the same tile so many rows and columns further on."""
        return Region(
            self.top + rows, self.bottom + rows, self.left + columns, self.right + columns
        )


def boxes_for(
    shape: tuple[int, ...], factors: Pair, method: str, dtype: np.dtype[np.generic]
) -> Boxes | None:
    """Tell how boxes make this of images of `shape`, (N, H, W, C); None where they cannot.

    >>> boxes_for((1, 200, 200, 3), (2, 2), "bilinear", np.dtype("uint8")).scales
    (4, 4)
    """
    _, height, width, channels = shape
    large = height * width * channels * factors[0] * factors[1] >= LEAST
    if method != "bilinear" or dtype != np.uint8 or not large or not set(factors) <= set(FACTORS):
        return None
    scales = (_scale(factors[0]), _scale(factors[1]))
    product = scales[0] * scales[1]
    # A half comes out exactly of a power of two, and never of an odd number.
    settled = product % 2 == 1 or product & (product - 1) == 0
    return Boxes(factors, scales) if settled and 255 * product + product // 2 < 2**16 else None


def _scale(factor: int) -> int:
    return factor if factor % 2 else 2 * factor


@lru_cache(maxsize=64)
def regions_of(
    height: int, width: int, channels: int, boxes: Boxes, threads: int
) -> tuple[Region, ...]:
    """Cut the input into tiles of whole rows, unless those are very long."""
    columns = _cuts(width, max(1, TILE_WIDTH // (channels * boxes.factors[1])))
    longest = max(right - left for left, right in columns) * channels * boxes.factors[1]
    rows = _cuts(height, max(1, size_among(threads, TILE) // longest))
    return tuple(
        Region(top, bottom, left, right) for top, bottom in rows for left, right in columns
    )


def _cuts(end: int, most: int) -> list[Pair]:
    """Cut a range evenly into pieces of at most `most`."""
    pieces = -(-end // most)
    return list(pairwise(end * piece // pieces for piece in range(pieces + 1)))
