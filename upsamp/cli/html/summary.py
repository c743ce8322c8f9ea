"""The page of `upsamp summary`: a model's layers and totals, or the difference of two models."""

from collections.abc import Sequence

from upsamp.cli.html.page import write_page
from upsamp.cli.modes.draw import drawing_of
from upsamp.cli.render.summaries import DIFFERENCE_HEADINGS, DIFFERENCE_SIDES
from upsamp.cli.summary_request import Request
from upsamp.core.text import printable
from upsamp.errors import ArgumentError
from upsamp.io.streams import STANDARD_STREAM
from upsamp.models.summary.difference import Difference
from upsamp.models.summary.listing import Listing
from upsamp.models.summary.summary import Summary
from upsamp.pages.content import Drawing, Facts, Part, Section, Table, Text

# Rows that are shown; a browser takes long for more.
MAX_ROWS = 5000
MARKS = {"=": "same", "~": "changed", "-": "removed", "+": "added"}


def summary_section(summary: Summary) -> Section:
    """Return the layers of a model, and its totals."""
    totals = [line.partition(": ") for line in summary.totals()]
    cells = [tuple(row) for row in summary.cells()]
    return Section(
        "layers",
        "Layers",
        (
            Facts((("Model", summary.name), *((name, value) for name, _, value in totals))),
            *_bounded(
                Table(
                    f"Layers of {summary.name}",
                    tuple(summary.headings),
                    tuple(cells[:MAX_ROWS]),
                    summary.alignment,
                    row_headings=True,
                ),
                len(cells),
            ),
        ),
    )


def architecture_section(listing: Listing, request: Request) -> list[Section]:
    """Return the drawing of a model, or why there is none."""
    try:
        part: Part = Drawing(drawing_of(listing, request), f"The layers of {listing.model.name}")
    except ArgumentError as error:
        part = Text(f"Not drawn: {error}")
    return [Section("architecture", "Architecture", (part,))]


def _bounded(table: Table, count: int) -> tuple[Part, ...]:
    """Return a table, and what is left out of it."""
    if count <= MAX_ROWS:
        return (table,)
    return (table, Text(f"{count - MAX_ROWS:,} more rows are left out; --format csv has all."))


def write_summary_page(listing: Listing, summary: Summary, request: Request) -> None:
    """Write the page of one model."""
    sections = [summary_section(summary), *architecture_section(listing, request)]
    title = f"Summary of {printable(summary.name)}"
    quiet = request.quiet or STANDARD_STREAM in (request.draw, request.output)
    write_page(str(request.html), title, sections, overwrite=request.force, quiet=quiet)


def write_difference_page(difference: Difference, sources: Sequence[str], request: Request) -> None:
    """Write the page of two models, of which `sources` names the files."""
    one, other = difference.before, difference.after
    rows = [row.cells() for row in difference.rows]
    marks = [MARKS[row.mark] for row in difference.rows]
    cells = [(mark, *row[1:]) for mark, row in zip(marks, rows, strict=True)]
    totals = [
        (what, before if before == after else f"{before} -> {after}")
        for what, before, after in difference.totals()
    ]
    table = Table(
        "Layers of both models, side by side",
        ("Mark", *DIFFERENCE_HEADINGS[1:]),
        tuple(cells[:MAX_ROWS]),
        DIFFERENCE_SIDES,
        row_headings=True,
        marks=tuple(marks),
    )
    names = [
        ("First", f"{sources[0]}, model {one.name}"),
        ("Second", f"{sources[1]}, model {other.name}"),
    ]
    parts = (
        Text(difference.verdict, strong=True),
        Facts((*names, *totals)),
        *_bounded(table, len(cells)),
    )
    sections = [Section("difference", "Difference", parts)]
    title = f"{printable(sources[0])} beside {printable(sources[1])}"
    quiet = request.quiet or request.output == STANDARD_STREAM
    write_page(str(request.html), title, sections, overwrite=request.force, quiet=quiet)
