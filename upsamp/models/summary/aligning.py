"""Rows of text in columns: as wide as they must be, so that nothing is ever cut."""

from collections.abc import Sequence

from upsamp.core.text import printable


def align_columns(rows: Sequence[Sequence[str]], alignment: str) -> list[str]:
    """Return rows as lines of columns that are as wide as their content: nothing is ever cut.

    alignment: "<" (left), ">" (right) or "^" (middle) for each column.

    >>> align_columns([("a", "1"), ("bc", "23")], "<>")
    ['a    1', 'bc  23']
    """
    rows = [list(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{cell:{side}{width}}"
            for cell, side, width in zip(row, alignment, widths, strict=True)
        )
        for row in rows
    ]
