"""`upsamp transpose-conv`: run a transposed convolution and show what it does."""

from dataclasses import dataclass
from time import perf_counter

import click
import numpy as np

from upsamp.cli.command import Command, PairType
from upsamp.cli.options import (
    force_option,
    format_option,
    input_argument,
    max_pixels_option,
    output_option,
    seed_option,
)
from upsamp.cli.render import on_terminal, show_layer, show_matrix, show_note
from upsamp.cli.results import choose_destination, deliver, read_input, report
from upsamp.core.arguments import PADDINGS, Array, Pair
from upsamp.core.convolution import conv2d_transpose
from upsamp.core.dtypes import compute_dtype, round_to
from upsamp.core.initializers import get_initializer
from upsamp.errors import ShapeError
from upsamp.io.formats import is_image_format
from upsamp.io.matrices import parse_text
from upsamp.io.pictures import Picture, picture_of_matrix
from upsamp.io.sources import read_matrix
from upsamp.layers import Conv2DTranspose
from upsamp.models.summary import layer_row

EXAMPLES = """
upsamp transpose-conv --kernel 3 --stride 2 --padding same
upsamp transpose-conv '1 2; 3 4' --kernel 1 --stride 2
upsamp transpose-conv '1 2; 3 4' --weights '1 2 1; 2 4 2; 1 2 1' --stride 2 --format json
upsamp transpose-conv photo.png --kernel 2 --stride 2
upsamp transpose-conv features.npy --kernel 4 --stride 2 --filters 8 --weights random -o out.npy
"""

PRESETS = {"ones": "ones", "random": "glorot_uniform"}


@dataclass(frozen=True)
class Settings:
    """The settings of the layer, as they were given; None is Keras' default."""

    kernel: Pair | None
    strides: Pair
    padding: str
    output_padding: Pair | None
    dilation: Pair
    filters: int | None
    weights: str
    bias: str
    seed: int


@click.command("transpose-conv", cls=Command, examples=EXAMPLES)
@input_argument
@click.option(
    "--kernel",
    "--kernel-size",
    type=PairType(),
    help="Rows and columns of the kernel.  [default: 3, or those of --weights]",
)
@click.option(
    "--stride",
    "--strides",
    type=PairType(),
    default="1",
    show_default=True,
    help="Distance in the output between neighbours of the input.",
)
@click.option(
    "--padding",
    type=click.Choice(PADDINGS, case_sensitive=False),
    default="valid",
    show_default=True,
    help="valid keeps the whole result; same crops it to input times stride.",
)
@click.option(
    "--output-padding",
    type=PairType(minimum=0),
    help="Rows and columns that are added to the output; below the stride.",
)
@click.option(
    "--dilation",
    "--dilation-rate",
    type=PairType(),
    default="1",
    show_default=True,
    help="Distance between the elements of the kernel.",
)
@click.option(
    "--filters",
    type=click.IntRange(min=1),
    help="Channels of the output; every one is made from all channels of the input.",
)
@click.option(
    "--weights",
    metavar="ones|random|FILE|MATRIX",
    default="ones",
    show_default=True,
    help="The kernel: (rows, columns), or (rows, columns, filters, channels) in a .npy file.",
)
@click.option(
    "--bias", metavar="NUMBERS", default="0", show_default=True, help="One, or one a filter."
)
@seed_option
@output_option
@format_option
@force_option
@max_pixels_option
def command(
    source: str | None,
    kernel: Pair | None,
    stride: Pair,
    padding: str,
    output_padding: Pair | None,
    dilation: Pair,
    filters: int | None,
    weights: str,
    bias: str,
    seed: int,
    output: str | None,
    format_name: str | None,
    force: bool,
    max_pixels: int,
) -> None:
    """Run a transposed convolution on an image or a matrix, as Keras' Conv2DTranspose does.

    INPUT is an image file, a matrix file (.npy .npz .csv .tsv .txt .json), '-' for standard input,
    or a matrix such as '1 2; 3 4'. An image is convolved channel by channel, unless --filters or
    the weights say otherwise; its pixels are rounded, and saturated at 0 and 255.
    """
    started = perf_counter()
    settings = Settings(
        kernel, stride, padding, output_padding, dilation, filters, weights, bias, seed
    )
    given = read_input(source, expand=True, max_pixels=max_pixels)
    ending = f"{stride[0]}x{stride[1]}_transpose"
    destination = choose_destination(source, given, output, format_name, ending, force=force)
    array = given.pixels if isinstance(given, Picture) else given
    values, layer = _convolve(array, settings, by_channel=isinstance(given, Picture))
    result: Picture | Array = values
    if isinstance(given, Picture) and is_image_format(destination.format):
        result = _to_picture(given, values)
    if destination.format == "table" and not isinstance(given, Picture):
        show_matrix("Input", given)
    deliver(result, destination, force=force)
    channels = layer.input_channels or 1
    shape = layer.compute_output_shape((None, *array.shape[-3:][:2], channels))
    show_layer(layer_row(layer, shape), as_table=on_terminal() or destination.format == "table")
    report(
        "Convolved, transposed",
        source,
        given,
        result,
        destination,
        [
            ("Kernel", " x ".join(map(str, layer.kernel_size))),
            ("Stride", f"{stride[0]} x {stride[1]}"),
            ("Padding", padding),
        ],
        started,
    )


def _convolve(
    array: Array, settings: Settings, *, by_channel: bool
) -> tuple[Array, Conv2DTranspose]:
    """Give the result and the layer that computes it.

    array: (H, W), (H, W, C) or (N, H, W, C). With `by_channel` each channel is convolved alone,
    unless the filters or the weights say otherwise.
    """
    channels = array.shape[-1] if array.ndim > 2 else 1
    given = None if settings.weights in PRESETS else _given_kernel(settings)
    whole = given is not None and given.shape[2:] != (1, 1)
    apart = by_channel and settings.filters is None and not whole
    kernel = _kernel(settings, given, 1 if apart else channels)
    dtype = compute_dtype(np.float32 if array.dtype.itemsize == 1 else array.dtype)
    bias = parse_text(settings.bias, "--bias").ravel()
    filters = kernel.shape[2]
    x = array.astype(dtype)
    if apart and array.ndim == 3:
        x = np.moveaxis(x, 2, 0)[..., np.newaxis]
    elif x.ndim == 2:
        x = x[..., np.newaxis]
    result = conv2d_transpose(
        x,
        kernel.astype(dtype),
        (np.repeat(bias, filters) if bias.size == 1 else bias).astype(dtype),
        settings.strides,
        settings.padding,
        settings.output_padding,
        settings.dilation,
    )
    if apart and array.ndim == 3:
        result = np.moveaxis(result[..., 0], 0, 2)
    elif array.ndim == 2 and filters == 1:
        result = result[..., 0]
    layer = Conv2DTranspose(
        filters,
        kernel.shape[:2],
        settings.strides,
        settings.padding,
        settings.output_padding,
        dilation_rate=settings.dilation,
    )
    layer.build((None, *array.shape[-3:][:2], kernel.shape[3]))
    return result, layer


def _given_kernel(settings: Settings) -> Array:
    """Read the kernel that `--weights` names, as (rows, columns, filters, channels)."""
    kernel = read_matrix(settings.weights, "--weights")
    if kernel.ndim == 3:
        raise ShapeError(
            "--weights must be (rows, columns) or (rows, columns, filters, channels). "
            f"Received: shape {kernel.shape}."
        )
    if kernel.ndim == 2:
        kernel = kernel[:, :, np.newaxis, np.newaxis]
    for what, wanted, held in (
        ("--kernel", settings.kernel, kernel.shape[:2]),
        ("--filters", settings.filters, kernel.shape[2]),
    ):
        if wanted not in (None, held):
            raise ShapeError(
                f"{what} must agree with --weights, of shape {kernel.shape}. "
                f"Received: {what} {wanted}. Leave {what} out."
            )
    return kernel


def _kernel(settings: Settings, given: Array | None, channels: int) -> Array:
    """Give the kernel, read or made, for an input of so many channels."""
    if given is not None:
        return given
    shape = (*(settings.kernel or (3, 3)), settings.filters or 1, channels)
    return get_initializer(PRESETS[settings.weights])(shape, settings.seed)


def _to_picture(given: Picture, values: Array) -> Picture:
    """Give the values as pixels of the type that the image had, and say what was cut off."""
    limit = np.iinfo(given.pixels.dtype).max if given.pixels.dtype.kind in "iu" else np.inf
    lost = np.count_nonzero((values < 0) | (values > limit)) if np.isfinite(limit) else 0
    if lost:
        show_note(
            f"{100 * lost / values.size:.1f}% of the values were below 0 or above {limit} and are "
            "cut off there; -o FILE.npy keeps them, and smaller --weights avoid them"
        )
    pixels = round_to(values, given.pixels.dtype)
    same = pixels.shape[2:] == given.pixels.shape[2:]
    return given.with_pixels(pixels) if same else picture_of_matrix(pixels)
