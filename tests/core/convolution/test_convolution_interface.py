"""Convolution and transposed convolution: types, ranks, layouts, and every refusal by its text."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose
from upsamp.errors import ArgumentError, DtypeError, MemoryLimitError, ShapeError

Convolution = Callable[..., NDArray[Any]]

BOTH = in_one_test("convolve", [conv2d, conv2d_transpose])
INTEGERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def eighths(seed: int, *shape: int) -> NDArray[np.float64]:
    """Random multiples of 1/8, whose products and sums every floating type here holds exactly."""
    return np.random.default_rng(seed).integers(-8, 9, shape) / 8


# --- types


@in_one_test(
    ("x", "kernel", "bias", "expected"),
    [
        *[(dtype, dtype, dtype, "float64") for dtype in INTEGERS],
        *[(dtype, dtype, dtype, dtype) for dtype in ("float16", "float32", "longdouble")],
        ("uint8", "float32", None, "float32"),
        ("int64", "float32", None, "float64"),
        ("float32", "float64", None, "float64"),
        ("float32", "float32", "float64", "float64"),
        ("float16", "float32", None, "float32"),
        ("uint8", "uint8", "float16", "float16"),
    ],
)
@BOTH
def test_the_result_has_the_type_that_numpy_promotes_to(
    convolve: Convolution, x: str, kernel: str, bias: str | None, expected: str
) -> None:
    arguments = [np.ones((3, 3, 1), x), np.ones((2, 2, 1, 1), kernel)]
    if bias is not None:
        arguments.append(np.ones(1, bias))
    actual = convolve(*arguments)
    assert actual.dtype == np.dtype(expected)
    middle = actual[1, 1, 0]
    assert middle == 4 + (bias is not None)


@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble"])
@BOTH
def test_every_floating_type_gives_the_same_values(convolve: Convolution, dtype: str) -> None:
    x, kernel, bias = eighths(1, 2, 4, 5, 2), eighths(2, 3, 2, 2, 2), eighths(3, 2)
    expected = convolve(x, kernel, bias, strides=2)
    actual = convolve(x.astype(dtype), kernel.astype(dtype), bias.astype(dtype), strides=2)
    np.testing.assert_array_equal(actual, expected)


def test_float16_may_pass_its_largest_value_on_the_way() -> None:
    x = np.full((1, 3), 60000, dtype=np.float16)
    kernel = np.array([1, 1, -1], dtype=np.float16).reshape(1, 3, 1, 1)
    np.testing.assert_array_equal(conv2d(x, kernel), np.array([[60000]], np.float16), strict=True)
    middle = conv2d_transpose(x, kernel)[:, 2:3]
    np.testing.assert_array_equal(middle, np.array([[60000]], np.float16), strict=True)


@pytest.mark.parametrize("dtype", INTEGERS)
@BOTH
def test_integers_do_not_wrap_around(convolve: Convolution, dtype: str) -> None:
    largest = 1 if dtype == "bool" else min(int(np.iinfo(dtype).max), 2**31)
    x = np.full((3, 3), largest, dtype=dtype)
    actual = convolve(x, np.ones((2, 2, 1, 1), dtype=dtype))
    assert actual[1, 1] == 4 * float(largest)


# --- ranks, layouts, memory


@BOTH
def test_ranks_2_3_and_4_agree(convolve: Convolution) -> None:
    x, kernel = eighths(4, 3, 4, 5, 1), eighths(5, 3, 2, 1, 1)
    batch = convolve(x, kernel, strides=2, padding="same")
    for index, single in enumerate(x):
        np.testing.assert_array_equal(
            convolve(single, kernel, strides=2, padding="same"), batch[index], strict=True
        )
        np.testing.assert_array_equal(
            convolve(single[:, :, 0], kernel, strides=2, padding="same"),
            batch[index, :, :, 0],
            strict=True,
        )


@pytest.mark.parametrize("rank", [3, 4])
@BOTH
def test_channels_first_is_channels_last_transposed(convolve: Convolution, rank: int) -> None:
    x, kernel, bias = eighths(6, 2, 3, 4, 5), eighths(7, 3, 2, 3, 3), eighths(8, 3)
    x = x if rank == 4 else x[0]
    settings = {"strides": (1, 2), "padding": "same"}
    first = convolve(x, kernel, bias, data_format="channels_first", **settings)
    last = convolve(np.moveaxis(x, -3, -1), kernel, bias, data_format="channels_last", **settings)
    np.testing.assert_array_equal(first, np.moveaxis(last, -1, -3), strict=True)


@BOTH
def test_the_order_of_the_input_in_memory_does_not_matter(convolve: Convolution) -> None:
    base, kernel = eighths(9, 8, 10, 3), eighths(10, 3, 3, 3, 3)
    for view in (base[::-1], base[1::2, ::3], np.asfortranarray(base), base.transpose(1, 0, 2)):
        np.testing.assert_array_equal(
            convolve(view, np.asfortranarray(kernel), padding="same"),
            convolve(view.copy(order="C"), kernel, padding="same"),
        )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@BOTH
def test_the_inputs_are_neither_changed_nor_shared(convolve: Convolution, dtype: str) -> None:
    arrays = [eighths(11, 4, 4, 1), np.ones((1, 1, 1, 1)), np.zeros(1)]
    given = [array.astype(dtype) for array in arrays]
    for array in given:
        array.flags.writeable = False
    actual = convolve(*given)
    for array, before in zip(given, arrays, strict=True):
        np.testing.assert_array_equal(array, before.astype(dtype), strict=True)
    assert not np.shares_memory(actual, given[0])
    assert actual.flags.writeable


# --- errors


@pytest.mark.parametrize("name", ["strides", "dilation_rate"])
@in_one_test("value", [0, -2, (1, 0), (1, 1, 1), 1.0, "1", None, True])
@BOTH
def test_steps_that_are_not_one_or_two_positive_integers_are_refused(
    convolve: Convolution, value: Any, name: str
) -> None:
    with pytest.raises(ArgumentError, match=rf"`{name}` must be .*positive.*Received: {name}="):
        convolve(np.ones((3, 3)), np.ones((1, 1, 1, 1)), **{name: value})


@pytest.mark.parametrize("padding", ["full", ""])
@BOTH
def test_another_padding_is_answered_with_the_known_ones(
    convolve: Convolution, padding: Any
) -> None:
    with pytest.raises(
        ArgumentError, match=r"`padding` must be one of 'valid', 'same'\. Received: padding="
    ):
        convolve(np.ones((3, 3)), np.ones((1, 1, 1, 1)), padding=padding)


@pytest.mark.parametrize("padding", [-1, None, 1.5, (1, 2, 3), ((1, 2), (3, -4)), ((1, 2), 3)])
@BOTH
def test_a_padding_of_other_than_counts_is_refused(convolve: Convolution, padding: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`padding` must be .*Received: padding="):
        convolve(np.ones((3, 3)), np.ones((1, 1, 1, 1)), padding=padding)


@pytest.mark.parametrize("data_format", ["NHWC", None])
@BOTH
def test_another_data_format_is_answered_with_the_known_ones(
    convolve: Convolution, data_format: Any
) -> None:
    with pytest.raises(
        ArgumentError, match=r"`data_format` must be one of 'channels_last', 'channels_first'"
    ):
        convolve(np.ones((3, 3, 1)), np.ones((1, 1, 1, 1)), data_format=data_format)


@pytest.mark.parametrize(("output_padding", "strides"), [(1, 1), (2, 2), ((0, 3), (4, 3))])
def test_an_output_padding_as_large_as_the_stride_is_refused(
    output_padding: Any, strides: Any
) -> None:
    with pytest.raises(
        ArgumentError, match=r"`output_padding` must be smaller than `strides`.*Received: "
    ):
        conv2d_transpose(
            np.ones((2, 2)), np.ones((1, 1, 1, 1)), None, strides, "valid", output_padding
        )


@in_one_test("output_padding", [-1, (0, -1), 0.5, (0, 0, 0), (None, 0)])
def test_an_output_padding_that_is_no_count_is_refused(output_padding: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`output_padding` must be .*at least 0.*Received: "):
        conv2d_transpose(np.ones((2, 2)), np.ones((1, 1, 1, 1)), None, 2, "same", output_padding)


@pytest.mark.parametrize("groups", [0, -1, 1.0, "2"])
@BOTH
def test_groups_that_are_no_positive_integer_are_refused(
    convolve: Convolution, groups: Any
) -> None:
    with pytest.raises(ArgumentError, match=r"`groups` must be .*at least 1\. Received: groups="):
        convolve(np.ones((3, 3, 2)), np.ones((1, 1, 2, 2)), groups=groups)


@pytest.mark.parametrize(
    ("convolve", "shape"), [(conv2d, (1, 1, 2, 3)), (conv2d_transpose, (1, 1, 3, 3))]
)
def test_groups_must_divide_the_channels_and_the_filters(
    convolve: Convolution, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ShapeError, match=r"`groups` must divide .*Received: groups=2, 3 channels"):
        convolve(np.ones((3, 3, 3)), np.ones(shape), groups=2)
    with pytest.raises(ShapeError, match=r"`groups` must divide .*Received: groups=2, 4 channels"):
        conv2d(np.ones((3, 3, 4)), np.ones((1, 1, 2, 3)), groups=2)


@pytest.mark.parametrize("groups", [1, 2])
@BOTH
def test_a_kernel_for_other_channels_is_refused(convolve: Convolution, groups: int) -> None:
    with pytest.raises(
        ShapeError, match=r"`kernel` must be \(rows, columns, .*Received: .*\(3, 3, 6, 6\).*4 chan"
    ):
        convolve(np.ones((5, 5, 4)), np.ones((3, 3, 6, 6)), groups=groups)


@pytest.mark.parametrize("shape", [(3, 3), (3, 3, 1), (3, 3, 1, 1, 1)])
@BOTH
def test_a_kernel_of_another_rank_is_refused(convolve: Convolution, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"`kernel` must have rank 4\. Received: shape \(3, 3"):
        convolve(np.ones((5, 5)), np.ones(shape))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1)])
@BOTH
def test_a_bias_without_one_value_a_filter_is_refused(
    convolve: Convolution, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ShapeError, match=r"`bias` must .*Received: shape \("):
        convolve(np.ones((3, 3, 2)), np.ones((1, 1, 2, 2)), np.ones(shape))


@BOTH
def test_an_image_of_rank_2_has_no_place_for_several_filters(convolve: Convolution) -> None:
    kernel = np.ones((1, 1, 1, 2) if convolve is conv2d else (1, 1, 2, 1))
    with pytest.raises(ArgumentError, match=r"one channel.*would have 2.*Give `x` as \(H, W, C\)"):
        convolve(np.ones((3, 3)), kernel)


@pytest.mark.parametrize("shape", [(4,), (1,) * 5])
@BOTH
def test_another_rank_of_the_input_is_refused(
    convolve: Convolution, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ShapeError, match=r"`x` must have rank 2, 3 or 4\. Received: shape \("):
        convolve(np.ones(shape), np.ones((1, 1, 1, 1)))


@BOTH
def test_empty_arrays_are_refused(convolve: Convolution) -> None:
    with pytest.raises(ShapeError, match=r"`x` must not be empty\. Received: shape \(0, 3, 1\)"):
        convolve(np.ones((0, 3, 1)), np.ones((1, 1, 1, 1)))
    with pytest.raises(ShapeError, match=r"`kernel` must not be empty\. Received: shape \(0, 1"):
        convolve(np.ones((3, 3, 1)), np.ones((0, 1, 1, 1)))


@pytest.mark.parametrize("position", [0, 1, 2])
@BOTH
def test_complex_numbers_are_refused(convolve: Convolution, position: int) -> None:
    name = ("x", "kernel", "bias")[position]
    arrays: list[NDArray[Any]] = [np.ones((3, 3, 1)), np.ones((1, 1, 1, 1)), np.ones(1)]
    arrays[position] = arrays[position].astype(complex)
    with pytest.raises(
        DtypeError, match=rf"`{name}` must hold real numbers.*Received: dtype complex128"
    ):
        convolve(*arrays)


@pytest.mark.parametrize(("kernel", "dilation"), [((4, 1), 1), ((1, 4), 1), ((2, 2), 3)])
def test_a_kernel_larger_than_the_input_is_refused_with_valid_padding(
    kernel: tuple[int, int], dilation: int
) -> None:
    with pytest.raises(ShapeError, match=r"covers 4 does not fit .* length 3 .*padding='same'"):
        conv2d(np.ones((3, 3)), np.ones((*kernel, 1, 1)), dilation_rate=dilation)


def test_a_transposed_convolution_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"The output must not be empty.* = 0\. Use a smaller pad"):
        conv2d_transpose(np.ones((1, 1)), np.ones((2, 2, 1, 1)), None, 1, "same", 0)


def test_what_would_not_fit_in_memory_is_refused_before_it_is_tried() -> None:
    with pytest.raises(MemoryLimitError, match=r"The output would be .*Use a smaller size"):
        conv2d_transpose(np.ones((1000, 1000)), np.ones((1, 1, 1, 1)), strides=10**6)
