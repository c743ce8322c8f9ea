"""Time candidates in turns, so that what else the machine does falls on all of them alike."""

from collections.abc import Callable, Mapping
from time import perf_counter

__all__ = ["interleave"]


def interleave(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Give the least seconds that each candidate took, of as many rounds in which each has a turn.

    The first call of each, which loads and plans, is not counted.
    """
    for run in candidates.values():
        run()
    least = dict.fromkeys(candidates, float("inf"))
    for _ in range(rounds):
        for name, run in candidates.items():
            started = perf_counter()
            run()
            least[name] = min(least[name], perf_counter() - started)
    return least
