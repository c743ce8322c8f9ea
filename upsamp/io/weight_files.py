"""Files of weights, read and written as named arrays: .weights.h5, .npz, .safetensors, .keras."""

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Literal

from upsamp.core.arguments import Array
from upsamp.core.values import spelled
from upsamp.errors import FormatError
from upsamp.io.archives import open_archive
from upsamp.io.atomic import open_output
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.hdf5.writing import format_hdf5
from upsamp.io.json_text import MAX_TEXT, read_json
from upsamp.io.model_files import read_archived_weights, read_folder_weights, refuse_archive
from upsamp.io.model_sources import Source, file_in, find_source, is_folder, kind_of
from upsamp.io.npz_files import read_npz_arrays, write_npz_arrays
from upsamp.io.safetensors_files import read_safetensors, write_safetensors
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE, StoredArray, StoredArrays, shown

WeightFormat = Literal["h5", "npz", "safetensors"]
# The formats that weights are written in, by the suffix of a file.
WEIGHT_FORMATS: Mapping[str, WeightFormat] = {
    ".weights.h5": "h5",
    ".npz": "npz",
    ".safetensors": "safetensors",
}
Groups = Mapping[str, Mapping[str, str]]
# What Keras calls the parts of weights that are written with max_shard_size.
SHARD = re.compile(r"[^/\\:]+_\d{5,9}\.weights\.h5")


def read_weights_file(
    path: str,
    *,
    max_size: int = DEFAULT_MAX_SIZE,
    values: bool = True,
    reader: Hdf5Reader | None = None,
) -> StoredArrays:
    """Read all weights of a file, told by its content and not by its name; "-" is standard input.

    It may be an HDF5 file as Keras 3 (paths "layers/dense/vars/0") or Keras 2 ("dense/dense/
    kernel:0") writes it, .npz, .safetensors, the .weights.json of weights in several files, or a
    saved model, of which the weights alone are read.

    max_size: how many bytes it may have when it is unpacked, and all its weights together. values:
    whether the numbers are wanted, or shapes only. reader: of HDF5 files; each finds its own
    without one.
    """
    if is_folder(path):
        return read_folder_weights(path, max_size, values, reader)
    source = find_source(path, max_size, reader)
    kind = kind_of(source)
    readers: dict[str, Callable[[Source, int, bool], StoredArrays]] = {
        "json": _read_shards,
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


def _read_shards(source: Source, max_size: int, values: bool) -> StoredArrays:
    """Return the weights that an index names the files of, all in the index's folder."""
    index = read_json(source.read(min(max_size, MAX_TEXT)), source.name, max_size=max_size)
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict):
        raise FormatError(
            f"{source.name} must hold weights. Received: JSON, which describes a model without "
            "them. Give a .weights.h5, .npz, .safetensors or .keras file."
        )
    arrays: dict[str, StoredArray] = {}
    for name in _shard_names(places, source.name):
        folder = None if source.path is None else Path(source.path).parent
        shard = None if folder is None else file_in(str(folder), name, source.reader)
        if shard is None:
            raise FormatError(
                f"{source.name} must have its weights beside it. Received: no file "
                f"{shown(name)}. Put all files of the weights into one folder."
            )
        found = shard.read_hdf5(values=values, max_size=max_size).arrays
        _add_shard(arrays, found, source.name, max_size)
    return StoredArrays(arrays)


def _shard_names(places: Mapping[str, object], name: str) -> list[str]:
    """Return the files that an index names, each once; raise where one is none of Keras'."""
    listed = [one if isinstance(one, list) else [one] for one in places.values()]
    names = {spelled(one): one for several in listed for one in several}
    for one in names.values():
        if not (isinstance(one, str) and SHARD.fullmatch(one) and one.isprintable()):
            raise FormatError(
                f"{name} must name files as Keras does, m_00000.weights.h5, in its own folder. "
                f"Received: {spelled(one)}."
            )
    return [str(one) for one in names.values()]


def _add_shard(
    arrays: dict[str, StoredArray], found: Mapping[str, StoredArray], name: str, max_size: int
) -> None:
    """Add the arrays of one file to those of the others."""
    double = sorted(arrays.keys() & found.keys())
    if double:
        raise FormatError(
            f"{name} must have each weight once. Received: {shown(double[0])} in two files."
        )
    arrays.update(found)
    held = sum(one.value.nbytes for one in arrays.values() if one.value is not None)
    if held > max_size:
        raise FormatError(
            f"{name} must hold at most {max_size:,} bytes of weights. Received: more, in "
            "several files. Give a larger max_size (--max-size) if you trust it."
        )


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
