"""Arrays in files: written batch by batch, and read by the names that they have there."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import format_bytes
from upsamp.errors import FileError
from upsamp.io.archives import open_archive
from upsamp.io.atomic import open_output
from upsamp.io.formats import format_of_name
from upsamp.io.matrices import format_matrix
from upsamp.io.npy_files import npy_head
from upsamp.io.npz_files import read_npz_arrays
from upsamp.io.read import names_file, read_matrix
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE
from upsamp.io.streams import is_stream, open_input, telling_of_temporary_files

# Bytes that stay in memory.
IN_MEMORY = 2**26


class ArrayWriter:
    """Writes an array of `count` rows in batches, as .npy, .npz or .json, each as if at once.

    The first batch tells the shape and the type of all.
    """

    def __init__(self, stream: BinaryIO, format_name: str, count: int) -> None:
        self._stream = stream
        self._count = count
        self._is_text = format_name == "json"
        self._left = count

    def write(self, batch: Array) -> None:
        """Write the next rows."""
        first = self._left == self._count
        self._left -= len(batch)
        if self._is_text:
            text = format_matrix(batch, "json").decode().strip()
            opening, closing = ("[" if first else ",\n "), ("" if self._left else "]\n")
            self._stream.write(f"{opening}{text[1:-1]}{closing}".encode())
            return
        if first:
            self._stream.write(npy_head((self._count, *batch.shape[1:]), batch.dtype))
        self._stream.write(np.ascontiguousarray(batch).data.cast("B"))


@contextmanager
def write_array_file(
    name: str, format_name: str, count: int, *, overwrite: bool = False
) -> Iterator[ArrayWriter]:
    """Open a file, or standard output for "-", for an array that is written in batches."""
    with open_output(name, overwrite=overwrite) as stream, _packed(stream, format_name) as inner:
        yield ArrayWriter(inner, format_name, count)


@contextmanager
def _packed(stream: BinaryIO, format_name: str) -> Iterator[BinaryIO]:
    """Yield the stream itself, or for .npz that of the one array in an archive."""
    if format_name != "npz":
        yield stream
        return
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("array.npy", "w", force_zip64=True) as member,
    ):
        yield member  # type: ignore[misc]  # IO[bytes] has all that is used


def check_space(name: str, size: int) -> None:
    """Raise `FileError` where the disk of a file to be written has less room than that."""
    if is_stream(name):
        return
    folder = Path(os.path.realpath(name)).parent
    free = shutil.disk_usage(folder).free
    if size > free:
        raise FileError(
            f"Cannot write '{name}': it would have {format_bytes(size)}, and the disk has "
            f"{format_bytes(free)} left. Write less, or elsewhere."
        )


def read_named_arrays(text: str, what: str) -> Mapping[str, Array]:
    """Read the arrays of a .npz file by their names, or the one array of anything else, as "".

    text: a file, "-", or a matrix written out, as `upsamp.io.read` takes it. what: what it is
    for, for errors.
    """
    if not (names_file(text) and format_of_name(text) == "npz"):
        return {"": read_matrix(text, what)}
    with open_input(text) as stream, open_archive(stream, f"'{text}'", DEFAULT_MAX_SIZE) as archive:
        found = read_npz_arrays(archive, f"'{text}'", values=True).arrays
    arrays = {name: array.value for name, array in found.items()}
    if not arrays or any(array is None or array.size == 0 for array in arrays.values()):
        raise FileError(f"{what} must be numbers. Received: '{text}', which has other arrays too.")
    return {name: array for name, array in arrays.items() if array is not None}


class BatchSpool:
    """Keeps batches, to give them again in their order; gone when it is left.

    >>> with BatchSpool() as spool:
    ...     spool.add(np.array([1, 2]))
    ...     spool.add(np.array([3]))
    ...     list(spool)
    [array([1, 2]), array([3])]
    """

    def __init__(self) -> None:
        # Closed when the spool is left; it has no name, so that nothing of it stays.
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, batch: Array) -> None:
        """Keep a batch."""
        self._count += 1
        with telling_of_temporary_files():
            np.save(self._file, batch)

    def __iter__(self) -> Iterator[Array]:
        with telling_of_temporary_files():
            self._file.seek(0)
        for _ in range(self._count):
            with telling_of_temporary_files():
                batch: Array = np.load(self._file)
            yield batch
