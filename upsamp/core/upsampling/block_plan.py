"""The plan of blocked matrix products: the pieces of the images, and the matrices of blocks."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import compute_dtype
from upsamp.core.threads import size_among
from upsamp.core.upsampling.banded import (
    Band,
    Blocks,
    Tile,
    bands_of,
    gather_of,
    gathered_tiles,
    period_of,
    tiles_of,
)
from upsamp.core.upsampling.interpolation import AxisPlan
from upsamp.core.upsampling.rounding import (
    Grid,
    Integers,
    are_ties,
    grid_of,
    integers_of,
    is_sure,
    margin_of,
)

# Bytes of the sums of a strip at the most, and output elements of one of its rows. A smaller strip
# would stay in the second-level cache, but its calls would be so short that two threads would
# rather wait for each other than compute.
STRIP = 7 * 2**18
STRIP_WIDTH = 2**13
# An image is cut into so many strips at least, as long as each has so many elements: threads share
# them.
STRIPS = 4
STRIP_LEAST = 2**17
# Strips of a run, which keeps widened rows from one to the next, and how many runs there are at the
# least. Threads share whole runs: rows that are widened among others may be rounded otherwise.
RUN = 3
RUNS = 4
# Output rows of a block: longer ones multiply by more zeros, shorter ones are more products.
BLOCK_ROWS = 4
# The same where a row has so few elements that a product is little more than its call.
BLOCK_ROWS_NARROW = 32
NARROW = 2**8
# Output elements of a block of columns: BLAS computes them by sixteens.
BLOCK_ELEMENTS = 48
SIXTEEN = 16
# Up to so many channels, the matrix of an axis holds them all, and its zeros between different
# channels cost less than products of single channels would.
FEW_CHANNELS = 6
# Outputs of a block where a pixel's channels are an axis of their own.
BLOCK_PIXELS = 8


class Product(NamedTuple):
    """A band whose matrix is of the type and the shape to multiply with, its numbers likewise."""

    matrix: Array
    start: int
    stride: int
    output: int
    step: int
    blocks: int


class Part(NamedTuple):
    """A tile of one axis, with its products and the grid of its weights.

    products: `Blocks` where they are made when they are wanted: see `products_of`.
    """

    tile: Tile
    products: tuple[Product, ...] | Blocks
    grid: Grid


class Piece(NamedTuple):
    """Some rows of some columns of an image.

    margin: for integers, how far a sum may be off; None where each is rounded as if it were not.
    ties: whether each sum that comes as near to a half ought to be one.
    follows: whether what the piece above this one has widened is of the same form.
    """

    rows: Part
    columns: Part
    margin: float | None
    ties: bool
    follows: bool


class Rooms(NamedTuple):
    """The most numbers that any piece of an image has: as they come in, widened, and going out."""

    inputs: int
    widened: int
    outputs: int


@dataclass(frozen=True, eq=False)
class Scheme:
    """How images of one shape and type are interpolated.

    runs: the pieces of an image, in the order in which they are made. many: whether a pixel's
    channels are an axis of their own in the products. integers: None for floats. images: how many
    are done at once. rooms: what each of them takes of scratch memory.
    """

    plans: tuple[AxisPlan, AxisPlan]
    runs: tuple[tuple[Piece, ...], ...]
    channels: int
    many: bool
    sums: np.dtype[Any]
    integers: Integers | None
    images: int
    rooms: Rooms


@lru_cache(maxsize=8)
def scheme_of(
    row_plan: AxisPlan,
    column_plan: AxisPlan,
    channels: int,
    dtype: np.dtype[Any],
    threads: int = 1,
) -> Scheme:
    """Cut both axes into pieces, and make the matrices of their blocks.

    threads: among how many it is shared. Floats are cut alike for any number, as they may be
    rounded otherwise where they are cut otherwise.
    """
    integers = integers_of(dtype)
    strip = size_among(threads, STRIP) if integers else STRIP
    sums = integers.sums if integers else compute_dtype(dtype)
    many = channels > FEW_CHANNELS
    runs: list[tuple[Piece, ...]] = []
    parts = _column_parts(column_plan, channels, many, sums, integers)
    widest = max(part.tile.outputs for part in parts)
    for columns in parts:
        # Floats have the same rows in all parts, so that whole rows can be made apart from others.
        width = (columns.tile.outputs if integers else widest) * channels
        block = BLOCK_ROWS if width > NARROW else BLOCK_ROWS_NARROW
        even = -(-row_plan.length // STRIPS)
        most = max(1, min(strip // (width * sums.itemsize), max(even, STRIP_LEAST // width)))
        # An even number of strips alike, since two threads are the most common case.
        strips = -(-row_plan.length // most)
        if strips > 1:
            most = -(-row_plan.length // (strips + strips % 2)) + block
        tiles = _tiles(row_plan, block, most)
        margin: float | None = None
        pieces = []
        for rows in _parts(tiles, sums, 0):
            before, margin = margin, _margin(rows, columns, integers)
            ties = margin is not None and are_ties(rows.grid, columns.grid, margin)
            pieces.append(Piece(rows, columns, margin, ties, before == margin))
        count = max(RUNS, len(pieces) // RUN)
        bounds = [len(pieces) * run // count for run in range(count + 1)]
        runs += [tuple(pieces[start:stop]) for start, stop in pairwise(bounds) if stop > start]
    images = 1
    if len(runs) == len(runs[0]) == 1:
        images = max(1, STRIP_LEAST // (row_plan.length * column_plan.length * channels))
    rooms = _rooms([piece for run in runs for piece in run], channels)
    return Scheme(
        (row_plan, column_plan), tuple(runs), channels, many, sums, integers, images, rooms
    )


def _rooms(pieces: list[Piece], channels: int) -> Rooms:
    """Return the room that the largest pieces take."""
    tiles = [(piece.rows.tile, piece.columns.tile) for piece in pieces]
    return Rooms(
        max(rows.inputs * columns.inputs for rows, columns in tiles) * channels,
        max(rows.inputs * columns.outputs for rows, columns in tiles) * channels,
        max(rows.outputs * columns.outputs for rows, columns in tiles) * channels,
    )


def _column_parts(
    plan: AxisPlan, channels: int, many: bool, sums: np.dtype[Any], integers: Integers | None
) -> list[Part]:
    """Cut the columns into tiles of about the same width."""
    block = BLOCK_PIXELS if many else _block(period_of(plan), channels)
    most = max(1, STRIP_WIDTH // channels)
    outputs = plan.length
    even = -(-outputs // -(-outputs // most))
    if gather_of(plan):
        return _parts(_tiles(plan, block, even), sums, 0 if many else channels)
    bands = bands_of(plan, block)
    groups = [bands]
    if integers and len(bands) > 1:
        # At the edges weights are divided by sums, and are no multiples of a power of two.
        middle = max(bands, key=lambda band: band.count)
        inner, whole = _grid([middle]), _grid(bands)
        setting = integers.half, integers.sums
        if is_sure(inner, inner, *setting) and not is_sure(inner, whole, *setting):
            place = bands.index(middle)
            groups = [bands[:place], [middle], bands[place + 1 :]]
    tiles = [tile for group in groups if group for tile in tiles_of(group, even)]
    return _parts(tiles, sums, 0 if many else channels)


def _tiles(plan: AxisPlan, block: int, most: int) -> Iterable[Tile]:
    """Cut an axis into tiles of up to `most` outputs, which are blocks of about `block`."""
    gather = gather_of(plan)
    if gather:
        return gathered_tiles(plan, gather, block, most)
    return tiles_of(bands_of(plan, block), most)


def _block(period: int, channels: int) -> int:
    """Return how many outputs a block of columns has, where their phases come again by `period`.

    >>> _block(2, 1), _block(2, 3), _block(3, 3), _block(2, 4)
    (32, 16, 15, 8)
    """
    step = period * channels
    for elements in range(2 * SIXTEEN, 4 * SIXTEEN + 1, SIXTEEN):
        if elements % step == 0:
            return elements // channels
    return max(1, BLOCK_ELEMENTS // step) * period


def _margin(rows: Part, columns: Part, integers: Integers | None) -> float | None:
    """Return how far a sum of integers may be off, or None where it is rounded rightly anyway."""
    if integers is None or is_sure(rows.grid, columns.grid, integers.half, integers.sums):
        return None
    return margin_of(rows.grid, columns.grid, integers.half, integers.sums)


def _grid(bands: Sequence[Band]) -> Grid:
    """Return what the weights of some bands are multiples of."""
    return grid_of([band.weights for band in bands], [band.totals for band in bands])


def _parts(tiles: Iterable[Tile], dtype: np.dtype[Any], channels: int) -> list[Part]:
    """Make the matrices; channels: how many they hold, or 0 where they stand on the left.

    Tiles alike share their products.
    """
    matrices: dict[int, Array] = {}
    alike: dict[tuple[tuple[int, ...], ...], tuple[Product, ...]] = {}
    grids: dict[tuple[int, ...], Grid] = {}
    parts = []
    for tile in tiles:
        if isinstance(tile.bands, Blocks):
            tables = [table for _, table in tile.bands.tables()]
            grid = grid_of(
                [table.weights for table in tables],
                [table.shares.sum(axis=1) for table in tables],
            )
            parts.append(Part(tile, tile.bands, grid))
            continue
        products = tuple(_product(band, dtype, channels, matrices) for band in tile.bands)
        same = tuple((id(product.matrix), *product[1:]) for product in products)
        products = alike.setdefault(same, products)
        key = tuple(id(band.weights) for band in tile.bands)
        if key not in grids:
            grids[key] = _grid(tile.bands)
        parts.append(Part(tile, products, grids[key]))
    return parts


def _product(
    band: Band, dtype: np.dtype[Any], channels: int, matrices: dict[int, Array]
) -> Product:
    """Return a band in the form to multiply with; bands of the same weights share their matrix."""
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


class Made(list[Product]):
    """Products that threads share as long as one of them holds these."""


def products_of(part: Part, dtype: np.dtype[Any], channels: int) -> tuple[Product, ...] | Made:
    """Return the products of a part; channels: as in `_parts`."""
    if not isinstance(part.products, Blocks):
        return part.products
    with MAKING:  # or each of some threads would make the same, and keep it
        made = MADE.get(part.products)
        if made is None:
            bands = part.products.make()
            made = Made(_product(band, dtype, channels, {}) for band in bands)
            MADE[part.products] = made
        blocks = part.products
        if channels and (blocks.bounds[0], blocks.bounds[-1]) == (0, blocks.gather.rule.target):
            RECENT.append(made)
    return made


MADE: WeakValueDictionary[Blocks, Made] = WeakValueDictionary()
MAKING = Lock()
# The last ones of all columns, which the next call may want: they take the longest to make.
RECENT: deque[Made] = deque(maxlen=1)
