"""A kernel that made the data is found again, no rival is nearer, and memory stays small."""

import math
import tracemalloc
from itertools import product

import numpy as np
import pytest
from effort import in_one_test
from fit_images import enlarge, random_image, squared_error
from hypothesis import given
from hypothesis import strategies as st

from upsamp import upsample
from upsamp.core.kernels import fit
from upsamp.core.kernels.fit import box_downsample, compare_methods, fit_kernel, psnr
from upsamp.core.kernels.presets import make_kernel

Padding = str | tuple[tuple[int, int], tuple[int, int]]

KERNELS_AND_STRIDES = [
    (kernel, stride) for kernel, stride in product(range(2, 6), range(1, 4)) if kernel >= stride
]
FITTING = in_one_test(("kernel", "stride"), KERNELS_AND_STRIDES)

# --- a kernel that made the data is found again


@FITTING
@pytest.mark.parametrize("padding", ["same", "valid", ((1, 0), (0, 1))])
def test_the_kernel_that_made_the_large_image_is_found(
    kernel: int, stride: int, padding: Padding
) -> None:
    known = random_image(kernel, kernel, kernel, 1, 1) - 0.3
    small = random_image(stride, 11, 14)
    pairs = [(small, enlarge(small, known, stride, padding))]
    found = fit_kernel(pairs, kernel, stride, padding=padding, ridge=0)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-9)


@FITTING
def test_kernels_of_channels_apart_are_found(kernel: int, stride: int) -> None:
    known = random_image(kernel, kernel, kernel, 1, 3) * np.eye(3)
    small = random_image(stride, 9, 12, 3)
    pairs = [(small, enlarge(small, known, stride))]
    found = fit_kernel(pairs, kernel, stride, shared=False, ridge=0)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found[:, :, ~np.eye(3, dtype=bool)], 0)


@in_one_test("kernel_size", [(2, 5), (5, 2), (3, 4), (7, 3), (2, 9)])
@in_one_test("strides", [(1, 2), (2, 1), (2, 3), (1, 1)])
@in_one_test("padding", ["same", "valid"])
def test_rows_and_columns_have_their_own_kernel_size_and_stride(
    kernel_size: tuple[int, int], strides: tuple[int, int], padding: str
) -> None:
    if kernel_size[1] < strides[1]:
        kernel_size = (kernel_size[0], strides[1])
    known = random_image(1, *kernel_size, 1, 1)
    small = random_image(2, 13, 17, 3)
    pairs = [(small, enlarge(small, known, strides, padding))]
    found = fit_kernel(pairs, kernel_size, strides, padding=padding, ridge=0)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-9)


def test_images_that_alone_are_too_small_determine_the_kernel_together() -> None:
    known = random_image(0, 5, 5, 1, 1)
    smalls = [random_image(seed, 2, 2 + seed % 2) for seed in range(1, 13)]
    pairs = [(small, enlarge(small, known, 2)) for small in smalls]
    found = fit_kernel(pairs, 5, 2, ridge=0)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-9)
    assert np.abs(fit_kernel(pairs[:1], 5, 2, ridge=0) - known).max() > 0.01


def test_a_shared_kernel_takes_grey_and_coloured_pairs_together() -> None:
    known = random_image(0, 4, 4, 1, 1)
    smalls = [random_image(1, 6, 5), random_image(2, 5, 7, 3), random_image(3, 8, 4, 1)]
    pairs = [(small, enlarge(small, known, 2)) for small in smalls]
    np.testing.assert_allclose(fit_kernel(pairs, 4, 2, ridge=0), known, rtol=0, atol=1e-9)


def test_pairs_may_come_from_an_iterator_and_are_read_once() -> None:
    small = random_image(0, 8, 8)
    large = upsample(small, 2, "bicubic")
    stream = iter([(small, large), (small[:5], large[:10])])
    from_iterator = fit_kernel(stream, 4, 2)
    from_list = fit_kernel([(small, large), (small[:5], large[:10])], 4, 2)
    np.testing.assert_array_equal(from_iterator, from_list)
    assert list(stream) == []


def test_an_image_of_rank_two_is_an_image_of_one_channel() -> None:
    small, large = random_image(0, 6, 7), random_image(1, 12, 14)
    plain = fit_kernel([(small, large)], 3, 2)
    mixed = fit_kernel([(small[..., np.newaxis], large)], 3, 2, shared=False)
    np.testing.assert_array_equal(plain, mixed, strict=True)


@in_one_test("dtype", ["bool", "uint8", "int16", "uint16", "float16", "float32"])
def test_every_real_dtype_gives_what_its_values_give_in_float64(dtype: str) -> None:
    small = (random_image(0, 7, 6, 3) * 250).astype(dtype)
    large = (random_image(1, 14, 12, 3) * 250).astype(dtype)
    found = fit_kernel([(small, large)], 4, 2)
    expected = fit_kernel([(small.astype(np.float64), large.astype(np.float64))], 4, 2)
    np.testing.assert_array_equal(found, expected, strict=True)
    assert found.dtype == np.float64


# --- against the kernels and methods that it competes with


@pytest.mark.parametrize(("name", "kernel"), [("bilinear", 4), ("bicubic", 8), ("gaussian", 6)])
@given(seed=st.integers(0, 2**16))
def test_no_preset_as_large_is_nearer_on_the_pair_that_was_fitted(
    name: str, kernel: int, seed: int
) -> None:
    small, large = random_image(seed, 10, 9, 3), random_image(seed + 1, 20, 18, 3)
    preset = make_kernel(name, (kernel, kernel, 1, 1), (2, 2))
    for shared in (True, False):
        fitted = fit_kernel([(small, large)], kernel, 2, shared=shared, ridge=0)
        error = squared_error(enlarge(small, fitted, 2), large)
        assert error <= squared_error(enlarge(small, preset, 2), large) + 1e-9


@pytest.mark.parametrize(("method", "kernel"), [("bilinear", 4), ("bicubic", 8)])
def test_no_interpolation_as_wide_is_nearer_where_the_image_ends_in_black(
    method: str, kernel: int
) -> None:
    # Black edges, since the convolution sees zeros outside and the interpolation the edge again.
    small = np.pad(random_image(0, 20, 30), 6)
    large = np.pad(random_image(1, 40, 60), 12)
    fitted = enlarge(small, fit_kernel([(small, large)], kernel, 2, ridge=0), 2)
    assert squared_error(fitted, large) < squared_error(upsample(small, 2, method), large)


def test_a_kernel_for_each_channel_is_no_worse_than_a_shared_one() -> None:
    small, large = random_image(0, 10, 9, 3), random_image(1, 20, 18, 3)
    shared, apart = (
        squared_error(
            enlarge(small, fit_kernel([(small, large)], 4, 2, shared=one, ridge=0), 2), large
        )
        for one in (True, False)
    )
    assert apart < shared


def test_edges_are_left_out_by_a_crop_and_as_much_padding() -> None:
    small = random_image(0, 16, 14) + 1
    large = upsample(small, 2, "bilinear")
    bilinear = make_kernel("bilinear", (4, 4, 1, 1), (2, 2))
    found = fit_kernel([(small, large[2:-2, 2:-2])], 4, 2, padding=1 + 2, ridge=0)
    np.testing.assert_allclose(found, bilinear, rtol=0, atol=1e-9)
    with_edges = fit_kernel([(small, large)], 4, 2, ridge=0)
    assert np.abs(with_edges - bilinear).max() > 1e-3


# --- strips and memory


@pytest.mark.parametrize("elements", [1, 50, 333, 10**9])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_strips_of_any_size_give_the_same_kernel(
    elements: int, padding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = random_image(0, 13, 11, 2)
    large = enlarge(small, random_image(1, 5, 4, 1, 1), (2, 3), padding)
    large += random_image(2, *large.shape)
    expected = fit_kernel([(small, large)], (5, 4), (2, 3), padding=padding)
    monkeypatch.setattr(fit, "STRIP_ELEMENTS", elements)
    actual = fit_kernel([(small, large)], (5, 4), (2, 3), padding=padding)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("shape", "kernel"), [((300, 200, 3), 6), ((2, 30_000, 1), 12)])
def test_a_large_image_needs_few_megabytes_beyond_itself(
    shape: tuple[int, ...], kernel: int
) -> None:
    small = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    fit_kernel([(small[:9, :9], large[:18, :18])], kernel, 2)
    tracemalloc.start()
    try:
        fit_kernel([(small, large)], kernel, 2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # One phase's design matrix alone would have 9 taps or more for each of so many pixels.
    assert peak < 4 * 10**6 < 8 * 9 * math.prod(shape[:2])


def test_no_input_is_changed() -> None:
    small, large = random_image(0, 6, 7, 3), random_image(1, 12, 14, 3)
    kernel = fit_kernel([(small, large)], 4, 2)
    arrays = (small, large, kernel)
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    for shared in (True, False):
        fit_kernel([(small, large)], 4, 2, shared=shared)
    compare_methods(small, large, kernel, 2, "same", 1.0)
    psnr(small, small * 0.5, 1.0)
    box_downsample(large, 2)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy, strict=True)
