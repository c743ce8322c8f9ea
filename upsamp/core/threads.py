"""Work on several processors: contiguous parts of a range, one a thread."""

import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array

__all__ = ["SMALL_PRODUCT", "run_halves", "scratch", "thread_count"]

# What a thread keeps from call to call of each scratch array, in bytes: fresh memory costs more
# than most of what is computed in it, as the system clears it page by page.
KEPT = 2**23

# BLAS computes a product of at most so many multiplications in the calling thread: OpenBLAS' bound
# is 4 * 65536. Larger ones wake its own threads, and where two of ours did that, each would wait
# for the other.
SMALL_PRODUCT = 250_000

_memory = threading.local()


def scratch(name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Give an array to write to, of any content, that is this thread's until the next such call.

    Calls with other names give other memory. A call within a call (an algorithm that falls back
    on another one) must use names of its own.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    kept = getattr(_memory, name, None)
    if kept is None or kept.size < size:
        kept = np.empty(size, np.uint8)
        if size <= KEPT:
            setattr(_memory, name, kept)
    array: Array = kept[:size].view(dtype).reshape(shape)
    return array


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
