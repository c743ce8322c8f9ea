"""Streams that others opened: standard input and output, and what a shell hands over by number.

They are read and written from where they are; what is behind them is not replaced, cut or closed.
"""

import os
import sys
from contextlib import suppress
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper, UnsupportedOperation
from pathlib import Path
from typing import Any

# The folders in which a system lists the open descriptors of the process that asks.
FOLDERS = ("/dev/fd", "/proc/self/fd")
# How many links may follow each other, as in the system.
MAX_LINKS = 40


class WholeFile(FileIO):
    """A stream whose reads fill the buffer or reach the end, and whose writes write everything.

    The system may take fewer bytes than it is given: at a signal, of more than 2 GB, and where the
    disk is nearly full. Where the stream does not block, it takes and gives nothing while the other
    end is slow; Python's own unbuffered stream passes over both.
    """

    _ended = False

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, as far as there is an end, after which a terminal is not asked again."""
        left = memoryview(buffer).cast("B")
        size = len(left)
        while left and not self._ended:
            count = super().readinto(left)
            if count is None:
                os.set_blocking(self.fileno(), True)
                continue
            self._ended = count == 0
            left = left[count:]
        return size - len(left)

    def write(self, data: Any) -> int:
        """Write all bytes."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            count: int | None = super().write(left)
            if count is None:  # whoever shares the open file has set it again
                os.set_blocking(self.fileno(), True)
                continue
            left = left[count:]
        return size

    def seekable(self) -> bool:
        """Return False: what is before and behind belongs to others."""
        return False

    def seek(self, offset: int, whence: int = 0, /) -> int:  # noqa: ARG002 - Python's
        """Raise what streams raise that cannot be searched."""
        raise UnsupportedOperation("seek")

    def tell(self) -> int:
        """Raise the same: archives would count from where the file of others begins."""
        raise UnsupportedOperation("tell")


def prepare_standard_streams() -> None:
    """Let the standard streams of this process block, and be read and written wholly.

    Whether a stream blocks is a property of the open file, which other processes share; Node, ssh
    and programs on asyncio let theirs not block. It is not set back at the end: while another
    process of the pipeline still writes there, that one would lose what this one does not any more,
    and who expects a stream that does not block only waits.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _occupy(number)
        elif stream is getattr(sys, f"__{name}__") and isinstance(stream, TextIOWrapper):
            let_block(number)
            # Not on a console of Windows, which takes text.
            if isinstance(getattr(stream.buffer, "raw", stream.buffer), FileIO):
                setattr(sys, name, _rebuilt(stream, number))


def let_block(descriptor: int) -> None:
    """Let reads and writes of a descriptor wait, where the system knows others."""
    with suppress(OSError, AttributeError):
        os.set_blocking(descriptor, True)


def _occupy(number: int) -> None:
    """Open nothing at a standard descriptor that is closed.

    Otherwise the next file would have it, and get what libraries and other processes print.
    """
    descriptor = os.open(os.devnull, os.O_RDWR)
    if descriptor == number:
        os.set_inheritable(descriptor, True)
    else:
        os.close(descriptor)


def _rebuilt(stream: TextIOWrapper, number: int) -> TextIOWrapper:
    """Return a standard stream over a `WholeFile`.

    Output is buffered even where Python was told not to. Errors are not: what cannot be written
    would be left in a buffer, which Python would try to write at its end.
    """
    raw = WholeFile(number, "wb" if number else "rb", closefd=False)
    kinds: tuple[Any, ...] = (BufferedReader, BufferedWriter, lambda raw: raw)
    return TextIOWrapper(
        kinds[number](raw),
        stream.encoding,
        "backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=number == 2,
    )


def descriptor_of(name: str) -> int | None:
    """Return the open descriptor that a name stands for, as /dev/stdout does; None of other names.

    Links are followed up to there, and not to the file behind it.
    """
    path = Path(name)
    for _ in range(MAX_LINKS):
        number = path.name
        if number.isascii() and number.isdecimal() and len(number) < 10:
            folder = os.path.realpath(path.parent)
            if folder in FOLDERS or folder in map(os.path.realpath, FOLDERS):
                return int(number)
        try:
            path = path.parent / path.readlink()
        except (OSError, ValueError):  # of what is no link
            return None
    return None
