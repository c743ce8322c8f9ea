"""Weights, copies and arrays written out in a program are those of the core."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from effort import in_one_test
from resize_definition import METHODS

from upsamp.core.upsampling.interpolation import plan_axis
from upsamp.core.upsampling.resample import resize
from upsamp.translate import Upsampling, array_source
from upsamp.translate.weights import floats_find_the_nearest, indices, weights

# --- weights and copies written out


def run(lines: list[str]) -> dict[str, Any]:
    """Run the lines of a program that need NumPy alone."""
    space: dict[str, Any] = {"np": np}
    exec("\n".join(lines), space)
    return space


@in_one_test("sizes", [((3, 4), (6, 8)), ((3, 4), (7, 11)), ((1, 2), (3, 5))])
@in_one_test(
    ("method", "convention", "aligned"), [each for each in METHODS if each[0] != "nearest"]
)
def test_weights_written_out_are_those_of_the_core(
    sizes: tuple[tuple[int, int], tuple[int, int]], method: str, convention: str, aligned: bool
) -> None:
    given, size = sizes
    settings = Upsampling.of(
        (1, *given, 1), size, method, convention=convention, align_corners=aligned
    )
    x = np.random.default_rng(0).standard_normal(given)
    space = run(weights(settings))
    np.testing.assert_allclose(
        space["rows"] @ x @ space["columns"].T,
        resize(x, size, method, convention=convention, align_corners=aligned),
        atol=2e-6,
    )
    plan = plan_axis(given[0], size[0], "bilinear")
    assert space["rows"].shape == (plan.length, given[0])


@pytest.mark.parametrize("convention", ["keras", "torch"])
def test_copies_written_out_are_those_of_the_core(convention: str) -> None:
    settings = Upsampling.of((1, 10, 14, 1), (25, 46), "nearest", convention=convention)
    x = np.arange(140).reshape(10, 14)
    space = run(indices(settings, "JAX"))
    np.testing.assert_array_equal(
        x[space["rows"]][:, space["columns"]], resize(x, (25, 46), "nearest", convention=convention)
    )
    assert not floats_find_the_nearest(settings)


# --- arrays written out


@in_one_test(
    "array",
    [
        np.array([0.1, 1 / 3, -1e-45, 3.4e38, 16777217.0], np.float32),
        np.array([[0.1, 1 / 3], [5e-324, 1.7e308]]),
        np.array([65504.0, 0.1, 6e-8], np.float16),
        np.array([[1, -2], [3, 2**62]]),
        np.array([[0, 255]], np.uint8),
        np.array([True, False]),
        np.array([np.nan, np.inf, -np.inf, -0.0]),
        np.linspace(-1, 1, 64).reshape(4, 16),
    ],
)
def test_a_small_array_is_written_exactly(array: npt.NDArray[Any]) -> None:
    shape = (1, array.size, 1, 1)
    space = run([f"array = {array_source(array, shape)}"])
    written = space["array"].astype(array.dtype)
    np.testing.assert_array_equal(written, array.reshape(shape))
    np.testing.assert_array_equal(np.signbit(written), np.signbit(array.reshape(shape)))


def test_a_large_array_is_read_from_a_file() -> None:
    assert array_source(np.ones((5, 13)), (1, 5, 13, 1), "in.npy") == (
        "np.load('in.npy').reshape(1, 5, 13, 1)"
    )
    assert array_source(np.ones((1, 5, 13, 1)), (1, 5, 13, 1)) == "np.load('x.npy')"
