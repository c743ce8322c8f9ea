"""Ways between points of a latent space: their ends, their lengths, and the formula itself."""

import math
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from upsamp.core.latent import PATHS, interpolate_points
from upsamp.errors import ArgumentError, ShapeError

Array = NDArray[Any]

numbers = st.floats(-100, 100, allow_subnormal=False)
vectors = arrays(np.float64, 6, elements=numbers)
steps = st.integers(2, 9)


def oracle(a: Array, b: Array, share: float) -> Array:
    """Return one point of White's formula, angle by arc cosine."""
    angle = math.acos(float(a @ b) / math.sqrt(float(a @ a) * float(b @ b)))
    first, second = math.sin((1 - share) * angle), math.sin(share * angle)
    return (first * a + second * b) / math.sin(angle)


@given(vectors, vectors, steps, st.sampled_from(PATHS))
def test_both_ends_are_there_exactly(a: Array, b: Array, count: int, path: str) -> None:
    points = interpolate_points(a, b, count, path)
    assert points.shape == (count, 6)
    np.testing.assert_array_equal(points[[0, -1]], [a, b])
    assert np.isfinite(points).all()


@in_one_test("seed", range(20))
def test_the_spherical_way_is_white_s_formula(seed: int) -> None:
    a, b = np.random.default_rng(seed).standard_normal((2, 50))
    expected = [oracle(a, b, share) for share in np.linspace(0, 1, 7)]
    np.testing.assert_allclose(interpolate_points(a, b, 7), expected, rtol=0, atol=1e-13)


@in_one_test("seed", range(20))
def test_points_of_one_length_keep_it_on_the_spherical_way(seed: int) -> None:
    a, b = np.random.default_rng(seed).standard_normal((2, 12))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    points = interpolate_points(a, b, 9)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), np.linalg.norm(a), rtol=1e-12)
    turns = [math.acos(a @ p / np.linalg.norm(a) ** 2) for p in points[1:]]
    np.testing.assert_allclose(np.diff([0, *turns]), turns[0], rtol=1e-6)


@given(vectors, vectors, steps)
def test_the_way_back_is_the_way_there(a: Array, b: Array, count: int) -> None:
    for path in PATHS:
        there, back = interpolate_points(a, b, count, path), interpolate_points(b, a, count, path)
        scale = 1e-9 * (1 + np.abs(there).max())
        np.testing.assert_allclose(back[::-1], there, rtol=0, atol=scale)


@given(vectors, vectors, steps)
def test_the_linear_way_is_straight(a: Array, b: Array, count: int) -> None:
    expected = np.linspace(a, b, count)
    np.testing.assert_allclose(interpolate_points(a, b, count, "linear"), expected, atol=1e-12)


@in_one_test(
    ("a", "b"),
    [
        ([1.0, 2.0], [2.0, 4.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        ([1.0, 2.0], [-1.0, -2.0]),
        ([0.0, 0.0], [1.0, 2.0]),
        ([1.0, 2.0], [0.0, 0.0]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([1.0, 2.0], [np.inf, 2.0]),
    ],
)
def test_where_there_is_no_arc_the_way_is_straight(a: list[float], b: list[float]) -> None:
    np.testing.assert_array_equal(
        interpolate_points(a, b, 5), interpolate_points(a, b, 5, "linear")
    )


def test_huge_and_tiny_points_have_an_angle_too() -> None:
    for scale in (1e300, 1e-300):
        points = interpolate_points([scale, 0.0], [0.0, scale], 3) / scale
        np.testing.assert_allclose(points[1], [math.sqrt(0.5)] * 2, rtol=1e-12)


@in_one_test(
    ("given_dtype", "expected"),
    [("float16", "float32"), ("float32", "float32"), ("float64", "float64"), ("int8", "float64")],
)
def test_points_keep_their_shape_and_their_type(given_dtype: str, expected: str) -> None:
    a, b = np.ones((2, 3), given_dtype), np.zeros((2, 3), given_dtype)
    points = interpolate_points(a, b, 4)
    assert (points.shape, points.dtype.name) == ((4, 2, 3), expected)


@pytest.mark.parametrize(
    ("arguments", "error", "rule"),
    [
        (([1.0], [1.0, 2.0], 3), ShapeError, r"must have one shape\. Received: \(1,\) and \(2,\)"),
        (([1.0], [2.0], 1), ArgumentError, r"`steps` must be an integer of at least 2"),
        (([1.0], [2.0], 3, "round"), ArgumentError, r"`path` must be one of 'spherical', 'linear'"),
    ],
)
def test_what_is_no_way_is_refused(
    arguments: tuple[Any, ...], error: type[Exception], rule: str
) -> None:
    with pytest.raises(error, match=rule):
        interpolate_points(*arguments)
