"""Which inputs an output of interpolation reads, and with which weights: one axis at a time.

Weights are kept as whole numbers, too: an input's share of the sum of those of its output. So what
is computed of integers is exact. Where a kernel has no fractions, its fine steps are meant.

Half-pixel centres: output i of o reads an axis of n inputs at (i + 1/2) n / o - 1/2; with aligned
corners at i (n - 1) / (o - 1). Input j has the weight kernel(position - j), and the weights of an
output are divided by their sum. An input whose weight is zero is not read at all.

The conventions differ at the edges and in bicubic's parameter: "keras" (so do TensorFlow, JAX and
Pillow's floats) leaves out inputs that do not exist and has a = -0.5; "torch" (so does OpenCV)
repeats the edge and has a = -0.75. They also differ in nearest and area: see `nearest_inputs` and
`_area_taps`.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Convention, Interpolation
from upsamp.core.values import spelled
from upsamp.errors import ArgumentError

Taps: TypeAlias = list[tuple[int, int]]

__all__ = [
    "AxisPlan",
    "Gather",
    "Kernel",
    "Run",
    "as_array",
    "has_kernel",
    "kernel_of",
    "nearest_inputs",
    "nearest_output",
    "plan_axis",
]

# Up to so many phases the outputs of a phase are computed together.
FEW_PHASES = 64
# Shares whose sum is below are kept in 64 bits; sums of their products may wrap around.
MAX_TOTAL = 2**62
# Steps between 0 and 1 of kernels that have no fractions.
FINE = 2**60


# --- kernels at t / unit, each in a multiple that makes whole numbers of whole numbers, as weights
# are divided by their sum


def _triangle(t: float, unit: float = 1) -> float:
    return unit - t


def _keys(t: float, unit: float = 1) -> float:
    """Return Keys' cubic with a = -0.5, times 2."""
    if t <= unit:
        return (3 * t - 5 * unit) * t * t + 2 * unit**3
    return ((5 * unit - t) * t - 8 * unit**2) * t + 4 * unit**3


def _keys_torch(t: float, unit: float = 1) -> float:
    """Return Keys' cubic with a = -0.75, times 4."""
    if t <= unit:
        return (5 * t - 9 * unit) * t * t + 4 * unit**3
    return ((15 * unit - 3 * t) * t - 24 * unit**2) * t + 12 * unit**3


def _mitchell(t: float, unit: float = 1) -> float:
    """Return Mitchell and Netravali's cubic with B = C = 1/3, times 18."""
    if t <= unit:
        return (21 * t - 36 * unit) * t * t + 16 * unit**3
    return ((36 * unit - 7 * t) * t - 60 * unit**2) * t + 32 * unit**3


def _gaussian(t: float, unit: float = 1) -> float:
    """Return TensorFlow's Gaussian, of deviation 0.5."""
    return round(FINE * math.exp(-2 * (t / unit) ** 2))


def _lanczos(lobes: int, t: float, unit: float = 1) -> float:
    """Return sinc(t) sinc(t / lobes), with exact zeros at the other integers."""
    if t % unit == 0:
        return FINE * (t == 0)
    angle = math.pi * (t / unit)
    return round(FINE * lobes * math.sin(angle) * math.sin(angle / lobes) / (angle * angle))


class Kernel(NamedTuple):
    """How the weight of an input falls off: to zero from `support` on, in input pixels."""

    support: float
    weight: Callable[..., Any]


KERNELS: Mapping[tuple[str, str], Kernel] = {
    ("keras", "bilinear"): Kernel(1, _triangle),
    ("keras", "bicubic"): Kernel(2, _keys),
    ("keras", "lanczos3"): Kernel(3, partial(_lanczos, 3)),
    ("keras", "lanczos5"): Kernel(5, partial(_lanczos, 5)),
    ("keras", "mitchellcubic"): Kernel(2, _mitchell),
    ("keras", "gaussian"): Kernel(1.5, _gaussian),
    ("torch", "bilinear"): Kernel(1, _triangle),
    ("torch", "bicubic"): Kernel(2, _keys_torch),
}


def kernel_of(interpolation: Interpolation, convention: Convention = "keras") -> Kernel:
    """Return the kernel of a method, or say that the convention has none of that name.

    >>> kernel_of("bicubic").weight(0.5) / kernel_of("bicubic").weight(0.0)
    0.5625
    """
    try:
        return KERNELS[convention, interpolation]
    except KeyError:
        known = ", ".join(repr(name) for of, name in KERNELS if of == convention)
        raise ArgumentError(
            f"`interpolation` must be one that convention={convention!r} has: 'nearest', 'area', "
            f"{known}. Received: interpolation={spelled(interpolation)}."
        ) from None


def has_kernel(interpolation: Interpolation, convention: Convention) -> bool:
    """Tell whether the convention has the method."""
    return interpolation in ("nearest", "area") or (convention, interpolation) in KERNELS


# --- the plan


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


@dataclass(frozen=True)
class Gather:
    """Outputs of one axis that read equally many inputs, each those of its own.

    outputs: (m,), ascending. inputs: (m, taps). weights: (m, taps), float64. shares: (m, taps), as
    in `Run`, of the type of `as_array`.
    """

    outputs: Array
    inputs: Array
    weights: Array
    shares: Array


@dataclass(frozen=True, eq=False)
class AxisPlan:
    """Every output of one axis stands in exactly one piece.

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
    # The axis in units of its own: aligned corners have one step fewer than elements.
    steps, target_steps = (length - 1, target - 1) if align_corners else (length, target)
    common = math.gcd(steps, target_steps) or 1
    period, shift = max(1, target_steps // common), steps // common
    few = period <= FEW_PHASES
    taps_of = partial(_taps, length, target, interpolation, convention, align_corners)
    fit = partial(_clamp if convention == "torch" else _leave_out, length)
    if few:
        pieces: list[Run | Gather] = []
        for phase in range(min(period, target)):
            pieces += _phase_runs(phase, period, shift, target, length, taps_of(phase), fit)
    else:
        fitted = [(output, fit(taps_of(output))) for output in range(target)]
        pieces = list(_gathers(fitted))
    return AxisPlan(tuple(pieces), target)


def nearest_inputs(
    length: int, target: int, convention: Convention, outputs: slice | None = None
) -> Array:
    """Return the input that each output copies: the one whose pixel holds its centre.

    PyTorch's and OpenCV's "nearest" takes the pixel that holds its left edge. outputs: those that
    are asked for, in place of all.

    >>> nearest_inputs(2, 5, "keras").tolist(), nearest_inputs(2, 5, "torch").tolist()
    ([0, 0, 1, 1, 1], [0, 0, 0, 1, 1])
    """
    numbers = np.arange(target) if outputs is None else np.arange(outputs.start, outputs.stop)
    if convention == "torch":
        return numbers * length // target
    return (2 * numbers + 1) * length // (2 * target)


def nearest_output(length: int, target: int, convention: Convention, first: int) -> int:
    """Return the first output that copies the input `first`, or one after it.

    >>> nearest_output(2, 5, "keras", 1), nearest_output(2, 5, "torch", 1)
    (2, 3)
    """
    if convention == "torch":
        return -(-first * target // length)
    return -((length - 2 * first * target) // (2 * length))


def _taps(
    length: int,
    target: int,
    interpolation: Interpolation,
    convention: Convention,
    align_corners: bool,
    output: int,
) -> Taps:
    """Return the inputs that an output would read if the axis had no ends, with their weights."""
    if interpolation == "area":
        return _area_taps(length, target, convention, output)
    if align_corners:
        top, bottom = output * (length - 1), max(1, target - 1)
    else:
        top, bottom = (2 * output + 1) * length - target, 2 * target
    common = math.gcd(top, bottom)
    top, bottom = top // common, bottom // common
    support, weight = kernel_of(interpolation, convention)
    centre = top // bottom
    taps: Taps = []
    for tap in range(centre - math.ceil(support) + 1, centre + math.ceil(support) + 1):
        distance = abs(top - tap * bottom)
        if distance < support * bottom and (value := weight(distance, bottom)) != 0:
            taps.append((tap, value))
    return taps


def _area_taps(length: int, target: int, convention: Convention, output: int) -> Taps:
    """Return the inputs under the output's own area; PyTorch counts each of them wholly."""
    begin, end = output * length, (output + 1) * length
    covered = range(begin // target, -(-end // target))
    if convention == "torch":
        return [(tap, 1) for tap in covered]
    return [(tap, min(end, (tap + 1) * target) - max(begin, tap * target)) for tap in covered]


def _leave_out(length: int, taps: Taps) -> Taps:
    """Drop inputs that do not exist."""
    return [(tap, weight) for tap, weight in taps if 0 <= tap < length]


def _clamp(length: int, taps: Taps) -> Taps:
    """Read the edge in the place of inputs that do not exist."""
    weights: dict[int, int] = {}
    for tap, weight in taps:
        inside = min(max(tap, 0), length - 1)
        weights[inside] = weights.get(inside, 0) + weight
    return [(tap, weight) for tap, weight in weights.items() if weight != 0]


def _normalize(taps: Taps) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return the weights, whose sum is 1, and the shares that they are of a whole."""
    shares = [share for _, share in taps]
    total, common = sum(shares), math.gcd(*shares)
    return tuple([share / total for share in shares]), tuple([share // common for share in shares])


def as_array(shares: Sequence[Sequence[int]]) -> Array:
    """Return shares, (outputs, taps), as int64, or as Python's integers where their sums are large.

    >>> as_array([[1, 3]]).dtype, as_array([[2**70, 1]]).dtype
    (dtype('int64'), dtype('O'))
    """
    small = all(sum(map(abs, each)) < MAX_TOTAL for each in shares)
    return np.array(shares, np.int64 if small else object)


def _phase_runs(
    phase: int,
    period: int,
    shift: int,
    target: int,
    length: int,
    taps: Taps,
    fit: Callable[[Taps], Taps],
) -> Iterable[Run]:
    """Yield the runs of the outputs phase, phase + period, ...: those near an edge stand alone."""
    count = -(-(target - phase) // period)
    low, high = taps[0][0], taps[-1][0]
    step = max(1, shift)
    begin = min(count, max(0, -(low // step)))
    end = max(begin, min(count, (length - 1 - high) // step + 1))
    if end > begin:
        inputs = tuple(tap + begin * shift for tap, _ in taps)
        yield Run(phase + begin * period, period, end - begin, inputs, shift, *_normalize(taps))
    for near in (*range(begin), *range(end, count)):
        inside = fit([(tap + near * shift, weight) for tap, weight in taps])
        inputs = tuple(tap for tap, _ in inside)
        yield Run(phase + near * period, period, 1, inputs, shift, *_normalize(inside))


def _gathers(fitted: list[tuple[int, Taps]]) -> Iterable[Gather]:
    """Put together the outputs that read equally many inputs."""
    for size in sorted({len(taps) for _, taps in fitted}):
        alike = [(output, taps) for output, taps in fitted if len(taps) == size]
        weights, shares = zip(*(_normalize(taps) for _, taps in alike), strict=True)
        yield Gather(
            np.array([output for output, _ in alike]),
            np.array([[tap for tap, _ in taps] for _, taps in alike]),
            np.array(weights),
            as_array(shares),
        )


def _ends(piece: Run | Gather, outputs: slice) -> tuple[int, int] | None:
    """Return the first and the last input that some outputs of a piece read; None of no output."""
    if isinstance(piece, Gather):
        start, stop = np.searchsorted(piece.outputs, (outputs.start, outputs.stop))
        inputs = piece.inputs[start:stop]
        return (int(inputs.min()), int(inputs.max())) if stop > start else None
    start, stop = piece.elements(outputs)
    if stop <= start:
        return None
    low, high = min(piece.inputs), max(piece.inputs)
    return low + start * piece.stride, high + (stop - 1) * piece.stride
