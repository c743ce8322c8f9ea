"""A summary as Keras 3 prints it, to the character."""

from collections.abc import Sequence

import click

from upsamp.cli.render.output import on_terminal, open_console
from upsamp.cli.render.tables import plain_text
from upsamp.core.text import printable
from upsamp.models.summary.summary import Summary, SummaryRow

# Where the columns end, as parts of a line; with "Connected to", and without.
CHAIN, GRAPH = (0.45, 0.80, 1.0), (0.30, 0.56, 0.74, 1.0)
# How long a line is where nobody says, and how much longer with "Trainable".
CHAIN_LENGTH, GRAPH_LENGTH, TRAINABLE_LENGTH = 88, 108, 12
TRAINABLE_PART = 0.10
NARROWEST = 4
# Columns whose numbers are folded, where Keras would cut them.
NUMBERS = ("Output Shape", "Param #")


def keras_text(summary: Summary, line_length: int | None = None) -> str:
    """Return what `model.summary(line_length)` prints; no number is ever cut.

    Lines are as long as Keras has them on a terminal that is wide enough; on one that is not,
    they are as long as it can show less 4, as in Keras.
    """
    connected = "connected_to" in summary.columns
    trainable = "trainable" in summary.columns
    length = (GRAPH_LENGTH if connected else CHAIN_LENGTH) + TRAINABLE_LENGTH * trainable
    if on_terminal():
        length = min(length, open_console().width - 4)
    length = line_length or length
    headings = ["Layer (type)", "Output Shape", "Param #"]
    headings += ["Connected to"] * connected + ["Trainable"] * trainable
    rows = [
        _cells(row, connected=connected, trainable=trainable)
        for row in summary.rows
        if not (row.level and row.operation)
    ]
    widths = _widths(length, connected=connected, trainable=trainable)
    lines = [f'Model: "{printable(summary.name)}"', _table(headings, rows, widths, length)]
    lines += [f" {line}" for line in summary.totals()]
    return "\n".join(lines)


def _widths(length: int, *, connected: bool, trainable: bool) -> list[int]:
    """Return the widths of the columns: those of parts of the line, rounded down."""
    ends: tuple[float, ...] = GRAPH if connected else CHAIN
    if trainable:
        ends = (*(end * (1 - TRAINABLE_PART) for end in ends), 1.0)
    widths: list[int] = []
    for end in ends:
        widths.append(int(end * length) - sum(widths))
    if min(widths) < NARROWEST:
        raise click.UsageError(
            f"The width must leave each column {NARROWEST} characters. Received: {length}. "
            "Give a larger --width."
        )
    return widths


def _cells(row: SummaryRow, *, connected: bool, trainable: bool) -> list[str]:
    cells = list(row.cells())
    if connected:
        # Of the layers in a nested model Keras does not tell.
        links = () if row.level else row.connected_to
        cells.append(", ".join(map(str, links)) or "-")
    if trainable:
        cells.append({True: "Y", False: "N", None: "-"}[row.trainable])
    return cells


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], length: int
) -> str:
    from rich.table import Column, Table

    columns = []
    for heading, width in zip(headings, widths, strict=True):
        column = Column(heading, width=width, overflow="fold" if heading in NUMBERS else "ellipsis")
        if heading == "Param #":
            column.justify = "right"
        elif heading == "Trainable":
            column.justify = "center"
        columns.append(column)
    table = Table(*columns, width=length, show_lines=True)
    for row in rows:
        table.add_row(*map(plain_text, row))
    console = open_console()
    console.width = length
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n")
