"""Upsampling: values, which inputs an output reads, shapes and memory."""

from functools import cache
from itertools import product

import numpy as np
import oracle
import pytest
from effort import in_one_test, one_of_each, sample
from numpy.typing import NDArray

from upsamp import upsample

SMOOTH = [name for name in oracle.INTERPOLATIONS if name != "nearest"]


def image(seed: int, *shape: int) -> NDArray[np.float64]:
    """Return a random image of real numbers from -10 to 10."""
    return np.random.default_rng(seed).uniform(-10, 10, shape)


@cache
def dense_weights(length: int, factor: int, interpolation: str) -> NDArray[np.float64]:
    """Return the oracle's weights of one axis as a matrix, (outputs, inputs)."""
    matrix = np.zeros((length * factor, length))
    for output, weights in enumerate(oracle.axis_weights(length, factor, interpolation)):
        for position, weight in weights.items():
            matrix[output, position] = weight
    return matrix


# --- values


@pytest.mark.parametrize("rows", range(1, 9))
@in_one_test("interpolation", oracle.INTERPOLATIONS)
def test_every_small_image_is_upsampled_as_defined(interpolation: str, rows: int) -> None:
    for height, width, columns in sample(product(range(1, 5), range(1, 5), range(1, 9)), 13):
        x = image(height * 10 + width, height, width)
        np.testing.assert_allclose(
            upsample(x, (rows, columns), interpolation),
            oracle.upsample(x, (rows, columns), interpolation),
            rtol=0,
            atol=1e-12,
            err_msg=f"{height}x{width} by {rows}x{columns}",
        )


@in_one_test("size", [(2, 3), (7, 1), (1, 5)])
@in_one_test("interpolation", oracle.INTERPOLATIONS)
def test_images_wider_than_the_kernel_have_an_interior(
    interpolation: str, size: tuple[int, int]
) -> None:
    x = image(1, 13, 12)
    expected = oracle.upsample(x, size, interpolation)
    np.testing.assert_allclose(upsample(x, size, interpolation), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("interpolation", "kind"), one_of_each(SMOOTH, ("float32", "float64", "uint8"))
)
def test_large_images_are_upsampled_as_small_ones(interpolation: str, kind: str) -> None:
    # Large enough that no implementation would take it in one piece.
    x = np.random.default_rng(2).integers(0, 256, (40, 300, 3)).astype(kind)
    rows, columns = dense_weights(40, 3, interpolation), dense_weights(300, 8, interpolation)
    exact = np.stack([rows @ x[..., c].astype(float) @ columns.T for c in range(3)], axis=-1)
    actual = upsample(x, (3, 8), interpolation)
    if kind == "uint8":
        clear = ~oracle.near_tie(exact, 1e-9)
        np.testing.assert_array_equal(actual[clear], np.clip(np.rint(exact), 0, 255)[clear])
    else:
        atol = 255 * (2e-6 if kind == "float32" else 1e-14)
        np.testing.assert_allclose(actual, exact, rtol=0, atol=atol)


def test_bilinear_weights_of_a_whole_row_are_those_of_the_books() -> None:
    np.testing.assert_array_equal(
        upsample(np.array([[0.0, 4.0]]), (1, 4), "bilinear"),
        [[0.0, 0.0, 0.5, 1.5, 2.5, 3.5, 4.0, 4.0]],
    )


# --- NaN and infinities


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("interpolation", oracle.INTERPOLATIONS)
def test_one_pixel_that_is_not_finite_reaches_exactly_its_dependents(
    interpolation: str, value: float
) -> None:
    places = product([(1, 1), (2, 3), (3, 2), (5, 4)], range(4), range(5))
    for size, row, column in sample(places, 3):
        x = image(7, 4, 5)
        x[row, column] = value
        np.testing.assert_allclose(
            upsample(x, size, interpolation),
            oracle.upsample(x, size, interpolation),
            rtol=0,
            atol=1e-12,
            err_msg=f"({row}, {column}) by {size}",
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("interpolation", oracle.INTERPOLATIONS)
def test_a_mixture_of_nan_and_infinities_falls_where_the_sum_puts_it(
    interpolation: str, dtype: str
) -> None:
    generator = np.random.default_rng(8)
    for size in product((1, 2, 3, 4), (1, 2, 5)):
        special = generator.choice([0, 0, 0, 0, 0, 0, 0, np.inf, -np.inf, np.nan], (7, 9))
        x = (image(9, 7, 9) + special).astype(dtype)
        with np.errstate(invalid="ignore"):
            expected = oracle.upsample(x, size, interpolation)
        actual = upsample(x, size, interpolation)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-5, err_msg=str(size))


@pytest.mark.parametrize("interpolation", SMOOTH)
def test_nan_in_a_large_image_stays_where_it_is(interpolation: str) -> None:
    x = np.zeros((40, 300, 3), dtype=np.float32)
    x[17, 150, 1] = x[31, 0, 2] = x[39, 299, 0] = np.nan
    rows, columns = dense_weights(40, 3, interpolation), dense_weights(300, 8, interpolation)
    reached = np.stack(
        [(rows != 0).astype(float) @ np.isnan(x[..., c]) @ (columns != 0).T for c in range(3)], -1
    )
    np.testing.assert_array_equal(np.isnan(upsample(x, (3, 8), interpolation)), reached > 0)


@in_one_test("interpolation", SMOOTH)
def test_an_output_on_a_pixel_reads_that_pixel_alone(interpolation: str) -> None:
    x = np.array([[1.0, np.nan, 3.0, np.inf, 5.0, 6.0]])
    np.testing.assert_array_equal(upsample(x, (1, 3), interpolation)[:, 1::3], x)


# --- shapes, layout and memory


@in_one_test("interpolation", oracle.INTERPOLATIONS)
def test_ranks_2_3_and_4_agree_channel_by_channel(interpolation: str) -> None:
    x = image(10, 2, 3, 4, 17)
    batch = upsample(x, (2, 3), interpolation)
    assert batch.shape == (2, 6, 12, 17)
    for index, single in enumerate(x):
        np.testing.assert_allclose(
            upsample(single, (2, 3), interpolation), batch[index], rtol=0, atol=1e-12
        )
        for channel in range(17):
            plane = upsample(single[:, :, channel], (2, 3), interpolation)
            np.testing.assert_allclose(plane, batch[index, :, :, channel], rtol=0, atol=1e-12)


@in_one_test("rank", [3, 4])
@in_one_test("interpolation", oracle.INTERPOLATIONS)
def test_channels_first_is_channels_last_transposed(interpolation: str, rank: int) -> None:
    x = image(11, 2, 3, 4, 5)[4 - rank :].reshape((2, 3, 4, 5)[4 - rank :])
    first = upsample(x, (2, 3), interpolation, data_format="channels_first")
    last = upsample(np.moveaxis(x, -3, -1), (2, 3), interpolation, data_format="channels_last")
    np.testing.assert_allclose(first, np.moveaxis(last, -1, -3), rtol=0, atol=1e-12)


@in_one_test("interpolation", oracle.INTERPOLATIONS)
def test_the_order_of_the_input_in_memory_does_not_matter(interpolation: str) -> None:
    base = image(12, 8, 10, 3)
    for view in (base[::-1], base[1::2, ::3], np.asfortranarray(base), base.transpose(1, 0, 2)):
        expected = upsample(view.copy(order="C"), 3, interpolation)
        np.testing.assert_allclose(upsample(view, 3, interpolation), expected, rtol=0, atol=1e-12)


@in_one_test("size", [1, 2])
@in_one_test("dtype", ["uint8", "float16", "float32", "float64"])
@in_one_test("interpolation", oracle.INTERPOLATIONS)
def test_the_input_is_neither_changed_nor_shared(interpolation: str, dtype: str, size: int) -> None:
    x = np.random.default_rng(13).integers(0, 99, (3, 4, 3)).astype(dtype)
    before = x.copy()
    x.flags.writeable = False
    actual = upsample(x, size, interpolation)
    np.testing.assert_array_equal(x, before, strict=True)
    assert not np.shares_memory(actual, x)
    assert actual.flags.writeable


def test_nested_lists_and_one_integer_for_both_factors_will_do() -> None:
    np.testing.assert_array_equal(
        upsample([[1, 2], [3, 4]], 2), [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    )
    np.testing.assert_array_equal(
        upsample([[1, 2]], np.int64(2)), upsample([[1, 2]], [2, 2]), strict=True
    )
