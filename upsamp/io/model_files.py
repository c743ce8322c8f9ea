"""Saved Keras models of every kind, read as JSON and named arrays; nothing in them is ever run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from upsamp.errors import FormatError
from upsamp.io.archives import Archive, open_archive, start_of
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.json_text import MAX_TEXT, read_json
from upsamp.io.model_sources import Source, file_in, find_source, is_folder, kind_of, refuse_folder
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE, StoredArrays

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
# What an .h5 file says of the model besides its architecture.
H5_METADATA = ("keras_version", "backend", "training_config")
JSON_METADATA = ("keras_version", "backend")


@dataclass(frozen=True)
class SavedModel:
    """What a saved model says of itself, and the way to its weights.

    config: the architecture as the file has it, {"class_name": ..., "config": ...}. metadata: the
    version of Keras and the like, as far as the file tells. kind: .keras files, folders, .h5 files
    of Keras 2, and the JSON of `model.to_json()`.
    """

    config: dict[str, Any]
    metadata: dict[str, Any]
    kind: Literal["keras", "folder", "h5", "json"]
    load: Callable[[bool], StoredArrays] | None = field(default=None, repr=False)

    def weights(self, values: bool = True) -> StoredArrays | None:
        """Read the weights, or their shapes only; None where there are none, as in JSON.

        Those of an .h5 file have paths that begin at its group "model_weights".
        """
        return None if self.load is None else self.load(values)


def open_model(
    path: str, *, max_size: int = DEFAULT_MAX_SIZE, reader: Hdf5Reader | None = None
) -> SavedModel:
    """Open a saved model, told by its content and not by its name; "-" is standard input.

    max_size: how many bytes it may have when it is unpacked, and all its weights together. reader:
    of its HDF5 files, which must last until the weights are read; each finds its own without one.
    """
    if is_folder(path):
        return _open_folder(path, max_size, reader)
    source = find_source(path, max_size, reader)
    kind = kind_of(source)
    if kind == "zip":
        return _open_keras(source, max_size)
    if kind == "hdf5":
        return _open_h5(source, max_size)
    if kind == "json":
        return _open_json(source, max_size)
    raise _no_architecture(source.name)


def _no_architecture(name: str) -> FormatError:
    return FormatError(
        f"{name} must hold a model. Received: weights alone, without the layers. "
        "Give the file that model.save() wrote."
    )


# --- .keras files


def _open_keras(source: Source, max_size: int) -> SavedModel:
    with source.open() as stream, open_archive(stream, source.name, max_size) as archive:
        if CONFIG not in archive.members:
            raise refuse_archive(archive, source.name)
        limit = min(max_size, MAX_TEXT)
        config = _architecture(archive.read(CONFIG, limit), f"{CONFIG} of {source.name}", max_size)
        metadata = {}
        if METADATA in archive.members:
            data = archive.read(METADATA, limit)
            metadata = _object(data, f"{METADATA} of {source.name}", max_size)
    load = partial(read_archived_weights, source, max_size)
    return SavedModel(config, metadata, "keras", load)


def refuse_archive(archive: Archive, name: str) -> FormatError:
    """Return the error for a zip archive that is no .keras file, and say what it is."""
    names = archive.members
    if any(text.endswith("data.pkl") for text in names):
        return FormatError(
            f"{name} must be a saved Keras model. Received: PyTorch objects, which could run code "
            "when they are read. Save the weights as .safetensors."
        )
    if any(text.endswith(".npy") for text in names):
        return _no_architecture(name)
    return FormatError(
        f"{name} must hold {CONFIG}, as .keras files do. Received: a zip archive without it. "
        "Give the file that model.save() wrote."
    )


def read_archived_weights(source: Source, max_size: int, values: bool) -> StoredArrays:
    """Return the weights of a .keras file, without a copy where they are stored plainly."""
    with source.open() as stream, open_archive(stream, source.name, max_size) as archive:
        member = archive.members.get(WEIGHTS)
        if member is None:
            raise _no_weights(source.name)
        if member.compress_type == 0:
            if values:
                for _ in archive.blocks(WEIGHTS):  # whose sum is checked
                    pass
            offset = start_of(member, stream)
        else:
            blocks = archive.blocks(WEIGHTS)
            return source.read_unpacked(blocks, values=values, max_size=max_size)
    return source.read_hdf5(values=values, max_size=max_size, offset=offset, size=member.file_size)


def _no_weights(name: str) -> FormatError:
    return FormatError(
        f"{name} must hold its weights in {WEIGHTS}. Received: none, or several files of them. "
        "Give the .weights.json of those as its weights."
    )


# --- folders, .h5 and .json files


def _open_folder(path: str, max_size: int, reader: Hdf5Reader | None) -> SavedModel:
    source = file_in(path, CONFIG)
    if source is None:
        raise refuse_folder(path)
    limit = min(max_size, MAX_TEXT)
    config = _architecture(source.read(limit), source.name, max_size)
    about = file_in(path, METADATA)
    metadata = {} if about is None else _object(about.read(limit), about.name, max_size)
    load = partial(read_folder_weights, path, max_size, reader=reader)
    return SavedModel(config, metadata, "folder", load)


def read_folder_weights(
    path: str, max_size: int, values: bool, reader: Hdf5Reader | None = None
) -> StoredArrays:
    """Return the weights of a folder that Keras saved."""
    source = file_in(path, WEIGHTS, reader)
    if source is None:
        raise _no_weights(f"'{path}'") if file_in(path, CONFIG) else refuse_folder(path)
    return source.read_hdf5(values=values, max_size=max_size)


def _open_h5(source: Source, max_size: int) -> SavedModel:
    about = source.read_hdf5(values=False, max_size=max_size).attributes.get("", {})
    text = about.get("model_config")
    if not isinstance(text, str):
        raise _no_architecture(source.name)
    config = _architecture(text.encode(), f"model_config of {source.name}", max_size)
    metadata = {key: about[key] for key in H5_METADATA if key in about}
    return SavedModel(config, metadata, "h5", partial(_read_h5_weights, source, max_size))


def _read_h5_weights(source: Source, max_size: int, values: bool) -> StoredArrays:
    return source.read_hdf5(values=values, max_size=max_size).below("model_weights")


def _open_json(source: Source, max_size: int) -> SavedModel:
    config = _architecture(source.read(min(max_size, MAX_TEXT)), source.name, max_size)
    metadata = {key: config[key] for key in JSON_METADATA if key in config}
    return SavedModel(config, metadata, "json")


def _object(data: bytes, what: str, max_size: int) -> dict[str, Any]:
    value = read_json(data, what, max_size=max_size)
    if not isinstance(value, dict):
        raise FormatError(
            f"{what} must be an object of JSON. Received: {type(value).__name__}. "
            "Save the model again."
        )
    return value


def _architecture(data: bytes, what: str, max_size: int) -> dict[str, Any]:
    value = _object(data, what, max_size)
    if "modelTopology" in value or "weightsManifest" in value:
        raise FormatError(
            f"{what} must be what Keras saved. Received: a model of TensorFlow.js. Convert it with "
            "tensorflowjs_converter --input_format=tfjs_layers_model --output_format=keras."
        )
    if "weight_map" in value:
        raise _no_architecture(what)
    if not isinstance(value.get("class_name"), str) or "config" not in value:
        raise FormatError(
            f"{what} must describe a model by class_name and config. "
            f"Received: {len(value)} other keys. Give what Keras saved."
        )
    return value
