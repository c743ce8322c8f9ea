"""`upsamp transpose-conv`: run a transposed convolution and show what it does."""

from typing import TYPE_CHECKING

import click

from upsamp.cli.command import Command
from upsamp.cli.options import spelled_as_options, takes
from upsamp.cli.transpose_request import Request
from upsamp.core.memory import limit_memory
from upsamp.io.streams import spooled_input

if TYPE_CHECKING:
    from upsamp.cli.modes.taken_layer import TakenLayer

EXAMPLES = """
upsamp transpose-conv --kernel 3 --stride 2 --padding same
upsamp transpose-conv '1 2; 3 4' --kernel 1 --stride 2
upsamp transpose-conv '1 2; 3 4' --weights '1 2 1; 2 4 2; 1 2 1' --stride 2 --format json
upsamp transpose-conv photo.png --weights bilinear --kernel 4 --stride 2 --padding same
upsamp transpose-conv '1 2; 3 4' --kernel 3 --stride 2 --padding same --explain
upsamp transpose-conv '1 2; 3 4' --kernel 3 --stride 2 --padding same --animate steps.gif
upsamp transpose-conv --kernel 3 --stride 2 --padding same --overlap
upsamp transpose-conv '1 2; 3 4' --kernel 3 --stride 2 --padding same --html page.html
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
    # Each mode is loaded when it is asked for.
    if request.solve is not None:
        from upsamp.cli.modes.solve import show_solutions

        show_solutions(request)
    elif request.fit is not None:
        from upsamp.cli.modes.fit import learn_kernel

        learn_kernel(request, request.fit)
    elif request.source_layer is None:
        with spelled_as_options():
            _run(request, None)
    elif layer := _take_layer(*request.source_layer, request):
        _run(request, layer)


def _run(request: Request, layer: "TakenLayer | None") -> None:
    """Run, explain or translate the convolution of the options, or of a layer."""
    from upsamp.cli.modes.taken_layer import settle

    if request.max_memory is not None:
        context = click.get_current_context()
        context.with_resource(limit_memory(request.max_memory))
        context.with_resource(spooled_input())
    settings = settle(request, layer)
    if request.html is not None:
        from upsamp.cli.html.transpose_conv import write_convolution_page

        write_convolution_page(request, settings, layer)
    elif request.explain:
        from upsamp.cli.modes.explain import explain_convolution

        explain_convolution(request, settings)
    elif request.animate is not None:
        from upsamp.cli.modes.animate import animate_convolution

        animate_convolution(request, settings)
    elif request.overlap is not None:
        from upsamp.cli.modes.explain import show_overlap

        show_overlap(request, settings)
    elif request.library is not None:
        from upsamp.cli.modes.code import translate_convolution

        translate_convolution(request, settings, layer)
    else:
        from upsamp.cli.modes.convolve import convolve_one

        convolve_one(request, settings, layer)


def _take_layer(library: str, text: str, request: Request) -> "TakenLayer | None":
    """Return the transposed convolution that --from says, or show or compute another layer."""
    if library == "torch":
        from upsamp.cli.modes.from_torch import take_torch_layer

        return take_torch_layer(text, request)
    from upsamp.cli.modes.from_keras import take_keras_layer  # which knows all layers

    return take_keras_layer(text, request)
