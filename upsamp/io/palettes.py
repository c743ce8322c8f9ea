"""Colours as numbers of a palette, where a palette can hold them all."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array

# The number, no colour's, of what is transparent.
CLEAR = 2**24
# Where alpha is all or nothing, what is below this is nothing.
OPAQUE = 128
# What a GIF does not hold of colours, and of alpha.
FEWER_COLOURS = "GIF holds 256 colours, so some are lost; use --format png to keep all"
HARD_EDGES = (
    "GIF is clear or opaque and nothing between, so soft edges become hard; "
    "use --format png to keep them"
)


class Indexed(NamedTuple):
    """Pixels as numbers of a palette.

    indices: (H, W) uint8. palette: 256 times red, green and blue. clear: the number of what is
    transparent, if anything is.
    """

    indices: npt.NDArray[np.uint8]
    palette: bytes
    clear: int | None


def is_partly_clear(pixels: Array) -> bool:
    """Tell whether any alpha, the last channel of 8 bits, is neither nothing nor all.

    >>> is_partly_clear(np.array([[[9, 0], [9, 255]]], np.uint8))
    False
    >>> is_partly_clear(np.array([[[9, 0], [9, 254]]], np.uint8))
    True
    """
    alpha = pixels[..., -1]
    return bool(((alpha > 0) & (alpha < 255)).any())


def index_colours(codes: Array) -> Indexed | None:
    """Return colours as numbers of a palette; None where they are more than 256, with `CLEAR`.

    codes: (H, W) of numbers 0xRRGGBB, or CLEAR.

    >>> index_colours(np.array([[0xFF0000, 0x0000FF, CLEAR]])).indices.tolist()
    [[1, 0, 2]]
    """
    seen = np.zeros(CLEAR + 1, np.bool_)
    seen[codes] = True
    found = np.flatnonzero(seen)
    if len(found) > 256:
        return None
    table = np.zeros(CLEAR + 1, np.uint8)
    table[found] = np.arange(len(found), dtype=np.uint8)
    clear = len(found) - 1 if seen[CLEAR] else None
    opaque = found[found < CLEAR]
    colours = np.stack([opaque >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
    return Indexed(table[codes], colours.tobytes().ljust(768, b"\0"), clear)
