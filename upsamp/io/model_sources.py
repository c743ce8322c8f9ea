"""Where the bytes of a saved model are: in a file, or in memory where they came through a pipe."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from upsamp.errors import FileError, FormatError
from upsamp.io.hdf5.reading import Hdf5Reader
from upsamp.io.json_text import MAX_TEXT
from upsamp.io.stored_arrays import StoredArrays
from upsamp.io.streams import (
    STANDARD_STREAM,
    check_steady,
    is_stream,
    open_stream,
    read_within,
    telling_of_temporary_files,
    unreadable,
)

# How HDF5 and zip begin; .safetensors begin with a length and a bracket. All else is text.
BINARY = (b"\x89HDF", b"PK")
HEAD = 9


@dataclass(frozen=True)
class Source:
    """The bytes of a file.

    name: for messages. path: of the file, or None where `data` has its bytes. reader: what reads
    HDF5 files; without one a process is started for each.
    """

    name: str
    path: str | None
    data: bytes = b""
    reader: Hdf5Reader | None = None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the bytes as a stream that can be searched."""
        if self.path is None:
            yield BytesIO(self.data)
            return
        try:
            stream = Path(self.path).open("rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise unreadable(self.name, error) from error
        with stream, check_steady(stream.fileno(), self.name):
            yield stream

    def read(self, limit: int) -> bytes:
        """Return all bytes, or one more than the limit where there are more."""
        with self.open() as stream:
            return stream.read(limit + 1)

    def read_hdf5(
        self, *, values: bool, max_size: int, offset: int = 0, size: int | None = None
    ) -> StoredArrays:
        """Return what the HDF5 file holds that stands in these bytes from `offset` on."""
        if self.path is None:
            end = None if size is None else offset + size
            return self.read_unpacked([self.data[offset:end]], values=values, max_size=max_size)
        with check_steady(self.path, self.name), self._reader(max_size) as reader:
            return reader.read(self.path, offset, size, values=values, name=self.name)

    def read_unpacked(
        self, blocks: Iterable[bytes], *, values: bool, max_size: int
    ) -> StoredArrays:
        """Return what an HDF5 file of these bytes holds, which were unpacked from the source."""
        with temporary_file(blocks) as path, self._reader(max_size) as reader:
            return reader.read(path, values=values, name=self.name)

    def _reader(self, max_size: int) -> AbstractContextManager[Hdf5Reader]:
        return nullcontext(self.reader) if self.reader else Hdf5Reader(max_size=max_size)


@contextmanager
def temporary_file(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield the path of a file of these bytes, which is removed when the block ends."""
    with ExitStack() as stack:
        with telling_of_temporary_files():
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="upsamp-"))
            path = Path(folder) / "weights.h5"
            copy = stack.enter_context(path.open("wb"))
        for block in blocks:
            with telling_of_temporary_files():
                copy.write(block)
        with telling_of_temporary_files():
            copy.flush()
        yield str(path)


def is_folder(path: str) -> bool:
    """Tell whether a path is one of a folder; standard input is none."""
    return path != STANDARD_STREAM and os.path.isdir(path)


def find_source(path: str, max_size: int, reader: Hdf5Reader | None = None) -> Source:
    """Return the bytes of a file, or of standard input for "-"; pipes are read to their end."""
    name = "standard input" if path == STANDARD_STREAM else f"'{path}'"
    try:
        if is_stream(path):
            with open_stream(path) as stream:
                return _gather(stream, name, max_size, reader)
        Path(path).stat()
        return Source(name, path, reader=reader)
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise unreadable(name, error) from error


def _gather(stream: BinaryIO, name: str, max_size: int, reader: Hdf5Reader | None) -> Source:
    """Read a stream to its end, which must come before `max_size` bytes, or those of a text."""
    head = stream.read(HEAD)
    is_text = not head.startswith(BINARY) and head[7:] != b"\0{"
    limit = min(max_size, MAX_TEXT) if is_text else max_size
    remedy = (
        "Give a larger max_size (--max-size) if you trust it."
        if limit == max_size
        else "It is no description of a model."
    )
    data = read_within(stream, name, limit, remedy, head)
    return Source(name, None, data.getvalue(), reader)


def file_in(folder: str, member: str, reader: Hdf5Reader | None = None) -> Source | None:
    """Return a file of a folder, or None where there is none; no link leads out of the folder."""
    path = Path(folder) / member
    if not os.path.lexists(path):
        return None
    home, real = Path(os.path.realpath(folder)), Path(os.path.realpath(path))
    if not real.is_relative_to(home) or not os.path.isfile(real):
        raise FormatError(
            f"'{folder}' must hold its files itself. Received: '{member}', which is no file, or a "
            "link that leads out of the folder. Put the file itself there."
        )
    return Source(f"'{path}'", str(real), reader=reader)
