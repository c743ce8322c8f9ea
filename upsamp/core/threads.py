"""Work that is shared among threads, and how many of them there may be."""

import os
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise

from upsamp.errors import ArgumentError

__all__ = ["VARIABLE", "share", "thread_count"]

VARIABLE = "UPSAMP_THREADS"


def thread_count() -> int:
    """Give how many threads may work at once: UPSAMP_THREADS, or the cores of this process.

    Raises `ArgumentError` where the variable is no positive integer.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return _cores()
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise ArgumentError(
            f"`{VARIABLE}` must be a positive integer. Received: {VARIABLE}={text!r}. "
            "Unset it to use every core."
        )
    return count


def _cores() -> int:
    """Give the cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # there is no such call outside Linux
        return os.cpu_count() or 1


def share(count: int, threads: int, work: Callable[[range], None]) -> None:
    """Let at most `threads` threads do the pieces 0 to `count`, each a run of neighbours.

    The calling thread does the first run itself. Starting a thread takes about 50 microseconds:
    a pool would take as much to wake, and would have to be kept from forks and exits. An error in
    any thread is raised again here, when all have ended.

    >>> done = []
    >>> share(5, 1, done.extend)
    >>> done
    [0, 1, 2, 3, 4]
    """
    threads = min(threads, count)
    if threads <= 1:
        work(range(count))
        return
    bounds = [count * part // threads for part in range(threads + 1)]
    runs = [range(start, stop) for start, stop in pairwise(bounds)]
    errors: list[BaseException] = []

    def guarded(run: range) -> None:
        try:
            work(run)
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            errors.append(error)

    helpers = [threading.Thread(target=guarded, args=(run,), daemon=True) for run in runs[1:]]
    _run_all(helpers, lambda: guarded(runs[0]))
    if errors:
        raise errors[0]


def _run_all(helpers: Sequence[threading.Thread], own: Callable[[], None]) -> None:
    """Start the helpers, do one's own part, and wait for all that were started."""
    started = []
    try:
        for helper in helpers:
            helper.start()
            started.append(helper)
        own()
    finally:
        for helper in started:
            helper.join()
