"""Matrices: tables of their rows and columns, the corners alone where they are large."""

import re

import numpy as np

from upsamp.cli.render.output import on_terminal, open_console
from upsamp.cli.render.tables import open_table, print_table, show_note, styled_text
from upsamp.core.arguments import Array

# A matrix of more elements than this is shown by its corners.
SHOWN_ELEMENTS = 1024
CORNER = 4
# So much of a row is shown, however narrow the terminal is.
NARROWEST = 14
# How many planes are shown of images with channels.
SHOWN_PLANES = 8
# Significant digits on a terminal, where nobody asks for others; so NumPy prints.
SHOWN_DIGITS = 8


def show_matrix(
    title: str,
    array: Array,
    digits: int | None = None,
    *,
    heat: bool = False,
    whole: str = "plain",
) -> None:
    """Show an array as tables of its rows and columns, one for each channel of each image.

    array: (H, W), (H, W, C) or (N, H, W, C). digits: of each number, see `shown_digits`. heat:
    whether colours tell how large numbers are. whole: the format that shows all of a large one.
    """
    digits = shown_digits(digits)
    shape = " x ".join(map(str, array.shape))
    heading = f"{title} ({shape}) {array.dtype}"
    planes = as_planes(array)
    for label, plane in planes[:SHOWN_PLANES]:
        _show_plane(f"{heading}{label}", plane, digits, heat=heat)
    if len(planes) > SHOWN_PLANES:
        show_note(f"{len(planes) - SHOWN_PLANES} more channels; use --format json for all")
    if planes[0][1].size > SHOWN_ELEMENTS:
        show_note(f"the corners are shown; use --format {whole} for all")


def as_planes(array: Array) -> list[tuple[str, Array]]:
    """Return the planes (H, W) of an array, each with what tells it from the others."""
    if array.ndim == 2:
        return [("", array)]
    if array.ndim == 3:
        if array.shape[2] == 1:
            return [("", array[:, :, 0])]
        return [(f", channel {index}", array[:, :, index]) for index in range(array.shape[2])]
    return [
        (f", image {number}{label}", plane)
        for number, image in enumerate(array)
        for label, plane in as_planes(image)
    ]


def _show_plane(heading: str, plane: Array, digits: int | None, *, heat: bool) -> None:
    rows, row_gap = _corners(plane.shape[0], plane.size)
    columns, column_gap = _corners(plane.shape[1], plane.size)
    cells = _align(
        [[number_text(plane[row, column], digits) for column in columns] for row in rows]
    )
    shades = [[""] * len(columns) for _ in rows]
    if heat:
        shades = _shades(plane[np.ix_(rows, columns)])
    labels = [str(row) for row in rows]
    headings = [str(column) for column in columns]
    if column_gap:
        headings.insert(CORNER, "...")
        cells = [[*line[:CORNER], "...", *line[CORNER:]] for line in cells]
        shades = [[*line[:CORNER], "", *line[CORNER:]] for line in shades]
    if row_gap:
        labels.insert(CORNER, "...")
        cells.insert(CORNER, ["..."] * len(headings))
        shades.insert(CORNER, [""] * len(headings))
    for first, last in _blocks(headings, cells):
        whole = (first, last) == (0, len(headings))
        several = f"columns {headings[first]} to {headings[last - 1]}"
        shown = several if last - first > 1 else f"column {headings[first]}"
        title = heading if whole else f"{heading}, {shown}"
        table = open_table()
        table.add_column("", style="dim", justify="right", no_wrap=True)
        for name in headings[first:last]:
            table.add_column(name, overflow="fold")
        for label, line, colours in zip(labels, cells, shades, strict=True):
            shaded = zip(line[first:last], colours[first:last], strict=True)
            table.add_row(label, *(styled_text(cell, style) for cell, style in shaded))
        print_table(table, title)


def _shades(values: Array) -> list[list[str]]:
    """Return the style of each cell: a colour behind it, and one that is read on that."""
    from upsamp.views.heat_map import heat_colours, ink_on  # few tables have colours

    return [
        ["rgb({},{},{}) on rgb({},{},{})".format(*ink_on(colour), *colour) for colour in line]
        for line in heat_colours(values.astype(np.float64))
    ]


def _corners(length: int, size: int) -> tuple[list[int], bool]:
    """Return the indices that are shown, and whether some between them are not."""
    if size <= SHOWN_ELEMENTS or length <= 2 * CORNER:
        return list(range(length)), False
    return [*range(CORNER), *range(length - CORNER, length)], True


def shown_digits(digits: int | None) -> int | None:
    """Return the significant digits that are shown: by default some on a terminal, else all."""
    return SHOWN_DIGITS if digits is None and on_terminal() else digits


def number_text(value: np.generic, digits: int | None = None) -> str:
    """Write a number in the shortest decimals that tell it apart within its own type.

    digits: significant ones, to which a float is rounded; None is all. Integers are whole.

    >>> number_text(np.float64(2 / 3), 3), number_text(np.float32(0.1), 8), number_text(np.int64(9))
    ('0.667', '0.1', '9')
    """
    text = str(value.item() if value.dtype.kind in "bi" else value)
    if value.dtype.kind != "f":
        return text
    text = text.removesuffix(".0")
    significant = text.partition("e")[0].replace(".", "").strip("-0")
    return text if digits is None or len(significant) <= digits else f"{float(value):.{digits}g}"


def _align(cells: list[list[str]]) -> list[list[str]]:
    """Bring the points of decimals under each other, so that a column reads as numbers."""
    columns = []
    for column in zip(*cells, strict=True):
        wholes = [re.split(r"[.e]", cell, maxsplit=1)[0] for cell in column]
        width = max(map(len, wholes))
        columns.append(
            [" " * (width - len(whole)) + cell for whole, cell in zip(wholes, column, strict=True)]
        )
    return [list(row) for row in zip(*columns, strict=True)]


def _blocks(headings: list[str], cells: list[list[str]]) -> list[tuple[int, int]]:
    """Cut the columns into blocks that fit the terminal; elsewhere one block holds all."""
    if not on_terminal():
        return [(0, len(headings))]
    widths = [
        max(len(name), *(len(line[index]) for line in cells)) + 3
        for index, name in enumerate(headings)
    ]
    room = max(open_console().width, NARROWEST) - 8
    blocks: list[tuple[int, int]] = []
    first, used = 0, 0
    for index, width in enumerate(widths):
        if used + width > room and index > first:
            blocks.append((first, index))
            first, used = index, 0
        used += width
    return [*blocks, (first, len(headings))]
