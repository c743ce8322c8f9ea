"""The plan of an axis as small dense matrices: blocks of outputs that read neighbouring inputs.

A weighted sum for each output is a product with a banded matrix. Cut into blocks of a few
outputs, the band becomes small dense matrices, and away from the edges all of them are the same.
So nearly all the work of an axis is one product that NumPy repeats over a strided view.

Blocks are put together to tiles, whose inputs and outputs fit in a cache.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.upsampling.interpolation import MAX_TOTAL, AxisPlan, Gather, Run, Table

# Outputs of an axis from which its taps are kept for one period alone.
LONG = 2**13
# Outputs whose taps are computed at a time, where they are not kept.
PAGE = 2**8


@dataclass(frozen=True, eq=False)
class Band:
    """`count` blocks of outputs with the same weights.

    Block k makes the outputs `output` + k * `step` and the following ones out of the inputs
    `start` + k * `stride` and the following ones. weights: (outputs of a block, inputs of a block),
    float64. totals: (outputs of a block,), the sum of the shares of each.
    """

    weights: Array
    totals: Array
    start: int
    stride: int
    output: int
    step: int
    count: int


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks of outputs that each have their own weights, which are made when they are asked for.

    bounds: between which outputs the blocks lie.
    """

    gather: Gather
    bounds: tuple[int, ...]

    def make(self) -> Iterator[Band]:
        """Yield the bands, whose numbers count from the first input and output; without totals."""
        origin: int | None = None
        for bounds, table in self.tables():
            inputs, weights = table.inputs, table.weights
            origin = int(inputs.min()) if origin is None else origin
            for start, stop in pairwise(bounds):
                part = slice(start - bounds[0], stop - bounds[0])
                first, matrix = _dense(inputs[part], weights[part])
                output = start - self.bounds[0]
                yield Band(matrix, np.empty(0, np.int64), first - origin, 0, output, 0, 1)

    def tables(self) -> Iterator[tuple[tuple[int, ...], Table]]:
        """Yield the bounds of some blocks, and what their outputs read, from first to last."""
        count = max(1, PAGE // (self.bounds[1] - self.bounds[0]))
        for start in range(0, len(self.bounds) - 1, count):
            bounds = self.bounds[start : start + count + 1]
            yield bounds, self.gather.table(np.arange(bounds[0], bounds[-1]))


@dataclass(frozen=True, eq=False)
class Tile:
    """Neighbouring bands, whose numbers count from the tile's first input and output."""

    first: int
    inputs: int
    output: int
    outputs: int
    bands: tuple[Band, ...] | Blocks

    @property
    def source(self) -> slice:
        """Return the tile's inputs."""
        return slice(self.first, self.first + self.inputs)

    @property
    def target(self) -> slice:
        """Return the tile's outputs."""
        return slice(self.output, self.output + self.outputs)


@dataclass(frozen=True, eq=False)
class Taps:
    """The inputs and weights of the outputs of an axis, in the order in which they are summed.

    inputs, weights: (outputs, taps). An output with fewer taps than others has weights of zero, for
    the first input that it reads.
    shares: the same weights as whole numbers, (outputs, taps).
    Of a long axis whose weights come again after `period` outputs the tables hold one period; from
    output `begin` on it stands for `rounds` of them, each `shift` inputs on.
    gather: of a long axis whose weights do not come again, what makes them where they are asked
    for; the tables then hold the first outputs.
    """

    inputs: Array
    weights: Array
    shares: Array
    period: int = 1
    begin: int = 0
    rounds: int = 1
    shift: int = 0
    gather: Gather | None = None

    def at(self, outputs: Array) -> tuple[Array, Array]:
        """Return the inputs and the weights of some outputs.

        >>> from upsamp.core.upsampling.interpolation import plan_axis
        >>> taps_of(plan_axis(10**6, 2 * 10**6, "bilinear")).at(np.array([0, 7, 2 * 10**6 - 2]))[0]
        array([[     0,      0],
               [     3,      4],
               [999998, 999999]])
        """
        if self.gather:
            table, index = self._make(self.gather, outputs)
            return table.inputs[index], table.weights[index]
        inputs, index = self._find(outputs)
        return inputs, self.weights[index]

    def shares_at(self, outputs: Array) -> tuple[Array, Array]:
        """Return the inputs and the shares of some outputs."""
        if self.gather:
            table, index = self._make(self.gather, outputs)
            return table.inputs[index], table.shares[index]
        inputs, index = self._find(outputs)
        return inputs, self.shares[index]

    @staticmethod
    def _make(gather: Gather, outputs: Array) -> tuple[Table, Array]:
        """Return the table of some outputs, and where each of these is in it."""
        some, index = np.unique(outputs, return_inverse=True)
        return gather.table(some), index

    def _find(self, outputs: Array) -> tuple[Array, Array]:
        """Return the inputs of some outputs, and where in the tables these are."""
        if self.rounds == 1:
            return self.inputs[outputs], outputs
        rounds = np.clip((outputs - self.begin) // self.period, 0, self.rounds - 1)
        index = outputs - rounds * self.period
        return self.inputs[index] + rounds[:, np.newaxis] * self.shift, index


def bands_of(plan: AxisPlan, most: int) -> list[Band]:
    """Cut an axis into blocks of about `most` outputs.

    >>> from upsamp.core.upsampling.interpolation import plan_axis
    >>> [band.count for band in bands_of(plan_axis(64, 128, "bilinear"), 8)]
    [1, 15, 1]
    """
    length = plan.length
    period, begin, end = _interior(plan)
    size = max(1, most // period) * period
    count = (end - begin) // size
    if count < 2:
        return list(_single_blocks(plan, 0, length, most))
    stop = begin + count * size
    first, weights, totals = _block(plan, begin, begin + size)
    following, *_ = _block(plan, begin + size, begin + 2 * size)
    middle = Band(weights, totals, first, following - first, begin, size, count)
    return [
        *_single_blocks(plan, 0, begin, most),
        middle,
        *_single_blocks(plan, stop, length, most + size),
    ]


def tiles_of(bands: Iterable[Band], most: int) -> list[Tile]:
    """Put blocks together, as long as a tile has no more than `most` outputs."""
    tiles: list[Tile] = []
    group: list[Band] = []
    outputs = 0
    for band in bands:
        rest = band
        while rest.count:
            fit = min(rest.count, (most - outputs) // len(rest.weights))
            if fit < 1 and group:
                tiles.append(_tile(group))
                group, outputs = [], 0
                continue
            part, rest = _cut(rest, max(1, fit))
            group.append(part)
            outputs += part.count * len(part.weights)
    tiles.append(_tile(group))
    return tiles


def _cut(band: Band, count: int) -> tuple[Band, Band]:
    """Return the first `count` blocks of a band, and the rest."""
    rest = replace(
        band,
        start=band.start + count * band.stride,
        output=band.output + count * band.step,
        count=band.count - count,
    )
    return replace(band, count=count), rest


def _tile(bands: list[Band]) -> Tile:
    """Let the numbers of some bands count from their own first input and output."""
    first = min(band.start for band in bands)
    last = max(
        band.start + (band.count - 1) * band.stride + band.weights.shape[1] for band in bands
    )
    output = bands[0].output
    outputs = sum(band.count * len(band.weights) for band in bands)
    moved = (replace(band, start=band.start - first, output=band.output - output) for band in bands)
    return Tile(first, last - first, output, outputs, tuple(moved))


def period_of(plan: AxisPlan) -> int:
    """Return after how many outputs the weights come again; 1 where they do not."""
    return _interior(plan)[0]


def _interior(plan: AxisPlan) -> tuple[int, int, int]:
    """Return the period of the weights, and the outputs between which every phase has its run."""
    runs = [piece for piece in plan.pieces if isinstance(piece, Run) and piece.count > 1]
    period = runs[0].step if runs else 1
    if len(runs) < period or not runs:
        return 1, 0, 0
    begin = max(run.output // period for run in runs)
    end = min(run.output // period + run.count for run in runs)
    return period, begin * period, max(begin, end) * period


def _single_blocks(plan: AxisPlan, begin: int, end: int, most: int) -> Iterator[Band]:
    """Cut the outputs from `begin` to before `end` into blocks that each have their own weights."""
    for start, stop in pairwise(_bounds(begin, end, most)):
        if stop > start:
            first, weights, totals = _block(plan, start, stop)
            yield Band(weights, totals, first, 0, start, 0, 1)


def _bounds(begin: int, end: int, most: int) -> Iterator[int]:
    """Yield between which outputs blocks of about so many lie."""
    blocks = max(1, round((end - begin) / most))
    return (begin + (end - begin) * block // blocks for block in range(blocks + 1))


def gathered_tiles(plan: AxisPlan, gather: Gather, block: int, most: int) -> Iterator[Tile]:
    """Yield the tiles of a plan of many phases, as `tiles_of` its blocks of about `block`."""
    group = [0]
    for start, stop in pairwise(_bounds(0, plan.length, block)):
        if stop - group[0] > most and start > group[0]:
            yield _gathered_tile(plan, gather, group)
            group = [start]
        group.append(stop)
    yield _gathered_tile(plan, gather, group)


def _gathered_tile(plan: AxisPlan, gather: Gather, bounds: list[int]) -> Tile:
    begin, end = bounds[0], bounds[-1]
    reach = plan.reach(slice(begin, end))
    inputs = reach.stop - reach.start
    return Tile(reach.start, inputs, begin, end - begin, Blocks(gather, tuple(bounds)))


def _block(plan: AxisPlan, begin: int, end: int) -> tuple[int, Array, Array]:
    """Return the first input of some outputs, their weights as (outputs, inputs), and totals."""
    taps, outputs = taps_of(plan), np.arange(begin, end)
    _, shares = taps.shares_at(outputs)
    return *_dense(*taps.at(outputs)), shares.sum(axis=1)


def _dense(inputs: Array, weights: Array) -> tuple[int, Array]:
    """Return the first of the inputs of some outputs, and their weights as (outputs, inputs)."""
    first = int(inputs.min())
    block = np.zeros((len(inputs), int(inputs.max()) + 1 - first))
    rows, taps = np.nonzero(weights)
    block[rows, inputs[rows, taps] - first] = weights[rows, taps]
    return first, block


@lru_cache(maxsize=16)
def taps_of(plan: AxisPlan) -> Taps:
    """Return every output's inputs and weights in one table, or in one period of it."""
    gather = gather_of(plan)
    if gather:
        table = gather.table(np.arange(min(plan.length, LONG)))
        kept = table.inputs, table.weights, table.shares
        return Taps(*kept, gather=gather if plan.length > LONG else None)
    if plan.length <= LONG:
        return Taps(*_table(plan, np.arange(plan.length)))
    return repeated_taps(plan)


def repeated_taps(plan: AxisPlan) -> Taps:
    """Return the taps of a plan of runs, in one period of them where they come again."""
    period, begin, end = _interior(plan)
    rounds = (end - begin) // period
    if rounds < 2:
        return Taps(*_table(plan, np.arange(plan.length)))
    outputs = np.concatenate([np.arange(begin + period), np.arange(end, plan.length)])
    inputs, weights, shares = _table(plan, outputs)
    shift = next(run.stride for run in plan.pieces if isinstance(run, Run) and run.count > 1)
    inputs[begin + period :] -= (rounds - 1) * shift
    return Taps(inputs, weights, shares, period, begin, rounds, shift)


def gather_of(plan: AxisPlan) -> Gather | None:
    """Return what makes the weights of a plan of many phases."""
    (piece, *_) = plan.pieces
    return piece if isinstance(piece, Gather) else None


def _table(plan: AxisPlan, outputs: Array) -> tuple[Array, Array, Array]:
    """Return the inputs, the weights and the shares of some outputs of runs, (outputs, taps)."""
    runs = [piece for piece in plan.pieces if isinstance(piece, Run)]
    most = max(len(run.inputs) for run in runs)
    inputs = np.empty((len(outputs), most), np.int32)
    weights = np.zeros((len(outputs), most))
    small = all(sum(map(abs, run.shares)) < MAX_TOTAL for run in runs)
    tables = [np.array(run.shares, np.int64 if small else object) for run in runs]
    shares = np.zeros((len(outputs), most), np.result_type(*tables))
    for run, table in zip(runs, tables, strict=True):
        position, rest = np.divmod(outputs - run.output, run.step)
        here = np.flatnonzero((rest == 0) & (position >= 0) & (position < run.count))
        taps = slice(len(run.inputs))
        shifts = position[here, np.newaxis] * run.stride
        inputs[here] = min(run.inputs) + shifts
        inputs[here, taps] = np.array(run.inputs) + shifts
        weights[here, taps], shares[here, taps] = run.weights, table
    return inputs, weights, shares
