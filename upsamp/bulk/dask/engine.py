"""Many files at a time by a Dask cluster, whose workers may be lost without harm to the files.

A task of a lost worker is done again by another one: that is Dask's. What this engine adds is what
becomes of a task that costs one worker after the other, of a scheduler that is gone, and of tasks
that no worker takes; and that few of the tasks are in the cluster at a time.
"""

import asyncio
import os
from collections import deque
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

from upsamp.bulk.dask.clusters import (
    LOCAL,
    address_of,
    check_versions,
    connected,
    enlarge_there,
    in_silence,
    local_cluster,
    own_version,
    wrong_version,
)
from upsamp.bulk.processes import outcome_of
from upsamp.bulk.tasks import Outcome, Task
from upsamp.core.text import first_line
from upsamp.errors import EngineError
from upsamp.io.atomic import remove_dead_parts
from upsamp.io.remote_paths import is_remote, split_path
from upsamp.resizing.enlarging import Settings

if TYPE_CHECKING:
    from concurrent.futures import Future as Answer

    from distributed import Future

    Flying: TypeAlias = tuple[Task, Future[Any]]

# How many tasks the cluster has for each thread of its workers, and the bounds of all together.
AHEAD, LEAST, MOST = 4, 16, 20_000
# How often the cluster is looked after, in seconds, and how long it may be without workers.
BEAT, WITHOUT_WORKERS = 1.0, 60.0
# How long the scheduler may take to answer, in seconds; and when nothing is wanted of it any more.
SILENCE, LAST_SILENCE = 60.0, 2.0


class DaskEngine:
    """An engine of the workers of a Dask cluster; a context manager, which leaves the cluster.

    address: of its scheduler, as tcp://host:8786; the scheduler's file; or "local" for a cluster of
    this machine, which is ended. jobs: how many tasks are in the cluster at the most; of a local
    one, how many workers there are.

    A task that Dask gives up, as too many workers ended with it, is done once more when nothing
    else is in the cluster, since another one may have ended them; the second time it has failed.

    Raises `EngineError` where there is no such cluster, where it has gone or has no workers, and
    where upsamp is not installed there in the version that runs here.
    """

    def __init__(self, settings: Settings, address: str, jobs: int | None) -> None:
        self._settings = settings
        self._address = address
        self._jobs = jobs
        self._name = f"upsamp-{os.urandom(8).hex()}"
        self._keys = count()
        self._flying: dict[int, Flying] = {}
        self._again: deque[Task] = deque()
        self._tried: set[int] = set()
        self._answers: SimpleQueue[tuple[int, Answer[Any]]] = SimpleQueue()
        self._room = jobs or LEAST
        self._looked = self._had_workers = monotonic()
        self._workers: set[str] = set()
        self._folders: set[str] = set()  # of results, which lost workers may leave untidy
        self._lost = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(in_silence())
            if self._address == LOCAL:
                cluster = stack.enter_context(local_cluster(self._jobs or 1))
                self._client = stack.enter_context(connected(cluster))
            else:
                self._client = stack.enter_context(connected(address_of(self._address)))
                try:
                    check_versions(self._client)
                except OSError as error:
                    raise self._gone() from error
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the engine

    def has_room(self) -> bool:
        """Tell whether the cluster has few enough tasks."""
        return len(self._flying) < self._room

    def submit(self, task: Task) -> None:
        """Submit a task to the cluster."""
        paths = [_path_there(path) for path in (task.source, task.target)]
        try:
            future = self._client.submit(
                enlarge_there,
                *paths,
                self._settings,
                own_version(),
                key=f"{self._name}-{next(self._keys)}",
                pure=False,
            )
        except RuntimeError as error:  # of a client that has been closed
            raise self._gone() from error
        self._flying[task.number] = (task, future)
        if not is_remote(task.target):
            self._folders.add(split_path(task.target)[0])
        loop = cast("Any", self._client.loop).asyncio_loop
        waiting = asyncio.run_coroutine_threadsafe(_wait(future), loop)
        waiting.add_done_callback(lambda done: self._answers.put((task.number, done)))

    def collect(self) -> list[Outcome]:
        """Wait for some outcomes and return them; none when there is nothing to wait for."""
        outcomes: list[Outcome] = []
        while not outcomes and (self._flying or self._again):
            if not self._flying:
                self.submit(self._again.popleft())
            self._look_after()
            with suppress(Empty):
                number, answer = self._answers.get(timeout=BEAT)
                task, _ = self._flying.pop(number, (None, None))  # what comes twice counts once
                outcomes += self._judge(task, answer) if task is not None else []
        return outcomes

    def close(self) -> None:
        """Leave the cluster, which drops what it has not begun; what it has becomes whole files."""
        with suppress(EngineError):  # of a cluster that has gone
            self._look_after(at_once=True)
        self._lost |= self._address == LOCAL and bool(self._flying)
        self._flying.clear()
        self._stack.close()
        for folder in self._folders if self._lost else ():
            remove_dead_parts(folder)

    # --- answers

    def _judge(self, task: Task, answer: "Answer[Any]") -> list[Outcome]:
        """Return the outcome of a task, or none where it is to be done again."""
        from distributed import CancelledError, KilledWorker

        told = CancelledError() if answer.cancelled() else answer.exception() or answer.result()
        if isinstance(told, CancelledError | asyncio.CancelledError):  # by release of Dask
            self._check_client()
            return self._try_again(task, "Its task was cancelled twice in the cluster.")
        if isinstance(told, KilledWorker):
            self._lost = True
            return self._try_again(task, "It ended each worker that tried it.")
        if isinstance(told, OSError):  # of a lost connection: is the scheduler there at all?
            self._looked -= BEAT
            return self._try_again(task, self._failed(task, told).error)
        if isinstance(told, BaseException):
            return [self._failed(task, told)]
        if "version" in told:
            raise wrong_version(f"a worker on {told['host']}", told["version"])
        if told.get("memory"):
            return self._try_again(task, told["error"])
        if "error" in told:  # where paths are those of the worker
            for path in (task.source, task.target):
                told["error"] = told["error"].replace(f"'{_path_there(path)}'", f"'{path}'")
        return [outcome_of(task, told)]

    def _try_again(self, task: Task, error: str) -> list[Outcome]:
        """Put a task aside until it is alone; after its second trial it has failed."""
        if task.number in self._tried:
            return [Outcome(task, "failed", error=error)]
        self._tried.add(task.number)
        self._again.append(task)
        return []

    def _failed(self, task: Task, error: BaseException) -> Outcome:
        """Return the outcome of a task whose worker had an error of another kind than ours."""
        if isinstance(error, ImportError) and (error.name or "").split(".")[0] == "upsamp":
            raise wrong_version("a worker", None) from error
        told = f"{type(error).__name__}: {first_line(error)}"
        return Outcome(
            task, "failed", error=f"Its worker had an error that is none of ours, {told}."
        )

    # --- the cluster

    def _look_after(self, *, at_once: bool = False) -> None:
        """See, now and then, whether the scheduler is there, and how much its workers can take."""
        self._check_client()
        now = monotonic()
        if now - self._looked < BEAT and self._workers and not at_once:
            return
        self._looked = now
        silence = LAST_SILENCE if at_once else SILENCE
        client = cast("Any", self._client)
        try:
            threads = client.sync(client.scheduler.ncores, callback_timeout=silence)
        except TimeoutError as error:
            raise self._gone(f"has not answered for {silence:g} seconds") from error
        except OSError as error:
            raise self._gone() from error
        self._lost |= bool(self._workers - set(threads))
        self._workers = set(threads)
        self._room = self._jobs or min(max(LEAST, AHEAD * sum(threads.values())), MOST)
        if threads:
            self._had_workers = now
        elif now - self._had_workers > WITHOUT_WORKERS:
            raise EngineError(
                f"A Dask cluster must have workers. Received: none at '{self._address}' for "
                f"{WITHOUT_WORKERS:.0f} seconds. Start one there: dask worker {self._address}"
            )

    def _check_client(self) -> None:
        if self._client.status != "running":
            raise self._gone()

    def _gone(self, what: str = "has gone") -> EngineError:
        return EngineError(
            f"The Dask scheduler at '{self._address}' {what}. Start it anew: --skip-existing goes "
            "on from there."
        )


async def _wait(future: "Future[Any]") -> Any:
    """Wait for what a task tells, or for the error that ended it."""
    error = await future.exception()
    return await future.result() if error is None else error


def _path_there(path: str) -> str:
    """Return a path as it is for a worker, which is in another folder."""
    return path if is_remote(path) else str(Path(path).absolute())
