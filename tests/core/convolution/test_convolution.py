"""Convolution and transposed convolution: values over exhaustive small grids, types, layout."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import oracle
import pytest
from effort import in_one_test, sample
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose, upsample
from upsamp.errors import ShapeError

Convolution = Callable[..., NDArray[Any]]

PADDINGS = ("valid", "same")
DILATIONS = ((1, 1), (2, 1), (1, 2), (2, 2))
BOTH = in_one_test("convolve", [conv2d, conv2d_transpose])
EVERY_KERNEL = in_one_test("kernel_size", list(product(range(1, 5), range(1, 5))))


def whole(seed: int, *shape: int) -> NDArray[np.float64]:
    """Random whole numbers, so that sums of products are exact and may be compared as equal."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(np.float64)


def kernel_for(
    convolve: Convolution, kernel_size: tuple[int, int], channels: int, filters: int
) -> NDArray[np.float64]:
    """Return a kernel without zeros, in the order of channels and filters that `convolve` takes."""
    ends = (channels, filters) if convolve is conv2d else (filters, channels)
    values = whole(1, *kernel_size, *ends)
    return np.where(values == 0, 5.0, values)


def assert_as_the_oracle(
    convolve: Convolution, x: NDArray[Any], kernel: NDArray[Any], **settings: Any
) -> None:
    """Assert the oracle's values, or, where the kernel does not fit, the error that says so."""
    reference = oracle.conv2d if convolve is conv2d else oracle.conv2d_transpose
    arguments = dict(settings)
    if settings.get("output_padding", ...) is None:
        arguments["output_padding"] = (None, None)
    spans = map(oracle.effective_kernel, kernel.shape[:2], settings["dilation_rate"])
    fits = all(span <= length for span, length in zip(spans, x.shape[:2], strict=True))
    if convolve is conv2d and settings["padding"] == "valid" and not fits:
        with pytest.raises(ShapeError, match=r"does not fit into"):
            convolve(x, kernel, **settings)
        return
    expected = reference(x, kernel, **arguments)
    actual = convolve(x, kernel, **settings)
    np.testing.assert_array_equal(actual, expected, err_msg=str(settings), strict=True)


# --- values


@EVERY_KERNEL
@pytest.mark.parametrize("padding", PADDINGS)
def test_conv2d_is_as_defined_for_every_stride_and_dilation(
    padding: str, kernel_size: tuple[int, int]
) -> None:
    x, kernel = whole(2, 4, 5, 1), kernel_for(conv2d, kernel_size, 1, 2)
    for strides, dilation_rate in sample(product(product(range(1, 5), repeat=2), DILATIONS), 3):
        settings = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate}
        assert_as_the_oracle(conv2d, x, kernel, **settings)


@EVERY_KERNEL
@pytest.mark.parametrize("padding", PADDINGS)
def test_conv2d_transpose_is_as_defined_for_every_stride_dilation_and_output_padding(
    padding: str, kernel_size: tuple[int, int]
) -> None:
    x, kernel = whole(3, 2, 3, 2), kernel_for(conv2d_transpose, kernel_size, 2, 1)
    for strides, dilation_rate in sample(product(product(range(1, 5), repeat=2), DILATIONS), 7):
        extras = [extra for extra in product((0, 1), (0, 1)) if np.all(np.less(extra, strides))]
        for output_padding in (None, *extras):
            settings = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate}
            assert_as_the_oracle(
                conv2d_transpose, x, kernel, output_padding=output_padding, **settings
            )


@pytest.mark.parametrize("height", range(1, 5))
@pytest.mark.parametrize("padding", PADDINGS)
@BOTH
def test_inputs_of_every_small_size_are_convolved_as_defined(
    convolve: Convolution, padding: str, height: int
) -> None:
    for width, rows, columns in sample(product(range(1, 5), range(1, 5), (1, 2, 3)), 5):
        x, kernel = whole(4, height, width, 1), kernel_for(convolve, (rows, columns), 1, 1)
        for strides, dilation_rate in product(((1, 1), (2, 3), (3, 2)), ((1, 1), (2, 2))):
            settings = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate}
            assert_as_the_oracle(convolve, x, kernel, **settings)


@in_one_test("output_padding", [2, 3, (3, 1)])
@in_one_test("padding", PADDINGS)
def test_output_padding_may_be_all_but_the_stride(
    padding: str, output_padding: int | tuple[int, int]
) -> None:
    x, kernel = whole(5, 3, 2, 1), kernel_for(conv2d_transpose, (2, 3), 1, 1)
    pair = (output_padding,) * 2 if isinstance(output_padding, int) else output_padding
    expected = oracle.conv2d_transpose(x, kernel, None, (4, 4), padding, pair)
    actual = conv2d_transpose(x, kernel, None, 4, padding, output_padding)
    np.testing.assert_array_equal(actual, expected, strict=True)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@BOTH
def test_groups_see_their_own_share_of_the_channels_alone(
    convolve: Convolution, groups: int, padding: str
) -> None:
    x = whole(6, 4, 5, 6)
    kernel = kernel_for(
        convolve,
        (3, 2),
        6 // groups if convolve is conv2d else 6,
        12 if convolve is conv2d else 12 // groups,
    )
    settings = {"strides": (2, 1), "padding": padding, "dilation_rate": (1, 2)}
    assert_as_the_oracle(convolve, x, kernel, groups=groups, **settings)
    bias = whole(7, 12)
    parts = [
        convolve(part, weights, share, **settings)
        for part, weights, share in zip(
            np.split(x, groups, axis=2),
            np.split(kernel, groups, axis=3),
            np.split(bias, groups),
            strict=True,
        )
    ]
    np.testing.assert_array_equal(
        convolve(x, kernel, bias, groups=groups, **settings), np.concatenate(parts, axis=2)
    )


@BOTH
def test_the_bias_is_added_to_every_output_of_its_filter(convolve: Convolution) -> None:
    x, kernel, bias = whole(8, 3, 4, 2), kernel_for(convolve, (1, 1), 2, 3), whole(9, 3)
    without = convolve(x, kernel, strides=3, padding="same")
    np.testing.assert_array_equal(
        convolve(x, kernel, bias, strides=3, padding="same"), without + bias
    )


def test_zero_insertion_is_a_stride_of_2_with_a_kernel_of_one() -> None:
    x, one = np.array([[1.0, 2.0], [3.0, 4.0]]), np.ones((1, 1, 1, 1))
    np.testing.assert_array_equal(
        conv2d_transpose(x, one, strides=2),
        [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]],
    )
    np.testing.assert_array_equal(conv2d_transpose(x, one), x)


def test_a_kernel_of_3_with_stride_2_gives_one_row_more_than_double_unless_same() -> None:
    x, kernel = np.ones((2, 2)), np.ones((3, 3, 1, 1))
    assert conv2d_transpose(x, kernel, strides=2).shape == (5, 5)
    np.testing.assert_array_equal(
        conv2d_transpose(x, kernel, strides=2, padding="same"),
        [[1, 1, 2, 1], [1, 1, 2, 1], [2, 2, 4, 2], [1, 1, 2, 1]],
    )


@in_one_test("size", list(product(range(1, 5), range(1, 5))))
@in_one_test("padding", PADDINGS)
def test_a_kernel_of_ones_as_large_as_the_stride_is_nearest_upsampling(
    padding: str, size: tuple[int, int]
) -> None:
    x = whole(10, 3, 4)
    actual = conv2d_transpose(x, np.ones((*size, 1, 1)), strides=size, padding=padding)
    np.testing.assert_array_equal(actual, upsample(x, size), strict=True)


# --- NaN and infinities


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("padding", PADDINGS)
@BOTH
def test_a_pixel_that_is_not_finite_reaches_exactly_the_outputs_that_read_it(
    convolve: Convolution, padding: str, value: float
) -> None:
    kernel = kernel_for(convolve, (2, 3), 2, 2)
    for row, column in np.ndindex(4, 5):
        x = whole(11, 4, 5, 2)
        x[row, column, 1] = value
        for strides, dilation_rate in product(((1, 1), (2, 3)), ((1, 1), (2, 1))):
            settings = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate}
            assert_as_the_oracle(convolve, x, kernel, **settings)


@BOTH
def test_a_nan_stays_in_its_own_group_and_image(convolve: Convolution) -> None:
    x = np.zeros((2, 5, 5, 4))
    x[1, 2, 2, 0] = np.nan
    kernel = np.ones((3, 3, 2, 4))
    reached = np.isnan(convolve(x, kernel, groups=2, padding="same"))
    expected = np.zeros((2, 5, 5, 4), dtype=bool)
    expected[1, 1:4, 1:4, :2] = True
    np.testing.assert_array_equal(reached, expected)
