"""`--explain`: how a result is computed, step by step, on the user's own numbers."""

import shlex
from collections.abc import Sized
from dataclasses import replace

import click
import numpy as np

from upsamp.cli import transpose_request, upsample_request
from upsamp.cli.options import DEFAULT, wrong_command
from upsamp.cli.output import TUTORIAL_MATRIX, choose_picture, deliver, read_input
from upsamp.cli.render.explanations import render_overlap, show_explanation
from upsamp.cli.render.tables import show_note
from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.convolve import conv2d_transpose, transposed_setting
from upsamp.core.layout import as_batch
from upsamp.core.upsampling.request import Rule, normalize_rule
from upsamp.errors import ArgumentError
from upsamp.explain.explanation import Explanation
from upsamp.explain.overlap import Overlap, Words, find_overlap
from upsamp.explain.transposed import explain_transposed
from upsamp.explain.upsampling import explain_upsampling
from upsamp.io.pictures import Picture, array_of
from upsamp.io.streams import STANDARD_STREAM
from upsamp.models.transposed_convolution import Settings, Task, prepare
from upsamp.views.heat_map import draw_heat_maps

# What is no option of the computation.
NOT_OWN = (
    *("source", "overlap", "html", "output", "cell", "view", "cell_pixels", "fps", "theme"),
    *("format_name", "digits", "compression", "quiet", "force"),
)


def explain_convolution(request: transpose_request.Request, settings: Settings) -> None:
    """Show the steps of a transposed convolution."""
    made = explanation_of_convolution(request, settings)
    show_explanation(made, request.format_name, request.digits)


def explanation_of_convolution(
    request: transpose_request.Request, settings: Settings, given: Picture | Array | None = None
) -> Explanation:
    """Return the steps of a transposed convolution; given: the input, if it was read before."""
    batch, task = convolution_input(request, settings, given)
    with wrong_command(ArgumentError):
        made = explain_transposed(
            batch[0],
            task.kernel,
            task.bias,
            settings.arguments,
            settings.output_shape,
            cell=request.cell,
            cell_name="--cell",
        )
    tell_first(batch, "channel" if task.apart else "image", "explained")
    return made


def convolution_input(
    request: transpose_request.Request, settings: Settings, given: Picture | Array | None = None
) -> tuple[Array, Task]:
    """Return images, (N, H, W, C), in the type that is computed in; and what is computed.

    given: the input, if it was read before.
    """
    given = read_input(request.source, request.reading) if given is None else given
    task = prepare(array_of(given), settings, by_channel=isinstance(given, Picture))
    return task.x.astype(task.kernel.dtype, copy=False), task


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
        render_overlap(found, request.format_name, request.digits)


def overlap_of(
    request: transpose_request.Request, settings: Settings, given: Picture | Array
) -> tuple[Overlap, Array]:
    """Return how kernels overlap for an input, and what 1 becomes, (OH, OW)."""
    task = prepare(array_of(given), settings, by_channel=isinstance(given, Picture))
    setting = transposed_setting(*settings.arguments, settings.output_shape)
    kernel = _constant_kernel(task, settings)
    with wrong_command(ArgumentError):
        words = _words_of(request, settings, given, task)
    found = find_overlap(kernel, setting, task.x.shape[1:3], words)
    response = conv2d_transpose(
        np.ones(task.x.shape[1:3]),
        kernel[:, :, np.newaxis, np.newaxis],
        None,
        *settings.arguments[:4],
        output_shape=settings.output_shape,
    )
    return found, response


def _constant_kernel(task: Task, settings: Settings) -> Array:
    """Return what a constant of all channels meets in the first filter, (rows, columns)."""
    kernel: Array = task.kernel[:, :, 0, : task.kernel.shape[3] // settings.groups].sum(axis=2)
    return kernel


def _words_of(
    request: transpose_request.Request, settings: Settings, given: Picture | Array, task: Task
) -> Words:
    """Return the words that the cures of a command are told in."""
    by_channel, array = isinstance(given, Picture), array_of(given)

    def make(name: str, size: Pair, strides: Pair) -> Array:
        other = replace(settings, kernel=None, preset=name, kernel_size=size, strides=strides)
        return _constant_kernel(prepare(array, other, by_channel=by_channel), other)

    source = request.source or TUTORIAL_MATRIX
    weights: str | None = request.weights
    layer = request.source_layer
    if layer is not None and settings.kernel is not None:  # which no option names
        weights = None
    first = settings.data_format == "channels_first"
    resized = (" --data-format channels_first" if first else "") + (
        " --missing nan" if request.missing == "nan" else ""
    )
    kept = [
        *(("--bias", request.bias) if request.bias != "0" else ()),
        *(("--filters", str(settings.filters)) if settings.filters else ()),
        *(("--groups", str(settings.groups)) if settings.groups > 1 else ()),
        *(("--kernel-layout", "torch") if request.kernel_layout == "torch" else ()),
        *(("--seed", str(request.seed)) if request.seed else ()),
    ]
    piped = " --format txt" if array.ndim == 2 else " --format npy"
    return Words(
        _own_command(source),
        source,
        weights,
        task.kernel.shape[2:] == (1, 1),
        "".join(f" {shlex.quote(word)}" for word in kept) + resized,
        resized,
        " -o - --format png" if by_channel else piped,
        " -o even.png" if by_channel else "",
        task.apart or task.kernel.shape[2] * settings.groups == 1,
        make,
    )


def _own_command(source: str) -> str:
    """Return the command that computes the result, without the options that show or write it."""
    context, words = click.get_current_context(), ["upsamp", "transpose-conv", source]
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) is not DEFAULT and name not in NOT_OWN:
            words += [parameter.opts[0], *_spelled(context.params[name])]
    return shlex.join(words)


def _spelled(value: object) -> list[str]:
    """Return the words of an option's value: one for all numbers that are the same."""
    if isinstance(value, tuple):
        words = [word for one in value for word in _spelled(one)]
        return words[:1] if len({*words}) == 1 else words
    return [str(value)]


def explain_enlarging(request: upsample_request.Request) -> None:
    """Show the steps of an upsampling."""
    made = explanation_of_enlarging(request)
    show_explanation(made, request.format_name, request.digits)


def explanation_of_enlarging(
    request: upsample_request.Request, given: Picture | Array | None = None
) -> Explanation:
    """Return the steps of an upsampling; given: the input, if it was read before."""
    batch, size, rule = enlarging_input(request, "--explain", given)
    with wrong_command(ArgumentError):
        made = explain_upsampling(batch[0], size, rule, cell=request.cell, cell_name="--cell")
    tell_first(batch, "image", "explained")
    return made


def enlarging_input(
    request: upsample_request.Request, option: str, given: Picture | Array | None = None
) -> tuple[Array, Pair, Rule]:
    """Return images, (N, H, W, C), the size of the result, and the rule.

    option: whose input it is. given: the input, if it was read before.
    """
    given = read_input(request.source, request.reading) if given is None else given
    enlarging = request.enlarging
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
    return as_batch(array_of(given), enlarging.layout), size, rule


def tell_first(items: Sized, what: str, done: str) -> None:
    """Tell that the first of several was explained, or animated, and that the others are like it.

    what: they are. done: what happened to it.
    """
    if len(items) > 1:
        show_note(f"the first {what} of {len(items)} is {done}; the others are computed alike")
