"""Activation functions by name, and layers without weights that are used as such."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from upsamp.core import activation_functions as functions
from upsamp.core.activation_functions import leaky_relu
from upsamp.core.arguments import Array, normalize_choice
from upsamp.core.axes import normalize_axes
from upsamp.core.binding import bind_arguments
from upsamp.core.dtypes import compute_dtype
from upsamp.core.values import normalize_amount, normalize_mapping, spelled
from upsamp.errors import ArgumentError

__all__ = [
    "ACTIVATIONS",
    "LAYER_ACTIVATIONS",
    "ActivationFunction",
    "ActivationLike",
    "activation_mapping",
    "activation_range",
    "get_activation",
    "is_pointwise",
    "leaky_relu",
    "normalize_activation",
]

ActivationFunction: TypeAlias = Callable[[Array], Array]
# A name, None for none, or {"class_name": ..., "config": {...}} for a layer used as activation.
ActivationLike: TypeAlias = str | Mapping[str, Any] | None

ACTIVATIONS: Mapping[str, ActivationFunction] = {
    "linear": functions.linear,
    "relu": functions.relu,
    "leaky_relu": functions.leaky_relu,
    "elu": functions.elu,
    "sigmoid": functions.sigmoid,
    "tanh": functions.tanh,
    "softmax": functions.softmax,
    "softplus": functions.softplus,
    "swish": functions.silu,
    "silu": functions.silu,
    "gelu": functions.gelu,
    "relu6": functions.relu6,
    "selu": functions.selu,
    "celu": functions.elu,
    "exponential": functions.exponential,
    "hard_sigmoid": functions.hard_sigmoid,
    "hard_sigmoid_keras2": functions.hard_sigmoid_keras2,
    "hard_silu": functions.hard_silu,
    "hard_swish": functions.hard_silu,
    "hard_tanh": functions.hard_tanh,
    "hard_shrink": functions.hard_shrink,
    "log_sigmoid": functions.log_sigmoid,
    "log_softmax": functions.log_softmax,
    "mish": functions.mish,
    "soft_shrink": functions.soft_shrink,
    "softsign": functions.softsign,
    "sparse_plus": functions.sparse_plus,
    "sparse_sigmoid": functions.sparse_sigmoid,
    "sparsemax": functions.sparsemax,
    "squareplus": functions.squareplus,
    "tanh_shrink": functions.tanh_shrink,
}
RANGES: Mapping[str, tuple[float, float]] = {
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "hard_sigmoid_keras2": (0.0, 1.0),
    "sparse_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "sparsemax": (0.0, 1.0),
    "relu6": (0.0, 6.0),
}


class LayerActivation(NamedTuple):
    """A layer that may stand for an activation: its parameters' defaults, and its function."""

    parameters: Mapping[str, Any]
    function: Callable[..., Array]


LAYER_ACTIVATIONS: Mapping[str, LayerActivation] = {
    "LeakyReLU": LayerActivation({"negative_slope": 0.3}, functions.leaky_relu),
    "ReLU": LayerActivation(
        {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}, functions.rectify
    ),
    "ELU": LayerActivation({"alpha": 1.0}, functions.elu),
    "Softmax": LayerActivation({"axis": -1}, functions.softmax),
}
# Those that look at more than one value, besides the layer Softmax.
MIXING = frozenset({"softmax", "log_softmax", "sparsemax"})
# What every layer has besides, and what no activation depends on.
LAYER_OPTIONS = frozenset({"name", "trainable", "dtype"})


def normalize_activation(value: object) -> ActivationLike:
    """Return an activation's name, None for none, or the mapping of a layer with its parameters.

    >>> normalize_activation("ReLU")
    'relu'
    >>> normalize_activation({"class_name": "LeakyReLU", "config": {"alpha": 0.1}})
    {'class_name': 'LeakyReLU', 'config': {'negative_slope': 0.1}}
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return normalize_choice(value, "activation", tuple(ACTIVATIONS))
    mapping = normalize_mapping(value, "activation")
    class_name, config = spelled(mapping.get("class_name")).strip("'"), mapping.get("config")
    config = {} if config is None else config
    if class_name == "Activation" and isinstance(config, Mapping):
        return normalize_activation(config.get("activation"))
    if class_name not in LAYER_ACTIVATIONS or not isinstance(config, Mapping):
        raise ArgumentError(
            "`activation` must be a name, or a layer without weights: "
            f"{', '.join(LAYER_ACTIVATIONS)}. Received: activation={spelled(value)}."
        )
    defaults = LAYER_ACTIVATIONS[class_name].parameters
    own = {key: part for key, part in config.items() if key not in LAYER_OPTIONS}
    if class_name == "LeakyReLU" and "alpha" in own:
        own = {"negative_slope": own["alpha"]}
    bind_arguments(class_name, tuple(defaults), (), own)
    parameters = {key: _parameter(key, own.get(key, at)) for key, at in defaults.items()}
    return {"class_name": class_name, "config": parameters}


def activation_mapping(
    name: str, positional: Sequence[object], named: Mapping[str, object]
) -> Mapping[str, Any] | None:
    """Return the mapping that a call such as LeakyReLU(0.2) means; None: no such layer.

    >>> activation_mapping("LeakyReLU", [0.2], {})
    {'class_name': 'LeakyReLU', 'config': {'negative_slope': 0.2}}
    """
    if name not in LAYER_ACTIVATIONS:
        return None
    accepted = list(LAYER_ACTIVATIONS[name].parameters)
    if name == "LeakyReLU" and "alpha" in named:
        accepted = ["alpha"]
    config = bind_arguments(name, [*accepted, *LAYER_OPTIONS], positional, named)
    return {"class_name": name, "config": config}


def get_activation(value: object) -> ActivationFunction:
    """Return the activation function of that name, or of that layer; None is "linear".

    >>> import numpy as np
    >>> get_activation("relu")(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    chosen = normalize_activation(value)
    if chosen is None or isinstance(chosen, str):
        return partial(_activate, ACTIVATIONS[chosen or "linear"])
    kind = LAYER_ACTIVATIONS[chosen["class_name"]]
    return partial(_activate, partial(kind.function, **chosen["config"]))


def _activate(function: ActivationFunction, x: Array) -> Array:
    """Apply a function: to float16 in float32, whose result is rounded once."""
    return function(x.astype(compute_dtype(x.dtype), copy=False)).astype(x.dtype, copy=False)


def is_pointwise(value: object) -> bool:
    """Tell whether an activation is a function of each value only.

    >>> is_pointwise("tanh"), is_pointwise("softmax")
    (True, False)
    """
    chosen = normalize_activation(value)
    if chosen is None or isinstance(chosen, str):
        return chosen not in MIXING
    return str(chosen["class_name"]) != "Softmax"


def activation_range(value: object) -> tuple[float, float] | None:
    """Return the range that the values of an activation lie in, or None where it has no bounds.

    >>> activation_range("tanh"), activation_range("linear")
    ((-1.0, 1.0), None)
    """
    chosen = normalize_activation(value)
    if chosen is None or isinstance(chosen, str):
        return RANGES.get(chosen or "linear")
    config = chosen["config"]
    if chosen["class_name"] == "ReLU" and config["max_value"] and not config["negative_slope"]:
        return 0.0, float(config["max_value"])
    return (0.0, 1.0) if chosen["class_name"] == "Softmax" else None


def _parameter(key: str, value: object) -> object:
    """Return a parameter, checked: an axis, or a number that is not negative."""
    if key == "axis":
        return normalize_axes(value)
    return None if value is None and key == "max_value" else normalize_amount(value, key)
