"""`--code` and `--compare`: the same computation in other libraries, and what those compute."""

from dataclasses import asdict

import click
import numpy as np

from upsamp.cli.modes.program_data import (
    Origin,
    batch_source,
    origin_of,
    read_again,
    rounding,
    writing,
)
from upsamp.cli.modes.taken_layer import TakenLayer, check_channels
from upsamp.cli.options import wrong_command
from upsamp.cli.output import read_input
from upsamp.cli.render.output import print_text
from upsamp.cli.render.tables import show_note, show_rows, wants_table
from upsamp.cli.transpose_request import Request
from upsamp.cli.upsample_request import Request as UpsampleRequest
from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.convolve import normalize_bias
from upsamp.core.layout import as_batch
from upsamp.core.memory import check_memory
from upsamp.core.text import json_text
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ArgumentError
from upsamp.io.formats import format_of_name, is_image_format
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture, array_of
from upsamp.io.read import looks_like_matrix
from upsamp.models.transposed_convolution import Settings, Task, check_output_shape, prepare
from upsamp.resizing.enlarging import Enlarging
from upsamp.resizing.nodata import value_without_data
from upsamp.translate import TransposedConvolution, Upsampling
from upsamp.translate.peers import Comparison, compare_with_peers
from upsamp.translate.programs import program_of
from upsamp.translate.source import LARGEST, Data, comment, written_array

PEER_HEADINGS, PEER_SIDES = ("Library", "Largest", "Mean", "PSNR (dB)", ""), "<>>><"


def compare_enlarging(request: UpsampleRequest) -> None:
    """Show how far what other libraries compute lies from the result."""
    given, enlarging = read_input(request.source, request.reading), request.enlarging
    batch = as_batch(array_of(given), enlarging.layout)
    if len(batch) > 1:
        raise click.UsageError("--compare is for one image; the array holds several.")
    show_comparison(batch[0], enlarging.result_size(given), enlarging, request)


def translate_enlarging(request: UpsampleRequest) -> None:
    """Print the program of another library that upsamples the input."""
    given, enlarging = read_input(request.source, request.reading), request.enlarging
    size = enlarging.size_of(enlarging.shape_of(given))
    show_upsampling_program(request, given, size, enlarging)


def show_upsampling_program(
    request: UpsampleRequest, given: Picture | Array, size: Pair, enlarging: Enlarging
) -> None:
    """Print a program of another library that upsamples what was given to `size`, and as it is."""
    data, settings = upsampling_data(request, given, size, enlarging)
    print_text(program_of(settings, str(request.library), data).removesuffix("\n"))


def upsampling_data(
    request: UpsampleRequest, given: Picture | Array, size: Pair, enlarging: Enlarging
) -> tuple[Data, Upsampling]:
    """Return the arrays of a program and what is done to them, and the settings for its library."""
    x = as_batch(array_of(given), enlarging.layout)
    # Some programs depend on each row and column, which is tried for all of them.
    check_memory((len(x), *size, x.shape[-1]), x.dtype, "The result of the program")
    settings = Upsampling.of(
        x.shape,
        size,
        enlarging.interpolation,
        convention=enlarging.convention,
        align_corners=enlarging.align_corners,
    )
    before: list[str] = []
    after = rounding(x.dtype)
    if isinstance(given, Picture):
        _check_data(given, enlarging)
        if given.has_alpha and not settings.method.copies(settings.factors):
            before, straight = _weighted_by_alpha(given)
            after = [*straight, *after]
    origin = origin_of(request.source, given, request.reading)
    written = writing(request.output, given, enlarging.layout, x.shape[3])
    data = Data(
        {"x": batch_source(origin, array_of(given), enlarging.layout)},
        (*origin.imports, *written.imports),
        tuple(before),
        (*after, *filter(None, [written.text])),
    )
    return data, settings


def _check_data(given: Picture, enlarging: Enlarging) -> None:
    """Raise where some pixels hold no data, which no other library leaves out."""
    missing = value_without_data(given)
    if missing is not None and not METHODS[enlarging.interpolation].only_copies:
        raise ArgumentError(
            "--code must be for an image whose pixels all hold data. Received: some with the value "
            f"for none, {missing}. Leave --code out."
        )


def _weighted_by_alpha(given: Picture) -> tuple[list[str], list[str]]:
    """Return the lines that weight colours by alpha, the last channel, and those that undo it.

    Channels between them are neither.
    """
    colours = given.pixels.shape[2] - 1 - given.extra
    before = [
        comment("Colours are weighted by alpha, the last channel: hidden ones never show."),
        f"x = np.concatenate([x[..., :{colours}] * x[..., -1:], x[..., {colours}:]], axis=3)",
    ]
    return before, [
        "alpha = y[..., -1:]",
        f"seen = alpha > {_peak(given) * 1e-6:g}  # less comes from rounding",
        f"straight = np.where(seen, y[..., :{colours}] / np.where(seen, alpha, 1), 0)",
        f"y = np.concatenate([straight, y[..., {colours}:]], axis=3)",
    ]


def _peak(given: Picture) -> int:
    """Return what alpha is where nothing shines through."""
    return np.iinfo(given.pixels.dtype).max if given.pixels.dtype.kind in "iu" else 1


def translate_convolution(request: Request, settings: Settings, layer: TakenLayer | None) -> None:
    """Print a program of another library that computes a transposed convolution of the input.

    layer: where the settings are from; without a source it says what the input is like.
    """
    if request.source is None and layer is not None:
        shape: tuple[int, ...] = (1, 8, 8, layer.channels or 1)
        if settings.data_format == "channels_first":
            shape = 1, shape[3], 8, 8
        given: Picture | Array = np.zeros(shape)
        origin = Origin(f"np.random.default_rng(0).random({shape})")
        show_note(f"no input was given, so the program takes a random one, {shape}")
    else:
        given = read_input(request.source, request.reading)
        if layer is not None:
            check_channels(layer.channels, given, settings.data_format)
        origin = origin_of(request.source, given, request.reading)
    data, program = convolution_data(request, settings, layer, given, origin)
    print_text(program_of(program, str(request.library), data).removesuffix("\n"))


def convolution_data(
    request: Request,
    settings: Settings,
    layer: TakenLayer | None,
    given: Picture | Array,
    origin: Origin,
) -> tuple[Data, TransposedConvolution]:
    """Return the arrays of a program and what is done to them, and the settings for its library.

    given: what is convolved, and origin: how the program comes to it.
    """
    by_channel, array = isinstance(given, Picture), array_of(given)
    with wrong_command(ArgumentError):
        check_output_shape(array, settings, by_channel=by_channel)
    task = prepare(array, settings, by_channel=by_channel)
    normalize_bias(task.bias, task.kernel.shape[2] * settings.groups)
    program = TransposedConvolution.of(
        task.x.shape,
        task.kernel.shape,
        *settings.arguments,
        output_shape=settings.output_shape,
        bias=bool(task.bias.any()),
    )
    layer = layer or TakenLayer(settings, None)
    kernel = layer.kernel or _kernel_origin(request, settings, task)
    x = batch_source(origin, array, settings.data_format)
    before, after = _pixels_of(given, task, request) if isinstance(given, Picture) else ([], [])
    filters = task.x.shape[0] if task.apart else program.filters
    written = writing(request.output, given, settings.data_format, filters)
    sources = {"x": f"{x}.transpose(3, 1, 2, 0)" if task.apart else x, "kernel": kernel.text}
    origins = [origin, kernel, written]
    if program.bias:
        origins.append(layer.bias or _bias_origin(request, task))
        sources["bias"] = origins[-1].text
    if layer.after is not None:
        origins.append(layer.after)
        after.insert(0, layer.after.text)
    imports = tuple(line for one in origins for line in one.imports)
    written_lines = tuple(filter(None, [written.text]))
    return Data(sources, imports, tuple(before), (*after, *written_lines)), program


def _pixels_of(given: Picture, task: Task, request: Request) -> tuple[list[str], list[str]]:
    """Return the lines that weight colours by alpha first, and that make pixels of `y` last.

    A result that is no image stays as it is computed, channel by channel.
    """
    before: list[str] = []
    after: list[str] = []
    pixels = given.pixels.dtype
    drawn = request.output is None or is_image_format(format_of_name(request.output) or "png")
    if drawn and task.apart and given.has_alpha:
        peak = _peak(given)
        before = [
            comment("Colours are weighted by alpha, the last channel."),
            f"x = np.concatenate([x[:-1] * (x[-1:] / {peak}), x[-1:]])",
        ]
        after = [
            f"alpha = np.clip(y[-1:], 0, {peak}) / {peak}",
            "straight = np.where(alpha > 0, y[:-1] / np.where(alpha > 0, alpha, 1), 0)",
            "y = np.concatenate([straight, y[-1:]])",
        ]
    if task.apart:
        after.append("y = y.transpose(3, 1, 2, 0)")
    return before, [*after, *(rounding(pixels) if drawn else [])]


def _kernel_origin(request: Request, settings: Settings, task: Task) -> Origin:
    """Return how a program comes to the kernel: written out, read again, or made by its name."""
    small = _small(task.kernel)
    if small is not None:
        return Origin(small)
    if settings.kernel is None:
        rows, columns, filters, channels = task.kernel.shape
        shape = rows, columns, filters, channels // settings.groups
        made = f"make_kernel({settings.preset!r}, {shape}, {settings.strides}, {settings.seed})"
        if settings.groups > 1:
            made = f"np.tile({made}, (1, 1, 1, {settings.groups}))"
        return Origin(made, ("from upsamp.core.kernels.presets import make_kernel",))
    stored = read_again(request.weights, task.kernel.size)
    origin = origin_of(request.weights, stored, ReadOptions())
    if origin.written:
        return Origin(written_array(task.kernel.squeeze(), task.kernel.shape))
    if stored.ndim == 2:
        return origin._replace(text=f"{origin.text}[:, :, np.newaxis, np.newaxis]")
    if stored.shape != task.kernel.shape or not np.array_equal(stored, settings.kernel):
        return origin._replace(text=f"{origin.text}.transpose(2, 3, 1, 0)")
    return origin


def _bias_origin(request: Request, task: Task) -> Origin:
    """Return how a program comes to the bias: written out, or read again from a file."""
    small = _small(task.bias)
    if small is not None:
        return Origin(small)
    if looks_like_matrix(request.bias):
        return Origin(written_array(task.bias, task.bias.shape))
    origin = origin_of(request.bias, read_again(request.bias, task.bias.size), ReadOptions())
    return origin._replace(text=f"{origin.text}.ravel()")


def _small(array: Array) -> str | None:
    """Return the source of an array that is written out: of few numbers, or all alike."""
    if array.size > 1 and (array == array.flat[0]).all() and float(array.flat[0]).is_integer():
        return f"np.full({array.shape}, {int(array.flat[0])})"
    if array.size > LARGEST:
        return None
    # Axes of one element would be this many brackets; they come back by a reshape.
    return written_array(array.squeeze(), array.shape)


def show_comparison(
    array: Array, size: Pair, enlarging: Enlarging, request: UpsampleRequest
) -> None:
    """Show how far the results of other conventions and libraries lie from the chosen one.

    array: (H, W, C). size: the rows and columns of the result. request: which format and digits.
    """
    method, convention = enlarging.interpolation, enlarging.convention
    peers = peers_of(array, size, enlarging)
    if request.format_name == "json":
        found = {"interpolation": method, "convention": convention, "size": size}
        print_text(json_text({**found, "libraries": [asdict(peer) for peer in peers]}, indent=2))
        return
    title = f"{method}, convention {convention}, {size[0]} x {size[1]}, beside"
    rows = peer_rows(peers, request.digits or 3)
    as_table = wants_table(request.format_name)
    show_rows(title, PEER_HEADINGS, rows, PEER_SIDES, as_table=as_table)


def peers_of(array: Array, size: Pair, enlarging: Enlarging) -> list[Comparison]:
    """Return how far the result of each convention and library lies from the chosen one."""
    method, convention = enlarging.interpolation, enlarging.convention
    # Infinities and what is not a number differ by what is not a number: that is what is shown.
    with np.errstate(invalid="ignore", over="ignore"):
        peers = compare_with_peers(
            array, size, method, convention=convention, align_corners=enlarging.align_corners
        )
        return [*peers]


def peer_rows(peers: list[Comparison], digits: int) -> list[tuple[str, ...]]:
    """Return a row for each convention and library."""
    rows = []
    for peer in peers:
        numbers = (peer.largest, peer.mean, peer.psnr)
        cells = ["-" if number is None else f"{number:.{digits}g}" for number in numbers]
        rows.append((peer.name, *cells, peer.remark))
    return rows
