"""The page docs/performance.md, made of what was measured: tables of ratios, and plots.

    python benchmarks/report.py [--check]

With --check it only says whether the page is what the numbers make of it.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from machine import Limits
from timing import OWN, Row, geometric_mean, ratios

RESULTS = Path(__file__).with_name("results.json")
DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"

HEAD = """\
# Performance

Measured and written by `python benchmarks/run.py`. Every candidate ran in one process with the
others, in turns, with as many threads; a ratio is the median time of the peer divided by ours:
**above 1 upsamp is faster**. Only ratios of one run mean anything. All compute the same size of
result from the same numbers, but not all the same values: OpenCV and PyTorch round and place
pixels in their own ways, and OpenCV's Lanczos has 8 taps where lanczos3 has 6.

"""

SECTIONS = {
    "upsampling": """\
## Upsampling

"of the limit" is how near a call comes to what no program can beat: reading the input and writing
the output once, at the speed of a copy in memory. Fresh memory for the output is part of each call.
"off" is the share of a peer's bytes that are not those of the exact result.
""",
    "convolution": """\
## Convolution

"of the limit" sets the multiplications of the definition beside what one large product of matrices
does in NumPy on this machine. PyTorch is timed in both of its layouts, and the
better one counts.
""",
    "generators": """\
## Generators

One call on points of the latent space, beside the three ways in which Keras can be asked:
`predict`, which most programs call, and two that do less around the computation.
""",
    "networks": """\
## Networks that enlarge pictures

A whole program, from its start to its end, that reads a picture of one channel as numbers, takes it
through a network, and writes the result; and the most memory that it had.
""",
    "png": """\
## Writing PNG

In memory, at the level that `upsamp` writes unless `--compress` says otherwise. MB: the size of the
file, of ours and of the peer's.
""",
    "processes": """\
## Whole commands

From the start of the process to its end, and the most memory that it had.
""",
    "memory": """\
## Memory

The most memory that a call had beyond its input and its output, and a command beyond one on a
matrix of four numbers, by the system's own count.
""",
    "scale": """\
## Scale

Lines of slope 1 are as good as it gets for pixels: twice the work, twice the time. For channels the
work grows with the square, and so it does for the side of a kernel. The slopes are those of the
upper half of each series, where no call is short.
""",
    "techniques": """\
## What each technique buys

How many times as long the same call takes without it.
""",
}


class Results(TypedDict):
    """What a run has found, by the parts of the benchmarks."""

    machine: dict[str, str]
    limits: Limits
    parts: dict[str, list[Row]]


def page(results: Results) -> str:
    """Return the page."""
    parts = results["parts"]
    blocks = [HEAD + _machine(results), _overview(parts)]
    for part, rows in parts.items():
        blocks.append(SECTIONS[part])
        if part == "memory":
            blocks += [_memory(group, of) for group, of in _by_group(rows)]
        elif part == "scale":
            blocks.append(_scale(rows))
        elif part == "techniques":
            blocks.append(_techniques(rows))
        else:
            blocks += [_cases(group, of, results["limits"]) for group, of in _by_group(rows)]
    return "\n".join(blocks)


def _machine(results: Results) -> str:
    limits = results["limits"]
    facts = [f"{name}: {value}" for name, value in results["machine"].items()]
    facts.append(f"copy in memory: {limits['copied'] / 1e9:.1f} GB/s")
    facts.append(f"product of matrices: {limits['products'] / 1e9:.0f} G multiply-adds/s")
    return "\n".join(f"- {fact}" for fact in facts) + "\n"


def _overview(parts: dict[str, list[Row]]) -> str:
    """Return the mean of each group, and of those that belong together."""
    rows = [
        row
        for part in ("upsampling", "convolution", "generators", "networks", "png", "processes")
        for row in parts.get(part, [])
    ]
    groups = dict(_by_group(rows))
    for whole in ("upsampling", "transposed convolution"):
        together = [row for row in rows if row["group"].startswith(f"{whole},")]
        if together:
            groups[f"{whole}, all"] = together
    lines = _header("", "peer", "cases", "least", "geometric mean")
    for group, of in groups.items():
        found: dict[str, list[float]] = {}
        for row in of:
            for peer, ratio in ratios(row).items():
                found.setdefault(peer, []).append(ratio)
        for peer, values in found.items():
            mean = _number(geometric_mean(values))
            lines.append(_line(group, peer, str(len(values)), _number(min(values)), mean))
    return "## Overview\n\n" + "\n".join(lines) + "\n"


def _cases(group: str, rows: list[Row], limits: Limits) -> str:
    """Return the table of a group, with a column for each peer."""
    peers = list(dict.fromkeys(peer for row in rows for peer in row["times"] if peer != OWN))
    worked = any("work" in row for row in rows)
    sized = any("megabytes" in row for row in rows)
    unit, least = ("s", 0.1) if sized and group != "a PNG written" else ("ms", 0.0)
    columns = ["of the limit"] if worked else []
    columns += ["MB"] if sized else []
    lines = _header(group, f"upsamp {unit}", *columns, *peers)
    for row in rows:
        seconds = row["times"][OWN]["median"]
        shown = seconds if least else 1000 * seconds
        cells = [row["case"], _number(shown)]
        if worked:
            cells.append(f"{_least_seconds(row, limits) / seconds:.0%}")
        sizes = row.get("megabytes", {})
        if sized:
            cells.append(f"{sizes[OWN]:.0f}" if OWN in sizes else "")
        for peer in peers:
            ratio = ratios(row).get(peer)
            size = f" ({sizes[peer]:.0f} MB)" if peer in sizes else ""
            off = f" ({row['off'][peer]:.1%} off)" if peer in row.get("off", {}) else ""
            cells.append("" if ratio is None else f"{_number(ratio)}{size}{off}")
        lines.append(_line(*cells))
    return "\n".join(lines) + "\n"


def _least_seconds(row: Row, limits: Limits) -> float:
    """Return what the machine needs at least for the work of a case."""
    work = row["work"]
    return max(work["bytes"] / (2 * limits["copied"]), work["products"] / limits["products"])


def _memory(group: str, rows: list[Row]) -> str:
    lines = _header(group, "MB")
    lines += [_line(row["case"], f"{row['megabytes'][OWN]:.1f}") for row in rows]
    return "\n".join(lines) + "\n"


def _techniques(rows: list[Row]) -> str:
    lines = _header("", "case", "without it", "takes")
    for row in rows:
        for name, ratio in ratios(row).items():
            lines.append(_line(row["group"], row["case"], name, f"{_number(ratio)} x"))
    return "\n".join(lines) + "\n"


def _scale(rows: list[Row]) -> str:
    """Return the plots, and the slope of each line of ours."""
    blocks = []
    for group, of in _by_group(rows):
        name = plot_name(group)
        lines = _header("", "slope", "largest distance from the line")
        for case, series in _by_case(of):
            slope, distance = slope_of(series[len(series) // 2 :])
            lines.append(_line(case, f"{slope:.2f}", f"{distance:.0%}"))
        blocks.append(f"![Time by {group}](images/{name})\n\n" + "\n".join(lines) + "\n")
    return "\n".join(blocks)


def plot_name(group: str) -> str:
    """Return the file of a group's plot."""
    return "scale_" + "_".join(group.replace(",", "").split()) + ".png"


def slope_of(series: list[Row]) -> tuple[float, float]:
    """Fit a line to the logarithms: its slope, and how far, as a part, a time lies off it."""
    import numpy as np

    sizes = np.log([row["size"] for row in series])
    times = np.log([row["times"][OWN]["least"] for row in series])
    slope, start = np.polyfit(sizes, times, 1)
    return float(slope), float(np.expm1(np.abs(times - slope * sizes - start).max()))


def _by_group(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    yield from groups.items()


def _by_case(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    cases: dict[str, list[Row]] = {}
    for row in rows:
        cases.setdefault(row["case"], []).append(row)
    yield from cases.items()


def _header(*cells: str) -> list[str]:
    return [_line(*cells), "|:--" + "|--:" * (len(cells) - 1) + "|"]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def write(results: Results) -> None:
    """Write the page and its plots."""
    from plots import draw

    PAGE.write_text(page(results), encoding="utf-8")
    for group, rows in _by_group(results["parts"].get("scale", [])):
        draw(group, list(_by_case(rows)), DOCS / "images" / plot_name(group))


def main() -> None:
    """Write the page, or check it."""
    results: Results = json.loads(RESULTS.read_text(encoding="utf-8"))
    if "--check" not in sys.argv[1:]:
        write(results)
    elif PAGE.read_text(encoding="utf-8") != page(results):
        sys.exit("docs/performance.md is not what benchmarks/results.json makes of it")


if __name__ == "__main__":
    main()
