"""Results that are written wholly or not at all: to hidden files that become whole ones.

Each is locked while it is written, so that those of dead processes can be told.

The system gives a lock back when its process ends, however that happened. Where there are no such
locks, as on Windows and on some network file systems, no file is ever taken for a dead one. Where
locks may reach no further than this machine, and others write there, too, only an old one is.
"""

import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EBADF, ENAMETOOLONG
from io import BufferedWriter
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from upsamp.errors import FileError
from upsamp.io.descriptors import WholeFile, descriptor_of
from upsamp.io.streams import STANDARD_STREAM, is_open, is_stream, reason

try:
    import fcntl
except ImportError:  # a system that has no such locks
    fcntl = None  # type: ignore[assignment]  # which is asked for before it is used

NAME = re.compile(r"\.[0-9a-f]{16}\.part")
# How many entries of its folder are searched for dead files before one is written; and how many for
# each file on average, where a process writes many.
MAX_ENTRIES, ENTRIES_PER_FILE = 10_000, 100
# File systems that this machine has to itself, and how old, in seconds, a file of another one is.
LOCAL = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "ramfs", "overlay", "vfat"}
OLD_SECONDS = 86_400
MOUNTS = Path("/proc/self/mountinfo")

# How many files may be written before a folder is searched again.
_unsearched = {"files": 0}


@contextmanager
def open_part(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new hidden file of a folder, open for writing; it is removed when the block ends.

    Its lock is held even when the stream was closed, until the block ends: a file that is moved
    into place meanwhile is a dead one at no moment. Dead ones that are met are removed.
    """
    _search_now_and_then(folder)
    while True:
        hidden = folder / f".{os.urandom(8).hex()}.part"
        try:
            with hidden.open("xb") as stream, _lock_holder(stream) as holder:
                if not _is_taken(holder, hidden):
                    yield hidden, stream
                    return
        finally:
            with suppress(OSError):
                hidden.unlink()


def remove_dead_parts(folder: str | Path) -> int:
    """Remove the hidden files that killed processes left in a folder, and return their number.

    Those that are being written stay, and so do all where the system has no locks that tell.
    """
    return sum(_remove_dead(Path(folder, name)) for name in _search(folder, None)[1])


def _search_now_and_then(folder: Path) -> None:
    """Remove dead files of a folder, as far as it is cheap."""
    _unsearched["files"] -= 1
    if _unsearched["files"] < 0:
        count, names = _search(folder, MAX_ENTRIES)
        _unsearched["files"] = count // ENTRIES_PER_FILE
        for name in names:
            _remove_dead(folder / name)


def _search(folder: str | Path, most: int | None) -> tuple[int, list[str]]:
    """Return how many entries a folder has, and which of them are named as hidden files are."""
    count, names = 0, []
    with suppress(OSError), os.scandir(folder or os.curdir) as entries:
        for count, entry in enumerate(islice(entries, most), 1):  # noqa: B007 - the last counts
            if NAME.fullmatch(entry.name):
                names.append(entry.name)
    return count, names


def _remove_dead(hidden: Path) -> bool:
    # Neither a link is followed nor a pipe waited for, whoever gave it such a name.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with suppress(OSError):
        descriptor = os.open(hidden, flags)
        try:
            if _is_dead(descriptor, hidden):
                hidden.unlink()
                return True
        finally:
            os.close(descriptor)
    return False


def _is_dead(descriptor: int, hidden: Path) -> bool:
    """Lock a file and return whether nobody writes it; raise `OSError` where somebody does."""
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode) or fcntl is None:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if not _is_at(descriptor, hidden):
        return False
    return time.time() - state.st_mtime > OLD_SECONDS or not _is_shared(hidden.parent)


def _is_shared(folder: Path) -> bool:
    """Tell whether other machines may write to a folder, whose locks are not seen here."""
    device = folder.stat().st_dev
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # a system that does not tell
        return False
    for mount in (line.split(" ") for line in mounts):
        if mount[2] == f"{os.major(device)}:{os.minor(device)}":
            kind, _, options = mount[mount.index("-") + 1 :][:3]
            # NFS says so where its server keeps the locks.
            return kind not in LOCAL and "local_lock=none" not in options.split(",")
    return False


@contextmanager
def _lock_holder(stream: BinaryIO) -> Iterator[int]:
    """Yield a descriptor that holds a file's lock when its stream is closed, to the block's end."""
    if fcntl is None:  # such a system does not move a file that is open, either
        yield stream.fileno()
        return
    holder = os.dup(stream.fileno())
    try:
        yield holder
    finally:
        with suppress(OSError):  # the stream has been closed, and told what went wrong
            os.close(holder)


def _is_taken(descriptor: int, path: Path) -> bool:
    """Lock a new file, or tell that somebody took it for a dead one before that."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without such locks
        return False
    return not _is_at(descriptor, path)


def _is_at(descriptor: int, path: Path) -> bool:
    """Tell whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


# --- files and streams that results are written to


@contextmanager
def open_output(name: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a file as `replace_file` does, or standard output for "-", after any text in it."""
    if name != STANDARD_STREAM and descriptor_of(name) != 1:
        with replace_file(name, overwrite=overwrite) as stream:
            yield stream
        return
    sys.stdout.flush()
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


@contextmanager
def replace_file(name: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a stream whose bytes become the file `name` when all went well, otherwise nothing.

    They are written to a hidden file beside it, which is moved into place at the end. A file that
    is there already is replaced only with `overwrite`; a symbolic link is followed. A descriptor, a
    pipe or a device is written to directly, from where it is; `BrokenPipeError` says that the
    reader of a descriptor has had enough.
    """
    mode = check_target(name, overwrite=overwrite)
    try:
        if is_stream(name):
            number = descriptor_of(name)
            target = name if number is None else os.dup(number)
            with BufferedWriter(WholeFile(target, "wb")) as stream:
                yield stream
            return
        path = Path(os.path.realpath(name))
        with open_part(path.parent) as (hidden, stream):
            yield stream
            stream.close()  # which may tell that the disk is full
            _move(hidden, path, name, overwrite, mode)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and is_open(name):
            raise
        raise _unwritable(name, error) from error


def _unwritable(name: str, error: OSError | ValueError) -> FileError:
    remedy = ""
    if isinstance(error, OSError) and error.errno == ENAMETOOLONG:
        remedy = " Give a shorter one with -o, or with --name for many files."
    if isinstance(error, OSError) and error.errno == EBADF:
        remedy = " Open it for writing, as in 3> FILE, or name a file."
    return FileError(f"Cannot write '{name}': {reason(error)}.{remedy}")


def check_target(name: str, *, overwrite: bool) -> int | None:
    """Raise `FileError` where `name` cannot be written to; return its mode where it exists."""
    if name == STANDARD_STREAM:
        return None
    try:
        number = descriptor_of(name)
        if number is not None:
            os.write(number, b"")  # which the system refuses, where it is not open for writing
            return None
        mode = Path(name).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = None
    except (OSError, ValueError) as error:
        raise _unwritable(name, error) from error
    if (mode is not None and stat.S_ISDIR(mode)) or name.endswith(os.sep):
        raise FileError(f"Cannot write '{name}': it is a directory. Name a file in it.")
    if mode is None and not os.path.isdir(Path(os.path.realpath(name)).parent):
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
        # A server that was asked once more, as its answer was lost, finds what it has done.
        if not hidden.samefile(target):
            raise already_exists(name) from None
    except OSError:  # a file system without hard links
        if os.path.exists(target):
            raise already_exists(name) from None
        hidden.replace(target)


def already_exists(name: str) -> FileError:
    """Return the error for a file that would be overwritten."""
    return FileError(
        f"'{name}' exists already. Use --force to overwrite it, or an option such as -o to name "
        "another."
    )
