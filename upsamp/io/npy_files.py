"""A .npy file: what its head declares is held against what there is before memory is taken."""

import math
import struct
import warnings
from tokenize import TokenError
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import WORKING, check_limit, check_memory, lack_of_memory
from upsamp.core.text import first_line
from upsamp.errors import FormatError
from upsamp.io.stored_arrays import MAX_RANK, is_shape
from upsamp.io.streams import size_of

# Bytes that are read at a time: what unpacks an archive holds them once more.
BLOCK = 2**20

# What NumPy's and Python's readers raise on damaged files.
DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    OSError,
    OverflowError,
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


def read_npy(stream: BinaryIO, name: str, *, vectors: bool = False) -> Array:
    """Read the one array of a .npy file; nothing that it holds is ever run.

    vectors: whether it may be of rank 1.
    """
    head = read_npy_head(stream, name)
    check_numbers(head.shape, head.dtype, name, vectors=vectors)
    return read_numbers(stream, head, name)


def read_npy_head(stream: BinaryIO, name: str, size: int | None = None) -> NpyHead:
    """Read the head; raise `FormatError` where the numbers are not there, or are objects.

    stream: at its begin; after it the numbers follow. size: of all in bytes; a stream that can be
    searched tells it.
    """
    try:
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
            offset = stream.tell()
            if size is None:
                size = size_of(stream)
    except MemoryError as error:
        raise lack_of_memory(name) from error
    except DAMAGE as error:
        raise FormatError(
            f"{name} is no valid .npy file: {first_line(error)}. Save it again with numpy.save.",
            rule="npy-damaged",
        ) from error
    if dtype.hasobject:
        raise FormatError(
            f"{name} holds Python objects, which could run code when they are read. "
            "Save plain numbers.",
            rule="pickle",
        )
    if not is_shape(shape):
        raise FormatError(
            f"{name} must have up to {MAX_RANK} whole numbers, 0 or more, as its shape. "
            f"Received: {str(shape)[:80]}. Save it again with numpy.save.",
            rule="npy-size",
        )
    needed, held = math.prod(shape) * dtype.itemsize, size - offset
    if needed > held:
        raise FormatError(
            f"{name} is cut off: it declares {needed:,} bytes of numbers and holds {held:,}.",
            rule="npy-size",
        )
    if held > needed:
        raise FormatError(
            f"{name} must hold one array. Received: {held - needed:,} bytes after it, as of "
            "another one. Save several with numpy.savez.",
            rule="npy-size",
        )
    return NpyHead(shape, dtype, by_columns, offset)


def read_numbers(stream: BinaryIO, head: NpyHead, name: str) -> Array:
    """Return the numbers that follow a head, contiguous and in this machine's order of bytes.

    They are in memory once; twice those that the file has in the order of columns.
    """
    size = math.prod(head.shape) * head.dtype.itemsize
    # What is done with the numbers takes memory, too.
    declared = np.broadcast_to(np.zeros((), head.dtype), head.shape)
    needed = size + max(size if head.by_columns else 0, WORKING)
    check_limit(needed, f"the numbers of {name}", declared)
    check_memory(head.shape, head.dtype, f"The numbers of {name}")
    array = np.empty(head.shape, head.dtype, order="F" if head.by_columns else "C")
    left = array.reshape(-1, order="A").view(np.uint8).data
    while left:
        count = stream.readinto(left[:BLOCK])  # type: ignore[attr-defined] # all streams have it
        if not count:
            raise FormatError(f"{name} is cut off: it ends {len(left):,} bytes too early.")
        left = left[count:]
    if head.dtype.kind == "b":  # of any byte, where NumPy expects 0 and 1
        np.not_equal(array.view(np.uint8), 0, out=array)
    if not head.dtype.isnative:
        array = array.byteswap(inplace=True).view(head.dtype.newbyteorder("="))
    return np.asarray(array, order="C")


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


def check_numbers(
    shape: tuple[int, ...], dtype: np.dtype[Any], name: str, *, vectors: bool = False
) -> None:
    """Raise `FormatError` where an array of a file is no matrix and no image of real numbers.

    vectors: whether it may be of rank 1.
    """
    if dtype.kind not in "biuf":
        raise FormatError(f"{name} must hold real numbers. Received: dtype {dtype}.")
    if len(shape) not in (2, 3, 4) and not (vectors and len(shape) == 1):
        raise FormatError(f"{name} must hold an array of rank 2, 3 or 4. Received: shape {shape}.")
    if 0 in shape:
        raise FormatError(f"{name} must not be empty. Received: shape {shape}.")
