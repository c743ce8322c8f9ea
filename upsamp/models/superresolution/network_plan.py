"""How a picture goes through a network: padded where it must be, and tile by tile."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, NoReturn

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.memory import available_memory, check_limit, format_bytes, memory_limit
from upsamp.errors import ArgumentError, MemoryLimitError, ShapeError
from upsamp.models.superresolution.flat_graph import PROBE, FlatGraph
from upsamp.models.superresolution.tiling import AxisTiling, Tile

# Bytes that the arrays of a tile take where nothing bounds them: more is no faster.
WANTED = 2**25
# Least side of a tile that is tried.
LEAST_TILE = 16
# As many positions may be repeated at the edges of any picture.
MOST_REPEATED = 2**12
OVERLAP = "its tiles must overlap by what a pixel depends on"
# Up to this many bytes the system is not asked.
GRANTED = 2**28


@dataclass(frozen=True, eq=False)
class NetworkPlan:
    """Tiles of one picture.

    size: the rows and columns of the picture. padded: those that the network gets, whose picture
    begins at `before`; the pixels of its edges are repeated. target: the rows and columns of the
    result, which begins at `crop` in what the network gives. rows, columns: the tiles.
    """

    graph: FlatGraph
    size: Pair
    padded: Pair
    before: Pair
    crop: Pair
    target: Pair
    rows: list[Tile]
    columns: list[Tile]

    @property
    def nbytes(self) -> int:
        """The bytes that are taken besides the picture and a band of the result."""
        rows, columns = self.rows[0], self.columns[0]
        tile = rows.stop - rows.start, columns.stop - columns.start
        channels = self.graph.channels or 1
        total: int = self.graph.peak(tile) + 4 * channels * tile[0] * self.padded[1]
        return total

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what a user could not guess."""
        if self.padded == self.size:
            return ()
        rows, columns = self.padded
        note = f"the network needs {columns}x{rows} pixels, so those at the edges are repeated"
        return (note,)

    def bands(self, read: Callable[[slice], Array]) -> Iterator[tuple[slice, Array]]:
        """Yield the rows of the result, some at a time, and the values (rows, W, C) in them.

        read: returns some rows of the picture, (rows, W, C), in the range of the network.
        """
        for tile in self.rows:
            kept = _cropped(tile.kept, self.crop[0], self.target[0])
            if kept.stop <= kept.start:
                continue
            band = self._band(tile, self._read(read, tile))
            first = max(0, self.crop[0] - tile.kept.start)
            yield kept, band[first : first + kept.stop - kept.start]

    def _band(self, tile: Tile, rows: Array) -> Array:
        """Return what a tile of rows becomes, in all columns of the result."""
        height = tile.kept.stop - tile.kept.start
        band: Array | None = None
        for column in self.columns:
            made = self.graph.run(rows[:, column.start : column.stop])
            if band is None:
                band = np.empty((height, self.target[1], made.shape[2]), made.dtype)
            kept = _cropped(column.kept, self.crop[1], self.target[1])
            first = column.first + max(0, self.crop[1] - column.kept.start)
            stop = first + max(0, kept.stop - kept.start)
            band[:, kept.start : max(kept.start, kept.stop)] = made[
                tile.first : tile.first + height, first:stop
            ]
        return np.empty((0, 0, 0)) if band is None else band

    def _read(self, read: Callable[[slice], Array], tile: Tile) -> Array:
        """Return the rows of a tile in all columns, those beyond the picture repeated."""
        places = [
            np.clip(np.arange(start, stop) - before, 0, length - 1)
            for start, stop, before, length in zip(
                (tile.start, 0), (tile.stop, self.padded[1]), self.before, self.size, strict=True
            )
        ]
        low, high = int(places[0][0]), int(places[0][-1]) + 1
        rows = read(slice(low, high))
        if (high - low, self.size[1]) == (tile.stop - tile.start, self.padded[1]):
            return rows
        return rows[places[0] - low][:, places[1]]


def _cropped(kept: slice, crop: int, length: int) -> slice:
    """Return which positions of a cropped result some of the whole are."""
    return slice(max(0, kept.start - crop), min(length, kept.stop - crop))


def plan_network(
    graph: FlatGraph,
    scale: tuple[Fraction, Fraction],
    size: Pair,
    room: int | None = None,
    tile: int | None = None,
    *,
    free: bool = True,
) -> NetworkPlan:
    """Plan the tiles of a picture of `size`, (rows, columns).

    room: the bytes that a tile may take; None is what is fast. tile: the rows and columns of a
    tile. free: whether the network takes pictures of any size, and so tiles.
    """
    target = int(size[0] * scale[0]), int(size[1] * scale[1])
    if not free:
        rows, columns = (
            [Tile(0, length, slice(0, made), 0)] for length, made in zip(size, target, strict=True)
        )
        check_room(graph, size, room, lambda: "it takes pictures of one size alone")
        return NetworkPlan(graph, size, size, (0, 0), (0, 0), target, rows, columns)
    margins, padded = [_Margin(0, 0, 0)] * 2, size
    if not _gives(graph, size, target):
        margins = [_margin(graph, scale[axis], axis) for axis in (0, 1)]
        padded = _pad(
            graph,
            [size[axis] + margins[axis].before + margins[axis].after for axis in (0, 1)],
            [target[axis] + margins[axis].crop for axis in (0, 1)],
        )
    rows, columns = _cut(graph, padded, room, tile)
    before, crop = ((margins[0][place], margins[1][place]) for place in (0, 1))
    return NetworkPlan(graph, size, padded, before, crop, target, rows, columns)


def _gives(graph: FlatGraph, size: Pair, target: Pair) -> bool:
    """Tell whether a picture as it is has a result of this size."""
    try:
        return graph.size_of(size) == target
    except ShapeError:
        return False


class _Margin(NamedTuple):
    """How many positions are repeated before a picture and after it, and how many cut off then."""

    before: int
    crop: int
    after: int


def _margin(graph: FlatGraph, scale: Fraction, axis: int) -> _Margin:
    """Return what makes up for layers that leave out edges, or add some: on both sides alike."""
    added = graph.size_of((PROBE, PROBE))[axis] - int(PROBE * scale)
    if added >= 0:
        return _Margin(0, added // 2, 0)
    missing = -added // 2
    before = math.ceil(missing / scale)
    before += -before % scale.denominator
    after = math.ceil((-added - missing) / scale)
    return _Margin(before, int(before * scale) - missing, after)


def _pad(graph: FlatGraph, sides: Sequence[int], least: Sequence[int]) -> Pair:
    """Return the rows and columns, at least `sides`, whose result has at least this many.

    Where strides need multiples, the next ones are taken.
    """
    steps = [AxisTiling(graph, (PROBE, PROBE), axis).step for axis in (0, 1)]
    rounded = [side + -side % step for side, step in zip(sides, steps, strict=True)]
    longer = [side + step for side, step in zip(rounded, steps, strict=True)]
    reason = ""
    for trial in (sides, rounded, longer):
        if max(trial) > 2 * max(sides) + MOST_REPEATED:
            continue
        try:
            made = graph.size_of((trial[0], trial[1]))
        except ShapeError as error:
            reason = str(error)
            continue
        if all(one >= wanted for one, wanted in zip(made, least, strict=True)):
            return trial[0], trial[1]
        reason = (
            reason or f"Its result has {made[1]}x{made[0]}, and {least[1]}x{least[0]} are needed."
        )
    raise ShapeError(
        "A network must take pictures of such a size. "
        f"Received: {sides[1]}x{sides[0]} pixels. {reason}"
    )


def _cut(
    graph: FlatGraph, size: Pair, room: int | None, tile: int | None
) -> tuple[list[Tile], list[Tile]]:
    """Return the tiles of the rows and of the columns."""
    each = graph.peak((PROBE, PROBE)) / PROBE**2
    budget = min(room or WANTED, WANTED)
    tilings = AxisTiling(graph, size, 0), AxisTiling(graph, size, 1)
    if tile is not None:
        rows, columns = (tiling.cut(tile) for tiling in tilings)
        if not (rows and columns):
            _refuse_tile(tilings[bool(rows)], tile)
    else:
        # All columns of a band of the result are held beside a tile.
        band = 4 * (graph.channels or 1) * graph.size_of(size)[1] * tilings[0].rate
        side = min(math.isqrt(int(budget / each)), int(budget / band))
        rows = _cut_axis(tilings[0], max(LEAST_TILE, side))
        side = int(budget / each) // (rows[0].stop - rows[0].start)
        columns = _cut_axis(tilings[1], max(LEAST_TILE, side))
    largest = rows[0].stop - rows[0].start, columns[0].stop - columns[0].start
    whole = [one for one, tiles in zip(tilings, (rows, columns), strict=True) if len(tiles) == 1]
    check_room(graph, largest, room, lambda: (whole and whole[0].obstacle()) or OVERLAP)
    return rows, columns


def _cut_axis(tiling: AxisTiling, longest: int) -> list[Tile]:
    """Return tiles of this many positions, or of more where these are not exact, or wasteful.

    That is where more than half of what is computed of a tile is for its edges.
    """
    while True:
        tiles = tiling.cut(longest)
        if tiles and (len(tiles) < 3 or tiles[1].start - tiles[0].start >= longest // 2):
            return tiles
        longest *= 2


def _refuse_tile(tiling: AxisTiling, tile: int) -> NoReturn:
    """Raise where tiles are too small to be exact, and say what is enough."""
    reason = tiling.obstacle()
    if reason:
        raise ArgumentError(
            f"--tile must be for networks that take tiles. Received: {tile}, and {reason}. "
            "Leave --tile out."
        )
    enough = tile
    while not tiling.cut(enough):
        enough += max(1, enough // 8)
    raise ArgumentError(
        "--tile must be larger than what a pixel of the result depends on. "
        f"Received: {tile}. Use --tile {enough} or more."
    )


def check_room(graph: FlatGraph, tile: Pair, room: int | None, reason: Callable[[], str]) -> None:
    """Raise `MemoryLimitError` where a tile takes more bytes than it may.

    reason: says why it is no smaller.
    """
    needed = graph.peak(tile)
    if needed <= (GRANTED if room is None else min(room, GRANTED)):
        return
    what = f"a network on {tile[1]:,} x {tile[0]:,} pixels at once, as {reason()}"
    if room is not None and needed > room:
        check_limit(needed + (memory_limit() or 0) - room, what)
    if needed > available_memory():
        raise MemoryLimitError(
            f"There must be memory for {what}. Received: {format_bytes(available_memory())}, where "
            f"it takes {format_bytes(needed)}. Use a smaller picture."
        )
