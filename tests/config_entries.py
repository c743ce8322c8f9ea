"""The parts of a model's config, as Keras 3 writes them, in few words."""

from typing import Any

Entry = dict[str, Any]


def tensor(name: str, node: int = 0, output: int = 0) -> Entry:
    """Return the output of a layer as an argument of a call."""
    config = {"shape": None, "dtype": "float32", "keras_history": [name, node, output]}
    return {"class_name": "__keras_tensor__", "config": config}


def entry(class_name: str, name: str, *calls: list[Any], **config: Any) -> Entry:
    """Return a layer of Keras with its calls, each a list of arguments."""
    return {
        "module": "keras.layers",
        "class_name": class_name,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [{"args": arguments, "kwargs": {}} for arguments in calls],
    }


def operation(class_name: str, name: str, *calls: list[Any], **config: Any) -> Entry:
    """Return an operation of Keras with its calls."""
    return {
        **entry(class_name, name, *calls, **config),
        "module": "keras.src.ops.numpy",
        "registered_name": class_name,
    }


def image(name: str = "x", shape: tuple[int | None, ...] = (None, 4, 4, 2)) -> Entry:
    """Return an input layer."""
    return entry("InputLayer", name, batch_shape=list(shape))


def functional(*layers: Any, inputs: Any = None, outputs: Any = None, name: str = "m") -> Entry:
    """Return a functional model, by default from input "x" to the first call of the last layer."""
    config = {
        "name": name,
        "layers": list(layers),
        "input_layers": ["x", 0, 0] if inputs is None else inputs,
        "output_layers": [layers[-1]["config"]["name"], 0, 0] if outputs is None else outputs,
    }
    module = "keras.src.models.functional"
    return {"module": module, "class_name": "Functional", "config": config}


def called(model: Entry, *calls: list[Any]) -> Entry:
    """Return a model as a layer of another one, with its calls."""
    layer = entry(model["class_name"], model["config"]["name"], *calls)
    return {**model, "name": layer["name"], "inbound_nodes": layer["inbound_nodes"]}


def sequential(*layers: Any, name: str = "s", **config: Any) -> Entry:
    """Return a chain of layers."""
    config = {"name": name, "layers": list(layers), **config}
    return {"module": "keras", "class_name": "Sequential", "config": config}
