"""Activation functions as nodes of ONNX."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.activation_functions import SELU_ALPHA, SELU_SCALE
from upsamp.core.activations import ActivationLike
from upsamp.models.export.onnx_nodes import Nodes, Value

Pointwise: TypeAlias = Callable[[Nodes, str], str]


def operator(name: str) -> Callable[..., str]:
    """Return what adds an operator of ONNX."""
    return lambda nodes, *operands: nodes.add(name, *operands)


def leaky_relu(nodes: Nodes, x: str, negative_slope: float = 0.2) -> str:
    """Add x where it is positive, negative_slope * x elsewhere."""
    return nodes.add("LeakyRelu", x, alpha=float(negative_slope))


def elu(nodes: Nodes, x: str, alpha: float = 1.0) -> str:
    """Add x where it is positive, alpha * (exp(x) - 1) elsewhere."""
    return nodes.add("Elu", x, alpha=float(alpha))


def rectify(
    nodes: Nodes,
    x: str,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> str:
    """Add x above `threshold`, negative_slope * (x - threshold) up to it, at most `max_value`."""
    if not threshold and not negative_slope:
        return nodes.add("Relu", x) if max_value is None else clip(nodes, x, 0, max_value)
    low = nodes.add("LessOrEqual", x, threshold, dtype=np.bool_)
    result = where(nodes, low, 0, x)
    if max_value is not None:
        result = nodes.add("Min", result, max_value)
    if negative_slope:
        below = nodes.add("Min", nodes.add("Sub", x, threshold), 0)
        result = nodes.add("Add", result, nodes.add("Mul", below, negative_slope))
    return result


def clip(nodes: Nodes, x: str, x_min: float, x_max: float) -> str:
    """Add x from `x_min` to `x_max`; ONNX Runtime does not fuse a Clip of float64."""
    if nodes.dtype == np.float64:
        return nodes.add("Min", nodes.add("Max", x, x_min), x_max)
    return nodes.add("Clip", x, x_min, x_max)


def where(nodes: Nodes, condition: str, one: str | float, other: str | float) -> str:
    """Add one of two numbers or arrays, by a condition."""
    return nodes.add("Where", condition, one, other, dtype=nodes.dtype)


def _hard_sigmoid(nodes: Nodes, x: str) -> str:
    return nodes.add("Div", clip(nodes, nodes.add("Add", x, 3), 0, 6), 6)


def _squareplus(nodes: Nodes, x: str) -> str:
    size = nodes.add("Abs", x)
    root = nodes.add("Sqrt", nodes.add("Add", nodes.add("Mul", x, x), 4))
    larger = nodes.add("Div", nodes.add("Add", size, root), 2)
    above = nodes.add("Greater", x, 0, dtype=np.bool_)
    return where(nodes, above, larger, nodes.add("Reciprocal", larger))


def _sparse_plus(nodes: Nodes, x: str) -> str:
    above = nodes.add("Add", nodes.add("Max", x, -1), 1)
    bent = nodes.add("Div", nodes.add("Mul", above, above), 4)
    return where(nodes, nodes.add("Less", x, 1, dtype=np.bool_), bent, x)


def _hard_shrink(nodes: Nodes, x: str) -> str:
    near = nodes.add("LessOrEqual", nodes.add("Abs", x), 0.5, dtype=np.bool_)
    return where(nodes, near, 0, x)


def gelu(nodes: Nodes, x: str) -> str:
    """Add x * (1 + erf(x / sqrt(2))) / 2."""
    error = nodes.add("Erf", nodes.add("Div", x, math.sqrt(2)))
    return nodes.add("Mul", nodes.add("Mul", x, nodes.add("Add", error, 1)), 0.5)


def _times(function: Pointwise) -> Pointwise:
    return lambda nodes, x: nodes.add("Mul", x, function(nodes, x))


def _affine_clip(factor: float, offset: float) -> Pointwise:
    return lambda nodes, x: clip(nodes, nodes.add("Add", nodes.add("Mul", x, factor), offset), 0, 1)


_softplus: Pointwise = operator("Softplus")
_tanh: Pointwise = operator("Tanh")

# Functions of each value only, by Keras' names.
POINTWISE: Mapping[str, Pointwise] = {
    "linear": lambda _, x: x,
    "relu": operator("Relu"),
    "leaky_relu": leaky_relu,
    "elu": elu,
    "sigmoid": operator("Sigmoid"),
    "tanh": _tanh,
    "softplus": _softplus,
    "swish": _times(operator("Sigmoid")),
    "silu": _times(operator("Sigmoid")),
    "gelu": gelu,
    "relu6": lambda nodes, x: rectify(nodes, x, 6),
    "selu": lambda nodes, x: nodes.add("Mul", elu(nodes, x, SELU_ALPHA), SELU_SCALE),
    "celu": elu,
    "exponential": operator("Exp"),
    "hard_sigmoid": _hard_sigmoid,
    "hard_sigmoid_keras2": _affine_clip(0.2, 0.5),
    "hard_silu": _times(_hard_sigmoid),
    "hard_swish": _times(_hard_sigmoid),
    "hard_tanh": lambda nodes, x: clip(nodes, x, -1, 1),
    "hard_shrink": _hard_shrink,
    "log_sigmoid": lambda nodes, x: nodes.add("Neg", _softplus(nodes, nodes.add("Neg", x))),
    "mish": _times(lambda nodes, x: _tanh(nodes, _softplus(nodes, x))),
    "soft_shrink": lambda nodes, x: nodes.add("Sub", x, clip(nodes, x, -0.5, 0.5)),
    "softsign": lambda nodes, x: nodes.add("Div", x, nodes.add("Add", nodes.add("Abs", x), 1)),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _affine_clip(0.5, 0.5),
    "squareplus": _squareplus,
    "tanh_shrink": lambda nodes, x: nodes.add("Sub", x, _tanh(nodes, x)),
}
# Layers that stand for activations, with their arguments.
LAYERS: Mapping[str, Callable[..., str]] = {
    "LeakyReLU": leaky_relu,
    "ReLU": rectify,
    "ELU": elu,
}


def softmax(nodes: Nodes, x: str, axes: list[int]) -> str:
    """Add exp(x) over its sum along stored axes."""
    if len(axes) == 1:
        return nodes.add("Softmax", x, axis=axes[0])
    along = nodes.integers(*axes)
    largest = nodes.add("ReduceMax", x, along)
    powers = nodes.add("Exp", nodes.add("Sub", x, largest))
    return nodes.add("Div", powers, nodes.add("ReduceSum", powers, along))


def _log_softmax(nodes: Nodes, x: str, axes: list[int]) -> str:
    return nodes.add("LogSoftmax", x, axis=axes[0])


def _sparsemax(nodes: Nodes, x: str, axes: list[int]) -> str:
    """Add what Keras computes as sparsemax; see `upsamp.core.activation_functions`."""
    along, (axis,) = nodes.integers(*axes), axes
    largest = nodes.add("TopK", x, nodes.length(x, axis), outputs=2, axis=axis)
    sums = nodes.add("CumSum", largest, along)
    ones = nodes.ones(nodes.add("Shape", x, dtype=np.int64))
    bound = nodes.add("Div", nodes.add("Sub", sums, 1), nodes.add("CumSum", ones, along))
    kept = nodes.add("Greater", largest, bound, dtype=np.bool_)
    total = nodes.add("ReduceSum", where(nodes, kept, sums, 0), along)
    count = nodes.add("ReduceSum", where(nodes, kept, ones, 0), along)
    least = nodes.add("Div", nodes.add("Sub", total, 1), nodes.add("Max", count, 1))
    return nodes.add("Relu", nodes.add("Sub", x, least))


# Functions that look at all values along the last axis.
MIXING: Mapping[str, Callable[[Nodes, str, list[int]], str]] = {
    "softmax": softmax,
    "log_softmax": _log_softmax,
    "sparsemax": _sparsemax,
}


def activate(nodes: Nodes, activation: ActivationLike, x: Value) -> Value:
    """Add an activation in its normal form, as layers have it."""
    if activation is None:
        return x
    if isinstance(activation, str):
        if activation in MIXING:
            return x._replace(name=MIXING[activation](nodes, x.name, x.stored([-1])))
        return x._replace(name=POINTWISE[activation](nodes, x.name))
    name, options = activation["class_name"], activation["config"]
    if name == "Softmax":
        return x._replace(name=softmax(nodes, x.name, stored_axes(x, options["axis"])))
    return x._replace(name=LAYERS[name](nodes, x.name, **options))


def stored_axes(x: Value, axis: Any) -> list[int]:
    """Return where one axis of the layers, or several, are stored."""
    return x.stored([axis] if isinstance(axis, int) else axis)
