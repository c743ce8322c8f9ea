"""Pixels shown by the graphics that a terminal has: sixels, or those of kitty.

The extra package textual-image knows both, and asks the terminal which it has when it is imported.
"""

import logging
import os
import sys
from io import BytesIO

from upsamp.cli.render.output import open_console
from upsamp.core.arguments import Pair
from upsamp.io.extras import has_extra
from upsamp.io.pictures import Picture
from upsamp.io.png import write_png
from upsamp.views.fitting import fit, fitted_size
from upsamp.views.view import View

__all__ = ["show_by_graphics"]

# No terminal has more pixels in a character than these, rows and columns.
MOST_PIXELS = (40, 20)
# Where the terminal does not answer, or answers what nobody understands.
SILENCE = (OSError, ValueError, RuntimeError)

# A terminal that does not answer is shown blocks; the package logs a traceback besides.
logging.getLogger("textual_image").addHandler(logging.NullHandler())


def show_by_graphics(view: View, cells: Pair) -> bool:
    """Show a view in so many lines and columns; tell whether the terminal could do that."""
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
