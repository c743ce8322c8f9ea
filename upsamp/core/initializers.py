"""First values of weights, drawn from a seed."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array, normalize_choice

__all__ = ["INITIALIZERS", "Seed", "get_initializer", "glorot_uniform", "normalize_initializer"]

# What random numbers are drawn from; a generator is made of it where any are.
Seed: TypeAlias = int | Sequence[int]
# The deviation that is left of a normal distribution of 1 when it is cut at 2.
CUT_DEVIATION = 0.87962566103423978
Initializer: TypeAlias = Callable[[tuple[int, ...], Seed], Array]


def glorot_uniform(shape: tuple[int, ...], seed: Seed) -> Array:
    """Draw a kernel uniformly from +-sqrt(6 / (fan in + fan out)), Keras' default.

    shape: (..., a, b), where the axes before the last two are the window of a convolution; fan in
    and fan out are a and b, each times the size of the window. Returns float32.

    Source: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks" (2010).

    >>> kernel = glorot_uniform((3, 3, 8, 16), 0)
    >>> bool(abs(kernel).max() <= (6 / (9 * 8 + 9 * 16)) ** 0.5)
    True
    """
    window = math.prod(shape[:-2])
    limit = math.sqrt(6 / (window * sum(shape[-2:])))
    return _uniform(shape, seed, limit)


def he_uniform(shape: tuple[int, ...], seed: Seed) -> Array:
    """Draw a kernel uniformly from +-sqrt(6 / fan in).

    Source: K. He et al., "Delving deep into rectifiers" (arXiv 1502.01852).
    """
    return _uniform(shape, seed, math.sqrt(6 / math.prod(shape[:-1])))


def glorot_normal(shape: tuple[int, ...], seed: Seed) -> Array:
    """Draw from a truncated normal distribution of deviation sqrt(2 / (fan in + fan out))."""
    fans = math.prod(shape[:-2]) * sum(shape[-2:])
    return _truncated_normal(shape, seed, math.sqrt(2 / fans))


def he_normal(shape: tuple[int, ...], seed: Seed) -> Array:
    """Draw from a truncated normal distribution of deviation sqrt(2 / fan in)."""
    return _truncated_normal(shape, seed, math.sqrt(2 / math.prod(shape[:-1])))


def truncated_normal(shape: tuple[int, ...], seed: Seed) -> Array:
    """Draw from a normal distribution of deviation 0.05, cut at two deviations."""
    return _truncated_normal(shape, seed, 0.05 * CUT_DEVIATION)


def random_uniform(shape: tuple[int, ...], seed: Seed) -> Array:
    """Draw uniformly from +-0.05, as Keras does by default."""
    return _uniform(shape, seed, 0.05)


def random_normal(shape: tuple[int, ...], seed: Seed) -> Array:
    """Draw from a normal distribution of mean 0 and deviation 0.05, as Keras does by default."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32) * np.float32(0.05)


def zeros(shape: tuple[int, ...], _seed: Seed) -> Array:
    """Give zeros, the default of biases."""
    return np.zeros(shape, np.float32)


def ones(shape: tuple[int, ...], _seed: Seed) -> Array:
    """Give ones."""
    return np.ones(shape, np.float32)


def _uniform(shape: tuple[int, ...], seed: Seed, limit: float) -> Array:
    values = np.random.default_rng(seed).random(shape, np.float32)
    values *= np.float32(2 * limit)
    values -= np.float32(limit)
    return values


def _truncated_normal(shape: tuple[int, ...], seed: Seed, deviation: float) -> Array:
    """Draw normally, and again what lies beyond two deviations; then restore the deviation."""
    generator = np.random.default_rng(seed)
    values = generator.standard_normal(shape, np.float32)
    while (beyond := np.abs(values) > 2).any():
        values[beyond] = generator.standard_normal(int(beyond.sum()), np.float32)
    return values * np.float32(deviation / CUT_DEVIATION)


INITIALIZERS: Mapping[str, Initializer] = MappingProxyType(
    {
        "glorot_uniform": glorot_uniform,
        "glorot_normal": glorot_normal,
        "he_uniform": he_uniform,
        "he_normal": he_normal,
        "random_normal": random_normal,
        "random_uniform": random_uniform,
        "truncated_normal": truncated_normal,
        "zeros": zeros,
        "ones": ones,
    }
)


def normalize_initializer(name: str, argument: str) -> str:
    """Give the name of an initializer, when there is one; `argument` is what the caller calls it.

    >>> normalize_initializer("Zeros", "bias_initializer")
    'zeros'
    """
    return normalize_choice(name, argument, tuple(INITIALIZERS))


def get_initializer(name: str) -> Initializer:
    """Give the initializer of that name."""
    return INITIALIZERS[normalize_initializer(name, "initializer")]
