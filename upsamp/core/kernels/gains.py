"""What a transposed convolution makes of a constant: the gain of each phase of the stride.

The phase of an output is its remainder by the stride. Where the gains of phases differ, an even
area gets a checkerboard.
"""

from collections.abc import Sequence

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.geometry.sizes import TransposedAxis

# What is smaller than so much of the largest gain is rounding.
ROUNDING = 1e-12


def phase_sums(kernel: Array, axes: Sequence[TransposedAxis]) -> Array:
    """Return what each phase of the outputs sums up of a kernel.

    kernel: (rows, columns, ...). Returns float64 (row phases, column phases, ...).

    >>> from upsamp.core.geometry.sizes import transposed_axis
    >>> axis = transposed_axis(4, 3, 2, "same", None, 1)
    >>> phase_sums(np.ones((3, 3)), (axis, axis))
    array([[4., 2.],
           [2., 1.]])
    """
    rows, columns = axes
    sums = np.zeros((rows.stride, columns.stride, *kernel.shape[2:]))
    for row, column in np.ndindex(kernel.shape[:2]):
        phase = (
            (row * rows.dilation - rows.before) % rows.stride,
            (column * columns.dilation - columns.before) % columns.stride,
        )
        sums[phase] += kernel[row, column]
    return sums


def unevenness(phases: Array) -> float | None:
    """Return the largest difference between phases over their mean; None where that mean is 0.

    >>> unevenness(np.array([[4, 2], [2, 1]]))
    1.3333333333333333
    """
    return mean_unevenness(phases[:, :, np.newaxis])


def mean_unevenness(phases: Array) -> float | None:
    """Return the unevenness of several kernels, weighted by the energy of what they make.

    phases: (row phases, column phases, kernels). It is the root of the sum of all squared
    differences over that of all squared means: the mean of the squares of `unevenness`, each
    weighted by its squared mean. None where all means are 0.

    >>> round(mean_unevenness(np.array([[[4, 1], [2, 1]], [[2, 1], [1, 1]]])), 3)
    1.218
    """
    largest = float(np.abs(phases).max(initial=0.0))
    difference = _norm(phases.max(axis=(0, 1)) - phases.min(axis=(0, 1)))
    mean = _norm(phases.mean(axis=(0, 1)))
    if difference <= ROUNDING * largest:
        return 0.0
    return difference / mean if mean > ROUNDING * largest else None


def kernel_unevenness(kernel: Array, strides: Pair, dilation: Pair = (1, 1)) -> float | None:
    """Return the unevenness of all pairs of a filter and a channel, weighted by their energy.

    kernel: (rows, columns, filters, channels), whose channel is a constant each. How a result is
    cropped is no matter.

    >>> [kernel_unevenness(np.ones((size, size, 1, 1)), (2, 2)) for size in (3, 4)]
    [1.3333333333333333, 0.0]
    """
    axes = [
        TransposedAxis(1, stride, rate, 1, 1, 0)
        for stride, rate in zip(strides, dilation, strict=True)
    ]
    pairs = kernel.reshape(*kernel.shape[:2], -1).astype(np.float64)
    return mean_unevenness(phase_sums(pairs, axes))


def _norm(values: Array) -> float:
    return float(np.sqrt(np.sum(np.square(values, dtype=np.float64))))
