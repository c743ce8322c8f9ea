"""The process that reads HDF5 files for `reading`, and that may hang or die of them.

Each line of its input is a request in JSON: the path of a file, which bytes of it are the HDF5 file
(offset, size), how many bytes its numbers may have (max_size; null where they are not wanted), how
many seconds it may take, whether the values are wanted, and whether all that is wrong with it is
(audit). `frames` says how it answers. It ends
when its input does.
"""

import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

from upsamp.io.hdf5.contents import DAMAGE, Contents, RefusalError
from upsamp.io.hdf5.frames import FAULT, MAX_HEADER, write_frame, write_length

# What the process may take besides its numbers, and seconds that its parent has to end it.
SPARE_MEMORY = 512 * 2**20
GRACE = 2


class Slice(io.RawIOBase):
    """The bytes of a file from `offset` on, as a file of their own."""

    def __init__(self, stream: io.BufferedReader | io.FileIO, offset: int, size: int) -> None:
        self.stream = stream
        self.offset = offset
        self.size = size
        self.position = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be searched."""
        return True

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, which is counted as `whence` says."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.size}[whence]
        self.position = max(0, start + position)
        return self.position

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there are bytes."""
        view = memoryview(buffer).cast("B")
        view = view[: max(0, self.size - self.position)]
        self.stream.seek(self.offset + self.position)
        done = 0
        # No system gives more than about 2 GB at a time.
        while done < len(view) and (count := self.stream.readinto(view[done:])):
            done += count
        self.position += done
        return done


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process decides when this one ends
    output = sys.stdout.buffer
    _send(output, {"ready": h5py.__version__})
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            with _bounds(request):
                _answer(request, output)
        except RefusalError as error:
            _fail(output, {"refused": str(error)})
        except MemoryError:
            _fail(output, {"refused": "takes more memory than there is. Use a smaller file."})
        except DAMAGE as error:
            _fail(output, {"damaged": str(error).split("\n")[0] or type(error).__name__})


def _answer(request: dict[str, Any], output: BinaryIO) -> None:
    """Answer one request: what the file holds, and the bytes of its arrays one after the other."""
    size = request["size"]
    with (
        Path(request["path"]).open("rb", buffering=0) as stream,
        _no_other_files(),
        h5py.File(Slice(stream, request["offset"], size), "r") as file,
    ):
        root = h5py.h5g.open(file.id, b"/")
        contents = Contents(root, size, request["max_size"], audit=request.get("audit", False))
        header = {
            "attributes": contents.attributes,
            "arrays": contents.arrays,
            "faults": contents.faults,
        }
        _send(output, header)
        if request["values"]:
            for held, shape, dtype in contents.numbers:
                values = np.empty(shape, dtype)
                if values.size:
                    kind = held.get_type() if dtype.kind == "V" else None
                    held.read(h5py.h5s.ALL, h5py.h5s.ALL, values, kind)
                write_frame(output, values.reshape(-1).view(np.uint8).data)
        output.flush()


def _send(output: BinaryIO, message: dict[str, Any]) -> None:
    data = json.dumps(message, ensure_ascii=False).encode()
    if len(data) > MAX_HEADER:
        too_much = f"must hold at most {MAX_HEADER:,} bytes of text. Received: more."
        raise RefusalError(too_much, "hdf5-text")
    write_frame(output, data)
    output.flush()


def _fail(output: BinaryIO, message: dict[str, Any]) -> None:
    write_length(output, FAULT)
    _send(output, {key: text[:500] for key, text in message.items()})


# --- what the system holds it to, where it can


@contextmanager
def _bounds(request: dict[str, Any]) -> Iterator[None]:
    """Bound memory and time, so that the process ends by itself where nobody ends it."""
    try:
        import resource
    except ImportError:  # a system that has none of it
        yield
        return
    # Besides the parent, which may have gone, two clocks end it: one that always runs, and one of
    # the processor's time.
    signal.setitimer(signal.ITIMER_REAL, request["seconds"] + GRACE)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + request["seconds"]) + GRACE
    _set_limit(resource.RLIMIT_CORE, 0)
    _set_limit(resource.RLIMIT_CPU, seconds)
    with suppress(OSError, ValueError, IndexError):  # where the system does not tell
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        memory = pages * resource.getpagesize() + (request["max_size"] or 0) + SPARE_MEMORY
        _set_limit(resource.RLIMIT_AS, memory)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _no_other_files() -> Iterator[None]:
    """Let no file be opened, whatever the one that is read may ask for."""
    try:
        import resource
    except ImportError:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    _set_limit(resource.RLIMIT_NOFILE, 0)
    try:
        yield
    finally:
        _set_limit(resource.RLIMIT_NOFILE, before)


def _set_limit(kind: int, limit: int) -> None:
    """Set a limit that can be raised again, as far as the system lets."""
    import resource

    hardest = resource.getrlimit(kind)[1]
    with suppress(OSError, ValueError):
        if hardest != resource.RLIM_INFINITY:
            limit = min(limit, hardest)
        resource.setrlimit(kind, (limit, hardest))
