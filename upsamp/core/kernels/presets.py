"""Kernels of transposed convolutions by name: what a layer starts from, or what it is compared to.

Every kernel is (rows, columns, filters / groups, channels). A preset that upsamples has the same
window for every channel, and none between different channels.
"""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import (
    Array,
    Pair,
    Shape4,
    normalize_choice,
    normalize_count,
    normalize_pair,
    normalize_shape4,
)
from upsamp.core.distributions import Seed, glorot_uniform
from upsamp.core.memory import check_memory
from upsamp.errors import ArgumentError

Preset: TypeAlias = Callable[[Shape4, Pair, Seed], Array]


def make_kernel(name: str, shape: Shape4, strides: Pair = (1, 1), seed: Seed = 0) -> Array:
    """Return the kernel of that name: float64 of `shape`, (rows, columns, filters, channels).

    ones: all 1. nearest: 1 in a window of the stride, so that every input is repeated. bilinear,
    bicubic: interpolation by the stride; with padding="same" and a kernel of twice the stride (four
    times for bicubic), or one less where the stride is odd, they equal `upsample` away from the
    edges. gaussian: a normal window
    of deviation stride / 2 whose values sum to the product of the strides. identity: 1 at the
    middle. random: uniform in 0 to 1. glorot: Glorot-uniform. icnr: random, alike in all phases of
    the stride, so that nothing checkers at first.

    strides: what bilinear, bicubic, gaussian, nearest and icnr are made for. seed: what random,
    glorot and icnr are drawn from.

    Sources: J. Long et al., "Fully Convolutional Networks for Semantic Segmentation" (arXiv
    1411.4038); A. Aitken et al., "Checkerboard artifact free sub-pixel convolution" (arXiv
    1707.02937).

    >>> make_kernel("bilinear", (4, 4, 1, 1), (2, 2))[:, 0, 0, 0]
    array([0.0625, 0.1875, 0.1875, 0.0625])
    """
    preset = KERNEL_PRESETS[normalize_choice(name, "weights", tuple(KERNEL_PRESETS))]
    lengths, steps = normalize_shape4(shape, "shape"), normalize_pair(strides, "strides")
    check_memory(lengths, np.float64, "The kernel")
    drawn = seed if isinstance(seed, tuple) else normalize_count(seed, "seed", minimum=0)
    return np.asarray(preset(lengths, steps, drawn), np.float64)


def _apart(window: Array, shape: Shape4) -> Array:
    """Return each channel its own filter with this window, and nothing to the other filters."""
    filters, channels = shape[2:]
    if filters != channels:
        raise ArgumentError(
            "A preset that upsamples must have as many filters as channels, each for its own. "
            f"Received: {filters} filters for {channels} channels."
        )
    return window[:, :, np.newaxis, np.newaxis] * np.eye(filters)


def _separable(shape: Shape4, strides: Pair, axis: Callable[[int, int], Array]) -> Array:
    rows, columns = (axis(shape[index], strides[index]) for index in (0, 1))
    return _apart(np.outer(rows, columns), shape)


def _interpolating(name: str) -> Preset:
    """Return the preset that samples an interpolation's kernel at the distances of a stride."""

    def axis(length: int, stride: int) -> Array:
        from upsamp.core.upsampling.methods import kernel_of  # few kernels interpolate

        support, weight, *_ = kernel_of(name)
        scale = float(weight(0.0))
        distances = [abs(2 * tap - (length - 1)) / (2 * stride) for tap in range(length)]
        return np.array([float(weight(t)) / scale if t < support else 0.0 for t in distances])

    return lambda shape, strides, _seed: _separable(shape, strides, axis)


def _nearest_axis(length: int, stride: int) -> Array:
    if length < stride:
        raise ArgumentError(
            "The nearest kernel must be as large as the stride, to fill the gaps. Received: "
            f"kernel {length}, stride {stride}."
        )
    begin = (length - stride) // 2
    return np.array([float(begin <= tap < begin + stride) for tap in range(length)])


def _gaussian_axis(length: int, stride: int) -> Array:
    distances = (np.arange(length) - (length - 1) / 2) / (stride / 2)
    window = np.exp(-(distances**2) / 2)
    result: Array = window * (stride / window.sum())
    return result


def _identity(shape: Shape4, _strides: Pair, _seed: Seed) -> Array:
    window = np.zeros(shape[:2])
    window[(shape[0] - 1) // 2, (shape[1] - 1) // 2] = 1
    return _apart(window, shape)


def _icnr(shape: Shape4, strides: Pair, seed: Seed) -> Array:
    """Draw one element for each block of the stride, and repeat it: every phase gets the same."""
    rows, columns = (math.ceil(shape[axis] / strides[axis]) for axis in (0, 1))
    drawn = glorot_uniform((rows, columns, *shape[2:]), seed)
    repeated = drawn.repeat(strides[0], axis=0).repeat(strides[1], axis=1)
    return repeated[: shape[0], : shape[1]]


KERNEL_PRESETS: Mapping[str, Preset] = {
    "ones": lambda shape, _strides, _seed: np.ones(shape),
    "nearest": lambda shape, strides, _seed: _separable(shape, strides, _nearest_axis),
    "bilinear": _interpolating("bilinear"),
    "bicubic": _interpolating("bicubic"),
    "gaussian": lambda shape, strides, _seed: _separable(shape, strides, _gaussian_axis),
    "glorot": lambda shape, _strides, seed: glorot_uniform(shape, seed),
    "icnr": _icnr,
    "random": lambda shape, _strides, seed: np.random.default_rng(seed).random(shape),
    "identity": _identity,
}
