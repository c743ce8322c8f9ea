"""Embedding: indices of any type and rank, exactly."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test

from upsamp import Sequential
from upsamp.errors import ShapeError
from upsamp.layers import Embedding, Input


def table(rows: int = 5, columns: int = 2) -> Embedding:
    """Return an Embedding whose row i is (2 i, 2 i + 1)."""
    layer = Embedding(rows, columns, name="here")
    layer.build((None,))
    layer.set_weights([np.arange(rows * columns).reshape(rows, columns)])
    return layer


@in_one_test("dtype", ["int8", "uint8", "int64", "uint64", "float32", "float64"])
@in_one_test("shape", [(6,), (3, 2), (1, 2, 3)])
def test_rows_are_those_of_the_indices(dtype: str, shape: tuple[int, ...]) -> None:
    x = np.array([4, 0, 1, 1, 3, 2]).reshape(shape).astype(dtype)
    expected = np.stack([2 * x, 2 * x + 1], axis=-1)
    result = table()(x)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(table().compute([x])[0], expected)


def test_booleans_are_indices_too_and_floats_are_cut() -> None:
    np.testing.assert_array_equal(table()([[True, False]]), [[[2, 3], [0, 1]]])
    np.testing.assert_array_equal(table()([[1.9, -0.2]]), [[[2, 3], [0, 1]]])


def test_an_index_is_not_rounded_by_the_type_of_the_layer() -> None:
    layer = Embedding(2**24 + 2, 1)
    layer.build((None,))
    layer.set_weights([np.arange(2**24 + 2, dtype=np.float32)[:, np.newaxis]])
    x = np.array([2**24 + 1])
    values = layer.get_weights()[0]
    np.testing.assert_array_equal(layer.compute([x])[0], values[x])
    half = Embedding(3000, 1, dtype="float16")
    half.build((None,))
    half.set_weights([(np.arange(3000) % 7)[:, np.newaxis]])
    np.testing.assert_array_equal(half([2049]), [[2049 % 7]])


@in_one_test(
    ("x", "wrong"),
    [([5], "5"), ([-1, 9], "-1"), ([[0.0, np.nan]], "nan"), ([5.5], "5.5"), ([np.inf], "inf")],
)
def test_an_index_beyond_the_table_is_refused(x: Any, wrong: str) -> None:
    with pytest.raises(
        ShapeError,
        match=r"Layer 'here' \(Embedding\) must look up integers from 0 to 4, as its input_dim is "
        rf"5\. Received: {wrong}\.",
    ):
        table()(x)


def test_it_stands_in_a_chain() -> None:
    model = Sequential([Input((3,), dtype="int32"), table()])
    np.testing.assert_array_equal(model.predict(np.array([[0, 1, 4]])), [[[0, 1], [2, 3], [8, 9]]])
