"""Parts of an enlarged image, computed without the rest of it, and those where methods differ most.

Where outputs and inputs fall into one step again and again, as they do after 3 outputs and 2 inputs
at a factor of 1.5, a part of the input that begins there is enlarged as it is within the whole.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Convention, Interpolation, Pair
from upsamp.core.upsampling.light import resize_light
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.resample import resize
from upsamp.views.view import View

# An output reads no inputs farther than this, by any method.
REACH = 1 + max(
    math.ceil(kernel.support)
    for method in METHODS.values()
    for kernel in method.kernels.values()
    if kernel
)
# How many of the busiest parts every method enlarges, to see where the methods differ most.
CANDIDATES = 24


class Part(NamedTuple):
    """A rectangle of pixels."""

    top: int
    left: int
    rows: int
    columns: int

    def of(self, pixels: Array) -> Array:
        """Return these pixels of an image."""
        return pixels[self.top : self.top + self.rows, self.left : self.left + self.columns]

    def overlaps(self, other: "Part") -> bool:
        """Tell whether two rectangles have a pixel in common."""
        return (
            max(self.top, other.top) < min(self.top + self.rows, other.top + other.rows)
            and max(self.left, other.left)
            < min(self.left + self.columns, other.left + other.columns)
        )  # fmt: skip


class Comparison(NamedTuple):
    """How an image is enlarged, whatever the method: to (rows, columns), in whose convention.

    linear: whether amounts of light are interpolated.
    """

    size: Pair
    convention: Convention = "keras"
    align_corners: bool = False
    alpha: bool = False
    linear: bool = False

    @property
    def methods(self) -> tuple[Interpolation, ...]:
        """The methods that the convention has."""
        return tuple(
            name
            for name, method in METHODS.items()
            if self.convention in (method.align_corners if self.align_corners else method.kernels)
        )

    def apply(self, image: Array, size: Pair, method: Interpolation) -> Array:
        """Enlarge an image (H, W, C), or a part of one, to a size."""
        enlarge: Callable[..., Array] = resize_light if self.linear else resize
        return enlarge(
            image,
            size,
            method,
            convention=self.convention,
            align_corners=self.align_corners,
            alpha=self.alpha,
        )


class Choice(NamedTuple):
    """A part of the input, the same of the result, and what each method makes of it.

    spread: how far the highest and the lowest of the methods lie apart, of 255, on average.
    """

    source: Part
    target: Part
    results: dict[str, Array]
    spread: float


def most_different(view: View, comparison: Comparison, window: Pair, count: int) -> list[Choice]:
    """Return the parts of an image on which the methods differ most, that first, none twice.

    view: of the image, (H, W, C). window: the rows and columns of a part of the input. Parts that
    are busy, by the sums of their second differences, are enlarged by every method; among these
    the spread decides.
    """
    sources = busiest_parts(view, window, CANDIDATES)
    shape = view.pixels.shape
    targets = [_enlarged_place(source, shape[:2], comparison.size) for source in sources]
    results = {
        method: enlarge_parts(view.pixels, targets, comparison, method)
        for method in comparison.methods
    }
    found = []
    for index, (source, target) in enumerate(zip(sources, targets, strict=True)):
        own: dict[str, Array] = {method: parts[index] for method, parts in results.items()}
        shown = np.stack([view.with_pixels(pixels).shown() for pixels in own.values()])
        found.append(Choice(source, target, own, float(np.ptp(shown, axis=0).mean())))
    found.sort(key=lambda choice: -choice.spread)
    chosen: list[Choice] = []
    for choice in found:
        if not any(choice.source.overlaps(other.source) for other in chosen):
            chosen.append(choice)
    return chosen[:count]


def busiest_parts(view: View, window: Pair, count: int) -> list[Part]:
    """Return the parts with the largest sums of second differences, on a grid of half windows."""
    shape = view.pixels.shape[0], view.pixels.shape[1]
    rows, columns = (min(side, length) for side, length in zip(window, shape, strict=True))
    down, across = _cell_edges(shape[0], rows), _cell_edges(shape[1], columns)
    sums = np.array([_busy_cells(view, *edges, across) for edges in pairwise(down)])
    for axis, side in ((0, rows), (1, columns)):
        if side > 1:  # a window is two cells wide
            cells = np.moveaxis(sums, axis, 0)
            sums = np.moveaxis(cells[:-1] + cells[1:], 0, axis)
    order = np.argsort(-sums, axis=None, kind="stable")[:count]
    # The last window ends with the image.
    tops = [*down[: sums.shape[0] - 1], shape[0] - rows]
    lefts = [*across[: sums.shape[1] - 1], shape[1] - columns]
    places = zip(*np.unravel_index(order, sums.shape), strict=True)
    return [Part(tops[row], lefts[column], rows, columns) for row, column in places]


def _cell_edges(length: int, side: int) -> list[int]:
    """Return where cells of half a window begin, and the end, to which the last of them reaches."""
    step = max(1, side // 2)
    return [*(step * cell for cell in range(length // step)), length]


def _busy_cells(view: View, top: int, bottom: int, across: list[int]) -> Array:
    """Return the sums of second differences in each cell of these rows."""
    above = min(top, 1)
    band = view.with_pixels(view.pixels[top - above : bottom + 1])
    grey = band.shown().sum(axis=2, dtype=np.int32)
    busy = np.zeros(grey.shape, np.int32)
    busy[1:-1] += np.abs(2 * grey[1:-1] - grey[:-2] - grey[2:])
    busy[:, 1:-1] += np.abs(2 * grey[:, 1:-1] - grey[:, :-2] - grey[:, 2:])
    line = busy[above : above + bottom - top].sum(axis=0, dtype=np.int64)
    return np.add.reduceat(line, across[:-1])


def _enlarged_place(source: Part, shape: Sequence[int], size: Pair) -> Part:
    """Return where a part of the input lies in the result."""
    sides = []
    for start, length, inputs, outputs in (
        (source.top, source.rows, shape[0], size[0]),
        (source.left, source.columns, shape[1], size[1]),
    ):
        first = start * outputs // inputs
        sides.append((first, max(1, (start + length) * outputs // inputs - first)))
    return Part(sides[0][0], sides[1][0], sides[0][1], sides[1][1])


def enlarge_parts(
    image: Array, parts: Sequence[Part], comparison: Comparison, method: Interpolation
) -> list[Array]:
    """Return parts of the result, as they are in the whole of it.

    image: (H, W, C). Where the parts would take more work than the whole, this is computed.
    """
    rows, columns = comparison.size
    plans = [
        (
            _needed(part.top, part.rows, image.shape[0], rows, whole=comparison.align_corners),
            _needed(
                part.left, part.columns, image.shape[1], columns, whole=comparison.align_corners
            ),
        )
        for part in parts
    ]
    if sum(down.outputs * across.outputs for down, across in plans) >= rows * columns:
        whole = comparison.apply(image, comparison.size, method)
        return [part.of(whole).copy() for part in parts]
    results = []
    for part, (down, across) in zip(parts, plans, strict=True):
        needed = image[down.start : down.stop, across.start : across.stop]
        made = comparison.apply(needed, (down.outputs, across.outputs), method)
        own = part._replace(top=part.top - down.skipped, left=part.left - across.skipped)
        results.append(own.of(made))
    return results


class Needed(NamedTuple):
    """The inputs of an axis that a part needs, the outputs that they give, and those before."""

    start: int
    stop: int
    outputs: int
    skipped: int


def _needed(first: int, count: int, inputs: int, outputs: int, *, whole: bool) -> Needed:
    """Return what outputs `first` and on need, from where inputs and outputs are in step."""
    if whole:
        return Needed(0, inputs, outputs, 0)
    common = math.gcd(inputs, outputs)
    step, outputs_of_step = inputs // common, outputs // common
    low = first * inputs // outputs - REACH
    high = -(-(first + count) * inputs // outputs) + REACH
    start, stop = max(0, low // step * step), min(inputs, -(-high // step) * step)
    return Needed(
        start, stop, (stop - start) // step * outputs_of_step, start // step * outputs_of_step
    )
