"""`upsamp upsample`: enlarge an image or a matrix by whole factors."""

from time import perf_counter

import click

from upsamp.cli.command import Command, PairType
from upsamp.cli.options import (
    force_option,
    format_option,
    input_argument,
    max_pixels_option,
    output_option,
)
from upsamp.cli.render import show_layer, show_matrix
from upsamp.cli.results import choose_destination, deliver, read_input, report
from upsamp.core.arguments import DATA_FORMATS, INTERPOLATIONS, Array, Pair
from upsamp.core.resample import upsample
from upsamp.io.pictures import Picture
from upsamp.layers import UpSampling2D
from upsamp.models.summary import layer_row

EXAMPLES = """
upsamp upsample photo.png --size 4 --interp lanczos3
upsamp upsample photo.png --size 2 3 --interp bilinear -o wide.png
upsamp upsample '1 2; 3 4' --size 2
cat photo.png | upsamp upsample - --size 2 > large.png
upsamp upsample '[[1,2],[3,4]]' --format json
"""


@click.command("upsample", cls=Command, examples=EXAMPLES)
@input_argument
@click.option(
    "--size",
    type=PairType(),
    default="2",
    show_default=True,
    help="Factor of the rows and of the columns.",
)
@click.option(
    "--interp",
    "--interpolation",
    "interpolation",
    type=click.Choice(INTERPOLATIONS, case_sensitive=False),
    default="nearest",
    show_default=True,
    help="How the values between the pixels are found.",
)
@click.option(
    "--data-format",
    type=click.Choice(DATA_FORMATS, case_sensitive=False),
    help="Where the channels of a matrix of rank 3 or 4 stand; by default they are last.",
)
@output_option
@format_option
@force_option
@max_pixels_option
def command(
    source: str | None,
    size: Pair,
    interpolation: str,
    data_format: str | None,
    output: str | None,
    format_name: str | None,
    force: bool,
    max_pixels: int,
) -> None:
    """Enlarge an image or a matrix by whole factors, as Keras' UpSampling2D does.

    INPUT is an image file, a matrix file (.npy .npz .csv .tsv .txt .json), '-' for standard input,
    or a matrix such as '1 2; 3 4'. An image is written beside its file; a matrix is shown, and
    through a pipe flows on as rows that '-' reads back without loss.
    """
    started = perf_counter()
    given = read_input(source, expand=interpolation != "nearest", max_pixels=max_pixels)
    ending = f"{size[0]}x{size[1]}_{interpolation}"
    destination = choose_destination(source, given, output, format_name, ending, force=force)
    result: Picture | Array
    if isinstance(given, Picture):
        if data_format is not None:
            raise click.UsageError("--data-format is for matrices; an image knows its channels.")
        pixels = upsample(given.pixels, size, interpolation, alpha=given.has_alpha)
        result = given.with_pixels(pixels)
    else:
        layout = data_format or "channels_last"
        result = upsample(given, size, interpolation, layout)
    if destination.format == "table" and not isinstance(given, Picture):
        show_matrix("Input", given)
    deliver(result, destination, force=force)
    if destination.format == "table" and not isinstance(given, Picture):
        layer = UpSampling2D(size, data_format, interpolation)
        shape = layer.compute_output_shape(_batch_shape(given))
        show_layer(layer_row(layer, shape), as_table=True)
    settings = [("Method", interpolation), ("Size", f"{size[0]} x {size[1]}")]
    report("Upsampled", source, given, result, destination, settings, started)


def _batch_shape(array: Array) -> tuple[int | None, ...]:
    """Give the shape that the layer sees: with a batch, and with a channel where there was none."""
    if array.ndim == 2:
        return (None, *array.shape, 1)
    return (None, *array.shape[-3:])
