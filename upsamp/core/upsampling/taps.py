"""What single outputs of an axis read, and plans of parts of an axis."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.upsampling.interpolation import MAX_TOTAL, AxisPlan, Gather, Run, Table

# Outputs of an axis from which its taps are kept for one period only.
LONG = 2**13


class Interior(NamedTuple):
    """The outputs from `begin` to before `end`, where every phase has its run.

    Their weights come again after `period` outputs and `shift` inputs.
    """

    period: int
    shift: int
    begin: int
    end: int


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


@lru_cache(maxsize=4)  # of two megabytes each, where the axis is long and no phase comes again
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
    period, shift, begin, end = interior_of(plan)
    rounds = (end - begin) // period
    if rounds < 2:
        return Taps(*_table(plan, np.arange(plan.length)))
    outputs = np.concatenate([np.arange(begin + period), np.arange(end, plan.length)])
    inputs, weights, shares = _table(plan, outputs)
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


def interior_of(plan: AxisPlan) -> Interior:
    """Return where the weights of an axis come again; no output is there if they do not.

    >>> from upsamp.core.upsampling.interpolation import plan_axis
    >>> interior_of(plan_axis(8, 16, "bilinear"))
    Interior(period=2, shift=1, begin=2, end=14)
    """
    runs = [piece for piece in plan.pieces if isinstance(piece, Run) and piece.count > 1]
    period = runs[0].step if runs else 1
    if len(runs) < period or not runs:
        return Interior(1, 0, 0, 0)
    begin = max(run.output // period for run in runs)
    end = min(run.output // period + run.count for run in runs)
    return Interior(period, runs[0].stride, begin * period, max(begin, end) * period)


@lru_cache(maxsize=16)
def cut_plan(plan: AxisPlan, begin: int, end: int) -> AxisPlan:
    """Return the plan of the outputs from `begin` to before `end`, as if the axis held no others.

    Its inputs are those that these outputs read.

    >>> from upsamp.core.upsampling.interpolation import plan_axis
    >>> cut_plan(plan_axis(8, 16, "bilinear"), 4, 6).pieces[0]
    Run(output=0, step=2, count=1, inputs=(0, 1), stride=1, weights=(0.25, 0.75), shares=(1, 3))
    """
    if (begin, end) == (0, plan.length):
        return plan
    first = plan.reach(slice(begin, end)).start
    pieces = tuple(_cut_pieces(plan, begin, end, first))
    if all(isinstance(piece, Run) for piece in pieces):
        return _plan_of_runs(pieces, end - begin)
    return AxisPlan(pieces, end - begin)


@lru_cache(maxsize=64)
def _plan_of_runs(runs: tuple[Run, ...], length: int) -> AxisPlan:
    """Return the plan that some runs make: the same object for equal ones, as caches go by that."""
    return AxisPlan(runs, length)


def _cut_pieces(plan: AxisPlan, begin: int, end: int, first: int) -> Iterator[Run | Gather]:
    """Yield what of each piece lies between two outputs."""
    for piece in plan.pieces:
        if isinstance(piece, Gather):
            yield replace(piece, first=piece.first + begin, origin=piece.origin + first)
            continue
        start, stop = piece.elements(slice(begin, end))
        if stop > start:
            shift = start * piece.stride - first
            yield replace(
                piece,
                output=piece.output + start * piece.step - begin,
                count=stop - start,
                inputs=tuple(tap + shift for tap in piece.inputs),
            )
