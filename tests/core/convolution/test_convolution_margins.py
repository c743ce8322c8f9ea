"""Convolutions with explicit margins, output shapes and PyTorch's kernels, against the oracle."""

from itertools import product
from typing import Any

import numpy as np
import oracle
import pytest
from effort import in_one_test
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose
from upsamp.errors import ArgumentError, ShapeError

Array = NDArray[Any]
Pair = tuple[int, int]
Margins = tuple[Pair, Pair]

# As it is written, and ((top, bottom), (left, right)).
PADDINGS: list[tuple[Any, Margins]] = [
    (0, ((0, 0), (0, 0))),
    (1, ((1, 1), (1, 1))),
    (np.int64(2), ((2, 2), (2, 2))),
    ((1, 2), ((1, 1), (2, 2))),
    ([0, 1], ((0, 0), (1, 1))),
    (((0, 1), (2, 0)), ((0, 1), (2, 0))),
    ([[1, 2], [0, 1]], ((1, 2), (0, 1))),
    (((3, 0), (0, 3)), ((3, 0), (0, 3))),
]
# Strides, dilation rate and groups.
STEPS: list[tuple[Pair, Pair, int]] = [
    ((1, 1), (1, 1), 1),
    ((2, 2), (1, 1), 1),
    ((2, 3), (2, 1), 2),
    ((1, 3), (3, 2), 4),
    ((4, 2), (2, 3), 2),
]

every_padding = in_one_test(("padding", "margins"), PADDINGS)
every_step = in_one_test(("strides", "dilation", "groups"), STEPS)


def whole(seed: int, *shape: int) -> NDArray[np.float64]:
    """Return random whole numbers, whose sums of products are exact."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(np.float64)


def transposed_by_hand(
    x: Array,
    kernel: Array,
    bias: Array,
    steps: tuple[Pair, Pair, int],
    before: Pair,
    shape: Pair,
) -> Array:
    """Scatter everything, then take `shape` from `before` on; past the end are zeros, and bias."""
    strides, dilation, groups = steps
    full = oracle.conv2d_transpose(x, kernel, None, strides, "valid", (0, 0), dilation, groups)
    missing = [
        max(0, begin + length - have)
        for begin, length, have in zip(before, shape, full.shape, strict=False)
    ]
    full = np.pad(full, ((0, missing[0]), (0, missing[1]), (0, 0)))
    top, left = before
    kept: Array = full[top : top + shape[0], left : left + shape[1]]
    return kept + bias


def full_shape(x: Array, kernel: Array, strides: Pair, dilation: Pair) -> Pair:
    """Return (n - 1) * s + ek of both axes."""
    rows, columns = (
        (x.shape[axis] - 1) * strides[axis] + (kernel.shape[axis] - 1) * dilation[axis] + 1
        for axis in (0, 1)
    )
    return rows, columns


# --- transposed


@every_step
@every_padding
def test_a_transposed_convolution_crops_what_its_padding_says(
    padding: Any, margins: Margins, strides: Pair, dilation: Pair, groups: int
) -> None:
    x, kernel, bias = whole(1, 4, 3, 4), whole(2, 3, 4, 2, 4), whole(3, 2 * groups)
    rows, columns = full_shape(x, kernel, strides, dilation)
    (top, bottom), (left, right) = margins
    shape = (rows - top - bottom, columns - left - right)
    steps = (strides, dilation, groups)
    expected = transposed_by_hand(x, kernel, bias, steps, (top, left), shape)
    actual = conv2d_transpose(x, kernel, bias, strides, padding, None, dilation, groups)
    assert actual.shape == expected.shape
    np.testing.assert_array_equal(actual, expected)


@every_step
@pytest.mark.parametrize("margins", [((0, 0), (0, 0)), ((1, 1), (1, 1)), ((2, 0), (0, 1))])
def test_output_padding_counts_from_0_beside_explicit_padding(
    margins: Margins, strides: Pair, dilation: Pair, groups: int
) -> None:
    x, kernel, bias = whole(1, 3, 2, 4), whole(2, 3, 2, 1, 4), whole(3, groups)
    rows, columns = full_shape(x, kernel, strides, dilation)
    (top, bottom), (left, right) = margins
    limits = (max(strides[axis], dilation[axis]) for axis in (0, 1))
    for extra in product(*(range(limit) for limit in limits)):
        shape = (rows - top - bottom + extra[0], columns - left - right + extra[1])
        steps = (strides, dilation, groups)
        expected = transposed_by_hand(x, kernel, bias, steps, (top, left), shape)
        actual = conv2d_transpose(x, kernel, bias, strides, margins, extra, dilation, groups)
        assert actual.shape == expected.shape
        np.testing.assert_array_equal(actual, expected, err_msg=f"output_padding={extra}")


@every_step
@pytest.mark.parametrize("padding", ["valid", "same", ((0, 0), (0, 0)), ((1, 0), (2, 5))])
def test_output_shape_is_the_shape_of_the_output(
    padding: Any, strides: Pair, dilation: Pair, groups: int
) -> None:
    x, kernel, bias = whole(1, 3, 2, 4), whole(2, 2, 3, 1, 4), whole(3, groups)
    full = full_shape(x, kernel, strides, dilation)
    for more in (-4, -1, 0, 1, 5):
        shape = (max(1, full[0] + more), max(1, full[1] - more))
        before = (0, 0)
        if padding == "same":
            before = (max(0, full[0] - shape[0]) // 2, max(0, full[1] - shape[1]) // 2)
        elif padding != "valid":
            before = (padding[0][0], padding[1][0])
        steps = (strides, dilation, groups)
        expected = transposed_by_hand(x, kernel, bias, steps, before, shape)
        actual = conv2d_transpose(
            x, kernel, bias, strides, padding, None, dilation, groups, output_shape=shape
        )
        assert actual.shape == (*shape, groups)
        np.testing.assert_array_equal(actual, expected, err_msg=f"output_shape={shape}")


@pytest.mark.parametrize("multiplier", [1, 3])
def test_a_depthwise_transposed_convolution_keeps_channels_apart(multiplier: int) -> None:
    x, kernel = whole(1, 3, 4, 5), whole(2, 4, 3, multiplier, 5)
    actual = conv2d_transpose(x, kernel, strides=2, padding=1, groups=5)
    for channel in range(5):
        alone = conv2d_transpose(
            x[..., [channel]], kernel[..., [channel]], strides=2, padding=((1, 1), (1, 1))
        )
        first = channel * multiplier
        np.testing.assert_array_equal(actual[..., first : first + multiplier], alone)


def test_the_layer_that_doubles_in_pytorch_doubles_here() -> None:
    # ConvTranspose2d(k=4, stride=2, padding=1) and (k=3, stride=2, padding=1, output_padding=1).
    x = whole(1, 7, 5)
    assert conv2d_transpose(x, whole(2, 4, 4, 1, 1), None, 2, 1).shape == (14, 10)
    assert conv2d_transpose(x, whole(2, 3, 3, 1, 1), None, 2, 1, 1).shape == (14, 10)


# --- convolution


@every_step
@every_padding
def test_a_convolution_pads_with_the_zeros_that_its_padding_says(
    padding: Any, margins: Margins, strides: Pair, dilation: Pair, groups: int
) -> None:
    x, kernel, bias = whole(1, 9, 10, 4), whole(2, 3, 4, 4 // groups, 8), whole(3, 8)
    padded = np.pad(x, (*margins, (0, 0)))
    expected = oracle.conv2d(padded, kernel, bias, strides, "valid", dilation, groups)
    actual = conv2d(x, kernel, bias, strides, padding, dilation, groups)
    assert actual.shape == expected.shape
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("multiplier", [1, 3])
def test_a_depthwise_convolution_keeps_channels_apart(multiplier: int) -> None:
    x, kernel = whole(1, 6, 5, 4), whole(2, 3, 2, 1, 4 * multiplier)
    actual = conv2d(x, kernel, padding=((0, 2), (1, 1)), groups=4)
    for channel in range(4):
        own = slice(channel * multiplier, (channel + 1) * multiplier)
        alone = conv2d(x[..., [channel]], kernel[..., own], padding=((0, 2), (1, 1)))
        np.testing.assert_array_equal(actual[..., own], alone)


def test_margins_may_reach_past_the_kernel() -> None:
    actual = conv2d([[2.0]], np.ones((1, 1, 1, 1)), [1.0], padding=((1, 0), (0, 2)))
    np.testing.assert_array_equal(actual, [[1, 1, 1], [3, 1, 1]])


# --- layouts


@every_step
@pytest.mark.parametrize("convolve", [conv2d, conv2d_transpose])
def test_pytorchs_kernel_is_kerass_with_its_axes_moved(
    convolve: Any, strides: Pair, dilation: Pair, groups: int
) -> None:
    shape = (3, 2, 4 // groups, 8) if convolve is conv2d else (3, 2, 2, 4)
    x, kernel = whole(1, 8, 7, 4), whole(2, *shape)
    settings = {"strides": strides, "padding": 1, "dilation_rate": dilation, "groups": groups}
    expected = convolve(x, kernel, **settings)
    # (filters, C / groups, rows, columns) or, transposed, (C, filters / groups, rows, columns).
    moved = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
    np.testing.assert_array_equal(convolve(x, moved, kernel_layout="torch", **settings), expected)


@every_step
@pytest.mark.parametrize("convolve", [conv2d, conv2d_transpose])
def test_margins_are_of_rows_and_columns_in_either_data_format(
    convolve: Any, strides: Pair, dilation: Pair, groups: int
) -> None:
    shape = (3, 2, 4 // groups, 8) if convolve is conv2d else (3, 2, 2, 4)
    batch, kernel = whole(1, 2, 8, 7, 4), whole(2, *shape)
    settings = {
        "strides": strides,
        "padding": ((0, 1), (2, 0)),
        "dilation_rate": dilation,
        "groups": groups,
    }
    last = convolve(batch, kernel, **settings)
    first = convolve(batch.transpose(0, 3, 1, 2), kernel, data_format="channels_first", **settings)
    np.testing.assert_array_equal(first, last.transpose(0, 3, 1, 2))
    for image, expected in zip(batch, last, strict=True):
        np.testing.assert_array_equal(convolve(image, kernel, **settings), expected)


# --- the adjoint


@st.composite
def adjoint_problems(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a convolution that has an output, with any of its settings."""
    margins, lengths, taps, strides, dilation = [], [], [], [], []
    padding = draw(st.sampled_from(["explicit", "explicit", "valid", "same"]))
    for _ in range(2):
        strides.append(draw(st.integers(1, 4)))
        dilation.append(draw(st.integers(1, 3)))
        taps.append(draw(st.integers(1, 4)))
        pair = (draw(st.integers(0, 4)), draw(st.integers(0, 4)))
        margins.append(pair)
        zeros = sum(pair) if padding == "explicit" else 0
        span = (taps[-1] - 1) * dilation[-1] + 1
        least = 1 if padding == "same" else max(1, span - zeros)
        lengths.append(draw(st.integers(least, least + 6)))
    groups = draw(st.integers(1, 3))
    inner, outer = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    return {
        "shape": (*lengths, inner * groups),
        "kernel": (*taps, inner, outer * groups),
        "seed": draw(st.integers(0, 2**16)),
        "settings": {
            "strides": tuple(strides),
            "padding": tuple(margins) if padding == "explicit" else padding,
            "dilation_rate": tuple(dilation),
            "groups": groups,
        },
    }


@given(problem=adjoint_problems())
def test_a_transposed_convolution_is_the_adjoint_of_the_convolution_with_its_settings(
    problem: dict[str, Any],
) -> None:
    generator = np.random.default_rng(problem["seed"])
    y = generator.integers(-9, 10, problem["shape"])
    kernel = generator.integers(-9, 10, problem["kernel"])
    convolved = conv2d(y, kernel, **problem["settings"])
    x = generator.integers(-9, 10, convolved.shape)
    back = conv2d_transpose(x, kernel, output_shape=y.shape[:2], **problem["settings"])
    assert back.shape == y.shape
    assert np.vdot(convolved, x) == np.vdot(y, back)


# --- refusals


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        (
            {"padding": 2},
            r"\(2 - 1\) \* 1 \+ 3 - 2 - 2 \+ 0 = 0\.",
        ),
        (
            {"padding": ((0, 0), (1, 7)), "strides": 2, "output_padding": 1},
            r"\(2 - 1\) \* 2 \+ 3 - 1 - 7 \+ 1 = -2\.",
        ),
        (
            {"padding": 9, "strides": 3, "dilation_rate": 4, "output_padding": 3},
            r"\(2 - 1\) \* 3 \+ 9 - 9 - 9 \+ 3 = -3\.",
        ),
    ],
)
def test_an_empty_result_is_refused_by_the_formula_with_the_numbers_in_it(
    settings: dict[str, Any], numbers: str
) -> None:
    with pytest.raises(
        ShapeError,
        match=r"The output must not be empty\. Received: \(n - 1\) \* s \+ ek - before - after "
        rf"\+ op = {numbers} Use a smaller padding, or a larger `output_padding`\.",
    ):
        conv2d_transpose(np.ones((2, 2)), np.ones((3, 3, 1, 1)), **settings)


def test_an_empty_result_of_same_has_its_own_formula() -> None:
    with pytest.raises(
        ShapeError,
        match=r"The output must not be empty\. Received: \(n - 1\) \* s \+ ek - 2 \* \(ek // 2\) "
        r"\+ op = \(1 - 1\) \* 1 \+ 4 - 2 \* \(4 // 2\) \+ 0 = 0\.",
    ):
        conv2d_transpose(np.ones((1, 3)), np.ones((4, 4, 1, 1)), padding="same", output_padding=0)


def test_an_output_shape_saves_what_the_formula_leaves_empty() -> None:
    actual = conv2d_transpose(
        np.ones((2, 2)), np.ones((3, 3, 1, 1)), padding=2, output_shape=(2, 3)
    )
    np.testing.assert_array_equal(actual, [[4, 2, 0], [2, 1, 0]])


def test_a_kernel_larger_than_the_padded_input_is_refused_by_its_numbers() -> None:
    with pytest.raises(
        ShapeError,
        match=r"A kernel that covers 5 does not fit into an input of length 4 with "
        r"padding=\(1, 1\)",
    ):
        conv2d(np.ones((2, 9)), np.ones((3, 3, 1, 1)), padding=1, dilation_rate=2)


@in_one_test("convolve", [conv2d, conv2d_transpose])
@in_one_test("padding", [-1, (1, -1), (1, 2, 3), ((1, 2), 3), ((1, 2), (3, -4)), 1.5, True, None])
def test_a_padding_that_is_none_is_refused(convolve: Any, padding: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`padding` must be 'valid', 'same', an integer of at least 0, \(rows, columns\), or "
        r"\(\(top, bottom\), \(left, right\)\)\. Received: padding=",
    ):
        convolve(np.ones((4, 4)), np.ones((3, 3, 1, 1)), padding=padding)


def test_an_output_padding_past_stride_and_dilation_is_refused() -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`output_padding` must be smaller than `strides` or `dilation_rate` on each axis.*"
        r"Received: output_padding=3, strides=\(2, 2\), dilation_rate=\(3, 3\)\.",
    ):
        conv2d_transpose(np.ones((2, 2)), np.ones((3, 3, 1, 1)), None, 2, 1, 3, 3)


def test_output_shape_and_output_padding_are_refused_together() -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`output_shape` must stand alone.*"
        r"Received: output_shape=\(4, 4\) and output_padding=1\.",
    ):
        conv2d_transpose(
            np.ones((2, 2)),
            np.ones((3, 3, 1, 1)),
            strides=2,
            output_padding=1,
            output_shape=(4, 4),
        )


@in_one_test("shape", [0, (3, 0), (1, 2, 3), 2.0, "4"])
def test_an_output_shape_that_is_none_is_refused(shape: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`output_shape` must be .*Received: output_shape="):
        conv2d_transpose(np.ones((2, 2)), np.ones((3, 3, 1, 1)), output_shape=shape)


@pytest.mark.parametrize("convolve", [conv2d, conv2d_transpose])
def test_an_unknown_kernel_layout_is_answered_with_the_known_ones(convolve: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`kernel_layout` must be one of 'keras', 'torch'\. Received: kernel_layout='OIHW'\.",
    ):
        convolve(np.ones((4, 4)), np.ones((1, 1, 3, 3)), kernel_layout="OIHW")
