"""Tables as text that other programs read, CSV and Markdown, and text that harms no terminal."""

import csv
from collections.abc import Sequence
from io import StringIO

__all__ = ["markdown_row", "markdown_rule", "markdown_text", "printable", "rows_csv"]

# Joins the parts of one emoji; it is the only one of its kind that moves nothing.
JOINER = "\N{ZERO WIDTH JOINER}"
MARKS = {"<": ":--", ">": "--:", "^": ":-:"}


def rows_csv(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as CSV."""
    buffer = StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().rstrip("\n")


def markdown_row(cells: Sequence[str]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(map(markdown_text, cells))} |"


def markdown_text(text: str) -> str:
    """Return text in which nothing is Markdown's own, and what indents it stays."""
    indented = len(text) - len(text.lstrip(" "))
    text = text.replace("|", r"\|").replace("<", "&lt;")
    return "\N{NO-BREAK SPACE}" * indented + text.lstrip(" ")


def markdown_rule(alignment: str) -> str:
    """Return the line under the headings, which tells the side of each column."""
    return f"|{'|'.join(MARKS[side] for side in alignment)}|"


def printable(text: str) -> str:
    r"""Return text with what would move a terminal's cursor, or be no character, spelled out.

    >>> print(printable("a" + chr(10) + "b" + chr(27) + "[31m.png"))
    a\nb\x1b[31m.png
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == JOINER else ascii(letter)[1:-1]
        for letter in text
    )
