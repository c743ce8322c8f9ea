"""The picture of a spectrum: bright where there is energy, with frequencies in frames."""

from collections.abc import Mapping

import numpy as np

from upsamp.core.arguments import Array
from upsamp.views.canvas import Canvas, Ink, text_width
from upsamp.views.heat_map import heat_colours

# The pixels of the spectrum's longer side, as near as whole squares come.
SIDE = 384
TITLE, TEXT, GAP = 18, 13, 24
# Powers of ten that are shown below the largest energy.
DECADES = 8
# The inks of the frames, in the order of the marks.
INKS: tuple[Ink, ...] = ((215, 40, 40), (190, 30, 170), (240, 130, 20), (20, 20, 20))
AXES = "the middle is slow change, the edges change from pixel to pixel; brighter is more energy"


def draw_spectrum(power: Array, title: str, marks: Mapping[str, Array]) -> Array:
    """Draw the energy of each frequency, its logarithm as a colour.

    power: (rows, columns), in the order of `np.fft.fft2`. marks: what is said below the spectrum of
    frequencies, which are framed there: flags, (rows, columns). Returns uint8 (H, W, 3).
    """
    largest = float(power.max()) or 1.0
    decades = np.log10(np.maximum(power / largest, 10.0**-DECADES))
    colours = heat_colours(np.fft.fftshift(decades))
    side = max(1, SIDE // max(power.shape))
    squares = colours.repeat(side, axis=0).repeat(side, axis=1)
    lines = (AXES, *marks)
    words = [text_width(title, TITLE), *(text_width(line, TEXT) for line in lines)]
    width = max(squares.shape[1], *words)
    top = GAP + TITLE
    below = top + squares.shape[0] + GAP // 2
    canvas = Canvas(below + len(lines) * (TEXT + GAP // 3) + GAP // 2, width + 2 * GAP)
    canvas.write(title, GAP // 2, GAP, TITLE)
    canvas.lay(squares, top, GAP)
    canvas.write(AXES, below, GAP, TEXT)
    for number, (text, flags) in enumerate(marks.items()):
        ink = INKS[number % len(INKS)]
        for row, column in np.argwhere(np.fft.fftshift(flags)):
            canvas.frame(top + row * side, GAP + column * side, side, side, ink)
        canvas.write(text, below + (number + 1) * (TEXT + GAP // 3), GAP, TEXT, ink)
    return canvas.pixels
