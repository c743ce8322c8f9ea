"""`upsamp upsample`: enlarge an image or a matrix."""

from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from upsamp.bulk.enlarging import Enlarging
from upsamp.cli.bulk_options import BulkOptions, bulk_options
from upsamp.cli.command import Command, FactorType, TargetType
from upsamp.cli.options import (
    code_option,
    compress_option,
    force_option,
    format_option,
    inputs_argument,
    max_pixels_option,
    output_option,
)
from upsamp.cli.render.matrices import show_matrix
from upsamp.cli.render.summaries import show_layer
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
upsamp upsample photos/ 'more/*.jpg' --recursive --size 2 --interp bicubic --out-dir large
cat photo.png | upsamp upsample - --size 1.5 --interp bilinear > large.png
upsamp upsample '[[1,2],[3,4]]' --format json
upsamp upsample photo.png --size 3 --interp bicubic --compare
upsamp upsample '1 2; 3 4' --interp bicubic --code torch
"""


@click.command("upsample", cls=Command, examples=EXAMPLES)
@inputs_argument
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
@bulk_options
@format_option
@compress_option
@force_option
@max_pixels_option
def command(
    sources: tuple[str, ...],
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
    **several: Any,
) -> None:
    """Enlarge an image or a matrix, as Keras' UpSampling2D does; or many images.

    INPUT is an image file, a matrix file (.npy .npz .csv .tsv .txt .json), '-' for standard input,
    or a matrix such as '1 2; 3 4'. An image is written beside its file; a matrix is shown, and
    through a pipe flows on as rows that '-' reads back without loss.

    Several INPUTs are image files, folders, and patterns such as 'photos/**/*.jpg'. Of folders and
    patterns the images are taken, by their suffix, but no hidden files; links to files are
    followed, links to folders are not, and pipes and devices are passed over. A file that fails is
    told at the end, with code 1, and the others go on.
    """
    if target is not None and factors is not None:
        raise click.UsageError("--size and --to both say the size of the result. Give one of them.")
    if compare and library is not None:
        raise click.UsageError("--compare and --code each compute nothing else. Give one of them.")
    enlarging = Enlarging(
        factors or (2, 2), target, interpolation, convention, align_corners, data_format
    )
    options = BulkOptions(**several)
    many = options.apply_to(sources)
    source = sources[0] if sources else None
    if many and (compare or library is not None or data_format is not None or output is not None):
        raise click.UsageError(
            "Of several files each has its result: --out-dir DIR says where. "
            "Leave out -o, --compare, --code and --data-format."
        )
    if many:
        from upsamp.cli.bulk import enlarge_many  # one file needs no processes

        enlarge_many(
            sources,
            options,
            enlarging,
            format_name,
            force=force,
            compression=compression,
            max_pixels=max_pixels,
        )
    elif compare or library is not None:
        _show_elsewhere(source, enlarging, library, max_pixels)
    else:
        _enlarge_one(
            source,
            enlarging,
            output,
            format_name,
            force=force,
            compression=compression,
            max_pixels=max_pixels,
            quiet=options.quiet,
        )


def _enlarge_one(
    source: str | None,
    enlarging: Enlarging,
    output: str | None,
    format_name: str | None,
    *,
    force: bool,
    compression: int | None,
    max_pixels: int,
    quiet: bool,
) -> None:
    """Read an image or a matrix, enlarge it, and write or show the result."""
    started = perf_counter()
    expand = enlarging.interpolation != "nearest" or wants_matrix(output, format_name)
    given = _read(source, enlarging, ReadOptions(expand=expand, max_pixels=max_pixels))
    shape = enlarging.shape_of(given)
    size = enlarging.size_of(shape)
    spelled = enlarging.spell(size)
    ending = f"{spelled}_{enlarging.method}"
    destination = choose_destination(
        source, given, output, format_name, ending, force=force, compression=compression
    )
    result = enlarging.apply(given, size)
    matrix = None if isinstance(given, Picture) or destination.format != "table" else given
    if matrix is not None:
        show_matrix("Input", matrix)
    delivered = deliver(result, destination, force=force)
    if matrix is not None:
        layer = _layer(shape, size, enlarging)
        batch_shape = (None, *matrix.shape, 1) if matrix.ndim == 2 else (None, *matrix.shape[-3:])
        show_layer(layer_row(layer, layer.compute_output_shape(batch_shape)), as_table=True)
    if quiet:
        return
    settings = [("Method", enlarging.interpolation), ("Size", spelled.replace("x", " x "))]
    report("Upsampled", source, given, delivered, destination, settings, started)


def _read(source: str | None, enlarging: Enlarging, options: ReadOptions) -> Picture | Array:
    given = read_input(source, options)
    if isinstance(given, Picture) and enlarging.data_format is not None:
        raise click.UsageError("--data-format is for matrices; an image knows its channels.")
    return given


def _layer(shape: Pair, size: Pair, enlarging: Enlarging) -> Layer:
    """Give the layer that does the same in Keras."""
    layout, method = enlarging.layout, enlarging.interpolation
    if size[0] % shape[0] or size[1] % shape[1]:
        return Resizing(*size, method, data_format=layout)
    return UpSampling2D((size[0] // shape[0], size[1] // shape[1]), layout, method)


def _show_elsewhere(
    source: str | None, enlarging: Enlarging, library: str | None, max_pixels: int
) -> None:
    """Show the program of another library, or without one what all of them compute."""
    expand = enlarging.interpolation != "nearest"
    given = _read(source, enlarging, ReadOptions(expand=expand, max_pixels=max_pixels))
    array = given.pixels if isinstance(given, Picture) else given
    size = enlarging.size_of(enlarging.shape_of(given))
    batch = as_batch(array, enlarging.layout)
    if library is None:
        from upsamp.cli.comparing import show_comparison  # libraries are asked for here alone

        if len(batch) > 1:
            raise click.UsageError("--compare is for one image; the array holds several.")
        show_comparison(batch[0], size, enlarging)
        return
    from upsamp.cli.translating import show_upsampling_program  # to compute needs no program

    show_upsampling_program(
        library,
        batch,
        size,
        enlarging.interpolation,
        enlarging.convention,
        align_corners=enlarging.align_corners,
    )
