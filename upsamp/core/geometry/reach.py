"""Which inputs an output depends on, one axis at a time, in integers only.

Every function gives two arrays (outputs,): the first and the last input position of each output.
An output that depends on no input has a first that is larger than its last.
"""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Interpolation
from upsamp.core.geometry.sizes import ConvolutionAxis, TransposedAxis

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

    >>> from upsamp.core.geometry.sizes import convolution_axis
    >>> axis = convolution_axis(5, 3, 2, "same", 1)
    >>> [positions.tolist() for positions in convolution_reach(axis, 3)]
    [[0, 1, 3], [1, 3, 4]]
    """
    stride, dilation, last_input = axis.stride, axis.dilation, axis.length - 1
    span = max(axis.output, 1) * stride + kernel * dilation + abs(axis.before) + axis.length
    starts = _outputs(axis.output, span) * stride - axis.before
    # The first and the last tap that lie on an input.
    low = np.maximum(0, -(starts // dilation))
    high = np.minimum(kernel - 1, (last_input - starts) // dilation)
    return _bounds(low <= high, starts + low * dilation, starts + high * dilation, axis.length)


def transposed_reach(axis: TransposedAxis, kernel: int) -> Reach:
    """Return the reach of a transposed convolution, in which outputs may depend on nothing.

    >>> from upsamp.core.geometry.sizes import transposed_axis
    >>> axis = transposed_axis(2, 1, 2, "valid", None, 1)
    >>> [positions.tolist() for positions in transposed_reach(axis, 1)]
    [[0, 2, 1, 2], [0, -1, 1, -1]]
    """
    stride, dilation = axis.stride, axis.dilation
    common = math.gcd(stride, dilation)
    # Taps this many apart reach the same output, from inputs this many apart.
    taps, apart = stride // common, dilation // common
    inverse = pow(apart, -1, taps)
    span = (axis.output + abs(axis.before) + kernel * dilation + axis.length) * stride
    places = _outputs(axis.output, span + taps * taps) + axis.before
    tap = places // common % taps * inverse % taps
    position = (places - tap * dilation) // stride
    low = np.maximum(0, -((axis.length - 1 - position) // apart))
    high = np.minimum((kernel - 1 - tap) // taps, position // apart)
    exists = (places % common == 0) & (low <= high)
    return _bounds(exists, position - high * apart, position - low * apart, axis.length)


def shifted_reach(length: int, before: int, after: int) -> Reach:
    """Return the reach of what adds positions before and after, or cuts them off where negative.

    >>> [positions.tolist() for positions in shifted_reach(3, 1, -1)]
    [[3, 0, 1], [-1, 0, 1]]
    """
    positions = np.arange(length + before + after) - before
    return _bounds((positions >= 0) & (positions < length), positions, positions, length)


def repeated_reach(length: int, factor: int) -> Reach:
    """Return the reach of what makes `factor` positions of each.

    >>> [positions.tolist() for positions in repeated_reach(2, 3)]
    [[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1]]
    """
    positions = np.arange(length * factor) // factor
    return positions, positions.copy()


def blocked_reach(length: int, factor: int) -> Reach:
    """Return the reach of what makes one position of each `factor` of them.

    >>> [positions.tolist() for positions in blocked_reach(6, 3)]
    [[0, 3], [2, 5]]
    """
    first = np.arange(length // factor) * factor
    return first, first + factor - 1


def resampled_reach(length: int, target: int, interpolation: Interpolation) -> Reach:
    """Return the reach of an interpolation to `target` positions, by Keras' convention.

    >>> [positions.tolist() for positions in resampled_reach(2, 4, "bilinear")]
    [[0, 0, 0, 1], [0, 1, 1, 1]]
    """
    from upsamp.core.upsampling.interpolation import nearest_inputs  # few layers interpolate
    from upsamp.core.upsampling.methods import kernel_of

    if interpolation == "nearest":
        positions = nearest_inputs(length, target, "keras")
        return positions, positions.copy()
    outputs = np.arange(target)
    if interpolation == "area":
        return outputs * length // target, -(-(outputs + 1) * length // target) - 1
    kernel = kernel_of(interpolation)
    # Twice the position, and twice the support, as a support may end in a half.
    centre, unit = 2 * ((2 * outputs + 1) * length - target), 4 * target
    width = round(2 * kernel.support)
    first = (centre - width * unit // 2) // unit + 1
    last = -(-(centre + width * unit // 2) // unit) - 1
    for top, bottom in reversed(kernel.zeros):  # from the farthest
        first += bottom * (centre - first * unit) == top * unit
        last -= bottom * (last * unit - centre) == top * unit
    return np.maximum(first, 0), np.minimum(last, length - 1)


def kernel_overlap(kernel: int, stride: int, dilation: int = 1) -> str:
    """Tell how a transposed convolution's kernels overlap away from the edges.

    "even": every output is a sum of as many taps; "uneven": not so, which shows as a
    checkerboard; "holes": some outputs are no sum at all. Without dilation it is even where the
    kernel is a multiple of the stride, and has holes where it is smaller.

    Source: A. Odena et al., "Deconvolution and Checkerboard Artifacts" (Distill, 2016).

    >>> kernel_overlap(4, 2), kernel_overlap(3, 2), kernel_overlap(1, 2)
    ('even', 'uneven', 'holes')
    """
    # Taps spread over the outputs of a stride evenly, unless the dilation never reaches some.
    if kernel < stride or math.gcd(stride, dilation) > 1:
        return "holes"
    return "uneven" if kernel % stride else "even"


def _outputs(count: int, span: int) -> Array:
    """Return the positions of outputs, in a type in which no number up to `span` overflows."""
    return np.arange(count, dtype=np.int64 if span < 2**62 else object)


def _bounds(exists: Array, first: Array, last: Array, length: int) -> Reach:
    """Return the first and the last position where one exists, and otherwise `length` and -1."""
    return (
        np.where(exists, first, length).astype(np.int64),
        np.where(exists, last, -1).astype(np.int64),
    )
