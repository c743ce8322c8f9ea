"""Where the parts of an animation's frames stand: one layout for pixels and for SVG."""

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple, TypeAlias

import numpy as np

from upsamp.explain.animation import Animation, Frame, Grid

# In pixels. A cell is as large as a picture of this size has room for.
MARGIN, GAP, COLUMN_GAP = 20, 12, 32
WIDTH, HEIGHT = 880, 560
LEAST_CELL, LARGEST_CELL = 26, 44
LEAST_WIDTH = 560
TITLE_SIZE, NAME_SIZE, TEXT_SIZE, LEGEND_SIZE = 16, 14, 16, 13
# Sizes of the numbers in cells: the share of the cell, the least that is read, and their margin.
NUMBER_SHARE, LEAST_NUMBER, CELL_MARGIN = 0.42, 9, 6
# Of the ring around the place where an output lies.
RADIUS = 7
# The width of a letter and of a digit for their size, in fonts that are wide; the height of a line.
LETTER, DIGIT, LINE = 0.56, 0.64, 1.4
DIGITS = 6
# A space at which no line is cut.
UNBROKEN = "\u00a0"
# The names of kinds of cells in the legend, and of what a step is about.
LEGEND = {
    "input": "input",
    "inserted": "zero inserted",
    "padding": "padding",
    "kernel": "weight",
    "output": "output",
    "cropped": "cropped",
    "mark": "read or written in this step",
}


class Box(NamedTuple):
    """A rectangle, or for the roles window and point an outline and a ring."""

    layer: int
    role: str
    left: float
    top: float
    width: float
    height: float


class Words(NamedTuple):
    """A line of text on its base line. exact: the whole number, where a rounded one is shown."""

    layer: int
    role: str
    left: float
    base: float
    text: str
    size: float
    centred: bool = False
    exact: str = ""


Shape: TypeAlias = Box | Words


class Layout(NamedTuple):
    """The places of all parts, in pixels.

    corners, sizes: of each grid of each column its corner, and the size of its numbers. letters:
    of a number at most. title, legend: shapes that all frames have. text: the base line of the
    first line of text.
    """

    width: int
    height: int
    cell: int
    corners: tuple[tuple[tuple[float, float], ...], ...]
    sizes: tuple[float, ...]
    letters: int
    text: float
    fixed: tuple[Shape, ...]

    def lines(self, frame: Frame) -> list[str]:
        """Return the text of a frame in lines that fit."""
        return _lines(frame.text, self.width, TEXT_SIZE)


def plan_layout(animation: Animation, frames: Sequence[Frame], cell: int | None = None) -> Layout:
    """Return the layout in which all these frames have room. cell: its pixels; None: what fits."""
    shown = frames[0].columns
    if cell is None:
        across = sum(max(grid.values.shape[1] for grid in column) for column in shown)
        down = max(sum(len(grid.values) for grid in column) for column in shown)
        cell = int(min(max(LEAST_CELL, min(WIDTH / across, HEIGHT / down)), LARGEST_CELL))
    room = cell - CELL_MARGIN
    letters = max(2, int(room / (DIGIT * LEAST_NUMBER)))
    sizes = tuple(
        min(NUMBER_SHARE * cell, room / (DIGIT * _longest(frames, place, letters)))
        for place in range(len(shown))
    )
    widths = [
        max(
            *(grid.values.shape[1] * cell for grid in column),
            *(LETTER * NAME_SIZE * len(grid.name) for grid in column),
        )
        for column in shown
    ]
    used = sum(widths) + COLUMN_GAP * (len(widths) - 1)
    width = round(max(used, LEAST_WIDTH)) + 2 * MARGIN
    title, top = _title(animation, width)
    corners, left, bottom = [], float(MARGIN + max(0, LEAST_WIDTH - used) / 2), top
    for column, taken in zip(shown, widths, strict=True):
        places, below = [], top
        for grid in column:
            below += LINE * NAME_SIZE
            places.append((left, below))
            below += len(grid.values) * cell + GAP
        corners.append(tuple(places))
        bottom, left = max(bottom, below), left + taken + COLUMN_GAP
    text = bottom + GAP + TEXT_SIZE
    count = max(len(_lines(frame.text, width, TEXT_SIZE)) for frame in frames)
    legend, end = _legend(frames, width, text + (count - 1) * LINE * TEXT_SIZE + 2 * GAP)
    fixed = (*title, *legend)
    return Layout(width, round(end + MARGIN), cell, tuple(corners), sizes, letters, text, fixed)


def shapes_of(frame: Frame, layout: Layout) -> Iterator[Shape]:
    """Yield all that is drawn of a frame; what has a higher layer lies above."""
    yield from layout.fixed
    for column, corners, size in zip(frame.columns, layout.corners, layout.sizes, strict=True):
        for grid, (left, top) in zip(column, corners, strict=True):
            yield Words(3, "ink", left, top - 0.4 * NAME_SIZE, grid.name, NAME_SIZE)
            yield from _cells(grid, left, top, size, layout)
    for place, line in enumerate(layout.lines(frame)):
        base = layout.text + place * LINE * TEXT_SIZE
        yield Words(3, "ink", MARGIN, base, line, TEXT_SIZE)


def _cells(grid: Grid, left: float, top: float, size: float, layout: Layout) -> Iterator[Shape]:
    """Yield the cells of a grid, their numbers, and what the step is about."""
    side = layout.cell
    for row, column in np.ndindex(grid.values.shape):
        x, y = left + column * side, top + row * side
        kind = str(grid.kinds[row, column])
        known, marked = grid.known[row, column], grid.marked[row, column]
        waiting = not known and kind in ("output", "kernel")
        yield Box(0, "pending" if waiting else kind, x, y, side, side)
        if marked:
            yield Box(1, "mark", x, y, side, side)
        if not known:
            continue
        value = float(grid.values[row, column])
        text, exact = short_number(value, layout.letters), repr(value + 0.0).removesuffix(".0")
        muted = not marked and kind in ("inserted", "padding", "cropped")
        yield Words(
            3,
            "muted" if muted else "ink",
            x + side / 2,
            round(y + side / 2 + 0.35 * size, 2),
            text,
            round(min(size, (side - CELL_MARGIN) / (DIGIT * len(text))), 1),
            centred=True,
            exact="" if exact == text else exact,
        )
    if grid.window is not None:
        above, before, rows, columns = grid.window
        yield Box(
            4, "window", left + before * side, top + above * side, columns * side, rows * side
        )
    if grid.point is not None:
        x, y = left + grid.point[1] * side, top + grid.point[0] * side
        yield Box(2, "point", round(x, 2), round(y, 2), 0, 0)


def short_number(value: float, letters: int) -> str:
    """Return a number in about this many letters: rounded, where it has more digits.

    >>> short_number(0.0625, 6), short_number(2 / 3, 5), short_number(-1234567.0, 5)
    ('0.0625', '0.667', '-1e6')
    """
    for digits in range(DIGITS, 0, -1):
        text = f"{value + 0.0:.{digits}g}".replace("e+0", "e").replace("e-0", "e-")
        if len(text) <= letters:
            break
    return text


def _longest(frames: Sequence[Frame], place: int, letters: int) -> int:
    """Return the letters of the longest number in a column of all frames."""
    numbers: set[float] = set()
    for frame in frames:
        for grid in frame.columns[place]:
            numbers.update(grid.values[grid.known].tolist())
    return min(letters, max((len(short_number(one, letters)) for one in numbers), default=1))


def _lines(text: Sequence[str], width: int, size: int) -> list[str]:
    """Return text in lines that fit, which begin with an operator where they are cut at one."""
    letters = int((width - 2 * MARGIN) / (LETTER * size))
    joined = [re.sub(r" ([*/]) |(?<= [-+=]) ", _unbroken, line) for line in text]
    parts = [part for line in joined for part in wrap(line, letters, break_on_hyphens=False)]
    return [part.replace(UNBROKEN, " ") for part in parts]


def _unbroken(found: re.Match[str]) -> str:
    return found[0].replace(" ", UNBROKEN)


def _title(animation: Animation, width: int) -> tuple[list[Shape], float]:
    """Return the lines of the title, and where what follows begins."""
    base = float(MARGIN)
    shapes: list[Shape] = []
    for line in _lines([animation.title], width, TITLE_SIZE):
        shapes.append(Words(3, "ink", MARGIN, base + TITLE_SIZE, line, TITLE_SIZE))
        base += LINE * TITLE_SIZE
    return shapes, base + GAP


def _legend(frames: Sequence[Frame], width: int, top: float) -> tuple[list[Shape], float]:
    """Return what the colours of cells mean, and where it ends."""
    kinds = {str(kind) for grid in frames[0].grids for kind in np.unique(grid.kinds)}
    shapes: list[Shape] = []
    left, side = float(MARGIN), LEGEND_SIZE
    for kind, name in LEGEND.items():
        if kind not in {*kinds, "mark"}:
            continue
        taken = side + 6 + LETTER * LEGEND_SIZE * len(name)
        if left + taken > width - MARGIN and left > MARGIN:
            left, top = float(MARGIN), top + LINE * LEGEND_SIZE
        shapes.append(Box(0, kind, left, top, side, side))
        base = top + 0.85 * side
        shapes.append(Words(3, "muted", left + side + 6, base, name, LEGEND_SIZE))
        left += taken + GAP
    return shapes, top + side
