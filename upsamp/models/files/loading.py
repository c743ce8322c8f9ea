"""Models read from files: the architecture, and then the weights where they are wanted."""

from os import PathLike

from upsamp.core.arguments import normalize_count
from upsamp.core.values import normalize_flag, normalize_path
from upsamp.errors import FormatError
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.model_files import open_model
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE, StoredArrays
from upsamp.io.weight_files import read_weights_file
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.config.keras2_config import is_keras1, modernize
from upsamp.models.config.layer_config import CODE_ALONE, read_layer
from upsamp.models.files.stored_weights import put_weights
from upsamp.models.functional import Functional
from upsamp.models.model import Model, unknown_layers
from upsamp.models.sequential import Sequential

__all__ = ["load_model", "model_from_config"]

KINDS = (Sequential, Functional)
# How many calls a model may have; those of nested models count each time that these are called.
# The largest of Keras' own models have some thousands.
MAX_CALLS = 100_000


def load_model(
    path: str | PathLike[str],
    weights: str | PathLike[str] | None = None,
    *,
    values: bool = True,
    max_size: int = DEFAULT_MAX_SIZE,
) -> Model:
    """Read a model that Keras, tf.keras or upsamp saved.

    path: a `.keras` file, a folder of what is in one, a legacy `.h5`, or the JSON of
    `model.to_json()`, whose weights are newly drawn. weights: a file whose weights are put in
    instead: `.weights.h5`, `.weights.json` (weights in several files), `.npz`, `.safetensors`, or
    a model's. values: False reads the
    architecture alone, and counts the weights of unknown layers where that can be done.
    max_size: the bytes that a file may unpack to, and its arrays may take.

    Nothing that the file names is imported or run. A layer that upsamp does not have becomes an
    `UnknownLayer`: the model can be listed, and says which it is when it is run.

    Raises `FileError` where there is no such file, `FormatError` for what is no model or is not
    safe to read, and `MissingExtraError` where h5py or safetensors is needed and not installed.
    """
    file = normalize_path(path, "path")
    other = None if weights is None else normalize_path(weights, "weights")
    values = normalize_flag(values, "values")
    max_size = normalize_count(max_size, "max_size", minimum=0)
    stored: StoredArrays | None = None
    with Hdf5Reader(max_size=max_size) as reader:
        saved = open_model(file, max_size=max_size, reader=reader)
        if other is None and values and saved.load:
            reader.begin()  # which takes as long as all that is done until the weights are wanted
        model = model_from_config(saved.config, saved.metadata.get("keras_version"))
        if other is not None:
            stored = read_weights_file(other, max_size=max_size, reader=reader)
        elif values or unknown_layers(model):
            stored = saved.weights(values=values)
    if stored is not None:
        put_weights(model, stored)
    return model


def model_from_config(config: object, keras_version: object = None) -> Model:
    """Return the model that the JSON of an architecture describes, its weights not drawn yet.

    config: {"class_name", "config", ...} as `model.to_json()` has it. keras_version: of the Keras
    that wrote it, if that is known: text.

    >>> layers = [{"class_name": "Dense", "config": {"units": 3, "batch_input_shape": [None, 2]}}]
    >>> model_from_config({"class_name": "Sequential", "config": {"layers": layers}}).output_shape
    (None, 3)
    """
    try:
        version = keras_version if isinstance(keras_version, str) else None
        if is_keras1(config, version):
            raise FormatError(
                "A model must be one of Keras 2 or 3 to be read. Received: a model of Keras 1. "
                "Load it and save it again in Keras 2.2, which converts it."
            )
        entry = modernize(config, version)
        if _count_calls(entry) > MAX_CALLS:
            raise FormatError(
                f"A model must not call its layers more than {MAX_CALLS:,} times. Received: more, "
                "those of nested models counted at each call. It is no model that one trains.",
                rule="unsound-model",
            )
        model = read_layer(entry)
    except RecursionError:
        raise FormatError(
            "A model's layers must not be nested this deep. "
            "Received: more levels than can be read.",
            rule="unsound-model",
        ) from None
    if isinstance(model, UnknownLayer) and model.reason == CODE_ALONE:
        raise FormatError(
            f"A model must be Sequential or functional to be read. Received: {CODE_ALONE}."
        )
    if not isinstance(model, Model):
        unknown = isinstance(model, UnknownLayer)
        remedy = (
            " A class of one's own keeps its layers in code, which is not run." if unknown else ""
        )
        raise FormatError(
            "The architecture must be that of a model, Sequential or functional. "
            f"Received: a {model.type_name}.{remedy}"
        )
    return model


def _count_calls(entry: object) -> int:
    """Count how often layers are called in a model, or in one layer of it."""
    config = entry.get("config") if isinstance(entry, dict) else None
    layers = config.get("layers") if isinstance(config, dict) else None
    nodes = entry.get("inbound_nodes") if isinstance(entry, dict) else None
    within = sum(map(_count_calls, layers)) if isinstance(layers, list) else 1
    return within * (len(nodes) if isinstance(nodes, list) and nodes else 1)
