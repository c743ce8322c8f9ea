"""Every array of a .npz file, by name; `matrices` reads one that the user asks for."""

import math
import warnings
import zipfile
from collections.abc import Mapping
from typing import IO, Any, BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.errors import FormatError, UpsampError
from upsamp.io.archives import Archive
from upsamp.io.npy_files import NPY_DAMAGE, read_declaration
from upsamp.io.stored_arrays import (
    NUMBERS,
    StoredArray,
    StoredArrays,
    is_shape,
    parse_numbers,
    shown,
)

__all__ = ["read_npz_arrays", "write_npz_arrays"]

SUFFIX = ".npy"
AGAIN = "Save it again with numpy.savez."


def read_npz_arrays(archive: Archive, name: str, values: bool) -> StoredArrays:
    """Return the arrays of an archive whose members all are .npy files; no objects are read."""
    arrays = {}
    for member in archive.members:
        what = f"{shown(member)} of {name}"
        try:
            arrays[member.removesuffix(SUFFIX)] = _read_member(archive, member, what, values)
        except UpsampError:
            raise
        except NPY_DAMAGE as error:
            raise FormatError(
                f"{what} must be a whole .npy file. Received: a header that cannot be read. {AGAIN}"
            ) from error
    return StoredArrays(arrays)


def _read_member(archive: Archive, member: str, what: str, values: bool) -> StoredArray:
    """Return one array, in memory of no more than it takes."""
    with archive.open(member) as file:
        declared = _read_header(file, archive.members[member].file_size, what)
    if not values or declared.dtype not in NUMBERS:
        return declared
    check_memory(declared.shape, declared.dtype, what)
    with archive.open(member) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of heads that Python 2 wrote
        value = np.lib.format.read_array(file, allow_pickle=False)
    return StoredArray(declared.shape, declared.dtype, parse_numbers(value, declared.dtype))


def _read_header(file: IO[bytes], size: int, what: str) -> StoredArray:
    """Return what a .npy file declares, held against the bytes that there are."""
    shape, _, dtype = read_declaration(file)
    if dtype.hasobject:
        raise FormatError(
            f"{what} must hold numbers. Received: Python objects, which could run code when they "
            f"are read. {AGAIN}"
        )
    needed, held = math.prod(shape) * dtype.itemsize, size - file.tell()
    if needed != held or not is_shape(shape):
        raise FormatError(
            f"{what} must hold the numbers that it declares. "
            f"Received: {held:,} bytes for shape {_short(shape)} of {_name(dtype)}. {AGAIN}"
        )
    return StoredArray(shape, _name(dtype))


def _name(dtype: np.dtype[Any]) -> str:
    if dtype.name in NUMBERS:
        return dtype.name
    return "text" if dtype.kind in "SU" else "other"


def _short(shape: tuple[int, ...]) -> str:
    text = str(shape)
    return text if len(text) <= 80 else f"{text[:77]}..."


def write_npz_arrays(
    arrays: Mapping[str, Array], stream: BinaryIO, *, compressed: bool = False
) -> None:
    """Write arrays as numpy.savez does, whatever their names are, and at no time of day.

    An error closes the archive, which numpy.savez of NumPy 1 leaves to chance.
    """
    with zipfile.ZipFile(stream, "w") as archive:
        for path, array in arrays.items():
            member = zipfile.ZipInfo(f"{path}{SUFFIX}")
            member.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
