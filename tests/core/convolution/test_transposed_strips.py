"""Strips of a transposed convolution, each of which is convolved by itself."""

from itertools import product
from typing import Any

import effort
import numpy as np
import pytest
from numpy.typing import NDArray

from upsamp import conv2d_transpose
from upsamp.core.convolution.convolve import transposed_setting
from upsamp.core.convolution.strips import TransposedStrips

Array = NDArray[Any]

STRIDES = (1, 2, 3, 4, 5, 6, 7, 8)
KERNELS = (1, 2, 3, 4, 5, 8, 13)
PADDINGS: tuple[Any, ...] = ("valid", "same", ((2, 0), (1, 3)))
# Elements of a strip: from one row to all images.
HEIGHTS = effort.choose((1, 200), (1, 60, 200, 900, 10**7))


def make_strips(x: Array, kernel: Array, *args: Any, **options: Any) -> TransposedStrips:
    """Return the strips of x (N, H, W, C) with a bias of 1, 2, ..."""
    groups = args[4]
    bias = np.arange(1, 1 + kernel.shape[2] * groups, dtype=kernel.dtype)
    setting = transposed_setting(*(*args, None))
    return TransposedStrips(x.shape, kernel, bias, setting, **options)


def collect(strips: TransposedStrips, x: Array) -> Array:
    """Return all strips together; what none of them makes stays NaN."""
    result = np.full(strips.shape, np.nan, strips.dtype)
    read = strips.make(lambda images, rows: x[images, rows])
    for strip, values in zip(strips, read, strict=True):
        result[strip.images, strip.rows] = values
    return result


def check(x: Array, kernel: Array, *args: Any) -> int:
    """Assert that strips of any height are the whole, where every sum is exact; return how many."""
    bias = np.arange(1, 1 + kernel.shape[2] * args[4], dtype=kernel.dtype)
    expected = conv2d_transpose(x.astype(kernel.dtype), kernel, bias, *args)
    for elements, together in product(HEIGHTS, (False, True)):
        strips = make_strips(x, kernel, *args, together=together, elements=elements)
        np.testing.assert_array_equal(collect(strips, x), expected, strict=True)
    return len(list(make_strips(x, kernel, *args, elements=1)))


@pytest.mark.parametrize(
    ("stride", "padding"),
    effort.choose([*zip((1, 2, 5), PADDINGS, strict=True)], [*product(STRIDES, PADDINGS)]),
    ids=str,
)
def test_strips_of_any_height_are_the_whole(stride: int, padding: Any) -> None:
    generator = np.random.default_rng(stride)
    x = generator.integers(0, 256, (2, 9, 7, 2), np.uint8)
    kernels, dilations = effort.choose(((2, 13), (1, 3)), (KERNELS, (1, 2, 3)))
    tried = most = 0
    settings = product(kernels, dilations, (None, 1))
    for size, dilation, extra in effort.sample(settings, 3):
        args = (stride, padding, extra, dilation, 1)
        # An output padding lies below the stride, and the crops within what there is.
        within = (9 - 1) * stride + (size - 1) * dilation + 1 > 4 and 6 * stride + size > 4
        if (extra or 0) < max(stride, 1 if padding in ("valid", "same") else dilation) and within:
            kernel = generator.integers(-3, 4, (size, size, 3, 2))
            kernel = kernel.astype(np.float32 if tried % 2 else np.float64)
            most = max(most, check(x, kernel, *args))
            tried += 1
    assert tried >= len(kernels)
    assert most >= 2 * 9 * stride


@pytest.mark.parametrize(
    ("stride", "size", "dilation"),
    [((1, 3), (5, 2), (2, 1)), ((3, 1), (2, 6), (1, 1)), ((2, 2), (40, 1), (1, 1))],
)
def test_axes_have_settings_of_their_own(stride: Any, size: Any, dilation: Any) -> None:
    generator = np.random.default_rng(1)
    x = generator.integers(0, 256, (1, 9, 7, 1), np.uint8)
    kernel = generator.integers(-3, 4, (*size, 1, 1)).astype(np.float32)
    assert check(x, kernel, stride, "same", None, dilation, 1) == 9 * stride[0]


def test_groups_are_convolved_apart_in_strips_too() -> None:
    generator = np.random.default_rng(2)
    x = generator.integers(0, 256, (1, 9, 7, 4), np.uint8)
    kernel = generator.integers(-3, 4, (3, 3, 3, 4)).astype(np.float32)
    assert check(x, kernel, 2, "same", None, 1, 2) == 18


def test_a_strip_reads_no_more_than_it_needs() -> None:
    strips = make_strips(
        np.zeros((1, 100, 8, 1)), np.ones((4, 4, 1, 1)), 2, "same", None, 1, 1, elements=500
    )
    found = list(strips)
    assert [strip.rows for strip in found[1:3]] == [slice(26, 52), slice(52, 78)]
    assert [strip.inputs for strip in found[1:3]] == [slice(12, 27), slice(25, 40)]


def test_not_a_number_stays_with_the_outputs_that_read_it() -> None:
    x = np.random.default_rng(3).random((1, 30, 80, 1), np.float32)
    x[0, 11, 7], x[0, 25, 70] = np.nan, np.inf
    kernel = np.ones((3, 3, 1, 1), np.float32)
    for elements in (1, 2000, 10**7):
        found = collect(make_strips(x, kernel, 2, "same", None, 1, 1, elements=elements), x)
        assert [int(count) for count in (np.isnan(found).sum(), np.isinf(found).sum())] == [9, 9]


def test_what_is_planned_does_not_grow_with_the_stride_or_the_dilation() -> None:
    far = 10**12
    strips = make_strips(np.zeros((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), far, "valid", None, 1, 1)
    assert strips.shape == (1, 3 * far, 3 * far, 1)
    assert next(iter(strips)).rows == slice(0, 1)
    wide = make_strips(np.zeros((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), 1, "valid", None, far, 1)
    assert wide.shape == (1, 3 + far, 3 + far, 1)
    x = np.ones((1, 1, 2, 1))
    row = make_strips(x, np.ones((1, 1, 1, 1)), (1, 10**6), "valid", None, 1, 1)
    (strip,) = row.make(lambda images, rows: x[images, rows])
    np.testing.assert_array_equal(np.flatnonzero(strip - 1), [0, 10**6])
