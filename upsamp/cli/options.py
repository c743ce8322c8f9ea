"""What a command is asked for, as one value; and the options that commands share."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, TypeVar, dataclass_transform

import click

from upsamp.cli.option_types import ChoiceType, CountType, FileType, PairType, RangeType
from upsamp.core.spelling import spelling_remedy
from upsamp.errors import ArgumentError, ExpressionError, UpsampError
from upsamp.io.formats import FAST_COMPRESSION, IMAGE_FORMATS, MATRIX_FORMATS, NAMES
from upsamp.io.picture_options import (
    FRAMES_FACTOR,
    KIND_OPTIONS,
    MAX_PIXELS,
    RESULT_FACTOR,
    Background,
    Quality,
)
from upsamp.io.stored_arrays import DEFAULT_MAX_SIZE

DEFAULT = click.core.ParameterSource.DEFAULT
COMMANDLINE = click.core.ParameterSource.COMMANDLINE
# An argument in a message, `strides`, with its value, strides=(2, 2), or both.
ARGUMENT = re.compile(r"`(\w+)`|(`?)(\w+)=(\([^()]*\)|'[^']*'|[\w.-]+)\2")


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Options:
    """The options of one call of a command: each field is an `option`, or an `argument`.

    A class of this kind is a frozen dataclass; its fields are in the order of the help.
    """

    parameters: ClassVar[list[Callable[..., Any]]]

    def __init_subclass__(cls) -> None:
        cls.parameters = [vars(cls)[name](name, kind) for name, kind in cls.__annotations__.items()]
        for name in cls.__annotations__:
            delattr(cls, name)  # no option is the value of its field
        dataclass(frozen=True)(cls)

    def given(self, *spellings: str) -> list[str]:
        """Return those of these options that the command has, not as None, False or empty."""
        values = {
            spelling: getattr(self, str(parameter.name))
            for parameter in click.get_current_context().command.params
            for spelling in parameter.opts
        }
        found = [(one, values.get(one)) for one in spellings]
        return [one for one, value in found if value not in (None, ()) and value is not False]

    def set_by_user(self, *spellings: str) -> list[str]:
        """Return those of these options that the user gave, whatever their values are."""
        context = click.get_current_context()
        names = {one: str(each.name) for each in context.command.params for one in each.opts}
        given = [one for one in spellings if context.get_parameter_source(names[one]) is not None]
        return [one for one in given if context.get_parameter_source(names[one]) is not DEFAULT]


OptionsT = TypeVar("OptionsT", bound=Options)


def option(*spellings: str, **settings: Any) -> Any:
    """Return an option for a field of `Options`; the settings are those of `click.option`.

    Its help shows the default that it is given; a field of type bool is a flag.
    """
    shown = "default" in settings

    def make(name: str, kind: object) -> Callable[..., Any]:
        flag = {"is_flag": True} if kind is bool else {}
        return click.option(*spellings, name, show_default=shown, **flag | settings)

    return make


def argument(**settings: Any) -> Any:
    """Return an argument for a field of `Options`; the settings are those of `click.argument`."""
    return lambda name, _kind: click.argument(name, **settings)


def takes(kind: type[OptionsT]) -> Callable[[Callable[[OptionsT], None]], Callable[..., None]]:
    """Let a command have these options, and be called with one value that has them all."""

    def decorate(function: Callable[[OptionsT], None]) -> Callable[..., None]:
        @wraps(function)
        def callback(**values: Any) -> None:
            function(kind(**values))

        for parameter in reversed(kind.parameters):
            parameter(callback)
        return callback

    return decorate


def completed(name: str) -> Callable[..., Any]:
    """Return a callback of click that completes a value as that function of `completion` does."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> Any:
        from upsamp.cli import completion  # asked by shells alone

        return getattr(completion, name)(context, parameter, incomplete)

    return complete


def parsed(parse: Callable[[str], Any]) -> Callable[..., Any]:
    """Return a callback of click that parses the text of an option, where it is given."""
    return lambda _context, _parameter, value: None if value is None else parse(value)


@contextmanager
def wrong_command(kind: type[UpsampError] = UpsampError) -> Iterator[None]:
    """Let errors of a kind in the block, which follow from the command's words, be usage errors.

    Arguments are spelled as the options that they come from. Matrices and layers, which may be
    written in a command, are data.
    """
    try:
        yield
    except kind as error:
        raise click.UsageError(as_options(str(error))) from error


@contextmanager
def spelled_as_options() -> Iterator[None]:
    """Let errors of the block name options where they name arguments, as `output_padding`.

    What is wrong with a layer in a text names that layer's arguments, and is left as it is.
    """
    try:
        yield
    except ExpressionError:
        raise
    except ArgumentError as error:
        text = as_options(str(error))
        if text == str(error):
            raise
        raise type(error)(text) from error


def as_options(text: str, **words: str) -> str:
    """Return a message with its arguments spelled as the options of the command that runs.

    words: more arguments, each with the option that it comes from.
    """
    options = words | {
        spelling.lstrip("-").replace("-", "_"): parameter.opts[0]
        for parameter in click.get_current_context().command.params
        for spelling in parameter.opts
    }

    def as_option(match: re.Match[str]) -> str:
        option = options.get(match[1] or match[3])
        if option is None:
            return match[0]
        value = re.sub("[(),']", "", match[4] or "")
        return option if value in ("", "True") else f"{option} {value}"

    return ARGUMENT.sub(as_option, text)


class FormatType(click.Choice[str]):
    """A format by one of its names, such as jpg for jpeg."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name that the project has for it."""
        known = {name.lower() for name in self.choices}
        if value.lower() not in known:
            remedy = spelling_remedy(value, sorted(known), f"Use one of {', '.join(self.choices)}.")
            self.fail(f"must name a format to write. Received: {value[:60]}. {remedy}", param, ctx)
        return NAMES.get(value.lower(), value.lower())


def check_kind(*, is_image: bool) -> None:
    """Raise where an option of the command is for another kind of input than it has."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = str(parameter.name)
        neutral, kind, why = KIND_OPTIONS.get(name, (None, "", ""))
        given = context.get_parameter_source(name) is not DEFAULT
        if kind and is_image != (kind == "images") and given and context.params[name] != neutral:
            spelled = [*parameter.secondary_opts, *parameter.opts][0]
            raise click.UsageError(f"{spelled} is for {kind}; {why}. Leave it out.")


# How an explanation can be printed.
EXPLAINED = ("table", "markdown", "json")
# How a matrix can be printed besides the formats of files; "plain" is the rows of "txt".
FORMATS = ("table", "plain", *MATRIX_FORMATS, *IMAGE_FORMATS)

output_option = option(
    "-o",
    "--output",
    type=FileType(output=True),
    help="Write the result to FILE, in the format of its suffix; '-' is standard output.",
)

format_option = option(
    "--format",
    type=FormatType(("table", "plain", "markdown", *NAMES), case_sensitive=False),
    metavar="NAME",
    help=f"Write or print the result in this format: {', '.join(FORMATS)}; with --explain: "
    f"{', '.join(EXPLAINED)}.",
)

explain_option = option(
    "--explain",
    help="Write nothing; show the computation step by step, and one value of the output as its "
    "sum.",
)

cell_option = option(
    "--cell",
    type=PairType(minimum=0),
    help="Row and column of the value that --explain writes as its sum, counted from 0.  "
    "[default: the first that is made of the most]",
)


html_option = option(
    "--html",
    metavar="PAGE",
    type=FileType(output=True),
    help="Write one page of HTML to PAGE, such as page.html: what was asked, and all there is to "
    "show of it, with pictures. It asks no network for anything. Needs upsamp[html].",
)

digits_option = option(
    "--digits",
    type=CountType(1, 17),
    metavar="N",
    help="Significant digits of the numbers in tables.  [default: 8 on a terminal, elsewhere all]",
)


def check_digits(
    digits: int | None, format_name: str | None, others: Sequence[str], *known: str
) -> None:
    """Raise where --digits is given, and no table of numbers is shown.

    others: options that are given, and show none. known: formats besides tables that may be cut.
    """
    if digits is None:
        return
    if others:
        raise click.UsageError(f"--digits is for tables of numbers. Leave {others[0]} out.")
    if format_name not in (None, "table", "markdown", *known):
        raise click.UsageError(
            f"--digits is for tables; {format_name} keeps all digits. Leave it out, or use "
            "--format table."
        )


# Permissions and bounds, which hold in each mode.
ANYWHERE = frozenset({"quiet", "force", "max_pixels", "max_size"})


def refuse_unused(mode: str, unused: Iterable[str]) -> None:
    """Raise where the user gives an option that a mode passes over.

    unused: the fields of such options; those that hold in each mode are left out.
    """
    context = click.get_current_context()
    fields = {*unused} - ANYWHERE
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in fields and context.get_parameter_source(name) is COMMANDLINE:
            option = parameter.opts[0] if isinstance(parameter, click.Option) else "INPUT"
            raise click.UsageError(f"{mode} does not use {option}. Leave one of them out.")


def check_demo(format_name: str | None) -> None:
    """Raise where something would be written, and there is no input.

    The matrix that is shown in its place is for a look: a script whose variable is empty must not
    leave it in a file.
    """
    context = click.get_current_context()
    written = [
        parameter.opts[0]
        for parameter in context.command.params
        if isinstance(parameter.type, FileType) and parameter.type.output
        if context.params[str(parameter.name)]
    ]
    written += ["--format"] * (format_name in (*IMAGE_FORMATS, "npy", "npz"))
    if written:
        raise click.UsageError(
            f"{written[0]} writes what is made of INPUT. Received: no INPUT. Give a file, a "
            "matrix such as '1 2; 3 4', or '-' for standard input."
        )


def check_explained(explain: bool, format_name: str | None) -> None:
    """Raise where options go with --explain that is not there, or do not go with it."""
    given = click.get_current_context().params
    if explain:
        check_shown("--explain", format_name, EXPLAINED)
    elif format_name == "markdown" or (given["cell"] is not None and given["html"] is None):
        raise click.UsageError("--cell and --format markdown go with --explain. Give it.")


def check_html(source: str | None, others: Sequence[str], written: Iterable[str]) -> None:
    """Raise where options do not go with a page.

    others: those that are given of what it has. written: the fields of those of a result that is
    written beside it.
    """
    if others:
        raise click.UsageError(
            f"--html is a page of one result, held whole. Leave {others[0]} out."
        )
    if source is None:
        raise click.UsageError("--html must have an input. Give a file, a matrix, or '-'.")
    if click.get_current_context().params["output"] is None:
        refuse_unused("--html without -o", {*written, "format_name"})


def check_shown(option: str, format_name: str | None, known: tuple[str, ...]) -> None:
    """Raise where what an option shows is to be written, or in a format that it does not have."""
    given = click.get_current_context().params
    if given["output"] is not None:
        raise click.UsageError(f"{option} is shown, not written. Leave -o out, or use > FILE.")
    if format_name not in (None, *known):
        raise click.UsageError(
            f"--format of {option} must be one of {', '.join(known)}. Received: {format_name}."
        )


quiet_option = option(
    "-q", "--quiet", help="Show results and errors alone: no notes, and no report of what was done."
)

force_option = option("--force", help="Overwrite a file that exists.")

code_option = option(
    "--code",
    type=ChoiceType(("keras", "torch", "onnx", "jax")),
    help="Compute nothing; print a program of that library which reads the same input, computes "
    "the same, and writes it where -o says.",
)

compress_option = option(
    "--compress",
    type=CountType(0, 9),
    help=f"How strongly a PNG is compressed: 0 stored, {FAST_COMPRESSION} fast (the default), "
    "9 smallest.",
)

missing_option = option(
    "--missing",
    type=ChoiceType(("error", "nan")),
    default="error",
    help="What a cell without a number is in a matrix of text: an error or nan. Such are empty "
    "cells, NA, N/A, #N/A, <NA>, null and None, in any case; other words are always errors.",
)

seed_option = option(
    "--seed",
    type=CountType(0, None),
    default=0,
    help="What random numbers are drawn from; the same seed gives the same numbers.",
)

linear_option = option(
    "--linear",
    help="Interpolate amounts of light. Colours and greys are taken for sRGB, whatever the colour "
    "profile says; for 8 and 16 bits.",
)

depth_option = option(
    "--depth",
    type=ChoiceType(("8",)),
    callback=parsed(int),
    help="Accept that colour of more bits is cut to 8, as Pillow reads it. Without it that is an "
    "error, unless upsamp[deep] is installed, which keeps all bits.",
)

orient_option = option(
    "--auto-orient/--no-auto-orient",
    default=True,
    help="Turn the pixels upright, as the EXIF orientation says, or leave them and the tag.",
)

frame_option = option(
    "--frame",
    type=CountType(0),
    metavar="N",
    help="Take one frame or page of several, counted from 0. By default all, if the format of the "
    "result holds them (GIF, WebP, PNG, TIFF), else the first.",
)

range_option = option(
    "--range",
    type=RangeType(),
    help="Make an image of 8 bits of any numbers, as of floats: LOW becomes black, HIGH white, and "
    "what is outside is cut there. auto takes the least and the largest value.",
)

strip_option = option(
    "--strip",
    help="Leave out EXIF, XMP, IPTC, georeferences, resolution and comments. The colour profile "
    "stays: without it, the colours would change.",
)


def _parse_quality(value: str) -> Quality:
    """Return a quality as a number, or "keep"."""
    if value.lower() == "keep":
        return "keep"
    if not re.fullmatch("[0-9]{1,3}", value) or not 1 <= int(value) <= 100:
        raise click.BadParameter(f"must be 1 to 100, or keep. Received: {value}.")
    return int(value)


quality_option = option(
    "--quality",
    metavar="N|keep",
    callback=parsed(_parse_quality),
    help="Of JPEG, WebP and AVIF, 1 to 100. By default a JPEG keeps the quality of its source, if "
    "that is 85 or more, otherwise 95; WebP is lossless, unless its source is lossy. keep is the "
    "quality of a JPEG source, whatever it is.",
)


def _parse_background(value: str) -> Background:
    """Return a colour by its name, or as #rgb or #rrggbb, in red, green and blue."""
    from upsamp.io.images.conversion import colour_of_name  # few lay a picture on a colour

    colour = colour_of_name(value)
    if colour is None:
        raise click.BadParameter(
            f"must be the name of a colour, as white, or #rgb or #rrggbb. Received: {value}."
        )
    return colour


background_option = option(
    "--background",
    metavar="COLOUR",
    callback=parsed(_parse_background),
    help="Lay transparent pixels of an image on a colour, by name as white, or #rgb or #rrggbb, in "
    "any format; JPEG, BMP and PPM hold no transparency.",
)

max_pixels_option = option(
    "--max-pixels",
    type=CountType(1, None),
    default=MAX_PIXELS,
    metavar="N",
    help="Refuse an image that declares more pixels, frames or pages that have more than "
    f"{FRAMES_FACTOR} times as many together, and a result of more than {RESULT_FACTOR} times, or "
    f"{FRAMES_FACTOR * RESULT_FACTOR} times in all its frames or images.",
)


def _parse_bytes(value: str) -> int:
    """Return the bytes that are written as 500MB, 2GB or a plain number, in steps of 1024."""
    match = re.fullmatch(r"(\d{1,15})\s*([kmgt]?)(i?b)?", value.strip().lower())
    if match is None or not int(match[1]):
        raise click.BadParameter(
            f"must be a number of bytes, as 500MB, 2GB or 1000000. Received: {value}."
        )
    size: int = int(match[1]) * 1024 ** " kmgt".index(match[2] or " ")
    return size


max_memory_option = option(
    "--max-memory",
    metavar="BYTES",
    callback=parsed(_parse_bytes),
    help="Bound of the memory besides Python's own, as 200MB or 2GB. Within it .npy is read, and "
    ".npy, PNG and TIFF are written, strip by strip, with the same result; without it only where a "
    "result does not fit. What must be held whole, as an image's pixels, is refused before it is "
    "read where it does not fit. The processes of several files share it.",
)

weights_option = option(
    "--weights",
    type=FileType(),
    help="Take the weights from this file: .weights.h5, .weights.json, .npz, .safetensors or a "
    "model's.",
)

max_size_option = option(
    "--max-size",
    metavar="BYTES",
    default=f"{DEFAULT_MAX_SIZE // 2**30}GB",
    callback=parsed(_parse_bytes),
    help="Refuse a file that unpacks to more, as 500MB or 2GB.",
)
