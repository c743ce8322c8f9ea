"""Configs of Keras 2 and of tf.keras, turned into the form of Keras 3, which alone is read on."""

from collections.abc import Mapping, Sequence
from typing import Any

from upsamp.models.config.layer_config import OPERATIONS_HOME, TENSOR
from upsamp.models.config.tensorflow_functions import translate_call

CONSTANT = "_CONSTANT_VALUE"
# Arguments by their names in Keras 2, where they have others in Keras 3.
RENAMED: Mapping[str, Mapping[str, str]] = {"LeakyReLU": {"alpha": "negative_slope"}}
# What Keras 2 computed by this name was another function.
OLD_ACTIVATIONS: Mapping[str, str] = {"hard_sigmoid": "hard_sigmoid_keras2"}


def modernize(entry: Any, version: str | None) -> Any:
    """Return a model, or one of its layers, as Keras 3 would have written it.

    entry: {"class_name", "config", ...} of any Keras. version: of the Keras that wrote it, or None.
    What is not understood stays as it is, for the reader to refuse.

    >>> layer = {"class_name": "LeakyReLU", "config": {"name": "a", "alpha": 0.5}}
    >>> modernize(layer, "2.15.0")["config"]
    {'name': 'a', 'negative_slope': 0.5}
    """
    if not isinstance(entry, dict):
        return entry
    config = entry.get("config")
    if isinstance(config, list):  # of Sequential, before Keras 2.2
        config = {"layers": config}
    if not isinstance(config, dict):
        return entry
    if isinstance(config.get("layers"), list):
        return {**entry, "config": _model(config, version)}
    renamed = RENAMED.get(str(entry.get("class_name")), {})
    config = {renamed.get(key, key): value for key, value in config.items()}
    old = config.get("activation")
    if (version or "").startswith("2.") and isinstance(old, str) and old in OLD_ACTIVATIONS:
        config["activation"] = OLD_ACTIVATIONS[old]
    wrapped = config.get("layer")
    if isinstance(wrapped, dict):
        config["layer"] = modernize(wrapped, version)
    return {**entry, "config": config}


def _model(config: dict[str, Any], version: str | None) -> dict[str, Any]:
    """Return the config of a model, its layers and the calls between them renewed."""
    layers = [modernize(layer, version) for layer in config["layers"]]
    if not any(_is_old(layer) for layer in layers):
        return {**config, "layers": layers}
    shifts = _shifts(layers, config)
    renewed = [_renew_calls(layer, shifts) for layer in layers]
    ends: dict[str, Any] = {
        key: _shift_all(config[key], shifts)
        for key in ("input_layers", "output_layers")
        if key in config
    }
    return {**config, **ends, "layers": renewed}


def _is_old(layer: object) -> bool:
    """Tell whether the calls of a layer are lists, as Keras 2 wrote them."""
    nodes = layer.get("inbound_nodes") if isinstance(layer, dict) else None
    return isinstance(nodes, list) and bool(nodes) and isinstance(nodes[0], list)


def _is_model(layer: Mapping[str, Any]) -> bool:
    config = layer.get("config")
    return isinstance(config, dict) and isinstance(config.get("layers"), list)


def _references(value: object) -> list[list[Any]]:
    """Return all outputs that are named anywhere in a value: [name, call, output, ...]."""
    if isinstance(value, dict):
        return [one for part in value.values() for one in _references(part)]
    if not isinstance(value, list):
        return []
    inner = [one for part in value[3:] for one in _references(part)]
    if _is_reference(value):
        return [value, *inner]
    return [one for part in value for one in _references(part)]


def _is_reference(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= 3
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and isinstance(value[2], int)
    )


def _shifts(layers: Sequence[Any], config: Mapping[str, Any]) -> dict[str, int]:
    """Return how far the calls of nested models are counted from 0.

    In Keras 2 the first call of a nested model is its number 1, as number 0 is its own.
    """
    nested = {
        str(layer.get("name")): 1
        for layer in layers
        if isinstance(layer, dict) and _is_model(layer)
    }
    everything = [layer.get("inbound_nodes") for layer in layers if isinstance(layer, dict)]
    for name, call, *_ in _references([*everything, config.get("output_layers")]):
        if name in nested and call == 0:
            nested[name] = 0
    return nested


def _shift_all(value: Any, shifts: Mapping[str, int]) -> Any:
    """Return a value in which the calls of nested models count from 0."""
    if isinstance(value, dict):
        return {key: _shift_all(part, shifts) for key, part in value.items()}
    if not isinstance(value, list):
        return value
    if _is_reference(value):
        name, call, *rest = value
        return [name, call - shifts.get(name, 0), *(_shift_all(part, shifts) for part in rest)]
    return [_shift_all(part, shifts) for part in value]


def _renew_calls(layer: Any, shifts: Mapping[str, int]) -> Any:
    """Return a layer whose calls are written as in Keras 3."""
    if not _is_old(layer):
        return layer
    nodes = _shift_all(layer["inbound_nodes"], shifts)
    config = layer["config"] if isinstance(layer.get("config"), dict) else {}
    if layer.get("class_name") == "TFOpLambda":
        return _function_layer(layer, str(config.get("function")), nodes)
    return {**layer, "inbound_nodes": [_call(node) for node in nodes]}


def _call(node: Any) -> dict[str, Any]:
    """Return a call on one output, or on a list of them."""
    parts = node if isinstance(node, list) else []
    tensors = [_tensor(part) for part in parts]
    named = [part[3] for part in parts if isinstance(part, list) and len(part) > 3]
    return {
        "args": tensors if len(tensors) == 1 else [tensors],
        "kwargs": {"of_calls": [_in_arguments(one) for one in named]},
    }


def _function_layer(layer: dict[str, Any], function: str, nodes: Sequence[Any]) -> dict[str, Any]:
    """Return a call of a function of TensorFlow as an operation of Keras 3, if there is one."""
    calls = [_function_call(node) for node in nodes]
    found = [translate_call(function, named, _is_array) for _, named in calls]
    known = [one for one in found if one is not None]
    if len(known) < len(calls) or any(one[::2] != known[0][::2] for one in known):
        shown = f"tf.{function}" if function.isprintable() else "TFOpLambda"
        known = [(shown, list(named.values()), {}) for _, named in calls]
    name, _, options = known[0]
    return {
        **layer,
        "class_name": name,
        "module": f"{OPERATIONS_HOME}.numpy",
        "registered_name": None,
        "config": {"name": layer.get("name"), **options},
        "inbound_nodes": [
            {"args": [operand, *map(_in_arguments, others)], "kwargs": {}}
            for (operand, _), (_, others, _) in zip(calls, known, strict=True)
        ],
    }


def _function_call(node: Any) -> tuple[Any, dict[str, Any]]:
    """Return the first operand of a call, or a list of several, and what is named besides."""
    if not isinstance(node, list) or not node:
        return None, {}
    if isinstance(node[0], list):
        several = [_function_call(part) for part in node]
        return [operand for operand, _ in several], several[0][1]
    if len(node) < 3:
        return None, {}
    named = node[3] if len(node) > 3 and isinstance(node[3], dict) else {}
    return node[2] if node[0] == CONSTANT else _tensor(node), named


def _is_array(value: Any) -> bool:
    return bool(_references(value))


def _tensor(reference: Any) -> Any:
    """Return an output as Keras 3 writes it."""
    if not isinstance(reference, list):
        return reference
    return {"class_name": TENSOR, "config": {"keras_history": reference[:3]}}


def _in_arguments(value: Any) -> Any:
    """Return named arguments with the outputs in them as Keras 3 writes those."""
    if _is_reference(value):
        return _tensor(value)
    if isinstance(value, dict):
        return {key: _in_arguments(part) for key, part in value.items()}
    return value
