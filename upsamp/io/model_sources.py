"""Where the bytes of a saved model are, in a file or in memory, and which kind it is of."""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from upsamp.core.text import decode_text
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

# How HDF5 and zip begin; .safetensors begin with a length and a bracket. Everything else is text.
BINARY = (b"\x89HDF", b"PK")
HEAD = 9
# Bytes at the begin that tell the kind.
KIND_BYTES = 512
# The last bytes of a table of LevelDB, which the index of a TensorFlow checkpoint is.
TABLE = bytes.fromhex("57fb808b247547db")
IN_KERAS = "Load it in the library that made it, and save it as .keras in Keras."
PICKLE = "PyTorch or Python objects, which could run code when they are read"


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
        self,
        *,
        values: bool,
        max_size: int,
        offset: int = 0,
        size: int | None = None,
        audit: bool = False,
    ) -> StoredArrays:
        """Return what the HDF5 file holds that is in these bytes from `offset` on."""
        if self.path is None:
            end = None if size is None else offset + size
            blocks = [self.data[offset:end]]
            return self.read_unpacked(blocks, values=values, max_size=max_size, audit=audit)
        with check_steady(self.path, self.name), self._reader(max_size) as reader:
            return reader.read(self.path, offset, size, values=values, audit=audit, name=self.name)

    def read_unpacked(
        self, blocks: Iterable[bytes], *, values: bool, max_size: int, audit: bool = False
    ) -> StoredArrays:
        """Return what an HDF5 file of these bytes holds, which were unpacked from the source."""
        with temporary_file(blocks) as path, self._reader(max_size) as reader:
            return reader.read(path, values=values, audit=audit, name=self.name)

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


def kind_of(source: Source) -> str:
    """Return "hdf5", "zip", "safetensors" or "json"; raise `FormatError` for other files."""
    head, tail, size = _ends(source)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if size > 8 and int.from_bytes(head[:8], "little") <= size - 8 and head[8:9] == b"{":
        return "safetensors"
    foreign = _foreign(head, tail, source)
    if foreign:
        raise FormatError(f"{source.name} must be a saved Keras model. Received: {foreign}")
    if decode_text(head, "ignore").lstrip().startswith("{"):
        return "json"
    received = "a file of no known kind" if size else "an empty file"
    raise FormatError(
        f"{source.name} must be a saved model or weights. Received: {received}. "
        "Give a .keras, .h5, .json, .npz or .safetensors file."
    )


def _ends(source: Source) -> tuple[bytes, bytes, int]:
    with source.open() as stream:
        head = stream.read(KIND_BYTES)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 8))
        return head, stream.read(8), size


def _foreign(head: bytes, tail: bytes, source: Source) -> str | None:
    """Say what a file of another library is, and what to do with it."""
    name = source.path or ""
    if re.match(rb"\x80[\x02-\x05]", head):
        return f"{PICKLE}. Save the weights as .safetensors."
    if (
        head.startswith(b"model_checkpoint_path:")
        or tail == TABLE
        or re.search(r"\.data-\d{5}-of-\d{5}$", name)
    ):
        return f"a part of a TensorFlow checkpoint. {IN_KERAS}"
    if head[4:8] == b"TFL3":
        return f"a TensorFlow Lite model. {IN_KERAS}"
    if head.startswith(b"\x08\x01\x12"):
        return f"a TensorFlow SavedModel. {IN_KERAS}"
    if re.match(rb"\x08[\x01-\x20][\x12\x1a\x22\x28\x32\x3a\x42]", head):
        return f"an ONNX model. {IN_KERAS}"
    return None


def refuse_folder(folder: str) -> FormatError:
    """Return the error for a folder that is no saved Keras model, and say what it is."""
    names = {path.name for path in Path(folder).iterdir()}
    if "saved_model.pb" in names:
        received = f"a TensorFlow SavedModel. {IN_KERAS}"
    elif "checkpoint" in names or any(name.endswith(".index") for name in names):
        received = f"a TensorFlow checkpoint. {IN_KERAS}"
    else:
        received = "one without config.json. Give the folder that Keras saved, or a .keras file."
    return FormatError(f"'{folder}' must be a folder that Keras saved. Received: {received}")
