"""`--code` and `--compare`: the same computation in other libraries, and what those compute."""

import numpy as np

from upsamp.cli.options import wrong_command
from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import show_note, show_rows
from upsamp.cli.results import read_input
from upsamp.cli.transpose_request import Request
from upsamp.core.arguments import Array, DataFormat, Pair
from upsamp.core.layout import as_batch
from upsamp.core.memory import check_memory
from upsamp.errors import ArgumentError, ShapeError
from upsamp.io.pictures import Picture, array_of
from upsamp.models.transposed_convolution import Settings, check_output_shape, prepare
from upsamp.resizing.enlarging import Enlarging
from upsamp.translate import (
    TorchLayer,
    TransposedConvolution,
    Upsampling,
    array_source,
    transposed_convolution_program,
    upsampling_program,
)
from upsamp.translate.peers import compare_with_peers

# Arrays of up to this many elements are written out in a program.
SMALL = 64


def show_upsampling_program(library: str, x: Array, size: Pair, enlarging: Enlarging) -> None:
    """Print a program of another library that upsamples x (N, H, W, C) to `size`."""
    # Some programs depend on each row and column, which is tried for all of them.
    check_memory((len(x), *size, x.shape[-1]), x.dtype, "The result of the program")
    settings = Upsampling.of(
        x.shape,
        size,
        enlarging.interpolation,
        convention=enlarging.convention,
        align_corners=enlarging.align_corners,
    )
    print_text(upsampling_program(settings, library, _source(x, "x.npy")).removesuffix("\n"))


def translate_convolution(request: Request, settings: Settings, layer: TorchLayer | None) -> None:
    """Print a program of another library that computes a transposed convolution of the input.

    layer: where the settings are from; without a source it says what the input is like.
    """
    example = None
    if request.source is None and layer is not None:
        shape = (1, 8, 8, layer.channels or 1)
        array, example = np.zeros(shape), f"np.random.default_rng(0).random({shape})"
        by_channel = False
    else:
        given = read_input(request.source, request.reading)
        if layer is not None:
            check_channels(layer, given, settings.data_format)
        by_channel = isinstance(given, Picture)
        array = array_of(given)
    with wrong_command(ArgumentError):
        check_output_shape(array, settings, by_channel=by_channel)
    task = prepare(array, settings, by_channel=by_channel)
    program = TransposedConvolution.of(
        task.x.shape,
        task.kernel.shape,
        *settings.arguments,
        output_shape=settings.output_shape,
        bias=bool(task.bias.any()),
    )
    text = transposed_convolution_program(
        program,
        str(request.library),
        example or _source(task.x.astype(task.kernel.dtype), "x.npy"),
        _source(task.kernel, "kernel.npy"),
        _source(task.bias, "bias.npy") if program.bias else None,
    )
    print_text(text.removesuffix("\n"))
    if example is not None:
        show_note(f"no input was given, so the program takes a random one, {program.input_shape}")


def check_channels(layer: TorchLayer, given: Picture | Array, data_format: DataFormat) -> None:
    """Raise where a layer that was read is for another number of channels than the input has."""
    array = array_of(given)
    channels = as_batch(array, data_format).shape[3]
    if layer.channels != channels:
        raise ShapeError(
            f"The input must have the channels of the layer, {layer.channels}. "
            f"Received: {channels}, of shape {array.shape}."
        )


def _source(array: Array, file: str) -> str:
    """Return Python source of an array: written out, or where it is large read from a file."""
    if array.size > 1 and (array == array.flat[0]).all() and float(array.flat[0]).is_integer():
        value = int(array.flat[0])
        return f"np.full({array.shape}, {value})"
    # Axes of one element would be so many brackets; they come back by a reshape.
    written = array.squeeze() if array.size <= SMALL else array
    source = array_source(written, array.shape, file)
    if source.startswith("np.load("):
        show_note(f"the program reads {file}, which must hold an array of shape {array.shape}")
    return source


def show_comparison(array: Array, size: Pair, enlarging: Enlarging) -> None:
    """Show how far the results of other conventions and libraries lie from the chosen one.

    array: (H, W, C). size: the rows and columns of the result.
    """
    method, convention = enlarging.interpolation, enlarging.convention
    rows = []
    # Infinities and what is not a number differ by what is not a number: that is what is shown.
    with np.errstate(invalid="ignore", over="ignore"):
        for peer in compare_with_peers(
            array, size, method, convention=convention, align_corners=enlarging.align_corners
        ):
            numbers = (peer.largest, peer.mean, peer.psnr)
            cells = ["-" if number is None else f"{number:.3g}" for number in numbers]
            rows.append((peer.name, *cells, peer.remark))
    title = f"{method}, convention {convention}, {size[0]} x {size[1]}, beside"
    show_rows(title, ("Library", "Largest", "Mean", "PSNR (dB)", ""), rows, "<>>><")
