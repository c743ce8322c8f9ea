"""Whatever has pixels is shown as a screen has them, and what one cannot see is said."""

import numpy as np
import pytest
from effort import in_one_test
from PIL import Image
from png_files import MODES, picture_of

from upsamp.io.pictures import Picture
from upsamp.views.view import View, view_of, view_of_matrix, view_of_picture


def board_at(row: int, column: int, square: int) -> int:
    return 255 if (row // square + column // square) % 2 == 0 else 208


@in_one_test("mode", ["L", "LA", "RGB", "RGBA"])
def test_eight_bits_are_shown_as_they_are_and_over_a_board(mode: str) -> None:
    picture = picture_of(mode, 11, 13)
    shown = view_of_picture(picture).shown(square=3)
    pixels = picture.pixels.reshape(11, 13, -1)
    assert shown.shape == (11, 13, 3)
    assert shown.dtype == np.uint8
    expected = np.zeros_like(shown)
    for row, column, channel in np.ndindex(shown.shape):
        pixel = pixels[row, column].tolist()
        alpha = pixel.pop() / 255 if mode.endswith("A") else 1.0
        colour = pixel[channel] if len(pixel) == 3 else pixel[0]
        board = board_at(row, column, 3)
        expected[row, column, channel] = np.rint(board + (colour - board) * alpha)
    np.testing.assert_array_equal(shown, expected)


@in_one_test("mode", ["I;16", "LA;16", "RGB;16", "RGBA;16"])
def test_sixteen_bits_are_shown_by_their_upper_ones(mode: str) -> None:
    picture = picture_of(mode, 64, 64)
    view = view_of_picture(picture)
    channels = MODES[mode][1]
    assert (view.black, view.white, view.opaque) == (0, 65535, 65535)
    assert view.remarks == ()
    assert view.kind == f"16-bit {('grey', 'grey with alpha', 'RGB', 'RGBA')[channels - 1]}"
    if not picture.has_alpha:
        wanted = np.rint(picture.pixels.reshape(64, 64, -1) * (255 / 65535))
        np.testing.assert_array_equal(view.shown(), np.broadcast_to(wanted, (64, 64, 3)))


def test_a_camera_of_twelve_bits_is_not_shown_as_night() -> None:
    pixels = np.array([[0, 100, 4095]], np.uint16)
    view = view_of_picture(Picture(pixels, "I;16"))
    assert view.remarks == ("black is 0, white 4095",)
    assert view.shown()[0, :, 0].tolist() == [0, 6, 255]


def test_few_levels_of_sixteen_bits_are_as_dark_as_they_would_be_in_eight() -> None:
    view = view_of_picture(Picture(np.array([[0, 3]], np.uint16), "I;16"))
    assert view.shown()[0, :, 0].tolist() == [0, 3]


@in_one_test(
    ("values", "levels"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.25, 0.5, 0.75], [64, 128, 191]),
        ([-1.0, 0.0, 3.0], [0, 64, 255]),
        ([0.0, 500.0, 1000.0], [0, 128, 255]),
    ],
)
def test_floats_span_one_or_what_there_is(values: list[float], levels: list[int]) -> None:
    view = view_of_picture(Picture(np.array([values], np.float32), "F"))
    assert view.shown()[0, :, 0].tolist() == levels


def test_one_bit_is_black_and_white() -> None:
    view = view_of_picture(Picture(np.array([[False, True]]), "1"))
    assert view.shown()[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize(
    ("transparency", "seen"),
    [(None, [1, 1, 1]), (1, [1, 0, 1]), (b"\0\x80", [0, 128 / 255, 1])],
)
def test_a_palette_is_looked_up(transparency: int | bytes | None, seen: list[float]) -> None:
    colours = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90]], np.uint8)
    picture = Picture(
        np.array([[0, 1, 2, 200]], np.uint8),
        "P",
        palette=colours.tobytes(),
        metadata={} if transparency is None else {"transparency": transparency},
    )
    shown = view_of_picture(picture).shown(square=100)
    for column, alpha in enumerate(seen):
        np.testing.assert_array_equal(
            shown[0, column], np.rint(255 + (colours[column] - 255.0) * alpha)
        )
    np.testing.assert_array_equal(shown[0, 3], [0, 0, 0])


def test_inks_take_light_away() -> None:
    pixels = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 55]]], np.uint8)
    shown = view_of_picture(Picture(pixels, "CMYK")).shown()
    assert shown[0].tolist() == [[255] * 3, [0, 255, 255], [0] * 3, [200] * 3]


@in_one_test(("dtype", "most"), [("bool", 1), ("uint8", 255), ("uint16", 65535), ("float32", 1)])
def test_inks_of_any_type_take_light_away(dtype: str, most: int) -> None:
    pixels = (np.array([[[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]]) * most).astype(dtype)
    shown = view_of_picture(Picture(pixels, "CMYK;16")).shown()
    assert shown[0].tolist() == [[255] * 3, [0, 255, 255], [0] * 3]


def test_the_colours_of_video_are_brought_back() -> None:
    image = Image.frombytes("RGB", (256, 1), bytes(range(256)) * 3)
    picture = Picture(np.asarray(image.convert("YCbCr")), "YCbCr")
    shown = view_of_picture(picture).shown()
    np.testing.assert_allclose(shown.astype(int), np.asarray(image).astype(int), atol=2)


def test_other_colour_spaces_are_shown_by_their_lightness() -> None:
    pixels = np.array([[[100, 3, 200]]], np.uint8)
    view = view_of_picture(Picture(pixels, "LAB"))
    assert view.shown()[0, 0].tolist() == [100, 100, 100]
    assert view.remarks == ("the first channel of LAB",)


# --- matrices


@in_one_test("dtype", ["float16", "float32", "float64", "int8", "int64", "uint16"])
def test_a_matrix_spans_black_to_white(dtype: str) -> None:
    view = view_of_matrix(np.array([[2, 4], [7, 12]], dtype))
    assert view.shown()[:, :, 0].tolist() == [[0, 51], [128, 255]]
    assert view.remarks == ("black is 2, white 12",)


def test_bytes_of_a_matrix_are_what_they_are() -> None:
    view = view_of_matrix(np.array([[2, 4]], np.uint8))
    assert view.shown()[0, :, 0].tolist() == [2, 4]
    assert view.remarks == ()


def test_a_constant_matrix_is_shown_and_told() -> None:
    view = view_of_matrix(np.full((2, 2), 7.0))
    assert view.shown().max() == 0
    assert view.remarks == ("all values are 7",)


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_a_hole(hole: float) -> None:
    shown = view_of_matrix(np.array([[0.0, hole, 1.0]])).shown(square=100)
    assert shown[0, :, 0].tolist() == [0, 255, 255]
    nothing = view_of_matrix(np.array([[hole]]))
    assert nothing.shown().tolist() == [[[255] * 3]]


def test_the_largest_numbers_do_not_overflow() -> None:
    shown = view_of_matrix(np.array([[-1.7e308, 0.0, 1.7e308]])).shown()
    assert shown[0, :, 0].tolist() == [0, 128, 255]


@in_one_test(
    ("shape", "data_format", "image", "remarks"),
    [
        ((4, 5, 3), "channels_last", (4, 5), ()),
        ((3, 4, 5), "channels_first", (4, 5), ()),
        ((4, 5, 8), "channels_last", (4, 5), ("channel 0 of 8",)),
        ((2, 4, 5, 2), "channels_last", (4, 5), ("image 0 of 2", "channel 0 of 2")),
        ((2, 1, 4, 5), "channels_first", (4, 5), ("image 0 of 2",)),
    ],
)
def test_of_many_images_and_channels_the_first_are_shown(
    shape: tuple[int, ...], data_format: str, image: tuple[int, int], remarks: tuple[str, ...]
) -> None:
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    view = view_of(array, data_format)  # type: ignore[arg-type] # one of two words
    assert view.shown().shape == (*image, 3)
    assert view.remarks == remarks


def test_a_view_of_other_pixels_is_shown_likewise() -> None:
    view = View(np.array([[[1.0], [3.0]]]), 1.0, 3.0)
    assert view.with_pixels(np.array([[[2.0]]])).shown().tolist() == [[[128] * 3]]
