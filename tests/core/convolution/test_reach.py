"""Which inputs an output depends on, against what a NaN in one input reaches."""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from upsamp.core.arguments import INTERPOLATIONS
from upsamp.core.convolution.convolve import conv2d, conv2d_transpose
from upsamp.core.convolution.geometry import convolution_axis, transposed_axis
from upsamp.core.convolution.reach import (
    Reach,
    convolution_reach,
    kernel_overlap,
    repeated_reach,
    resampled_reach,
    same_positions,
    shifted_reach,
    transposed_reach,
    whole_reach,
)
from upsamp.core.pooling import average_pool, pooling_axis
from upsamp.core.upsampling.resample import resize
from upsamp.errors import ShapeError

Compute = Callable[[NDArray[Any]], NDArray[Any]]


def assert_reach(reach: Reach, compute: Compute, length: int, case: object = "") -> None:
    """Compare a reach with the outputs that a NaN, put into one input after the other, turns up in.

    compute: takes (length, 1) and gives (outputs, 1).
    """
    reached = []
    for position in range(length):
        x = np.ones((length, 1))
        x[position] = np.nan
        reached.append(np.isnan(compute(x)[:, 0]))
    table = np.array(reached)  # (inputs, outputs)
    depends = table.any(axis=0)
    first, last = reach
    assert first.shape == last.shape == depends.shape, case
    np.testing.assert_array_equal(first <= last, depends, err_msg=str(case))
    np.testing.assert_array_equal(first[depends], table.argmax(axis=0)[depends], err_msg=str(case))
    expected = length - 1 - table[::-1].argmax(axis=0)
    np.testing.assert_array_equal(last[depends], expected[depends], err_msg=str(case))


PADDINGS: list[Any] = ["valid", "same", (1, 0), (0, 2)]


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_convolution_reads_what_its_taps_lie_on(padding: Any) -> None:
    margins = padding if isinstance(padding, str) else (padding, (0, 0))
    for length, kernel, stride, dilation in product((1, 2, 5, 6), (1, 2, 3), (1, 2, 4), (1, 2, 3)):
        weights = np.ones((kernel, 1, 1, 1))
        try:
            axis = convolution_axis(length, kernel, stride, padding, dilation)
        except ShapeError:
            continue
        assert_reach(
            convolution_reach(axis, kernel),
            partial(
                conv2d,
                kernel=weights,
                strides=(stride, 1),
                padding=margins,
                dilation_rate=(dilation, 1),
            ),
            length,
            (length, kernel, stride, dilation),
        )


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("extra", [None, 0, 1])
def test_a_transposed_convolution_reads_what_scatters_into_it(
    padding: Any, extra: int | None
) -> None:
    margins = padding if isinstance(padding, str) else (padding, (0, 0))
    given = None if extra is None else (extra, 0)
    for length, kernel, stride, dilation in product((1, 2, 4), (1, 2, 3, 5), (1, 2, 3), (1, 2)):
        weights = np.ones((kernel, 1, 1, 1))
        if extra is not None and extra >= stride:
            continue
        try:
            axis = transposed_axis(length, kernel, stride, padding, extra, dilation)
        except ShapeError:
            continue
        assert_reach(
            transposed_reach(axis, kernel),
            partial(
                conv2d_transpose,
                kernel=weights,
                strides=(stride, 1),
                padding=margins,
                output_padding=given,
                dilation_rate=(dilation, 1),
            ),
            length,
            (length, kernel, stride, dilation),
        )


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_an_interpolation_reads_what_has_a_weight(interpolation: Any) -> None:
    for length, target in ((1, 1), (1, 3), (2, 2), (2, 5), (3, 6), (5, 7), (6, 24)):
        assert_reach(
            resampled_reach(length, target, interpolation),
            partial(resize, size=(target, 1), interpolation=interpolation),
            length,
            (length, target),
        )


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_pooling_reads_its_window(padding: str) -> None:
    for length, window, stride in product((3, 4, 7), (1, 2, 3), (1, 2, 3)):
        assert_reach(
            convolution_reach(pooling_axis(length, window, stride, padding), window),
            partial(average_pool, pool_size=(window, 1), strides=(stride, 1), padding=padding),
            length,
            (length, window, stride),
        )


@pytest.mark.parametrize(("before", "after"), [(0, 0), (2, 1), (-1, 0), (-1, -2), (3, -2)])
def test_padding_and_cropping_move_positions(before: int, after: int) -> None:
    def move(x: NDArray[Any]) -> NDArray[Any]:
        padded = np.pad(x, ((max(before, 0), max(after, 0)), (0, 0)))
        return padded[max(-before, 0) : len(padded) - max(-after, 0)]

    assert_reach(shifted_reach(5, before, after), move, 5)


def test_positions_stay_are_repeated_or_are_mixed() -> None:
    assert_reach(same_positions(4), lambda x: x * 2, 4)
    assert_reach(repeated_reach(3, 2), lambda x: x.repeat(2, axis=0), 3)
    assert_reach(whole_reach(4, 4), lambda x: x - x.mean(), 4)


def test_the_arrays_of_a_reach_are_not_those_that_are_kept_for_the_next_time() -> None:
    first, _ = resampled_reach(3, 6, "bilinear")
    first[:] = 9
    assert resampled_reach(3, 6, "bilinear")[0].max() == 2


@pytest.mark.parametrize(("kernel", "stride"), list(product(range(1, 8), range(1, 6))))
def test_the_overlap_is_even_where_the_kernel_is_a_multiple_of_the_stride(
    kernel: int, stride: int
) -> None:
    expected = "even" if kernel % stride == 0 else "uneven"
    assert kernel_overlap(kernel, stride) == ("holes" if kernel < stride else expected)


@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_the_overlap_is_that_of_a_row_of_ones(dilation: int) -> None:
    for kernel, stride in product(range(1, 6), range(1, 5)):
        weights = np.ones((kernel, 1, 1, 1))
        x = np.ones((40, 1))
        sums = conv2d_transpose(x, weights, None, (stride, 1), 0, None, (dilation, 1))[:, 0]
        inside = sums[kernel * dilation : -kernel * dilation]
        expected = "even" if np.ptp(inside) == 0 else "uneven"
        expected = "holes" if inside.min() == 0 else expected
        assert kernel_overlap(kernel, stride, dilation) == expected, (kernel, stride)
