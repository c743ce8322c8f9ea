"""Activation functions by Keras' names: arrays in, arrays of the same float type out."""

import math
from collections.abc import Sequence

import numpy as np

from upsamp.core.arguments import Array

# Of "Self-Normalizing Neural Networks" (arXiv 1706.02515), equation 14.
SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


def linear(x: Array) -> Array:
    """Return x itself."""
    return x


def relu(x: Array) -> Array:
    """Return the larger of x and 0."""
    return _clip(x, 0, np.inf)


def relu6(x: Array) -> Array:
    """Return x from 0 to 6, and these beyond them."""
    return _clip(x, 0, 6)


def leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
    """Return x where it is positive, negative_slope * x elsewhere.

    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.2,  2. ])
    """
    sloped: Array = x * x.dtype.type(negative_slope)
    if not negative_slope:
        return np.where(x > 0, x, sloped)
    # The larger of the two, or with a slope above 1 the smaller: a twentieth of a choice's time.
    chosen = np.maximum if negative_slope <= 1 else np.minimum
    return chosen(x, sloped, out=sloped)


def rectify(
    x: Array,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> Array:
    """Return x above `threshold`, negative_slope * (x - threshold) up to it, at most `max_value`.

    >>> rectify(np.array([-1.0, 3.0, 9.0]), 6, 0.5)
    array([-0.5,  3. ,  6. ])
    """
    if not threshold and not negative_slope:
        return _clip(x, 0, np.inf if max_value is None else max_value)
    number = x.dtype.type
    limit = number(threshold)
    # The comparison lets a NaN through.
    result = np.where(x <= limit, number(0), x)
    if max_value is not None:
        result = np.minimum(result, number(max_value))
    if negative_slope:
        result = result + number(negative_slope) * np.minimum(x - limit, number(0))
    return result


def elu(x: Array, alpha: float = 1.0) -> Array:
    """Return x where it is positive, alpha * (exp(x) - 1) elsewhere; with alpha 1 also called celu.

    Source: D. Clevert et al., "Fast and Accurate Deep Network Learning by Exponential Linear
    Units" (arXiv 1511.07289).
    """
    # Where one of the two is not zero, the other is.
    result = np.expm1(_clip(x, -np.inf, 0))
    result *= x.dtype.type(alpha)
    result += relu(x)
    return result


def selu(x: Array) -> Array:
    """Return the scaled elu, which keeps mean 0 and variance 1 (arXiv 1706.02515)."""
    result: Array = elu(x, SELU_ALPHA) * x.dtype.type(SELU_SCALE)
    return result


def exponential(x: Array) -> Array:
    """Return exp(x)."""
    result: Array = np.exp(x)
    return result


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), with range (0, 1), without overflow on either side."""
    # exp(x) / (1 + exp(x)) up to 0, and beyond it 1 / (1 + exp(-x)).
    result: Array = np.exp(_clip(x, -np.inf, 0))
    result /= 1 + np.exp(-np.abs(x))
    return result


def log_sigmoid(x: Array) -> Array:
    """Return the logarithm of the sigmoid, without overflow."""
    return -softplus(-x)


def hard_sigmoid(x: Array) -> Array:
    """Return x / 6 + 1/2 from 0 to 1, as Keras 3 has it.

    >>> hard_sigmoid(np.array([-3.0, 0.0, 1.5]))
    array([0.  , 0.5 , 0.75])
    """
    result: Array = relu6(x + x.dtype.type(3)) / x.dtype.type(6)
    return result


def hard_sigmoid_keras2(x: Array) -> Array:
    """Return x / 5 + 1/2 from 0 to 1: what Keras 2 calls hard_sigmoid.

    >>> hard_sigmoid_keras2(np.array([-3.0, 0.0, 1.5]))
    array([0. , 0.5, 0.8])
    """
    return _clip(x * x.dtype.type(0.2) + x.dtype.type(0.5), 0, 1)


def sparse_sigmoid(x: Array) -> Array:
    """Return (x + 1) / 2 from 0 to 1."""
    return _clip((x + x.dtype.type(1)) / x.dtype.type(2), 0, 1)


def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent, with range (-1, 1)."""
    result: Array = np.tanh(x)
    return result


def hard_tanh(x: Array) -> Array:
    """Return x from -1 to 1, and these beyond them."""
    return _clip(x, -1, 1)


def tanh_shrink(x: Array) -> Array:
    """Return x - tanh(x)."""
    return x - tanh(x)


def softmax(x: Array, axis: int | Sequence[int] = -1) -> Array:
    """Return exp(x) over its sum along an axis, or several: values in (0, 1) that sum to 1.

    >>> softmax(np.zeros((2, 2)), axis=(0, 1))
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    along = axis if isinstance(axis, int) else tuple(axis)
    result: Array = x - x.max(axis=along, keepdims=True)
    np.exp(result, out=result)
    result /= result.sum(axis=along, keepdims=True)
    return result


def log_softmax(x: Array) -> Array:
    """Return the logarithm of the softmax along the last axis, without overflow."""
    result: Array = x - x.max(axis=-1, keepdims=True)
    result -= np.log(np.exp(result).sum(axis=-1, keepdims=True))
    return result


def sparsemax(x: Array) -> Array:
    """Return what Keras 3.15 computes as sparsemax along the last axis: few values above zero.

    That is not the sparsemax of A. Martins and R. Astudillo (arXiv 1602.02068) where more than
    one value is kept: Keras takes for the threshold the sum of all partial sums, which is larger,
    so that the result sums to less than 1.

    >>> sparsemax(np.array([0.0, 0.5, 1.0]))
    array([0.  , 0.  , 0.25])
    """
    number = x.dtype.type
    descending = -np.sort(-x, axis=-1)
    sums = np.cumsum(descending, axis=-1)
    counts = np.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    kept = descending - (sums - number(1)) / counts > 0
    total = np.where(kept, sums, number(0)).sum(axis=-1, keepdims=True)
    # A NaN is above nothing, and then there is none to keep.
    threshold = (total - number(1)) / np.maximum(kept.sum(axis=-1, keepdims=True), 1).astype(
        x.dtype
    )
    return relu(x - threshold)


def softplus(x: Array) -> Array:
    """Return log(1 + exp(x)), without overflow."""
    result: Array = np.log1p(np.exp(-np.abs(x)))
    result += relu(x)
    return result


def softsign(x: Array) -> Array:
    """Return x / (1 + |x|), with range (-1, 1)."""
    result: Array = x / (1 + np.abs(x))
    return result


def squareplus(x: Array) -> Array:
    """Return (x + sqrt(x^2 + 4)) / 2 (arXiv 2112.11687)."""
    # Of -x it is one over that of x, where the sum would lose all digits; a square may overflow.
    larger: Array = np.abs(x) / 2 + np.hypot(x, x.dtype.type(2)) / 2
    return np.where(x > 0, larger, 1 / larger)


def sparse_plus(x: Array) -> Array:
    """Return 0 up to -1, (x + 1)^2 / 4 up to 1, and x beyond."""
    number = x.dtype.type
    bent = np.square(np.maximum(x, number(-1)) + number(1)) / number(4)
    return np.where(x < 1, bent, x)


def silu(x: Array) -> Array:
    """Return x * sigmoid(x), also called swish."""
    return x * sigmoid(x)


def hard_silu(x: Array) -> Array:
    """Return x * hard_sigmoid(x), also called hard_swish."""
    return x * hard_sigmoid(x)


def mish(x: Array) -> Array:
    """Return x * tanh(softplus(x)) (arXiv 1908.08681)."""
    return x * np.tanh(softplus(x))


def soft_shrink(x: Array) -> Array:
    """Return x brought 1/2 nearer to 0, where it ends."""
    half = x.dtype.type(0.5)
    result: Array = x - np.clip(x, -half, half)
    return result


def hard_shrink(x: Array) -> Array:
    """Return x where it is farther than 1/2 from 0, otherwise 0."""
    return np.where(np.abs(x) <= x.dtype.type(0.5), x.dtype.type(0), x)


_complement = np.frompyfunc(math.erfc, 1, 1)


def gelu(x: Array) -> Array:
    """Return x * (1 + erf(x / sqrt(2))) / 2: the exact form, Keras' default.

    Source: D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units" (arXiv 1606.08415).
    """
    # 1 + erf(x) is erfc(-x), which keeps its digits where it is small.
    result: Array = x * (np.asarray(_complement(x / -math.sqrt(2)), x.dtype) / 2)
    return result


def _clip(x: Array, low: float, high: float) -> Array:
    """Return x from `low` to `high`; that is thrice as fast as the larger of x and a number."""
    result: Array = np.clip(x, x.dtype.type(low), x.dtype.type(high))
    return result
