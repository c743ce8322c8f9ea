"""Tiles of a picture whose results, put together, are those of the whole picture at once.

A tile is computed as if it were a picture. That changes what depends on positions beyond its
borders: there a layer pads, clamps or leaves out. Which outputs those are is asked of the layers'
own geometry: an output of a tile is exact where each layer reads the same positions for it as in
the whole picture, and all of those are exact.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.geometry.reach import Reach
from upsamp.errors import ShapeError
from upsamp.models.graph import Source
from upsamp.models.superresolution.flat_graph import FlatGraph

# Longer arrays are not followed: no picture has as many rows or columns on its way.
MOST_POSITIONS = 2**22
# More positions than a result depends on, unless it depends on all.
LARGE = 4096


class Tile(NamedTuple):
    """Positions of a picture along one axis, and those of the result that they are good for.

    start, stop: of the picture. kept: of the whole result. first: where `kept` begins in the
    result of the tile.
    """

    start: int
    stop: int
    kept: slice
    first: int


@dataclass(frozen=True, eq=False)
class AxisTiling:
    """Finds tiles along the rows (0) or the columns (1) of a picture of this size."""

    graph: FlatGraph
    size: Pair
    axis: int
    _reaches: dict[Pair, Reach | None] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """The positions of the picture."""
        return self.size[self.axis]

    @cached_property
    def step(self) -> int:
        """What the starts of tiles must be multiples of, so that no stride falls between."""
        rates = [rate[self.axis] for rate in self.graph.rates if rate is not None]
        return math.lcm(*(rate.denominator for rate in rates))

    @property
    def rate(self) -> Fraction:
        """How many positions the result has for each."""
        rate = self.graph.rates[self.graph.output.call]
        return rate[self.axis] if rate else Fraction(0)

    def cut(self, longest: int) -> list[Tile]:
        """Return tiles of at most this many positions; none where such tiles would not be exact.

        All have one length. Each starts at a multiple of `step`, and as long as there are strides
        ends where the whole would, too.
        """
        whole = self.graph.size_of(self.size)[self.axis]
        if longest >= self.length:
            return [Tile(0, self.length, slice(0, whole), 0)]
        most = longest - (longest - self.length) % self.step
        tiles: list[Tile] = []
        start, done = 0, 0
        while most > 0 and done < whole:
            try:
                exact = self.exact(start, most)[-1]
            except ShapeError:  # of a layer that takes no images as small
                return []
            first = done - math.floor(start * self.rate)
            begin, end = _run_from(exact, first)
            if begin == first:
                done += end - begin
                tiles.append(Tile(start, start + most, slice(done - (end - begin), done), first))
                start = min(math.floor(done / self.rate), self.length - most)
            else:  # nearer to the one before, from whose results it would be too far
                start -= math.ceil((begin - first) / self.rate)
            start = start // self.step * self.step
            if start <= (tiles[-1].start if tiles else 0) and done < whole:
                return []
        return tiles

    def obstacle(self) -> str:
        """Say which layer reads all of the picture, or what keeps no positions; "" where none does.

        A tile of half of any large picture has no exact outputs behind it.
        """
        half = LARGE + -LARGE % self.step
        exact = AxisTiling(self.graph, (2 * half, 2 * half), self.axis).exact(0, half)
        for number, call in enumerate(self.graph.calls):
            before = [exact[source.call] for source in call.sources]
            if not exact[number].any() and all(one.any() for one in before):
                return f"layer '{call.layer.name}' ({call.layer.type_name}) reads all of a picture"
        return ""

    def exact(self, start: int, length: int) -> list[Array]:
        """Return for each call which outputs of a tile are those that the whole has there."""
        sides = [length if axis == self.axis else self.size[axis] for axis in (0, 1)]
        part = self.graph.shapes((sides[0], sides[1]))
        exact = [np.ones(length, bool)]
        for number, call in enumerate(self.graph.calls[1:], 1):
            output = self.graph.lengths(part[number][0])
            known = output is not None and max(output) <= MOST_POSITIONS
            found = np.ones(output[self.axis] if output and known else 0, bool)
            for source in call.sources:
                found &= self._exact_from(number, source, exact[source.call], start, len(found))
            exact.append(found)
        return [*exact, exact[self.graph.output.call]]

    def _exact_from(
        self, number: int, source: Source, exact: Array, start: int, outputs: int
    ) -> Array:
        """Return which outputs of a call read from a source what they read in the whole.

        exact: which positions of the source are those of the whole. Where that cannot be told, none
        is.
        """
        call = self.graph.calls[number]
        if call.layer.training_effect in ("batch", "random") and call.trains(False):
            return np.zeros(outputs, bool)  # of the whole picture, or drawn in the order of tiles
        before, after = self._places(source.call, start), self._places(number, start)
        whole = self._whole_reach(number, source) if outputs else None
        if whole is None or before is None or after is None:
            return np.zeros(outputs, bool)
        own = call.layer.reach(self.axis, len(exact))
        if own is None:
            return np.zeros(outputs, bool)
        first, last = (one[after : after + outputs] for one in whole)
        (begin, end), empty = own, own[0] > own[1]
        if not len(first) == len(begin) == outputs:
            return np.zeros(outputs, bool)
        same = np.where(empty, first > last, (begin + before == first) & (end + before == last))
        wrong = np.append(0, np.cumsum(~exact))
        begin, end = np.where(empty, 0, begin), np.where(empty, -1, end)
        clean: Array = wrong[end + 1] == wrong[begin]
        return clean & same

    def _places(self, number: int, start: int) -> int | None:
        """Return where a call's result of a tile begins in that of the whole."""
        rate = self.graph.rates[number]
        place = None if rate is None else start * rate[self.axis]
        return None if place is None or place.denominator > 1 else int(place)

    def _whole_reach(self, number: int, source: Source) -> Reach | None:
        """Return what the outputs of a call read from a source in the whole picture."""
        key = number, source.call
        if key not in self._reaches:
            shapes = self.graph.shapes(self.size)
            ends = shapes[source.call][source.output], shapes[number][0]
            lengths, made = (self.graph.lengths(shape) for shape in ends)
            self._reaches[key] = None
            if lengths and made and max(*lengths, *made) <= MOST_POSITIONS:
                layer = self.graph.calls[number].layer
                self._reaches[key] = layer.reach(self.axis, lengths[self.axis])
        return self._reaches[key]


def _run_from(exact: Array, first: int) -> tuple[int, int]:
    """Return where values that are exact begin, from `first` on, and where they end.

    >>> _run_from(np.array([False, False, True, True, False]), 1)
    (2, 4)
    """
    begin = first + int(np.argmax(np.append(exact[first:], True)))
    return begin, begin + int(np.argmin(np.append(exact[begin:], False)))
