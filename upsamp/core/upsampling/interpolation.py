"""Which inputs an output of interpolation reads, and with which weights: one axis at a time.

Half-pixel centres: output i of o reads an axis of n inputs at (i + 1/2) n / o - 1/2; with aligned
corners at i (n - 1) / (o - 1). Input j has the weight kernel(position - j), and the weights of an
output are divided by their sum. An input whose weight is zero is not read at all.

The conventions differ at the edges and in bicubic's parameter: "keras" (so do TensorFlow, JAX and
Pillow) leaves out inputs that do not exist and has a = -0.5; "torch" (so does OpenCV) repeats the
edge and has a = -0.75.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Convention, Interpolation
from upsamp.core.values import spelled
from upsamp.errors import ArgumentError

if TYPE_CHECKING:
    from fractions import Fraction

Number: TypeAlias = "Fraction | float"
Taps: TypeAlias = "list[tuple[int, Number]]"

__all__ = [
    "AxisPlan",
    "Gather",
    "Kernel",
    "Run",
    "has_kernel",
    "kernel_of",
    "nearest_inputs",
    "plan_axis",
]

# Up to so many phases the outputs of a phase are computed together, from exact fractions.
FEW_PHASES = 64


# --- kernels, each in a multiple that spares it fractions, as weights are divided by their sum


def _triangle(t: Number) -> Number:
    return 1 - t


def _keys(t: Number) -> Number:
    """Return Keys' cubic with a = -0.5, times 2."""
    if t <= 1:
        return (3 * t - 5) * t * t + 2
    return ((5 - t) * t - 8) * t + 4


def _keys_torch(t: Number) -> Number:
    """Return Keys' cubic with a = -0.75, times 4."""
    if t <= 1:
        return (5 * t - 9) * t * t + 4
    return ((15 - 3 * t) * t - 24) * t + 12


def _mitchell(t: Number) -> Number:
    """Return Mitchell and Netravali's cubic with B = C = 1/3, times 18."""
    if t <= 1:
        return (21 * t - 36) * t * t + 16
    return ((36 - 7 * t) * t - 60) * t + 32


def _gaussian(t: Number) -> Number:
    """Return TensorFlow's Gaussian, of deviation 0.5."""
    return math.exp(-2 * float(t) ** 2)


def _lanczos(lobes: int, t: Number) -> Number:
    """Return sinc(t) sinc(t / lobes), with exact zeros at the other integers."""
    if t == int(t):
        return float(t == 0)
    angle = math.pi * float(t)
    return lobes * math.sin(angle) * math.sin(angle / lobes) / (angle * angle)


class Kernel(NamedTuple):
    """How the weight of an input falls off: to zero from `support` on, in input pixels."""

    support: float
    weight: Callable[[Number], Number]


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
    `inputs` + k * `stride` with the `weights`, one for each.
    """

    output: int
    step: int
    count: int
    inputs: tuple[int, ...]
    stride: int
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Gather:
    """Outputs of one axis that read equally many inputs, each those of its own.

    outputs: (m,), ascending. inputs: (m, taps). weights: (m, taps), float64.
    """

    outputs: Array
    inputs: Array
    weights: Array


@dataclass(frozen=True, eq=False)
class AxisPlan:
    """Every output of one axis stands in exactly one piece.

    first, last: (outputs,), the range of inputs that each output reads.
    """

    pieces: tuple[Run | Gather, ...]
    first: Array
    last: Array


@lru_cache(maxsize=256)
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
    Run(output=2, step=2, count=2, inputs=(0, 1), stride=1, weights=(0.25, 0.75))
    """
    # The axis in units of its own: aligned corners have one step fewer than elements.
    steps, target_steps = (length - 1, target - 1) if align_corners else (length, target)
    common = math.gcd(steps, target_steps) or 1
    period, shift = max(1, target_steps // common), steps // common
    few = period <= FEW_PHASES
    taps_of = partial(_taps, length, target, interpolation, convention, align_corners, few)
    fit = partial(_clamp if convention == "torch" else _leave_out, length)
    if few:
        pieces: list[Run | Gather] = []
        for phase in range(min(period, target)):
            pieces += _phase_runs(phase, period, shift, target, length, taps_of(phase), fit)
    else:
        fitted = [(output, fit(taps_of(output))) for output in range(target)]
        pieces = list(_gathers(fitted))
    first, last = np.zeros(target, np.intp), np.zeros(target, np.intp)
    for piece in pieces:
        outputs, lowest, highest = _reach(piece)
        first[outputs], last[outputs] = lowest, highest
    return AxisPlan(tuple(pieces), first, last)


def nearest_inputs(length: int, target: int, convention: Convention) -> Array:
    """Return the input that each output copies: the one whose pixel holds its centre.

    PyTorch's and OpenCV's "nearest" takes the pixel that holds its left edge.

    >>> nearest_inputs(2, 5, "keras").tolist(), nearest_inputs(2, 5, "torch").tolist()
    ([0, 0, 1, 1, 1], [0, 0, 0, 1, 1])
    """
    outputs = np.arange(target)
    if convention == "torch":
        return outputs * length // target
    return (2 * outputs + 1) * length // (2 * target)


def _taps(
    length: int,
    target: int,
    interpolation: Interpolation,
    convention: Convention,
    align_corners: bool,
    exact: bool,
    output: int,
) -> Taps:
    """Return the inputs that an output would read if the axis had no ends, with their weights."""
    if interpolation == "area":
        return _area_taps(length, target, convention, output)
    if align_corners:
        top, bottom = output * (length - 1), max(1, target - 1)
    else:
        top, bottom = (2 * output + 1) * length - target, 2 * target
    support, weight = kernel_of(interpolation, convention)
    centre = top // bottom
    taps: Taps = []
    for tap in range(centre - math.ceil(support) + 1, centre + math.ceil(support) + 1):
        distance = _ratio(abs(top - tap * bottom), bottom, exact)
        if distance < support and (value := weight(distance)) != 0:
            taps.append((tap, value))
    return taps


def _area_taps(length: int, target: int, convention: Convention, output: int) -> Taps:
    """Return the inputs under the output's own area; PyTorch counts each of them wholly."""
    begin, end = output * length, (output + 1) * length
    covered = range(begin // target, -(-end // target))
    if convention == "torch":
        return [(tap, 1) for tap in covered]
    return [(tap, min(end, (tap + 1) * target) - max(begin, tap * target)) for tap in covered]


def _ratio(top: int, bottom: int, exact: bool) -> Number:
    if not exact:
        return top / bottom
    from fractions import Fraction  # it takes as long to load as nearest takes to run

    return Fraction(top, bottom)


def _leave_out(length: int, taps: Taps) -> Taps:
    """Drop inputs that do not exist."""
    return [(tap, weight) for tap, weight in taps if 0 <= tap < length]


def _clamp(length: int, taps: Taps) -> Taps:
    """Read the edge in the place of inputs that do not exist."""
    weights: dict[int, Number] = {}
    for tap, weight in taps:
        inside = min(max(tap, 0), length - 1)
        weights[inside] = weights.get(inside, 0) + weight
    return [(tap, weight) for tap, weight in weights.items() if weight != 0]


def _normalize(taps: Taps) -> tuple[float, ...]:
    total = sum(weight for _, weight in taps)
    return tuple(float(weight / total) for _, weight in taps)


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
        yield Run(phase + begin * period, period, end - begin, inputs, shift, _normalize(taps))
    for near in (*range(begin), *range(end, count)):
        inside = fit([(tap + near * shift, weight) for tap, weight in taps])
        inputs = tuple(tap for tap, _ in inside)
        yield Run(phase + near * period, period, 1, inputs, shift, _normalize(inside))


def _gathers(fitted: list[tuple[int, Taps]]) -> Iterable[Gather]:
    """Put together the outputs that read equally many inputs."""
    for size in sorted({len(taps) for _, taps in fitted}):
        alike = [(output, taps) for output, taps in fitted if len(taps) == size]
        yield Gather(
            np.array([output for output, _ in alike]),
            np.array([[tap for tap, _ in taps] for _, taps in alike]),
            np.array([_normalize(taps) for _, taps in alike]),
        )


def _reach(piece: Run | Gather) -> tuple[Array, Array, Array]:
    """Return the outputs of a piece, with the first and the last input that each reads."""
    if isinstance(piece, Gather):
        return piece.outputs, piece.inputs.min(axis=1), piece.inputs.max(axis=1)
    elements = np.arange(piece.count)
    shifts = elements * piece.stride
    outputs = piece.output + elements * piece.step
    return outputs, min(piece.inputs) + shifts, max(piece.inputs) + shifts
