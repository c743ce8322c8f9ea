"""The arrays of a .npz file: all of them, or one by its name."""

import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.text import printable
from upsamp.errors import FormatError
from upsamp.io.archives import Archive, open_archive
from upsamp.io.npy_files import check_numbers, read_npy_head, read_numbers
from upsamp.io.sniffing import refuse_foreign_members
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE, NUMBERS, StoredArray, StoredArrays, shown
from upsamp.io.streams import is_open, size_of

SUFFIX = ".npy"
# How many names of arrays a message lists, and how many letters of them.
MOST_LISTED, MOST_SHOWN = 10, 300


def read_npz(
    stream: BinaryIO, name: str, key: str | None = None, *, vectors: bool = False
) -> Array:
    """Read one array of a .npz file: `key`, or the only one. vectors: whether of rank 1, too.

    A file may unpack to 2 GB, or to its own size where that is more.
    """
    remedy = "Save the array alone, with numpy.save."
    with open_archive(stream, name, max(DEFAULT_MAX_SIZE, size_of(stream)), remedy) as archive:
        member = _member_of(archive, name, key)
        with archive.open(member) as file:
            size = archive.members[member].file_size
            head = read_npy_head(cast("BinaryIO", file), name, size)
            check_numbers(head.shape, head.dtype, name, vectors=vectors)
            return read_numbers(cast("BinaryIO", file), head, name)


def _member_of(archive: Archive, name: str, key: str | None) -> str:
    """Return the member that holds the array `key`, or the only one."""
    keys = [member.removesuffix(SUFFIX) for member in archive.members if member.endswith(SUFFIX)]
    if not keys:
        refuse_foreign_members(archive.members, name)
    if key is None and len(keys) == 1:
        key = keys[0]
    if key not in keys:
        listed = ", ".join(map(printable, keys[:MOST_LISTED])) or "none"
        more = f", and {len(keys) - MOST_LISTED:,} more" if len(keys) > MOST_LISTED else ""
        file = name.replace("standard input", "/dev/stdin").strip("'")
        file = file if is_open(file) else "FILE.npz"
        raise FormatError(
            f"{name} must be a file that is asked for one of its arrays, as in '{file}:NAME'. "
            f"It holds: {listed[:MOST_SHOWN]}{more}."
        )
    return f"{key}{SUFFIX}"


def read_npz_arrays(archive: Archive, name: str, values: bool) -> StoredArrays:
    """Return the arrays of an archive whose members all are .npy files; no objects are read."""
    return StoredArrays(
        {
            member.removesuffix(SUFFIX): _read_member(
                archive, member, f"{shown(member)} of {name}", values
            )
            for member in archive.members
        }
    )


def _read_member(archive: Archive, member: str, what: str, values: bool) -> StoredArray:
    """Return one array, in memory of no more than it takes."""
    with archive.open(member) as opened:
        file = cast("BinaryIO", opened)
        head = read_npy_head(file, what, archive.members[member].file_size)
        dtype = _name(head.dtype)
        wanted = values and dtype in NUMBERS
        value = read_numbers(file, head, what) if wanted else None
    return StoredArray(head.shape, dtype, value)


def _name(dtype: np.dtype[Any]) -> str:
    if dtype.name in NUMBERS:
        return dtype.name
    return "text" if dtype.kind in "SU" else "other"


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
