"""A result shown on the terminal: by its own graphics where it has some, otherwise by characters.

The extra package textual-image knows sixels and kitty's graphics. It asks the terminal for them
when it is imported.
"""

import logging
import os
import sys
from io import BytesIO
from pathlib import Path

import click

from upsamp.cli.render.blocks import Colours, block_lines, pixels_of_cells
from upsamp.cli.render.output import on_terminal, open_console, print_drawing
from upsamp.core.arguments import Array, DataFormat, Pair
from upsamp.core.text import printable
from upsamp.io.extras import has_extra
from upsamp.io.pictures import Picture
from upsamp.io.png import write_png
from upsamp.io.streams import STANDARD_STREAM
from upsamp.views.fitting import fit, fitted_size
from upsamp.views.view import View, view_of

# Lines that the caption and the prompt take.
SPARE_LINES = 3
# No terminal has more pixels in a character than these, rows and columns.
MOST_PIXELS = (40, 20)
# Where the terminal does not answer, or answers what nobody understands.
SILENCE = (OSError, ValueError, RuntimeError)

# A terminal that does not answer is shown blocks; the package logs a traceback besides.
logging.getLogger("textual_image").addHandler(logging.NullHandler())


def check_preview() -> None:
    """Raise where nothing can be shown, before any work is done."""
    if not on_terminal():
        raise click.UsageError(
            "--preview draws on a terminal, and standard output is none. Leave it out, or run the "
            "command without a pipe."
        )


def show_preview(
    result: Picture | Array, name: str, data_format: DataFormat = "channels_last"
) -> None:
    """Show a picture or a matrix, fitted to the terminal, and a line that says what it is.

    name: of its file, or "-".
    """
    view = view_of(result, data_format)
    title = "Output" if name == STANDARD_STREAM else printable(Path(name).name)
    console = open_console()
    room = max(1, console.height - SPARE_LINES), max(2, console.width)
    # As rich tells by COLORTERM, TERM and NO_COLOR.
    system = None if console.no_color else console.color_system
    known: dict[str | None, Colours] = {"256": "256", "truecolor": "true"}
    colours = known.get(system, "none")
    blocks = _prints_blocks()
    shape = view.pixels.shape[0], view.pixels.shape[1]
    size, scale = fitted_size(shape, pixels_of_cells(room, colours, blocks=blocks))
    cells = (-(-size[0] // 2), size[1]) if blocks else (size[0], 2 * size[1])
    if colours == "none" or not _show_by_graphics(view, cells):
        shown = fit(view, size).shown(square=max(1, min(8, min(size) // 8)))
        print_drawing(block_lines(shown, colours, blocks=blocks, light=_on_light_ground()))
    rows, columns = shape
    facts = (f"{columns} x {rows} pixels", view.kind, f"shown at {scale}", *view.remarks)
    console.print(f"{title}: {', '.join(facts)}", style="dim")


def _prints_blocks() -> bool:
    """Tell whether standard output has half blocks among its characters."""
    try:
        "\N{UPPER HALF BLOCK}".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _on_light_ground() -> bool:
    """Tell whether the terminal says that its ground is light, as some do: COLORFGBG is 0;15."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def _show_by_graphics(view: View, cells: Pair) -> bool:
    """Show a view in this many lines and columns; tell whether the terminal could do that."""
    if not (has_extra("textual_image") and _can_be_asked()):
        return False
    try:
        # The terminal is asked here, and nowhere else.
        from textual_image.renderable import Image, SixelImage, TGPImage
    except SILENCE:
        return False
    if Image not in (SixelImage, TGPImage):
        return False
    shape = view.pixels.shape[0], view.pixels.shape[1]
    room = cells[0] * MOST_PIXELS[0], cells[1] * MOST_PIXELS[1]
    size, _ = fitted_size(shape, room)
    stream = BytesIO()
    write_png(Picture(fit(view, size).shown(square=16), "RGB"), stream)
    stream.seek(0)
    lines, columns = cells
    console = open_console(drawing=True)
    console.print(Image(stream, "auto", "auto"), width=columns, height=lines)
    return True


def _can_be_asked() -> bool:
    """Tell whether an answer of the terminal would reach this process and no other."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        return False
    if not hasattr(os, "tcgetpgrp"):
        return True
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return False
