"""Pixels as characters: two in each as the halves of a block, or one as a letter's darkness."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import numpy as np

from upsamp.core.arguments import Array, Pair

# What a terminal shows: 24 bits a colour, a table of 256, or letters alone.
Colours = Literal["true", "256", "none"]

UPPER_HALF = "\N{UPPER HALF BLOCK}"
# From what leaves a dark ground dark to what covers most of it.
RAMP = " .:-=+*#%@"
RESET = "\x1b[0m"
# The colours 16 to 255 of the table: a cube of 6 x 6 x 6, and 24 greys.
LEVELS = np.array([0, 95, 135, 175, 215, 255])
TABLE = np.concatenate(
    [
        np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS, indexing="ij"), axis=-1).reshape(-1, 3),
        np.arange(8, 239, 10)[:, np.newaxis].repeat(3, axis=1),
    ]
).astype(np.float32)
# By so much are pixels made darker and brighter in turns, so that what lies between two colours is
# spread over neighbours.
TURNS = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) * 1.5 - 11.25
# How much of a difference in red, green and blue is seen.
SEEN = np.array([0.55, 0.77, 0.33], np.float32)


def pixels_of_cells(cells: Pair, colours: Colours, *, blocks: bool) -> Pair:
    """Return how many pixels, as wide as high, fill (lines, columns) of characters.

    blocks: whether half blocks can be printed; without them a pixel is two blanks in its colour.
    """
    lines, columns = cells
    return (2 * lines, columns) if blocks or colours == "none" else (lines, max(1, columns // 2))


def block_lines(pixels: Array, colours: Colours, *, blocks: bool, light: bool) -> Iterator[str]:
    """Yield the lines that show an image, each of which leaves the colours as they were.

    pixels: uint8 (H, W, 3), of as many as `pixels_of_cells` says. light: whether the ground is
    light, on which letters are dark.
    """
    if colours == "none":
        yield from _letters(pixels, light=light)
        return
    if colours == "true":
        codes = [[f"2;{red};{green};{blue}" for red, green, blue in row] for row in pixels.tolist()]
    else:
        codes = _table_colours(pixels)
    if not blocks:
        for row in codes:
            yield _line([("  ", "", code) for code in row])
        return
    if len(codes) % 2:
        codes.append([""] * len(codes[0]))
    for upper, lower in zip(codes[::2], codes[1::2], strict=True):
        yield _line([(UPPER_HALF, top, bottom) for top, bottom in zip(upper, lower, strict=True)])


def _line(cells: list[tuple[str, str, str]]) -> str:
    """Return cells of a character, its colour and its ground's; what goes on is not repeated."""
    parts = []
    for before, (character, front, ground) in pairwise([("", "", ""), *cells]):
        wanted = []
        if front and front != before[1]:
            wanted.append(f"38;{front}")
        if ground != before[2]:
            wanted.append(f"48;{ground}" if ground else "49")
        parts.append(f"\x1b[{';'.join(wanted)}m{character}" if wanted else character)
    return "".join(parts) + RESET


def _table_colours(pixels: Array) -> list[list[str]]:
    """Return the nearest colours of the table, of what it does not have some around it in turns."""
    rows, columns = pixels.shape[:2]
    turns = np.tile(TURNS, (rows // 4 + 1, columns // 4 + 1))[:rows, :columns, np.newaxis]
    codes = []
    for row, turn in zip(pixels.astype(np.float32), turns, strict=True):
        places, distances = _nearest_of_table(row)
        spread, _ = _nearest_of_table(row + turn)
        places = np.where(distances == 0, places, spread)
        codes.append([f"5;{place + 16}" for place in places.tolist()])
    return codes


def _nearest_of_table(pixels: Array) -> tuple[Array, Array]:
    """Return which colours of the table are nearest to a row of pixels, and how far they are."""
    distances = (((pixels[:, np.newaxis] - TABLE) * SEEN) ** 2).sum(axis=2)
    return distances.argmin(axis=1), distances.min(axis=1)


def _letters(pixels: Array, *, light: bool) -> Iterator[str]:
    """Yield each two pixels, one above the other, as a letter, by their luminance."""
    luminance = pixels @ np.array([0.2126, 0.7152, 0.0722]) / 255
    if len(luminance) % 2:
        luminance = np.concatenate([luminance, luminance[-1:]])
    cells = (luminance[::2] + luminance[1::2]) / 2
    places = np.rint((1 - cells if light else cells) * (len(RAMP) - 1)).astype(int)
    for row in places.tolist():
        yield "".join(RAMP[place] for place in row).rstrip()
