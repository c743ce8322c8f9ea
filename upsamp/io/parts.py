"""Hidden files that become whole ones: each is locked while it is written, so dead ones are told.

The system gives a lock back when its process ends, however that happened. Where there are no such
locks, as on Windows and on some network file systems, no file is ever taken for a dead one.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # a system that has no such locks
    fcntl = None  # type: ignore[assignment]  # which is asked for before it is used

__all__ = ["open_part", "remove_dead_parts"]

NAME = re.compile(r"\.[0-9a-f]{16}\.part")


@contextmanager
def open_part(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Return a new hidden file of a folder, open for writing; it is removed when the block ends.

    Its lock is held even when the stream was closed, until the block ends: a file that is moved
    into place meanwhile is a dead one at no moment.
    """
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
    """Remove the hidden files that killed processes left in a folder, and give their number.

    Those that are being written stay, and so do all where the system has no locks that tell.
    """
    removed = 0
    with suppress(OSError), os.scandir(folder or os.curdir) as entries:
        for name in [entry.name for entry in entries if NAME.fullmatch(entry.name)]:
            with suppress(OSError):
                removed += _remove_dead(Path(folder, name))
    return removed


def _remove_dead(hidden: Path) -> bool:
    # Neither a link is followed nor a pipe waited for, whoever gave it such a name.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(hidden, flags)
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if not is_file or fcntl is None:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(descriptor, hidden):
            return False
        hidden.unlink()
        return True
    finally:
        os.close(descriptor)


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
