"""How many threads work at a time."""

import os

from upsamp.errors import ArgumentError

__all__ = ["thread_count"]

VARIABLE = "UPSAMP_THREADS"


def thread_count() -> int:
    """Give the number of threads that share a long work: the cores that this process may use.

    The environment variable UPSAMP_THREADS sets another, 1 for none besides the caller's own.
    """
    wanted = os.environ.get(VARIABLE, "")
    if not wanted:
        return _cores()
    # What int() takes besides, such as "+2" or "1_000", is rather a slip than a number.
    if not (wanted.isascii() and wanted.isdigit() and int(wanted) > 0):
        raise ArgumentError(
            f"{VARIABLE} must be a positive integer. Received: {wanted!r}. "
            "Unset it to use all cores."
        )
    return int(wanted)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # where the system does not tell what a process may use
        return os.cpu_count() or 1
