"""Normalisation by the mean and variance of the very values: of axes, or of groups of channels."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import compute_dtype


def normalize_moments(
    x: Array,
    axes: Sequence[int],
    epsilon: float,
    scale: Array | None = None,
    offset: Array | None = None,
) -> Array:
    """Return (x - mean) / sqrt(variance + epsilon) * scale + offset, the moments being of `axes`.

    x: floats of any shape. scale, offset: arrays that broadcast to `x`, or None. Returns the
    dtype of `x`. The variance is that of the values with their mean taken off, which rounding
    does not make negative; means are summed in float64.

    Source: J. Ba et al., "Layer Normalization" (arXiv 1607.06450).

    >>> normalize_moments(np.array([[1.0, 3.0]]), (1,), 0.0)
    array([[-1.,  1.]])
    """
    along = tuple(axes)
    return _normalize(x, lambda values: _mean(values, along), epsilon, scale, offset)


def normalize_groups(
    x: Array,
    groups: int,
    axis: int,
    epsilon: float,
    scale: Array | None = None,
    offset: Array | None = None,
) -> Array:
    """Normalise each sample by the moments of groups of its channels, over all positions.

    x: floats (N, ...), whose `axis` has the channels, a multiple of `groups`. scale, offset:
    (channels,), or None. With as many groups as channels this is instance normalisation.

    Source: Y. Wu and K. He, "Group Normalization" (arXiv 1803.08494).

    >>> normalize_groups(np.array([[[1.0, 10.0], [3.0, 20.0]]]), 2, 2, 0.0)
    array([[[-1., -1.],
            [ 1.,  1.]]])
    """
    positions = tuple(place for place in range(1, x.ndim) if place != axis)
    channels = [1] * x.ndim
    channels[axis] = x.shape[axis]
    scale, offset = (
        None if values is None else values.reshape(channels) for values in (scale, offset)
    )

    def mean(values: Array) -> Array:
        # Over the positions first, which is the fast way through memory, then within a group.
        of_channels = _mean(values, positions)
        of_groups = of_channels.reshape(len(x), groups, -1).mean(axis=2, keepdims=True)
        share = x.shape[axis] // groups
        return np.repeat(of_groups, share, axis=2).reshape(of_channels.shape)

    return _normalize(x, mean, epsilon, scale, offset)


def normalize_instances(
    x: Array,
    axis: int | None,
    epsilon: float,
    scale: Array | None = None,
    offset: Array | None = None,
    *,
    to_deviation: bool = False,
) -> Array:
    """Normalise each channel of each sample by its moments over all positions.

    x: floats (N, ...), whose `axis` has the channels; None for one mean of all values of a sample.
    scale, offset: (channels,), or (1,) without an axis, or None. to_deviation: whether epsilon is
    added to the deviation, as keras-contrib does, and not to the variance.

    Source: D. Ulyanov et al., "Instance Normalization" (arXiv 1607.08022).

    >>> normalize_instances(np.array([[[1.0, 10.0], [3.0, 20.0]]]), 2, 1.0, to_deviation=True)[0]
    array([[-0.5       , -0.83333333],
           [ 0.5       ,  0.83333333]])
    """
    positions = tuple(place for place in range(1, x.ndim) if place != axis)
    channels = [length if place == axis else 1 for place, length in enumerate(x.shape)]
    scale, offset = (
        None if values is None else values.reshape(channels) for values in (scale, offset)
    )
    mean = partial(_mean, axes=positions)
    return _normalize(x, mean, epsilon, scale, offset, to_deviation=to_deviation)


def _normalize(
    x: Array,
    mean: Callable[[Array], Array],
    epsilon: float,
    scale: Array | None,
    offset: Array | None,
    *,
    to_deviation: bool = False,
) -> Array:
    """Take off the mean, divide by the deviation, scale and shift; float16 in float32."""
    wide = compute_dtype(x.dtype)
    result: Array = x - mean(x).astype(wide)
    variance = mean(np.square(result))
    # NumPy 1 makes an object of a whole number that none of its types holds.
    epsilon = float(epsilon)
    deviation = np.sqrt(variance) + epsilon if to_deviation else np.sqrt(variance + epsilon)
    factor = (1 / deviation).astype(wide)
    result *= factor if scale is None else factor * scale.astype(wide, copy=False)
    if offset is not None:
        result += offset.astype(wide, copy=False)
    return result.astype(x.dtype, copy=False)


def _mean(values: Array, axes: tuple[int, ...]) -> Array:
    """Return the mean, summed in float64, with the axes kept."""
    result: Array = values.mean(axis=axes, keepdims=True, dtype=np.float64)
    return result
