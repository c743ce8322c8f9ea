"""Which inputs an output of interpolation reads, and with which weights: one axis at a time.

Weights are kept as whole numbers, too: an input's share of the sum of those of its output. So what
is computed of integers is exact. Where a kernel has no fractions, its fine steps are meant.

Half-pixel centres: output i of o reads an axis of n inputs at (i + 1/2) n / o - 1/2; with aligned
corners at i (n - 1) / (o - 1). Input j has the weight kernel(position - j), and the weights of an
output are divided by their sum. An input whose weight is zero is not read at all.

The conventions differ at the edges and in bicubic's parameter: "keras" (so do TensorFlow, JAX and
Pillow's floats) leaves out inputs that do not exist and has a = -0.5; "torch" (so does OpenCV)
repeats the edge and has a = -0.75. They also differ in nearest and area: see `nearest_inputs` and
`unbounded_taps`. The kernels are in `methods`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np

from upsamp.core.arguments import Array, Convention, Interpolation
from upsamp.core.upsampling.methods import kernel_of

Numbers = TypeVar("Numbers", int, Array)

# Up to this many phases the outputs of a phase are computed together.
FEW_PHASES = 64
# Shares whose sum is below are kept in 64 bits; sums of their products may wrap around.
MAX_TOTAL = 2**62
# Whole numbers up to here are float64's, too.
MAX_EXACT = 2**53
# No step of a kernel comes to more than this many times the power of its unit.
MULTIPLE = 2**7


@dataclass(frozen=True)
class Run:
    """Outputs of one axis that read their inputs alike.

    Element k < `count` of the run is output `output` + k * `step`, and reads the inputs
    `inputs` + k * `stride` with the `weights`, one for each. shares: the same as whole numbers
    without a common divisor, to be divided by their sum.
    """

    output: int
    step: int
    count: int
    inputs: tuple[int, ...]
    stride: int
    weights: tuple[float, ...]
    shares: tuple[int, ...]

    def elements(self, outputs: slice) -> tuple[int, int]:
        """Return which elements are among some outputs, from the first to after the last."""
        start = max(0, -(-(outputs.start - self.output) // self.step))
        return start, min(self.count, -(-(outputs.stop - self.output) // self.step))


class Table(NamedTuple):
    """What some outputs read.

    inputs: (outputs, taps), ascending where used; an unused tap, of share 0, is the first input.
    values: the shares of the inputs, (outputs, taps), in a multiple of them; those of 0 come last.
    """

    inputs: Array
    values: Array

    @property
    def weights(self) -> Array:
        """Return the weights, in float64, rounded as from exact fractions."""
        totals = self.values.sum(axis=1, keepdims=True)
        values = self.values
        if values.dtype == object or np.abs(values).sum(axis=1).max(initial=0) > MAX_EXACT:
            values, totals = values.astype(object), totals.astype(object)
        return np.asarray(values / totals, np.float64)

    @property
    def shares(self) -> Array:
        """Return the shares, int64, or Python's integers where their sums are large."""
        shares = self.values // np.gcd.reduce(self.values, axis=1)[:, np.newaxis]
        small = np.abs(shares).sum(axis=1).max(initial=0) < MAX_TOTAL
        return np.asarray(shares, np.int64 if small else object)


class Rule(NamedTuple):
    """How an axis of `length` inputs and `target` outputs is interpolated."""

    length: int
    target: int
    interpolation: Interpolation
    convention: Convention
    align_corners: bool


@dataclass(frozen=True, eq=False)
class Gather:
    """All outputs of an axis, or of a part of one, which read their inputs each in its own way.

    first, origin: the whole axis' output and input from which those of this one are counted.
    """

    rule: Rule
    first: int
    origin: int

    def table(self, outputs: Array) -> Table:
        """Return what some outputs read."""
        taps = unbounded_taps(self.rule, outputs + self.first)
        inputs, values = _packed(*_fitted(self.rule, *taps))
        return Table(inputs - self.origin, values)


@dataclass(frozen=True, eq=False)
class AxisPlan:
    """Every output of one axis is in exactly one piece.

    length: how many outputs there are.
    """

    pieces: tuple[Run | Gather, ...]
    length: int

    def reach(self, outputs: slice) -> slice:
        """Return the inputs that some outputs read, from the first to the last of them.

        >>> plan_axis(4, 8, "bilinear").reach(slice(1, 4))
        slice(0, 3, None)
        """
        ends = [ends for piece in self.pieces if (ends := _ends(piece, outputs))]
        return slice(min(low for low, _ in ends), max(high for _, high in ends) + 1)


@lru_cache(maxsize=16)  # of a megabyte each, where the axis is long and no phase comes again
def plan_axis(
    length: int,
    target: int,
    interpolation: Interpolation,
    convention: Convention = "keras",
    *,
    align_corners: bool = False,
) -> AxisPlan:
    """Plan an axis of `length` inputs and `target` outputs.

    The distances to the inputs come again after some outputs, and as many inputs later: so does
    output i + 3 of an axis that grows from 2 to 3. If these phases are few, all outputs of a phase
    that lie away from the edges make one run.

    >>> plan_axis(3, 6, "bilinear").pieces[0]
    Run(output=2, step=2, count=2, inputs=(0, 1), stride=1, weights=(0.25, 0.75), shares=(1, 3))
    """
    rule = Rule(length, target, interpolation, convention, align_corners)
    # The axis in units of its own: aligned corners have one step fewer than elements.
    steps, target_steps = (length - 1, target - 1) if align_corners else (length, target)
    common = math.gcd(steps, target_steps) or 1
    period, shift = max(1, target_steps // common), steps // common
    if period > FEW_PHASES:
        return AxisPlan((Gather(rule, 0, 0),), target)
    return AxisPlan(tuple(_phase_runs(rule, min(period, target), period, shift)), target)


def nearest_inputs(length: int, target: int, convention: Convention) -> Array:
    """Return the input that each output copies: the one whose pixel holds its centre.

    PyTorch's and OpenCV's "nearest" takes the pixel that holds its left edge.

    >>> nearest_inputs(2, 5, "keras").tolist(), nearest_inputs(2, 5, "torch").tolist()
    ([0, 0, 1, 1, 1], [0, 0, 0, 1, 1])
    """
    return nearest_input(length, target, convention, np.arange(target))


def nearest_input(length: int, target: int, convention: Convention, output: Numbers) -> Numbers:
    """Return the input that an output copies, or of an array of outputs each."""
    if convention == "torch":
        return output * length // target
    return (2 * output + 1) * length // (2 * target)


def unbounded_taps(rule: Rule, outputs: Array) -> tuple[Array, Array]:
    """Return the inputs that outputs would read if the axis had no ends, and their shares.

    Both are (outputs, taps), with shares of zero for what is not read.
    """
    length, target, interpolation, convention, aligned = rule
    steps, target_steps = (length - 1, max(1, target - 1)) if aligned else (length, target)
    common = math.gcd(steps, target_steps)
    steps, target_steps = steps // common, target_steps // common
    outputs = outputs[:, np.newaxis]
    if interpolation == "area":
        begin, end = outputs * steps, (outputs + 1) * steps
        taps = begin // target_steps + np.arange(steps // target_steps + 2)
        covered = np.minimum(end, (taps + 1) * target_steps) - np.maximum(
            begin, taps * target_steps
        )
        return taps, covered.clip(0, 1 if convention == "torch" else None)
    top, bottom = outputs * steps, target_steps
    if not aligned:
        top, bottom = 2 * top + steps - target_steps, 2 * target_steps
    support, weight, degree, *_ = kernel_of(interpolation, convention)
    reach = math.ceil(support)
    taps = top // bottom + np.arange(1 - reach, reach + 1)
    distance = np.abs(top - taps * bottom)
    if MULTIPLE * bottom**degree > MAX_TOTAL:
        distance = distance.astype(object)
    inside = distance < support * bottom
    return taps, np.where(inside, weight(np.where(inside, distance, 0), bottom), 0)


def _fitted(rule: Rule, taps: Array, values: Array) -> tuple[Array, Array]:
    """Leave out inputs that do not exist, or read the edge in their place, by the convention."""
    last = rule.length - 1
    fitted = np.where((taps >= 0) & (taps <= last), values, 0)
    if rule.convention == "torch":
        for beyond, edge in ((taps < 0, 0), (taps > last, last)):
            some = np.flatnonzero(beyond.any(axis=1))
            rest = np.where(beyond[some], values[some], 0).sum(axis=1, keepdims=True)
            fitted[some] += np.where(taps[some] == edge, rest, 0)
    return taps, fitted


def _packed(taps: Array, values: Array) -> tuple[Array, Array]:
    """Bring the taps that are read to the front, in their order, as many as any output has."""
    used = values != 0
    order = np.argsort(~used, axis=1, kind="stable")[:, : used.sum(axis=1).max(initial=1)]
    taps, values = (np.take_along_axis(each, order, axis=1) for each in (taps, values))
    return np.where(values != 0, taps, taps[:, :1]), values


def _phase_runs(rule: Rule, phases: int, period: int, shift: int) -> Iterable[Run]:
    """Yield the runs of the outputs phase, phase + period, ...: those near an edge are alone."""
    length, target = rule.length, rule.target
    starts: list[tuple[int, int]] = []  # the first output of a run, and its count
    taps, _ = _packed(*unbounded_taps(rule, np.arange(phases)))
    step = max(1, shift)
    ends = zip(taps.min(axis=1).tolist(), taps.max(axis=1).tolist(), strict=True)
    for phase, (low, high) in enumerate(ends):
        count = -(-(target - phase) // period)
        begin = min(count, max(0, -(low // step)))
        fitting = (length - 1 - high) // step + 1 if shift else count
        end = max(begin, min(count, fitting))
        if end > begin:
            starts.append((phase + begin * period, end - begin))
        starts += [(phase + near * period, 1) for near in (*range(begin), *range(end, count))]
    table = Gather(rule, 0, 0).table(np.array([output for output, _ in starts]))
    parts = (part.tolist() for part in (*table[:1], table.weights, table.shares))
    for (output, count), *read in zip(starts, *parts, strict=True):
        inputs, weights, shares = (tuple(each[: np.count_nonzero(read[2])]) for each in read)
        yield Run(output, period, count, inputs, shift, weights, shares)


def _ends(piece: Run | Gather, outputs: slice) -> tuple[int, int] | None:
    """Return the first and the last input that some outputs of a piece read; None of no output."""
    if isinstance(piece, Gather):
        # The position of an output on an input of its own has the fewest taps, never two at once.
        ends = {outputs.start, outputs.start + 1, outputs.stop - 2, outputs.stop - 1}
        some = [end for end in sorted(ends) if outputs.start <= end < outputs.stop]
        inputs, _ = piece.table(np.array(some))
        return (int(inputs.min()), int(inputs.max())) if some else None
    start, stop = piece.elements(outputs)
    if stop <= start:
        return None
    low, high = min(piece.inputs), max(piece.inputs)
    return low + start * piece.stride, high + (stop - 1) * piece.stride
