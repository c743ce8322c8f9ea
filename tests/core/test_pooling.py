"""Pooling against loops, and what is special about types and edges."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import oracle
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp.core.pooling import average_pool, max_pool
from upsamp.errors import ArgumentError, ShapeError

X = np.random.default_rng(3).normal(size=(5, 6, 2))
POOLS: list[tuple[Callable[..., NDArray[Any]], Callable[..., float]]] = [
    (max_pool, np.max),
    (average_pool, np.mean),
]


@in_one_test(("pool", "reduce"), POOLS)
@in_one_test("padding", ["valid", "same"])
def test_every_window_is_that_of_the_loops(
    pool: Callable[..., NDArray[Any]], reduce: Callable[..., float], padding: str
) -> None:
    for size, strides in product([(1, 1), (2, 3), (3, 2), (5, 5)], [(1, 1), (2, 1), (3, 4)]):
        expected = oracle.pool(X, size, strides, padding, reduce)
        actual = pool(X, size, strides, padding)
        np.testing.assert_allclose(actual, expected, rtol=1e-12, err_msg=f"{size} {strides}")


@pytest.mark.parametrize(("pool", "_reduce"), POOLS)
def test_ranks_and_layouts_come_back_as_they_came(
    pool: Callable[..., NDArray[Any]], _reduce: object
) -> None:
    batch = np.stack([X, -X])
    expected = pool(batch, 2)
    np.testing.assert_array_equal(pool(X, 2), expected[0])
    np.testing.assert_array_equal(pool(X[:, :, 0], 2), expected[0, :, :, 0])
    first = pool(np.moveaxis(batch, 3, 1), 2, data_format="channels_first")
    np.testing.assert_array_equal(np.moveaxis(first, 1, 3), expected)
    assert first.flags.c_contiguous


@in_one_test("dtype", ["uint8", "int16", "int64", "bool", "float16", "float32"])
def test_the_largest_value_keeps_its_type_and_a_mean_is_a_float(dtype: str) -> None:
    x = np.array([[0, 1], [1, 1]]).astype(dtype)
    largest, mean = max_pool(x, 2), average_pool(x, 2)
    assert largest.dtype == dtype
    assert mean.dtype == (dtype if dtype.startswith("float") else "float64")
    assert (largest.item(), mean.item()) == (1, 0.75)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_what_lies_outside_is_not_the_largest(dtype: str) -> None:
    x = np.full((3, 3), -100, dtype)
    np.testing.assert_array_equal(max_pool(x, 2, 2, "same"), np.full((2, 2), -100))
    np.testing.assert_array_equal(average_pool(x, 2, 2, "same"), np.full((2, 2), -100))


def test_a_nan_reaches_the_windows_that_hold_it_alone() -> None:
    x = np.zeros((4, 4))
    x[0, 0] = np.nan
    for pool in (max_pool, average_pool):
        np.testing.assert_array_equal(np.isnan(pool(x, 2)), [[True, False], [False, False]])


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`pool_size` must be one positive integer, or two"):
        max_pool(X, 0)
    with pytest.raises(ArgumentError, match=r"`pool_size` must be one positive integer, or two"):
        average_pool(X, 0)
    with pytest.raises(ArgumentError, match=r"`strides` must be one positive integer"):
        max_pool(X, 2, (1, 0))
    with pytest.raises(ArgumentError, match=r"`padding` must be one of 'valid', 'same'"):
        average_pool(X, 2, padding="full")
    with pytest.raises(ShapeError, match=r"covers 7 does not fit into an input of length 5"):
        max_pool(X, 7)
