"""Work on several processors: contiguous parts of a range, one a thread."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

__all__ = ["run_halves", "thread_count"]


def thread_count() -> int:
    """Give how many threads may work: UPSAMP_THREADS, or else the processors that are ours.

    What is no positive integer is passed over.
    """
    wish = os.environ.get("UPSAMP_THREADS", "")
    if wish.isascii() and wish.isdigit() and int(wish) > 0:
        return int(wish)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_halves(work: Callable[[int, int], None], count: int, parts: int | None = None) -> None:
    """Call work(start, stop) for contiguous parts of range(count), each in a thread of its own.

    `parts` is the number of threads where it is given. The caller's thread takes the first part,
    and raises what another part raised. NumPy's settings for errors hold in every thread.

    >>> seen = []
    >>> run_halves(lambda start, stop: seen.extend(range(start, stop)), 5, parts=2)
    >>> sorted(seen)
    [0, 1, 2, 3, 4]
    """
    parts = min(count, thread_count() if parts is None else parts)
    if parts < 2:
        if count:
            work(0, count)
        return
    # NumPy 1 keeps these settings by thread.
    settings = np.geterr()

    def part(number: int) -> None:
        with np.errstate(**settings):
            work(count * number // parts, count * (number + 1) // parts)

    others = [_pool(os.getpid(), parts - 1).submit(part, number) for number in range(1, parts)]
    try:
        part(0)
    finally:
        errors = [other.exception() for other in others]
    for error in errors:
        if error is not None:
            raise error


@lru_cache(maxsize=2)
def _pool(_process: int, workers: int) -> ThreadPoolExecutor:
    """Give the threads, made once; by process, as those of a parent do not survive a fork."""
    return ThreadPoolExecutor(workers, thread_name_prefix="upsamp")
