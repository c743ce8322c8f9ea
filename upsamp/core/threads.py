"""Work that is shared among threads, and how many of them there may be."""

import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from upsamp.core.memory import memory_limit
from upsamp.errors import ArgumentError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Piece = TypeVar("Piece")
Result = TypeVar("Result")

# BLAS computes a product of at most so many multiplications in the calling thread: OpenBLAS' bound
# is 4 * 65536. Larger ones wake its own threads, and where two of ours did that, each would wait
# for the other.
SMALL_PRODUCT = 250_000

VARIABLE = "UPSAMP_THREADS"
# No machine is faster with more, and a system that gives no more threads would end the work.
MAX_THREADS = 1024
# Each thread has memory of its own, so under --max-memory there is one for this many bytes.
THREAD_MEMORY = 3 * 2**24
# Up to so many threads have room for the pieces that are the fastest. Eight have for a third each:
# together they take no more than 32 MB.
FEW_THREADS = 3


def thread_count() -> int:
    """Return the number of threads that share a long work: the cores that this process may use.

    The environment variable UPSAMP_THREADS sets another, 1 for none besides the caller's own;
    without it `limit_threads` holds. Under --max-memory there are no more than it has room for.
    Raises `ArgumentError` where it is no integer from 1 to 1,024.
    """
    named, limit = os.environ.get(VARIABLE, ""), memory_limit()
    wanted = _wanted_count(named)
    if not named:
        wanted = min(wanted, getattr(_thread, "limit", sys.maxsize))
    return wanted if limit is None else max(1, min(wanted, limit // THREAD_MEMORY))


def _wanted_count(wanted: str) -> int:
    """Return the number of threads that the user wants, or of the cores."""
    if not wanted:
        return _cores()
    # What int() takes besides, such as "+2" or "1_000", is rather a slip than a number.
    if not (re.fullmatch("[0-9]{1,4}", wanted) and 0 < int(wanted) <= MAX_THREADS):
        raise ArgumentError(
            f"{VARIABLE} must be an integer from 1 to {MAX_THREADS}. Received: {wanted[:40]!r}. "
            "Unset it to use all cores."
        )
    return int(wanted)


def size_among(threads: int, size: int) -> int:
    """Return the size of what each of several threads computes in: less where there are many.

    >>> size_among(3, 2**20), size_among(4, 2**20)
    (1048576, 349525)
    """
    return size if threads <= FEW_THREADS else size // 3


@contextmanager
def limit_threads(count: int) -> Iterator[None]:
    """Let the calling thread share its work among this many threads at the most, in this block.

    It is for a thread that is one of several already, each with work of its own.
    """
    before = getattr(_thread, "limit", sys.maxsize)
    _thread.limit = count
    try:
        yield
    finally:
        _thread.limit = before


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # where the system does not tell what a process may use
        return os.cpu_count() or 1


_thread = threading.local()


def share(count: int, threads: int, work: Callable[[range], None]) -> None:
    """Let at most `threads` threads do the pieces 0 to `count`, each a run of neighbours.

    The calling thread does the first run, and then each that no other thread has begun: all of them
    where the system has no room for another thread. NumPy's settings for errors hold in all
    threads. An error in any of them is raised again here, when all have ended. Within a thread that
    helps, nothing is shared further.

    >>> done = []
    >>> share(5, 1, done.extend)
    >>> done
    [0, 1, 2, 3, 4]
    """
    threads = 1 if getattr(_thread, "helps", False) else min(threads, count)
    if threads <= 1:
        work(range(count))
        return
    try:
        # One pool for all calls, however many threads each can use.
        pool = _kept_pool(
            max(threads, _wanted_count(os.environ.get(VARIABLE, ""))) - 1, os.getpid()
        )
    except RuntimeError:
        work(range(count))
        return
    bounds = [count * part // threads for part in range(threads + 1)]
    own, *others = (range(start, stop) for start, stop in pairwise(bounds))
    # NumPy 1 keeps these by thread.
    settings: dict[str, Any] = {**np.geterr(), "call": np.geterrcall()}

    def help_with(run: range) -> None:
        with np.errstate(**settings):
            work(run)

    tasks = [_Task(pool, help_with, run) for run in others]
    try:
        work(own)
        while tasks:
            tasks[-1].result()
            tasks.pop()
    finally:
        while tasks:
            tasks.pop().end()


def map_in_order(
    work: Callable[[Piece], Result], pieces: Iterable[Piece], threads: int
) -> Generator[Result, None, None]:
    """Yield `work(piece)` of every piece in its order, as soon as those before it are given.

    threads: how many work at a time; with one, or where none can be started, the caller's own does.
    At most twice as many pieces are begun or done and not yet given, which bounds the memory.
    However the iteration ends, also by an error or by `close`, all threads have ended with it.

    >>> list(map_in_order(len, ["a", "", "abc"], threads=2))
    [1, 0, 3]
    """
    if threads == 1:
        yield from map(work, pieces)
        return
    try:
        pool = _new_pool(threads)
    except RuntimeError:
        yield from map(work, pieces)
        return
    tasks: deque[_Task[Piece, Result]] = deque()
    try:
        for piece in pieces:
            if len(tasks) == 2 * threads:
                yield tasks.popleft().result()
            tasks.append(_Task(pool, work, piece))
        while tasks:
            yield tasks.popleft().result()
    finally:
        while tasks:
            tasks.pop().end()
        pool.shutdown()


class _Task(Generic[Piece, Result]):
    """Work on a piece by a thread of a pool, or by the one that wants the result before."""

    def __init__(
        self, pool: "ThreadPoolExecutor", work: Callable[[Piece], Result], piece: Piece
    ) -> None:
        from concurrent.futures import Future

        self.work, self.pieces = work, [piece]
        self.future: Future[Result] = Future()
        with suppress(RuntimeError):  # there is no room for another thread, or the process ends
            pool.submit(self._run, [self])

    @staticmethod
    def _run(tasks: "list[_Task[Piece, Result]]") -> None:
        """Do the work of the one task in a list, unless somebody has begun with it.

        An error keeps the frames of all calls, the pool's among them, and so what these call: were
        it the task, the error would hold itself, and all arrays of the work with it.
        """
        task = tasks.pop()
        try:
            if task.future.set_running_or_notify_cancel():
                task.future.set_result(task.work(task.pieces.pop()))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
            task.future.set_exception(error)
        finally:
            del task

    def result(self) -> Result:
        """Return the result, or raise what was raised; do the work if no thread has begun it."""
        try:
            if self.future.cancel():
                return self.work(self.pieces.pop())
            return self.future.result()
        finally:
            del self  # as in `_run`

    def end(self) -> None:
        """Wait until the work has ended; if no thread has begun it, none will."""
        if not self.future.cancel():
            self.future.exception()


@lru_cache(maxsize=1)
def _kept_pool(threads: int, _process: int) -> "ThreadPoolExecutor":
    """Return the pool that serves from call to call: that of a parent does not serve its fork."""
    return _new_pool(threads)


def _new_pool(threads: int) -> "ThreadPoolExecutor":
    """Return so many threads that wait for work; raise `RuntimeError` where none can be started."""
    from concurrent.futures import ThreadPoolExecutor  # most of what is small does without

    pool = ThreadPoolExecutor(threads, "upsamp", _begin_to_help)
    try:
        pool.submit(int)  # so that there is one that does what is handed in
    except BaseException:  # as Ctrl-C: a thread that has begun is not known to what ends it at exit
        pool.shutdown(wait=False)
        raise
    return pool


def _begin_to_help() -> None:
    _thread.helps = True
