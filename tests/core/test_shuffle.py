"""Sub-pixel rearrangement: its definition, its inverse, and what it makes of a convolution."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose, depth_to_space, space_to_depth
from upsamp.core.shuffle import SHUFFLE_ORDERS
from upsamp.errors import ArgumentError, DtypeError, ShapeError

Array = NDArray[Any]

every_order = in_one_test("order", SHUFFLE_ORDERS)
every_format = in_one_test("data_format", ["channels_last", "channels_first"])
both_ways = in_one_test("shuffle", [depth_to_space, space_to_depth])


def numbered(*shape: int) -> NDArray[np.int64]:
    """Return an array in which no two values are equal."""
    return np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape)


def by_loops(x: Array, block: int, order: str) -> Array:
    """Lay out the channels of (N, H, W, C), one element at a time."""
    images, height, width, channels = x.shape
    depth = channels // block**2
    out = np.empty((images, height * block, width * block, depth), x.dtype)
    for image, row, column, i, j, c in np.ndindex(images, height, width, block, block, depth):
        place = i * block + j
        channel = place * depth + c if order == "dcr" else c * block**2 + place
        out[image, row * block + i, column * block + j, c] = x[image, row, column, channel]
    return out


def to_format(x: Array, data_format: str) -> Array:
    """Return (N, H, W, C) in a data format."""
    return x if data_format == "channels_last" else x.transpose(0, 3, 1, 2)


# --- values


@every_format
@every_order
@pytest.mark.parametrize("block", [1, 2, 3])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_both_ways_are_as_defined_and_undo_each_other(
    depth: int, block: int, order: str, data_format: str
) -> None:
    deep = numbered(2, 3, 4, depth * block**2)
    wide = to_format(by_loops(deep, block, order), data_format)
    deep = to_format(deep, data_format)
    np.testing.assert_array_equal(depth_to_space(deep, block, order, data_format), wide)
    np.testing.assert_array_equal(space_to_depth(wide, block, order, data_format), deep)
    for image, expected in zip(deep, wide, strict=True):
        np.testing.assert_array_equal(depth_to_space(image, block, order, data_format), expected)
        np.testing.assert_array_equal(space_to_depth(expected, block, order, data_format), image)


@every_order
def test_each_undoes_the_other_whichever_comes_first(order: str) -> None:
    deep = numbered(2, 3, 4, 18)
    np.testing.assert_array_equal(space_to_depth(depth_to_space(deep, 3, order), 3, order), deep)
    wide = numbered(2, 6, 9, 2)
    np.testing.assert_array_equal(depth_to_space(space_to_depth(wide, 3, order), 3, order), wide)


@pytest.mark.parametrize("block", [2, 3])
def test_crd_is_pytorchs_pixel_shuffle(block: int) -> None:
    # torch.nn.PixelShuffle: (*, C * r**2, H, W) to (*, C, H * r, W * r).
    x = numbered(2, 5 * block**2, 3, 4)
    split = x.reshape(2, 5, block, block, 3, 4).transpose(0, 1, 4, 2, 5, 3)
    expected = split.reshape(2, 5, 3 * block, 4 * block)
    np.testing.assert_array_equal(depth_to_space(x, block, "crd", "channels_first"), expected)


@pytest.mark.parametrize("block", [2, 3])
def test_dcr_is_the_depth_to_space_of_tensorflow_and_onnx(block: int) -> None:
    x = numbered(2, 3, 4, 5 * block**2)
    split = x.reshape(2, 3, 4, block, block, 5).transpose(0, 1, 3, 2, 4, 5)
    expected = split.reshape(2, 3 * block, 4 * block, 5)
    np.testing.assert_array_equal(depth_to_space(x, block), expected)
    # The program that ONNX' operators document for the mode DCR, channels first.
    first = x.transpose(0, 3, 1, 2)
    split = first.reshape(2, block, block, 5, 3, 4).transpose(0, 3, 4, 1, 5, 2)
    expected = split.reshape(2, 5, 3 * block, 4 * block)
    np.testing.assert_array_equal(depth_to_space(first, block, "DCR", "channels_first"), expected)


def test_the_two_orders_are_the_same_for_one_new_channel_and_differ_for_two() -> None:
    one, two = numbered(3, 3, 4), numbered(3, 3, 8)
    np.testing.assert_array_equal(depth_to_space(one, 2, "dcr"), depth_to_space(one, 2, "crd"))
    assert (depth_to_space(two, 2, "dcr") != depth_to_space(two, 2, "crd")).any()


@both_ways
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float64"])
def test_no_value_and_no_dtype_is_changed(shuffle: Any, dtype: str) -> None:
    x = np.arange(2 * 2 * 4).reshape(2, 2, 4).astype(dtype)
    actual = shuffle(x)
    assert actual.dtype == x.dtype
    np.testing.assert_array_equal(np.sort(actual.ravel()), np.sort(x.ravel()))


def test_integers_past_the_floats_are_copied_exactly() -> None:
    x = np.array([[[2**53 + 1, -(2**63), 2**63 - 1, 2**62 + 1]]])
    np.testing.assert_array_equal(depth_to_space(x)[:, :, 0], x.reshape(2, 2))


@both_ways
@every_format
@every_order
def test_the_result_is_an_array_of_its_own(shuffle: Any, order: str, data_format: str) -> None:
    for block, shape in product((1, 2), [(4, 4, 4), (2, 4, 4, 4)]):
        x = numbered(*shape)
        assert not np.shares_memory(shuffle(x, block, order, data_format), x), (block, shape)


@every_format
@every_order
def test_the_block_of_a_single_pixel_is_an_array_of_its_own(order: str, data_format: str) -> None:
    x = to_format(numbered(1, 1, 1, 8), data_format)
    assert not np.shares_memory(depth_to_space(x, 2, order, data_format), x)


# --- a transposed convolution is a convolution and a periodic shuffle (Shi et al., 2016)


@st.composite
def sub_pixel_problems(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a transposed convolution whose kernel and crop are whole numbers of strides."""
    blocks = [draw(st.integers(1, 3)) for _ in range(2)]
    before = [draw(st.integers(0, count - 1)) for count in blocks]
    after = [
        draw(st.integers(0, count - 1 - begin)) for count, begin in zip(blocks, before, strict=True)
    ]
    return {
        "stride": draw(st.integers(1, 4)),
        "blocks": blocks,
        "crops": list(zip(before, after, strict=True)),
        "shape": tuple(draw(st.integers(1, limit)) for limit in (5, 5, 3)),
        "filters": draw(st.integers(1, 3)),
        "order": draw(st.sampled_from(SHUFFLE_ORDERS)),
        "seed": draw(st.integers(0, 2**16)),
    }


def convolution_kernel(kernel: Array, stride: int, order: str) -> Array:
    """Return the convolution's kernel: each phase of the transposed one's, flipped, a channel."""
    rows, columns = (length // stride for length in kernel.shape[:2])
    filters, channels = kernel.shape[2:]
    phases = kernel.reshape(rows, stride, columns, stride, filters, channels)[::-1, :, ::-1]
    axes = (0, 2, 5, 1, 3, 4) if order == "dcr" else (0, 2, 5, 4, 1, 3)
    return phases.transpose(*axes).reshape(rows, columns, channels, filters * stride**2)


@given(problem=sub_pixel_problems())
def test_a_transposed_convolution_is_a_convolution_and_a_shuffle(problem: dict[str, Any]) -> None:
    generator = np.random.default_rng(problem["seed"])
    stride, order = problem["stride"], problem["order"]
    x = generator.integers(-9, 10, problem["shape"])
    taps = [count * stride for count in problem["blocks"]]
    kernel = generator.integers(-9, 10, (*taps, problem["filters"], x.shape[2]))
    crop = tuple((begin * stride, end * stride) for begin, end in problem["crops"])
    pad = tuple(
        (count - 1 - begin, count - 1 - end)
        for count, (begin, end) in zip(problem["blocks"], problem["crops"], strict=True)
    )
    convolved = conv2d(x, convolution_kernel(kernel, stride, order), padding=pad)
    np.testing.assert_array_equal(
        depth_to_space(convolved, stride, order),
        conv2d_transpose(x, kernel, strides=stride, padding=crop),
    )


# --- refusals


@pytest.mark.parametrize(("block", "square"), [(2, 4), (3, 9)])
@every_format
def test_channels_that_fill_no_whole_blocks_are_refused(
    data_format: str, block: int, square: int
) -> None:
    with pytest.raises(
        ShapeError,
        match=rf"The channels must be a multiple of block_size squared, {square}\. "
        r"Received: 6 channels\.",
    ):
        depth_to_space(np.ones((6, 6, 6)), block, data_format=data_format)


@pytest.mark.parametrize("shape", [(4, 3, 1), (3, 4, 1), (2, 3, 4, 1)])
def test_an_image_that_is_no_whole_number_of_blocks_is_refused(shape: tuple[int, ...]) -> None:
    height, width = shape[-3:-1]
    with pytest.raises(
        ShapeError,
        match=rf"The rows and columns must be multiples of block_size, 2\. "
        rf"Received: {height} x {width}\.",
    ):
        space_to_depth(np.ones(shape), 2)


@both_ways
def test_an_unknown_order_is_answered_with_the_known_ones(shuffle: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"`order` must be one of 'dcr', 'crd'\. Received: order='rcd'\."
    ):
        shuffle(np.ones((2, 2, 4)), 2, "rcd")


@both_ways
@pytest.mark.parametrize("block", [0, -1, 2.0, True, "2", None, (2, 2)])
def test_a_block_that_is_no_positive_integer_is_refused(shuffle: Any, block: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`block_size` must be an integer of at least 1\. Received: block_size=",
    ):
        shuffle(np.ones((2, 2, 4)), block)


@both_ways
def test_an_unknown_data_format_is_answered_with_the_known_ones_here_too(shuffle: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"`data_format` .*'channels_last', 'channels_first'.*Received:.*'NCHW'"
    ):
        shuffle(np.ones((2, 2, 4)), data_format="NCHW")


@both_ways
@pytest.mark.parametrize("shape", [(4,), (4, 4), (1, 1, 4, 4, 4)])
def test_an_array_without_channels_is_refused(shuffle: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"`x` must have rank 3 or 4\. Received: shape \("):
        shuffle(np.ones(shape))


@both_ways
def test_what_holds_no_real_numbers_is_refused(shuffle: Any) -> None:
    with pytest.raises(DtypeError, match=r"`x` must hold real numbers.*Received: dtype complex128"):
        shuffle(np.ones((2, 2, 4), complex))
