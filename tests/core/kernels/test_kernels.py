"""Kernels by name: what each computes as a transposed convolution, and what they refuse."""

import math
from itertools import product

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose, upsample
from upsamp.core.kernels.presets import KERNEL_PRESETS, make_kernel
from upsamp.errors import ArgumentError

APART = ("nearest", "bilinear", "bicubic", "gaussian", "identity")
DRAWN = ("glorot", "icnr", "random")
STRIDES = (1, 2, 3, 4, 5)

every_preset = in_one_test("name", KERNEL_PRESETS)


def image(seed: int, *shape: int) -> NDArray[np.float64]:
    """Return a random image of real numbers from -10 to 10."""
    return np.random.default_rng(seed).uniform(-10, 10, shape)


def near(actual: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    """Assert agreement but for rounding."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


def test_there_are_these_presets_and_no_others() -> None:
    assert sorted(KERNEL_PRESETS) == sorted([*APART, *DRAWN, "ones"])


@every_preset
def test_a_preset_gives_finite_floats_of_the_wanted_shape(name: str) -> None:
    kernel = make_kernel(name, (4, 7, 3, 3), (2, 3))
    assert kernel.shape == (4, 7, 3, 3)
    assert kernel.dtype == np.float64
    assert np.isfinite(kernel).all()


@every_preset
def test_the_name_of_a_preset_may_be_written_in_capitals(name: str) -> None:
    shape = (4, 4, 2, 2)
    np.testing.assert_array_equal(
        make_kernel(name.upper(), shape, (2, 2)), make_kernel(name, shape, (2, 2))
    )


def test_ones_are_ones_between_all_channels() -> None:
    np.testing.assert_array_equal(make_kernel("ones", (2, 3, 4, 5)), np.ones((2, 3, 4, 5)))


# --- presets that upsample


def test_bilinear_of_kernel_4_and_stride_2_is_bilinear_upsampling_in_the_interior() -> None:
    x = image(1, 6, 5)
    kernel = make_kernel("bilinear", (4, 4, 1, 1), (2, 2))
    actual = conv2d_transpose(x, kernel, strides=2, padding="same")
    near(actual[2:-2, 2:-2], upsample(x, 2, "bilinear")[2:-2, 2:-2])


@in_one_test("strides", list(product(STRIDES, STRIDES)))
@in_one_test(("name", "reach"), [("bilinear", 1), ("bicubic", 2)])
def test_an_interpolating_kernel_is_that_upsampling_in_the_interior(
    name: str, reach: int, strides: tuple[int, int]
) -> None:
    # The kernel's middle falls on the grid only where length and stride are both even or both odd.
    rows, columns = (2 * reach * stride - stride % 2 for stride in strides)
    x = image(2, 7, 6, 2)
    kernel = make_kernel(name, (rows, columns, 2, 2), strides)
    actual = conv2d_transpose(x, kernel, strides=strides, padding="same")
    expected = upsample(x, strides, name)
    assert actual.shape == expected.shape
    top, left = (reach * stride for stride in strides)
    near(actual[top:-top, left:-left], expected[top:-top, left:-left])


@in_one_test("stride", STRIDES)
def test_the_bilinear_kernel_is_that_of_fully_convolutional_networks(stride: int) -> None:
    # Long, Shelhamer and Darrell (2015), the function upsample_filt of their surgery.py.
    length = 2 * stride - stride % 2
    factor = (length + 1) // 2
    centre = factor - 1 if length % 2 == 1 else factor - 0.5
    ramp = 1 - np.abs(np.arange(length) - centre) / factor
    kernel = make_kernel("bilinear", (length, length, 1, 1), (stride, stride))
    near(kernel[:, :, 0, 0], np.outer(ramp, ramp))


@in_one_test("more", [0, 1, 2, 5])
@in_one_test("strides", [(1, 1), (2, 2), (2, 3), (5, 1), (4, 3)])
def test_the_nearest_kernel_repeats_every_pixel_up_to_the_edges(
    strides: tuple[int, int], more: int
) -> None:
    x = image(3, 4, 3, 2)
    shape = (strides[0] + more, strides[1] + more, 2, 2)
    kernel = make_kernel("nearest", shape, strides)
    actual = conv2d_transpose(x, kernel, strides=strides, padding="same")
    np.testing.assert_array_equal(actual, upsample(x, strides))


@in_one_test("strides", [(1, 1), (2, 2), (3, 2), (4, 5)])
@in_one_test("window", [(1, 1), (3, 3), (4, 6), (9, 5)])
def test_a_gaussian_is_normal_symmetric_and_sums_to_the_product_of_the_strides(
    window: tuple[int, int], strides: tuple[int, int]
) -> None:
    kernel = make_kernel("gaussian", (*window, 1, 1), strides)[:, :, 0, 0]
    near(kernel.sum(), np.array(float(math.prod(strides))))
    near(kernel, np.flip(kernel))
    for length, stride, line in zip(window, strides, (kernel[:, 0], kernel[0]), strict=True):
        distances = np.arange(length) - (length - 1) / 2
        normal = np.exp(-(distances**2) / (2 * (stride / 2) ** 2))
        near(line / line.sum(), normal / normal.sum())


@in_one_test("window", [(1, 1), (3, 3), (5, 1), (3, 7)])
def test_identity_gives_the_input_at_stride_1(window: tuple[int, int]) -> None:
    x = image(4, 5, 4, 3)
    kernel = make_kernel("identity", (*window, 3, 3))
    np.testing.assert_array_equal(conv2d_transpose(x, kernel, padding="same"), x)
    np.testing.assert_array_equal(conv2d(x, kernel, padding="same"), x)


@in_one_test("name", APART)
def test_a_preset_that_upsamples_keeps_channels_apart_and_treats_them_alike(name: str) -> None:
    kernel = make_kernel(name, (4, 6, 3, 3), (2, 3))
    window = make_kernel(name, (4, 6, 1, 1), (2, 3))[:, :, 0, 0]
    assert window.any()
    for filter_, channel in np.ndindex(3, 3):
        expected = window if filter_ == channel else np.zeros((4, 6))
        np.testing.assert_array_equal(kernel[:, :, filter_, channel], expected)


# --- presets that are drawn


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawn_kernel_is_the_same_for_a_seed_and_another_for_another(name: str) -> None:
    shape = (4, 4, 2, 3)
    first = make_kernel(name, shape, (2, 2), 7)
    np.testing.assert_array_equal(make_kernel(name, shape, (2, 2), 7), first)
    assert (make_kernel(name, shape, (2, 2), 8) != first).any()
    np.testing.assert_array_equal(
        make_kernel(name, shape, (2, 2)), make_kernel(name, shape, (2, 2), 0)
    )


def test_glorot_fills_the_bounds_of_its_fans_and_no_more() -> None:
    kernel = make_kernel("glorot", (5, 3, 16, 8))
    bound = math.sqrt(6 / (5 * 3 * (16 + 8)))
    assert 0.98 * bound < kernel.max() <= bound
    assert -bound <= kernel.min() < -0.98 * bound


def test_random_lies_between_0_and_1_and_fills_it() -> None:
    kernel = make_kernel("random", (5, 3, 16, 8))
    assert 0 <= kernel.min() < 0.02
    assert 0.98 < kernel.max() < 1


@in_one_test("strides", [(2, 2), (3, 2), (1, 4)])
@in_one_test("blocks", [1, 2, 3])
def test_all_phases_of_icnr_are_alike(blocks: int, strides: tuple[int, int]) -> None:
    rows, columns = strides
    kernel = make_kernel("icnr", (blocks * rows, blocks * columns, 3, 2), strides, 5)
    assert len(np.unique(kernel)) == blocks**2 * 6
    for row, column in np.ndindex(rows, columns):
        phase = kernel[row::rows, column::columns]
        np.testing.assert_array_equal(phase, kernel[::rows, ::columns])


@in_one_test("strides", [(2, 2), (3, 2), (1, 4)])
@in_one_test("blocks", [1, 2, 3])
def test_icnr_is_nearest_upsampling_of_a_convolution(blocks: int, strides: tuple[int, int]) -> None:
    x = image(6, 4, 5, 2)
    kernel = make_kernel("icnr", (blocks * strides[0], blocks * strides[1], 3, 2), strides, 5)
    coarse = np.flip(kernel[:: strides[0], :: strides[1]], (0, 1)).transpose(0, 1, 3, 2)
    convolved = conv2d(x, coarse, padding=blocks - 1)
    near(conv2d_transpose(x, kernel, strides=strides), upsample(convolved, strides))
    if blocks % 2:
        # Then "same" crops whole blocks.
        actual = conv2d_transpose(x, kernel, strides=strides, padding="same")
        near(actual, upsample(conv2d(x, coarse, padding="same"), strides))


def test_icnr_takes_a_kernel_that_is_no_multiple_of_the_stride() -> None:
    kernel = make_kernel("icnr", (5, 3, 1, 1), (2, 2), 5)
    np.testing.assert_array_equal(kernel, make_kernel("icnr", (6, 4, 1, 1), (2, 2), 5)[:5, :3])


# --- refusals


def test_an_unknown_preset_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`weights` must be one of 'ones', 'nearest', 'bilinear', 'bicubic', 'gaussian', "
        r"'glorot', 'icnr', 'random', 'identity'\. Received: weights='cubic'\.",
    ):
        make_kernel("cubic", (3, 3, 1, 1))


@in_one_test("name", APART)
def test_a_preset_that_upsamples_needs_as_many_filters_as_channels(name: str) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"A preset that upsamples must have as many filters as channels.*"
        r"Received: 3 filters for 2 channels\.",
    ):
        make_kernel(name, (4, 4, 3, 2), (2, 2))


@pytest.mark.parametrize("shape", [(3, 2, 1, 1), (2, 3, 1, 1)])
def test_a_nearest_kernel_below_the_stride_is_refused(shape: tuple[int, int, int, int]) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"The nearest kernel must be as large as the stride.*"
        r"Received: kernel 2, stride 3\.",
    ):
        make_kernel("nearest", shape, (3, 3))
