"""Activation functions by Keras' names: arrays in, new arrays of the same float type out."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array, normalize_choice

__all__ = ["ACTIVATIONS", "ActivationFunction", "activation_range", "get_activation", "leaky_relu"]

ActivationFunction: TypeAlias = Callable[[Array], Array]


def linear(x: Array) -> Array:
    """Give x itself."""
    return x


def relu(x: Array) -> Array:
    """Give the larger of x and 0."""
    result: Array = np.maximum(x, x.dtype.type(0))
    return result


def leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
    """Give x where it is positive, negative_slope * x elsewhere.

    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.2,  2. ])
    """
    return np.where(x > 0, x, x * x.dtype.type(negative_slope))


def elu(x: Array) -> Array:
    """Give x where it is positive, exp(x) - 1 elsewhere (alpha 1)."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, x.dtype.type(0))))


def sigmoid(x: Array) -> Array:
    """Give 1 / (1 + exp(-x)), with range (0, 1), without overflow on either side."""
    decay = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, 1, decay) / (1 + decay)
    return result


def tanh(x: Array) -> Array:
    """Give the hyperbolic tangent, with range (-1, 1)."""
    result: Array = np.tanh(x)
    return result


def softmax(x: Array) -> Array:
    """Give exp(x) over its sum along the last axis: values in (0, 1) that sum to 1."""
    exponential = np.exp(x - x.max(axis=-1, keepdims=True))
    result: Array = exponential / exponential.sum(axis=-1, keepdims=True)
    return result


def softplus(x: Array) -> Array:
    """Give log(1 + exp(x)), without overflow."""
    result: Array = np.logaddexp(x, x.dtype.type(0))
    return result


def silu(x: Array) -> Array:
    """Give x * sigmoid(x), also called swish."""
    return x * sigmoid(x)


_error_function = np.frompyfunc(math.erf, 1, 1)


def gelu(x: Array) -> Array:
    """Give x * (1 + erf(x / sqrt(2))) / 2: the exact form, Keras' default.

    Source: D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units" (arXiv 1606.08415).
    """
    error = np.asarray(_error_function(x / math.sqrt(2)), x.dtype)
    result: Array = x * (1 + error) / 2
    return result


ACTIVATIONS: Mapping[str, ActivationFunction] = MappingProxyType(
    {
        "linear": linear,
        "relu": relu,
        "leaky_relu": leaky_relu,
        "elu": elu,
        "sigmoid": sigmoid,
        "tanh": tanh,
        "softmax": softmax,
        "softplus": softplus,
        "swish": silu,
        "silu": silu,
        "gelu": gelu,
    }
)


def get_activation(name: str | None) -> ActivationFunction:
    """Give the activation function of that name; None is "linear".

    >>> get_activation("relu")(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    chosen = "linear" if name is None else name
    return ACTIVATIONS[normalize_choice(chosen, "activation", tuple(ACTIVATIONS))]


def activation_range(name: str | None) -> tuple[float, float] | None:
    """Give the range that the values of an activation lie in, or None where it has no bounds.

    >>> activation_range("tanh"), activation_range("linear")
    ((-1.0, 1.0), None)
    """
    return {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0)}.get(name or "linear")
