"""Time candidates in turns, so that what else the machine does hits them all alike."""

import time
from collections.abc import Callable, Iterable, Mapping
from math import exp, log
from statistics import median
from typing import NotRequired, TypedDict

__all__ = [
    "OWN",
    "Call",
    "Row",
    "Seconds",
    "Turn",
    "Work",
    "better",
    "geometric_mean",
    "ratios",
    "row",
    "take_turns",
    "turn_of",
]

# The name of our own time among those of the peers.
OWN = "upsamp"
# Seconds that a candidate has to itself in each round, after one call that is not counted.
TURN = 0.02

Call = Callable[[], object]
# A turn of a candidate, and the seconds of each call in it.
Turn = Callable[[], list[float]]


class Seconds(TypedDict):
    """The shortest call and the one in the middle."""

    least: float
    median: float


class Work(TypedDict):
    """What a case cannot do without: bytes to move, multiplications with an addition each."""

    bytes: int
    products: int


class Row(TypedDict):
    """One case: our time and that of each peer; none where memory alone is measured.

    size: what the case is about where a group is a series. megabytes: the peak memory of each.
    off: the share of the values of a peer that are not those of the exact result.
    """

    group: str
    case: str
    times: dict[str, Seconds]
    work: NotRequired[Work]
    size: NotRequired[float]
    megabytes: NotRequired[dict[str, float]]
    off: NotRequired[dict[str, float]]


def turn_of(call: Call, length: float = TURN) -> Turn:
    """Return what calls for so many seconds, and gives those of each call.

    The first call is not counted. length: with 0 there is one call, and it counts: for what takes
    seconds.
    """

    def turn() -> list[float]:
        if length:
            call()
        taken: list[float] = []
        end = time.perf_counter() + length
        while not taken or time.perf_counter() < end:
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
        return taken

    return turn


def take_turns(turns: Mapping[str, Turn], rounds: int) -> dict[str, Seconds]:
    """Time each candidate: in every round each has a turn, in another order."""
    names = list(turns)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            taken[name] += turns[name]()
    return {name: {"least": min(each), "median": median(each)} for name, each in taken.items()}


def row(
    group: str, case: str, own: Call, peers: Mapping[str, Call], rounds: int, turn: float = TURN
) -> Row:
    """Time one case."""
    turns = {name: turn_of(call, turn) for name, call in {OWN: own, **peers}.items()}
    times = take_turns(turns, rounds)
    return {"group": group, "case": case, "times": times}


def better(timed: Row, library: str) -> Row:
    """Leave one time of a library that was timed in several ways: the best."""
    ways = {name: of for name, of in timed["times"].items() if name.startswith(library)}
    times = {name: of for name, of in timed["times"].items() if name not in ways}
    if ways:
        times[library] = min(ways.values(), key=lambda of: of["median"])
    return {**timed, "times": times}


def ratios(timed: Row) -> dict[str, float]:
    """Return how many times as long as we each peer takes, in the middle of all calls."""
    times = timed["times"]
    return {name: times[name]["median"] / times[OWN]["median"] for name in times if name != OWN}


def geometric_mean(values: Iterable[float]) -> float:
    """Return the mean of ratios."""
    logarithms = [log(value) for value in values]
    return exp(sum(logarithms) / len(logarithms))
