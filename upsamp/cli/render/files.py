"""How far a run over many files is, and which of them failed: both on standard error."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from upsamp.cli.render.output import open_console, print_text
from upsamp.cli.render.tables import open_table, plain_text
from upsamp.core.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Bar", "show_failures", "show_progress"]


class Bar(Protocol):
    """What is told how far a run is."""

    def look(self, files: int) -> None:
        """Say that so many files were found until now."""

    def begin(self, files: int) -> None:
        """Say that so many files were found."""

    def advance(self, *, failed: bool) -> None:
        """Say that one of them is done."""


class _NoBar:
    def look(self, files: int) -> None:
        """Show nothing."""

    def begin(self, files: int) -> None:
        """Show nothing."""

    def advance(self, *, failed: bool) -> None:
        """Show nothing."""


class _RichBar:
    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._failed = 0
        self._task = progress.add_task("Looking for images", total=None, failed="")

    def look(self, files: int) -> None:
        """Show how many there are."""
        self._progress.update(self._task, completed=files)

    def begin(self, files: int) -> None:
        """Begin to count."""
        self._progress.reset(self._task, total=files, description="Enlarging")

    def advance(self, *, failed: bool) -> None:
        """Count one."""
        self._failed += failed
        shown = f"{self._failed:,} failed" if self._failed else ""
        self._progress.update(self._task, advance=1, failed=shown)


@contextmanager
def show_progress(*, quiet: bool) -> Iterator[Bar]:
    """Show a bar with the rate and the time that is left, where standard error is a terminal."""
    if quiet or not _on_terminal():
        yield _NoBar()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column
    from rich.text import Text

    class RateColumn(TextColumn):
        """How many files are done in a second."""

        def render(self, task: object) -> Text:
            """Return the rate, as soon as there is one."""
            speed = getattr(task, "finished_speed", None) or getattr(task, "speed", None)
            return Text("" if speed is None else f"{speed:,.3g} files/s", no_wrap=True)

    whole = Column(no_wrap=True)
    with Progress(
        TextColumn("{task.description}", table_column=whole),
        BarColumn(bar_width=None),
        MofNCompleteColumn(table_column=whole),
        RateColumn("", table_column=whole),
        TimeRemainingColumn(compact=True, table_column=whole),
        TextColumn("{task.fields[failed]}", style="red", table_column=whole),
        console=open_console(stderr=True),
        transient=True,
    ) as progress:
        yield _RichBar(progress)


def show_failures(failures: Sequence[tuple[str, str]], count: int, report: str | None) -> None:
    """Show which files failed, and why: as a table on a terminal, else a line for each.

    failures: the first ones. count: of all. report: where all of them are told.
    """
    rows = [(printable(source), printable(error)) for source, error in failures]
    if _on_terminal():
        table = open_table()
        table.add_column("File", overflow="fold", min_width=8)
        table.add_column("What failed", overflow="fold")
        for row in rows:
            table.add_row(*map(plain_text, row))
        open_console(stderr=True).print(table)
    else:
        for source, error in rows:
            print_text(f"{source}: {error}", err=True)
    if count > len(rows):
        where = f"'{printable(report)}' has all" if report else "--report FILE has all"
        print_text(f"... and {count - len(rows):,} more; {where}.", err=True)


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
