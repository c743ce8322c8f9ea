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
from upsamp.core.upsampling.interpolation import AxisPlan, Gather, Run, as_array

__all__ = ["Band", "Taps", "Tile", "bands_of", "period_of", "taps_of", "tiles_of"]


# Outputs of an axis from which its taps are kept for one period alone.
LONG = 2**13


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
class Tile:
    """Neighbouring bands, whose numbers count from the tile's first input and output."""

    first: int
    inputs: int
    output: int
    outputs: int
    bands: tuple[Band, ...]

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
    """

    inputs: Array
    weights: Array
    shares: Array
    period: int = 1
    begin: int = 0
    rounds: int = 1
    shift: int = 0

    def at(self, outputs: Array) -> tuple[Array, Array]:
        """Return the inputs and the weights of some outputs.

        >>> from upsamp.core.upsampling.interpolation import plan_axis
        >>> taps_of(plan_axis(10**6, 2 * 10**6, "bilinear")).at(np.array([0, 7, 2 * 10**6 - 2]))[0]
        array([[     0,      0],
               [     3,      4],
               [999998, 999999]])
        """
        inputs, index = self._find(outputs)
        return inputs, self.weights[index]

    def shares_at(self, outputs: Array) -> tuple[Array, Array]:
        """Return the inputs and the shares of some outputs."""
        inputs, index = self._find(outputs)
        return inputs, self.shares[index]

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
    first, weights, totals = _dense(plan, begin, begin + size)
    following, *_ = _dense(plan, begin + size, begin + 2 * size)
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
    blocks = max(1, round((end - begin) / most))
    bounds = [begin + (end - begin) * block // blocks for block in range(blocks + 1)]
    for start, stop in pairwise(bounds):
        if stop > start:
            first, weights, totals = _dense(plan, start, stop)
            yield Band(weights, totals, first, 0, start, 0, 1)


def _dense(plan: AxisPlan, begin: int, end: int) -> tuple[int, Array, Array]:
    """Return the first input of some outputs, their weights as (outputs, inputs), and totals."""
    taps, outputs = taps_of(plan), np.arange(begin, end)
    inputs, weights = taps.at(outputs)
    _, shares = taps.shares_at(outputs)
    reach = plan.reach(slice(begin, end))
    block = np.zeros((end - begin, reach.stop - reach.start))
    rows = np.broadcast_to(np.arange(end - begin)[:, np.newaxis], inputs.shape)
    used = weights != 0
    block[rows[used], inputs[used] - reach.start] = weights[used]
    return reach.start, block, shares.sum(axis=1)


@lru_cache(maxsize=16)
def taps_of(plan: AxisPlan) -> Taps:
    """Return every output's inputs and weights in one table, or in one period of it."""
    period, begin, end = _interior(plan)
    rounds = (end - begin) // period
    if plan.length <= LONG or rounds < 2:
        return Taps(*_table(plan, np.arange(plan.length)))
    outputs = np.concatenate([np.arange(begin + period), np.arange(end, plan.length)])
    inputs, weights, shares = _table(plan, outputs)
    shift = next(run.stride for run in plan.pieces if isinstance(run, Run) and run.count > 1)
    inputs[begin + period :] -= (rounds - 1) * shift
    return Taps(inputs, weights, shares, period, begin, rounds, shift)


def _table(plan: AxisPlan, outputs: Array) -> tuple[Array, Array, Array]:
    """Return the inputs, the weights and the shares of some outputs, (outputs, taps)."""
    most = max(
        piece.inputs.shape[1] if isinstance(piece, Gather) else len(piece.inputs)
        for piece in plan.pieces
    )
    inputs = np.empty((len(outputs), most), np.int32)
    weights = np.zeros((len(outputs), most))
    tables = [
        piece.shares if isinstance(piece, Gather) else as_array([piece.shares])
        for piece in plan.pieces
    ]
    shares = np.zeros((len(outputs), most), np.result_type(*tables))
    for piece, table in zip(plan.pieces, tables, strict=True):
        if isinstance(piece, Gather):
            _, here, there = np.intersect1d(
                outputs, piece.outputs, assume_unique=True, return_indices=True
            )
            taps = slice(piece.inputs.shape[1])
            inputs[here] = piece.inputs[there].min(axis=1, keepdims=True)
            inputs[here, taps], weights[here, taps] = piece.inputs[there], piece.weights[there]
            shares[here, taps] = table[there]
            continue
        position, rest = np.divmod(outputs - piece.output, piece.step)
        here = np.flatnonzero((rest == 0) & (position >= 0) & (position < piece.count))
        taps = slice(len(piece.inputs))
        shifts = position[here, np.newaxis] * piece.stride
        inputs[here] = min(piece.inputs) + shifts
        inputs[here, taps] = np.array(piece.inputs) + shifts
        weights[here, taps], shares[here, taps] = piece.weights, table
    return inputs, weights, shares
