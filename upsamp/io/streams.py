"""Bytes in: files, standard input, pipes and devices."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from io import BufferedReader, BytesIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

from upsamp.errors import FileError, FormatError, UpsampError
from upsamp.io.descriptors import WholeFile, descriptor_of, let_block

STANDARD_STREAM = "-"
# Bytes that are read of what does not tell its length: pipes and devices may never end.
MAX_INPUT = 2**29
# The same where they are kept on a disk: of what is read by its rows, or unpacked; and of all else,
# which memory must hold, how often what --max-memory allows. A number of a text has 8 bytes there.
MAX_SPOOLED, MAX_TIMES = 2**33, 8
BY_ROWS = (b"\x93NUMPY", b"PK", b"\x1f\x8b", b"\x89PNG", b"II", b"MM")
# Bytes that the text of a matrix may have; a file of zeros is one line.
MAX_TEXT = 2**30
BLOCK = 2**20

# Which file it is, how long, and when it was written; None for what is no plain file.
FileState: TypeAlias = tuple[int, int, int, int] | None


# What `spooled_input` keeps of inputs that cannot be searched, by their names; None outside it.
_spools: dict[str, BinaryIO] | None = None


# Streams that were looked into, by their names: opened again, they would lack what was seen.
_looked_into: dict[str, BinaryIO] = {}


def is_open(name: str) -> bool:
    """Tell whether a name is one of what others opened: "-", or a descriptor, as /dev/fd/3."""
    return name == STANDARD_STREAM or descriptor_of(name) is not None


def is_stream(name: str) -> bool:
    """Tell whether a name is of what is read or written once: `is_open`, a pipe, a device."""
    if is_open(name):
        return True
    try:
        mode = Path(name).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def open_stream(name: str) -> Iterator[BinaryIO]:
    """Open for reading what `is_stream`; each is open until it was read, standard input longer."""
    stream = _looked_into.pop(name, None) or _opened(name)
    with nullcontext() if _is_standard(stream) else stream:
        yield stream


def _is_standard(stream: BinaryIO) -> bool:
    return sys.stdin is not None and stream is sys.stdin.buffer


def _opened(name: str) -> BinaryIO:
    number = 0 if name == STANDARD_STREAM else descriptor_of(name)
    if number == 0:
        if sys.stdin is None:
            raise FileError("Standard input is closed. Give a file, or pipe data into '-'.")
        let_block(0)
        return sys.stdin.buffer
    return BufferedReader(WholeFile(name if number is None else os.dup(number)))


def look_into(name: str, size: int) -> bytes:
    """Return the first bytes of a file or a stream, which stay there to be read."""
    try:
        if not is_stream(name):
            with Path(name).open("rb") as file:
                return file.read(size)
        stream = _looked_into.get(name) or _opened(name)
        if not _is_standard(stream):
            _looked_into[name] = stream
        if isinstance(stream, BufferedReader):
            return stream.peek(size)[:size]
        head = stream.read(size)
        stream.seek(0)
    except OSError as error:
        raise unreadable(_told(name), error) from error
    return head


def _told(name: str) -> str:
    """Return what an input is called in an error."""
    return "standard input" if name == STANDARD_STREAM else f"'{name}'"


@contextmanager
def open_input(name: str, *, limit: int = MAX_INPUT, known: FileState = None) -> Iterator[BinaryIO]:
    """Open a file, or standard input for "-", as a stream that can be searched.

    What is a stream, as a pipe or a device, is read to its end first, and must have at most
    `limit` bytes; so is what tells no length, as the files of /proc. A file that becomes another
    while it is read raises `FileError`. known: its state when it was read before.
    """
    kept = spooled(name)
    if kept is not None:
        yield kept
        return
    try:
        if is_stream(name):
            with open_stream(name) as stream:
                kept = _kept(stream, name, limit)
            if name == STANDARD_STREAM and not kept.read(1):
                raise FileError("Standard input is empty. Give a file, or pipe data into '-'.")
            yield _again(kept)
            return
        with Path(name).open("rb") as stream:
            state = os.fstat(stream.fileno())
            if state.st_size == 0:
                yield _kept(stream, name, limit)
                return
            with _held_open(stream) as descriptor, check_steady(descriptor, f"'{name}'", known):
                yield stream
    except OSError as error:
        raise unreadable(_told(name), error) from error


@contextmanager
def _held_open(stream: BinaryIO) -> Iterator[int]:
    """Yield a descriptor of a file that stays open when its reader closes the stream."""
    descriptor = os.dup(stream.fileno())
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def check_steady(file: int | str, name: str, known: FileState = None) -> Iterator[None]:
    """Raise `FileError` where a file becomes another in the block, in which it is read.

    Two versions of it, each read in part, would be taken for a whole. file: its descriptor, or its
    path. name: for the error. known: its state when it was read before.
    """
    before = known or state_of(file)
    fault = None
    try:
        yield
    except UpsampError as error:  # which may have come of that
        fault = error
    if state_of(file) != before:
        raise changed(name) from fault
    if fault is not None:
        raise fault


def state_of(file: int | str) -> FileState:
    """Return what changes with the content of a file, of which `file` is a descriptor or a path."""
    try:
        state = os.stat(file)  # noqa: PTH116 - which may be a descriptor
    except OSError:  # which has gone
        return None
    if not stat.S_ISREG(state.st_mode):
        return None
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


def _kept(source: BinaryIO, name: str, limit: int) -> BinaryIO:
    """Return what a stream has to give, in memory, or in `spooled_input` on disk."""
    told = _told(name)
    if _spools is None:
        return read_within(source, told, limit)
    from tempfile import TemporaryFile  # few inputs come to the disk

    from upsamp.core.memory import memory_limit

    with telling_of_temporary_files():
        _spools[name] = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - see `spooled_input`
    head, allowed, remedy = source.read(BLOCK), memory_limit(), "Give a file that ends before."
    if allowed is not None and not (head or b"").startswith(BY_ROWS):
        limit, remedy = min(MAX_TIMES * allowed, MAX_SPOOLED), "Use a larger --max-memory."
    else:
        limit = MAX_SPOOLED
    for block in _blocks_within(source, told, limit, remedy, head):
        with telling_of_temporary_files():
            _spools[name].write(block)
    return _again(_spools[name])


def _again(stream: BinaryIO) -> BinaryIO:
    stream.seek(0)
    return stream


def spooled(name: str) -> BinaryIO | None:
    """Return what `spooled_input` keeps of an input, at its begin; None where it keeps none."""
    return _again(_spools[name]) if _spools and name in _spools else None


@contextmanager
def telling_of_temporary_files() -> Iterator[None]:
    """Let what the system refuses of a temporary file become an error of ours."""
    try:
        yield
    except OSError as error:
        import tempfile

        where = f" in '{tempfile.tempdir}'" if tempfile.tempdir else ""  # where none will do
        raise FileError(
            f"Cannot write a temporary file{where}: {reason(error)}. "
            "Make room there, or set TMPDIR to another place."
        ) from error


@contextmanager
def spooled_input() -> Iterator[None]:
    """Keep inputs that cannot be searched in temporary files in this block, and not in memory.

    They can be opened as often as others, one at a time.
    """
    global _spools  # noqa: PLW0603 - there is one standard input
    _spools = {}
    try:
        yield
    finally:
        for stream in _spools.values():
            stream.close()
        _spools = None


def read_within(
    stream: BinaryIO,
    name: str,
    limit: int,
    remedy: str = "Give a file that ends before.",
    head: bytes = b"",
) -> BytesIO:
    """Read a stream to its end, or raise `FormatError` where that has not come after `limit` bytes.

    name: for the error. remedy: what its reader can do. head: bytes that were read before. Memory
    is taken as bytes come.
    """
    data = BytesIO()
    data.writelines(_blocks_within(stream, name, limit, remedy, head))
    data.seek(0)
    return data


def _blocks_within(
    stream: BinaryIO, name: str, limit: int, remedy: str, head: bytes
) -> Iterator[bytes]:
    """Yield the blocks of a stream up to its end, which must come before `limit` bytes."""
    left = limit
    for block in chain([head], iter(partial(stream.read, BLOCK), b"")):
        if block is None:
            raise FileError(
                f"{name} must wait for its bytes. Received: a pipe that does not block."
            )
        left -= len(block)
        if left < 0:
            raise _too_long(name, limit, remedy)
        yield block


def size_of(stream: BinaryIO) -> int:
    """Return how many bytes a stream has that can be searched; it stays where it is."""
    place = stream.tell()
    size = stream.seek(0, os.SEEK_END)
    stream.seek(place)
    return size


def check_length(stream: BinaryIO, name: str, limit: int = MAX_TEXT) -> None:
    """Raise `FormatError` where a stream that can be searched has more than `limit` bytes."""
    if size_of(stream) > limit:
        raise _too_long(name, limit, "Give .npy, which may be longer than text.")


def _too_long(name: str, limit: int, remedy: str) -> FormatError:
    return FormatError(f"{name} must have at most {limit:,} bytes. Received: more. {remedy}")


def unreadable(name: str, error: OSError | ValueError) -> FileError:
    """Return the error for a file that the system does not let be read."""
    return FileError(f"Cannot read {name}: {reason(error)}.")


def changed(name: str) -> FileError:
    """Return the error for a file that became another while it was read."""
    return FileError(f"{name} was changed while it was read. Try again when it is complete.")


def reason(error: OSError | ValueError) -> str:
    """Say in plain words what the system answered."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file or directory"
    return (getattr(error, "strerror", None) or str(error)).lower()
