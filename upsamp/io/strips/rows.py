"""A .npy file of which rows are read where they stand, as many as are asked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import FileIO
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import memory_limit
from upsamp.errors import FormatError
from upsamp.io.npy_files import check_numbers, read_npy_head
from upsamp.io.sniffing import format_of_content
from upsamp.io.streams import (
    STANDARD_STREAM,
    FileState,
    changed,
    is_stream,
    open_input,
    spooled,
    state_of,
    unreadable,
)


class StoredMatrix(NamedTuple):
    """An array in a .npy file: its shape, its type in this machine's order, and where it begins.

    state: that of the file when this was read.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stored: np.dtype[Any]
    offset: int
    state: FileState

    def check_steady(self) -> None:
        """Raise `FileError` where the file has become another since."""
        if not is_stream(self.path) and state_of(self.path) != self.state:
            raise changed(f"'{self.path}'")

    @contextmanager
    def open(self, images: tuple[int, ...]) -> Iterator["StoredRows"]:
        """Open the file to read it as images of the shape (N, H, W, C), whose bytes are these."""
        kept = spooled(self.path)
        with _told(self.path):
            stream = nullcontext(kept) if kept else FileIO(self.path)
        with stream as rows:
            yield StoredRows(self, images, rows)


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Let what the system refuses become an error of ours."""
    try:
        yield
    except OSError as error:
        raise unreadable(f"'{path}'", error) from error


class StoredRows:
    """Reads rows of images out of an open file."""

    def __init__(self, matrix: StoredMatrix, images: tuple[int, ...], stream: BinaryIO) -> None:
        self._matrix, self._shape, self._stream = matrix, images, stream
        self._memory = np.empty(0, np.uint8)

    def __call__(self, images: slice, rows: slice) -> Array:
        """Return the rows of some images, (N, rows, W, C), in memory used again for each.

        Of several images they are all the rows.
        """
        _, height, width, channels = self._shape
        stored = self._matrix.stored
        line = width * channels * stored.itemsize
        shape = (images.stop - images.start, rows.stop - rows.start, width, channels)
        size = shape[0] * shape[1] * line
        if len(self._memory) < size:
            self._memory = np.empty(0, np.uint8)  # the old one goes before the new one comes
            self._memory = np.empty(size, np.uint8)
        self._read((images.start * height + rows.start) * line, self._memory[:size])
        array: Array = self._memory[:size].view(stored).reshape(shape)
        if stored != self._matrix.dtype:
            array = array.byteswap(inplace=True).view(self._matrix.dtype)
        return array

    def _read(self, begin: int, memory: Array) -> None:
        """Fill `memory` from the file; it may have become shorter since it was opened."""
        self._stream.seek(self._matrix.offset + begin)
        left = memory.data
        while left:
            with _told(self._matrix.path):
                count = self._stream.readinto(left)  # type: ignore[attr-defined] # files have it
            if not count:
                raise FormatError(f"'{self._matrix.path}' was cut off while it was read.")
            left = left[count:]


def find_stored_matrix(text: str) -> StoredMatrix | None:
    """Return the .npy file that `text` names; None where it names none that is read by rows.

    That is anything but a plain file, and one whose numbers are in the order of columns.
    """
    # Where there is a bound, a pipe is kept on disk.
    if memory_limit() is None if is_stream(text) else not os.path.isfile(text):
        return None
    with open_input(text) as stream:
        name = "standard input" if text == STANDARD_STREAM else f"'{text}'"
        if format_of_content(stream.read(512), text, name) != "npy":
            return None
        stream.seek(0)
        shape, dtype, by_columns, offset = read_npy_head(stream, name)
        state = state_of(stream.fileno())
    check_numbers(shape, dtype, name)
    if by_columns and len([length for length in shape if length > 1]) > 1:
        return None
    return StoredMatrix(text, shape, dtype.newbyteorder("="), dtype, offset, state)


def stand_in(shape: tuple[int, ...], value: object) -> Array:
    """Return an array of that shape which takes no memory, and holds `value` everywhere."""
    return np.broadcast_to(np.asarray(value), shape)
