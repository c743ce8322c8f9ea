"""A sheet that shows one image enlarged by every method, on the parts where these differ most."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.views.canvas import Canvas, Ink, text_width
from upsamp.views.crops import Choice, Comparison, most_different
from upsamp.views.fitting import fit, fitted_size, repeat
from upsamp.views.heat_map import ink_on
from upsamp.views.view import View

# All in pixels of the sheet.
PANEL = 192
# An image whose result is no larger is shown whole.
WHOLE = 256
OVERVIEW = (240, 480)
GAP = 8
MARGIN = 24
LABEL = 26
LABEL_SIZE = 16
TITLE_SIZE = 24
TEXT_SIZE = 15
GREY: Ink = (108, 114, 128)
# Of the frames of the parts, in their order; told apart on light and on dark pictures.
FRAMES: tuple[Ink, ...] = ((229, 57, 53), (30, 136, 229), (251, 140, 0))
# The inputs of a part are no more than these in a row: fewer are seen better.
INPUTS = 32


class Column(NamedTuple):
    """Panels below each other, uint8 (H, W, 3), and what is above them."""

    label: str
    panels: Sequence[Array]

    @property
    def width(self) -> int:
        """The columns of pixels that it takes."""
        return max(text_width(self.label, LABEL_SIZE), *(len(panel[0]) for panel in self.panels))


def columns_of_panels(columns: Sequence[Column], *, framed: bool = False) -> Array:
    """Lay panels out in columns and rows, with gaps around them, uint8 (H, W, 3).

    framed: whether each has a line around it.
    """
    rows = list(zip(*(column.panels for column in columns), strict=True))
    heights = [max(len(panel) for panel in row) for row in rows]
    width = sum(column.width + GAP for column in columns) + GAP
    canvas = Canvas(LABEL + sum(height + GAP for height in heights), width)
    left = GAP
    for column in columns:
        canvas.write(column.label, 3, left + column.width / 2, LABEL_SIZE, centred=True)
        top = LABEL
        for panel, height in zip(column.panels, heights, strict=True):
            start = left + (column.width - len(panel[0])) // 2
            if framed:
                canvas.frame(top, start, len(panel), len(panel[0]), GREY, 1)
            canvas.lay(panel, top, start)
            top += height + GAP
        left += column.width + GAP
    return canvas.pixels


def draw_sheet(
    view: View, comparison: Comparison, title: str, others: Mapping[str, Array] = {}
) -> Array:
    """Draw the sheet of an image, uint8 (H, W, 3).

    others: whole results, (H, W, C), that are beside those of the methods, by what made them.
    Above stand the input, in which the parts are framed, and the settings; below, a row a part, the
    part of the input and what each method made of it.
    """
    shape = view.pixels.shape[0], view.pixels.shape[1]
    factors = comparison.size[0] / shape[0], comparison.size[1] / shape[1]
    zoom, window = _window(shape, factors)
    choices = most_different(view, comparison, window, len(FRAMES))
    for choice in choices:
        choice.results.update({name: choice.target.of(made) for name, made in others.items()})
    columns = _columns(view, choices, [*comparison.methods, *others], zoom)
    panels = columns_of_panels(columns, framed=view.numbers)
    lines = _caption(view, comparison, choices, zoom)
    overview = _overview(view, choices)
    text = max(text_width(title, TITLE_SIZE), *(text_width(line, TEXT_SIZE) for line in lines))
    head = max(len(overview), 40 + 22 * len(lines))
    beside = overview.shape[1] + 2 * MARGIN + text
    width = max(panels.shape[1] - 2 * GAP, beside) + 2 * MARGIN
    canvas = Canvas(MARGIN + head + MARGIN // 2 + len(panels) + MARGIN - GAP, width)
    canvas.lay(overview, MARGIN, MARGIN)
    left = MARGIN + overview.shape[1] + MARGIN
    canvas.write(title, MARGIN - 4, left, TITLE_SIZE)
    for number, line in enumerate(lines):
        canvas.write(line, MARGIN + 36 + 22 * number, left, TEXT_SIZE, GREY)
    canvas.lay(panels, MARGIN + head + MARGIN // 2, MARGIN - GAP)
    return canvas.pixels


def _window(shape: Pair, factors: tuple[float, float]) -> tuple[int, Pair]:
    """Return how large a pixel of the result is on the sheet, and the inputs of a part.

    A panel is filled by a part of at most this many inputs; a small image is shown whole.
    """
    largest = max(length * factor for length, factor in zip(shape, factors, strict=True))
    if largest <= WHOLE:
        return int(WHOLE / largest), shape
    zoom = ceil(PANEL / (INPUTS * max(factors)))
    rows, columns = (
        max(1, min(length, round(PANEL / zoom / factor)))
        for length, factor in zip(shape, factors, strict=True)
    )
    return zoom, (rows, columns)


def _columns(
    view: View, choices: Sequence[Choice], methods: Sequence[str], zoom: int
) -> list[Column]:
    """Return a column for the input and for each method; those that are equal share one."""
    every = [values for choice in choices for values in choice.results.values()]
    parts = [choice.source.of(view.pixels) for choice in choices]
    lettering = _lettering(view, [*parts, *every], zoom)
    inputs = [_panel(view, part, zoom, lettering) for part in parts]
    if not _is_whole(view, choices):
        inputs = [_framed(panel, ink) for panel, ink in zip(inputs, FRAMES, strict=False)]
    made: list[tuple[list[str], list[Array]]] = []
    for method in methods:
        results = [choice.results[method] for choice in choices]
        twins = next((names for names, others in made if _equal(results, others)), None)
        if twins is None:
            made.append(([method], results))
        else:
            twins.append(method)
    return [
        Column("input", inputs),
        *(
            Column(
                ", ".join(names) if len(made) > 1 else "every method",
                [_panel(view, pixels, zoom, lettering) for pixels in results],
            )
            for names, results in made
        ),
    ]


def _is_whole(view: View, choices: Sequence[Choice]) -> bool:
    """Tell whether the parts are one, which is the whole image."""
    return choices[0].source[2:] == view.pixels.shape[:2]


def _equal(these: Sequence[Array], others: Sequence[Array]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(these, others, strict=True))


class _Lettering(NamedTuple):
    """How the values of a matrix are written: the letters' size, or 0 for not at all; and how."""

    size: int = 0
    form: str = ".3g"


def _lettering(view: View, every: Sequence[Array], zoom: int) -> _Lettering:
    """Return how the values of all panels are written alike, where there is room for all."""
    if not view.numbers or zoom < 2 * LETTERINGS[-1].size:
        return _Lettering()
    large = max(abs(view.black), abs(view.white)) >= 1  # which two decimals tell apart
    for found in LETTERINGS if large else LETTERINGS[:-1]:
        words = {f"{value:{found.form}}" for values in every for value in values.flat}
        if all(text_width(word, found.size) <= zoom - 4 for word in words):
            return found
    return _Lettering()


def _panel(view: View, pixels: Array, zoom: int, lettering: _Lettering) -> Array:
    """Show pixels, each this many times as large; those of a matrix with their values."""
    shown = view.with_pixels(repeat(pixels, zoom, zoom)).shown()
    if not lettering.size:
        return shown
    canvas = Canvas(len(shown), len(shown[0]))
    canvas.lay(shown, 0, 0)
    for (row, column), value in np.ndenumerate(pixels[:, :, 0]):
        top = row * zoom + (zoom - round(lettering.size * 1.3)) // 2
        ink = ink_on(shown[row * zoom, column * zoom])
        text = f"{value:{lettering.form}}"
        canvas.write(text, top, (column + 0.5) * zoom, lettering.size, ink, centred=True)
    return canvas.pixels


# The largest for which there is room is taken.
LETTERINGS = (
    *(_Lettering(size) for size in (16, 14, 12, 10)),
    _Lettering(10, "z.2f"),
)


def _framed(picture: Array, ink: Ink) -> Array:
    """Return a picture in a frame."""
    canvas = Canvas(len(picture) + 6, picture.shape[1] + 6)
    canvas.lay(picture, 3, 3)
    canvas.frame(3, 3, len(picture), picture.shape[1], ink, 3)
    return canvas.pixels


def _overview(view: View, choices: Sequence[Choice]) -> Array:
    """Show the whole input, with frames around the parts that are shown."""
    shape = view.pixels.shape[0], view.pixels.shape[1]
    size, _ = fitted_size(shape, OVERVIEW)
    canvas = Canvas(size[0] + 4, size[1] + 4)
    if view.numbers:
        canvas.frame(2, 2, *size, GREY, 1)
    canvas.lay(fit(view, size).shown(), 2, 2)
    for choice, ink in zip([] if _is_whole(view, choices) else choices, FRAMES, strict=False):
        part = choice.source
        top, bottom = (
            round(edge * size[0] / shape[0]) for edge in (part.top, part.top + part.rows)
        )
        left, right = (
            round(edge * size[1] / shape[1]) for edge in (part.left, part.left + part.columns)
        )
        canvas.frame(2 + top, 2 + left, bottom - top, right - left, ink)
    return canvas.pixels


def _caption(view: View, comparison: Comparison, choices: Sequence[Choice], zoom: int) -> list[str]:
    """Say what is shown, and how it was made and chosen."""
    (rows, columns), (height, width) = comparison.size, view.pixels.shape[:2]
    lines = [
        f"{width} x {height} pixels, {view.kind}, enlarged to {columns} x {rows}",
        f"Convention: {comparison.convention}"
        + (", corners aligned" if comparison.align_corners else "")
        + (", colours weighted by alpha" if comparison.alpha else "")
        + (", in linear light" if comparison.linear else ""),
    ]
    if not _is_whole(view, choices):
        part = choices[0].source
        what = f"the {part.columns} x {part.rows} pixels on which"
        what = what if len(choices) == 1 else f"parts of {part.columns} x {part.rows} pixels where"
        lines.append(
            f"Framed: {what} the methods differ most, by {choices[0].spread:.0f} of 255 on average"
        )
    lines.append(
        "Each pixel is shown as it is" if zoom == 1 else f"Each pixel is shown as {zoom} x {zoom}"
    )
    return [*lines, *view.remarks]
