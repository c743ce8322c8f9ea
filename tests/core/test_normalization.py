"""Normalisation by moments, against loops and where float32 would lose digits."""

import numpy as np
import oracle
from effort import in_one_test

from upsamp.core.normalization import normalize_groups, normalize_moments

X = np.random.default_rng(5).normal(2, 3, (2, 4, 3, 6))


@in_one_test("groups", [1, 2, 3, 6])
def test_groups_are_those_of_the_loops(groups: int) -> None:
    scale, offset = np.arange(6) + 0.5, np.arange(6) - 2.0
    expected = oracle.group_normalization(X, groups, 0.01) * scale + offset
    actual = normalize_groups(X, groups, 3, 0.01, scale, offset)
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


def test_channels_may_stand_on_any_axis() -> None:
    first = normalize_groups(np.moveaxis(X, 3, 1), 3, 1, 0.01)
    np.testing.assert_allclose(np.moveaxis(first, 1, 3), normalize_groups(X, 3, 3, 0.01))


def test_the_result_has_mean_zero_and_variance_one() -> None:
    result = normalize_moments(X, (1, 2), 0.0)
    np.testing.assert_allclose(result.mean(axis=(1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(result.var(axis=(1, 2)), 1)


def test_a_large_mean_does_not_drown_a_small_variance_in_float32() -> None:
    noise = np.random.default_rng(1).normal(size=(1, 64, 64, 4)).astype(np.float32)
    x = noise + np.float32(3000)
    actual = normalize_groups(x, 2, 3, 1e-3)
    assert actual.dtype == np.float32
    expected = normalize_groups(x.astype(np.float64), 2, 3, 1e-3)
    np.testing.assert_allclose(actual, expected, atol=1e-3)


def test_the_squares_of_float16_may_be_larger_than_its_largest_value() -> None:
    x = (1000 * X).astype(np.float16)
    for actual, expected in (
        (normalize_moments(x, (1, 2), 1e-12), normalize_moments(x.astype(float), (1, 2), 1e-12)),
        (normalize_groups(x, 2, 3, 1e-3), normalize_groups(x.astype(float), 2, 3, 1e-3)),
    ):
        assert actual.dtype == np.float16
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-5)


def test_the_input_is_not_changed_and_a_constant_gives_the_offset() -> None:
    x = np.full((1, 2, 2, 2), 7.0)
    result = normalize_groups(x, 1, 3, 1e-3, None, np.array([1.0, 2.0]))
    np.testing.assert_array_equal(result[0, 0, 0], [1, 2])
    np.testing.assert_array_equal(x, 7)
