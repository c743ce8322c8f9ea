"""Timing beside each other: candidates in turns, so that all meet the same machine."""

import time
from collections.abc import Callable

__all__ = ["interleave"]


def interleave(candidates: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Give the seconds of each call of each candidate, which are called in turns.

    Each round begins with another one. In its turn each is called twice, and the second call is
    timed: the threads of the one before may still be waiting for work on a processor.
    """
    names = list(candidates)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            candidates[name]()
            begin = time.perf_counter()
            candidates[name]()
            seconds[name].append(time.perf_counter() - begin)
    return seconds
