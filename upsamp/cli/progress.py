"""How far a long computation is, shown on standard error where that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from upsamp.core.text import printable

__all__ = ["progress"]


@contextmanager
def progress(label: str, length: int, step: int) -> Iterator[Callable[[int], object]]:
    """Show a bar for work of so many parts, done `step` at a time; give what tells it of some.

    Nothing is shown where standard error is no terminal, or where one step does it all.
    """
    if length <= step or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label=printable(label), file=sys.stderr) as bar:
        yield bar.update
