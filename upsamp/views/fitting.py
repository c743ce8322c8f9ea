"""A view made as large as its place is: averaged where it is smaller, repeated where it is larger.

Averages are those of areas: each pixel of the result is the mean of what it covers, colours
weighted by alpha.
"""

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.views.view import View


def fitted_size(size: Pair, room: Pair) -> tuple[Pair, str]:
    """Return the size at which an image is shown in a room, and the scale in words.

    size, room: rows and columns. What is larger is reduced in its own shape; what is smaller is
    enlarged by the largest whole factor, so that each of its pixels is seen.

    >>> fitted_size((300, 400), (100, 100)), fitted_size((3, 4), (100, 100))
    (((75, 100), '25%'), ((75, 100), '2500%'))
    """
    times = min(place // length for place, length in zip(room, size, strict=True))
    if times >= 1:
        return (size[0] * times, size[1] * times), f"{100 * times}%"
    share = min(place / length for place, length in zip(room, size, strict=True))
    fitted = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    return fitted, f"{100 * share:.2g}%"


def fit(view: View, size: Pair) -> View:
    """Return a view of that size, (rows, columns), of which each is a multiple or smaller."""
    rows, columns = view.pixels.shape[:2]
    if size[0] >= rows and size[1] >= columns:
        return view.with_pixels(repeat(view.pixels, size[0] // rows, size[1] // columns))
    return view.with_pixels(average(view.pixels, size, alpha=view.has_alpha))


def repeat(pixels: Array, rows: int, columns: int) -> Array:
    """Repeat each pixel of an image this many times."""
    return pixels.repeat(rows, axis=0).repeat(columns, axis=1)


def average(pixels: Array, size: Pair, *, alpha: bool = False) -> Array:
    """Return the means of areas of (H, W, C), float64 of that size; a row of the result at a time.

    alpha: whether the last channel weights the others.
    """
    height, width = pixels.shape[:2]
    rows, columns = _covered(height, size[0]), _covered(width, size[1])
    result = np.empty((*size, pixels.shape[2]))
    for row, (inputs, weights) in enumerate(zip(*rows, strict=True)):
        band = pixels[inputs[0] : inputs[-1] + 1].astype(np.float64)
        if alpha:
            band[:, :, :-1] *= band[:, :, -1:]
        line = np.tensordot(weights[: len(band)], band, 1)
        result[row] = np.einsum("ck,ckn->cn", columns[1], line[columns[0]])
    if alpha:
        seen = result[:, :, -1:]
        result[:, :, :-1] = np.divide(
            result[:, :, :-1], seen, out=np.zeros_like(result[:, :, :-1]), where=seen != 0
        )
    return result


def _covered(length: int, count: int) -> tuple[Array, Array]:
    """Return the inputs that each of `count` outputs covers, (count, most), and their shares.

    Where an output covers fewer than the most, its last stands again, with a share of zero.
    """
    # In units of 1 / count of an input, in which all edges are whole numbers.
    starts = np.arange(count)[:, np.newaxis] * length
    ends = starts + length
    first, last = starts // count, (ends - 1) // count
    inputs = first + np.arange((last - first).max() + 1)
    shares = np.minimum((inputs + 1) * count, ends) - np.maximum(inputs * count, starts)
    return np.minimum(inputs, last), np.maximum(shares, 0) / length
