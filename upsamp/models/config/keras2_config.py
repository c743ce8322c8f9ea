"""Configs of Keras 2 and of tf.keras, turned into the form of Keras 3, which alone is read on."""

from collections.abc import Mapping, Sequence
from typing import Any

from upsamp.models.config.layer_config import (
    ELLIPSIS,
    OPERATIONS_HOME,
    SLICE,
    TENSOR,
    is_tensor,
)
from upsamp.models.config.tensorflow_functions import translate_call

CONSTANT = "_CONSTANT_VALUE"
# The layers that stand for operations of TensorFlow between those of a functional model.
TF_LAYERS = ("TFOpLambda", "SlicingOpLambda")
SLICE_PARTS = {"start", "stop", "step"}
# Arguments by their names in Keras 2, where they have others in Keras 3.
RENAMED: Mapping[str, Mapping[str, str]] = {"LeakyReLU": {"alpha": "negative_slope"}}
# Arguments that layers had in Keras 1 alone.
KERAS1_ARGUMENTS = {"border_mode", "dim_ordering", "input_dtype", "nb_filter", "W_regularizer"}
# What Keras 2 computed by this name was another function.
OLD_ACTIVATIONS: Mapping[str, str] = {"hard_sigmoid": "hard_sigmoid_keras2"}


def is_keras1(entry: object, version: str | None) -> bool:
    """Tell whether Keras 1 wrote a model, whose layers had other arguments."""
    if version is not None:
        return version.startswith("1.")
    config = entry.get("config") if isinstance(entry, dict) else None
    layers = config.get("layers") if isinstance(config, dict) else config
    if isinstance(layers, list):
        return any(is_keras1(layer, None) for layer in layers)
    return isinstance(config, dict) and bool(KERAS1_ARGUMENTS & set(config))


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
    layers = [_named(layer) for layer in layers]
    shifts = _shifts(layers, config)
    renewed = [_renew_calls(layer, shifts) for layer in layers]
    ends: dict[str, Any] = {}
    if "output_layers" in config:
        # There Keras 3 counts the calls of functional models from 1.
        from_1 = {str(one.get("name")) for one in layers if _is_functional(one)}
        outward = {name: number - (name in from_1) for name, number in shifts.items()}
        ends["output_layers"] = _shift_all(config["output_layers"], outward)
    return {**config, **ends, "layers": renewed}


def _named(layer: Any) -> Any:
    """Return a layer whose config has its name: a Sequential in a list of layers had none."""
    config, name = (layer.get("config"), layer.get("name")) if isinstance(layer, dict) else (0, 0)
    if not isinstance(config, dict) or not isinstance(name, str) or "name" in config:
        return layer
    return {**layer, "config": {"name": name, **config}}


def _is_old(layer: object) -> bool:
    """Tell whether the calls of a layer are as Keras 2 wrote them: lists, or dictionaries."""
    nodes = layer.get("inbound_nodes") if isinstance(layer, dict) else None
    if not isinstance(nodes, list) or not nodes:
        return False
    return isinstance(nodes[0], list) or (isinstance(nodes[0], dict) and "args" not in nodes[0])


def _is_model(layer: Mapping[str, Any]) -> bool:
    config = layer.get("config")
    return isinstance(config, dict) and isinstance(config.get("layers"), list)


def _is_functional(layer: object) -> bool:
    return isinstance(layer, dict) and _is_model(layer) and layer.get("class_name") != "Sequential"


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
    nodes = [_call(node) for node in _shift_all(layer["inbound_nodes"], shifts)]
    if layer.get("class_name") not in TF_LAYERS:
        return {**layer, "inbound_nodes": nodes}
    config = layer["config"] if isinstance(layer.get("config"), dict) else {}
    function = str(config.get("function"))
    class_name, options, nodes = _operation(function, [_without_name(node) for node in nodes])
    return {
        **layer,
        "class_name": class_name,
        "module": f"{OPERATIONS_HOME}.numpy",
        "registered_name": None,
        "config": {"name": layer.get("name"), **options},
        "inbound_nodes": nodes,
    }


def _operation(
    function: str, nodes: list[dict[str, Any]]
) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """Return Keras' class of a function of TensorFlow, its options, and its calls."""
    if function == "__operators__.getitem":
        items = [node["kwargs"].get("slice_spec") for node in nodes]
        calls = zip(nodes, items, strict=True)
        return "GetItem", {}, [{"args": [*node["args"], one], "kwargs": {}} for node, one in calls]
    found = [translate_call(function, node["kwargs"], _holds_tensor) for node in nodes]
    known = [one for one in found if one is not None]
    if len(known) < len(nodes) or any(one[::2] != known[0][::2] for one in known):
        return f"tf.{function}" if function.isprintable() else TF_LAYERS[0], {}, nodes
    name, _, options = known[0]
    return (
        name,
        options,
        [
            {"args": [*node["args"], *operands], "kwargs": {}}
            for node, (_, operands, _) in zip(nodes, known, strict=True)
        ],
    )


def _holds_tensor(value: Any) -> bool:
    """Tell whether an argument is an output of a layer, or holds one."""
    if isinstance(value, list):
        return any(map(_holds_tensor, value))
    return is_tensor(value)


def _call(node: Any) -> dict[str, Any]:
    """Return a call: what it takes, and its other arguments, which are beside each output.

    What is said of training holds in a prediction of Keras 2, which "training" of the call tells.
    """
    first = _first_argument(node)
    if isinstance(first, list) and len(first) == 1:
        first = first[0]
    named = _named_arguments(node)
    kwargs = {key: _in_arguments(value) for key, value in named.items()}
    training = kwargs.get("training")
    told = {} if training is None else {"training": training}
    return {"args": [first], "kwargs": kwargs, **told}


def _named_arguments(node: Any) -> dict[str, Any]:
    """Return the named arguments of a call, which are beside each part of its first argument."""
    if _is_part(node):
        return node[3] if len(node) > 3 and isinstance(node[3], dict) else {}
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return next((named for part in parts if (named := _named_arguments(part))), {})


def _is_part(value: object) -> bool:
    """Tell whether a value of a call is an output or a constant, with named arguments or none."""
    return _is_reference(value) or (
        isinstance(value, list) and len(value) >= 3 and value[0] == CONSTANT
    )


def _without_name(node: dict[str, Any]) -> dict[str, Any]:
    """Return a call of an operator without what has no meaning for its values."""
    kwargs = {key: value for key, value in node["kwargs"].items() if key != "name"}
    return {"args": node["args"], "kwargs": kwargs}


def _first_argument(node: Any) -> Any:
    """Return the first argument of a call as Keras 3 writes it: outputs in any structure."""
    if isinstance(node, dict):
        return {key: _first_argument(part) for key, part in node.items()}
    if not isinstance(node, list):
        return node
    if _is_part(node):
        return node[2] if node[0] == CONSTANT else _tensor(node)
    return [_first_argument(part) for part in node]


def _tensor(reference: list[Any]) -> dict[str, Any]:
    """Return an output as Keras 3 writes it."""
    return {"class_name": TENSOR, "config": {"keras_history": reference[:3]}}


def _in_arguments(value: Any) -> Any:
    """Return named arguments with outputs, slices and tuples as Keras 3 writes those."""
    if _is_reference(value):
        return _tensor(value)
    if isinstance(value, list):
        return [_in_arguments(part) for part in value]
    if not isinstance(value, dict):
        return value
    return _object(value)


def _object(value: dict[str, Any]) -> Any:
    """Return a slice, an ellipsis, a tuple or a dictionary as Keras 3 writes it."""
    kind = value.get("class_name")
    if kind in ("__tuple__", "TensorShape") and "items" in value:
        return _in_arguments(value["items"])
    if kind == "__ellipsis__":
        return {"class_name": ELLIPSIS, "config": {}}
    parts = {key: _in_arguments(part) for key, part in value.items()}
    return {"class_name": SLICE, "config": parts} if set(parts) == SLICE_PARTS else parts
