"""The page of `upsamp upsample`: before and after, every method, the steps, and programs."""

from dataclasses import replace
from functools import partial

from upsamp.cli.html.page import check_page, write_page
from upsamp.cli.html.parts import (
    animation_section,
    code_section,
    comparison_of,
    explanation_section,
    facts,
    input_name,
    matrix_parts,
    sides_text,
)
from upsamp.cli.modes.animate import animation_of_enlarging
from upsamp.cli.modes.code import PEER_HEADINGS, PEER_SIDES, peer_rows, peers_of, upsampling_data
from upsamp.cli.modes.explain import explanation_of_enlarging
from upsamp.cli.output import choose_destination, deliver, read_input
from upsamp.cli.upsample_request import Request
from upsamp.core.arguments import Array, Pair
from upsamp.core.layout import as_batch
from upsamp.core.text import printable
from upsamp.io.pictures import Picture, array_of, check_light
from upsamp.io.streams import STANDARD_STREAM
from upsamp.pages.content import Figure, Part, Section, Table, Text
from upsamp.pages.images import image_of_pixels
from upsamp.resizing.enlarging import Enlarging
from upsamp.resizing.file_to_file import work_of
from upsamp.translate.programs import program_of
from upsamp.views.crops import Comparison
from upsamp.views.sheet import draw_sheet
from upsamp.views.view import View, view_of

# Values of a result beside which other libraries' are computed, too.
MAX_COMPARED = 2**20
# The pixels of a side of a sheet, in which words are to be read.
MAX_SHEET = 4000


def write_upsampling_page(request: Request) -> None:
    """Enlarge an image or a matrix, write it where that is asked, and a page of it."""
    name = str(request.html)
    check_page(name, overwrite=request.force)
    given, enlarging = read_input(request.source, request.reading), request.enlarging
    if enlarging.linear and isinstance(given, Picture):
        check_light(given)
    size = enlarging.result_size(given)
    destination = None
    if request.output is not None:
        destination = choose_destination(request, given, "")
    result = work_of(given, enlarging, size).apply(given)
    if destination is not None:
        deliver(result, destination)
    view = view_of(given, enlarging.layout)
    sections = [
        _result_section(request, given, result, view),
        _methods_section(view, result, enlarging),
    ]
    if enlarging.network is None and not enlarging.linear:
        explain = partial(explanation_of_enlarging, request, given)
        sections.append(
            explanation_section(explain, request.digits, wanted=request.cell is not None)
        )
        sections += animation_section(partial(animation_of_enlarging, request, given), request)
        sections.append(_code_section(request, given, size))
    name_shown = input_name(request.source)
    title = f"{name_shown}, enlarged to {sides_text(size)} by {enlarging.method_shown}"
    write_page(
        name,
        title,
        sections,
        overwrite=request.force,
        quiet=request.quiet or request.output == STANDARD_STREAM,
    )


def _result_section(
    request: Request, given: Picture | Array, result: Picture | Array, view: View
) -> Section:
    """Return what was asked, and the input and the result as pictures and as numbers."""
    enlarging, before, after = request.enlarging, array_of(given), array_of(result)
    shapes = enlarging.shape_of(given), enlarging.shape_of(result)
    parts: list[Part] = [
        facts(
            [
                ("Input", input_name(request.source)),
                ("Rows and columns", f"{sides_text(shapes[0])} -> {sides_text(shapes[1])}"),
                ("Type", f"{before.dtype} -> {after.dtype}"),
                ("Mode", given.mode if isinstance(given, Picture) else ""),
                ("Method", enlarging.method_shown),
                ("Convention", "" if enlarging.network else enlarging.convention),
                ("Corners", "aligned" if enlarging.align_corners else ""),
                ("Light", "linear" if enlarging.linear else ""),
                ("Written to", request.output or ""),
            ]
        ),
        comparison_of(
            view,
            view_of(result, enlarging.layout),
            (
                f"the input, {sides_text(shapes[0])}",
                f"by {enlarging.method_shown}, {sides_text(shapes[1])}",
            ),
        ),
    ]
    parts += [Text(f"Note: {note}.") for note in getattr(given, "notes", ())]
    if not isinstance(given, Picture):
        parts += [
            *matrix_parts("Input", before, request.digits),
            *matrix_parts("Output", after, request.digits),
        ]
    return Section("result", "Before and after", tuple(parts))


def _methods_section(view: View, result: Picture | Array, enlarging: Enlarging) -> Section:
    """Return the sheet of what every method makes of the input."""
    size, others = enlarging.shape_of(result), {}
    if enlarging.network is not None:
        others[printable(enlarging.network.name)] = view_of(result, enlarging.layout).pixels
    comparison = Comparison(
        size, enlarging.convention, enlarging.align_corners, view.has_alpha, enlarging.linear
    )
    sheet = image_of_pixels(draw_sheet(view, comparison, "", others), MAX_SHEET)
    caption = "What every method makes of the input, where they differ most"
    return Section("methods", "Every method", (Figure(sheet, caption, caption, lettered=True),))


def _code_section(request: Request, given: Picture | Array, size: Pair) -> Section:
    """Return programs of other libraries, and how far their own results lie from this one."""
    enlarging = replace(request.enlarging, keep_larger=False)

    def program(library: str) -> str:
        data, settings = upsampling_data(request, given, size, enlarging)
        return program_of(settings, library, data)

    section = code_section(program)
    batch = as_batch(array_of(given), enlarging.layout)
    if len(batch) > 1 or size[0] * size[1] * batch.shape[3] > MAX_COMPARED:
        return section
    peers = [
        peer
        for peer in peers_of(batch[0], size, enlarging)
        if not peer.remark.startswith("not installed")
    ]
    rows = tuple(peer_rows(peers, request.digits or 3))
    caption = "How far the results of other conventions and libraries lie from this one"
    beside = Table(caption, PEER_HEADINGS, rows, PEER_SIDES)
    return replace(section, parts=(*section.parts, beside))
