"""Summaries of models, and the difference of two, as tables, text, JSON, CSV and Markdown."""

from collections.abc import Callable, Mapping
from math import isnan
from typing import TYPE_CHECKING

from upsamp.cli.render.output import on_terminal, open_console, print_text
from upsamp.cli.render.tables import column_blocks, print_table, show_note, table_format, table_of
from upsamp.cli.render.text import markdown_row, markdown_rule, markdown_text, rows_csv
from upsamp.core.text import json_text, printable
from upsamp.models.summary.aligning import align_columns
from upsamp.models.summary.columns import KERAS_COLUMNS, Column
from upsamp.models.summary.summary import Summary, SummaryRow

if TYPE_CHECKING:
    from rich.table import Table

    from upsamp.models.summary.difference import Difference

FORMATS = ("table", "plain", "json", "csv", "markdown", "dot")
ELLIPSIS = "…"
# From this width on, what Keras shows is in one table, with these columns folded.
FOLDED_WIDTH = 60
FOLDED = ("connected_to", "trainable")
# What is shown of two models, and the same in CSV.
DIFFERENCE_HEADINGS = (
    "",
    "Layer (type)",
    *("First: Output Shape", "Param #"),
    *("Second: Output Shape", "Param #"),
    "What changed",
)
DIFFERENCE_SIDES = "<<<><><"
DIFFERENCE_FIELDS = (
    "mark",
    "layer",
    *("first_output_shape", "first_params"),
    *("second_output_shape", "second_params"),
    "changes",
)


def show_summary(
    summary: Summary,
    format_name: str | None = None,
    *,
    style: str | None = None,
    width: int | None = None,
    more: Mapping[str, object] | None = None,
) -> None:
    """Show a model's summary in one of `FORMATS`; by default a table on a terminal, else plain.

    style: "keras" prints what Keras 3 prints. width: of the lines of a table. more: what else JSON
    has.
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
    if format_name == "json":
        print_text(json_text({**summary.to_dict(), **(more or {})}, indent=2))
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
        for block in column_blocks(cells, room, repeated="layer" in summary.columns[:1])
    ]


# --- text


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
    if isinstance(value, float):
        return None if isnan(value) else value
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
    "csv": summary_csv,
    "markdown": summary_markdown,
    "dot": _dot,
}


# --- two models


def show_difference(
    difference: "Difference",
    sources: tuple[str, str],
    format_name: str | None = None,
    *,
    width: int | None = None,
) -> None:
    """Show two models side by side; by default as a table on a terminal, otherwise as plain text.

    sources: where the models come from.
    """
    cells = [row.cells() for row in difference.rows]
    format_name = table_format(format_name, width, len(cells) * len(DIFFERENCE_HEADINGS))
    title = [
        printable(f'First: {sources[0]}, model "{difference.before.name}"'),
        printable(f'Second: {sources[1]}, model "{difference.after.name}"'),
    ]
    totals = [
        f"{what}: {before}" if before == after else f"{what}: {before} -> {after}"
        for what, before, after in difference.totals()
    ]
    if format_name == "json":
        print_text(json_text(difference.to_dict(), indent=2))
    elif format_name == "csv":
        print_text(rows_csv([DIFFERENCE_FIELDS, *cells]))
    elif format_name == "markdown":
        lines = [markdown_row(DIFFERENCE_HEADINGS), markdown_rule(DIFFERENCE_SIDES)]
        lines += [markdown_row(row) for row in cells]
        lines += ["", *(f"- {line}" for line in totals)]
        print_text("\n".join([*map(markdown_text, title), "", *lines, "", difference.verdict]))
    elif format_name == "table":
        print_text("\n".join(title))
        print_table(table_of(DIFFERENCE_HEADINGS, cells, DIFFERENCE_SIDES), width=width)
        print_text("\n".join([*(f" {line}" for line in totals), difference.verdict]))
    else:
        lines = [
            line.rstrip() for line in align_columns([DIFFERENCE_HEADINGS, *cells], DIFFERENCE_SIDES)
        ]
        rule = "-" * max(map(len, lines))
        parts = [*title, "", lines[0], rule, *lines[1:], rule]
        print_text("\n".join([*parts, *totals, difference.verdict]))
