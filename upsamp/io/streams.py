"""Bytes in and out: standard streams, files, and writes that happen wholly or not at all."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from upsamp.errors import FileError
from upsamp.io.parts import open_part

__all__ = [
    "STANDARD_STREAM",
    "check_target",
    "open_input",
    "replace_file",
    "spooled",
    "spooled_input",
    "telling_of_temporary_files",
    "write_standard_output",
]

STANDARD_STREAM = "-"


# So many bytes are moved at a time.
BLOCK = 2**20
# What `spooled_input` keeps of inputs that cannot be searched, by their names; None outside it.
_spools: dict[str, BinaryIO] | None = None


@contextmanager
def open_input(name: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input for "-", as a stream that can be searched.

    What cannot be searched, as a pipe, is read to its end first.
    """
    kept = spooled(name)
    if kept is not None:
        yield kept
        return
    if name == STANDARD_STREAM:
        if sys.stdin is None:
            raise FileError("Standard input is closed. Give a file, or pipe data into '-'.")
        stream = _kept(sys.stdin.buffer, name)
        if not stream.read(1):
            raise FileError("Standard input is empty. Pipe an image or a matrix into '-'.")
        yield _again(stream)
        return
    try:
        with Path(name).open("rb") as stream:
            yield stream if stream.seekable() else _kept(stream, name)
    except OSError as error:
        raise FileError(f"Cannot read '{name}': {reason(error)}.") from error


def _kept(source: BinaryIO, name: str) -> BinaryIO:
    """Return what a stream has to give, in memory, or in `spooled_input` on disk."""
    if _spools is None:
        return BytesIO(source.read())
    from tempfile import TemporaryFile  # few inputs come to the disk

    with telling_of_temporary_files():
        _spools[name] = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - see `spooled_input`
    while block := source.read(BLOCK):
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
        from tempfile import gettempdir

        raise FileError(
            f"Cannot write a temporary file in '{gettempdir()}': {reason(error)}. "
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


def write_standard_output(data: bytes | memoryview) -> None:
    """Write bytes to standard output, after any text that waits there."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@contextmanager
def replace_file(name: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a stream whose bytes become the file `name` when all went well, else nothing.

    They are written to a hidden file beside it, which is moved into place at the end. A file that
    stands there already is replaced only with `overwrite`; a symbolic link is followed; a device
    or a pipe is written to directly, as there is nothing to replace.
    """
    mode = check_target(name, overwrite=overwrite)
    try:
        if mode is not None and not stat.S_ISREG(mode):
            with Path(name).open("wb") as stream:
                yield stream
            return
        target = Path(os.path.realpath(name))
        with open_part(target.parent) as (hidden, stream):
            yield stream
            stream.close()  # which may tell that the disk is full
            _move(hidden, target, name, overwrite, mode)
    except OSError as error:
        raise FileError(f"Cannot write '{name}': {reason(error)}.") from error


def check_target(name: str, *, overwrite: bool) -> int | None:
    """Raise `FileError` where `name` cannot be written to; give its mode where it exists.

    Asked before the work begins, it spares a long computation whose result has no place.
    """
    try:
        mode = Path(name).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = None
    except (OSError, ValueError) as error:
        raise FileError(f"Cannot write '{name}': {reason(error)}.") from error
    if (mode is not None and stat.S_ISDIR(mode)) or name.endswith(os.sep):
        raise FileError(f"Cannot write '{name}': it is a directory. Name a file in it.")
    if mode is None and not Path(os.path.realpath(name)).parent.is_dir():
        raise FileError(f"Cannot write '{name}': its directory does not exist. Make it first.")
    if mode is not None and stat.S_ISREG(mode) and not overwrite:
        raise already_exists(name)
    return mode


def _move(hidden: Path, target: Path, name: str, overwrite: bool, mode: int | None) -> None:
    """Move the finished file into place; without `overwrite` never onto one that has come since."""
    if mode is not None:
        hidden.chmod(stat.S_IMODE(mode))
    if overwrite:
        hidden.replace(target)
        return
    try:
        os.link(hidden, target)
    except FileExistsError:
        raise already_exists(name) from None
    except OSError:  # a file system without hard links
        if target.exists():
            raise already_exists(name) from None
        hidden.replace(target)


def already_exists(name: str) -> FileError:
    """Return the error for a file that would be overwritten."""
    return FileError(
        f"'{name}' exists already. Use --force to overwrite it, or -o to name another."
    )


def reason(error: OSError | ValueError) -> str:
    """Say in plain words what the system answered."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file or directory"
    return (getattr(error, "strerror", None) or str(error)).lower()
