"""Pieces of programs, laid out as `ruff format` lays them out, whatever the names in a model."""

import keyword
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

# The width that ruff has by default. What is longer is broken behind commas, which it keeps.
WIDTH = 88
LONGEST_NAME = 40


def quote(text: str) -> str:
    r"""Return a string of Python for a text, in the quotes that ruff would choose.

    >>> print(quote("dense"), quote("it's"), quote('a "b"'))
    "dense" "it's" 'a "b"'
    """
    single = repr(text)
    if single.startswith('"') or text.count('"') > text.count("'"):
        return single
    return '"' + single[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'


def literal(value: object) -> str:
    """Return the Python of a plain value: text, a number, None, or a sequence of such.

    >>> literal((2, "same", [1.5, None]))
    '(2, "same", [1.5, None])'
    """
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float) and not abs(value) < float("inf"):
        return f'float("{value}")'
    if isinstance(value, list | tuple):
        inner = ", ".join(map(literal, value))
        comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{comma})"
    return repr(value)


def identifier(name: str, taken: Collection[str], refused: Callable[[str], bool]) -> str:
    """Return a name of Python made of a layer's name, which is none of those that are taken.

    Of the name its letters, digits and underscores are kept, those of ASCII only.

    >>> identifier("conv-1/a", {"conv_1_a"}, lambda _: False)
    'conv_1_a_2'
    """
    plain = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")[:LONGEST_NAME].rstrip("_")
    if not plain or plain[0].isdigit():
        plain = f"layer_{plain}".rstrip("_")
    if keyword.iskeyword(plain) or keyword.issoftkeyword(plain) or refused(plain):
        plain = f"{plain}_layer"
    found, number = plain, 1
    while found in taken:
        number += 1
        found = f"{plain}_{number}"
    return found


@dataclass(frozen=True)
class Nested:
    """A call or a list that is an argument of another: as `call` takes it."""

    start: str
    arguments: tuple["str | Nested", ...]
    end: str = ")"

    def __str__(self) -> str:
        """Return it on one line."""
        return f"{self.start}{', '.join(map(str, self.arguments))}{self.end}"


def call(
    start: str, arguments: Iterable[str | Nested], indent: int = 0, end: str = ")"
) -> list[str]:
    """Return the lines of a call or of a list: one, or where that is too long an argument a line.

    start: with its bracket. end: the bracket that closes it, and what follows.

    >>> call("x = f(", ["x", "2"], 4)
    ['    x = f(x, 2)']
    """
    parts = list(arguments)
    space = " " * indent
    line = f"{space}{start}{', '.join(map(str, parts))}{end}"
    if len(line) <= WIDTH or not parts:
        return [line]
    lines = [f"{space}{start}"]
    for part in parts:
        if isinstance(part, Nested):
            lines += call(part.start, part.arguments, indent + 4, f"{part.end},")
        else:
            lines.append(f"{space}    {part},")
    return [*lines, f"{space}{end}"]
