"""The head of a .npy file: what it declares is held against what there is before it is believed."""

import math
import os
import struct
import warnings
from tokenize import TokenError
from typing import IO, Any, BinaryIO, NamedTuple

import numpy as np

from upsamp.errors import FormatError
from upsamp.io.stored_arrays import is_shape

__all__ = [
    "NPY_DAMAGE",
    "NpyHead",
    "check_numbers",
    "first_line",
    "npy_head",
    "read_declaration",
    "read_npy_head",
]

# What NumPy's and Python's readers raise on damaged files.
NPY_DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    OSError,
    OverflowError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TokenError,
    struct.error,
)
VERSIONS = ((1, 0), (2, 0), (3, 0))


class NpyHead(NamedTuple):
    """What the head of a .npy file says of its array, and where the numbers begin."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_columns: bool
    offset: int


def read_npy_head(stream: BinaryIO, name: str) -> NpyHead:
    """Read the head; raise `FormatError` where the numbers are not there, or are objects.

    stream: one that can be searched, at its begin. After it the numbers follow.
    """
    try:
        shape, by_columns, dtype = read_declaration(stream)
        offset = stream.tell()
        held = stream.seek(0, os.SEEK_END) - offset
        stream.seek(offset)
    except NPY_DAMAGE as error:
        raise FormatError(f"{name} is no valid .npy file: {first_line(error)}.") from error
    if dtype.hasobject:
        raise FormatError(
            f"{name} holds Python objects, which could run code when they are read. "
            "Save plain numbers."
        )
    if not is_shape(shape):
        raise FormatError(
            f"{name} must have whole numbers, 0 or more, as its shape. Received: {str(shape)[:80]}."
        )
    needed = math.prod(shape) * dtype.itemsize
    if needed > held:
        raise FormatError(
            f"{name} is cut off: it declares {needed:,} bytes of numbers and holds {held:,}."
        )
    return NpyHead(shape, dtype, by_columns, offset)


def read_declaration(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, whether columns come first, and the dtype; the stream is behind the head.

    Raises one of `NPY_DAMAGE`. The sides of the shape are any integers or booleans: see `is_shape`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of heads that Python 2 wrote
        version = np.lib.format.read_magic(stream)
        if version not in VERSIONS:
            raise ValueError("its version is none of 1.0, 2.0 and 3.0")
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, by_columns, dtype = read(stream)
    return shape, by_columns, dtype


def npy_head(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    r"""Return the bytes that a .npy file of that shape and type begins with.

    >>> npy_head((2, 3), np.dtype("uint8"))[:8], len(npy_head((2, 3), np.dtype("uint8")))
    (b'\x93NUMPY\x01\x00', 128)
    """
    from io import BytesIO

    buffer = BytesIO()
    described = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()


def check_numbers(shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> None:
    """Raise `FormatError` where an array of a file is no matrix and no image of real numbers."""
    if dtype.kind not in "biuf":
        raise FormatError(f"{name} must hold real numbers. Received: dtype {dtype}.")
    if len(shape) not in (2, 3, 4):
        raise FormatError(f"{name} must hold an array of rank 2, 3 or 4. Received: shape {shape}.")
    if 0 in shape:
        raise FormatError(f"{name} must not be empty. Received: shape {shape}.")


def first_line(error: BaseException) -> str:
    """Return what an error says in one line without its full stop."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
