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
from upsamp.core.native.library import kernel_environment
from upsamp.core.threads import VARIABLE, thread_count
from upsamp.errors import FileError
from upsamp.io.atomic import remove_dead_parts
from upsamp.io.streams import reason
from upsamp.resizing.enlarging import Settings

PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from upsamp.bulk.worker import main; main()"
PACKAGES = str(Path(__file__).resolve().parents[2])
# How many tasks there are for each process: the one that it does, and one that waits.
AHEAD = 2
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

Process: TypeAlias = "subprocess.Popen[bytes]"
# What a process says of a task, the code that it ended with, or what was raised instead.
Answer: TypeAlias = dict[str, Any] | int | BaseException


class Processes:
    """An engine of worker processes; a context manager, which ends them.

    Each takes one task after the other, from a thread of its own. When a process is killed, its
    task is done once more, while nothing else is done, since what killed it may have been a lack of
    memory; the second time it has failed. jobs: how many processes there are at the most. count:
    how many tasks will come.
    """

    def __init__(self, settings: Settings, jobs: int, count: int) -> None:
        self._jobs = max(1, min(jobs, count, _most_jobs()))
        self._greeting = b64encode(pickle.dumps(settings)) + b"\n"
        threads = str(max(1, thread_count() // self._jobs))
        self._environment = {
            **dict.fromkeys(LIBRARIES, threads),
            **os.environ,
            **kernel_environment(),
            VARIABLE: threads,
        }
        self._threads: list[threading.Thread] = []
        self._own = threading.local()  # the process of a thread
        self._processes: list[Process] = []
        self._lock = threading.Lock()  # of who starts a process, or ends all
        self._closed = False
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Task, Answer]] = SimpleQueue()
        self._open = 0  # how many tasks have no answer yet
        self._again: deque[Task] = deque()
        self._tried: set[int] = set()
        self._false_starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the engine

    def has_room(self) -> bool:
        """Tell whether the processes have few enough tasks."""
        return self._open < AHEAD * self._jobs

    def submit(self, task: Task) -> None:
        """Submit a task to the process that is the first to have nothing to do."""
        self._open += 1
        self._tasks.put(task)
        if len(self._threads) < min(self._open, self._jobs):
            thread = threading.Thread(target=self._serve, daemon=True)
            self._threads.append(thread)  # first: a signal may end this while it starts
            try:
                with uninterrupted():  # nor will its processes hear of Ctrl-C
                    thread.start()
            except RuntimeError:  # there is no room for another: `collect` does without
                self._threads.remove(thread)
                self._jobs = max(1, len(self._threads))

    def collect(self) -> list[Outcome]:
        """Wait for some outcomes and return them; none when there is nothing to wait for."""
        outcomes: list[Outcome] = []
        while not outcomes and (self._open or self._again):
            if not self._open:
                self.submit(self._again.popleft())
            if not self._threads:
                self._answer(cast("Task", self._tasks.get()))
            with suppress(Empty):
                outcomes += self._judge(*self._answers.get(timeout=PATIENCE))
        return outcomes

    def close(self) -> None:
        """End all processes at once, and remove what they had half written."""
        with uninterrupted():
            with self._lock:
                self._closed = True
                for process in [*self._processes]:
                    process.kill()
            for _ in self._threads:
                self._tasks.put(None)
            for thread in self._threads:
                if thread.ident is not None:  # of one that has begun
                    thread.join()
            for process in [*self._processes]:  # which had nothing to do
                self._end(process)

    def _judge(self, task: Task, answer: Answer) -> list[Outcome]:
        """Return the outcome of a task, or none where it is to be done again."""
        self._open -= 1
        if isinstance(answer, BaseException):
            raise answer
        died = isinstance(answer, int)
        lacked = not isinstance(answer, int) and answer.get("memory") and self._jobs > 1
        if (died or lacked) and task.number not in self._tried:
            self._tried.add(task.number)
            self._again.append(task)
            return []
        if isinstance(answer, int):
            error = f"Its process ended twice, {_manner_of(answer)}."
            return [Outcome(task, "failed", error=error)]
        return [outcome_of(task, answer)]

    # --- what a thread does

    def _serve(self) -> None:
        """Let a process do one task after the other, as long as there can be one."""
        while (task := self._tasks.get()) is not None and not self._closed:
            if not self._answer(task):
                return

    def _answer(self, task: Task) -> bool:
        """Do a task and return True; False where it is left to other processes, which there are."""
        answer: Answer
        try:
            answer = self._do(task)
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is wanted
            if isinstance(error, FileError) and self._processes:
                self._jobs -= 1
                self._tasks.put(task)
                return False
            answer = error
        self._answers.put((task, answer))
        return True

    def _do(self, task: Task) -> Answer:
        """Let the process of this thread do a task."""
        process = getattr(self._own, "process", None)
        if process is not None and process.poll() is not None:  # when it had nothing to do
            self._end(process)
            process = None
        self._own.process = process = process or self._start()
        line = json.dumps([task.source, task.target]).encode("ascii") + b"\n"
        answer = _ask(process, line)
        if answer is None:
            self._own.process = None
            code = self._end(process)
            remove_dead_parts(Path(os.path.realpath(task.target)).parent)
            return code
        return answer

    def _start(self) -> Process:
        """Return a process that is ready."""
        while True:
            try:
                with self._lock, uninterrupted():
                    process = subprocess.Popen(  # noqa: S603 - nothing of it comes from a file
                        [sys.executable, "-P", "-c", PROGRAM, PACKAGES],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        env=self._environment,
                    )
                    self._processes.append(process)
                    if self._closed:
                        process.kill()
            except OSError as error:
                raise FileError(
                    f"Several files need a second Python. Received: '{sys.executable}' cannot be "
                    f"started, {reason(error)}. Enlarge one at a time."
                ) from error
            if _ask(process, self._greeting) is not None:
                self._false_starts = 0
                return process
            code = self._end(process)
            self._false_starts += 1
            if self._closed or self._false_starts > FALSE_STARTS + self._jobs:
                raise FileError(
                    f"Several files need worker processes. Received: {self._false_starts} that "
                    f"ended before they began, the last {_manner_of(code)}."
                )

    def _end(self, process: Process) -> int:
        """Wait for the end of a process that says no more, and return its exit code."""
        try:
            code = process.wait(LAST_BREATH)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):  # of what was never sent
                cast("IO[bytes]", stream).close()
        with self._lock, suppress(ValueError):  # of one that another thread saw end, too
            self._processes.remove(process)
        return code


def _ask(process: Process, line: bytes) -> dict[str, Any] | None:
    """Send a process a line, and return its answer; None where it has died."""
    with suppress(OSError):  # which the end of its answers tells
        cast("IO[bytes]", process.stdin).write(line)
        cast("IO[bytes]", process.stdin).flush()
    answer = cast("IO[bytes]", process.stdout).readline()
    return json.loads(answer) if answer.endswith(b"\n") else None


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
