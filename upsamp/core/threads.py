"""Work that is shared among threads, and how many of them there may be."""

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.memory import memory_limit
from upsamp.errors import ArgumentError

__all__ = ["SMALL_PRODUCT", "VARIABLE", "limit_threads", "share", "thread_count"]

# BLAS computes a product of at most so many multiplications in the calling thread: OpenBLAS' bound
# is 4 * 65536. Larger ones wake its own threads, and where two of ours did that, each would wait
# for the other.
SMALL_PRODUCT = 250_000

VARIABLE = "UPSAMP_THREADS"
# No machine is faster with more, and a system that gives no more threads would end the work.
MAX_THREADS = 1024
# Each thread has memory of its own, so under --max-memory there is one for so many bytes.
THREAD_MEMORY = 3 * 2**24


def thread_count() -> int:
    """Return the number of threads that share a long work: the cores that this process may use.

    The environment variable UPSAMP_THREADS sets another, 1 for none besides the caller's own;
    without it `limit_threads` holds. Under --max-memory there are no more than it has room for.
    Raises `ArgumentError` where it is no integer from 1 to 1,024.
    """
    wanted, limit = _wanted_count(), memory_limit()
    return wanted if limit is None else max(1, min(wanted, limit // THREAD_MEMORY))


def _wanted_count() -> int:
    """Return the number of threads that the user wants, or `limit_threads` allows."""
    wanted = os.environ.get(VARIABLE, "")
    if not wanted:
        return min(_cores(), getattr(_thread, "limit", sys.maxsize))
    # What int() takes besides, such as "+2" or "1_000", is rather a slip than a number.
    if not (re.fullmatch("[0-9]{1,4}", wanted) and 0 < int(wanted) <= MAX_THREADS):
        raise ArgumentError(
            f"{VARIABLE} must be an integer from 1 to {MAX_THREADS}. Received: {wanted[:40]!r}. "
            "Unset it to use all cores."
        )
    return int(wanted)


@contextmanager
def limit_threads(count: int) -> Iterator[None]:
    """Let the calling thread share its work among so many threads at the most, in this block.

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


class _Job(NamedTuple):
    """A run of pieces for another thread, and where it tells that it is done."""

    work: Callable[[range], None]
    run: range
    settings: dict[str, Any]
    done: "SimpleQueue[BaseException | None]"


_thread = threading.local()


def share(count: int, threads: int, work: Callable[[range], None]) -> None:
    """Let at most `threads` threads do the pieces 0 to `count`, each a run of neighbours.

    The calling thread does the first run itself; the others wait for work from call to call, so
    that what they keep for it lasts. NumPy's settings for errors hold in all of them. An error in
    any thread is raised again here, when all have ended. Within such a thread nothing is shared
    further.

    >>> done = []
    >>> share(5, 1, done.extend)
    >>> done
    [0, 1, 2, 3, 4]
    """
    threads = 1 if getattr(_thread, "helps", False) else min(threads, count)
    if threads <= 1:
        work(range(count))
        return
    bounds = [count * part // threads for part in range(threads + 1)]
    own, *others = (range(start, stop) for start, stop in pairwise(bounds))
    done: SimpleQueue[BaseException | None] = SimpleQueue()
    jobs = _jobs(os.getpid(), threads - 1)
    settings: dict[str, Any] = {**np.geterr()}  # NumPy 1 keeps them by thread
    for run in others:
        jobs.put(_Job(work, run, settings, done))
    try:
        work(own)
    finally:
        errors = [done.get() for _ in others]
    for error in errors:
        if error is not None:
            raise error


@lru_cache(maxsize=4)
def _jobs(_process: int, helpers: int) -> "SimpleQueue[_Job]":
    """Return the queue of so many threads, made once a process: those of a parent are not a fork's.

    `concurrent.futures` would do, but takes as long to import as half of NumPy.
    """
    jobs: SimpleQueue[_Job] = SimpleQueue()
    for number in range(helpers):
        try:
            threading.Thread(target=_help, args=(jobs,), name="upsamp", daemon=True).start()
        except RuntimeError as error:  # there is no room for another: those that started do all
            if number == 0:
                raise MemoryError from error
            break
    return jobs


def _help(jobs: "SimpleQueue[_Job]") -> None:
    """Do one job after the other, for as long as the process lives."""
    _thread.helps = True
    while True:
        job = jobs.get()
        error: BaseException | None = None
        try:
            with np.errstate(**job.settings):
                job.work(job.run)
        except BaseException as raised:  # noqa: BLE001 - it is raised again by the caller
            error = raised
        done = job.done
        del job  # what it held may be freed before the next one comes
        done.put(error)
