"""Timing beside each other: candidates in turns, so that all meet the same machine."""

import time
from collections.abc import Callable

__all__ = ["interleave"]


def interleave(candidates: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Give the seconds of each call of each candidate, which are called in turns.

    Each is called once before, and each round begins with another one.
    """
    names = list(candidates)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        candidates[name]()
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            begin = time.perf_counter()
            candidates[name]()
            seconds[name].append(time.perf_counter() - begin)
    return seconds
