"""Files of weights, read and written as named arrays: .weights.h5, .npz, .safetensors, .keras."""

import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Literal

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.archives import open_archive
from upsamp.io.atomic import open_output
from upsamp.io.hdf5.writing import format_hdf5
from upsamp.io.model_files import read_archived_weights, read_folder_weights, refuse_archive
from upsamp.io.model_sources import Source, find_source, is_folder, kind_of
from upsamp.io.npz_files import read_npz_arrays, write_npz_arrays
from upsamp.io.safetensors_files import read_safetensors, write_safetensors
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE, StoredArrays

WeightFormat = Literal["h5", "npz", "safetensors"]
# The formats that weights are written in, by the suffix of a file.
WEIGHT_FORMATS: Mapping[str, WeightFormat] = {
    ".weights.h5": "h5",
    ".npz": "npz",
    ".safetensors": "safetensors",
}
Groups = Mapping[str, Mapping[str, str]]


def read_weights_file(
    path: str, *, max_size: int = DEFAULT_MAX_SIZE, values: bool = True
) -> StoredArrays:
    """Read all weights of a file, told by its content and not by its name; "-" is standard input.

    It may be an HDF5 file as Keras 3 (paths "layers/dense/vars/0") or Keras 2 ("dense/dense/
    kernel:0") writes it, .npz, .safetensors, or a saved model, of which the weights alone are read.

    max_size: how many bytes it may have when it is unpacked, and all its weights together. values:
    whether the numbers are wanted, or shapes alone.
    """
    if is_folder(path):
        return read_folder_weights(path, max_size, values)
    source = find_source(path, max_size)
    kind = kind_of(source)
    if kind == "json":
        raise FormatError(
            f"{source.name} must hold weights. Received: JSON, which describes a model without "
            "them. Give a .weights.h5, .npz, .safetensors or .keras file."
        )
    readers: dict[str, Callable[[Source, int, bool], StoredArrays]] = {
        "hdf5": _read_h5,
        "zip": _read_zip,
        "safetensors": read_safetensors,
    }
    return readers[kind](source, max_size, values)


def _read_h5(source: Source, max_size: int, values: bool) -> StoredArrays:
    found = source.read_hdf5(values=values, max_size=max_size)
    return found.below("model_weights") if "model_weights" in found.attributes else found


def _read_zip(source: Source, max_size: int, values: bool) -> StoredArrays:
    with source.open() as stream, open_archive(stream, source.name, max_size) as archive:
        if "config.json" not in archive.members:
            if archive.members and all(text.endswith(".npy") for text in archive.members):
                return read_npz_arrays(archive, source.name, values)
            raise refuse_archive(archive, source.name)
    return read_archived_weights(source, max_size, values)


# --- writing


def weight_format_of_name(name: str) -> WeightFormat | None:
    """Return the format that the suffix of a file's name tells, or None.

    >>> weight_format_of_name("gan.weights.h5"), weight_format_of_name("gan.txt")
    ('h5', None)
    """
    found = (kind for suffix, kind in WEIGHT_FORMATS.items() if name.lower().endswith(suffix))
    return next(found, None)


def write_weights(
    arrays: Mapping[str, Array],
    name: str,
    format_name: WeightFormat,
    *,
    overwrite: bool = False,
    groups: Groups | None = None,
) -> None:
    """Write named arrays to the file `name`; the same arrays always give the same bytes.

    groups: of an "h5" file, the groups that there must be besides those of the arrays, each with
    its text attributes; Keras has "layers/flatten/vars" with {"name": "flatten"}.
    """
    writers: dict[str, Callable[[BinaryIO], Any]] = {
        "h5": lambda stream: stream.write(format_hdf5(arrays, groups)),
        "npz": lambda stream: write_npz_arrays(arrays, stream),
        "safetensors": lambda stream: write_safetensors(arrays, stream),
    }
    _check_arrays(arrays)
    with open_output(name, overwrite=overwrite) as stream:
        writers[format_name](stream)


def write_keras(
    name: str,
    config: Mapping[str, Any],
    metadata: Mapping[str, Any],
    arrays: Mapping[str, Array],
    groups: Groups,
    *,
    overwrite: bool = False,
) -> None:
    """Write a .keras file as Keras does; the same model always gives the same bytes.

    config: the architecture, {"class_name": ..., "config": ...}. metadata: keras_version and
    date_saved. arrays and groups: by path in model.weights.h5, as `write_weights` takes them.
    """
    _check_arrays(arrays)
    with (
        open_output(name, overwrite=overwrite) as stream,
        zipfile.ZipFile(stream, "w") as archive,
    ):
        members = {
            "metadata.json": json.dumps(metadata).encode(),
            "config.json": json.dumps(config).encode(),
            "model.weights.h5": format_hdf5(arrays, groups),
        }
        for member, data in members.items():
            # Of 1980, and for its owner to read and write.
            archive.writestr(zipfile.ZipInfo(member), data)


def _check_arrays(arrays: Mapping[str, Array]) -> None:
    """Refuse what would not be read back."""
    for path, array in arrays.items():
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise FormatError(
                f"Weights must be real numbers of at most 64 bits. "
                f"Received: '{path}' of dtype {array.dtype}. Convert it to float32."
            )
