"""What the process that reads HDF5 files answers, which is trusted no more than the files are."""

import math
from io import BufferedReader
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.io.hdf5.frames import FAULT, AnswerError, read_frame, read_length, read_values
from upsamp.io.json_text import read_json
from upsamp.io.stored_arrays import (
    MAX_RANK,
    NUMBERS,
    Fault,
    StoredArray,
    StoredArrays,
    Text,
    parse_numbers,
    shown,
)


def receive(stream: BufferedReader, name: str, max_size: int, values: bool) -> StoredArrays | str:
    """Return what a file holds, or the message that says why it cannot be read.

    max_size: how many bytes all numbers may have, where their values are wanted. An answer that
    is cut off or makes no sense raises `AnswerError`.
    """
    length = read_length(stream)
    if length == FAULT:
        return _receive_fault(stream, name)
    header = _mapping(read_json(read_frame(stream, length), f"What {name} holds"))
    attributes = {
        path: {key: _text(text) for key, text in _mapping(texts).items()}
        for path, texts in _mapping(header.get("attributes")).items()
    }
    arrays = dict(map(_entry, _list(header.get("arrays"))))
    if values:
        total = sum(_size(array) for array in arrays.values())
        if total > max_size:
            raise AnswerError
        # The other process holds an array at a time as well.
        largest = max(map(_size, arrays.values()), default=0)
        check_memory((total + largest,), np.uint8, f"The weights of {name}")
        for path, array in arrays.items():
            if array.dtype in NUMBERS:
                value = _receive_array(stream, array)
                if value is None:
                    return _receive_fault(stream, name)
                arrays[path] = StoredArray(array.shape, array.dtype, value)
    return StoredArrays(arrays, attributes, tuple(map(_fault, _list(header.get("faults", [])))))


def _receive_fault(stream: BufferedReader, name: str) -> str:
    """Return the message of a file that is refused, or that the library cannot read."""
    fault = _mapping(read_json(read_frame(stream), f"What is wrong with {name}"))
    if "refused" in fault:
        text = str(fault["refused"])
        return f"{name} {''.join(mark if mark.isprintable() else '?' for mark in text)}"
    what = shown(str(fault.get("damaged")))
    return f"{name} must be a whole HDF5 file. Received: {what}. Save the model in Keras again."


def _receive_array(stream: BufferedReader, array: StoredArray) -> Array | None:
    """Return the values of an array, or None where a fault is told in their place."""
    length = read_length(stream)
    if length == FAULT:
        return None
    stored = np.uint16 if array.dtype == "bfloat16" else np.dtype(array.dtype)
    values = np.empty(array.shape, stored)
    if length != values.nbytes:
        raise AnswerError
    read_values(stream, values)
    return parse_numbers(values, array.dtype)


def _size(array: StoredArray) -> int:
    """Return how many bytes an array takes, one without values as if the empty axes were not."""
    if array.dtype not in NUMBERS:
        return 0
    item = 4 if array.dtype == "bfloat16" else np.dtype(array.dtype).itemsize
    return math.prod(filter(None, array.shape)) * item


# --- the parts of an answer


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AnswerError
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise AnswerError
    return value


def _text(value: object) -> Text:
    if isinstance(value, str):
        return value
    texts = _list(value)
    if not all(isinstance(text, str) for text in texts):
        raise AnswerError
    return texts


def _fault(value: object) -> Fault:
    texts = _text(value)
    if isinstance(texts, str) or len(texts) != len(Fault._fields):
        raise AnswerError
    return Fault(*texts)


def _entry(value: object) -> tuple[str, StoredArray]:
    entry = _mapping(value)
    path, shape, dtype = entry.get("path"), _list(entry.get("shape")), entry.get("dtype")
    sides = len(shape) <= MAX_RANK and all(type(side) is int and side >= 0 for side in shape)
    if not (isinstance(path, str) and isinstance(dtype, str) and sides):
        raise AnswerError
    return path, StoredArray(tuple(shape), dtype)
