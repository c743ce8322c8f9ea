"""What is shown: rich tables on a terminal, plain text elsewhere; rich is known here alone."""

import csv
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from types import MappingProxyType
from typing import TYPE_CHECKING

import click
import numpy as np

from upsamp.core.arguments import Array
from upsamp.models.summary import Summary, SummaryRow, align_columns

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = [
    "on_terminal",
    "show_layer",
    "show_matrix",
    "show_note",
    "show_report",
    "show_rows",
    "show_summary",
]

# A matrix of more elements than this is shown by its corners.
SHOWN_ELEMENTS = 1024
CORNER = 4
# On a narrower terminal a table runs over the edge, since folding it would hide its cells.
NARROWEST = 14
# Of images with channels, so many planes are shown.
SHOWN_PLANES = 8


def on_terminal() -> bool:
    """Tell whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def show_note(text: str) -> None:
    """Tell the user something that is no result, on standard error."""
    click.echo(f"Note: {text}.", err=True)


# --- tables


def _table(*, lines: bool = False) -> "Table":
    from rich import box
    from rich.table import Table

    return Table(box=box.HEAVY_HEAD, show_lines=lines, header_style="bold")


def _console() -> "Console":
    from rich.console import Console

    class OpenConsole(Console):
        """A console that leaves it to the command what the end of a pipe means."""

        def on_broken_pipe(self) -> None:
            """Raise what Python raises."""
            raise BrokenPipeError

    console = OpenConsole(highlight=False, soft_wrap=False)
    console.width = max(console.width, NARROWEST)
    return console


def _natural_width(console: "Console", table: "Table") -> int:
    """Give the width at which nothing of the table is folded."""
    wide = console.options.update_width(100_000)
    return table.__rich_measure__(console, wide).maximum


def _print_table(table: "Table", title: str = "") -> None:
    """Print a table. Off a terminal it is as wide as it must be; on one, cells are folded."""
    console = _console()
    if not on_terminal():
        console.width = max(_natural_width(console, table), len(title))
    if title:
        console.print(title, style="bold", markup=False)
    console.print(table)


def show_report(title: str, rows: Sequence[Sequence[str]]) -> None:
    """Show what happened: rows of a label, what came in, and what went out."""
    if not on_terminal():
        for label, *values in rows:
            click.echo(f"{label.lower()}: {' -> '.join(value for value in values if value)}")
        return
    table = _table()
    for heading in ("", "Input", "Output")[: len(rows[0])]:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_escape(cell) for cell in row))
    _print_table(table, title)


def show_rows(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], alignment: str
) -> None:
    """Show rows of text under headings: a table on a terminal, aligned columns elsewhere.

    alignment: "<" (left) or ">" (right) for each column.
    """
    if not on_terminal():
        click.echo(f"{title}:")
        for line in align_columns([headings, *rows], alignment):
            click.echo(line.rstrip())
        return
    table = _table()
    for heading, side in zip(headings, alignment, strict=True):
        table.add_column(heading, justify="right" if side == ">" else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_escape(cell) for cell in row))
    _print_table(table, title)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


# --- matrices


def show_matrix(title: str, array: Array) -> None:
    """Show an array as tables of its rows and columns, one for each channel of each image.

    array: (H, W), (H, W, C) or (N, H, W, C).
    """
    shape = " x ".join(map(str, array.shape))
    heading = f"{title} ({shape}) {array.dtype}"
    planes = _planes(array)
    for label, plane in planes[:SHOWN_PLANES]:
        _show_plane(f"{heading}{label}", plane)
    if len(planes) > SHOWN_PLANES:
        show_note(f"{len(planes) - SHOWN_PLANES} more channels; use --format json for all")
    if planes[0][1].size > SHOWN_ELEMENTS:
        show_note("the corners are shown; use --format plain for all")


def _planes(array: Array) -> list[tuple[str, Array]]:
    if array.ndim == 2:
        return [("", array)]
    if array.ndim == 3:
        if array.shape[2] == 1:
            return [("", array[:, :, 0])]
        return [(f", channel {index}", array[:, :, index]) for index in range(array.shape[2])]
    return [
        (f", image {number}{label}", plane)
        for number, image in enumerate(array)
        for label, plane in _planes(image)
    ]


def _show_plane(heading: str, plane: Array) -> None:
    rows, row_gap = _corners(plane.shape[0], plane.size)
    columns, column_gap = _corners(plane.shape[1], plane.size)
    cells = _align([[_number(plane[row, column]) for column in columns] for row in rows])
    labels = [str(row) for row in rows]
    headings = [str(column) for column in columns]
    if column_gap:
        headings.insert(CORNER, "...")
        cells = [[*line[:CORNER], "...", *line[CORNER:]] for line in cells]
    if row_gap:
        labels.insert(CORNER, "...")
        cells.insert(CORNER, ["..."] * len(headings))
    for first, last in _blocks(headings, cells):
        whole = (first, last) == (0, len(headings))
        title = (
            heading if whole else f"{heading}, columns {headings[first]} to {headings[last - 1]}"
        )
        table = _table()
        table.add_column("", style="dim", justify="right", no_wrap=True)
        for name in headings[first:last]:
            table.add_column(name, overflow="fold")
        for label, line in zip(labels, cells, strict=True):
            table.add_row(label, *line[first:last])
        _print_table(table, title)


def _corners(length: int, size: int) -> tuple[list[int], bool]:
    """Give the indices that are shown, and whether some between them are not."""
    if size <= SHOWN_ELEMENTS or length <= 2 * CORNER:
        return list(range(length)), False
    return [*range(CORNER), *range(length - CORNER, length)], True


def _number(value: np.generic) -> str:
    """Write a number in the shortest decimals that tell it apart within its own type."""
    text = str(value.item() if value.dtype.kind in "bi" else value)
    return text.removesuffix(".0") if value.dtype.kind == "f" else text


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
    room = _console().width - 8
    blocks: list[tuple[int, int]] = []
    first, used = 0, 0
    for index, width in enumerate(widths):
        if used + width > room and index > first:
            blocks.append((first, index))
            first, used = index, 0
        used += width
    return [*blocks, (first, len(headings))]


# --- layers and summaries


def show_layer(row: SummaryRow, *, as_table: bool) -> None:
    """Show the row of one layer: as a table, else as a line on standard error.

    Standard output then holds the result alone, for the next command of a pipe.
    """
    if as_table:
        _print_table(_layer_table([row.cells()]), row.remark)
    else:
        layer, shape, params = row.cells()
        remark = f", {row.remark}" if row.remark else ""
        click.echo(f"{layer}: output shape {shape}, {params} parameters{remark}", err=True)


def _layer_table(rows: Sequence[Sequence[str]]) -> "Table":
    table = _table(lines=True)
    for heading, justify in zip(Summary.headings, ("left", "left", "right"), strict=True):
        table.add_column(
            heading, justify="right" if justify == "right" else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(_escape(cell) for cell in row))
    return table


def show_summary(summary: Summary, format_name: str | None) -> None:
    """Show a model's summary as a table, plain text, JSON, CSV or Markdown."""
    if format_name is None:
        format_name = "table" if on_terminal() else "plain"
    if format_name == "table":
        click.echo(f'Model: "{summary.name}"')
        _print_table(_layer_table([row.cells() for row in summary.rows]))
        for line in summary.totals():
            click.echo(f" {line}")
        return
    click.echo(SUMMARY_WRITERS[format_name](summary))


def _summary_json(summary: Summary) -> str:
    return json.dumps(summary.to_dict(), indent=2)


def _summary_csv(summary: Summary) -> str:
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["name", "type", "output_shape", "params"])
    for row in summary.rows:
        writer.writerow([row.name, row.type, row.output_shape, row.params])
    return buffer.getvalue().rstrip("\n")


def _summary_markdown(summary: Summary) -> str:
    lines = [f"**Model: {summary.name}**", "", _markdown_row(Summary.headings), "|:--|:--|--:|"]
    lines += [_markdown_row(row.cells()) for row in summary.rows]
    lines += ["", *(f"- {line}" for line in summary.totals())]
    return "\n".join(lines)


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


SUMMARY_WRITERS: Mapping[str, Callable[[Summary], str]] = MappingProxyType(
    {
        "plain": str,
        "json": _summary_json,
        "csv": _summary_csv,
        "markdown": _summary_markdown,
    }
)
