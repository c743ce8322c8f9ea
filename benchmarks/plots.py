"""Plots of how the time grows, both axes logarithmic: a straight line is a power."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from timing import OWN, Row

__all__ = ["draw"]

COLOURS = ("#1b6ca8", "#d1603d", "#3f8f5b", "#8357a5", "#7a7a7a")


def draw(group: str, series: list[tuple[str, list[Row]]], place: Path) -> None:
    """Draw the time of every series, ours as lines and the peers' as dashes of the same colour."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7, 4.6), layout="constrained")
        axes = figure.subplots()
        for colour, (case, rows) in zip(COLOURS, series, strict=False):
            sizes = [row["size"] for row in rows]
            for name in rows[0]["times"]:
                times = [1000 * row["times"][name]["least"] for row in rows]
                own = name == OWN
                axes.plot(
                    sizes,
                    times,
                    "o-" if own else "--",
                    color=colour,
                    markersize=4,
                    linewidth=1.8 if own else 1,
                    label=case if own else f"{case}, {name}",
                )
        axes.set(xscale="log", yscale="log", xlabel=group, ylabel="milliseconds")
        axes.grid(which="major", linewidth=0.4, alpha=0.6)
        axes.legend(fontsize=8, frameon=False)
        figure.savefig(place, dpi=110, metadata={"Software": None})
