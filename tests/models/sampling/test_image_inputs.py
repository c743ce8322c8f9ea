"""Pictures as rows of an input: size, channels, range, and what is lost."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from upsamp.errors import FormatError, ShapeError
from upsamp.io.pictures import Picture
from upsamp.models.sampling.image_inputs import image_rows
from upsamp.models.sampling.input_roles import InputRole

Array = NDArray[Any]
GREY = np.array([[0, 51], [102, 255]], np.uint8)
COLOUR = np.random.default_rng(0).integers(0, 256, (2, 2, 3)).astype(np.uint8)
ALPHA = np.array([[255, 0], [255, 51]], np.uint8)[..., np.newaxis]


def wanted(*lengths: int | None) -> InputRole:
    return InputRole("image", "image", (None, *lengths), np.dtype(np.float32))


def row_of(pixels: Array, mode: str, *lengths: int | None, first: bool = False) -> Array:
    row, notes = image_rows(
        Picture(pixels, mode), "a.png", wanted(*lengths), (0.0, 1.0), first=first
    )
    assert (notes, row.dtype.name, len(row)) == ((), "float32", 1)
    result: Array = row[0]
    return result


def test_black_and_white_are_the_ends_of_the_range() -> None:
    picture = Picture(GREY, "L")
    for low, high in ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0)):
        row, _ = image_rows(picture, "a.png", wanted(2, 2, 1), (low, high))
        expected = low + GREY / 255 * (high - low)
        np.testing.assert_allclose(row[0, ..., 0], expected, rtol=1e-6)
    deep = GREY.astype(np.uint16) * 257
    np.testing.assert_allclose(row_of(deep, "I;16", 2, 2, 1)[..., 0], GREY / 255, rtol=1e-6)


def test_channels_are_those_of_the_input() -> None:
    shares = COLOUR / 255
    np.testing.assert_allclose(row_of(COLOUR, "RGB", 2, 2, 3), shares, rtol=1e-6)
    np.testing.assert_allclose(row_of(COLOUR, "RGB", None, None, None), shares, rtol=1e-6)
    luma = shares @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(row_of(COLOUR, "RGB", 2, 2, 1)[..., 0], luma, rtol=1e-6)
    grey = row_of(GREY, "L", 2, 2, 3)
    np.testing.assert_array_equal(grey, grey[..., :1].repeat(3, axis=2))
    assert row_of(COLOUR, "RGB", 2, 2, 4)[..., 3].tolist() == [[1, 1], [1, 1]]
    first = row_of(COLOUR, "RGB", 3, 2, 2, first=True)
    np.testing.assert_allclose(first, np.moveaxis(shares, 2, 0), rtol=1e-6)


def test_white_stays_white_in_grey() -> None:
    white = np.full((1, 1, 3), 255, np.uint8)
    np.testing.assert_allclose(row_of(white, "RGB", 1, 1, 1), [[[1.0]]], rtol=1e-6)


def test_alpha_is_kept_where_the_model_takes_it_and_else_left_out_with_a_note() -> None:
    pixels = np.concatenate([COLOUR, ALPHA], axis=2)
    np.testing.assert_allclose(row_of(pixels, "RGBA", 2, 2, 4), pixels / 255, rtol=1e-6)
    for mode, given in (("RGBA", pixels), ("LA", np.concatenate([GREY[..., None], ALPHA], 2))):
        row, notes = image_rows(Picture(given, mode), "a.png", wanted(2, 2, 3), (0.0, 1.0))
        assert notes == ("a.png: its transparency is left out, as the model takes none",)
        np.testing.assert_allclose(row[0], np.broadcast_to(given[..., :-1] / 255, (2, 2, 3)), 1e-6)
    opaque = pixels.copy()
    opaque[..., 3] = 255
    assert row_of(opaque, "RGBA", 2, 2, 3).shape == (2, 2, 3)


def test_a_picture_of_another_size_is_resized_as_pillow_does() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (300, 30)).astype(np.uint8)
    for rows, columns in ((16, 16), (300, 31), (7, 90), (400, 40)):
        image = Image.fromarray(pixels.astype(np.float32))
        expected = np.asarray(image.resize((columns, rows), Image.Resampling.BILINEAR)) / 255
        row, notes = image_rows(Picture(pixels, "L"), "a.png", wanted(rows, columns, 1), (0.0, 1.0))
        np.testing.assert_allclose(row[0, ..., 0], expected, atol=1e-6)
        told = f"a.png: 30x300 is resized to {columns}x{rows}, the size that the model takes"
        keeps = "" if (rows, columns) == (400, 40) else "; --fit pad or crop keeps its shape"
        assert notes == (told + keeps,)


def test_a_picture_can_be_padded_or_cropped_to_keep_its_shape() -> None:
    pixels = np.random.default_rng(2).integers(1, 256, (8, 4, 3)).astype(np.uint8)
    picture, same = Picture(pixels, "RGB"), (-1.0, 1.0)
    row, notes = image_rows(picture, "a.png", wanted(8, 9, 3), same, fit="pad")
    np.testing.assert_allclose(row[0, :, 2:6], pixels / 127.5 - 1, atol=1e-6)
    assert (row[0, :, [0, 1, 6, 7, 8]] == -1).all()
    assert notes == (
        "a.png: 4x8 is resized to 4x8 and padded with black to 9x8, the size that the model takes",
    )
    row, notes = image_rows(picture, "a.png", wanted(4, 4, 3), same, fit="crop")
    np.testing.assert_allclose(row[0], pixels[2:6] / 127.5 - 1, atol=1e-6)
    assert notes == (
        "a.png: 4x8 is cropped to 4x4 and resized to 4x4, the size that the model takes",
    )


def test_hidden_colours_are_not_seen_in_a_smaller_picture() -> None:
    pixels = np.array([[[200, 0, 0, 255], [0, 255, 0, 0]]], np.uint8)
    row, _ = image_rows(Picture(pixels, "RGBA"), "a.png", wanted(1, 1, 4), (0.0, 1.0))
    np.testing.assert_allclose(row[0, 0, 0], [200 / 255, 0, 0, 0.5], atol=1e-6)
    # What is padded hides nothing.
    opaque = Picture(pixels[:, :1], "RGBA")
    row, notes = image_rows(opaque, "a.png", wanted(1, 2, 3), (0.0, 1.0), fit="pad")
    assert len(notes) == 1


def test_an_axis_of_any_length_stays_as_it_is() -> None:
    assert row_of(COLOUR, "RGB", None, None, 3).shape == (2, 2, 3)
    row, _ = image_rows(Picture(COLOUR, "RGB"), "a.png", wanted(None, 5, 3), (0.0, 1.0))
    assert row.shape == (1, 2, 5, 3)


def test_an_input_whose_channels_are_no_colours_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"must be for an input of 1, 3 or 4 .*by --latent-file"):
        image_rows(Picture(COLOUR, "RGB"), "a.png", wanted(2, 2, 2), (0.0, 1.0))


def test_other_colours_are_refused() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    with pytest.raises(FormatError, match=r"'a\.tif' must be in grey or RGB\. Received: CMYK"):
        image_rows(Picture(pixels, "CMYK"), "a.tif", wanted(2, 2, 3), (0.0, 1.0))
