"""A computation as frames: grids of numbers, what each step reads and writes, and its formula."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.errors import ShapeError

# How a step is seen: an output gathers its inputs, or an input is scattered to its outputs.
View: TypeAlias = Literal["gather", "scatter"]
# What a cell of a grid is; inserted and padding are zeros, and cropped is left out of the output.
Kind: TypeAlias = Literal["input", "inserted", "padding", "kernel", "output", "cropped"]
# Frames and cells of a frame at most: a person looks at them.
MAX_STEPS, MAX_CELLS = 256, 1024
# Terms of a sum that are written out; and for how many steps the last frame is shown.
MAX_TERMS, LAST = 12, 3


class Grid(NamedTuple):
    """Numbers in cells.

    values: (H, W). kinds: (H, W), the `Kind` of each cell. known: (H, W), whether its value is
    there yet. marked: (H, W), whether the step reads or writes it. window: top, left, rows and
    columns of what the step covers. point: where an output lies, in rows and columns of cells from
    the corner at the top left.
    """

    name: str
    values: Array
    kinds: Array
    known: Array
    marked: Array
    window: tuple[int, int, int, int] | None = None
    point: tuple[float, float] | None = None


class Frame(NamedTuple):
    """One step. columns: grids below each other. text: lines. steps: how long it is shown."""

    columns: tuple[tuple[Grid, ...], ...]
    text: tuple[str, ...]
    steps: int = 1

    @property
    def grids(self) -> Iterator[Grid]:
        """All grids, column by column."""
        return (grid for column in self.columns for grid in column)


class Animation(NamedTuple):
    """All steps of a command, in order; the last frame has the whole result, and no marks.

    still: one frame that shows a step beside the whole result, for where nothing may move.
    """

    title: str
    description: str
    frames: tuple[Frame, ...]
    still: Frame


def make_grid(name: str, values: Array, kinds: Array | Kind) -> Grid:
    """Return a grid of known numbers, of which none is marked.

    kinds: of each cell, or one of all.

    >>> make_grid("input", np.eye(2), "input").kinds.tolist()
    [['input', 'input'], ['input', 'input']]
    """
    of_each = np.full(values.shape, kinds) if isinstance(kinds, str) else kinds
    known, marked = np.ones(values.shape, bool), np.zeros(values.shape, bool)
    return Grid(name, values.astype(np.float64), of_each, known, marked)


def mark(grid: Grid, places: Iterable[Sequence[int]]) -> Grid:
    """Return a grid with these cells marked."""
    marked = np.zeros(grid.values.shape, bool)
    for row, column in places:
        marked[row, column] = True
    return grid._replace(marked=marked)


def finish_animation(
    title: str, description: str, frames: list[Frame], last: Frame, telling: int
) -> Animation:
    """Return the animation of these frames and the last; telling: the frame that a still shows."""
    told = frames[telling]
    columns = tuple(
        tuple(
            whole._replace(marked=grid.marked, window=grid.window, point=grid.point)
            if whole.name == grid.name and "output" in whole.kinds
            else grid
            for grid, whole in zip(*grids, strict=True)
        )
        for grids in zip(told.columns, last.columns, strict=True)
    )
    still = Frame(columns, (*told.text, *last.text))
    return Animation(title, description, (*frames, last._replace(steps=LAST)), still)


def check_frames(shapes: Iterable[Pair], steps: int = 0) -> None:
    """Raise `ShapeError` for more steps, or grids of more cells, than a person would look at.

    steps: 0 where they are not known yet.
    """
    cells = sum(rows * columns for rows, columns in shapes)
    if steps > MAX_STEPS or cells > MAX_CELLS:
        told = f"{steps:,} steps of {cells:,} cells" if steps else f"{cells:,} cells"
        raise ShapeError(
            f"An animation has at most {MAX_STEPS} steps, of at most {MAX_CELLS:,} cells. "
            f"Received: {told}. Animate a small example, such as '1 2; 3 4'."
        )


def write_sum(terms: Sequence[tuple[float, float]]) -> str:
    """Return values times weights as a sum; "0" where there are none.

    >>> write_sum([(1.0, 0.75), (4.0, -0.25), (-2.0, 1.0)])
    '1 * 0.75 + 4 * (-0.25) - 2 * 1'
    """
    parts = [
        f"{number(value)} * {number(weight) if weight >= 0 else f'({number(weight)})'}"
        for value, weight in terms[:MAX_TERMS]
    ]
    if len(terms) > MAX_TERMS:
        parts.append(f"{len(terms) - MAX_TERMS} more")
    return " + ".join(parts).replace("+ -", "- ") or "0"


def number(value: float) -> str:
    """Return a number as formulas have it, of 6 digits.

    >>> number(2.0), number(1 / 3)
    ('2', '0.333333')
    """
    return f"{value + 0.0:.6g}"
