"""From input to result: what a command reads, where its result goes, and what is shown of it."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from io import BytesIO, StringIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

import click

from upsamp.cli.render.matrices import show_matrix
from upsamp.cli.render.output import on_terminal, print_text
from upsamp.cli.render.tables import show_note, show_report
from upsamp.cli.shared_options import check_digits, check_kind
from upsamp.core.arguments import Array, DataFormat
from upsamp.core.text import printable
from upsamp.errors import FileError
from upsamp.io.formats import (
    FORMATS,
    FRAME_FORMATS,
    IMAGE_FORMATS,
    LOSSY_FORMATS,
    TEXT_FORMATS,
    format_of_name,
    format_to_write,
    suffix_of,
)
from upsamp.io.losses import fitted_stand_in
from upsamp.io.picture_options import ReadOptions, WriteOptions
from upsamp.io.pictures import Picture, array_of, shown_frames
from upsamp.io.read import names_file, read_source
from upsamp.io.remote_paths import is_remote, join_path, split_path
from upsamp.io.streams import STANDARD_STREAM, is_open, is_stream
from upsamp.io.write import Destination, check_place, copy_stream

if TYPE_CHECKING:
    from upsamp.cli import transpose_request, upsample_request
    from upsamp.resizing.file_to_file import Job, WorkT
    from upsamp.resizing.strip_jobs import Source

    # What is asked of a command that makes one result of one input.
    Request: TypeAlias = upsample_request.Request | transpose_request.Request

# The matrix of the tutorial, for a first look without any input.
TUTORIAL_MATRIX = "1 2; 3 4"


def read_input(source: str | None, options: ReadOptions) -> Picture | Array:
    """Read a command's input; without any it is the tutorial's matrix, and the user is told."""
    if source is None:
        show_note(
            f"no input was given, so this is '{TUTORIAL_MATRIX}'; give a file, a matrix, or '-' "
            "to read standard input"
        )
        source = TUTORIAL_MATRIX
    given = read_source(source, options)
    check_kind(is_image=isinstance(given, Picture))
    for note in given.notes if isinstance(given, Picture) else ():
        show_note(f"{source}: {note}")
    return given


def choose_destination(request: "Request", given: Picture | Array, ending: str) -> Destination:
    """Decide where the result goes, before any work is done on it.

    A matrix without `-o` is shown; an image becomes a file beside its own, whose name ends in
    `ending`, or flows on where it came from standard input.
    """
    name, wanted = _find_destination(request, given, ending)
    check_digits(request.digits, wanted, ())
    check_coding(wanted, request.writing)
    return Destination(name, wanted, request.writing, request.force)


def check_coding(format_name: str, writing: WriteOptions) -> None:
    """Raise where an option of writing is given for a format that does not know it."""
    if writing.compression is not None and format_name != "png":
        kind = "a table" if format_name == "table" else format_name.upper()
        raise click.UsageError(
            f"--compress is for PNG, and the result is to be {kind}. "
            "Leave it out, or use --format png."
        )
    if writing.quality is not None and format_name not in LOSSY_FORMATS:
        raise click.UsageError("--quality is for JPEG, WebP and AVIF. Leave it out, or use one.")
    if writing.background is not None and format_name not in IMAGE_FORMATS:
        raise click.UsageError(
            "--background is for images, and the result is to be a matrix. Leave it out."
        )
    if writing.value_range is not None and format_name not in IMAGE_FORMATS:
        raise click.UsageError(
            "--range is for images; numbers are written as they are. "
            "Leave it out, or use -o FILE.png."
        )


def _find_destination(request: "Request", given: Picture | Array, ending: str) -> tuple[str, str]:
    """Decide on the file and the format."""
    source, output, format_name = request.source, request.output, request.format_name
    wanted = "txt" if format_name == "plain" else format_name
    own = given.format if isinstance(given, Picture) and given.format in IMAGE_FORMATS else "png"
    if output is None and isinstance(given, Picture) and wanted not in ("table", *TEXT_FORMATS):
        output = STANDARD_STREAM
        if source is not None and not is_open(source):
            folder, name = split_path(source)
            stem, suffix = Path(name).stem, Path(name).suffix
            if wanted or given.format not in IMAGE_FORMATS:
                suffix = suffix_of(wanted or "png")
            output = join_path(folder, f"{stem}_{ending}{suffix or suffix_of(own)}")
            output = output if is_remote(output) else str(Path(output))
            wanted = wanted or own
    if output is None or output == STANDARD_STREAM:
        default = "table" if output is None and on_terminal() else "txt"
        if output == STANDARD_STREAM and isinstance(given, Picture):
            default = own
        refuse_on_terminal(wanted or default)
        return STANDARD_STREAM, wanted or default
    if wanted == "table":
        raise click.UsageError("A table is shown, not written. Leave -o out, or use --format txt.")
    told = format_of_name(output)
    if wanted is not None and told not in (wanted, None):
        raise click.UsageError(
            f"--format {format_name} and '{printable(output)}' disagree. Leave --format out, or "
            f"use a name in {suffix_of(wanted)}."
        )
    check_place(output, overwrite=request.force)
    return output, wanted or _format_of(output)


def choose_picture(name: str, option: str, request: "Request", *, least: int = 1) -> Destination:
    """Return where a picture of `option` goes, or raise where it cannot, before any work is done.

    least: the pixels of its shorter side at the least.
    """
    format_name = format_of_name(name) or ("png" if is_stream(name) else None)
    side = FORMATS[format_name].largest_side if format_name else None
    if format_name not in IMAGE_FORMATS or (side or least) < least:
        raise click.UsageError(
            f"{option} must be a picture, such as {option.lstrip('-')}.png. "
            f"Received: {printable(name)}."
        )
    if name == STANDARD_STREAM:
        refuse_on_terminal(format_name)
    check_coding(format_name, request.writing)
    check_place(name, overwrite=request.force)
    return Destination(name, format_name, request.writing, request.force)


def _format_of(output: str) -> str:
    """Return the format that a file's suffix tells; without one the command must say it."""
    if is_stream(output) and format_of_name(output) is None:
        raise click.UsageError(
            f"Cannot tell the format of '{printable(output)}', as a pipe has no suffix. "
            "Use --format NAME."
        )
    try:
        return format_to_write(output)
    except FileError as error:
        raise click.UsageError(printable(str(error))) from error


def refuse_on_terminal(format_name: str) -> None:
    """Raise where bytes that are no text would be printed on a terminal."""
    if on_terminal() and format_name not in ("table", *TEXT_FORMATS):
        raise click.UsageError(
            f"{format_name.upper()} must not be printed on a terminal. Use -o FILE, or pipe it on."
        )


def shows_tables(destination: Destination) -> bool:
    """Tell whether tables can be shown beside the result: where standard output is not it."""
    return destination.format == "table" or (destination.name != STANDARD_STREAM and on_terminal())


def deliver(
    result: Picture | Array, destination: Destination, digits: int | None = None
) -> Picture | Array:
    """Write a result, or show it as a table; return what was written."""
    from upsamp.resizing.file_to_file import deliver as write  # with what makes results

    if destination.format != "table":
        return write(result, destination, show_note)
    show_matrix("Output", array_of(result), digits)
    return result


@contextmanager
def text_written(name: str | None, *, overwrite: bool) -> Iterator[None]:
    """Let what is printed in the block be the text of a file, whole or not at all.

    name: None and "-" leave it on standard output.
    """
    if name is None or name == STANDARD_STREAM:
        yield
        return
    check_place(name, overwrite=overwrite)
    with redirect_stdout(StringIO()) as printed:
        yield
    copy_stream(BytesIO(printed.getvalue().encode()), name, overwrite=overwrite)


def find_source(request: "Request") -> "Source":
    """Return the input, or of what can be read by its rows the head alone."""
    from upsamp.resizing.strip_jobs import Source  # with what makes results

    stored = None if request.source is None else Source.find_stored(request.source)
    if stored is None:
        return Source(read_input(request.source, request.reading))
    check_kind(is_image=False)
    return stored


def finish(job: "Job[WorkT]") -> Picture | Array:
    """Make and write the result of a job; one that is only shown is returned."""
    from upsamp.cli.render.progress import show_progress  # with what makes results
    from upsamp.resizing.file_to_file import carry_out

    def watch(label: str, length: int, step: int) -> "AbstractContextManager[Callable[..., None]]":
        return show_progress(label, "rows", length, wanted=length > step)

    return carry_out(job, show_note, watch)


def show_result(given: Picture | Array, result: Picture | Array, digits: int | None = None) -> None:
    """Show a result as a table, and the matrix that it was made of."""
    if not isinstance(given, Picture):
        show_matrix("Input", given, digits)
    show_matrix("Output", array_of(result), digits)


def show_planned(source: str, target: str, size: Sequence[int]) -> None:
    """Show on a line what a file would become; `size` is (rows, columns, ...)."""
    print_text(f"{printable(source)} -> {printable(target)}: {size[1]}x{size[0]}")


def report(
    title: str,
    source: str | None,
    given: Picture | Array,
    result: Picture | Array,
    destination: Destination,
    settings: Sequence[Sequence[str]],
    started: float,
) -> None:
    """Show what happened to a file, unless the result itself took standard output."""
    if destination.name == STANDARD_STREAM:
        return
    if isinstance(result, Picture) and destination.format in IMAGE_FORMATS:
        result = fitted_stand_in(result, destination.format, destination.options)
    is_file = source is not None and (is_remote(source) or names_file(source))
    named = str(source) if is_file else "inline matrix"
    rows = [
        ("File", "standard input" if source == STANDARD_STREAM else named, destination.name),
        ("Shape", _shape(given), _shape(result)),
        ("Dtype", array_of(given).dtype.name, array_of(result).dtype.name),
    ]
    if isinstance(given, Picture) or isinstance(result, Picture):
        rows.append(("Mode", _mode(given), _mode(result)))
    if isinstance(given, Picture) and given.rest is not None:
        count = str(shown_frames(given).count)
        several = isinstance(result, Picture) and destination.format in FRAME_FORMATS
        made = shown_frames(result).count if isinstance(result, Picture) and several else 1
        rows.append(("Frames", count, str(made)))
    rows += [(label, "", text) for label, text in settings]
    rows.append(("Seconds", "", f"{perf_counter() - started:.3f}"))
    with _written(destination.name):
        show_report(title, rows)
        sys.stdout.flush()


@contextmanager
def _written(name: str) -> Iterator[None]:
    """Let a lack of memory be a note in the block, which shows what is in the file `name`."""
    try:
        yield
    except MemoryError:
        if name == STANDARD_STREAM:
            raise
        show_note(f"'{name}' is written, but there is not enough memory to show it")


def preview(result: Picture | Array, name: str, data_format: DataFormat = "channels_last") -> None:
    """Show a result on the terminal; `name` is its file's, or "-"."""
    from upsamp.cli.render.preview import show_preview  # few look at what they make

    with _written(name):
        show_preview(result, name, data_format)


def _shape(result: Picture | Array) -> str:
    return " x ".join(map(str, array_of(result).shape))


def _mode(result: Picture | Array) -> str:
    return result.mode if isinstance(result, Picture) else "matrix"
