"""HDF5 files read by another process, which is ended when it is late."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self, cast

from upsamp.errors import FileError, FormatError, MissingExtraError
from upsamp.io.extras import check_extra, has_extra
from upsamp.io.hdf5.answers import receive
from upsamp.io.hdf5.frames import AnswerError, read_frame
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE, StoredArrays
from upsamp.io.streams import unreadable

if TYPE_CHECKING:
    from io import BufferedReader

# Seconds that the reading of a file may take, with the start of the process that does it.
TIME_LIMIT = 20.0
# Many numbers may take longer, as if they were read at this many bytes a second.
SLOWEST = 32 * 2**20
# What the process runs, given the directory that this package is in.
PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from upsamp.io.hdf5.process import main; main()"
)
PACKAGES = str(Path(__file__).resolve().parents[3])


class Hdf5Reader:
    """A process that reads HDF5 files, one after the other; a context manager.

    It is started by the first file, or before by `begin`. A file that makes it hang or crash costs
    `time_limit` seconds at the most, or a little longer where it has many numbers, and raises
    `FormatError`; the next file finds a new process.

    max_size: how many bytes the numbers of a file may have.
    """

    def __init__(self, *, max_size: int = DEFAULT_MAX_SIZE, time_limit: float = TIME_LIMIT) -> None:
        self.max_size = max_size
        self.time_limit = time_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def begin(self) -> None:
        """Let the process start while something else is done, if it can; `read` tells if not."""
        if self._process is None and has_extra("h5py"):
            with suppress(FileError):
                self._process = _start("the file")

    def read(
        self,
        path: str,
        offset: int = 0,
        size: int | None = None,
        *,
        values: bool = True,
        audit: bool = False,
        name: str | None = None,
    ) -> StoredArrays:
        """Return what the HDF5 file holds that is in the file `path` from `offset` on.

        size: of the HDF5 file in bytes; where it is None, to the end. values: whether the numbers
        are wanted, or shapes and text only, which `max_size` does not bound. audit: what would
        be refused is gathered in `faults`. name: for errors; the quoted path, where it is None.
        """
        name = name or f"'{path}'"
        check_extra("h5py", f"Reading the weights of {name}")
        try:
            end = Path(path).stat().st_size
        except (OSError, ValueError) as error:
            raise unreadable(name, error) from error
        size = end - offset if size is None else size
        seconds = self.time_limit + (min(size, self.max_size) / SLOWEST if values else 0)
        request = {
            "path": str(Path(path).absolute()),
            "offset": offset,
            "size": size,
            "max_size": self.max_size if values or audit else None,
            "seconds": seconds,
            "values": values,
            "audit": audit,
        }
        answer = self._ask(json.dumps(request).encode() + b"\n", name, seconds, values)
        if isinstance(answer, str):
            raise FormatError(answer, rule="hdf5-damaged")
        return answer

    def _ask(self, request: bytes, name: str, seconds: float, values: bool) -> StoredArrays | str:
        """Return the answer to a request; a process that does not answer is ended."""
        process = self._process = self._process or _start(name)
        if not self._ready:
            self._await(process, name)
        max_size = self.max_size if values else 0
        answer: StoredArrays | str | None = None
        late = threading.Event()
        try:
            with _time_limit(process, seconds, late):
                stream = cast("IO[bytes]", process.stdin)
                stream.write(request)
                stream.flush()
                answer = receive(cast("BufferedReader", process.stdout), name, max_size, values)
        except (AnswerError, BrokenPipeError):
            fault = (
                f"be read within {seconds:.3g} s. Received: a file that takes longer, "
                "as if made to."
                if late.is_set()
                else "be readable as HDF5. Received: a file that ends the process that reads it."
            )
            raise FormatError(
                f"{name} must {fault} Save the model in Keras again.", rule="hdf5-hangs"
            ) from None
        finally:
            if answer is None or late.is_set():
                self._end()
        return answer

    def _await(self, process: "subprocess.Popen[bytes]", name: str) -> None:
        """Wait until the process is ready, or raise where it does not become so."""
        try:
            with _time_limit(process, TIME_LIMIT, threading.Event()):
                read_frame(cast("BufferedReader", process.stdout))
        except BaseException as error:
            self._end()
            if not isinstance(error, AnswerError):
                raise
            raise MissingExtraError(
                f"Reading the weights of {name} needs h5py. Received: an h5py that does not start. "
                "Install it again with: pip install --force-reinstall 'upsamp[keras]'."
            ) from None
        self._ready = True

    def _end(self) -> None:
        """End the process, whatever it does, and leave nothing of it."""
        process, self._process, self._ready = self._process, None, False
        if process is not None:
            _end(process)


def _start(name: str) -> "subprocess.Popen[bytes]":
    """Start the process, which tells when it is ready."""
    settings = {
        "HDF5_PLUGIN_PRELOAD": "::",  # loads no code for filters, wherever it may lie
        "OPENBLAS_NUM_THREADS": "1",  # starts no threads, each of which takes address space
    }
    try:
        return subprocess.Popen(  # noqa: S603 - nothing of the command comes from a file
            [sys.executable, "-P", "-c", PROGRAM, PACKAGES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | settings,
        )
    except OSError as error:
        raise FileError(
            f"Reading the weights of {name} needs a second Python. "
            f"Received: '{sys.executable}' cannot be started. Install Python where it can be found."
        ) from error


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # of what was never sent
                stream.close()
    process.wait()


@contextmanager
def _time_limit(
    process: "subprocess.Popen[bytes]", seconds: float, late: threading.Event
) -> Iterator[None]:
    """Kill the process when the block takes longer, and note that it did."""

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    with suppress(RuntimeError):  # without room for a thread, the process still ends itself
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if timer.ident is not None:
            timer.join()  # whether it was late is certain from here on
