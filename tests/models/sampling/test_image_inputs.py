"""Pictures as rows of an input: size, channels, range, and what is lost."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

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


@in_one_test(
    ("lengths", "rule"),
    [
        ((4, 6, 3), r"must be 6x4 pixels.*'a\.png' of 2x2\. Make one by: upsamp .* --to 6x4"),
        ((1, 2, 3), r"must be 2x1 pixels.*of 2x2\. Make it smaller in an image editor"),
        ((None, 3, 3), r"must be 3x2 pixels.*--to 3x2"),
        ((2, 2, 2), r"must be for an input of 1, 3 or 4 channels.*by --latent-file"),
    ],
)
def test_a_picture_that_does_not_fit_is_refused(lengths: tuple[int | None, ...], rule: str) -> None:
    with pytest.raises(ShapeError, match=rule):
        image_rows(Picture(COLOUR, "RGB"), "a.png", wanted(*lengths), (0.0, 1.0))


def test_other_colours_are_refused() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    with pytest.raises(FormatError, match=r"'a\.tif' must be in grey or RGB\. Received: CMYK"):
        image_rows(Picture(pixels, "CMYK"), "a.tif", wanted(2, 2, 3), (0.0, 1.0))
