"""The plan of blocked matrix products: both axes in tiles, with the matrices of their blocks."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.banded import Band, Taps, Tile, bands_of, taps_of, tiles_of
from upsamp.core.dtypes import compute_dtype
from upsamp.core.interpolation import AxisPlan
from upsamp.core.rounding import Grid, Integers, grid_of, integers_of

__all__ = ["Part", "Product", "Scheme", "scheme_of"]

# Output elements of a tile, and of one of its rows. Smaller tiles stay in a second-level cache of
# one megabyte, and are slower all the same: they are more calls, and share more inputs.
TILE = 2**18
TILE_WIDTH = 2**12
# Outputs of a block: longer ones multiply by more zeros, shorter ones are more calls.
BLOCK_ROWS = 8
BLOCK_ELEMENTS = 32
# Up to so many channels, the matrix of an axis holds them all, and its zeros between different
# channels cost less than products of single channels would.
FEW_CHANNELS = 6


class Product(NamedTuple):
    """A band whose matrix is of the type and the shape to multiply with, its numbers likewise."""

    matrix: Array
    start: int
    stride: int
    output: int
    step: int
    blocks: int


class Part(NamedTuple):
    """A tile of one axis, with its products, the grid of its weights, and its taps.

    taps: as of the whole axis, but counted from the tile's first input and output.
    """

    tile: Tile
    products: tuple[Product, ...]
    grid: Grid
    taps: Taps


@dataclass(frozen=True, eq=False)
class Scheme:
    """How images of one shape and type are interpolated.

    copies: whether an axis is left as it is. many: whether a pixel's channels are an axis of their
    own in the products. integers: None for floats. images: how many are done at once.
    """

    plans: tuple[AxisPlan, AxisPlan]
    rows: tuple[Part, ...]
    columns: tuple[Part, ...]
    channels: int
    many: bool
    sums: np.dtype[Any]
    integers: Integers | None
    images: int


@lru_cache(maxsize=32)
def scheme_of(
    row_plan: AxisPlan, column_plan: AxisPlan, channels: int, dtype: np.dtype[Any]
) -> Scheme:
    """Cut both axes into tiles, and make the matrices of their blocks."""
    integers = integers_of(dtype)
    sums = integers.sums if integers else compute_dtype(dtype)
    many = channels > FEW_CHANNELS
    longest = max(1, BLOCK_ELEMENTS // channels) if not many else BLOCK_ROWS
    width = max(1, TILE_WIDTH // channels)
    columns = _parts(column_plan, longest, width, sums, 0 if many else channels)
    widest = max(part.tile.outputs for part in columns) * channels
    rows = _parts(row_plan, BLOCK_ROWS, max(1, TILE // widest), sums, 0)
    images = 1
    if len(rows) == len(columns) == 1:
        images = max(1, TILE // (widest * rows[0].tile.outputs))
    return Scheme((row_plan, column_plan), rows, columns, channels, many, sums, integers, images)


def _parts(
    plan: AxisPlan, longest: int, most: int, dtype: np.dtype[Any], channels: int
) -> tuple[Part, ...]:
    """Cut an axis; channels: how many its matrices hold, or 0 where they stand on the left."""
    matrices: dict[int, Array] = {}
    taps = taps_of(plan)
    parts = []
    for tile in tiles_of(bands_of(plan, longest), most):
        products = tuple(_product(band, dtype, channels, matrices) for band in tile.bands)
        grid = grid_of([band.weights for band in tile.bands])
        parts.append(Part(tile, products, grid, taps.part(tile)))
    return tuple(parts)


def _product(
    band: Band, dtype: np.dtype[Any], channels: int, matrices: dict[int, Array]
) -> Product:
    """Give a band in the form to multiply with; bands of the same weights share their matrix."""
    if id(band.weights) not in matrices:
        matrix = np.kron(band.weights.T, np.eye(channels)) if channels else band.weights
        matrices[id(band.weights)] = matrix.astype(dtype)
    width = max(1, channels)
    return Product(
        matrices[id(band.weights)],
        band.start * width,
        band.stride * width,
        band.output * width,
        band.step * width,
        band.count,
    )
