"""`upsamp upsample`: enlarge an image or a matrix."""

from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from time import perf_counter

import click

from upsamp.cli.command import Command
from upsamp.cli.options import takes
from upsamp.cli.render.tables import show_layer, show_note
from upsamp.cli.results import (
    TUTORIAL_MATRIX,
    choose_destination,
    choose_picture,
    deliver,
    find_source,
    finish,
    preview,
    read_input,
    report,
    show_planned,
    show_result,
)
from upsamp.cli.upsample_request import Request
from upsamp.core.arguments import Array
from upsamp.core.layout import as_batch
from upsamp.core.memory import limit_memory
from upsamp.core.text import printable
from upsamp.io.pictures import Picture, array_of, check_light
from upsamp.io.read import read_source
from upsamp.io.streams import STANDARD_STREAM, is_open, spooled_input
from upsamp.io.write import Destination
from upsamp.resizing.enlarging import Enlarging
from upsamp.resizing.file_to_file import Job, copy_kept, plan_job, prepare, work_of
from upsamp.resizing.strip_jobs import EnlargedStrips, Source

# No sheet has fewer pixels a side.
LEAST_SIDE = 500
EXAMPLES = """
upsamp upsample photo.png --size 4 --interp lanczos3
upsamp upsample photo.png --size 2 3 --interp bilinear -o wide.png
upsamp upsample photo.png --to 1920x --interp bicubic
upsamp upsample '1 2; 3 4' --size 2
upsamp upsample photos/ 'more/*.jpg' --recursive --size 2 --interp bicubic --out-dir large
cat photo.png | upsamp upsample - --size 1.5 --interp bilinear > large.png
upsamp upsample '[[1,2],[3,4]]' --format json
upsamp upsample photo.png --model espcn.keras -o large.png
upsamp upsample photo.png --size 3 --interp bicubic --preview
upsamp upsample photo.png --size 3 --sheet methods.png
upsamp upsample photo.png --size 3 --interp bicubic --compare
upsamp upsample '1 2; 3 4' --interp bilinear --explain
upsamp upsample photo.png --size 3 --interp bicubic --html page.html
upsamp upsample small.png --size 2 --interp bicubic --reference large.png
upsamp upsample '1 2; 3 4' --interp bicubic --code torch
"""


@click.command("upsample", cls=Command, examples=EXAMPLES)
@takes(Request)
def command(request: Request) -> None:
    """Enlarge an image or a matrix, as Keras' UpSampling2D does; or many images.

    INPUT is an image file, a matrix file (.npy .npz .csv .tsv .txt .json, also packed as
    .gz), one array of several as FILE.npz:NAME, '-' for standard input, or a matrix such as
    '1 2; 3 4'. An image is written beside its file; a matrix is shown, and
    through a pipe flows on as rows that '-' reads back without loss.

    Several INPUTs are image files, folders, and patterns such as 'photos/**/*.jpg'. Of folders and
    patterns the images are taken, by their suffix, but no hidden files; links to files are
    followed, links to folders are not, and pipes and devices are passed over. A file that fails is
    told at the end, with code 1, and the others go on.
    """
    request.check()
    if request.many:
        from upsamp.cli.bulk import enlarge_many  # one file needs no processes

        enlarge_many(request)
    elif request.html is not None:
        from upsamp.cli.html.upsample import write_upsampling_page  # few send a page

        write_upsampling_page(request, request.html)
    elif request.explain:
        from upsamp.cli.explaining import explain_enlarging  # few look at how it is computed

        explain_enlarging(request)
    elif request.shown_elsewhere:
        _show_elsewhere(request)
    elif request.reference is not None:
        _measure(request, request.reference)
    elif request.sheet is not None:
        _draw_sheet(request, request.sheet)
    elif request.max_memory is None and not request.keep_larger:
        _enlarge_one(request)
    else:  # with an input that can be read again, as to copy it
        with limit_memory(request.max_memory), spooled_input():
            _enlarge_one(request)


def _enlarge_one(request: Request) -> None:
    """Read an image or a matrix, enlarge it, and write or show the result."""
    started = perf_counter()
    enlarging = request.enlarging
    job = prepare(partial(find_source, request), partial(_plan, request))
    given, destination = job.source.given, job.destination
    if request.dry:
        show_planned(request.source or TUTORIAL_MATRIX, destination.name, job.work.size)
        return
    kept = job.work.kept(destination.format)
    if kept.frames:
        what = f"{kept.frames} of {kept.total} frames are" if kept.total > 1 else "the input is"
        show_note(f"{what} not smaller than --to {enlarging.spell()}, and kept in size")
    delivered = given if copy_kept(job, kept) else finish(job)
    if destination.format == "table":
        _show_table(job.source.load(), delivered, enlarging)
    if not request.quiet:
        size = enlarging.spell(job.work.size).replace("x", " x ")
        settings = [("Method", enlarging.method_shown), ("Size", size)]
        if enlarging.network is not None and isinstance(given, Picture):
            ends = dict.fromkeys(f"{low:g} to {high:g}" for low, high in enlarging.network.ranges)
            settings.append(("Range", " -> ".join(ends)))
        settings += [("Network", note) for note in job.work.notes]
        report("Upsampled", request.source, given, delivered, destination, settings, started)
    if request.preview and job.strips is None:
        preview(delivered, destination.name, enlarging.layout)
    elif request.preview:
        show_note("a result that is written strip by strip is not shown")


def _plan(request: Request, found: Source) -> Job[EnlargedStrips]:
    """Plan what is made of the input, and where that goes."""
    given, enlarging = found.given, request.enlarging
    if request.model and request.value_range and not isinstance(given, Picture):
        raise click.UsageError(
            "--range is for pictures, with --model; numbers go through as they are. Leave it out."
        )
    size = enlarging.result_size(given)
    work = work_of(given, enlarging, size)
    work.slow &= not request.preview  # which shows what is made at once
    # A result has no place but the terminal: one of an image from a pipe.
    piped = request.source is not None and is_open(request.source) and request.output is None
    if request.preview and piped and isinstance(given, Picture):
        return plan_job(found, work, Destination(STANDARD_STREAM, "preview"))
    ending = f"{enlarging.spell(size)}_{enlarging.method}"
    destination = choose_destination(request, given, ending)
    return plan_job(found, work, destination, request.copied)


def _draw_sheet(request: Request, name: str) -> None:
    """Read an image or a matrix, and draw what every method makes of it."""
    from upsamp.views.crops import Comparison  # to enlarge needs no letters
    from upsamp.views.sheet import draw_sheet
    from upsamp.views.view import view_of

    started = perf_counter()
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
    if not request.quiet:
        report("Sheet", source, given, sheet, destination, [], started)
    if request.preview:
        preview(sheet, name)


def _measure(request: Request, name: str) -> None:
    """Show how near the result, and that of each method, is to a larger picture."""
    from upsamp.cli.measuring import border_of, enlarged_by_each, show_measures
    from upsamp.views.measuring import Reference

    given, enlarging = read_input(request.source, request.reading), request.enlarging
    size, layout = enlarging.result_size(given), enlarging.layout
    border = border_of(enlarging.shape_of(given), size)
    reference = Reference(read_source(name, request.reading), border, layout)
    reference.check(size, enlarging.shape_of(given))
    destination = None
    if request.output is not None:
        destination = choose_destination(replace(request, format_name=None), given, "")
    result = enlarging.apply(given, size)
    if destination is not None:
        deliver(result, destination)
    asked = f"{enlarging.method}, linear light" if enlarging.linear else enlarging.method
    others = enlarged_by_each(given, size, enlarging)
    show_measures(reference, chain([(asked, result)], others), name, request.format_name)


def _show_table(given: Picture | Array, result: Picture | Array, enlarging: Enlarging) -> None:
    """Show a matrix before and after, and the layer that makes one of the other."""
    show_result(given, result)
    if isinstance(given, Picture) or enlarging.network is not None:
        return
    from upsamp.models.upsampling_layer import upsampling_row  # only tables show the layer

    batch_shape = (None, *given.shape, 1) if given.ndim == 2 else (None, *given.shape[-3:])
    before, after = enlarging.shape_of(given), enlarging.shape_of(result)
    method = enlarging.interpolation
    row = upsampling_row(batch_shape, before, after, method, enlarging.layout)
    show_layer(row, as_table=True)


def _show_elsewhere(request: Request) -> None:
    """Show the program of another library, or without one what all of them compute."""
    # To compute needs neither.
    from upsamp.cli.translating import show_comparison, show_upsampling_program

    given, enlarging = read_input(request.source, request.reading), request.enlarging
    array = array_of(given)
    batch = as_batch(array, enlarging.layout)
    if request.library is None:
        if len(batch) > 1:
            raise click.UsageError("--compare is for one image; the array holds several.")
        show_comparison(batch[0], enlarging.result_size(given), enlarging)
        return
    size = enlarging.size_of(enlarging.shape_of(given))
    show_upsampling_program(request, given, size, enlarging)
