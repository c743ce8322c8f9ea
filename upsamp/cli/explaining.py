"""`--explain`: how a result is computed, step by step, on the user's own numbers."""

import click
import numpy as np

from upsamp.cli import transpose_request, upsample_request
from upsamp.cli.options import wrong_command
from upsamp.cli.render.explanations import render_overlap, show_explanation
from upsamp.cli.render.tables import show_note
from upsamp.cli.results import TUTORIAL_MATRIX, choose_picture, deliver, read_input
from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.convolve import conv2d_transpose, transposed_setting
from upsamp.core.layout import as_batch
from upsamp.core.upsampling.request import Rule, normalize_rule
from upsamp.errors import ArgumentError
from upsamp.explain.overlap import Words, find_overlap
from upsamp.explain.transposed import explain_transposed
from upsamp.explain.upsampling import explain_upsampling
from upsamp.io.pictures import Picture, array_of
from upsamp.io.streams import STANDARD_STREAM
from upsamp.models.transposed_convolution import Settings, Task, prepare
from upsamp.views.heat_map import draw_heat_maps


def explain_convolution(request: transpose_request.Request, settings: Settings) -> None:
    """Show the steps of a transposed convolution."""
    x, task = convolution_input(request, settings, "explained")
    with wrong_command(ArgumentError):
        made = explain_transposed(
            x,
            task.kernel,
            task.bias,
            settings.arguments,
            settings.output_shape,
            cell=request.cell,
            cell_name="--cell",
        )
    show_explanation(made, request.format_name)


def convolution_input(
    request: transpose_request.Request, settings: Settings, done: str
) -> tuple[Array, Task]:
    """Return the first image, (H, W, C), in the type that is computed in; and what is computed.

    done: what happens to it, as a note says of the first of several.
    """
    given = read_input(request.source, request.reading)
    task = prepare(array_of(given), settings, by_channel=isinstance(given, Picture))
    what = "channel" if task.apart else "image"
    return _first(task.x.astype(task.kernel.dtype, copy=False), what, done), task


def show_overlap(request: transpose_request.Request, settings: Settings) -> None:
    """Show how the kernels of a transposed convolution overlap, and draw it where that is asked."""
    wanted = request.overlap
    destination = choose_picture(wanted, "--overlap", request, least=400) if wanted else None
    given = read_input(request.source, request.reading)
    task = prepare(array_of(given), settings, by_channel=isinstance(given, Picture))
    setting = transposed_setting(*settings.arguments, settings.output_shape)
    words = Words(
        request.source or TUTORIAL_MATRIX,
        request.weights,
        request.seed,
        task.kernel.shape[2:] == (1, 1),
    )
    # What a constant of all channels becomes in the first filter.
    kernel = task.kernel[:, :, 0, : task.x.shape[3] // settings.groups].sum(axis=2)
    found = find_overlap(kernel, setting, task.x.shape[1:3], words)
    if destination is not None:
        response = conv2d_transpose(
            np.ones(task.x.shape[1:3]),
            kernel[:, :, np.newaxis, np.newaxis],
            None,
            *settings.arguments[:4],
            output_shape=settings.output_shape,
        )
        maps = {"products of each output": found.taps, "what 1 becomes": response}
        deliver(Picture(draw_heat_maps(maps), "RGB"), destination)
    if destination is None or destination.name != STANDARD_STREAM:
        render_overlap(found, request.format_name)


def explain_enlarging(request: upsample_request.Request) -> None:
    """Show the steps of an upsampling."""
    x, size, rule = enlarging_input(request, "--explain", "explained")
    with wrong_command(ArgumentError):
        made = explain_upsampling(x, size, rule, cell=request.cell, cell_name="--cell")
    show_explanation(made, request.format_name)


def enlarging_input(
    request: upsample_request.Request, option: str, done: str
) -> tuple[Array, Pair, Rule]:
    """Return the first image, (H, W, C), the size of the result, and the rule.

    done: what happens to it by the option, as a note says of the first of several.
    """
    given, enlarging = read_input(request.source, request.reading), request.enlarging
    if isinstance(given, Picture) and given.has_alpha:
        raise click.UsageError(
            f"{option} is for images without alpha, which weights the colours. Received: an image "
            "with alpha. Save it without."
        )
    size = enlarging.result_size(given)
    rule = normalize_rule(
        enlarging.interpolation,
        enlarging.convention,
        align_corners=enlarging.align_corners,
        alpha=False,
    )
    return _first(as_batch(array_of(given), enlarging.layout), "image", done), size, rule


def _first(batch: Array, what: str, done: str) -> Array:
    """Return the first image of (N, H, W, C); tell that the others are like it."""
    if len(batch) > 1:
        show_note(f"the first {what} of {len(batch)} is {done}; the others are computed alike")
    image: Array = batch[0]
    return image
