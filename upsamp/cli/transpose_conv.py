"""`upsamp transpose-conv`: run a transposed convolution and show what it does."""

import math
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import click
import numpy as np

from upsamp.cli.command import Command, CountType, FileType, PaddingType, PairType
from upsamp.cli.options import (
    code_option,
    compress_option,
    depth_option,
    force_option,
    format_option,
    input_argument,
    max_memory_option,
    max_pixels_option,
    missing_option,
    output_option,
    range_option,
    seed_option,
    wrong_command,
)
from upsamp.cli.render.tables import show_layer, show_note
from upsamp.cli.results import (
    choose_destination,
    find_stored,
    finish,
    read_input,
    report,
    show_result,
    shows_tables,
)
from upsamp.cli.weights import read_kernel
from upsamp.core.arguments import (
    DATA_FORMATS,
    KERNEL_LAYOUTS,
    Array,
    DataFormat,
    KernelLayout,
    Margins,
    Padding,
    Pair,
)
from upsamp.core.convolution.convolve import transposed_setting
from upsamp.core.kernels.presets import KERNEL_PRESETS
from upsamp.core.layout import as_batch
from upsamp.core.memory import limit_memory
from upsamp.errors import ArgumentError
from upsamp.io.formats import is_image_format
from upsamp.io.matrices import parse_text
from upsamp.io.picture_options import (
    Missing,
    ReadOptions,
    ValueRange,
    WriteOptions,
    check_result,
)
from upsamp.io.pictures import Picture
from upsamp.io.streams import spooled_input
from upsamp.io.write import Destination
from upsamp.models.transposed_convolution import (
    Convolution,
    Settings,
    check_output_shape,
    result_size,
)
from upsamp.resizing.file_to_file import Job, plan_job, prepare
from upsamp.resizing.strip_jobs import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from upsamp.translate.torch_layers import TorchLayer

EXAMPLES = """
upsamp transpose-conv --kernel 3 --stride 2 --padding same
upsamp transpose-conv '1 2; 3 4' --kernel 1 --stride 2
upsamp transpose-conv '1 2; 3 4' --weights '1 2 1; 2 4 2; 1 2 1' --stride 2 --format json
upsamp transpose-conv photo.png --weights bilinear --kernel 4 --stride 2 --padding same
upsamp transpose-conv --kernel 3 --stride 2 --padding same --code torch
upsamp transpose-conv --from torch 'ConvTranspose2d(64, 3, 4, stride=2, padding=1)' --code keras
upsamp transpose-conv --solve 7 28
upsamp transpose-conv small.png --fit large.png --kernel 6 --stride 2 --save-weights k.npy
upsamp transpose-conv features.npy --kernel 4 --stride 2 --filters 8 --weights random -o out.npy
"""


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
    type=PaddingType(),
    default="valid",
    show_default=True,
    help="valid keeps the whole result; same crops it to input times stride; numbers crop each "
    "side, rows and columns, or TOP BOTTOM LEFT RIGHT, as in PyTorch and ONNX.",
)
@click.option(
    "--output-padding",
    type=PairType(minimum=0),
    help="Rows and columns that are added to the output; below the stride.",
)
@click.option(
    "--output-shape",
    type=PairType(),
    help="Rows and columns of the output, in the place of --output-padding.",
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
    type=CountType(),
    help="Channels of the output; every one is made from all channels of the input.",
)
@click.option(
    "--groups",
    type=CountType(),
    default=1,
    show_default=True,
    help="Parts of the channels that are convolved apart.",
)
@click.option(
    "--weights",
    metavar="NAME|FILE|MATRIX",
    type=FileType(),
    default="ones",
    show_default=True,
    help=f"The kernel: {', '.join(KERNEL_PRESETS)}; or a matrix (rows, columns); or a .npy file of "
    "(rows, columns, filters, channels).",
)
@click.option(
    "--kernel-layout",
    type=click.Choice(KERNEL_LAYOUTS, case_sensitive=False),
    default="keras",
    show_default=True,
    help="torch: --weights of rank 4 is (channels, filters, rows, columns).",
)
@click.option(
    "--bias", metavar="NUMBERS", default="0", show_default=True, help="One, or one a filter."
)
@click.option(
    "--data-format",
    type=click.Choice(DATA_FORMATS, case_sensitive=False),
    default="channels_last",
    show_default=True,
    help="Where the channels of a matrix of rank 3 or 4 stand.",
)
@missing_option
@click.option(
    "--solve",
    nargs=2,
    type=PairType(),
    metavar="SIZE SIZE",
    help="Compute nothing; list the layers that take one size to another, as 7 28, or 5x7 10x28.",
)
@click.option(
    "--fit",
    metavar="LARGE",
    type=FileType(),
    help="Compute nothing; learn the kernel that makes the image LARGE of INPUT, or that makes the "
    "images of the folder LARGE of their halves, thirds..., by --stride.",
)
@click.option(
    "--save-weights",
    metavar="FILE",
    type=FileType(output=True),
    help="Write the kernel that --fit learnt, as .npy.",
)
@click.option("--apart", is_flag=True, help="Let --fit learn a kernel for each channel.")
@click.option(
    "--ridge",
    type=click.FloatRange(min=0),
    default=1e-4,
    show_default=True,
    help="How strongly --fit keeps the kernel small.",
)
@click.option(
    "--from",
    "source_layer",
    nargs=2,
    type=(click.Choice(("torch",)), str),
    metavar="torch LAYER",
    help="Take all settings from a layer of PyTorch: ConvTranspose2d, Conv2d, Upsample, "
    "UpsamplingNearest2d, UpsamplingBilinear2d, F.interpolate, PixelShuffle or PixelUnshuffle, as "
    "'ConvTranspose2d(64, 3, 4, stride=2)'. Without INPUT it is shown as a call of upsamp.",
)
@code_option
@seed_option
@output_option
@format_option
@compress_option
@range_option
@depth_option
@force_option
@max_pixels_option
@max_memory_option
def command(
    source: str | None,
    kernel: Pair | None,
    stride: Pair,
    padding: tuple[Padding] | Margins,
    output_padding: Pair | None,
    output_shape: Pair | None,
    dilation: Pair,
    filters: int | None,
    groups: int,
    weights: str,
    kernel_layout: KernelLayout,
    bias: str,
    data_format: DataFormat,
    missing: Missing,
    solve: tuple[Pair, Pair] | None,
    fit: str | None,
    save_weights: str | None,
    apart: bool,
    ridge: float,
    source_layer: tuple[str, str] | None,
    library: str | None,
    seed: int,
    output: str | None,
    format_name: str | None,
    compression: int | None,
    value_range: ValueRange | None,
    depth: Literal[8] | None,
    force: bool,
    max_pixels: int,
    max_memory: int | None,
) -> None:
    """Run a transposed convolution on an image or a matrix, as Keras' Conv2DTranspose does.

    INPUT is an image file, a matrix file (.npy .npz .csv .tsv .txt .json, also packed as
    .gz), one array of several as FILE.npz:NAME, '-' for standard input, or a matrix such as
    '1 2; 3 4'. An image is convolved channel by channel, unless --filters or
    the weights say otherwise; its pixels are rounded, and saturated at 0 and 255.
    """
    written = {"--max-memory": max_memory, "--range": value_range}
    _check_modes(solve, fit, library, save_weights, written, apart=apart)
    reading = ReadOptions(max_pixels=max_pixels, depth=depth, integers=False, missing=missing)
    layer = None
    if source_layer is not None:
        from upsamp.cli.torch_layers import take_torch_layer

        layer = take_torch_layer(source_layer[1], reading)
        if layer is None:
            return
    if max_memory is not None:
        click.get_current_context().with_resource(limit_memory(max_memory))
        click.get_current_context().with_resource(spooled_input())
    if solve is not None:
        from upsamp.cli.solving import show_solutions  # neither is needed to compute

        show_solutions(*solve)
        return
    if fit is not None:
        from upsamp.cli.fitting import learn_kernel

        learn_kernel(
            source,
            fit,
            kernel or (3, 3),
            stride,
            save_weights,
            apart=apart,
            ridge=ridge,
            force=force,
            reading=reading,
        )
        return
    settings = Settings(
        kernel=None,
        preset=weights,
        bias=parse_text(bias, "--bias", ReadOptions(integers=False)).ravel(),
        kernel_size=kernel,
        filters=filters,
        strides=stride,
        padding=padding[0] if isinstance(padding[0], str) else padding,
        output_padding=output_padding,
        output_shape=output_shape,
        dilation=dilation,
        groups=groups,
        seed=seed,
        data_format=data_format,
    )
    if layer is None:
        _check_settings(settings)
        read = read_kernel(weights, kernel, filters, groups, kernel_layout)
        settings = replace(settings, kernel=read)
    else:
        from upsamp.cli.torch_layers import with_layer

        settings = with_layer(settings, layer, kernel_layout)
        _check_settings(settings)
    if library is not None:
        from upsamp.cli.translating import translate_convolution

        translate_convolution(library, source, settings, layer, reading)
        return
    ending = "{}x{}_transpose".format(*settings.strides)

    def choose(given: Picture | Array) -> Destination:
        return choose_destination(
            source,
            given,
            output,
            format_name,
            ending,
            WriteOptions(compression, value_range=value_range),
            force=force,
        )

    _convolve(source, reading, settings, layer, choose)


def _convolve(
    source: str | None,
    reading: ReadOptions,
    settings: Settings,
    layer: "TorchLayer | None",
    choose: "Callable[[Picture | Array], Destination]",
) -> None:
    """Read an image or a matrix, convolve it, and write or show the result."""
    started = perf_counter()

    def read() -> Source:
        return find_stored(source) or Source(read_input(source, reading))

    def plan(found: Source) -> Job[Convolution]:
        if layer is not None:
            from upsamp.cli.translating import check_channels

            check_channels(layer, found.given, settings.data_format)
        destination = choose(found.given)
        _check_size(found, settings, reading.max_pixels)
        return plan_job(found, _plan(found.given, settings, destination), destination)

    job = prepare(read, plan)
    given, destination = job.source.given, job.destination
    delivered = finish(job)
    _tell_lost(job.work)
    if destination.format == "table":
        show_result(job.source.load(), delivered)
    show_layer(job.work.row, as_table=shows_tables(destination))
    shown = [
        ("Weights", settings.preset),
        ("Stride", "{} x {}".format(*settings.strides)),
        ("Padding", str(settings.padding)),
    ]
    report("Convolved, transposed", source, given, delivered, destination, shown, started)


def _check_modes(
    solve: object,
    fit: object,
    library: object,
    save_weights: object,
    written: "Mapping[str, object]",
    *,
    apart: bool,
) -> None:
    """Raise where options are given that would be passed over.

    written: those that are for a result.
    """
    modes = {"--solve": solve, "--fit": fit, "--code": library}
    given = [name for name, value in modes.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} each compute nothing else. Give one.")
    for option, value in written.items():
        if value is not None and given:
            raise click.UsageError(f"{option} is for a result. Leave --fit, --solve, --code out.")
    if fit is None and (save_weights is not None or apart):
        raise click.UsageError("--save-weights and --apart go with --fit.")


def _check_settings(settings: Settings) -> None:
    """Raise where settings contradict each other, whatever the input is."""
    with wrong_command():
        transposed_setting(*settings.arguments, settings.output_shape)
    if settings.filters is not None and settings.filters % settings.groups:
        raise click.UsageError(
            f"--groups must divide --filters. Received: --groups {settings.groups}, "
            f"--filters {settings.filters}."
        )


def _check_size(found: Source, settings: Settings, max_pixels: int) -> None:
    """Raise where the result has more pixels than may be, or zeros that nothing follows from."""
    by_channel = isinstance(found.given, Picture)
    size = result_size(found.array, settings, by_channel=by_channel)
    images = len(as_batch(found.array, settings.data_format))
    check_result(*size, max_pixels, images * math.prod(size))
    with wrong_command(ArgumentError):
        check_output_shape(found.array, settings, by_channel=by_channel)


def _plan(given: Picture | Array, settings: Settings, destination: Destination) -> Convolution:
    """Return what is computed: of an image channel by channel, and to one in whole pixels."""
    if not isinstance(given, Picture):
        return Convolution(given, settings, by_channel=False, alpha=False, pixels=None)
    drawn = is_image_format(destination.format)
    return Convolution(
        given.pixels,
        settings,
        by_channel=True,
        alpha=drawn and given.has_alpha,
        pixels=given.pixels.dtype if drawn else None,
    )


def _tell_lost(convolution: Convolution) -> None:
    """Say how many values were cut off at the limits of pixels."""
    if convolution.lost:
        share = 100 * convolution.lost / math.prod(convolution.shape)
        show_note(
            f"{share:.1f}% of the values were below 0 or above {np.iinfo(convolution.dtype).max} "
            "and are cut off there; -o FILE.npy keeps them, and --weights bilinear avoids them"
        )
