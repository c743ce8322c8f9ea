"""Which inputs an output depends on, against what a NaN in one input reaches."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import product
from typing import Any

import effort
import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp.core.convolution.convolve import conv2d, conv2d_transpose
from upsamp.core.geometry.reach import (
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
from upsamp.core.geometry.sizes import (
    ConvolutionAxis,
    TransposedAxis,
    convolution_axis,
    transposed_axis,
)
from upsamp.core.pooling import average_pool, pooling_axis
from upsamp.core.upsampling.interpolation import plan_axis
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.resample import resize
from upsamp.errors import ShapeError

Listed = tuple[NDArray[Any], NDArray[Any]]
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


@in_one_test("interpolation", [*METHODS])
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


@in_one_test(("before", "after"), [(0, 0), (2, 1), (-1, 0), (-1, -2), (3, -2)])
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


@in_one_test(("kernel", "stride"), list(product(range(1, 8), range(1, 6))))
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


# --- against tables of all outputs by all taps


def bounds(positions: NDArray[Any], exists: NDArray[Any], length: int) -> Listed:
    """Return the first and the last of the positions that exist."""
    first = np.where(exists, positions, length).min(axis=0)
    return first, np.where(exists, positions, -1).max(axis=0)


def listed_convolution(axis: ConvolutionAxis, kernel: int) -> Listed:
    taps = np.arange(kernel)[:, np.newaxis]
    positions = np.arange(axis.output) * axis.stride + taps * axis.dilation - axis.before
    return bounds(positions, (positions >= 0) & (positions < axis.length), axis.length)


def listed_transposed(axis: TransposedAxis, kernel: int) -> Listed:
    taps = np.arange(kernel)[:, np.newaxis]
    places = np.arange(axis.output) + axis.before - taps * axis.dilation
    positions, beside = np.divmod(places, axis.stride)
    exists = (beside == 0) & (positions >= 0) & (positions < axis.length)
    return bounds(positions, exists, axis.length)


SETTINGS = list(
    product(
        effort.choose((1, 2, 3, 6), range(1, 9)),  # kernel
        effort.choose((1, 2, 4, 6), range(1, 9)),  # stride
        effort.choose((1, 2, 3, 4), range(1, 9)),  # dilation
        (1, 2, 5, 9),  # length
        (*PADDINGS, (0, 7)),
    )
)


def test_the_reach_of_a_convolution_is_that_of_a_table() -> None:
    compared = 0
    for kernel, stride, dilation, length, padding in SETTINGS:
        with suppress(ShapeError):
            axis = convolution_axis(length, kernel, stride, padding, dilation)
            actual, expected = convolution_reach(axis, kernel), listed_convolution(axis, kernel)
            np.testing.assert_array_equal(actual, expected, err_msg=str(axis))
            compared += 1
    assert compared > len(SETTINGS) // 3  # in the others, the kernel is longer than what there is


def test_the_reach_of_a_transposed_convolution_is_that_of_a_table() -> None:
    compared = 0
    for kernel, stride, dilation, length, padding in SETTINGS:
        for extra in (None, stride - 1):
            with suppress(ShapeError):
                axis = transposed_axis(length, kernel, stride, padding, extra, dilation)
                actual, expected = transposed_reach(axis, kernel), listed_transposed(axis, kernel)
                np.testing.assert_array_equal(actual, expected, err_msg=str(axis))
                compared += 1
    assert compared > len(SETTINGS)


@pytest.mark.parametrize("interpolation", [one for one in METHODS if one != "nearest"])
def test_the_reach_of_an_interpolation_is_that_of_its_plan(interpolation: Any) -> None:
    for length in effort.choose((1, 2, 5, 8), range(1, 12)):
        for target in (*effort.sample(range(length, 30), 3), 67, 130):
            plan = plan_axis(length, target, interpolation)
            reach = resampled_reach(length, target, interpolation)
            read = [plan.reach(slice(output, output + 1)) for output in range(target)]
            ends = [one.start for one in read], [one.stop - 1 for one in read]
            np.testing.assert_array_equal(reach, ends, err_msg=str(target))


def test_the_overlap_is_that_of_a_list_of_all_taps() -> None:
    for kernel, stride, dilation in product(range(1, 13), repeat=3):
        taps = np.bincount(np.arange(kernel) * dilation % stride, minlength=stride)
        expected = "holes" if not taps.all() else "even" if np.ptp(taps) == 0 else "uneven"
        assert kernel_overlap(kernel, stride, dilation) == expected, (kernel, stride, dilation)


@pytest.mark.parametrize("scale", [2**40, 2**70, 10**300])
def test_sizes_past_64_bits_reach_as_those_that_are_as_far_apart(scale: int) -> None:
    # A middle tap alone lies on an input, however far apart the taps are.
    axis = convolution_axis(5, 3, 1, "same", 9 * scale)
    np.testing.assert_array_equal(convolution_reach(axis, 3), [range(5)] * 2)
    # Of one window, which is the input and margins that nobody could hold.
    axis = convolution_axis(5, scale + 1, scale, (scale, scale), 1)
    np.testing.assert_array_equal(convolution_reach(axis, scale + 1), [[0, 0], [0, 4]])
    spread = transposed_axis(2, 3, 2 * scale, (0, 2 * scale - 1), None, scale)
    assert (spread.full, spread.output) == (4 * scale + 1, 2 * scale + 2)
    assert kernel_overlap(3, 2 * scale, scale) == kernel_overlap(scale, 2 * scale) == "holes"
    assert kernel_overlap(2 * scale, scale) == "even"
    assert kernel_overlap(2 * scale + 1, scale) == "uneven"
