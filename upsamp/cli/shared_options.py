"""The options that commands share, and what does not go together with them."""

import re
from collections.abc import Iterable, Sequence

import click

from upsamp.cli.option_types import ChoiceType, CountType, FileType, PairType, RangeType
from upsamp.cli.options import DEFAULT, option, parsed, refuse_unused
from upsamp.core.spelling import spelling_remedy
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
