"""Parts that pages of several commands have: matrices, steps, code, and what is left out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import click
import numpy as np

from upsamp.cli.render.explanations import (
    NUMBERS,
    as_plane,
    cell_title,
    sum_text,
    term_rows,
)
from upsamp.cli.render.matrices import as_planes, number_text
from upsamp.core.arguments import Array
from upsamp.core.text import printable
from upsamp.errors import ShapeError, UpsampError
from upsamp.explain.animation import Animation
from upsamp.explain.explanation import Explanation
from upsamp.io.read import names_file
from upsamp.io.remote_paths import is_remote
from upsamp.io.streams import STANDARD_STREAM
from upsamp.pages.content import (
    Code,
    Comparison,
    Drawing,
    Facts,
    Figure,
    Part,
    Section,
    Table,
    Text,
)
from upsamp.pages.images import MIN_SIDE, image_of, image_of_pixels
from upsamp.translate.programs import LIBRARIES
from upsamp.views.animation_svg import animation_svg
from upsamp.views.heat_map import heat_colours
from upsamp.views.palette import Theme
from upsamp.views.view import View, view_of_matrix


class AnimationRequest(Protocol):
    """What is asked of an animation."""

    @property
    def fps(self) -> float:
        """Steps in a second."""

    @property
    def cell_pixels(self) -> int | None:
        """The side of a cell."""

    @property
    def theme(self) -> Theme | None:
        """The colours."""


# Larger matrices are shown as pictures, and of their channels this many at the most.
MAX_TABLE, MAX_PLANES = 1024, 8
NAMES: Mapping[str, str] = {"keras": "Keras", "torch": "PyTorch", "onnx": "ONNX", "jax": "JAX"}


def input_name(source: str | None) -> str:
    """Return what the input is called: its file, or what it is."""
    if source == STANDARD_STREAM:
        return "Standard input"
    is_file = source is not None and (is_remote(source) or names_file(source))
    return printable(Path(str(source)).name) if is_file else "Matrix"


def sides_text(shape: Sequence[int]) -> str:
    """Write a shape.

    >>> sides_text((2, 3))
    '2 x 3'
    """
    return " x ".join(map(str, shape))


def matrix_parts(
    title: str, array: Array, digits: int | None, note: str = "", *, heat: bool = False
) -> Iterator[Part]:
    """Yield an array as tables of its rows and columns, one for each channel of each image.

    Matrices of very many numbers are pictures. digits: of numbers; None is all. heat: whether the
    cells have colours.
    """
    heading = f"{title} ({sides_text(array.shape)}) {array.dtype}"
    planes = as_planes(array)
    for label, plane in planes[:MAX_PLANES]:
        if plane.size <= MAX_TABLE:
            yield _matrix_table(f"{heading}{label}", plane, digits, note, heat=heat)
        else:
            told = f"{heading}{label}. {note}" if note else f"{heading}{label}"
            draw = _heat_figure if heat else _plane_figure
            yield draw(plane, told, f"{title}{label} as a picture")
    if len(planes) > MAX_PLANES:
        yield Text(f"{title}: {len(planes) - MAX_PLANES} more channels are left out.")


def _plane_figure(plane: Array, caption: str, alternative: str) -> Figure:
    return figure_of(view_of_matrix(plane), caption, alternative)


def _heat_figure(plane: Array, caption: str, alternative: str) -> Figure:
    """Return a matrix as a heat map, dark for the least and bright for the largest number."""
    pixels = heat_colours(plane.astype(np.float64))
    caption = f"{caption}, {number_text(plane.min())} (dark) to {number_text(plane.max())} (bright)"
    return Figure(image_of_pixels(pixels, least=MIN_SIDE), caption, alternative)


def _matrix_table(
    caption: str, plane: Array, digits: int | None, note: str, *, heat: bool
) -> Table:
    cells = [
        [str(place), *(number_text(one, digits) for one in row)] for place, row in enumerate(plane)
    ]
    return Table(
        caption,
        ("", *map(str, range(plane.shape[1]))),
        tuple(map(tuple, cells)),
        ">" * (plane.shape[1] + 1),
        note,
        row_headings=True,
        shades=_shares(plane.astype(np.float64)) if heat else None,
    )


def _shares(values: Array) -> Array:
    """Return numbers as shares of their range, 0 to 1; one half where all are the same."""
    low, high = float(values.min()), float(values.max())
    even = high - low <= 1e-9 * max(abs(low), abs(high))
    shares: Array = np.full(values.shape, 0.5) if even else (values - low) / (high - low)
    return shares


def figure_of(view: View, caption: str, alternative: str) -> Figure:
    """Return a view as a figure, with what one could not know by looking."""
    caption = ", ".join([caption, *view.remarks])
    return Figure(image_of(view), caption, alternative)


def comparison_of(before: View, after: View, names: tuple[str, str]) -> Comparison:
    """Return two views of one thing under a slider."""
    made = []
    for view, when, name in zip((before, after), ("Before", "After"), names, strict=True):
        made.append(figure_of(view, name, f"{when}: {name}"))
    return Comparison(made[0], made[1])


def facts(rows: Sequence[tuple[str, str]]) -> Facts:
    """Return names with their values, but for those that have none."""
    return Facts(tuple((name, value) for name, value in rows if value))


def explanation_section(
    explain: Callable[[], Explanation], digits: int | None, *, wanted: bool
) -> Section:
    """Return the steps of a computation, or why there are none.

    wanted: whether the user asked for a cell of them, so that what is wrong is an error.
    """
    try:
        made = explain()
    except (ShapeError, click.UsageError) as error:
        if wanted:
            raise
        message = error.message if isinstance(error, click.UsageError) else str(error)
        return Section("steps", "Step by step", (Text(f"Not shown: {message}"),))
    parts: list[Part] = [Text(line, strong=True) for line in made.formula.split("; ")]
    for number, stage in enumerate(made.stages, start=1):
        parts += matrix_parts(f"{number}. {stage.name}", as_plane(stage.values), digits, stage.note)
    cell = made.cell
    if len(cell.terms) <= MAX_TABLE:
        for view in cell.views:
            headings = (*view.columns, *NUMBERS)
            rows = tuple(term_rows(cell, view, digits))
            parts.append(Table(cell_title(cell, view), headings, rows, ">" * len(headings)))
        parts.append(Text(f"= {sum_text(cell, digits)}"))
    return Section("steps", "Step by step", tuple(parts))


def animation_section(animate: Callable[[], Animation], request: AnimationRequest) -> list[Section]:
    """Return the steps as a moving picture; nothing where they are too many to be looked at."""
    try:
        animation = animate()
    except (ShapeError, click.UsageError):
        return []
    svg = animation_svg(
        animation, seconds=1 / request.fps, cell=request.cell_pixels, theme=request.theme
    )
    waiting = "they wait while the pointer or the focus is on them"
    drawing = Drawing(svg, f"The steps, one after the other; {waiting}")
    return [Section("animation", "Animation", (drawing,))]


def code_section(program: Callable[[str], str], libraries: Sequence[str] = LIBRARIES) -> Section:
    """Return the same computation as a program of each library, or why there is none."""
    parts: list[Part] = [Text("Each program runs by itself, and computes the same.")]
    for library in libraries:
        try:
            parts.append(Code(NAMES[library], program(library).removesuffix("\n")))
        except (UpsampError, click.UsageError) as error:
            message = error.message if isinstance(error, click.UsageError) else str(error)
            parts.append(Text(f"{NAMES[library]}: {message}"))
    return Section("code", "In other libraries", tuple(parts))
