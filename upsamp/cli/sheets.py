"""`--sheet`: one picture of an image enlarged by every method."""

from pathlib import Path

import click

from upsamp.cli.results import check_coding, refuse_on_terminal
from upsamp.cli.upsample_request import Request
from upsamp.core.arguments import Array
from upsamp.core.text import printable
from upsamp.io.formats import FORMATS, IMAGE_FORMATS, format_of_name
from upsamp.io.pictures import Picture, check_light
from upsamp.io.streams import STANDARD_STREAM, is_stream
from upsamp.io.write import Destination, check_place
from upsamp.views.crops import Comparison
from upsamp.views.sheet import draw_sheet
from upsamp.views.view import view_of

# No sheet has fewer pixels a side.
LEAST_SIDE = 500


def choose_sheet(name: str, request: Request) -> Destination:
    """Return where the sheet goes, or raise where it cannot, before any work is done."""
    format_name = format_of_name(name) or ("png" if is_stream(name) else None)
    side = FORMATS[format_name].largest_side if format_name else None
    if format_name not in IMAGE_FORMATS or (side or LEAST_SIDE) < LEAST_SIDE:
        raise click.UsageError(
            f"--sheet must be a picture, such as sheet.png. Received: {printable(name)}."
        )
    if name == STANDARD_STREAM:
        refuse_on_terminal(format_name)
    check_coding(format_name, request.writing)
    check_place(name, overwrite=request.force)
    return Destination(name, format_name, request.writing, request.force)


def draw(given: Picture | Array, request: Request) -> Picture:
    """Draw the sheet of an image or a matrix."""
    source, enlarging = request.source, request.enlarging
    view = view_of(given, enlarging.layout)
    if enlarging.linear and isinstance(given, Picture):
        check_light(given)
    size = enlarging.result_size(given)
    comparison = Comparison(
        size, enlarging.convention, enlarging.align_corners, view.has_alpha, enlarging.linear
    )
    title = "matrix"
    if isinstance(given, Picture):
        named = source is not None and source != STANDARD_STREAM
        title = printable(Path(str(source)).name) if named else "standard input"
    return Picture(draw_sheet(view, comparison, title), "RGB")
