"""Colours of clear pixels, which nobody sees, and which must not reach those beside them."""

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.dtypes import round_to

# Rows that are looked at together, an even number.
ROWS = 256
# Bytes that are taken for each pixel: a copy of 16 bits, and sums of four pixels and of more.
HIDDEN_BYTES = 16


def with_colours_around(pixels: Array) -> Array:
    """Return pixels of which the clear ones have the colours of those around them.

    pixels: (H, W, C) of integers, whose last channel is alpha. Each clear pixel gets the mean,
    weighted by alpha, of the smallest square of 2, 4, 8... pixels around it that is not all clear.
    Source: S. Gortler et al., "The Lumigraph" (1996), push-pull.

    >>> pixels = np.array([[[9, 0], [40, 255], [40, 255], [7, 0]]], np.uint8)
    >>> with_colours_around(pixels)[..., 0]
    array([[40, 40, 40, 40]], dtype=uint8)
    """
    if pixels[..., -1].all() or not pixels[..., -1].any():
        return pixels
    starts = range(0, len(pixels), ROWS)
    levels = [np.concatenate([_halved(_weighted(pixels[y : y + ROWS])) for y in starts])]
    while max(levels[-1].shape[:2]) > 1:
        levels.append(_halved(levels[-1]))
    colours = _divided(levels.pop())
    while levels:
        level = levels.pop()
        colours = np.where(level[..., -1:] > 0, _divided(level), _doubled(colours, level))
    result = pixels.copy()
    for start in starts:
        part = result[start : start + ROWS]
        around = _doubled(colours[start // 2 : (start + ROWS) // 2], part)
        clear = part[..., -1] == 0
        part[clear, :-1] = round_to(around[clear], pixels.dtype)
    return result


def _weighted(pixels: Array) -> Array:
    """Return colours times alpha, and alpha, as floats."""
    weighted = pixels.astype(np.float32)
    weighted[..., :-1] *= weighted[..., -1:]
    return weighted


def _halved(sums: Array) -> Array:
    """Return the sums of squares of 2 by 2."""
    sums = np.pad(sums, ((0, len(sums) % 2), (0, sums.shape[1] % 2), (0, 0)))
    rows = sums[::2] + sums[1::2]
    halved: Array = rows[:, ::2] + rows[:, 1::2]
    return halved


def _divided(sums: Array) -> Array:
    """Return the means that sums of weighted colours are of."""
    means: Array = sums[..., :-1] / np.maximum(sums[..., -1:], 1)
    return means


def _doubled(colours: Array, like: Array) -> Array:
    """Return each colour for 2 by 2 pixels, as many as another array has."""
    return colours.repeat(2, axis=0).repeat(2, axis=1)[: len(like), : like.shape[1]]
