"""`--sheet`: a picture of what every method makes of the input."""

from pathlib import Path
from time import perf_counter

from upsamp.cli.output import choose_picture, deliver, preview, read_input, report
from upsamp.cli.upsample_request import Request
from upsamp.core.text import printable
from upsamp.io.pictures import Picture, check_light
from upsamp.io.streams import STANDARD_STREAM
from upsamp.resizing.file_to_file import work_of
from upsamp.views.crops import Comparison
from upsamp.views.sheet import draw_sheet
from upsamp.views.view import view_of

# No sheet has fewer pixels a side.
LEAST_SIDE = 500


def draw_methods(request: Request) -> None:
    """Read an image or a matrix, and draw what every method makes of it."""
    started, name = perf_counter(), str(request.sheet)
    destination = choose_picture(name, "--sheet", request, least=LEAST_SIDE)
    source, enlarging = request.source, request.enlarging
    given = read_input(source, request.reading)
    view = view_of(given, enlarging.layout)
    if enlarging.linear and isinstance(given, Picture):
        check_light(given)
    size = enlarging.result_size(given)
    convention, corners = enlarging.convention, enlarging.align_corners
    comparison = Comparison(size, convention, corners, view.has_alpha, enlarging.linear)
    title = "matrix"
    if isinstance(given, Picture):
        named = source is not None and source != STANDARD_STREAM
        title = printable(Path(str(source)).name) if named else "standard input"
    others = {}
    if enlarging.network is not None:
        made = work_of(given, enlarging, size).apply(given)
        others[printable(enlarging.network.name)] = view_of(made, enlarging.layout).pixels
    sheet = Picture(draw_sheet(view, comparison, title, others), "RGB")
    deliver(sheet, destination)
    report("Sheet", source, given, sheet, destination, [], started)
    if request.preview:
        preview(sheet, name)
