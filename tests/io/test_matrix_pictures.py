"""Matrices become pictures of the same values, or are refused."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from image_files import read, written
from numpy.typing import NDArray

from upsamp.errors import FormatError
from upsamp.io.pictures import picture_of_matrix

Array = NDArray[Any]


@in_one_test(
    ("array", "mode", "expected"),
    [
        (np.array([[0.0, 254.5, 255.0, 1.5]]), "L", np.array([[0, 254, 255, 2]], np.uint8)),
        (np.array([[0, 255]]), "L", np.array([[0, 255]], np.uint8)),
        (np.array([[0, 256]]), "I;16", np.array([[0, 256]], np.uint16)),
        (np.array([[0, 65535]], np.int32), "I;16", np.array([[0, 65535]], np.uint16)),
        (np.array([[7, 8]], np.uint16), "I;16", np.array([[7, 8]], np.uint16)),
        (np.array([[True, False]]), "L", np.array([[255, 0]], np.uint8)),
        (np.ones((2, 3, 1)), "L", np.ones((2, 3), np.uint8)),
        (np.ones((2, 3, 2)), "LA", np.ones((2, 3, 2), np.uint8)),
        (np.ones((2, 3, 3)), "RGB", np.ones((2, 3, 3), np.uint8)),
        (np.ones((1, 2, 3, 4)), "RGBA", np.ones((2, 3, 4), np.uint8)),
    ],
)
def test_a_matrix_becomes_a_picture(array: Array, mode: str, expected: Array) -> None:
    picture = picture_of_matrix(array)
    assert picture.mode == mode
    np.testing.assert_array_equal(picture.pixels, expected, strict=True)
    np.testing.assert_array_equal(read(written(picture, "png")).pixels, expected, strict=True)


@in_one_test(
    ("array", "message"),
    [
        (np.ones((2, 2, 5)), r"1 to 4 channels\. Received: shape \(2, 2, 5\)"),
        (np.ones((2, 2, 2, 3)), r"1 to 4 channels\. Received: shape \(2, 2, 2, 3\)"),
        (np.array([[-1.0, 3]]), r"values from -1 to 3"),
        (np.array([[0, 255.4]]), r"values from 0 to 255\.4"),
        (np.array([[0, 65536]]), r"values from 0 to 65536"),
        (np.full((1, 1, 3), 65536), r"values from 65536 to 65536"),
        (np.full((1, 1, 3), 256.0), r"values from 256 to 256"),
        (np.array([[np.nan, 1]]), r"values from nan to nan"),
        (np.array([[np.inf, 1]]), r"values from 1 to inf"),
    ],
)
def test_a_matrix_that_is_no_picture_is_refused(array: Array, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        picture_of_matrix(array)
