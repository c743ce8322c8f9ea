"""The strip of feature maps: the pixels of each map are its values, in one scale of colours."""

import math

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp import make_generator
from upsamp.models.sampling.layer_values import LayerValues, trace_sample
from upsamp.models.sampling.value_ranges import Range
from upsamp.views.feature_strip import GAP, LINE, MARGIN, draw_strip
from upsamp.views.map_colours import MAP_COLOURS
from upsamp.views.palette import Theme

Pixels = NDArray[np.uint8]


def layer_of(
    values: NDArray[np.float32], shape: tuple[int, ...] | None = None, picture: Range | None = None
) -> LayerValues:
    finite = values[np.isfinite(values)]
    ends = float(finite.min()), float(finite.max())
    count = values.size - finite.size
    return LayerValues("name", "Type", (), shape or values.shape, values, *ends, count, picture)


def colour(value: float, layer: LayerValues, theme: Theme) -> tuple[int, ...]:
    """Return the colour of one value by the formula."""
    colours = MAP_COLOURS[theme]
    if not math.isfinite(value):
        return colours.not_finite
    low, high = layer.picture or (layer.low, layer.high)
    if layer.picture is None and low < 0 < high:
        most = max(-low, high)
        end = colours.above if value > 0 else colours.below
        pairs = zip(colours.zero, end, strict=True)
        return tuple(round(zero + (one - zero) * abs(value) / most) for zero, one in pairs)
    share = 0 if high == low else (min(max(value, low), high) - low) / (high - low)
    return (round(255 * share),) * 3


def squares(
    values: NDArray[np.float32], layer: LayerValues, theme: Theme, factor: int
) -> NDArray[np.int64]:
    """Return a map as squares."""
    drawn = [[colour(float(value), layer, theme) for value in row] for row in values]
    return np.array(drawn).repeat(factor, axis=0).repeat(factor, axis=1)


def sheet_in(picture: Pixels, rows: int, columns: int, height: int = 232) -> NDArray[np.int64]:
    """Return the sheet of the one layer of a strip, which stands in the middle of its height."""
    top = MARGIN + 8 + 2 * LINE + (height - rows) // 2
    return picture[top : top + rows, MARGIN : MARGIN + columns].astype(np.int64)


@in_one_test("theme", ["light", "dark"])
def test_each_map_is_its_values_pixel_by_pixel(theme: Theme) -> None:
    generator = np.random.default_rng(1)
    for signed in (True, False):
        values = generator.standard_normal((7, 9, 16)).astype(np.float32)
        values = values if signed else np.abs(values)
        values[2, 3, 5], values[0, 0, 0] = np.nan, np.inf
        layer = layer_of(values, (7, 9, 64))
        factor = 8  # of 4 rows of maps in 232 pixels
        picture = draw_strip([layer], theme)
        sheet = sheet_in(picture, 4 * 7 * factor + 3, 4 * 9 * factor + 3)
        for number in range(16):
            top, left = (number // 4) * (7 * factor + 1), (number % 4) * (9 * factor + 1)
            one = sheet[top : top + 7 * factor, left : left + 9 * factor]
            expected = squares(values[:, :, number], layer, theme, factor)
            np.testing.assert_allclose(one, expected, rtol=0, atol=1)  # halves are rounded


def test_a_vector_is_folded_into_rows() -> None:
    values = np.linspace(-1, 2, 10, dtype=np.float32)
    layer = layer_of(values)
    sheet = sheet_in(draw_strip([layer]), 3 * 24, 4 * 24)[::24, ::24]
    expected = [colour(float(value), layer, "light") for value in values]
    np.testing.assert_allclose(sheet.reshape(12, 3)[:10], expected, rtol=0, atol=1)
    np.testing.assert_array_equal(sheet.reshape(12, 3)[10:], [MAP_COLOURS["light"].empty] * 2)


def test_pictures_are_drawn_in_their_range_and_colours() -> None:
    values = np.random.default_rng(2).uniform(-1.5, 1.5, (16, 16, 3)).astype(np.float32)
    layer = layer_of(values, picture=(-1.0, 1.0))
    sheet = sheet_in(draw_strip([layer]), 16 * 14, 16 * 14)[::14, ::14]
    expected = np.rint((np.clip(values.astype(np.float64), -1, 1) + 1) * 127.5)
    np.testing.assert_allclose(sheet, expected, rtol=0, atol=1)


def test_a_map_that_is_too_tall_is_averaged() -> None:
    values = np.tile(np.array([[0, 1], [1, 0]], np.float32), (384, 384)).reshape(768, 768, 1)
    sheet = sheet_in(draw_strip([layer_of(values, picture=(0.0, 1.0))]), 384, 384, 384)
    np.testing.assert_array_equal(sheet, np.full((384, 384, 3), 128))


def test_the_layers_stand_in_order_and_lines_are_broken() -> None:
    x = np.random.default_rng(0).standard_normal((1, 100), dtype=np.float32)
    layers = trace_sample(make_generator("dcgan"), [x], output_range=(-1.0, 1.0))
    strip = draw_strip(layers)
    assert strip.shape[1] <= 1600 + 2 * MARGIN
    tall = (strip.shape[0] - MARGIN) // 2
    # Each layer alone is the same as in the strip, one after the other.
    left, row = MARGIN, 0
    for layer in layers:
        alone = draw_strip([layer._replace(takes=())])[MARGIN:, MARGIN:]
        width = alone.shape[1] - MARGIN - 12
        if left + width > MARGIN + 1600 - 12:
            left, row = MARGIN, row + 1
        part = strip[row * tall + MARGIN : (row + 1) * tall, left : left + width]
        np.testing.assert_array_equal(part, alone[: len(part), :width])
        left += width + GAP
    assert row == 1


@pytest.mark.parametrize("name", ["\x1b[31mred\n", "x" * 1000, "\u202egnp"])
def test_hostile_names_are_drawn_within_bounds(name: str) -> None:
    layer = layer_of(np.ones((2, 2, 1), np.float32))._replace(name=name, takes=(name,) * 50)
    assert draw_strip([layer, layer]).shape[1] < 1600
