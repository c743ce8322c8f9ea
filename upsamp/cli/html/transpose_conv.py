"""The page of `upsamp transpose-conv`: input, kernel, result, steps, checkerboard and programs."""

from functools import partial

import click

from upsamp.cli.html.page import check_page, write_page
from upsamp.cli.html.parts import (
    animation_section,
    code_section,
    comparison_of,
    explanation_section,
    facts,
    input_name,
    matrix_parts,
    sides_text,
)
from upsamp.cli.modes.animate import animation_of_convolution
from upsamp.cli.modes.code import convolution_data
from upsamp.cli.modes.convolve import check_size, lost_note
from upsamp.cli.modes.explain import explanation_of_convolution, overlap_of
from upsamp.cli.modes.program_data import origin_of
from upsamp.cli.modes.taken_layer import TakenLayer, check_channels
from upsamp.cli.output import choose_destination, deliver, read_input
from upsamp.cli.render.explanations import CURE_HEADINGS, CURE_SIDES, cure_rows, verdict_of
from upsamp.cli.transpose_request import Request
from upsamp.core.arguments import Array
from upsamp.errors import ShapeError
from upsamp.io.formats import is_image_format
from upsamp.io.pictures import Picture, array_of
from upsamp.io.streams import STANDARD_STREAM
from upsamp.models.summary.columns import COLUMNS, KERAS_COLUMNS
from upsamp.models.transposed_convolution import Convolution, Settings
from upsamp.pages.content import Part, Section, Table, Text
from upsamp.translate.programs import program_of
from upsamp.views.view import view_of


def write_convolution_page(request: Request, settings: Settings, layer: TakenLayer | None) -> None:
    """Convolve an image or a matrix, write it where that is asked, and a page of it.

    layer: where the settings are from, if they are no options.
    """
    name = str(request.html)
    check_page(name, overwrite=request.force)
    given = read_input(request.source, request.reading)
    if layer is not None:
        check_channels(layer.channels, given, settings.data_format)
    destination = None
    if request.output is not None:
        destination = choose_destination(request, given, "")
    check_size(given, settings, request.max_pixels)
    work = Convolution.of(given, settings, drawn=True)
    result = work.apply(given)
    if destination is not None:
        drawn = is_image_format(destination.format)
        exact = result if drawn else Convolution.of(given, settings, drawn=False).apply(given)
        deliver(exact, destination)
    sections = [
        _result_section(request, settings, given, result, work),
        explanation_section(
            partial(explanation_of_convolution, request, settings, given),
            request.digits,
            wanted=request.cell is not None,
        ),
        *animation_section(partial(animation_of_convolution, request, settings, given), request),
        _overlap_section(request, settings, given),
        _code_section(request, settings, layer, given),
    ]
    sizes = f"{sides_text(array_of(given).shape)} to {sides_text(array_of(result).shape)}"
    title = f"{input_name(request.source)}, transposed convolution, {sizes}"
    quiet = request.quiet or request.output == STANDARD_STREAM
    write_page(name, title, sections, overwrite=request.force, quiet=quiet)


def _result_section(
    request: Request,
    settings: Settings,
    given: Picture | Array,
    result: Picture | Array,
    work: Convolution,
) -> Section:
    """Return what was asked, and the input and the result as pictures and as numbers."""
    before, after = array_of(given), array_of(result)
    columns = [COLUMNS[name] for name in KERAS_COLUMNS]
    parts: list[Part] = [
        facts(
            [
                ("Input", input_name(request.source)),
                ("Shape", f"{sides_text(before.shape)} -> {sides_text(after.shape)}"),
                ("Type", f"{before.dtype} -> {after.dtype}"),
                ("Weights", settings.preset),
                ("Stride", sides_text(settings.strides)),
                ("Padding", _padding_text(settings)),
                ("Dilation", sides_text(settings.dilation) if settings.dilation != (1, 1) else ""),
                ("Groups", str(settings.groups) if settings.groups > 1 else ""),
                ("Written to", request.output or ""),
            ]
        ),
        Table(
            f"The layer in Keras{f', {work.row.remark}' if work.row.remark else ''}",
            tuple(column.heading for column in columns),
            (tuple(work.row.cells()),),
            "".join(column.side for column in columns),
        ),
        comparison_of(
            view_of(given, settings.data_format),
            view_of(result, settings.data_format),
            (f"the input, {sides_text(before.shape)}", f"the result, {sides_text(after.shape)}"),
        ),
    ]
    if work.lost:
        parts.append(Text(f"Note: {lost_note(work)}."))
    if not isinstance(given, Picture):
        parts += [
            *matrix_parts("Input", before, request.digits),
            *matrix_parts("Output", after, request.digits),
        ]
    return Section("result", "Before and after", tuple(parts))


def _padding_text(settings: Settings) -> str:
    """Write the padding: a word, or what is cropped at each side."""
    if isinstance(settings.padding, str):
        return settings.padding
    sides = [side for axis in settings.padding for side in axis]
    return "top {}, bottom {}, left {}, right {}".format(*sides)


def _overlap_section(request: Request, settings: Settings, given: Picture | Array) -> Section:
    """Return how kernels overlap, what a constant becomes, and what lessens a checkerboard."""
    title, digits = "Checkerboard", request.digits
    try:
        found, response = overlap_of(request, settings, given)
    except (ShapeError, click.UsageError) as error:
        return Section("checkerboard", title, (Text(f"Not shown: {error}"),))
    parts: list[Part] = [
        Text(verdict_of(found, digits), strong=True),
        *matrix_parts("Products of each output", found.taps, digits, heat=True),
        *matrix_parts("Gain: what 1 becomes in each phase", found.gain, digits, heat=True),
        *matrix_parts("What an input of ones becomes", response, digits, heat=True),
    ]
    if cures := cure_rows(found, digits):
        parts.append(Table("What lessens it", CURE_HEADINGS, tuple(cures), CURE_SIDES))
    return Section("checkerboard", title, tuple(parts))


def _code_section(
    request: Request, settings: Settings, layer: TakenLayer | None, given: Picture | Array
) -> Section:
    """Return the convolution as a program of each library."""

    def program(library: str) -> str:
        origin = origin_of(request.source, given, request.reading)
        data, translated = convolution_data(request, settings, layer, given, origin)
        return program_of(translated, library, data)

    return code_section(program)
