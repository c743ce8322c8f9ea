"""The settings of one axis of a transposed convolution, and those that take one length to another.

All rests on what `transposed_axis` of `upsamp.core.geometry.sizes` gives for a length n: with
any setting it is (n - 1) * stride + reach, with a reach of the setting's own, the same for every n.
So a setting is tried once, and then serves any length.
"""

from collections.abc import Iterator
from itertools import chain, product
from typing import NamedTuple, TypeAlias

from upsamp.core.arguments import PADDINGS, Padding, Pair, normalize_count
from upsamp.core.geometry.sizes import transposed_axis
from upsamp.errors import ArgumentError

# What both axes of a layer share: its padding, and whether output_padding is given.
Mode: TypeAlias = tuple[Padding, bool]
# How many settings are listed, or tried for a chain, at the most.
MOST_SETTINGS = 2**17
# Of larger layers not all strides are tried, but this many at each end.
MOST_STRIDES = 64
# No sum that a chain makes of its kernels reaches it, so sums compare like tuples of sums.
DIGIT = 2**32


class Step(NamedTuple):
    """One axis of a setting: a length n becomes (n - 1) * stride + reach. The first is the best."""

    cost: int
    stride: int
    kernel: int
    padding: Padding
    extra: int | None
    mode: Mode
    reach: int
    even_overlap: bool
    holes: bool

    def after(self, length: int) -> int:
        """Return the output's length."""
        return (length - 1) * self.stride + self.reach


def normalize_bounds(max_kernel: object, max_stride: object) -> Pair:
    """Return both bounds as integers of at least 1."""
    return normalize_count(max_kernel, "max_kernel"), normalize_count(max_stride, "max_stride")


def too_many(max_kernel: int, max_stride: int) -> ArgumentError:
    """Return the error for bounds that allow more settings than can be listed."""
    return ArgumentError(
        f"`max_kernel` and `max_stride` must allow at most {MOST_SETTINGS:,} settings. Received: "
        f"max_kernel={max_kernel}, max_stride={max_stride}. Use smaller ones."
    )


def all_steps(max_kernel: object, max_stride: object) -> list[Step]:
    """Return every setting of one axis within the bounds, the best first."""
    kernels, strides = normalize_bounds(max_kernel, max_stride)
    if kernels * strides * (strides + 3) > MOST_SETTINGS:
        raise too_many(kernels, strides)
    return sorted(
        _step(kernel, stride, padding, extra)
        for kernel, stride in product(range(1, kernels + 1), range(1, strides + 1))
        for padding in PADDINGS
        for extra in (None, *range(stride))
    )


def steps_between(length: int, wanted: int, kernels: int, strides: int) -> list[Step]:
    """Return every setting of one axis from one length to another, the best first.

    A reach is at most `kernels` + stride - 1, which leaves few strides.
    """
    first = max(1, -((kernels - 1 - wanted) // length))
    last = strides if length == 1 else min(strides, wanted // (length - 1))
    if (last - first + 1) * (2 * kernels + 2) > MOST_SETTINGS:
        raise too_many(kernels, strides)
    return sorted(
        chain.from_iterable(
            _steps_of(stride, wanted - (length - 1) * stride, kernels)
            for stride in range(first, last + 1)
        )
    )


def _steps_of(stride: int, reach: int, kernels: int) -> Iterator[Step]:
    """Yield every setting of one axis that has this stride and this reach."""
    if reach == stride:
        yield from (_step(kernel, stride, "same", None) for kernel in range(1, kernels + 1))
    for odd in (0, 1):
        if 0 <= reach - odd < stride:
            for kernel in range(2 - odd, kernels + 1, 2):
                yield _step(kernel, stride, "same", reach - odd)
    if reach >= stride:
        for kernel in range(1 if reach == stride else reach, min(kernels, reach) + 1):
            yield _step(kernel, stride, "valid", None)
    for kernel in range(max(1, reach - stride + 1), min(kernels, reach) + 1):
        yield _step(kernel, stride, "valid", reach - kernel)


def whole_steps(
    length: int, wanted: int, kernel: int, stride: int, kernels: int, strides: int
) -> Iterator[Step]:
    """Yield settings of one axis without holes, among them the best, and the best of each argument.

    kernel, stride: those that are tried too wherever they do.
    """
    most = min(kernels, strides)
    near = wanted // length
    tried = {stride, *range(1, MOST_STRIDES + 1)}
    tried.update(range(near - MOST_STRIDES, near + MOST_STRIDES + 1))
    for each in (one for one in tried if 1 <= one <= most):
        reach = wanted - (length - 1) * each
        settings: list[tuple[int, Padding, int | None]] = []
        if reach == each:
            settings += [(taps, "same", None) for taps in (each, kernel)]
        for odd in (0, 1):
            if 0 <= reach - odd < each:
                # The smallest kernels of this parity that overlap evenly, and unevenly.
                alike = {one for one in (each, each + 1, 2 * each, kernel) if one % 2 == odd}
                settings += [(taps, "same", reach - odd) for taps in alike]
        settings += [(reach, "valid", None), (reach, "valid", 0)]
        for taps, padding, extra in settings:
            if each <= taps <= kernels:
                yield _step(taps, each, padding, extra)


def _step(kernel: int, stride: int, padding: Padding, extra: int | None) -> Step:
    # Tried on two inputs, as the output of a single one may be empty, which is an error.
    reach = transposed_axis(2, kernel, stride, padding, extra, 1).output - stride
    even = kernel % stride == 0
    holes = kernel < stride or reach > kernel
    given = extra is not None
    # TensorFlow, on a CPU, ends the program where these three meet.
    ends = kernel % 2 == 0 and padding == "same" and extra == 0
    cost = 0
    for digit in (holes, not even, ends, given, padding == "valid", kernel):
        cost = cost * DIGIT + digit
    return Step(cost, stride, kernel, padding, extra, (padding, given), reach, even, holes)
