"""`--explain`: how a result is computed, step by step, on the user's own numbers."""

import click
import numpy as np

from upsamp.cli import transpose_request, upsample_request
from upsamp.cli.options import wrong_command
from upsamp.cli.render.explanations import render_overlap, show_explanation
from upsamp.cli.render.tables import show_note
from upsamp.cli.results import TUTORIAL_MATRIX, choose_picture, deliver, read_input
from upsamp.core.arguments import Array
from upsamp.core.convolution.convolve import conv2d_transpose, transposed_setting
from upsamp.core.layout import as_batch
from upsamp.core.upsampling.request import normalize_rule
from upsamp.errors import ArgumentError
from upsamp.explain.explanation import Explanation
from upsamp.explain.overlap import Overlap, Words, find_overlap
from upsamp.explain.transposed import explain_transposed
from upsamp.explain.upsampling import explain_upsampling
from upsamp.io.pictures import Picture, array_of
from upsamp.io.streams import STANDARD_STREAM
from upsamp.models.transposed_convolution import Settings, prepare
from upsamp.views.heat_map import draw_heat_maps


def explain_convolution(request: transpose_request.Request, settings: Settings) -> None:
    """Show the steps of a transposed convolution."""
    given = read_input(request.source, request.reading)
    show_explanation(explanation_of_convolution(request, settings, given), request.format_name)


def explanation_of_convolution(
    request: transpose_request.Request, settings: Settings, given: Picture | Array
) -> Explanation:
    """Return the steps of a transposed convolution of an input."""
    by_channel = isinstance(given, Picture)
    task = prepare(array_of(given), settings, by_channel=by_channel)
    x = _first(task.x.astype(task.kernel.dtype, copy=False), "channel" if task.apart else "image")
    with wrong_command(ArgumentError):
        return explain_transposed(
            x,
            task.kernel,
            task.bias,
            settings.arguments,
            settings.output_shape,
            cell=request.cell,
            cell_name="--cell",
        )


def show_overlap(request: transpose_request.Request, settings: Settings) -> None:
    """Show how the kernels of a transposed convolution overlap, and draw it where that is asked."""
    wanted = request.overlap
    destination = choose_picture(wanted, "--overlap", request, least=400) if wanted else None
    given = read_input(request.source, request.reading)
    found, response = overlap_of(request, settings, given)
    if destination is not None:
        maps = {"products of each output": found.taps, "what 1 becomes": response}
        deliver(Picture(draw_heat_maps(maps), "RGB"), destination)
    if destination is None or destination.name != STANDARD_STREAM:
        render_overlap(found, request.format_name)


def overlap_of(
    request: transpose_request.Request, settings: Settings, given: Picture | Array
) -> tuple[Overlap, Array]:
    """Return how kernels overlap for an input, and what 1 becomes, (OH, OW)."""
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
    response = conv2d_transpose(
        np.ones(task.x.shape[1:3]),
        kernel[:, :, np.newaxis, np.newaxis],
        None,
        *settings.arguments[:4],
        output_shape=settings.output_shape,
    )
    return found, response


def explain_enlarging(request: upsample_request.Request) -> None:
    """Show the steps of an upsampling."""
    given = read_input(request.source, request.reading)
    show_explanation(explanation_of_enlarging(request, given), request.format_name)


def explanation_of_enlarging(
    request: upsample_request.Request, given: Picture | Array
) -> Explanation:
    """Return the steps of an upsampling of an input."""
    enlarging = request.enlarging
    if isinstance(given, Picture) and given.has_alpha:
        raise click.UsageError(
            "--explain is for images without alpha, which weights the colours. Received: an image "
            "with alpha. Save it without."
        )
    size = enlarging.result_size(given)
    rule = normalize_rule(
        enlarging.interpolation,
        enlarging.convention,
        align_corners=enlarging.align_corners,
        alpha=False,
    )
    x = _first(as_batch(array_of(given), enlarging.layout), "image")
    with wrong_command(ArgumentError):
        return explain_upsampling(x, size, rule, cell=request.cell, cell_name="--cell")


def _first(batch: Array, what: str) -> Array:
    """Return the first image of (N, H, W, C); tell that the others are like it."""
    if len(batch) > 1:
        show_note(f"the first {what} of {len(batch)} is explained; the others are computed alike")
    image: Array = batch[0]
    return image
