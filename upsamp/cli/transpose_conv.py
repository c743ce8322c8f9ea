"""`upsamp transpose-conv`: run a transposed convolution and show what it does."""

import math
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import click
import numpy as np

from upsamp.cli.command import Command
from upsamp.cli.options import takes, wrong_command
from upsamp.cli.render.tables import show_layer, show_note
from upsamp.cli.results import (
    choose_destination,
    find_source,
    finish,
    report,
    show_result,
    shows_tables,
)
from upsamp.cli.transpose_request import Request, check_size, read_kernel
from upsamp.core.convolution.convolve import transposed_setting
from upsamp.core.memory import limit_memory
from upsamp.io.formats import is_image_format
from upsamp.io.streams import spooled_input
from upsamp.models.transposed_convolution import (
    Convolution,
    Settings,
)
from upsamp.resizing.file_to_file import Job, plan_job, prepare
from upsamp.resizing.strip_jobs import Source

if TYPE_CHECKING:
    from upsamp.cli.taken_layer import TakenLayer

EXAMPLES = """
upsamp transpose-conv --kernel 3 --stride 2 --padding same
upsamp transpose-conv '1 2; 3 4' --kernel 1 --stride 2
upsamp transpose-conv '1 2; 3 4' --weights '1 2 1; 2 4 2; 1 2 1' --stride 2 --format json
upsamp transpose-conv photo.png --weights bilinear --kernel 4 --stride 2 --padding same
upsamp transpose-conv '1 2; 3 4' --kernel 3 --stride 2 --padding same --explain
upsamp transpose-conv --kernel 3 --stride 2 --padding same --overlap
upsamp transpose-conv --kernel 3 --stride 2 --padding same --html page.html
upsamp transpose-conv --kernel 3 --stride 2 --padding same --code torch
upsamp transpose-conv --from torch 'ConvTranspose2d(64, 3, 4, stride=2, padding=1)' --code keras
upsamp transpose-conv --from keras model.keras:conv2d_transpose_1 --code onnx
upsamp transpose-conv --solve 7 28
upsamp transpose-conv small.png --fit large.png --kernel 6 --stride 2 --save-weights k.npy
upsamp transpose-conv features.npy --kernel 4 --stride 2 --filters 8 --weights random -o out.npy
"""


@click.command("transpose-conv", cls=Command, examples=EXAMPLES)
@takes(Request)
def command(request: Request) -> None:
    """Run a transposed convolution on an image or a matrix, as Keras' Conv2DTranspose does.

    INPUT is an image file, a matrix file (.npy .npz .csv .tsv .txt .json, also packed as
    .gz), one array of several as FILE.npz:NAME, '-' for standard input, or a matrix such as
    '1 2; 3 4'. An image is convolved channel by channel, unless --filters or
    the weights say otherwise; its pixels are rounded, and saturated at 0 and 255.
    """
    request.check()
    layer = None
    if request.source_layer is not None:
        layer = _take_layer(*request.source_layer, request)
        if layer is None:
            return
    if request.max_memory is not None:
        click.get_current_context().with_resource(limit_memory(request.max_memory))
        click.get_current_context().with_resource(spooled_input())
    if request.solve is not None:
        from upsamp.cli.solving import show_solutions  # neither is needed to compute

        show_solutions(*request.solve)
    elif request.fit is not None:
        from upsamp.cli.fitting import learn_kernel

        learn_kernel(request, request.fit)
    else:
        settings = _settle(request, layer)
        if request.html is not None:
            from upsamp.cli.html.transpose_conv import write_convolution_page  # few send a page

            write_convolution_page(request, settings, request.html)
            return
        if request.explain:
            from upsamp.cli.explaining import explain_convolution

            explain_convolution(request, settings)
            return
        if request.overlap is not None:
            from upsamp.cli.explaining import show_overlap

            show_overlap(request, settings)
            return
        if request.library is None:
            _convolve(request, settings, layer)
            return
        from upsamp.cli.translating import translate_convolution

        translate_convolution(request, settings, layer)


def _take_layer(library: str, text: str, request: Request) -> "TakenLayer | None":
    """Return the transposed convolution that --from says, or show or compute another layer."""
    if library == "torch":
        from upsamp.cli.torch_layers import take_torch_layer

        return take_torch_layer(text, request)
    from upsamp.cli.keras_layers import take_keras_layer  # which knows all layers

    return take_keras_layer(text, request)


def _settle(request: Request, layer: "TakenLayer | None") -> Settings:
    """Return the settings with the kernel, where it is no preset; or those of a layer."""
    if layer is None:
        settings, layout = request.settings, request.kernel_layout
        _check_settings(settings)
        kernel = read_kernel(
            request.weights, request.kernel, request.filters, request.groups, layout
        )
        return replace(settings, kernel=kernel)
    _check_settings(layer.settings)
    return layer.settings


def _convolve(request: Request, settings: Settings, layer: "TakenLayer | None") -> None:
    """Read an image or a matrix, convolve it, and write or show the result."""
    started = perf_counter()

    def plan(found: Source) -> Job[Convolution]:
        if layer is not None:
            from upsamp.cli.taken_layer import check_channels

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
        share = 100 * job.work.lost / math.prod(job.work.shape)
        show_note(
            f"{share:.1f}% of the values were below 0 or above {np.iinfo(job.work.dtype).max} "
            "and are cut off there; -o FILE.npy keeps them, and --weights bilinear avoids them"
        )
    if destination.format == "table":
        show_result(job.source.load(), delivered)
    show_layer(job.work.row, as_table=shows_tables(destination))
    shown = [
        ("Weights", settings.preset),
        ("Stride", "{} x {}".format(*settings.strides)),
        ("Padding", str(settings.padding)),
    ]
    report("Convolved, transposed", request.source, given, delivered, destination, shown, started)


def _check_settings(settings: Settings) -> None:
    """Raise where settings contradict each other, whatever the input is."""
    with wrong_command():
        transposed_setting(*settings.arguments, settings.output_shape)
    if settings.filters is not None and settings.filters % settings.groups:
        raise click.UsageError(
            f"--groups must divide --filters. Received: --groups {settings.groups}, "
            f"--filters {settings.filters}."
        )
