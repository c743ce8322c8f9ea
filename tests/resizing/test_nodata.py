"""Pixels without data are left out of what is interpolated."""

from itertools import product

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp.core.arguments import Convention, Interpolation
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ArgumentError
from upsamp.io.pictures import Picture, mode_of
from upsamp.resizing.enlarging import Enlarging

FLAT = np.array([[-9999, -9999, 100, 100]] * 4, np.float32)


def enlarged(
    pixels: NDArray[np.generic],
    nodata: str,
    factors: tuple[int, int] = (2, 2),
    interpolation: Interpolation = "bilinear",
    convention: Convention = "keras",
) -> NDArray[np.generic]:
    enlarging = Enlarging(factors, interpolation=interpolation, convention=convention)
    picture = Picture(pixels, mode_of(pixels), metadata={"nodata": nodata})
    result = enlarging.apply(picture, enlarging.size_of(enlarging.shape_of(picture)))
    assert isinstance(result, Picture)
    assert result.pixels.dtype == pixels.dtype
    return result.pixels


@in_one_test("interpolation", [*METHODS])
def test_only_numbers_of_the_data_and_none_come_out(interpolation: Interpolation) -> None:
    result = enlarged(FLAT, "-9999", interpolation=interpolation)
    assert set(np.unique(result)) == {-9999, 100}
    assert (result[:, 4:] == 100).all()
    assert (result[:, :2] == -9999).all()


def reference(pixels: NDArray[np.float64], nodata: float, factor: int) -> NDArray[np.float64]:
    """Interpolate by loops, over the inputs that there are and that have data."""
    height, width = pixels.shape
    result = np.empty((factor * height, factor * width))
    for row, column in product(*map(range, result.shape)):
        weights = total = 0.0
        down, across = (row + 0.5) / factor - 0.5, (column + 0.5) / factor - 0.5
        for i, j in product(range(height), range(width)):
            weight = max(0, 1 - abs(down - i)) * max(0, 1 - abs(across - j))
            if pixels[i, j] != nodata:
                weights += weight
                total += weight * pixels[i, j]
        result[row, column] = total / weights if weights else nodata
    return result


@in_one_test("factor", [2, 3])
@in_one_test("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_bilinear_is_the_weighted_mean_of_what_has_data(
    factor: int, dtype: type[np.generic]
) -> None:
    generator = np.random.default_rng(3)
    pixels = generator.integers(1, 250, (5, 6)).astype(dtype)
    pixels[generator.random((5, 6)) < 0.3] = 0
    expected = reference(pixels.astype(np.float64), 0, factor)
    result = enlarged(pixels, "0", (factor, factor)).astype(np.float64)
    # A quotient that lies between two whole numbers may round to either.
    atol = 1 if np.dtype(dtype).kind in "iu" else 1e-4
    np.testing.assert_allclose(result, expected, atol=atol, rtol=0)
    np.testing.assert_array_equal(result == 0, expected == 0)


@pytest.mark.parametrize("nodata", ["nan", "-3.4028234663852886e+38"])
def test_none_may_be_no_number_or_the_least_one(nodata: str) -> None:
    pixels = np.where(FLAT == 100, FLAT, np.float32(nodata))
    result = enlarged(pixels, nodata, interpolation="bicubic")
    np.testing.assert_array_equal(result[:, 4:], 100)
    np.testing.assert_array_equal(result[:, 0], np.float32(nodata))


def test_each_channel_has_data_of_its_own() -> None:
    pixels = np.full((4, 4, 3), 50, np.uint8)
    pixels[:, :2, 1] = 0
    result = enlarged(pixels, "0")
    assert (result[..., ::2] == 50).all()
    assert set(np.unique(result[..., 1])) == {0, 50}


def test_a_mean_that_happens_to_be_none_is_moved() -> None:
    between = enlarged(np.array([[20, 60, 50]], np.uint8), "50", (1, 2))
    np.testing.assert_array_equal(between, [[20, 30, 51, 60, 60, 50]])
    beyond = np.array([[10, 250, 250, 250, 250, 250, 255]], np.uint8)
    result = enlarged(beyond, "255", (1, 2), "bicubic")
    assert result.tolist()[0][-1] == 255
    assert 254 in result
    assert 255 not in result[0, :-1]


@in_one_test("nodata", ["-9999", "0.5", "300", "7"])
def test_a_value_that_no_pixel_has_changes_nothing(nodata: str) -> None:
    pixels = np.array([[10, 20], [40, 90]], np.uint8)
    enlarging = Enlarging(interpolation="bicubic")
    plain = enlarging.apply(Picture(pixels, "L"), (4, 4))
    assert isinstance(plain, Picture)
    np.testing.assert_array_equal(enlarged(pixels, nodata, interpolation="bicubic"), plain.pixels)


def test_corners_of_another_convention_are_aligned_without_what_is_none() -> None:
    result = enlarged(FLAT, "-9999", interpolation="bicubic", convention="torch")
    assert set(np.unique(result)) == {-9999, 100}


def test_linear_light_is_refused() -> None:
    picture = Picture(np.array([[0, 9]], np.uint8), "L", metadata={"nodata": "0"})
    enlarging = Enlarging(interpolation="bilinear", linear=True)
    with pytest.raises(ArgumentError, match=r"whose pixels all hold data.*Leave --linear out"):
        enlarging.apply(picture, (2, 4))
