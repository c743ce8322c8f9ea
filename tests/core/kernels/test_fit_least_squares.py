"""The kernel learnt from images is that of least squares, by brute force and by its properties."""

from typing import Any

import numpy as np
import oracle
from effort import in_one_test
from fit_images import Image, enlarge, random_image
from hypothesis import given
from hypothesis import strategies as st

from upsamp.core.kernels.fit import fit_kernel


def design_matrix(
    small: Image, kernel_size: tuple[int, int], strides: tuple[int, int], padding: str
) -> Image:
    """Write down the whole linear map from the taps to the output: a column a tap."""
    columns = []
    for tap in np.ndindex(*kernel_size):
        kernel = np.zeros((*kernel_size, 1, 1))
        kernel[tap] = 1
        columns.append(
            oracle.conv2d_transpose(small[..., np.newaxis], kernel, None, strides, padding).ravel()
        )
    return np.stack(columns, axis=1)


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    """Draw sizes of which none is too large for the loops of the oracle."""
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    kernel_size = tuple(stride + draw(st.integers(0, 3)) for stride in strides)
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    padding = draw(st.sampled_from(["same", "valid"]))
    return {
        "kernel_size": kernel_size,
        "strides": strides,
        "padding": padding,
        "shapes": [shape, *draw(st.lists(st.just((5, 4)), max_size=2))],
        "seed": draw(st.integers(0, 2**16)),
    }


def stacked(problem: dict[str, Any]) -> tuple[list[tuple[Image, Image]], Image, Image]:
    """Return the pairs of a problem, its whole design matrix and all its wanted outputs."""
    generator = np.random.default_rng(problem["seed"])
    pairs, designs, wanted = [], [], []
    for shape in problem["shapes"]:
        small = generator.random(shape)
        design = design_matrix(
            small, problem["kernel_size"], problem["strides"], problem["padding"]
        )
        unit = oracle.conv2d_transpose(
            small[..., np.newaxis],
            np.ones((*problem["kernel_size"], 1, 1)),
            None,
            problem["strides"],
            problem["padding"],
        )
        large = generator.random(unit.shape[:2])
        pairs.append((small, large))
        designs.append(design)
        wanted.append(large.ravel())
    return pairs, np.concatenate(designs), np.concatenate(wanted)


@given(problem=problems())
def test_without_a_ridge_no_change_of_a_tap_lessens_the_squared_error(
    problem: dict[str, Any],
) -> None:
    pairs, design, wanted = stacked(problem)
    settings = {name: problem[name] for name in ("kernel_size", "strides", "padding")}
    found = fit_kernel(pairs, ridge=0, **settings).ravel()
    gradient = design.T @ (design @ found - wanted)
    # Directions that rounding hides are left out: each adds up to sqrt(RANK_TOLERANCE) to this.
    bound = 1e-6 * float(np.linalg.norm(design) * np.linalg.norm(wanted))
    np.testing.assert_allclose(gradient, 0, rtol=0, atol=bound)


@in_one_test("padding", ["same", "valid"])
@in_one_test(("kernel_size", "strides"), [((4, 3), (2, 2)), ((3, 5), (1, 3))])
def test_without_a_ridge_the_kernel_is_that_of_brute_force(
    kernel_size: tuple[int, int], strides: tuple[int, int], padding: str
) -> None:
    problem = {
        "kernel_size": kernel_size,
        "strides": strides,
        "padding": padding,
        "shapes": [(6, 7), (5, 4)],
        "seed": 3,
    }
    pairs, design, wanted = stacked(problem)
    found = fit_kernel(pairs, kernel_size, strides, padding=padding, ridge=0)
    expected = np.linalg.lstsq(design, wanted, rcond=None)[0].reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_where_many_kernels_are_as_good_the_shortest_is_found() -> None:
    small = np.array([[2.0]])
    pairs = [(small, np.array([[6.0]]))]
    found = fit_kernel(pairs, 3, 1, ridge=0)
    expected = np.zeros((3, 3, 1, 1))
    expected[1, 1] = 3  # the middle tap alone reaches the one output
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    flat = [(np.full((9, 9), 2.0), np.full((18, 18), 6.0))]
    inner = [(flat[0][0], flat[0][1][4:-4, 4:-4])]
    found = fit_kernel(inner, 4, 2, padding=5, ridge=0)
    np.testing.assert_allclose(found, np.full((4, 4, 1, 1), 0.75), rtol=0, atol=1e-9)


def test_the_ridge_is_relative_to_the_mean_of_the_diagonal_of_a_phase() -> None:
    small, large = random_image(0, 6, 5), random_image(1, 12, 10)
    design = design_matrix(small, (4, 4), (2, 2), "same")
    expected = np.zeros(16)
    for row, column in np.ndindex(2, 2):
        taps = [4 * i + j for i in range(row, 4, 2) for j in range(column, 4, 2)]
        part = design[:, taps]
        normal = part.T @ part
        ridge = 0.25 * np.trace(normal) / 4
        expected[taps] = np.linalg.solve(normal + ridge * np.eye(4), part.T @ large.ravel())
    found = fit_kernel([(small, large)], 4, 2, ridge=0.25)
    np.testing.assert_allclose(found.ravel(), expected, rtol=0, atol=1e-12)


def test_the_ridge_makes_no_difference_to_the_brightness_of_pixels() -> None:
    pairs = [(random_image(0, 20, 20), random_image(1, 40, 40))]
    dim, bright = fit_kernel(pairs, 4, 2), fit_kernel([(255 * a, 255 * b) for a, b in pairs], 4, 2)
    np.testing.assert_allclose(dim, bright, rtol=0, atol=1e-12)


@in_one_test("value", [0, 1, 255])
@in_one_test("ridge", [0, 1e-4])
def test_a_flat_image_gives_a_finite_kernel_that_keeps_it_flat(value: int, ridge: float) -> None:
    small, large = np.full((12, 12), value), np.full((24, 24), value)
    kernel = fit_kernel([(small, large)], 6, 2, ridge=ridge)
    assert np.isfinite(kernel).all()
    assert np.abs(kernel).max() < 2
    actual = enlarge(small, kernel, 2)[6:-6, 6:-6]
    np.testing.assert_allclose(actual, large[6:-6, 6:-6], rtol=1e-3, atol=0)


@given(scale=st.floats(0.125, 8), seed=st.integers(0, 2**16))
def test_the_kernel_is_linear_in_the_large_image(scale: float, seed: int) -> None:
    small = random_image(seed, 6, 5)
    one, other = random_image(seed + 1, 12, 10), random_image(seed + 2, 12, 10)
    together = fit_kernel([(small, one + scale * other)], 3, 2)
    apart = fit_kernel([(small, one)], 3, 2) + scale * fit_kernel([(small, other)], 3, 2)
    np.testing.assert_allclose(together, apart, rtol=0, atol=1e-10)


def test_a_transposed_image_gives_the_transposed_kernel() -> None:
    small, large = random_image(0, 6, 9), random_image(1, 12, 27)
    kernel = fit_kernel([(small, large)], (3, 5), (2, 3))
    turned = fit_kernel([(small.T, large.T)], (5, 3), (3, 2))
    np.testing.assert_allclose(turned, kernel.transpose(1, 0, 2, 3), rtol=0, atol=1e-12)
