"""The difference of two models as a table, plain text, JSON, CSV or Markdown."""

from collections.abc import Sequence

from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import print_table, table_format, table_of
from upsamp.cli.render.text import markdown_row, markdown_rule, markdown_text, rows_csv
from upsamp.core.text import json_text, printable
from upsamp.models.summaries.aligning import align_columns
from upsamp.models.summaries.difference import Difference

HEADINGS = (
    "",
    "Layer (type)",
    *("First: Output Shape", "Param #"),
    *("Second: Output Shape", "Param #"),
    "What changed",
)
SIDES = "<<<><><"
FIELDS = (
    "mark",
    "layer",
    *("first_output_shape", "first_params"),
    *("second_output_shape", "second_params"),
    "changes",
)


def show_difference(
    difference: Difference,
    sources: tuple[str, str],
    format_name: str | None = None,
    *,
    width: int | None = None,
) -> None:
    """Show two models side by side; by default as a table on a terminal, else as plain text.

    sources: where the models come from.
    """
    cells = [row.cells() for row in difference.rows]
    format_name = table_format(format_name, width, len(cells) * len(HEADINGS))
    title = _title(difference, sources)
    totals = _total_lines(difference.totals())
    if format_name == "json":
        print_text(json_text(difference.to_dict(), indent=2))
    elif format_name == "csv":
        print_text(rows_csv([FIELDS, *cells]))
    elif format_name == "markdown":
        lines = [markdown_row(HEADINGS), markdown_rule(SIDES)]
        lines += [markdown_row(row) for row in cells]
        lines += ["", *(f"- {line}" for line in totals)]
        print_text("\n".join([*map(markdown_text, title), "", *lines, "", difference.verdict]))
    elif format_name == "table":
        print_text("\n".join(title))
        print_table(table_of(HEADINGS, cells, SIDES), width=width)
        print_text("\n".join([*(f" {line}" for line in totals), difference.verdict]))
    else:
        lines = [line.rstrip() for line in align_columns([HEADINGS, *cells], SIDES)]
        rule = "-" * max(map(len, lines))
        parts = [*title, "", lines[0], rule, *lines[1:], rule]
        print_text("\n".join([*parts, *totals, difference.verdict]))


def _title(difference: Difference, sources: tuple[str, str]) -> list[str]:
    return [
        printable(f'First: {sources[0]}, model "{difference.before.name}"'),
        printable(f'Second: {sources[1]}, model "{difference.after.name}"'),
    ]


def _total_lines(totals: Sequence[tuple[str, str, str]]) -> list[str]:
    return [
        f"{what}: {before}" if before == after else f"{what}: {before} -> {after}"
        for what, before, after in totals
    ]
