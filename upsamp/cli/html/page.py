"""A page of a command: checked before any work, and written whole or not at all."""

from collections.abc import Sequence
from importlib.metadata import version
from io import BytesIO

import click

from upsamp.cli.command import command_line
from upsamp.cli.render.tables import show_report
from upsamp.core.memory import format_bytes
from upsamp.core.text import printable
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.io.write import check_place, copy_stream
from upsamp.pages.content import Page, Section
from upsamp.pages.rendering import check_pages, render_page

SUFFIXES = (".html", ".htm")
# Characters of a command line that are shown: a matrix in it may be long.
MAX_COMMAND = 4000


def check_page(name: str, *, overwrite: bool) -> None:
    """Raise where no page can be written to the file `name`, before any work is done."""
    if not is_stream(name) and not name.lower().endswith(SUFFIXES):
        raise click.UsageError(
            f"--html must name a page, such as page.html. Received: {printable(name)}."
        )
    check_pages()
    check_place(name, overwrite=overwrite)


def write_page(
    name: str, title: str, sections: Sequence[Section], *, overwrite: bool, quiet: bool
) -> None:
    """Write a page, and report it.

    quiet: whether nothing is to be printed, as standard output is taken.
    """
    command = command_line()
    if len(command) > MAX_COMMAND:
        left_out = len(command) - MAX_COMMAND
        command = f"{command[:MAX_COMMAND]}... ({left_out:,} characters more)"
    page = Page(printable(title), command, version("upsamp"), tuple(sections))
    data = render_page(page).encode("utf-8")
    copy_stream(BytesIO(data), name, overwrite=overwrite)
    if name == STANDARD_STREAM or quiet:
        return
    pictures = format_bytes(sum(image.nbytes for image in page.images))
    rows = [
        ("Page", name),
        ("Shows", ", ".join(section.title.lower() for section in sections)),
        ("Bytes", f"{format_bytes(len(data))}, of which pictures {pictures}"),
    ]
    show_report("Page", rows, ("", ""))
