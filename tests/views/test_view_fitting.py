"""A view becomes as large as its place: means of areas, or repeated pixels."""

import numpy as np
from effort import in_one_test
from hypothesis import given
from hypothesis import strategies as st

from upsamp.core.arguments import Array
from upsamp.views.fitting import fit, fitted_size, repeat
from upsamp.views.view import View

sides = st.tuples(st.integers(1, 5000), st.integers(1, 5000))


def mean_of_area(pixels: Array, size: tuple[int, int], row: int, column: int) -> Array:
    """Average what an output covers, pixel by pixel, colours weighted by alpha."""
    height, width, channels = pixels.shape
    top, bottom = row * height / size[0], (row + 1) * height / size[0]
    left, right = column * width / size[1], (column + 1) * width / size[1]
    sums, seen, area = np.zeros(channels), 0.0, 0.0
    for y, x in np.ndindex(height, width):
        share = max(0, min(y + 1, bottom) - max(y, top)) * max(0, min(x + 1, right) - max(x, left))
        alpha = float(pixels[y, x, -1]) if channels in (2, 4) else 1.0
        sums += share * alpha * pixels[y, x]
        seen += share * alpha
        area += share
    colours = sums / seen if seen else np.zeros(channels)
    if channels in (2, 4):
        colours[-1] = seen / area
    return colours


@in_one_test("channels", [1, 2, 3, 4])
@in_one_test("size", [(1, 1), (2, 3), (5, 7), (4, 4), (9, 10), (9, 3)])
def test_reduced_pixels_are_the_means_of_what_they_cover(
    channels: int, size: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(channels).integers(0, 256, (9, 11, channels)).astype(np.uint8)
    if channels in (2, 4):
        pixels[:5, :5, -1] = 0
    made = fit(View(pixels, 0, 255), size).pixels
    expected = [
        [mean_of_area(pixels, size, row, column) for column in range(size[1])]
        for row in range(size[0])
    ]
    np.testing.assert_allclose(made, expected, rtol=1e-12, atol=1e-9)


def test_the_colour_of_what_is_not_seen_does_not_bleed() -> None:
    pixels = np.array([[[200, 255], [0, 0]]], np.uint8)
    np.testing.assert_array_equal(fit(View(pixels, 0, 255), (1, 1)).pixels, [[[200, 127.5]]])


def test_a_nan_stays_where_it_is() -> None:
    pixels = np.zeros((6, 6, 1))
    pixels[2, 3] = np.nan
    made = fit(View(pixels, 0, 1), (3, 3)).pixels[:, :, 0]
    np.testing.assert_array_equal(np.argwhere(np.isnan(made)), [[1, 1]])


def test_a_small_image_is_repeated_and_stays_of_its_type() -> None:
    pixels = np.arange(6, dtype=np.uint16).reshape(2, 3, 1)
    made = fit(View(pixels, 0, 5), (4, 6)).pixels
    assert made.dtype == np.uint16
    np.testing.assert_array_equal(made, np.kron(pixels[:, :, 0], np.ones((2, 2)))[:, :, np.newaxis])
    np.testing.assert_array_equal(made, repeat(pixels, 2, 2))


@given(sides, sides)
def test_a_fitted_image_is_in_its_room_and_keeps_its_shape(
    size: tuple[int, int], room: tuple[int, int]
) -> None:
    fitted, scale = fitted_size(size, room)
    assert all(1 <= side <= place for side, place in zip(fitted, room, strict=True))
    assert scale.endswith("%")
    if fitted[0] >= size[0] and fitted[1] >= size[1]:
        assert fitted[0] * size[1] == fitted[1] * size[0]
        assert any(
            side + length > place for side, length, place in zip(fitted, size, room, strict=True)
        )
    else:
        # Rounded to whole pixels, and to one at least.
        assert min(abs(place - side) for side, place in zip(fitted, room, strict=True)) <= 0
        share = min(place / length for place, length in zip(room, size, strict=True))
        for side, length in zip(fitted, size, strict=True):
            assert side == 1 or abs(side - length * share) <= 0.5 + 1e-9 * length
