"""Interpolation to any size, larger or smaller, one axis at a time, as Keras' Resizing does.

A kernel that is stretched by the factor by which an axis shrinks reads all of its inputs; Keras and
TensorFlow call that antialias.
"""

import math
from functools import lru_cache

import numpy as np

from upsamp.core.arguments import Array, Interpolation
from upsamp.core.upsampling.interpolation import Gather, Rule, nearest_inputs
from upsamp.core.upsampling.methods import kernel_of


def resize_axis(
    x: Array, axis: int, target: int, interpolation: Interpolation, *, antialias: bool = False
) -> Array:
    """Return floats with `target` values along an axis, by the convention of Keras.

    >>> resize_axis(np.array([0.0, 1.0, 2.0, 9.0]), 0, 2, "bilinear")
    array([0.5, 5.5])
    >>> resize_axis(np.array([0.0, 1.0, 2.0, 9.0]), 0, 2, "bilinear", antialias=True).round(3)
    array([0.714, 4.857])
    """
    length = x.shape[axis]
    if length == target:
        return x
    if interpolation == "nearest":
        return x.take(nearest_inputs(length, target, "keras"), axis)
    inputs, weights = axis_taps(length, target, interpolation, antialias=antialias)
    along = [1] * x.ndim
    along[axis] = target
    total: Array = x.take(inputs[:, 0], axis) * weights[:, 0].astype(x.dtype).reshape(along)
    for tap in range(1, inputs.shape[1]):
        total += x.take(inputs[:, tap], axis) * weights[:, tap].astype(x.dtype).reshape(along)
    return total


@lru_cache(maxsize=16)
def axis_taps(
    length: int, target: int, interpolation: Interpolation, *, antialias: bool = False
) -> tuple[Array, Array]:
    """Return the inputs of each output and their weights, both (target, taps).

    Source of the stretched kernel: `jax.image.scale_and_translate`, TensorFlow's ScaleAndTranslate.
    """
    outputs = np.arange(target)
    if not antialias or target >= length or interpolation == "area":
        table = Gather(Rule(length, target, interpolation, "keras", False), 0, 0).table(outputs)
        return table.inputs, table.weights
    support, weight, *_ = kernel_of(interpolation)
    # Distances are in units of a stretched kernel, two for each of its inputs.
    reach = math.ceil(support * length / target)
    centres = (2 * outputs[:, np.newaxis] + 1) * length - target
    taps = centres // (2 * target) + np.arange(1 - reach, reach + 1)
    distance = np.abs(centres - 2 * target * taps) / (2 * length)
    inside = (distance < support) & (taps >= 0) & (taps < length)
    values = np.where(inside, weight(np.where(inside, distance, 0.0)), 0.0)
    return taps.clip(0, length - 1), values / values.sum(axis=1, keepdims=True)
