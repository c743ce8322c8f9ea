"""How far long work is, and which of many files failed: both on standard error."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from upsamp.cli.render.output import is_quiet, open_console, print_text
from upsamp.cli.render.tables import table_of
from upsamp.core.text import printable


@contextmanager
def show_progress(
    label: str, unit: str, total: int | None = None, *, wanted: bool = True
) -> Iterator[Callable[..., None]]:
    """Show a bar with the rate and the time that is left, where standard error is a terminal.

    Yields what is called with how many more parts are done, and changes what is shown: completed,
    total, description; and failed, a text beside it. wanted: whether there is to be a bar.
    """
    if not wanted or is_quiet() or not _on_terminal():
        yield lambda _=0, **_what: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column
    from rich.text import Text

    class RateColumn(TextColumn):
        """How many parts are done in a second."""

        def render(self, task: object) -> Text:
            """Return the rate, as soon as there is one."""
            speed = getattr(task, "finished_speed", None) or getattr(task, "speed", None)
            return Text("" if speed is None else f"{speed:,.3g} {unit}/s", no_wrap=True)

    whole = Column(no_wrap=True)
    with Progress(
        TextColumn("{task.description}", table_column=whole),
        BarColumn(bar_width=None),
        TaskProgressColumn(table_column=whole),
        MofNCompleteColumn(table_column=whole),
        RateColumn("", table_column=whole),
        TimeRemainingColumn(compact=True, table_column=whole),
        TextColumn("{task.fields[failed]}", style="red", table_column=whole),
        console=open_console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task(label, total=total, failed="")
        yield lambda more=0, **what: progress.update(task, advance=more, **what)


def show_failures(failures: Sequence[tuple[str, str]], count: int, report: str | None) -> None:
    """Show which files failed, and why: as a table on a terminal, otherwise a line for each.

    failures: the first ones. count: of all. report: where all of them are told.
    """
    rows = [(printable(source), printable(error)) for source, error in failures]
    if _on_terminal():
        table = table_of(("File", "What failed"), rows, "<<", lines=False)
        table.columns[0].min_width = 8
        open_console(stderr=True).print(table)
    else:
        for source, error in rows:
            print_text(f"{source}: {error}", err=True)
    if count > len(rows):
        where = f"'{printable(report)}' has all" if report else "--report FILE has all"
        print_text(f"... and {count - len(rows):,} more; {where}.", err=True)


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
