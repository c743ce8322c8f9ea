"""Time candidates in turns, so that what else the machine does hits them all alike."""

import time
from collections.abc import Callable, Iterable, Mapping
from math import exp, log
from statistics import median
from typing import TypedDict

__all__ = ["Row", "geometric_mean", "interleave", "ratio", "row", "table"]

# Seconds that a candidate has to itself in each round, after one call that is not counted.
TURN = 0.02


class Row(TypedDict):
    """One case: the seconds of each call, one list for us and one for each peer."""

    group: str
    case: str
    own: list[float]
    peers: dict[str, list[float]]


def interleave(
    candidates: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, list[float]]:
    """Give the seconds of each call: in every round each candidate has a turn, in another order."""
    names = list(candidates)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            candidate = candidates[name]
            candidate()
            end = time.perf_counter() + TURN
            while True:
                start = time.perf_counter()
                candidate()
                stop = time.perf_counter()
                seconds[name].append(stop - start)
                if stop > end:
                    break
    return seconds


def row(
    group: str,
    case: str,
    own: Callable[[], object],
    peers: Mapping[str, Callable[[], object]],
    rounds: int,
) -> Row:
    """Time one case."""
    seconds = interleave({"": own, **peers}, rounds)
    return {"group": group, "case": case, "own": seconds.pop(""), "peers": seconds}


def ratio(timed: Row, peer: str) -> float:
    """Give how many times faster we are than a peer, by the fastest call of each."""
    return min(timed["peers"][peer]) / min(timed["own"])


def geometric_mean(values: Iterable[float]) -> float:
    """Give the mean of ratios."""
    logarithms = [log(value) for value in values]
    return exp(sum(logarithms) / len(logarithms))


def table(rows: list[Row]) -> str:
    """Give the rows and the mean of each group as Markdown; ms are minimum / median."""
    lines = ["| group | case | upsamp ms | peer | peer ms | peer / upsamp |"]
    lines.append("|---|---|---|---|---|---|")
    groups: dict[tuple[str, str], list[float]] = {}
    for timed in rows:
        for peer, seconds in timed["peers"].items():
            times = ratio(timed, peer)
            groups.setdefault((timed["group"], peer), []).append(times)
            cells = [timed["group"], timed["case"], _milliseconds(timed["own"]), peer]
            cells += [_milliseconds(seconds), f"{times:.2f}"]
            lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| group | peer | cases | least | geometric mean |", "|---|---|---|---|---|"]
    for (group, peer), values in sorted(groups.items()):
        mean = geometric_mean(values)
        lines.append(f"| {group} | {peer} | {len(values)} | {min(values):.2f} | {mean:.2f} |")
    return "\n".join(lines)


def _milliseconds(seconds: list[float]) -> str:
    return f"{1000 * min(seconds):.3f} / {1000 * median(seconds):.3f}"
