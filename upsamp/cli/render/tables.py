"""Tables: of rich on a terminal, of aligned text elsewhere; and notes on standard error."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from upsamp.cli.render.text import printable
from upsamp.models.summaries.aligning import align_columns

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = [
    "on_terminal",
    "open_console",
    "open_table",
    "plain_text",
    "print_table",
    "show_note",
    "show_report",
    "show_rows",
    "table_of",
]

SIDES = {"<": "left", ">": "right", "^": "center"}


def on_terminal() -> bool:
    """Tell whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def show_note(text: str) -> None:
    """Tell the user something that is no result, on standard error."""
    click.echo(f"Note: {printable(text)}.", err=True)


def open_table(*, lines: bool = False) -> "Table":
    """Return an empty table as all tables here look."""
    from rich import box
    from rich.table import Table

    return Table(box=box.HEAVY_HEAD, show_lines=lines, header_style="bold")


def table_of(headings: Sequence[str], rows: Sequence[Sequence[str]], alignment: str) -> "Table":
    """Return a table with lines between its rows, whose cells are folded where they must be."""
    table = open_table(lines=True)
    for heading, side in zip(headings, alignment, strict=True):
        justify: Any = SIDES[side]
        table.add_column(plain_text(heading), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*map(plain_text, row))
    return table


def open_console(*, stderr: bool = False) -> "Console":
    """Return the console of standard output, or of standard error."""
    from rich.console import Console

    class OpenConsole(Console):
        """A console that leaves it to the command what the end of a pipe means."""

        def on_broken_pipe(self) -> None:
            """Raise what Python raises."""
            raise BrokenPipeError

    return OpenConsole(stderr=stderr, highlight=False, soft_wrap=False)


def _natural_width(console: "Console", table: "Table") -> int:
    """Return the width at which nothing of the table is folded."""
    wide = console.options.update_width(100_000)
    return table.__rich_measure__(console, wide).maximum


def print_table(table: "Table", title: str = "", width: int | None = None) -> None:
    """Print a table. Off a terminal it is as wide as it must be; on one, cells are folded.

    width: the characters of a line, on a terminal or off it.
    """
    console = open_console()
    if width is not None:
        console.width = width
    elif not on_terminal():
        console.width = max(_natural_width(console, table), len(title))
    # What is narrower than a character for each column would lose some.
    console.width = max(console.width, 4 * len(table.columns) + 2)
    if title:
        console.print(title, style="bold", markup=False, emoji=False)
    console.print(table)


def show_report(
    title: str,
    rows: Sequence[Sequence[str]],
    headings: Sequence[str] = ("", "Input", "Output"),
) -> None:
    """Show what happened: rows of a label, what came in, and what went out."""
    rows = [[printable(cell) for cell in row] for row in rows]
    if not on_terminal():
        for label, *values in rows:
            click.echo(f"{label.lower()}: {' -> '.join(value for value in values if value)}")
        return
    table = open_table()
    for heading in headings[: len(rows[0])]:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(plain_text(printable(cell)) for cell in row))
    print_table(table, title)


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
    table = open_table()
    for heading, side in zip(headings, alignment, strict=True):
        table.add_column(heading, justify="right" if side == ">" else "left", overflow="fold")
    for row in rows:
        table.add_row(*(plain_text(cell) for cell in row))
    print_table(table, title)


def plain_text(text: str) -> "Text":
    """Return a cell that shows its text as it is, without markup."""
    from rich.text import Text

    return Text(text)
