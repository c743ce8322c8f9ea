"""Resizing keeps NaN in its place, every dtype, and every layout of an image."""

import numpy as np
import oracle
import pytest
from effort import in_one_test
from resize_definition import Array, Method, Size, defined, every_method, image, matrix, run

from upsamp import resize
from upsamp.core.arguments import CONVENTIONS
from upsamp.core.dtypes import round_to


@every_method
def test_a_nan_reaches_those_outputs_alone_that_depend_on_it(method: Method) -> None:
    height, width, target = 6, 4, (9, 10)
    rows, columns = (matrix(*axis, method) != 0 for axis in ((height, 9), (width, 10)))
    for row, column in np.ndindex(height, width):
        x = image(8, height, width)
        x[row, column] = np.nan
        reached = np.isnan(run(x, target, method))
        np.testing.assert_array_equal(reached, np.outer(rows[:, row], columns[:, column]))


@in_one_test("dtype", ["uint8", "int8", "uint16", "int32", "int64", "uint64"])
def test_what_is_not_a_number_becomes_zero_among_integers(dtype: str) -> None:
    limits = np.iinfo(dtype)
    values = np.array([np.nan, 2.5, -np.inf, np.inf] * 5)
    expected = np.array([0, 2, limits.min, limits.max] * 5, dtype)
    np.testing.assert_array_equal(round_to(values, dtype), expected, strict=True)


@every_method
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "uint64"])
def test_integers_give_integers_rounded_and_saturated(dtype: str, method: Method) -> None:
    x = np.random.default_rng(9).integers(0, 2 if dtype == "bool" else 256, (5, 6))
    x[0, :2] = x.min(), x.max()
    for target in ((7, 8), (10, 12), (67, 71)):
        given = x.astype(dtype)
        actual = run(given, target, method)
        assert actual.dtype == given.dtype
        exact = defined(given, target, method)
        clear = ~oracle.near_tie(exact, 1e-9)
        assert clear.mean() > 0.5
        np.testing.assert_array_equal(actual[clear], oracle.round_to(dtype, exact)[clear])


@every_method
@pytest.mark.parametrize(("dtype", "precision"), [("float16", 1e-3), ("float32", 1e-6)])
def test_floats_give_floats_of_their_own_type(dtype: str, precision: float, method: Method) -> None:
    x = image(10, 5, 6).astype(dtype)
    for target in ((7, 8), (67, 71)):
        actual = run(x, target, method)
        assert actual.dtype == x.dtype
        expected = defined(x, target, method)
        np.testing.assert_allclose(actual, expected, rtol=precision, atol=20 * precision)


@every_method
def test_every_rank_and_data_format_gives_the_same(method: Method) -> None:
    batch = image(11, 2, 4, 5, 3)
    name, convention, align_corners = method
    expected = np.empty((2, 6, 9, 3))
    for index, channel in np.ndindex(2, 3):
        expected[index, :, :, channel] = run(batch[index, :, :, channel], (6, 9), method)

    def check(x: Array, data_format: str, wanted: Array) -> None:
        actual = resize(
            x, (6, 9), name, data_format, convention=convention, align_corners=align_corners
        )
        assert actual.shape == wanted.shape
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=1e-12)

    check(batch, "channels_last", expected)
    check(batch[0], "channels_last", expected[0])
    check(batch.transpose(0, 3, 1, 2), "channels_first", expected.transpose(0, 3, 1, 2))
    check(batch[0].transpose(2, 0, 1), "channels_first", expected[0].transpose(2, 0, 1))
    many = np.tile(batch, 8)
    check(many, "channels_last", np.tile(expected, 8))


@in_one_test("convention", CONVENTIONS)
@in_one_test("target", [(3, 4), (5, 7), (6, 8), (131, 137)])
def test_nearest_copies_integers_past_the_floats(target: Size, convention: str) -> None:
    x = (2**53 + 1 + np.arange(12) * 2).reshape(3, 4)
    x[0, 0], x[2, 3] = -(2**63), 2**63 - 1
    rows, columns = (
        matrix(*axis, ("nearest", convention, False)).argmax(axis=1)
        for axis in zip(x.shape, target, strict=True)
    )
    actual = resize(x, target, "nearest", convention=convention)
    assert actual.dtype == np.int64
    np.testing.assert_array_equal(actual, x[np.ix_(rows, columns)])


def test_hidden_colours_do_not_bleed_at_a_fractional_size() -> None:
    x = np.array([[[100.0, 1.0], [np.nan, 0.0]]])
    actual = resize(x, (1, 3), alpha=True)
    expected = np.array([[[100, 1], [100, 0.5], [0, 0]]])
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)
