"""Which images boxes interpolate, and in which tiles: the plan of `upsamp.core.boxes`."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Pair

__all__ = ["EDGE", "Boxes", "Region", "boxes_for", "regions_of"]

FACTORS = range(1, 9)
# Images below this many output elements are done faster by products.
LEAST = 2**17
# Widened elements of a tile, and of one of its rows: smaller tiles stay in the second-level
# cache, and are slower all the same, as each call takes a microsecond.
TILE = 2**17
TILE_WIDTH = 2**13
# Input pixels from the edge within which bicubic has other weights.
EDGE = 2


@dataclass(frozen=True)
class Boxes:
    """How the images of a call are interpolated by boxes.

    factors: of the rows and of the columns. scales: what the sums of each are too large by. whole:
    whether the sums are made in integers. sharpen: whether this is bicubic.
    """

    factors: Pair
    scales: Pair
    whole: bool
    sharpen: bool


class Region(NamedTuple):
    """The input pixels of a tile, from the first row and column to before the last."""

    top: int
    bottom: int
    left: int
    right: int


def boxes_for(
    shape: tuple[int, ...], factors: Pair, method: str, convention: str, dtype: np.dtype[np.generic]
) -> Boxes | None:
    """Tell how boxes make this of images of `shape`, (N, H, W, C); None where they cannot.

    >>> boxes_for((1, 200, 200, 3), (2, 2), "bilinear", "keras", np.dtype("uint8")).scales
    (4, 4)
    """
    _, height, width, channels = shape
    large = height * width * channels * factors[0] * factors[1] >= LEAST
    if not large or not set(factors) <= set(FACTORS) or dtype.name not in ("uint8", "float32"):
        return None
    scales = (_scale(factors[0]), _scale(factors[1]))
    if method == "bicubic":
        fits = convention == "keras" and factors == (2, 2) and min(height, width) > 2 * EDGE
        return Boxes(factors, scales, whole=False, sharpen=True) if fits else None
    if method != "bilinear":
        return None
    product = scales[0] * scales[1]
    if dtype.kind == "f":
        return Boxes(factors, scales, whole=False, sharpen=False)
    # A half comes out exactly of a power of two, and never of an odd number.
    settled = product % 2 == 1 or product & (product - 1) == 0
    fits = settled and 255 * product + product // 2 < 2**16
    return Boxes(factors, scales, whole=True, sharpen=False) if fits else None


def _scale(factor: int) -> int:
    return factor if factor % 2 else 2 * factor


@lru_cache(maxsize=64)
def regions_of(height: int, width: int, channels: int, boxes: Boxes) -> tuple[Region, ...]:
    """Cut the input into tiles whose sums stay in the second-level cache."""
    edge = EDGE if boxes.sharpen else 0
    columns = _cuts(edge, width - edge, max(1, TILE_WIDTH // (channels * boxes.factors[1])))
    longest = max(right - left for left, right in columns) * channels * boxes.factors[1]
    rows = _cuts(edge, height - edge, max(1, TILE // longest))
    return tuple(
        Region(top, bottom, left, right) for top, bottom in rows for left, right in columns
    )


def _cuts(begin: int, end: int, most: int) -> list[Pair]:
    """Cut a range evenly into pieces of at most `most`."""
    pieces = -(-(end - begin) // most)
    bounds = [begin + (end - begin) * piece // pieces for piece in range(pieces + 1)]
    return list(pairwise(bounds))
