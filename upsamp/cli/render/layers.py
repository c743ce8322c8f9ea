"""One layer that a command has run: as a table, or as a line that leaves standard output alone."""

from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import print_table, table_of
from upsamp.core.text import printable
from upsamp.models.summaries.summary_row import SummaryRow

__all__ = ["show_layer"]


def show_layer(row: SummaryRow, *, as_table: bool) -> None:
    """Show the row of one layer: as a table, else as a line on standard error.

    Standard output then holds the result alone, for the next command of a pipe.
    """
    if as_table:
        from upsamp.models.summaries.columns import COLUMNS, KERAS_COLUMNS  # which know all layers

        columns = [COLUMNS[name] for name in KERAS_COLUMNS]
        headings = [column.heading for column in columns]
        sides = "".join(column.side for column in columns)
        print_table(table_of(headings, [row.cells()], sides), row.remark)
    else:
        layer, shape, params = row.cells()
        remark = f", {row.remark}" if row.remark else ""
        line = f"{layer}: output shape {shape}, {params} parameters{remark}"
        print_text(printable(line), err=True)
