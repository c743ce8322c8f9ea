"""Files of weights in the format safetensors; the only importer of that package."""

from collections.abc import Mapping
from typing import Any, BinaryIO, cast

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.errors import FormatError
from upsamp.io.extras import check_extra
from upsamp.io.json_text import MAX_TEXT, read_json
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
    """Return the arrays of a file, whose header the package holds against what is there."""
    check_extra("safetensors", f"Reading the weights of {source.name}")
    from safetensors import SafetensorError, deserialize, safe_open  # for such a file alone

    name = source.name
    with source.open() as stream:
        size = size_of(stream)
        head = stream.read(min(int.from_bytes(stream.read(8), "little"), MAX_TEXT + 1))
        # Of two equal keys the package takes one, and it has no order.
        header = cast("dict[str, object]", read_json(head, f"The header of {name}"))
        found: dict[str, dict[str, Any]]
        try:
            if values or source.path is None:
                _check_size(size, max_size, name)
                stream.seek(0)
                found = dict(deserialize(stream.read(size)))  # type: ignore[no-untyped-call]
            else:
                with safe_open(source.path, "numpy") as file:
                    parts = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
                found = {
                    key: {"dtype": part.get_dtype(), "shape": part.get_shape()}
                    for key, part in parts.items()
                }
        except SafetensorError as error:
            what = shown(str(error).split("\n")[0])
            raise FormatError(
                f"{name} must be a whole .safetensors file. Received: {what}. {AGAIN}"
            ) from error
    return StoredArrays(
        {key: _array(key, found[key], name, values) for key in header if key in found}
    )


def _check_size(size: int, max_size: int, name: str) -> None:
    """Raise where a file is larger than the caller allows, or there is no memory for it."""
    if size > max_size:
        raise FormatError(
            f"{name} must have at most {max_size:,} bytes. Received: {size:,} bytes. "
            "Give a larger max_size (--max-size) if you trust it."
        )
    # The file, and a copy of its arrays.
    check_memory((2, size), np.uint8, f"The weights of {name}")


def _array(key: str, entry: dict[str, Any], name: str, values: bool) -> StoredArray:
    """Return an array as the package gives it, if it is one that can be used here."""
    kind, shape = entry["dtype"], tuple(entry["shape"])
    if kind not in DTYPES:
        raise FormatError(
            f"{name} must hold real numbers of at least 16 bits, or integers. "
            f"Received: {shown(key)} of type {shown(kind)}. Convert it to float32."
        )
    if not is_shape(shape):
        raise FormatError(
            f"{name} must give shapes as at most {MAX_RANK} whole numbers. "
            f"Received: {shown(key)}, otherwise. {AGAIN}"
        )
    dtype = DTYPES[kind]
    if not values:
        return StoredArray(shape, dtype)
    # The bytes are in the order of little-endian machines.
    stored = np.dtype(np.uint16 if dtype == "bfloat16" else dtype).newbyteorder("<")
    numbers = parse_numbers(np.frombuffer(entry["data"], stored).reshape(shape), dtype)
    return StoredArray(shape, dtype, numbers)


def write_safetensors(arrays: Mapping[str, Array], stream: BinaryIO) -> None:
    """Write arrays in the format safetensors."""
    check_extra("safetensors", "Writing a .safetensors file")
    from safetensors.numpy import save

    stream.write(save({name: array.copy(order="C") for name, array in arrays.items()}))
