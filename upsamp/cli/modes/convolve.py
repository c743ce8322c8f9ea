"""To convolve one image or matrix, which `upsamp transpose-conv` does without other wishes."""

import math
from functools import partial
from time import perf_counter

import numpy as np

from upsamp.cli.modes.taken_layer import TakenLayer, check_channels
from upsamp.cli.options import wrong_command
from upsamp.cli.output import (
    choose_destination,
    find_source,
    finish,
    report,
    show_result,
    shows_tables,
)
from upsamp.cli.render.tables import show_layer, show_note
from upsamp.cli.transpose_request import Request
from upsamp.core.arguments import Array
from upsamp.core.layout import as_batch
from upsamp.errors import ArgumentError
from upsamp.io.formats import is_image_format
from upsamp.io.picture_options import check_result
from upsamp.io.pictures import Picture, array_of
from upsamp.models.transposed_convolution import (
    Convolution,
    Settings,
    check_output_shape,
    result_size,
)
from upsamp.resizing.file_to_file import Job, plan_job, prepare
from upsamp.resizing.strip_jobs import Source


def convolve_one(request: Request, settings: Settings, layer: TakenLayer | None) -> None:
    """Read an image or a matrix, convolve it, and write or show the result."""
    started = perf_counter()

    def plan(found: Source) -> Job[Convolution]:
        if layer is not None:
            check_channels(layer.channels, found.given, settings.data_format)
        ending = "{}x{}_transpose".format(*settings.strides)
        destination = choose_destination(request, found.given, ending)
        check_size(found.given, settings, request.max_pixels)
        drawn = is_image_format(destination.format)
        work = Convolution.of(found.given, settings, drawn=drawn)
        return plan_job(found, work, destination)

    job = prepare(partial(find_source, request), plan)
    given, destination = job.source.given, job.destination
    delivered = finish(job)
    if job.work.lost:
        show_note(lost_note(job.work))
    if destination.format == "table":
        show_result(job.source.load(), delivered, request.digits)
    show_layer(job.work.row, as_table=shows_tables(destination))
    shown = [
        ("Weights", settings.preset),
        ("Stride", "{} x {}".format(*settings.strides)),
        ("Padding", str(settings.padding)),
    ]
    report("Convolved, transposed", request.source, given, delivered, destination, shown, started)


def lost_note(work: Convolution) -> str:
    """Tell how many values of a result were cut off."""
    share = 100 * work.lost / math.prod(work.shape)
    return (
        f"{share:.1f}% of the values were below 0 or above {np.iinfo(work.dtype).max} "
        "and are cut off there; -o FILE.npy keeps them, and --weights bilinear avoids them"
    )


def check_size(given: Picture | Array, settings: Settings, max_pixels: int) -> None:
    """Raise where the result has more pixels than may be, or zeros that nothing follows from."""
    by_channel, array = isinstance(given, Picture), array_of(given)
    size = result_size(array, settings, by_channel=by_channel)
    images = len(as_batch(array, settings.data_format))
    check_result(*size, max_pixels, images * math.prod(size))
    with wrong_command(ArgumentError):
        check_output_shape(array, settings, by_channel=by_channel)
