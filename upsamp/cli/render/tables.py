"""Tables: of rich on a terminal, of aligned text elsewhere; and notes on standard error."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from upsamp.cli.render.output import is_quiet, on_terminal, open_console, print_text
from upsamp.core.text import printable
from upsamp.models.summary.aligning import align_columns

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from upsamp.models.summary.summary_row import SummaryRow

# Laying out more cells takes rich seconds.
MOST_CELLS = 10_000
SIDES = {"<": "left", ">": "right", "^": "center"}


def show_note(text: str) -> None:
    """Tell the user something that is no result, on standard error, unless --quiet is given."""
    if is_quiet():
        return
    print_text(f"Note: {printable(text)}.", err=True)


def table_format(format_name: str | None, width: int | None, cells: int) -> str:
    """Return the format for this many cells: by default a table on a terminal, otherwise plain.

    width: of the lines of a table, which asks for one. A table of very many cells would take long;
    they are plain, which is told.
    """
    if format_name is None:
        format_name = "table" if on_terminal() or width is not None else "plain"
    if format_name == "table" and cells > MOST_CELLS:
        show_note(f"{cells:,} cells are more than a table may have: they are shown as plain text")
        return "plain"
    return format_name


def open_table(*, lines: bool = False) -> "Table":
    """Return an empty table as all tables here look."""
    from rich import box
    from rich.table import Table

    return Table(box=box.HEAVY_HEAD, show_lines=lines, header_style="bold")


def table_of(
    headings: Sequence[str], rows: Sequence[Sequence[str]], alignment: str, *, lines: bool = True
) -> "Table":
    """Return a table whose cells are folded where they must be; lines: between its rows."""
    table = open_table(lines=lines)
    for heading, side in zip(headings, alignment, strict=True):
        justify: Any = SIDES[side]
        table.add_column(plain_text(heading), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*map(plain_text, row))
    return table


def print_table(table: "Table", title: str = "", width: int | None = None) -> None:
    """Print a table. Off a terminal it is as wide as it must be; on one, cells are folded.

    width: the characters of a line, on a terminal or off it.
    """
    console = open_console()
    if width is not None:
        console.width = width
    elif not on_terminal():
        # At which nothing of the table is folded.
        wide = console.options.update_width(100_000)
        console.width = max(table.__rich_measure__(console, wide).maximum, len(title))
    # What is narrower than a character for each column would lose some.
    console.width = max(console.width, 4 * len(table.columns) + 2)
    if title:
        console.print(title, style="bold")
    console.print(table)


def column_blocks(cells: Sequence[Sequence[str]], room: int, *, repeated: bool) -> list[list[int]]:
    """Return the places of the columns that are beside each other, each block within the room.

    cells: the headings and the rows. repeated: whether each block begins with the first column.
    """
    widths = [
        max(len(printable(cell)) for cell in column) + 3 for column in zip(*cells, strict=True)
    ]
    if sum(widths) < room:
        return [list(range(len(widths)))]
    # Names may be folded, so that numbers are beside them.
    first = [0] if repeated else []
    taken = min(widths[0], max(room // 2, 14)) if repeated else 0
    blocks: list[list[int]] = []
    used = room
    for place in range(len(first), len(widths)):
        if used + widths[place] >= room:
            blocks.append([*first])
            used = taken
        blocks[-1].append(place)
        used += widths[place]
    return blocks or [[0]]


def show_report(
    title: str, rows: Sequence[Sequence[str]], headings: Sequence[str] = ("", "Input", "Output")
) -> None:
    """Show what happened: rows of a label, what came in, and what went out; not with --quiet."""
    if is_quiet():
        return
    if not on_terminal():
        for label, *values in rows:
            shown = " -> ".join(printable(value) for value in values if value)
            print_text(f"{label.lower()}: {shown}")
        return
    columns = headings[: len(rows[0])]
    print_table(table_of(columns, rows, "<" * len(columns), lines=False), title)


def wants_table(format_name: str | None) -> bool | None:
    """Tell whether rows are to be a table, as `show_rows` takes it; None where nobody said."""
    return None if format_name is None else format_name == "table"


def show_rows(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    alignment: str,
    *,
    as_table: bool | None = None,
    split: bool = False,
) -> None:
    """Show rows of text under headings: a table on a terminal, aligned columns elsewhere.

    alignment: "<" (left) or ">" (right) for each column. as_table: which of the two in any case.
    split: whether a table that is too wide becomes several, each with the first column.
    """
    if not (on_terminal() if as_table is None else as_table):
        print_text(f"{title}:")
        for line in align_columns([headings, *rows], alignment):
            print_text(line.rstrip())
        return
    blocks = [[*range(len(headings))]]
    if split:
        blocks = column_blocks([headings, *rows], open_console().width, repeated=True)
    for block in blocks:
        parts = [[row[place] for place in block] for row in (headings, *rows)]
        sides = "".join(alignment[place] for place in block)
        print_table(table_of(parts[0], parts[1:], sides, lines=False), title)


def plain_text(text: str) -> "Text":
    """Return a cell that shows its text in one line, without markup."""
    from rich.text import Text

    return Text(printable(text))


def styled_text(text: str, style: str) -> "Text":
    """Return a cell of our own text in a style of rich, "" for none."""
    from rich.text import Text

    return Text(text, style)


def show_layer(row: "SummaryRow", *, as_table: bool) -> None:
    """Show the row of one layer: as a table, otherwise as a line on standard error.

    Standard output then holds the result only, for the next command of a pipe. With --quiet it is
    not shown.
    """
    if is_quiet():
        return
    if as_table:
        from upsamp.models.summary.columns import COLUMNS, KERAS_COLUMNS  # which know all layers

        columns = [COLUMNS[name] for name in KERAS_COLUMNS]
        headings = [column.heading for column in columns]
        sides = "".join(column.side for column in columns)
        print_table(table_of(headings, [row.cells()], sides), row.remark)
    else:
        layer, shape, params = row.cells()
        remark = f", {row.remark}" if row.remark else ""
        line = f"{layer}: output shape {shape}, {params} parameters{remark}"
        print_text(printable(line), err=True)
