"""What first values of weights are drawn from, by Keras' names; all give float32."""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.values import ask, spelled
from upsamp.errors import ArgumentError

Shape: TypeAlias = tuple[int, ...]
# What random numbers are drawn from; a generator is made of it where any are.
Seed: TypeAlias = int | Sequence[int]
# The deviation that is left of a normal distribution of 1 when it is cut at 2.
CUT_DEVIATION = 0.87962566103423978


def random_normal(shape: Shape, seed: Seed, mean: float = 0.0, stddev: float = 0.05) -> Array:
    """Draw from a normal distribution."""
    values = np.random.default_rng(seed).standard_normal(shape, np.float32) * np.float32(stddev)
    return values + np.float32(mean) if mean else values


def truncated_normal(shape: Shape, seed: Seed, mean: float = 0.0, stddev: float = 0.05) -> Array:
    """Draw from a normal distribution, and again what lies beyond two deviations."""
    generator = np.random.default_rng(seed)
    values = generator.standard_normal(shape, np.float32)
    while (beyond := np.abs(values) > 2).any():
        values[beyond] = generator.standard_normal(int(beyond.sum()), np.float32)
    values *= np.float32(stddev)
    return values + np.float32(mean) if mean else values


def random_uniform(shape: Shape, seed: Seed, minval: float = -0.05, maxval: float = 0.05) -> Array:
    """Draw uniformly from minval to maxval.

    >>> values = random_uniform((100,), 0, 2, 3)
    >>> bool(values.min() >= 2 and values.max() <= 3)
    True
    """
    values = np.random.default_rng(seed).random(shape, np.float32)
    values *= np.float32(maxval - minval)
    values += np.float32(minval)
    return values


def variance_scaling(
    shape: Shape,
    seed: Seed,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
) -> Array:
    """Draw a kernel whose variance is scale / fan.

    shape: (..., a, b), where the axes before the last two are the window of a convolution; fan in
    and fan out are a and b, each times the size of the window. mode: "fan_in", "fan_out", or
    "fan_avg" for their mean. distribution: "uniform", "truncated_normal" (cut at two deviations,
    then widened to the variance) or "untruncated_normal".

    Sources: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks" (2010); K. He et al., "Delving deep into rectifiers" (arXiv 1502.01852).

    >>> kernel = variance_scaling((3, 3, 8, 16), 0, 2.0, "fan_in", "uniform")
    >>> bool(abs(kernel).max() <= (6 / (9 * 8)) ** 0.5)
    True
    """
    fan_in, fan_out = _fans(shape)
    # In twice the fan, which is a whole number for the mean too.
    fans = {"fan_in": 2 * fan_in, "fan_out": 2 * fan_out, "fan_avg": fan_in + fan_out}[mode]
    double = 2 * scale / max(2, fans)
    if distribution == "uniform":
        limit = math.sqrt(3 * double)
        return random_uniform(shape, seed, -limit, limit)
    deviation = math.sqrt(double)
    if distribution == "untruncated_normal":
        return random_normal(shape, seed, 0.0, deviation)
    return truncated_normal(shape, seed, 0.0, deviation / CUT_DEVIATION)


def glorot_uniform(shape: Shape, seed: Seed) -> Array:
    """Draw a kernel uniformly from +-sqrt(6 / (fan in + fan out)), Keras' default.

    >>> kernel = glorot_uniform((3, 3, 8, 16), 0)
    >>> bool(abs(kernel).max() <= (6 / (9 * 8 + 9 * 16)) ** 0.5)
    True
    """
    return variance_scaling(shape, seed, 1.0, "fan_avg", "uniform")


def orthogonal(shape: Shape, seed: Seed, gain: float = 1.0) -> Array:
    """Draw a matrix whose rows, or columns where these are fewer, are orthogonal, times gain.

    shape: (..., b), taken as a matrix of b columns.

    Source: A. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks" (arXiv 1312.6120).

    >>> matrix = orthogonal((2, 2), 0)
    >>> np.abs(matrix @ matrix.T).round(5)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    if len(shape) < 2:
        raise ArgumentError(
            f"An orthogonal initializer must draw two axes or more. Received: shape {shape}."
        )
    rows, columns = math.prod(shape[:-1]), shape[-1]
    tall = (max(rows, columns), min(rows, columns))
    factor, triangle = np.linalg.qr(np.random.default_rng(seed).standard_normal(tall))
    # Without the signs, some matrices would come more often than others.
    factor *= np.sign(np.diag(triangle))
    matrix = factor.T if rows < columns else factor
    return np.ascontiguousarray(matrix.reshape(shape) * gain, np.float32)


def identity(shape: Shape, _seed: Seed, gain: float = 1.0) -> Array:
    """Return a matrix of ones on its diagonal, times gain."""
    if len(shape) != 2:
        raise ArgumentError(f"An identity initializer must draw a matrix. Received: shape {shape}.")
    return np.eye(*shape, dtype=np.float32) * np.float32(gain)


def constant(shape: Shape, _seed: Seed, value: object = 0.0) -> Array:
    """Return one value everywhere, or an array of values that broadcasts to the shape."""
    values = ask(lambda: np.broadcast_to(np.asarray(value, np.float32), shape).copy())
    if values is None:
        raise ArgumentError(
            "A constant initializer must have a number. "
            f"Received: value={spelled(value)} for shape {shape}."
        )
    return values


def zeros(shape: Shape, _seed: Seed) -> Array:
    """Return zeros, the default of biases."""
    return np.zeros(shape, np.float32)


def ones(shape: Shape, _seed: Seed) -> Array:
    """Return ones."""
    return np.ones(shape, np.float32)


def _fans(shape: Shape) -> tuple[int, int]:
    """Return how many inputs an output of a kernel has, and how many outputs an input."""
    if len(shape) < 2:
        length = shape[0] if shape else 1
        return length, length
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]
