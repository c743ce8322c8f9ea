"""Images, kernels and numbers that no kernel can be learnt from or compared by are refused."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from fit_images import random_image

from upsamp.core.kernels.fit import box_downsample, compare_methods, fit_kernel, psnr
from upsamp.errors import ArgumentError, DtypeError, MemoryLimitError, ShapeError


@pytest.mark.parametrize(
    ("large", "text"),
    [
        (
            (8, 9),
            r"`large` must be `small` times the strides: 8 x 10\. Received: `large` of shape ",
        ),
        (
            (7, 10),
            r"\(7, 10\), `small` of shape \(4, 5\), strides=\(2, 2\)\. Crop `large`, or make ",
        ),
        ((4, 5), r"or make `small` with `box_downsample`\.$"),
    ],
)
def test_a_large_image_of_another_size_is_refused(large: tuple[int, int], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        fit_kernel([(np.ones((4, 5)), np.ones(large))], 3, 2)
    with pytest.raises(ShapeError, match=text):
        compare_methods(np.ones((4, 5)), np.ones(large), np.ones((3, 3, 1, 1)), 2, "same", 1)


def test_the_size_that_another_padding_makes_is_named() -> None:
    with pytest.raises(
        ShapeError, match=r"`large` must be as padding='valid' makes `small`: 9 x 11\. Received"
    ):
        fit_kernel([(np.ones((4, 5)), np.ones((8, 10)))], 3, 2, padding="valid")
    with pytest.raises(ShapeError, match=r"as padding='valid' makes `small`: 9 x 11\."):
        compare_methods(np.ones((4, 5)), np.ones((8, 10)), np.ones((3, 3, 1, 1)), 2, "valid", 1)
    # The size of the kernel's result, which no interpolation has.
    with pytest.raises(ShapeError, match=r"must be `small` times the strides: 8 x 10\."):
        compare_methods(np.ones((4, 5)), np.ones((9, 11)), np.ones((3, 3, 1, 1)), 2, "valid", 1)


@pytest.mark.parametrize(("kernel_size", "strides"), [(1, 2), ((3, 1), (2, 2)), ((1, 3), (2, 1))])
def test_a_kernel_below_the_stride_is_refused(kernel_size: Any, strides: Any) -> None:
    rows, columns = (strides, strides) if isinstance(strides, int) else strides
    with pytest.raises(
        ArgumentError,
        match=r"`kernel_size` must not be below `strides`, as no tap would reach the outputs "
        r"between\. Received: kernel_size=\(\d, \d\), strides=\(\d, \d\)\. Use a larger kernel\.",
    ):
        fit_kernel([(np.ones((4, 4)), np.ones((4 * rows, 4 * columns)))], kernel_size, strides)


def test_different_channels_are_refused() -> None:
    text = r"`small` and `large` must have the same channels\. Received: 3 and 1\. Convert one"
    with pytest.raises(ShapeError, match=text):
        fit_kernel([(np.ones((4, 4, 3)), np.ones((8, 8)))], 3, 2)
    with pytest.raises(ShapeError, match=text):
        compare_methods(np.ones((4, 4, 3)), np.ones((8, 8)), np.ones((3, 3, 1, 1)), 2, "same", 1)


def test_pairs_of_different_channels_need_a_shared_kernel() -> None:
    pairs = [(np.ones((4, 4, c)), np.ones((8, 8, c))) for c in (3, 1)]
    with pytest.raises(
        ShapeError,
        match=r"same number of channels when each has a kernel of its own\. Received: 1 channels "
        r"after 3\. Use shared=True\.",
    ):
        fit_kernel(pairs, 3, 2, shared=False)


@pytest.mark.parametrize("shape", [(), (4,), (1, 4, 4, 3)])
def test_arrays_that_are_no_image_are_refused(shape: tuple[int, ...]) -> None:
    wrong, right = np.ones(shape), np.ones((8, 8))
    with pytest.raises(ShapeError, match=r"`small` must have rank 2 or 3\. Received: shape \("):
        fit_kernel([(wrong, right)], 3, 2)
    with pytest.raises(ShapeError, match=r"`large` must have rank 2 or 3\. Received: shape \("):
        fit_kernel([(right, wrong)], 3, 2)
    with pytest.raises(ShapeError, match=r"`large` must have rank 2 or 3\. Received: shape \("):
        box_downsample(wrong, 2)


def test_complex_numbers_and_empty_images_are_refused() -> None:
    with pytest.raises(DtypeError, match=r"`large` must hold real numbers"):
        fit_kernel([(np.ones((4, 4)), np.ones((8, 8), complex))], 3, 2)
    with pytest.raises(ShapeError, match=r"`small` must not be empty"):
        fit_kernel([(np.ones((0, 4)), np.ones((0, 8)))], 3, 2)


def test_no_pairs_are_refused() -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`pairs` must hold at least one pair \(small, large\)\. Received: none",
    ):
        fit_kernel([], 3, 2)


@in_one_test("value", [np.nan, np.inf, 1e200])
@in_one_test("which", [0, 1])
@in_one_test("ridge", [0, 1e-4])
def test_numbers_that_cannot_be_squared_are_refused(value: float, which: int, ridge: float) -> None:
    pair = random_image(0, 4, 4) + 1, random_image(1, 8, 8) + 1
    for image in pair if value == 1e200 else pair[which : which + 1]:
        image[2, 2] = value
    with pytest.raises(
        ArgumentError,
        match=r"`pairs` must hold finite numbers whose squares can be summed in float64\. "
        r"Received: NaN, infinity or larger numbers\. Replace or scale them\.",
    ):
        fit_kernel([pair], 3, 2, ridge=ridge)


@in_one_test("ridge", [-1e-9, np.nan, np.inf, "0.1", None, 1j])
def test_a_ridge_that_is_no_number_of_at_least_zero_is_refused(ridge: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"`ridge` must be a finite number of at least 0\. Received: ridge="
    ):
        fit_kernel([(np.ones((4, 4)), np.ones((8, 8)))], 3, 2, ridge=ridge)


@in_one_test("peak", [0, -255, np.nan, np.inf, "255", None])
def test_a_peak_that_is_not_above_zero_is_refused(peak: Any) -> None:
    text = r"`peak` must be a finite number above 0\. Received: peak="
    with pytest.raises(ArgumentError, match=text):
        psnr([1], [1], peak)
    with pytest.raises(ArgumentError, match=text):
        compare_methods(np.ones((4, 4)), np.ones((8, 8)), np.ones((3, 3, 1, 1)), 2, "same", peak)


def test_arrays_of_different_shapes_have_no_ratio() -> None:
    with pytest.raises(
        ShapeError,
        match=r"`actual` and `expected` must have the same shape\. "
        r"Received: shapes \(2,\) and \(1, 2\)\.",
    ):
        psnr([1, 2], [[1, 2]], 1)


def test_an_image_below_one_block_is_refused() -> None:
    with pytest.raises(
        ShapeError,
        match=r"`large` must hold at least one block of the strides\. Received: shape \(4, 2\) for "
        r"strides=\(2, 3\)\. Use a larger image\.",
    ):
        box_downsample(np.ones((4, 2)), (2, 3))


@pytest.mark.parametrize("name", ["kernel_size", "strides"])
def test_sizes_that_are_not_positive_integers_are_refused(name: str) -> None:
    settings: dict[str, Any] = {"kernel_size": 3, "strides": 2} | {name: 0}
    with pytest.raises(ArgumentError, match=rf"`{name}` must be one positive integer.*Received"):
        fit_kernel([(np.ones((4, 4)), np.ones((8, 8)))], **settings)


def test_an_unknown_padding_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`padding` must be one of 'valid', 'same'\."):
        fit_kernel([(np.ones((4, 4)), np.ones((8, 8)))], 3, 2, padding="full")


def test_a_kernel_whose_equations_no_memory_holds_is_refused() -> None:
    with pytest.raises(
        MemoryLimitError, match=r"The equations of a phase would be .* Use a smaller"
    ):
        fit_kernel([(np.ones((4, 4)), np.ones((4, 4)))], 10**4, 1)


def test_a_kernel_of_other_channels_is_not_compared() -> None:
    with pytest.raises(
        ShapeError, match=r"`kernel` must be \(rows, columns, filters / groups, C\)"
    ):
        compare_methods(np.ones((4, 4)), np.ones((8, 8)), np.ones((3, 3, 3, 3)), 2, "same", 1)
