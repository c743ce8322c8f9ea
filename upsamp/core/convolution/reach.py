"""Which inputs an output depends on, one axis at a time, in integers alone.

Every function gives two arrays (outputs,): the first and the last input position of each output.
An output that depends on no input has a first that is larger than its last.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Interpolation
from upsamp.core.convolution.geometry import ConvolutionAxis, TransposedAxis

__all__ = [
    "Reach",
    "convolution_reach",
    "kernel_overlap",
    "mixed_reach",
    "repeated_reach",
    "resampled_reach",
    "same_positions",
    "shifted_reach",
    "transposed_reach",
    "whole_reach",
]

Reach: TypeAlias = tuple[Array, Array]


def same_positions(length: int) -> Reach:
    """Return the reach of what changes each position by itself.

    >>> [positions.tolist() for positions in same_positions(3)]
    [[0, 1, 2], [0, 1, 2]]
    """
    positions = np.arange(length)
    return positions, positions.copy()


def whole_reach(length: int, outputs: int) -> Reach:
    """Return the reach of what mixes all positions: each output depends on all inputs.

    >>> [positions.tolist() for positions in whole_reach(5, 2)]
    [[0, 0], [4, 4]]
    """
    return np.zeros(outputs, int), np.full(outputs, length - 1)


def mixed_reach(mixed: Sequence[int], axis: int, length: int) -> Reach:
    """Return the reach, along the rows (0) or columns (1), of what mixes axes of (N, H, W, C).

    >>> [positions.tolist() for positions in mixed_reach((2, 3), 1, 2)]
    [[0, 0], [1, 1]]
    """
    return whole_reach(length, length) if axis + 1 in mixed else same_positions(length)


def convolution_reach(axis: ConvolutionAxis, kernel: int) -> Reach:
    """Return the reach of a convolution, or of a pooling whose window is the kernel.

    >>> from upsamp.core.convolution.geometry import convolution_axis
    >>> axis = convolution_axis(5, 3, 2, "same", 1)
    >>> [positions.tolist() for positions in convolution_reach(axis, 3)]
    [[0, 1, 3], [1, 3, 4]]
    """
    outputs = np.arange(axis.output)
    taps = np.arange(kernel)[:, np.newaxis]
    positions = outputs * axis.stride + taps * axis.dilation - axis.before
    return _bounds(positions, (positions >= 0) & (positions < axis.length), axis.length)


def transposed_reach(axis: TransposedAxis, kernel: int) -> Reach:
    """Return the reach of a transposed convolution, in which outputs may depend on nothing.

    >>> from upsamp.core.convolution.geometry import transposed_axis
    >>> axis = transposed_axis(2, 1, 2, "valid", None, 1)
    >>> [positions.tolist() for positions in transposed_reach(axis, 1)]
    [[0, 2, 1, 2], [0, -1, 1, -1]]
    """
    outputs = np.arange(axis.output)
    taps = np.arange(kernel)[:, np.newaxis]
    positions, beside = np.divmod(outputs + axis.before - taps * axis.dilation, axis.stride)
    exists = (beside == 0) & (positions >= 0) & (positions < axis.length)
    return _bounds(positions, exists, axis.length)


def shifted_reach(length: int, before: int, after: int) -> Reach:
    """Return the reach of what adds positions before and after, or cuts them off where negative.

    >>> [positions.tolist() for positions in shifted_reach(3, 1, -1)]
    [[3, 0, 1], [-1, 0, 1]]
    """
    positions = np.arange(length + before + after)[np.newaxis] - before
    return _bounds(positions, (positions >= 0) & (positions < length), length)


def repeated_reach(length: int, factor: int) -> Reach:
    """Return the reach of what makes `factor` positions of each.

    >>> [positions.tolist() for positions in repeated_reach(2, 3)]
    [[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1]]
    """
    positions = np.arange(length * factor) // factor
    return positions, positions.copy()


def resampled_reach(length: int, target: int, interpolation: Interpolation) -> Reach:
    """Return the reach of an interpolation to `target` positions, by Keras' convention.

    >>> [positions.tolist() for positions in resampled_reach(2, 4, "bilinear")]
    [[0, 0, 0, 1], [0, 1, 1, 1]]
    """
    from upsamp.core.upsampling.interpolation import nearest_inputs, plan_axis  # few layers do

    if interpolation == "nearest":
        positions = nearest_inputs(length, target, "keras")
        return positions, positions.copy()
    plan = plan_axis(length, target, interpolation)
    return plan.first.copy(), plan.last.copy()


def kernel_overlap(kernel: int, stride: int, dilation: int = 1) -> str:
    """Tell how a transposed convolution's kernels overlap away from the edges.

    "even": every output is a sum of as many taps; "uneven": not so, which shows as a
    checkerboard; "holes": some outputs are no sum at all. Without dilation it is even where the
    kernel is a multiple of the stride, and has holes where it is smaller.

    Source: A. Odena et al., "Deconvolution and Checkerboard Artifacts" (Distill, 2016).

    >>> kernel_overlap(4, 2), kernel_overlap(3, 2), kernel_overlap(1, 2)
    ('even', 'uneven', 'holes')
    """
    taps = np.bincount(np.arange(kernel) * dilation % stride, minlength=stride)
    if not taps.all():
        return "holes"
    return "even" if np.ptp(taps) == 0 else "uneven"


def _bounds(positions: Array, exists: Array, length: int) -> Reach:
    """Return the smallest and the largest position along the first axis of those that exist."""
    return (
        np.where(exists, positions, length).min(axis=0),
        np.where(exists, positions, -1).max(axis=0),
    )
