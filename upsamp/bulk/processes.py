"""Many files at a time by worker processes, each of which may die without harm to the others."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, Self, TypeAlias, cast

from upsamp.bulk.tasks import Outcome, Status, Task
from upsamp.core.threads import VARIABLE, thread_count
from upsamp.errors import FileError
from upsamp.io.atomic import remove_dead_parts
from upsamp.io.streams import reason
from upsamp.resizing.enlarging import Settings

__all__ = ["Processes", "outcome_of", "uninterrupted"]

PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from upsamp.bulk.worker import main; main()"
PACKAGES = str(Path(__file__).resolve().parents[2])
# A process whose tasks are as short as this has the next one waiting, so that it never waits.
SHORT, AHEAD = 0.05, 3
# How many processes in a row may end before they are ready; more would do so without end.
FALSE_STARTS = 5
# Seconds that a process may take from its last word to its end.
LAST_BREATH = 1.0
# Files that this process itself has open, or may have, besides two for each worker.
OWN_FILES = 40
# What libraries are told of threads besides our own.
LIBRARIES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
# Seconds that Ctrl-C may wait on Windows, where it does not end a wait.
PATIENCE = 0.5

# What worker said which bytes; none when it will say no more.
Said: TypeAlias = "SimpleQueue[tuple[_Worker, bytes]]"


class Processes:
    """An engine of worker processes; a context manager, which ends them.

    Each takes one task after the other. When a process is killed, its task is done once more, while
    nothing else is done, since what killed it may have been a lack of memory; the second time it
    has failed. jobs: how many processes there are at the most. count: how many tasks will come.
    """

    def __init__(self, settings: Settings, jobs: int, count: int) -> None:
        self._jobs = max(1, min(jobs, count, _most_jobs()))
        self._greeting = b64encode(pickle.dumps(settings)) + b"\n"
        threads = str(max(1, thread_count() // self._jobs))
        self._environment = {**dict.fromkeys(LIBRARIES, threads), **os.environ, VARIABLE: threads}
        self._workers: list[_Worker] = []
        self._said: Said = SimpleQueue()
        self._waiting: deque[Task] = deque()
        self._again: deque[Task] = deque()
        self._tried: set[int] = set()
        self._false_starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the engine

    def has_room(self) -> bool:
        """Tell whether a process waits for a task."""
        return not self._waiting and (len(self._workers) < self._jobs or self._free() is not None)

    def submit(self, task: Task) -> None:
        """Submit a task to the process that has the least to do."""
        self._waiting.append(task)
        self._hand_out()

    def collect(self) -> list[Outcome]:
        """Wait for some outcomes and return them; none when there is nothing to wait for."""
        outcomes: list[Outcome] = []
        while not outcomes:
            if not any(worker.tasks for worker in self._workers) and not self._waiting:
                if not self._again:
                    break
                self._waiting.append(self._again.popleft())
            self._hand_out()
            with suppress(Empty):
                outcomes += self._listen(*self._hear())
        return outcomes

    def close(self) -> None:
        """End all processes at once, and remove what they had half written."""
        with uninterrupted():
            for worker in self._workers:
                worker.kill()
            for worker in self._workers:
                self._wait_and_clean_up(worker)
            self._workers.clear()

    # --- the processes

    def _free(self) -> "_Worker | None":
        """Return a process that can take a task, best one that has none."""
        least = min(self._workers, key=lambda worker: len(worker.tasks), default=None)
        return least if least is not None and least.has_room() else None

    def _hand_out(self) -> None:
        """Hand out the waiting tasks; start processes where there are too few."""
        while self._waiting:
            worker = self._free()
            if (worker is None or worker.tasks) and len(self._workers) < self._jobs:
                worker = self._start() or worker
            if worker is None:
                return
            worker.give(self._waiting.popleft())

    def _start(self) -> "_Worker | None":
        """Start a process, or do with those that there are."""
        try:
            with uninterrupted():
                worker = _Worker(self._environment, self._greeting, self._said)
                self._workers.append(worker)
        except OSError as error:
            if not self._workers:
                raise FileError(
                    f"Several files need a second Python. Received: '{sys.executable}' cannot be "
                    f"started, {reason(error)}. Enlarge one at a time."
                ) from error
            self._jobs = len(self._workers)
            return None
        if worker.is_heard:
            return worker
        if len(self._workers) == 1:  # there is no room for another thread: `_hear` listens to it
            self._jobs = 1
            return worker
        self._workers.remove(worker)
        worker.kill()
        worker.wait()
        self._jobs = len(self._workers)
        return None

    def _hear(self) -> tuple["_Worker", bytes]:
        """Wait until a process says something."""
        for worker in self._workers:
            if not worker.is_heard:
                return worker, worker.hear()
        return self._said.get(timeout=PATIENCE)

    def _listen(self, worker: "_Worker", data: bytes) -> list[Outcome]:
        """Take what a process has to say; one that says no more is dead."""
        if not data:
            return self._handle_worker_exit(worker)
        outcomes = []
        for message in worker.take(data):
            if not worker.ready:
                worker.ready = True
                self._false_starts = 0
                continue
            task = worker.tasks.popleft()
            worker.seconds = message["seconds"]
            if message.get("memory") and self._jobs > 1 and self._can_try_again(task):
                continue
            outcomes.append(outcome_of(task, message))
        return outcomes

    def _can_try_again(self, task: Task) -> bool:
        """Put a task aside until it is alone, if it has had no second trial."""
        if task.number in self._tried:
            return False
        self._tried.add(task.number)
        self._again.append(task)
        return True

    def _handle_worker_exit(self, worker: "_Worker") -> list[Outcome]:
        """Queue the tasks of a process that died: the one it was at to be tried alone, once."""
        self._workers.remove(worker)
        tasks = deque(worker.tasks)
        worker.let_end()
        code = self._wait_and_clean_up(worker)
        if not worker.ready:
            self._false_starts += 1
            if self._false_starts > FALSE_STARTS + self._jobs:
                raise FileError(
                    f"Several files need worker processes. Received: {self._false_starts} that "
                    f"ended before they began, the last {_manner_of(code)}."
                )
        failed = []
        if worker.ready and tasks:
            task = tasks.popleft()
            if not self._can_try_again(task):
                error = f"Its process ended twice, {_manner_of(code)}."
                failed.append(Outcome(task, "failed", error=error))
        self._waiting.extendleft(reversed(tasks))
        return failed

    def _wait_and_clean_up(self, worker: "_Worker") -> int:
        """Wait for the end of a process, remove what it had half written; return its exit code."""
        code = worker.wait()
        for task in worker.tasks:
            remove_dead_parts(Path(os.path.realpath(task.target)).parent)
        return code


class _Worker:
    """A process, and the tasks that it has not answered yet, of which it does the first.

    A thread passes on what it says, as not every system can wait for several pipes.
    """

    def __init__(self, environment: dict[str, str], greeting: bytes, said: Said) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - nothing of the command comes from a file
            [sys.executable, "-P", "-c", PROGRAM, PACKAGES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self.tasks: deque[Task] = deque()
        self.ready = False
        self.seconds = SHORT
        self._begun = b""
        self._listener = threading.Thread(target=self._pass_on, args=(said,), daemon=True)
        with suppress(RuntimeError):
            self._listener.start()
        self._send(greeting)

    @property
    def is_heard(self) -> bool:
        """Tell whether a thread passes on what the process says; if not, `hear` must be called."""
        return self._listener.ident is not None

    def _pass_on(self, said: Said) -> None:
        """Tell what the process says, to its end."""
        data = b" "
        while data:
            data = self.hear()
            said.put((self, data))

    def hear(self) -> bytes:
        """Wait until the process says something, and return it; nothing at its end."""
        return os.read(cast("IO[bytes]", self._process.stdout).fileno(), 2**16)

    def has_room(self) -> bool:
        """Tell whether it can take another task."""
        return len(self.tasks) < (AHEAD if self.seconds < SHORT else 1)

    def give(self, task: Task) -> None:
        """Send a task to the worker."""
        self.tasks.append(task)
        self._send(json.dumps([task.source, task.target]).encode("ascii") + b"\n")

    def _send(self, line: bytes) -> None:
        stream = cast("IO[bytes]", self._process.stdin)
        with suppress(OSError):  # of a process that died, which the end of its answers tells
            stream.write(line)
            stream.flush()

    def take(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages that are complete with these bytes."""
        *lines, self._begun = (self._begun + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()

    def let_end(self) -> None:
        """Let it end by itself, when it says no more; kill it where it does not."""
        try:
            self._process.wait(LAST_BREATH)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        code = self._process.wait()
        if self.is_heard:
            self._listener.join()  # at the end of the answers, which nobody else can write to
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # of what was never sent
                cast("IO[bytes]", stream).close()
        return code


def outcome_of(task: Task, message: dict[str, Any]) -> Outcome:
    """Return what became of a task, of what a worker tells of it."""
    seconds = message["seconds"]
    if "skipped" in message:
        return Outcome(task, "skipped", seconds)
    if "error" in message:
        return Outcome(task, "failed", seconds, error=message["error"])
    before, after, notes = (tuple(message[name]) for name in ("before", "after", "notes"))
    status: Status = "kept" if message["kept"] else "written"
    return Outcome(task, status, seconds, before, after, notes=notes)


def _manner_of(code: int) -> str:
    """Say how a process ended.

    >>> _manner_of(-9), _manner_of(1)
    ('killed by SIGKILL', 'with code 1')
    """
    if code >= 0:
        return f"with code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _most_jobs() -> int:
    """Return how many processes the bound on open files allows."""
    try:
        import resource
    except ImportError:  # a system without that bound
        return sys.maxsize
    bound = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if bound == resource.RLIM_INFINITY else max(1, (bound - OWN_FILES) // 2)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back in the block; a process that is started in it never hears of any."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
