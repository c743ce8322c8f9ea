"""To enlarge one image or matrix, which `upsamp upsample` does without other wishes."""

from functools import partial
from time import perf_counter

import click

from upsamp.cli.output import (
    TUTORIAL_MATRIX,
    choose_destination,
    find_source,
    finish,
    preview,
    report,
    show_planned,
    show_result,
)
from upsamp.cli.render.tables import show_layer, show_note
from upsamp.cli.upsample_request import Request
from upsamp.core.arguments import Array
from upsamp.core.memory import limit_memory
from upsamp.io.pictures import Picture
from upsamp.io.streams import STANDARD_STREAM, is_open, spooled_input
from upsamp.io.write import Destination
from upsamp.resizing.enlarging import Enlarging
from upsamp.resizing.file_to_file import Job, copy_kept, plan_job, prepare, work_of
from upsamp.resizing.strip_jobs import EnlargedStrips, Source


def enlarge_one(request: Request) -> None:
    """Enlarge an image or a matrix, within the memory that is allowed."""
    if request.max_memory is None and not request.keep_larger:
        _enlarge(request)
        return
    # The input can be read again, to copy it.
    with limit_memory(request.max_memory), spooled_input():
        _enlarge(request)


def _enlarge(request: Request) -> None:
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
        _show_table(job.source.load(), delivered, enlarging, request.digits)
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


def _show_table(
    given: Picture | Array, result: Picture | Array, enlarging: Enlarging, digits: int | None
) -> None:
    """Show a matrix before and after, and the layer that makes one of the other."""
    show_result(given, result, digits)
    if isinstance(given, Picture) or enlarging.network is not None:
        return
    from upsamp.models.upsampling_layer import upsampling_row  # only tables show the layer

    batch_shape = (None, *given.shape, 1) if given.ndim == 2 else (None, *given.shape[-3:])
    before, after = enlarging.shape_of(given), enlarging.shape_of(result)
    method = enlarging.interpolation
    row = upsampling_row(batch_shape, before, after, method, enlarging.layout)
    show_layer(row, as_table=True)
