"""Models written to files: whole, as Keras 3 loads them or as ONNX, or their weights only."""

import json
from collections import Counter
from collections.abc import Iterator

from upsamp.core.arguments import Array
from upsamp.errors import ArgumentError, UnknownLayerError
from upsamp.io.streams import is_stream
from upsamp.io.weight_files import (
    WEIGHT_FORMATS,
    weight_format_of_name,
    write_keras,
    write_weights,
)
from upsamp.layers import Layer
from upsamp.models.config.layer_entries import foreign, keras_name, write_layer
from upsamp.models.files.weight_names import named_layers, tree_groups

MODEL_SUFFIX, ONNX_SUFFIX = ".keras", ".onnx"
# The form of Keras that is written; every Keras 3 reads it.
KERAS_VERSION = "3.0.0"


def save_model(model: Layer, name: str, *, overwrite: bool) -> None:
    """Write a built model to `name`, in the format of its suffix; see `Model.save`."""
    if name.lower().endswith(ONNX_SUFFIX):
        from upsamp.models.export.onnx_file import write_onnx  # few models are written so

        write_onnx(model, name, overwrite=overwrite)
        return
    check_savable(model, name)
    kind = weight_format_of_name(name)
    if kind is not None and kind != "h5":
        write_weights(_flat(model), name, kind, overwrite=overwrite)
        return
    from importlib.metadata import version  # it takes long to import

    arrays, groups = _tree(model)
    if kind == "h5":
        write_weights(arrays, name, kind, overwrite=overwrite, groups=groups)
        return
    metadata = {"keras_version": KERAS_VERSION, "upsamp_version": version("upsamp")}
    write_keras(name, write_layer(model), metadata, arrays, groups, overwrite=overwrite)


def check_savable(model: Layer, name: str) -> None:
    """Raise where a model cannot be written to `name`: for its suffix, or for its layers."""
    check_suffix(name)
    if weight_format_of_name(name) is not None:
        return
    _check_names(model)
    for layer in (model, *_within(model)):
        why = foreign(layer)
        if why is not None:
            raise UnknownLayerError(
                f"A layer must be one of Keras' to be saved for it. Received: '{layer.name}' "
                f"({layer.type_name}): {why}. Save the weights alone, as .npz."
            )


def check_suffix(name: str) -> None:
    """Raise `ArgumentError` where a file's name does not say how a model is saved.

    A stream, which has no suffix, gets a .keras file.
    """
    if is_stream(name) or name.lower().endswith((MODEL_SUFFIX, ONNX_SUFFIX)):
        return
    if weight_format_of_name(name) is None:
        suffixes = ", ".join((MODEL_SUFFIX, ONNX_SUFFIX, *WEIGHT_FORMATS))
        raise ArgumentError(
            f"The name of a file must say how a model is saved: {suffixes}. Received: {name}."
        )


def _check_names(model: Layer) -> None:
    """Raise where two layers of a model have one name in Keras, which takes no slash in it."""
    names = Counter(map(keras_name, model.layers))
    for name, count in names.items():
        if count > 1:
            raise ArgumentError(
                "The layers of a model must have names that differ when / is _ to be saved. "
                f"Received: '{name}' {count} times. Save the weights alone, as .npz."
            )
    for layer in model.layers:
        _check_names(layer)


def format_json(model: Layer) -> str:
    """Return the architecture of a model as JSON."""
    return json.dumps({**write_layer(model), "keras_version": KERAS_VERSION})


def _within(model: Layer) -> Iterator[Layer]:
    """Yield all layers of a model and of those that it holds."""
    for layer in model.layers:
        yield layer
        yield from _within(layer)


def _flat(model: Layer) -> dict[str, Array]:
    """Return the weights by name, "dense/kernel"."""
    found: dict[str, Array] = {}
    for path, layer in named_layers(model):
        for weight, values in zip(layer.weights, layer.get_weights(), strict=True):
            name = f"{path}/{weight.name}"
            if name in found:
                raise ArgumentError(
                    "The weights of a model must have names of their own to be saved by name. "
                    f"Received: '{name}' twice. Save the model as .keras."
                )
            found[name] = values
    return found


def _tree(model: Layer) -> tuple[dict[str, Array], dict[str, dict[str, str]]]:
    """Return the weights as Keras 3 lays them out, and all groups with their layers' names."""
    arrays: dict[str, Array] = {}
    groups: dict[str, dict[str, str]] = {"vars": {"name": keras_name(model)}}

    def put(inner: Layer, prefix: str) -> None:
        for group, layer in tree_groups(inner, prefix):
            groups[f"{group}/vars"] = {"name": keras_name(layer)}
            if layer.layers:
                put(layer, f"{group}/")
                continue
            _check_paths(layer)
            arrays.update({f"{group}/{path}": one for path, one in layer.stored_weights().items()})

    put(model, "")
    return arrays, groups


def _check_paths(layer: Layer) -> None:
    """Raise where nobody knows where Keras keeps the weights of a layer."""
    strange = [path for path in layer.weight_paths if "vars" not in path.split("/")]
    if strange:
        raise UnknownLayerError(
            f"A layer must be known to be saved for Keras. Received: '{layer.name}' "
            f"({layer.type_name}), whose weights have other names, '{strange[0]}'. "
            "Save the weights as .npz."
        )
