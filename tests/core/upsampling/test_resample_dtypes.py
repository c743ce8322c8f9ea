"""Upsampling: what becomes of each type of number, and of colours with alpha."""

from typing import Any

import numpy as np
import oracle
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp import upsample

BOOL = np.dtype(np.bool_)
INTEGERS = [np.dtype(kind + str(width)) for kind in "iu" for width in (1, 2, 4, 8)]
FLOATS = [np.dtype(name) for name in ("float16", "float32", "float64", "longdouble")]
SMOOTH = [name for name in oracle.INTERPOLATIONS if name != "nearest"]


def integers_as_defined(x: NDArray[Any], size: tuple[int, int], interpolation: str) -> None:
    """Assert that integers are those of the definition, rounded and saturated."""
    exact = oracle.upsample(x, size, interpolation)
    actual = upsample(x, size, interpolation)
    assert actual.dtype == x.dtype
    expected = oracle.round_to(x.dtype, exact)
    tie = oracle.near_tie(exact, 1e-9)
    np.testing.assert_array_equal(actual[~tie], expected[~tie])
    np.testing.assert_allclose(actual[tie].astype(float), exact[tie], rtol=0, atol=0.5 + 1e-9)


# --- types


@in_one_test("interpolation", oracle.INTERPOLATIONS)
@in_one_test("dtype", [BOOL, *INTEGERS, *FLOATS])
def test_the_result_has_the_type_of_the_input(dtype: np.dtype[Any], interpolation: str) -> None:
    x = np.random.default_rng(3).integers(0, 2, (3, 4)).astype(dtype)
    actual = upsample(x, (2, 3), interpolation)
    assert actual.dtype == dtype
    assert actual.shape == (6, 12)


@in_one_test("dtype", [BOOL, *INTEGERS])
@in_one_test("interpolation", oracle.INTERPOLATIONS)
def test_integers_are_rounded_half_to_even_and_saturated(
    interpolation: str, dtype: np.dtype[Any]
) -> None:
    # Half of the values at the ends of a byte or of the type, so that the kernels overshoot.
    limits = (0, 1) if dtype == BOOL else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    lowest, highest = max(limits[0], -(2**20)), min(limits[1], 2**20)
    generator = np.random.default_rng(4)
    values = generator.integers(lowest, highest + 1, (4, 5))
    ends = generator.choice([lowest, highest], (4, 5))
    x = np.where(generator.random((4, 5)) < 0.5, values, ends).astype(dtype)
    for size in [(1, 1), (2, 2), (3, 4), (5, 1), (8, 7)]:
        integers_as_defined(x, size, interpolation)


def test_a_half_is_rounded_to_the_even_neighbour() -> None:
    x = np.array([[0, 2, 4, 6]], dtype=np.uint8)
    np.testing.assert_array_equal(upsample(x, (1, 2), "bilinear"), [[0, 0, 2, 2, 4, 4, 6, 6]])
    np.testing.assert_array_equal(
        upsample(x.astype(np.int64) - 3, (1, 2), "bilinear"), [[-3, -2, -2, 0, 0, 2, 2, 3]]
    )


@in_one_test("dtype", INTEGERS)
def test_nearest_copies_the_extremes_of_every_integer_type(dtype: np.dtype[Any]) -> None:
    limits = np.iinfo(dtype)
    x = np.array([[limits.min, limits.max], [limits.max - 1, limits.min + 1]], dtype=dtype)
    expected = np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)
    np.testing.assert_array_equal(upsample(x, (2, 3)), expected, strict=True)


@in_one_test("dtype", INTEGERS)
@in_one_test("interpolation", ["bicubic", "lanczos3", "lanczos5"])
def test_what_overshoots_the_type_stays_at_its_ends(
    interpolation: str, dtype: np.dtype[Any]
) -> None:
    limits = np.iinfo(dtype)
    x = np.array([[limits.min] * 4 + [limits.max] * 4], dtype=dtype)
    actual = upsample(x, (1, 2), interpolation)
    # The kernels dip below the lower plateau and rise above the upper one beside the step.
    np.testing.assert_array_equal(actual[0, [6, 9]], np.array([limits.min, limits.max], dtype))
    middle = (int(limits.min) + int(limits.max)) // 2
    np.testing.assert_array_equal(actual[0] > middle, [False] * 8 + [True] * 8)


@in_one_test("value", [2**63 - 1, -(2**63)])
@in_one_test("interpolation", SMOOTH)
def test_a_plateau_of_the_largest_integers_does_not_wrap_around(
    interpolation: str, value: int
) -> None:
    # float64 steps by 1024 there, and rounding the weights may cost a few such steps.
    actual = upsample(np.full((2, 3), value, np.int64), (2, 3), interpolation)
    assert np.all(np.abs(actual // 2**32 - value // 2**32) <= 1)


def test_float16_is_computed_in_float32() -> None:
    x = np.random.default_rng(5).uniform(500, 1000, (6, 7)).astype(np.float16)
    for interpolation in SMOOTH:
        exact = oracle.upsample(x, (3, 5), interpolation)
        actual = upsample(x, (3, 5), interpolation)
        half_step = 0.5 * np.spacing(exact.astype(np.float16)).astype(np.float64)
        np.testing.assert_array_less(np.abs(actual - exact), 1.01 * half_step)


def test_float16_may_pass_its_largest_value_on_the_way() -> None:
    x = np.full((3, 3), 65504, dtype=np.float16)
    np.testing.assert_array_equal(upsample(x, 2, "bicubic"), np.full((6, 6), 65504, np.float16))


def test_numbers_of_the_other_byte_order_are_the_same_numbers() -> None:
    x = np.random.default_rng(6).uniform(-10, 10, (3, 4))
    swapped = x.astype(x.dtype.newbyteorder())
    for interpolation in oracle.INTERPOLATIONS:
        expected = upsample(x, 2, interpolation)
        np.testing.assert_array_equal(upsample(swapped, 2, interpolation), expected)


# --- alpha


@in_one_test("dtype", ["uint8", "float32", "float64"])
@in_one_test("interpolation", SMOOTH)
def test_colours_are_weighted_by_alpha(interpolation: str, dtype: str) -> None:
    x = np.random.default_rng(14).integers(1, 256, (4, 5, 4)).astype(dtype)
    x[1:3, 1:3, 3] = 0
    wide = x.astype(np.float64)
    weighted = oracle.upsample(wide[..., :3] * wide[..., 3:], (2, 3), interpolation)
    opacity = oracle.upsample(wide[..., 3:], (2, 3), interpolation)
    visible = opacity[..., 0] > 8
    exact = weighted[visible] / opacity[visible]
    actual = upsample(x, (2, 3), interpolation, alpha=True)
    assert actual.dtype == x.dtype
    if dtype == "uint8":
        clear = ~oracle.near_tie(exact, 1e-6)
        np.testing.assert_array_equal(
            actual[visible][:, :3][clear], oracle.round_to(np.uint8, exact)[clear]
        )
    else:
        # The products reach 255 * 255, and alpha divides their rounding by as little as 8.
        atol = 255 * 255 / 8 * (2e-6 if dtype == "float32" else 1e-14)
        np.testing.assert_allclose(actual[visible][:, :3], exact, rtol=0, atol=atol)
    np.testing.assert_array_equal(actual[..., 3], upsample(x[..., 3], (2, 3), interpolation))


@in_one_test("interpolation", SMOOTH)
def test_the_colour_of_a_hidden_pixel_never_shows(interpolation: str) -> None:
    x = np.zeros((4, 5, 4), dtype=np.uint8)
    x[..., 3] = 255
    x[..., 0] = 200
    x[1, 2] = 7, 255, 9, 0
    actual = upsample(x, 3, interpolation, alpha=True)
    shown = actual[..., 3] > 0
    assert np.any(~shown)
    np.testing.assert_array_equal(actual[shown][:, :3] - np.array([200, 0, 0]), 0)


@pytest.mark.parametrize("interpolation", ["bicubic", "lanczos3", "lanczos5"])
def test_where_alpha_dips_below_zero_there_is_no_colour(interpolation: str) -> None:
    x = np.ones((1, 8, 2))
    x[:, :4, 1] = 0
    actual = upsample(x, (1, 4), interpolation, alpha=True)
    below = actual[..., 1] < 0
    assert np.any(below)
    np.testing.assert_array_equal(actual[below][:, 0], 0)


def test_nearest_copies_hidden_colours_too() -> None:
    x = np.array([[[1, 2, 3, 0], [4, 5, 6, 255]]], dtype=np.uint8)
    np.testing.assert_array_equal(upsample(x, 2, alpha=True), upsample(x, 2), strict=True)


@in_one_test("interpolation", SMOOTH)
@in_one_test("hidden", [np.nan, np.inf])
def test_no_hidden_colour_reaches_the_result_not_even_a_nan(
    interpolation: str, hidden: float
) -> None:
    x = np.ones((4, 4, 2))
    x[1, 1] = hidden, 0
    assert np.isfinite(upsample(x, 2, interpolation, alpha=True)).all()


@in_one_test("interpolation", oracle.INTERPOLATIONS)
def test_a_size_of_one_copies_even_what_no_float_holds(interpolation: str) -> None:
    x = np.array([[2**53 + 1, -(2**63)], [2**63 - 1, 0]])
    np.testing.assert_array_equal(upsample(x, 1, interpolation), x, strict=True)
