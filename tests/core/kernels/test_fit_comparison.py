"""What the learnt kernel is compared by: the ratio, the methods beside it, smaller images."""

import math
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from fit_images import enlarge, random_image
from hypothesis import given
from hypothesis import strategies as st

from upsamp import upsample
from upsamp.core.kernels.fit import box_downsample, compare_methods, fit_kernel, psnr
from upsamp.core.kernels.presets import make_kernel
from upsamp.errors import ShapeError

METHODS = ("nearest", "bilinear", "bicubic", "lanczos3")

# --- psnr


@in_one_test(
    ("actual", "expected", "peak", "decibels"),
    [
        ([[0]], [[255]], 255, 0.0),
        ([[0, 0]], [[1, 1]], 1, 0.0),
        ([[0, 0]], [[0.1, -0.1]], 1, 20.0),
        ([[0, 0]], [[0, 255]], 255, 10 * math.log10(2)),
        ([[100]], [[101]], 255, 48.130803608679),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]], 9, math.inf),
    ],
)
def test_psnr_of_known_differences(
    actual: Any, expected: Any, peak: float, decibels: float
) -> None:
    np.testing.assert_allclose(psnr(actual, expected, peak), decibels, rtol=0, atol=1e-9)


@in_one_test("dtype", ["bool", "uint8", "uint64", "int8", "float16", "float64"])
def test_differences_never_wrap_around(dtype: str) -> None:
    one, other = np.array([0, 1], dtype), np.array([1, 0], dtype)
    assert psnr(one, other, 1) == 0.0


@given(seed=st.integers(0, 2**16), shape=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_psnr_is_symmetric_and_falls_by_twenty_decibels_for_a_tenfold_difference(
    seed: int, shape: list[int]
) -> None:
    one, difference = random_image(seed, *shape), random_image(seed + 1, *shape)
    near = psnr(one, one + difference, 1)
    np.testing.assert_allclose(psnr(one + difference, one, 1), near, rtol=0, atol=1e-9)
    np.testing.assert_allclose(psnr(one, one + 10 * difference, 1), near - 20, rtol=0, atol=1e-9)


def test_a_nan_makes_the_ratio_a_nan() -> None:
    assert math.isnan(psnr([1.0, math.nan], [1.0, 2.0], 1))


# --- compare_methods


@in_one_test("shape", [(9, 8), (9, 8, 3)])
@in_one_test("shared", [True, False])
def test_each_method_is_measured_on_the_same_clipped_values(
    shape: tuple[int, ...], shared: bool
) -> None:
    small = (random_image(0, *shape) * 255).astype(np.uint8)
    large = (random_image(1, shape[0] * 2, shape[1] * 3, *shape[2:]) * 255).astype(np.uint8)
    kernel = 2 * fit_kernel([(small, large)], 5, (2, 3), shared=shared)
    ratios = compare_methods(small, large, kernel, (2, 3), "same", 255)
    assert list(ratios) == ["fitted", *METHODS]
    results = {"fitted": enlarge(small, kernel, (2, 3))}
    for method in METHODS:
        results[method] = upsample(small.astype(np.float64), (2, 3), method)
    for name, result in results.items():
        assert ratios[name] == pytest.approx(psnr(result.clip(0, 255), large, 255))
        assert type(ratios[name]) is float


def test_a_kernel_that_equals_nearest_has_its_ratio() -> None:
    small, large = random_image(0, 6, 5, 3), random_image(1, 12, 10, 3)
    ratios = compare_methods(
        small, large, make_kernel("nearest", (2, 2, 1, 1), (2, 2)), 2, "same", 1
    )
    assert ratios["fitted"] == ratios["nearest"]


def test_a_kernel_with_pytorchs_padding_is_compared_where_the_size_is_the_same() -> None:
    small, large = random_image(0, 6, 5), random_image(1, 12, 10)
    kernel = fit_kernel([(small, large)], 4, 2, padding=1)
    np.testing.assert_array_equal(kernel, fit_kernel([(small, large)], 4, 2, padding="same"))
    same = compare_methods(small, large, kernel, 2, "same", 1)
    assert compare_methods(small, large, kernel, 2, 1, 1) == same


def test_a_kernel_fitted_to_a_smooth_image_is_nearer_than_every_interpolation() -> None:
    rows, columns = np.mgrid[:48, :60]
    waves = np.sin(rows / 2.1) * np.cos(columns / 1.7) + np.cos((rows - columns) / 2.9)
    large = np.hanning(48)[:, np.newaxis] * np.hanning(60) * waves + 0.0
    large = 40 * large.clip(0, None)
    small = box_downsample(large, 2)
    kernel = fit_kernel([(small, large)], 8, 2)
    ratios = compare_methods(small, large, kernel, 2, "same", 80)
    assert ratios.pop("fitted") > max(ratios.values())


def test_a_margin_leaves_the_edges_out_of_the_comparison() -> None:
    small, kernel = np.arange(20.0).reshape(4, 5), make_kernel("nearest", (2, 2, 1, 1), (2, 2))
    large = upsample(small, 2)
    large[0] += 5
    assert compare_methods(small, large, kernel, 2, "same", 30)["fitted"] < np.inf
    assert compare_methods(small, large, kernel, 2, "same", 30, margin=(1, 0))["fitted"] == np.inf
    with pytest.raises(ShapeError, match=r"`margin` must leave something.*margin=\(4, 4\) for"):
        compare_methods(small, large, kernel, 2, "same", 30, margin=4)


# --- box_downsample


def test_every_pixel_is_the_mean_of_its_block() -> None:
    large = random_image(0, 7, 11, 3)
    actual = box_downsample(large, (2, 3))
    expected = np.array(
        [
            [large[2 * i : 2 * i + 2, 3 * j : 3 * j + 3].mean(axis=(0, 1)) for j in range(3)]
            for i in range(3)
        ]
    )
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-15)


@in_one_test("dtype", ["bool", "uint8", "int64", "uint64", "float16", "longdouble"])
def test_means_are_taken_in_float64(dtype: str) -> None:
    large = np.array([[0, 1, 1, 1], [0, 1, 1, 1]], dtype)
    np.testing.assert_array_equal(box_downsample(large, 2), np.array([[0.5, 1.0]]), strict=True)
    bright = np.full((2, 2), 255, np.uint8)
    np.testing.assert_array_equal(box_downsample(bright, 2), [[255.0]])


@given(shape=st.tuples(st.integers(1, 6), st.integers(1, 6)), stride=st.integers(1, 4))
def test_what_was_repeated_is_restored(shape: tuple[int, int], stride: int) -> None:
    small = np.random.default_rng(0).integers(0, 256, shape)
    np.testing.assert_array_equal(box_downsample(upsample(small, stride), stride), small)
