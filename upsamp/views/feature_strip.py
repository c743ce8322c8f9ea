"""One sample's way through a model as a strip: what each layer gives, from input to picture.

All maps of a layer are in one scale of colours. Values of both signs are blue below zero and red
above it, the others grey from the least, black, to the largest, white.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.memory import check_memory
from upsamp.core.text import printable
from upsamp.models.sampling.layer_values import LayerValues
from upsamp.models.sampling.sample_grid import gray_levels
from upsamp.views.canvas import Canvas, Ink, text_width
from upsamp.views.fitting import average, fitted_size, repeat
from upsamp.views.map_colours import MAP_COLOURS, Colours, colours_of, ends_of
from upsamp.views.palette import Theme

# All in pixels. The height of the sheets is that of the tallest map between these two.
LEAST_HEIGHT, MOST_HEIGHT = 232, 384
# A strip is broken into lines where it would be wider.
WIDTH = 1600
MARGIN, GAP, TILE_GAP = 20, 36, 1
NAME, TEXT, LINE = 14, 12, 17
LARGEST_CELL = 24
LEGEND = (8, 96)
# How many maps are in a sheet: as many of these as there are, and as fit.
COUNTS = (16, 9, 4, 1)
MOST_CHARACTERS = 34


@dataclass(frozen=True)
class _Entry:
    """What is drawn of one layer: words above and below, and a sheet of maps.

    leads: whether the next layer takes what this one gives, and nothing more.
    """

    above: list[tuple[str, int, bool]]
    sheet: Array
    below: list[str]
    legend: tuple[Array, str, str] | None
    leads: bool

    @property
    def width(self) -> int:
        """The columns of pixels that it takes."""
        words = [text_width(text, size) for text, size, _ in self.above if text]
        words += [text_width(text, TEXT) for text in self.below if text]
        if self.legend is not None:
            words.append(LEGEND[1] + 16 + sum(text_width(text, TEXT) for text in self.legend[1:]))
        return max(len(self.sheet[0]), *words)


def draw_strip(layers: Sequence[LayerValues], theme: Theme = "light") -> Array:
    """Draw what the layers give, in their order, uint8 (H, W, 3).

    Each map is enlarged by a whole factor, or where it is taller than a sheet, averaged. Memory is
    checked before it is taken.
    """
    colours = MAP_COLOURS[theme]
    tallest = max((one.values.shape[0] for one in layers if one.values.ndim == 3), default=0)
    height = min(MOST_HEIGHT, max(LEAST_HEIGHT, tallest))
    links = any(_takes(layers, number) for number in range(len(layers)))
    entries = [
        _entry(layers, number, height, colours, links=links) for number in range(len(layers))
    ]
    lines = _lines(entries)
    head = 8 + LINE * (3 if links else 2)
    tall = head + height + 8 + LINE * 4 + GAP
    width = 2 * MARGIN + max(_length(line) for line in lines)
    check_memory((tall * len(lines) + MARGIN, width, 3), np.uint8, "The picture")
    canvas = Canvas(tall * len(lines) + MARGIN, width, colours.paper)
    for row, line in enumerate(lines):
        left = MARGIN
        for place, entry in enumerate(line):
            top = MARGIN + row * tall
            _draw_entry(canvas, entry, (top, left), (head, height), colours)
            left += entry.width + GAP
            if entry.leads:
                last = place == len(line) - 1
                middle = top + head + height // 2
                _draw_point(canvas, middle, left - GAP + 12 - 6 * last, colours.soft)
    return canvas.pixels


def _lines(entries: Sequence[_Entry]) -> list[list[_Entry]]:
    """Break the strip into lines."""
    lines: list[list[_Entry]] = [[]]
    for entry in entries:
        if lines[-1] and _length([*lines[-1], entry]) > WIDTH:
            lines.append([])
        lines[-1].append(entry)
    return lines


def _length(line: Sequence[_Entry]) -> int:
    return sum(entry.width for entry in line) + GAP * (len(line) - 1) + 12


# --- one layer


def _takes(layers: Sequence[LayerValues], number: int) -> str:
    """Return the names of what a layer takes, where it is not what the layer before it gives."""
    takes = layers[number].takes
    before = layers[number - 1].name.partition("[")[0] if number else ""
    if takes in ((), (before,)):
        return ""
    own = layers[number].name.rpartition("/")[0]
    text = ", ".join(_cut(name.removeprefix(f"{own}/")) for name in takes)
    return f"takes {text if len(text) <= 2 * MOST_CHARACTERS else f'{len(takes)} layers'}"


def _cut(text: str) -> str:
    shown = printable(text)
    if len(shown) <= MOST_CHARACTERS:
        return shown
    return f"{shown[: MOST_CHARACTERS // 2]}...{shown[3 - MOST_CHARACTERS // 2 :]}"


def _entry(
    layers: Sequence[LayerValues], number: int, height: int, colours: Colours, *, links: bool
) -> _Entry:
    """Return what is drawn of a layer."""
    layer = layers[number]
    sheet, shown = _sheet(layer, height, colours)
    takes = _takes(layers, number)
    above = [(_cut(layer.name), NAME, True), (_cut(layer.type), TEXT, False)]
    above += [(takes, TEXT, False)] * links
    below = [
        " x ".join(f"{side:,}" for side in layer.shape) or "1",
        shown,
        f"{layer.low:.4g} to {layer.high:.4g}"
        + (f", {layer.not_finite:,} not finite" if layer.not_finite else ""),
    ]
    after = number + 1 < len(layers) and layers[number + 1].takes and not _takes(layers, number + 1)
    return _Entry(above, sheet, below, _legend(layer, colours), bool(after))


def _sheet(layer: LayerValues, height: int, colours: Colours) -> tuple[Array, str]:
    """Return the sheet of a layer, uint8 (H, W, 3), and what it has of how many."""
    values = layer.values
    if values.ndim == 1:
        return _folded(layer, height, colours)
    if layer.picture is not None:
        levels = gray_levels(values, layer.picture)
        levels = levels if levels.shape[2] == 3 else levels.repeat(3, axis=2)
        fitted, words = _fitted(levels, (height, 2 * height))
        return fitted, f"as a picture{words}"
    total = layer.shape[2] if len(layer.shape) == 3 else 1
    most = values.shape[2]
    rows, columns = next(
        one
        for one in map(_grid, (min(most, count) for count in COUNTS))
        if one == (1, 1) or _fits(one, values.shape, height)
    )
    count = min(rows * columns, most)
    maps = colours_of(layer, np.moveaxis(values[:, :, :count], 2, 0), colours)
    room = (height + TILE_GAP) // rows - TILE_GAP, (2 * height + TILE_GAP) // columns - TILE_GAP
    drawn = [_fitted(one, room) for one in maps]
    tall, wide = (length + TILE_GAP for length in drawn[0][0].shape[:2])
    canvas = Canvas(rows * tall - TILE_GAP, columns * wide - TILE_GAP, colours.soft)
    # What is left of the last row stays empty.
    canvas.pixels[(rows - 1) * tall :, (count - 1) % columns * wide + wide :] = colours.empty
    for number, (one, _) in enumerate(drawn):
        canvas.lay(one, number // columns * tall, number % columns * wide)
    shown = f"{count} of {total:,} maps" if count < total else f"{total} map{'s' * (total > 1)}"
    return canvas.pixels, shown + drawn[0][1]


def _grid(count: int) -> Pair:
    """Return rows and columns for this many maps, near to a square."""
    columns = math.ceil(math.sqrt(count))
    return -(-count // columns), columns


def _fits(grid: Pair, shape: tuple[int, ...], height: int) -> bool:
    """Tell whether maps of a shape fit as they are."""
    rows, columns = grid
    return rows * (shape[0] + 1) <= height + 1 and columns * (shape[1] + 1) <= 2 * height + 1


def _fitted(pixels: Array, room: Pair) -> tuple[Array, str]:
    """Return a picture as large as its room, and where it was averaged the words for that."""
    shape = pixels.shape[0], pixels.shape[1]
    size, scale = fitted_size(shape, room)
    if size[0] >= shape[0] and size[1] >= shape[1]:
        factor = min(LARGEST_CELL, size[0] // shape[0])
        return repeat(pixels, factor, factor), ""
    return np.rint(average(pixels, size)).astype(np.uint8), f", at {scale}"


def _folded(layer: LayerValues, height: int, colours: Colours) -> tuple[Array, str]:
    """Return a vector in rows of squares, as a square."""
    values = layer.values[: height**2]
    total = math.prod(layer.shape)
    rows, columns = _grid(max(1, len(values)))
    cells = np.full((rows * columns, 3), colours.empty, np.uint8)
    cells[: len(values)] = colours_of(layer, values, colours)
    factor = min(LARGEST_CELL, height // columns)
    sheet = repeat(cells.reshape(rows, columns, 3), factor, factor)
    values_of = f"{len(values):,} of {total:,}" if len(values) < total else f"{total:,}"
    words = f"{values_of} value{'s' * (total != 1)}"
    return sheet, f"{words} in rows of {columns}" if rows > 1 else words


def _legend(layer: LayerValues, colours: Colours) -> tuple[Array, str, str] | None:
    """Return a bar with all colours, and the values at its ends."""
    low, high = ends_of(layer)
    if not low < high:
        return None
    values = np.linspace(low, high, LEGEND[1])
    bar = colours_of(layer, values, colours)[np.newaxis].repeat(LEGEND[0], axis=0)
    return bar, f"{low:.3g}", f"{high:.3g}"


# --- drawing


def _draw_entry(
    canvas: Canvas, entry: _Entry, place: Pair, heights: Pair, colours: Colours
) -> None:
    """Draw a layer with its words; heights: of the words above and of the sheets."""
    top, left = place
    head, height = heights
    for number, (text, size, strong) in enumerate(entry.above):
        ink = colours.ink if strong else colours.soft
        if text:
            canvas.write(text, top + LINE * number, left, size, ink)
    rows, columns = entry.sheet.shape[:2]
    begin = top + head + (height - rows) // 2
    canvas.frame(begin, left, rows, columns, colours.soft, 1)
    canvas.lay(entry.sheet, begin, left)
    base = top + head + height + 8
    for number, text in enumerate(entry.below):
        canvas.write(text, base + LINE * number, left, TEXT, colours.ink)
    if entry.legend is not None:
        bar, low, high = entry.legend
        base += LINE * len(entry.below)
        canvas.write(low, base, left, TEXT, colours.soft)
        start = left + text_width(low, TEXT) + 8
        canvas.frame(base + 4, start, *LEGEND, colours.soft, 1)
        canvas.lay(bar, base + 4, start)
        canvas.write(high, base, start + LEGEND[1] + 8, TEXT, colours.soft)


def _draw_point(canvas: Canvas, middle: int, left: int, ink: Ink) -> None:
    """Draw a triangle that points to the right."""
    for column in range(9):
        half = (8 - column) // 2 + 1
        canvas.pixels[middle - half : middle + half, left + column] = ink
