"""The one place that prints: whatever a name holds, a terminal is given nothing to obey.

`tests/test_house.py` holds that nobody else prints. Results that are bytes, as of `-o -`, are
written by `upsamp.io`.
"""

import sys
from collections.abc import Iterable
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from upsamp.core.text import printable_lines

if TYPE_CHECKING:
    from rich.console import Console


def on_terminal() -> bool:
    """Tell whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def is_quiet() -> bool:
    """Tell whether the command that runs is to print results and errors alone: --quiet."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.params.get("quiet"))


def print_text(text: str, *, err: bool = False) -> None:
    """Print text and the end of its line; all but lines and tabs is spelled out.

    A name whose own ends of lines must not make lines is to be `printable` before.
    """
    click.echo(printable_lines(text), err=err)


def print_paragraph(text: str) -> None:
    """Print text as `print_text` does, its lines no longer than those of a terminal."""
    if on_terminal():
        width = open_console().width
        text = "\n".join(fill(line, width) for line in text.split("\n"))
    print_text(text)


def print_drawing(lines: Iterable[str]) -> None:
    """Print lines made of pixels, with the codes that colour them; no text of others is in them."""
    for line in lines:
        click.echo(line, color=True)


def open_console(*, stderr: bool = False, drawing: bool = False) -> "Console":
    """Return the console of standard output, or of standard error, for tables and the like.

    It knows no markup, and spells out what is no visible character. drawing: whether it is for
    pixels, which a terminal shows by codes of its own.
    """
    from rich.console import Console

    class OpenConsole(Console):
        """A console that leaves it to the command what the end of a pipe means."""

        def on_broken_pipe(self) -> None:
            """Raise what Python raises."""
            raise BrokenPipeError

    class InertConsole(OpenConsole):
        """A console on which no text can do anything."""

        def render(self, *args: Any, **options: Any) -> Any:
            """Yield what is rendered; rich's own codes are no text."""
            for segment in super().render(*args, **options):
                text = segment.text if segment.control else printable_lines(segment.text)
                yield segment._replace(text=text)

    kind = OpenConsole if drawing else InertConsole
    return kind(stderr=stderr, highlight=False, soft_wrap=False, markup=False, emoji=False)
