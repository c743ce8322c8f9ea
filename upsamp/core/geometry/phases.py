"""The phases of a convolution's axis: outputs that read their inputs through the same taps.

A transposed convolution of stride s is s convolutions of stride 1, one for each remainder of the
outputs, whose results lie between each other (sub-pixel convolution: W. Shi et al., arXiv
1609.05158). A convolution is one such phase. Integers only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import gcd

from upsamp.core.geometry.sizes import ConvolutionAxis, TransposedAxis

Axis = ConvolutionAxis | TransposedAxis


@dataclass(frozen=True)
class Phase:
    """The outputs first + i * step for i < count, and the inputs that they read.

    Output i reads the input start + i * stride + j * spacing through taps[j] of the kernel, where
    there is such an input. A phase without taps reads nothing.
    """

    first: int
    step: int
    count: int
    taps: tuple[int, ...]
    start: int
    stride: int
    spacing: int

    @property
    def outputs(self) -> slice:
        """The outputs of this phase, as a slice of all of the axis."""
        return slice(self.first, self.first + (self.count - 1) * self.step + 1, self.step)

    @property
    def past(self) -> int:
        """The input after the last one that output 0 reads."""
        return self.start + (len(self.taps) - 1) * self.spacing + 1

    def part(self, start: int, stop: int) -> "Phase":
        """Return the outputs from `start` to `stop` - 1 as a phase of their own."""
        return Phase(
            self.first + start * self.step,
            self.step,
            max(0, min(stop, self.count) - start),
            self.taps,
            self.start + start * self.stride,
            self.stride,
            self.spacing,
        )


def axis_phases(axis: Axis, taps: int) -> tuple[Phase, ...]:
    """Split the outputs of an axis into phases.

    >>> from upsamp.core.geometry.sizes import transposed_axis
    >>> for phase in axis_phases(transposed_axis(5, 4, 2, "same", None, 1), 4):
    ...     print(phase.first, phase.count, phase.taps, phase.start)
    0 5 (3, 1) -1
    1 5 (2, 0) 0
    """
    if isinstance(axis, ConvolutionAxis):
        every = tuple(range(taps))
        return (Phase(0, 1, axis.output, every, -axis.before, axis.stride, axis.dilation),)
    common = gcd(axis.dilation, axis.stride)
    spacing, period = axis.dilation // common, axis.stride // common
    inverse = pow(spacing, -1, period)
    phases = []
    for first in range(min(axis.stride, axis.output)):
        place = first + axis.before
        through: tuple[int, ...] = ()
        # The taps for which place - tap * dilation is a multiple of the stride; the last of them
        # reads the first input.
        if place % common == 0:
            through = tuple(range(place // common * inverse % period, taps, period))[::-1]
        start = (place - through[0] * axis.dilation) // axis.stride if through else 0
        count = -((first - axis.output) // axis.stride)
        phases.append(Phase(first, axis.stride, count, through, start, 1, spacing))
    return tuple(phases)


def first_reads(phases: Iterable[Phase]) -> tuple[int, int]:
    """Return the first input that output 0 of any phase reads, and the one after the last.

    >>> from upsamp.core.geometry.sizes import transposed_axis
    >>> first_reads(axis_phases(transposed_axis(5, 4, 2, "same", None, 1), 4))
    (-1, 2)
    """
    reading = [phase for phase in phases if phase.count and phase.taps]
    first = min((phase.start for phase in reading), default=0)
    return first, max((phase.past for phase in reading), default=first + 1)


def narrow(moving: slice, other: slice, start: int, stop: int) -> tuple[slice, slice]:
    """Keep of two progressions, which go together, the pairs whose `moving` is in start..stop - 1.

    >>> narrow(slice(1, 9, 2), slice(0, 4, 1), 2, 7)
    (slice(3, 7, 2), slice(1, 3, 1))
    """
    step, along = moving.step or 1, other.step or 1
    count = -((moving.start - moving.stop) // step)
    first = max(0, -((moving.start - start) // step))
    last = max(first, min(count, -((moving.start - stop) // step)))
    begin, second = moving.start + first * step, other.start + first * along
    return (
        slice(begin, begin + (last - first) * step, step),
        slice(second, second + (last - first) * along, along),
    )


def tap_range(phase: Phase, index: int, length: int) -> tuple[int, int, slice]:
    """Return the outputs first..last - 1 of a phase that taps[index] gives an input, and those.

    >>> tap_range(Phase(0, 1, 5, (0, 1, 2), -1, 1, 1), 0, 5)
    (1, 5, slice(0, 4, 1))
    """
    shift = phase.start + index * phase.spacing
    first = max(0, -(shift // phase.stride))
    last = max(first, min(phase.count, -((shift - length) // phase.stride)))
    # Where there is none, a slice must not begin before the array.
    begin = max(0, first * phase.stride + shift)
    return first, last, slice(begin, begin + (last - first) * phase.stride, phase.stride)
