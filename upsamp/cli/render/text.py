"""Tables as text that other programs read, CSV and Markdown, in which names do nothing."""

import re
from collections.abc import Sequence

from upsamp.core.text import printable

MARKS = {"<": ":--", ">": "--:", "^": ":-:"}

# What a spreadsheet runs: a sign with something behind it, which is no number. Some programs drop
# blanks before it; the last four are the same signs as wide as a Chinese character.
FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20].", re.DOTALL)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
# A cell with one of these is quoted; semicolons separate cells in many countries.
SEPARATOR = re.compile(r'[,;"\n]')

# Where Markdown, that of GitHub too, would take a character for its own. One alternative each:
# code, emphasis, mathematics, cells; a backslash that would escape; emphasis within words it has
# not; what is struck out; links as they stand.
SPECIAL = re.compile(
    r"[`*$|]|\\(?=[!-/:-@\[-`{-~]|$)|(?<![^\W_])_|_(?![^\W_])|~(?=\S)|(?<=\S)~"
    r"|(?<=:)/(?=/)|(?<=www)\.|@",
    re.IGNORECASE,
)
# What has a link, a picture or a footnote in brackets; others, as in conv2d[0][0], have none.
LINK = re.compile(r"\]\s*\(|\]:|!\[|\[\[|\[\^")
ENTITY = re.compile(r"&(?=#?\w+;)")


# --- CSV


def rows_csv(rows: Sequence[Sequence[object]]) -> str:
    r"""Return rows as CSV; text that a spreadsheet would run has an apostrophe before it.

    Ends of lines stay in quotes; other characters that are not visible are spelled out.

    >>> print(rows_csv([["name", "size"], ["=1+1", -1.5], ['5" x 3', 2]]))
    name,size
    '=1+1,-1.5
    "5"" x 3",2
    """
    return "\n".join(",".join(map(_csv_cell, row)) for row in rows)


def _csv_cell(value: object) -> str:
    if not isinstance(value, str):
        return "" if value is None else str(value)
    text = "\n".join(map(printable, value.split("\n")))
    if FORMULA.match(text) and not NUMBER.fullmatch(text):
        text = f"'{text}"
    if SEPARATOR.search(text):
        quoted = text.replace('"', '""')
        return f'"{quoted}"'
    return text


# --- Markdown


def markdown_row(cells: Sequence[str]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(map(markdown_text, cells))} |"


def markdown_text(text: str) -> str:
    r"""Return text in which nothing is Markdown's own, and what indents it stays.

    >>> print(markdown_text("up_sampling2d ![x](http://a) <b>"))
    up_sampling2d !\[x\](http:\//a) &lt;b>
    """
    text = printable(text)
    indented = len(text) - len(text.lstrip(" "))
    linked = LINK.search(text)
    text = ENTITY.sub("&amp;", SPECIAL.sub(r"\\\g<0>", text)).replace("<", "&lt;")
    if linked:
        text = text.replace("[", r"\[").replace("]", r"\]")
    return "\N{NO-BREAK SPACE}" * indented + text.lstrip(" ")


def markdown_rule(alignment: str) -> str:
    """Return the line under the headings, which tells the side of each column."""
    return f"|{'|'.join(MARKS[side] for side in alignment)}|"
