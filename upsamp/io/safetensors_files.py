"""Files of weights in the format safetensors; the only importer of that package."""

import itertools
import math
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.errors import FormatError
from upsamp.io.extras import check_extra
from upsamp.io.json_text import read_json
from upsamp.io.model_sources import Source
from upsamp.io.stored_arrays import (
    MAX_RANK,
    StoredArray,
    StoredArrays,
    is_shape,
    parse_numbers,
    shown,
)
from upsamp.io.streams import size_of

__all__ = ["read_safetensors", "write_safetensors"]

# The types of real numbers, by the names of the format.
DTYPES: Mapping[str, str] = {
    "BOOL": "bool",
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    "BF16": "bfloat16",
}
AGAIN = "Save it again."


def read_safetensors(source: Source, max_size: int, values: bool) -> StoredArrays:
    """Return the arrays of a file, once its header is held against what there is."""
    check_extra("safetensors", f"Reading the weights of {source.name}")
    with source.open() as stream:
        size = size_of(stream)
        start = 8 + int.from_bytes(stream.read(8), "little")
        arrays = _parse_header(stream.read(start - 8), source.name, size - start)
        if not values:
            return StoredArrays(arrays)
        if size > max_size:
            raise FormatError(
                f"{source.name} must have at most {max_size:,} bytes. Received: {size:,} bytes. "
                "Give a larger max_size (--max-size) if you trust it."
            )
        # The file, and a copy of its arrays.
        check_memory((2, size), np.uint8, f"The weights of {source.name}")
        stream.seek(0)
        found = _deserialize(stream.read(size), source.name)
    return StoredArrays(
        {
            name: StoredArray(array.shape, array.dtype, _values(found[name], array))
            for name, array in arrays.items()
        }
    )


def _parse_header(data: bytes, name: str, held: int) -> dict[str, StoredArray]:
    """Return the arrays that a header declares, each of which must be where it is said to be."""
    header = cast("dict[str, object]", read_json(data, f"The header of {name}"))  # as of "{"
    arrays = {}
    places = [(0, 0), (held, held)]
    for key, entry in header.items():
        if key == "__metadata__":
            continue
        match entry:
            case {"dtype": str(kind), "shape": [*sides], "data_offsets": [int(start), int(end)]}:
                array = arrays[key] = _declared(key, kind, sides, name)
                item = 2 if kind == "BF16" else np.dtype(array.dtype).itemsize
                if math.prod(sides) * item == end - start:
                    places.append((start, end))
                    continue
        raise FormatError(
            f"{name} must store the numbers that it declares. Received: {shown(key)}, which does "
            f"not fit in its place. {AGAIN}"
        )
    places.sort()
    if any(before[1] != after[0] for before, after in itertools.pairwise(places)):
        raise FormatError(
            f"{name} must store its arrays one after the other. Received: {held:,} bytes, of which "
            f"some have no array or several. {AGAIN}"
        )
    return arrays


def _declared(key: str, kind: str, sides: list[Any], name: str) -> StoredArray:
    """Return what an array is declared to be, without its values."""
    if kind not in DTYPES:
        raise FormatError(
            f"{name} must hold real numbers of at least 16 bits, or integers. "
            f"Received: {shown(key)} of type {shown(kind)}. Convert it to float32."
        )
    if not is_shape(sides):
        raise FormatError(
            f"{name} must give shapes as at most {MAX_RANK} whole numbers. "
            f"Received: {shown(key)}, otherwise. {AGAIN}"
        )
    return StoredArray(tuple(sides), DTYPES[kind])


def _deserialize(data: bytes, name: str) -> dict[str, Any]:
    """Return the bytes of each array."""
    import safetensors  # loaded for such a file alone

    deserialize: Any = safetensors.deserialize  # it has no types
    try:
        return {key: entry["data"] for key, entry in deserialize(data)}
    except safetensors.SafetensorError as error:
        what = shown(str(error).split("\n")[0])
        raise FormatError(
            f"{name} must be a whole .safetensors file. Received: {what}. {AGAIN}"
        ) from error


def _values(data: Any, array: StoredArray) -> Array:
    """Return the values of an array, as this machine orders bytes."""
    stored = np.dtype(np.uint16 if array.dtype == "bfloat16" else array.dtype).newbyteorder("<")
    return parse_numbers(np.frombuffer(data, stored).reshape(array.shape), array.dtype)


def write_safetensors(arrays: Mapping[str, Array], stream: BinaryIO) -> None:
    """Write arrays in the format safetensors."""
    check_extra("safetensors", "Writing a .safetensors file")
    from safetensors.numpy import save

    stream.write(save({name: array.copy(order="C") for name, array in arrays.items()}))
