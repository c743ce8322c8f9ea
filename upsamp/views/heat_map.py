"""Heat maps: each number of a matrix as a square, dark for the least and bright for the largest."""

import numpy as np

from upsamp.core.arguments import Array
from upsamp.views.canvas import BLACK, PAPER, Canvas, Ink, text_width

# The colours from the least to the largest value: dark blue, green, yellow.
SCALE = np.array([(50, 30, 100), (35, 110, 140), (70, 180, 110), (250, 230, 60)], np.float64)
# The pixels of a map's longer side, as near as whole squares come; squares with room for a number.
SIDE, NUMBERED = 480, 30
TITLE, NUMBER, GAP = 18, 12, 24


def heat_colours(values: Array) -> Array:
    """Return a colour for each number, uint8 (..., 3); all are the same where the numbers are.

    >>> heat_colours(np.array([0.0, 1.5, 3.0]))[[0, 2]].tolist()
    [[50, 30, 100], [250, 230, 60]]
    """
    low, high = float(values.min()), float(values.max())
    even = high - low <= 1e-9 * max(abs(low), abs(high))
    share = np.full(values.shape, 0.5) if even else (values - low) / (high - low)
    place = share * (len(SCALE) - 1)
    channels = [np.interp(place, np.arange(len(SCALE)), SCALE[:, channel]) for channel in range(3)]
    colours: Array = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    return colours


def ink_on(colour: Array) -> Ink:
    """Return the ink that is read on a colour: dark on bright ones.

    >>> ink_on(np.array([250, 230, 60])), ink_on(np.array([50, 30, 100]))
    ((40, 44, 52), (255, 255, 255))
    """
    brightness = float(np.dot(colour, (0.299, 0.587, 0.114)))
    return BLACK if brightness > 140 else PAPER


def draw_heat_maps(maps: dict[str, Array]) -> Array:
    """Draw matrices beside each other, each with its title and, where there is room, its numbers.

    Return uint8 (H, W, 3). Every number is a square of one size; its corners have its colour.
    """
    shape = np.max([values.shape for values in maps.values()], axis=0)
    side = max(1, SIDE // int(max(shape)))
    width = max(int(shape[1]) * side, *(text_width(title, TITLE) for title in maps))
    canvas = Canvas(int(shape[0]) * side + 2 * GAP + TITLE, (width + GAP) * len(maps) + GAP)
    for number, (title, values) in enumerate(maps.items()):
        left = GAP + number * (width + GAP)
        canvas.write(title, GAP // 2, left, TITLE)
        colours = heat_colours(values)
        squares = colours.repeat(side, axis=0).repeat(side, axis=1)
        top = GAP + TITLE
        canvas.lay(squares, top, left)
        if side < NUMBERED:
            continue
        for (row, column), value in np.ndenumerate(values):
            middle = left + (column + 0.5) * side
            place = top + row * side + (side - NUMBER) // 2
            ink = ink_on(colours[row, column])
            canvas.write(f"{value:.3g}", place, middle, NUMBER, ink, centred=True)
    return canvas.pixels
