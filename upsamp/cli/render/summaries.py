"""Summaries of models as tables, plain text, JSON, CSV, Markdown, and as Keras prints them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from upsamp.cli.render.output import on_terminal, open_console, print_text
from upsamp.cli.render.tables import print_table, show_note, table_format, table_of
from upsamp.cli.render.text import markdown_row, markdown_rule, markdown_text, rows_csv
from upsamp.core.text import json_text, printable
from upsamp.models.summaries.columns import KERAS_COLUMNS, Column
from upsamp.models.summaries.summary import Summary, SummaryRow

if TYPE_CHECKING:
    from rich.table import Table

FORMATS = ("table", "plain", "json", "csv", "markdown", "dot")
ELLIPSIS = "…"
# From this width on, what Keras shows stands in one table, with these columns folded.
FOLDED_WIDTH = 60
FOLDED = ("connected_to", "trainable")


def show_summary(
    summary: Summary,
    format_name: str | None = None,
    *,
    style: str | None = None,
    width: int | None = None,
) -> None:
    """Show a model's summary in one of `FORMATS`; by default a table on a terminal, else plain.

    style: "keras" prints what Keras 3 prints. width: of the lines of a table.
    """
    if style == "keras":
        from upsamp.cli.render.keras_style import keras_text  # a style that few ask for

        text = keras_text(summary, width)
        print_text(text)
        _tell_of_cuts(summary, text)
        return
    cells = len(summary.rows) * len(summary.columns)
    format_name = table_format(format_name, width, cells)
    if format_name == "table":
        print_text(f'Model: "{printable(summary.name)}"')
        for table in _tables(summary, width):
            print_table(table, width=width)
        for line in summary.totals():
            print_text(f" {line}")
        return
    print_text(SUMMARY_WRITERS[format_name](summary))


def _tell_of_cuts(summary: Summary, text: str) -> None:
    """Say that Keras cuts names which are too long for their column; numbers are folded."""
    cuts = text.count(ELLIPSIS) - sum(row.name.count(ELLIPSIS) for row in summary.rows)
    if cuts > 0:
        show_note(f"at this width Keras cuts {cuts} cells, marked …; a larger --width shows all")


# --- tables


def _tables(summary: Summary, width: int | None) -> list["Table"]:
    """Return tables that fit: one, or several beginning with the layers where columns are many."""
    cells = [summary.headings, *summary.cells()]
    table = table_of(cells[0], cells[1:], summary.alignment)
    if not (on_terminal() or width is not None) or len(summary.columns) <= len(KERAS_COLUMNS):
        return [table]
    room = open_console().width if width is None else width
    if room >= FOLDED_WIDTH and set(summary.columns) <= {*KERAS_COLUMNS, *FOLDED}:
        return [table]
    return [
        table_of(
            [cells[0][place] for place in block],
            [[row[place] for place in block] for row in cells[1:]],
            "".join(summary.alignment[place] for place in block),
        )
        for block in _blocks(cells, room, repeated="layer" in summary.columns[:1])
    ]


def _blocks(cells: Sequence[Sequence[str]], room: int, *, repeated: bool) -> list[list[int]]:
    """Return the places of the columns that stand beside each other, each block within the room."""
    widths = [
        max(len(printable(cell)) for cell in column) + 3 for column in zip(*cells, strict=True)
    ]
    if sum(widths) < room:
        return [list(range(len(widths)))]
    # The names of layers may be folded, so that numbers stand beside them.
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


# --- text


def summary_json(summary: Summary) -> str:
    """Return the summary as JSON."""
    return json_text(summary.to_dict(), indent=2)


def summary_csv(summary: Summary) -> str:
    """Return the rows as CSV, without totals; numbers are plain."""
    nested = any(row.level for row in summary.rows)
    headings = ["level"] if nested else []
    for column in summary.shown_columns:
        headings += ["name", "type"] if column.name == "layer" else [column.name]
    rows = []
    for row in summary.rows:
        cells: list[object] = [row.level] if nested else []
        for column in summary.shown_columns:
            cells += (
                [row.name, row.type] if column.name == "layer" else [_csv(column, row, summary)]
            )
        rows.append(cells)
    return rows_csv([headings, *rows])


def _csv(column: Column, row: SummaryRow, summary: Summary) -> object:
    value = column.value(row, summary.batch)
    if value is None or type(value) is int:
        return value
    if value == ():
        return None
    return column.text(row, summary.batch)


def summary_markdown(summary: Summary) -> str:
    """Return the summary as a table of Markdown and a list of totals."""
    lines = [f"**Model: {markdown_text(summary.name)}**", "", markdown_row(summary.headings)]
    lines.append(markdown_rule(summary.alignment))
    lines += [markdown_row(cells) for cells in summary.cells()]
    lines += ["", *(f"- {line}" for line in summary.totals())]
    return "\n".join(lines)


def _dot(summary: Summary) -> str:
    from upsamp.cli.render.graphs import summary_dot  # a format that few ask for

    return summary_dot(summary)


SUMMARY_WRITERS: Mapping[str, Callable[[Summary], str]] = {
    "plain": str,
    "json": summary_json,
    "csv": summary_csv,
    "markdown": summary_markdown,
    "dot": _dot,
}
