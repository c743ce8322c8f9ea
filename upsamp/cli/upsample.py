"""`upsamp upsample`: enlarge an image or a matrix."""

from time import perf_counter
from typing import TYPE_CHECKING, cast

import click

from upsamp.cli.command import Command, FactorType, TargetType
from upsamp.cli.options import (
    code_option,
    compress_option,
    force_option,
    format_option,
    input_argument,
    max_pixels_option,
    output_option,
)
from upsamp.cli.render.matrices import show_matrix
from upsamp.cli.render.summaries import show_layer
from upsamp.cli.render.tables import show_rows
from upsamp.cli.results import choose_destination, deliver, read_input, report, wants_matrix
from upsamp.core.arguments import (
    CONVENTIONS,
    DATA_FORMATS,
    INTERPOLATIONS,
    Array,
    Convention,
    DataFormat,
    Interpolation,
    Pair,
)
from upsamp.core.layout import as_batch
from upsamp.core.upsampling.resample import resize
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture
from upsamp.layers import Layer, Resizing, UpSampling2D
from upsamp.models.summaries.summary import layer_row

if TYPE_CHECKING:
    from fractions import Fraction

EXAMPLES = """
upsamp upsample photo.png --size 4 --interp lanczos3
upsamp upsample photo.png --size 2 3 --interp bilinear -o wide.png
upsamp upsample photo.png --to 1920x --interp bicubic
upsamp upsample '1 2; 3 4' --size 2
cat photo.png | upsamp upsample - --size 1.5 --interp bilinear > large.png
upsamp upsample '[[1,2],[3,4]]' --format json
upsamp upsample photo.png --size 3 --interp bicubic --compare
upsamp upsample '1 2; 3 4' --interp bicubic --code torch
"""


@click.command("upsample", cls=Command, examples=EXAMPLES)
@input_argument
@click.option(
    "--size",
    "factors",
    type=FactorType(),
    help="Factor of the rows and of the columns.  [default: 2]",
)
@click.option(
    "--to",
    "target",
    type=TargetType(),
    metavar="WIDTHxHEIGHT",
    help="Size of the result in pixels, in the place of --size; 1920x and x1080 keep the shape.",
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
    "--convention",
    type=click.Choice(CONVENTIONS, case_sensitive=False),
    default="keras",
    show_default=True,
    help="Whose numbers: keras (also TensorFlow, JAX, Pillow's floats) or torch (also OpenCV).",
)
@click.option("--align-corners", is_flag=True, help="Let the corner pixels' centres coincide.")
@click.option(
    "--data-format",
    type=click.Choice(DATA_FORMATS, case_sensitive=False),
    help="Where the channels of a matrix of rank 3 or 4 stand; by default they are last.",
)
@click.option(
    "--compare",
    is_flag=True,
    help="Write nothing; show how far other libraries' results lie from this one.",
)
@code_option
@output_option
@format_option
@compress_option
@force_option
@max_pixels_option
def command(
    source: str | None,
    factors: "tuple[Fraction, Fraction] | None",
    target: tuple[int | None, int | None] | None,
    interpolation: Interpolation,
    convention: Convention,
    align_corners: bool,
    data_format: DataFormat | None,
    compare: bool,
    library: str | None,
    output: str | None,
    format_name: str | None,
    compression: int | None,
    force: bool,
    max_pixels: int,
) -> None:
    """Enlarge an image or a matrix, as Keras' UpSampling2D does.

    INPUT is an image file, a matrix file (.npy .npz .csv .tsv .txt .json), '-' for standard input,
    or a matrix such as '1 2; 3 4'. An image is written beside its file; a matrix is shown, and
    through a pipe flows on as rows that '-' reads back without loss.
    """
    started = perf_counter()
    expand = interpolation != "nearest" or wants_matrix(output, format_name)
    given = read_input(source, ReadOptions(expand=expand, max_pixels=max_pixels))
    if isinstance(given, Picture) and data_format is not None:
        raise click.UsageError("--data-format is for matrices; an image knows its channels.")
    array = given.pixels if isinstance(given, Picture) else given
    layout = data_format or "channels_last"
    height, width = as_batch(array, layout).shape[1:3]
    size, spelled = _size((height, width), factors, target)
    if compare and library is not None:
        raise click.UsageError("--compare and --code each compute nothing else. Give one of them.")
    if compare:
        batch = as_batch(array, layout)
        if len(batch) > 1:
            raise click.UsageError("--compare is for one image; the array holds several.")
        _compare(batch[0], size, interpolation, convention, align_corners=align_corners)
        return
    if library is not None:
        from upsamp.cli.translating import show_upsampling_program  # to compute needs no program

        batch = as_batch(array, layout)
        show_upsampling_program(
            library, batch, size, interpolation, convention, align_corners=align_corners
        )
        return
    ending = f"{spelled}_{interpolation}" + ("" if convention == "keras" else f"_{convention}")
    destination = choose_destination(
        source, given, output, format_name, ending, force=force, compression=compression
    )
    values = resize(
        array,
        size,
        interpolation,
        convention,
        layout,
        align_corners=align_corners,
        alpha=isinstance(given, Picture) and given.has_alpha,
    )
    result = given.with_pixels(values) if isinstance(given, Picture) else values
    tables = destination.format == "table" and not isinstance(given, Picture)
    if tables:
        show_matrix("Input", array)
    delivered = deliver(result, destination, force=force)
    if tables:
        layer = _layer((height, width), size, interpolation, layout)
        batch_shape = (None, *array.shape, 1) if array.ndim == 2 else (None, *array.shape[-3:])
        show_layer(layer_row(layer, layer.compute_output_shape(batch_shape)), as_table=True)
    settings = [("Method", interpolation), ("Size", spelled.replace("x", " x "))]
    report("Upsampled", source, given, delivered, destination, settings, started)


def _size(
    shape: Pair,
    factors: "tuple[Fraction, Fraction] | None",
    target: tuple[int | None, int | None] | None,
) -> tuple[Pair, str]:
    """Give the rows and columns of the result, and how the size was spelled."""
    if target is None:
        rows, columns = factors or (2, 2)
        size = int(shape[0] * rows), int(shape[1] * columns)
        return size, f"{float(rows):g}x{float(columns):g}"
    if factors is not None:
        raise click.UsageError("--size and --to both say the size of the result. Give one of them.")
    width, height = target
    # The side that was left out keeps the shape, rounded half up.
    wanted_rows = height or (2 * shape[0] * cast("int", width) + shape[1]) // (2 * shape[1])
    wanted_columns = width or (2 * shape[1] * cast("int", height) + shape[0]) // (2 * shape[0])
    return (wanted_rows, wanted_columns), f"{wanted_columns}x{wanted_rows}"


def _layer(shape: Pair, size: Pair, interpolation: str, data_format: str) -> Layer:
    """Give the layer that does the same in Keras."""
    if size[0] % shape[0] or size[1] % shape[1]:
        return Resizing(*size, interpolation, data_format=data_format)
    return UpSampling2D((size[0] // shape[0], size[1] // shape[1]), data_format, interpolation)


def _compare(
    array: Array,
    size: Pair,
    interpolation: Interpolation,
    convention: Convention,
    *,
    align_corners: bool,
) -> None:
    """Show how far the results of other conventions and libraries lie from the chosen one."""
    from upsamp.translate.peers import compare_with_peers  # libraries are asked for here alone

    rows = []
    for peer in compare_with_peers(
        array, size, interpolation, convention, align_corners=align_corners
    ):
        numbers = (peer.largest, peer.mean, peer.psnr)
        cells = ["-" if number is None else f"{number:.3g}" for number in numbers]
        rows.append((peer.name, *cells, peer.remark))
    title = f"{interpolation}, convention {convention}, {size[0]} x {size[1]}, beside"
    show_rows(title, ("Library", "Largest", "Mean", "PSNR (dB)", ""), rows, "<>>><")
