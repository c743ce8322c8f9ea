"""`--preview` and `--sheet`: looking at a result, and at those of all methods."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from upsamp.cli.command import FileType
from upsamp.cli.results import written
from upsamp.core.arguments import Array, DataFormat
from upsamp.io.pictures import Picture

OPTIONS = (
    click.option(
        "--sheet",
        metavar="FILE",
        type=FileType(output=True),
        help="In place of the result, write a picture of every method on the parts where they "
        "differ most.",
    ),
    click.option(
        "--preview",
        is_flag=True,
        help="Show the result on the terminal, besides writing it; one of '-' is only shown.",
    ),
)


@dataclass(frozen=True)
class Looking:
    """What is looked at, and how.

    preview: whether the result is shown on the terminal. sheet: the file of the sheet of methods.
    """

    preview: bool = False
    sheet: str | None = None

    def check(self, *, many: bool, shown_elsewhere: bool) -> None:
        """Raise where there would be nothing to look at, before any work is done.

        many: whether there are several results. shown_elsewhere: whether there is none, as of
        `--compare` and `--code`.
        """
        if not self.preview and self.sheet is None:
            return
        if many:
            raise click.UsageError("--preview and --sheet are for one image. Give one alone.")
        if shown_elsewhere:
            raise click.UsageError(
                "--compare and --code make no result that --preview or --sheet could show. "
                "Leave one of them out."
            )
        if self.preview:
            from upsamp.cli.render.preview import check_preview  # few look at what they make

            check_preview()

    def show(
        self, result: Picture | Array, name: str, data_format: DataFormat = "channels_last"
    ) -> None:
        """Show a result, where that is wanted; `name` is its file's, or "-"."""
        if self.preview:
            from upsamp.cli.render.preview import show_preview  # few look at what they make

            with written(name):
                show_preview(result, name, data_format)


def look_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add to a command the options with which one looks at results."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
