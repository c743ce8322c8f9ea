"""The kernel learnt from images: known kernels, brute force, memory and refusals."""

import math
import tracemalloc
from itertools import product
from typing import Any

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from upsamp import conv2d_transpose, upsample
from upsamp.core import fit
from upsamp.core.fit import box_downsample, compare_methods, fit_kernel, psnr
from upsamp.core.kernels import make_kernel
from upsamp.errors import ArgumentError, DtypeError, MemoryLimitError, ShapeError

Image = NDArray[np.float64]
Padding = str | tuple[tuple[int, int], tuple[int, int]]

KERNELS_AND_STRIDES = [
    (kernel, stride) for kernel, stride in product(range(2, 6), range(1, 4)) if kernel >= stride
]
FITTING = pytest.mark.parametrize(("kernel", "stride"), KERNELS_AND_STRIDES)
METHODS = ("nearest", "bilinear", "bicubic", "lanczos3")


def random_image(seed: int, *shape: int) -> Image:
    """Draw an image of noise: every tap of a kernel shows in what becomes of it."""
    return np.random.default_rng(seed).random(shape)


def enlarge(small: NDArray[Any], kernel: Image, strides: Any, padding: Any = "same") -> Image:
    """Run the transposed convolution, channel by channel where the kernel has no channels."""
    channels = small.shape[2] if small.ndim == 3 else 1
    if kernel.shape[2:] == (1, 1) and channels > 1:
        kernel = kernel * np.eye(channels)
    return conv2d_transpose(small, kernel, strides=strides, padding=padding)


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


def squared_error(actual: Image, expected: Image) -> float:
    return float(((actual - expected) ** 2).sum())


# --- a kernel that made the data is found again


@FITTING
@pytest.mark.parametrize("padding", ["same", "valid", ((1, 0), (0, 1))])
def test_the_kernel_that_made_the_large_image_is_found(
    kernel: int, stride: int, padding: Padding
) -> None:
    known = random_image(kernel, kernel, kernel, 1, 1) - 0.3
    small = random_image(stride, 11, 14)
    pairs = [(small, enlarge(small, known, stride, padding))]
    found = fit_kernel(pairs, kernel, stride, padding=padding, ridge=0)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-9)


@FITTING
def test_kernels_of_channels_apart_are_found(kernel: int, stride: int) -> None:
    known = random_image(kernel, kernel, kernel, 1, 3) * np.eye(3)
    small = random_image(stride, 9, 12, 3)
    pairs = [(small, enlarge(small, known, stride))]
    found = fit_kernel(pairs, kernel, stride, shared=False, ridge=0)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found[:, :, ~np.eye(3, dtype=bool)], 0)


@pytest.mark.parametrize("kernel_size", [(2, 5), (5, 2), (3, 4), (7, 3), (2, 9)])
@pytest.mark.parametrize("strides", [(1, 2), (2, 1), (2, 3), (1, 1)])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_rows_and_columns_have_their_own_kernel_size_and_stride(
    kernel_size: tuple[int, int], strides: tuple[int, int], padding: str
) -> None:
    if kernel_size[1] < strides[1]:
        kernel_size = (kernel_size[0], strides[1])
    known = random_image(1, *kernel_size, 1, 1)
    small = random_image(2, 13, 17, 3)
    pairs = [(small, enlarge(small, known, strides, padding))]
    found = fit_kernel(pairs, kernel_size, strides, padding=padding, ridge=0)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-9)


def test_images_that_alone_are_too_small_determine_the_kernel_together() -> None:
    known = random_image(0, 5, 5, 1, 1)
    smalls = [random_image(seed, 2, 2 + seed % 2) for seed in range(1, 13)]
    pairs = [(small, enlarge(small, known, 2)) for small in smalls]
    found = fit_kernel(pairs, 5, 2, ridge=0)
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-9)
    assert np.abs(fit_kernel(pairs[:1], 5, 2, ridge=0) - known).max() > 0.01


def test_a_shared_kernel_takes_grey_and_coloured_pairs_together() -> None:
    known = random_image(0, 4, 4, 1, 1)
    smalls = [random_image(1, 6, 5), random_image(2, 5, 7, 3), random_image(3, 8, 4, 1)]
    pairs = [(small, enlarge(small, known, 2)) for small in smalls]
    np.testing.assert_allclose(fit_kernel(pairs, 4, 2, ridge=0), known, rtol=0, atol=1e-9)


def test_pairs_may_come_from_an_iterator_and_are_read_once() -> None:
    small = random_image(0, 8, 8)
    large = upsample(small, 2, "bicubic")
    stream = iter([(small, large), (small[:5], large[:10])])
    from_iterator = fit_kernel(stream, 4, 2)
    from_list = fit_kernel([(small, large), (small[:5], large[:10])], 4, 2)
    np.testing.assert_array_equal(from_iterator, from_list)
    assert list(stream) == []


def test_an_image_of_rank_two_is_an_image_of_one_channel() -> None:
    small, large = random_image(0, 6, 7), random_image(1, 12, 14)
    plain = fit_kernel([(small, large)], 3, 2)
    mixed = fit_kernel([(small[..., np.newaxis], large)], 3, 2, shared=False)
    np.testing.assert_array_equal(plain, mixed, strict=True)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "float16", "float32"])
def test_every_real_dtype_gives_what_its_values_give_in_float64(dtype: str) -> None:
    small = (random_image(0, 7, 6, 3) * 250).astype(dtype)
    large = (random_image(1, 14, 12, 3) * 250).astype(dtype)
    found = fit_kernel([(small, large)], 4, 2)
    expected = fit_kernel([(small.astype(np.float64), large.astype(np.float64))], 4, 2)
    np.testing.assert_array_equal(found, expected, strict=True)
    assert found.dtype == np.float64


# --- least squares


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
    """Give the pairs of a problem, its whole design matrix and all its wanted outputs."""
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


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel_size", "strides"), [((4, 3), (2, 2)), ((3, 5), (1, 3))])
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


@pytest.mark.parametrize("value", [0, 1, 255])
@pytest.mark.parametrize("ridge", [0, 1e-4])
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


# --- against the kernels and methods that it competes with


@pytest.mark.parametrize(("name", "kernel"), [("bilinear", 4), ("bicubic", 8), ("gaussian", 6)])
@given(seed=st.integers(0, 2**16))
def test_no_preset_as_large_is_nearer_on_the_pair_that_was_fitted(
    name: str, kernel: int, seed: int
) -> None:
    small, large = random_image(seed, 10, 9, 3), random_image(seed + 1, 20, 18, 3)
    preset = make_kernel(name, (kernel, kernel, 1, 1), (2, 2))
    for shared in (True, False):
        fitted = fit_kernel([(small, large)], kernel, 2, shared=shared, ridge=0)
        error = squared_error(enlarge(small, fitted, 2), large)
        assert error <= squared_error(enlarge(small, preset, 2), large) + 1e-9


@pytest.mark.parametrize(("method", "kernel"), [("bilinear", 4), ("bicubic", 8)])
def test_no_interpolation_as_wide_is_nearer_where_the_image_ends_in_black(
    method: str, kernel: int
) -> None:
    # Black edges, since the convolution sees zeros outside and the interpolation the edge again.
    small = np.pad(random_image(0, 20, 30), 6)
    large = np.pad(random_image(1, 40, 60), 12)
    fitted = enlarge(small, fit_kernel([(small, large)], kernel, 2, ridge=0), 2)
    assert squared_error(fitted, large) < squared_error(upsample(small, 2, method), large)


def test_a_kernel_for_each_channel_is_no_worse_than_a_shared_one() -> None:
    small, large = random_image(0, 10, 9, 3), random_image(1, 20, 18, 3)
    shared, apart = (
        squared_error(
            enlarge(small, fit_kernel([(small, large)], 4, 2, shared=one, ridge=0), 2), large
        )
        for one in (True, False)
    )
    assert apart < shared


def test_edges_are_left_out_by_a_crop_and_as_much_padding() -> None:
    small = random_image(0, 16, 14) + 1
    large = upsample(small, 2, "bilinear")
    bilinear = make_kernel("bilinear", (4, 4, 1, 1), (2, 2))
    found = fit_kernel([(small, large[2:-2, 2:-2])], 4, 2, padding=1 + 2, ridge=0)
    np.testing.assert_allclose(found, bilinear, rtol=0, atol=1e-9)
    with_edges = fit_kernel([(small, large)], 4, 2, ridge=0)
    assert np.abs(with_edges - bilinear).max() > 1e-3


# --- strips and memory


@pytest.mark.parametrize("elements", [1, 50, 333, 10**9])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_strips_of_any_size_give_the_same_kernel(
    elements: int, padding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = random_image(0, 13, 11, 2)
    large = enlarge(small, random_image(1, 5, 4, 1, 1), (2, 3), padding)
    large += random_image(2, *large.shape)
    expected = fit_kernel([(small, large)], (5, 4), (2, 3), padding=padding)
    monkeypatch.setattr(fit, "STRIP_ELEMENTS", elements)
    actual = fit_kernel([(small, large)], (5, 4), (2, 3), padding=padding)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("shape", "kernel"), [((600, 500, 3), 6), ((2, 60_000, 3), 12)])
def test_a_large_image_needs_few_megabytes_beyond_itself(
    shape: tuple[int, ...], kernel: int
) -> None:
    small = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    fit_kernel([(small[:9, :9], large[:18, :18])], kernel, 2)
    tracemalloc.start()
    try:
        fit_kernel([(small, large)], kernel, 2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # One phase's design matrix alone would have 9 taps or more for each of so many pixels.
    assert peak < 4 * 10**6 < 8 * 9 * math.prod(shape[:2])


def test_no_input_is_changed() -> None:
    small, large = random_image(0, 6, 7, 3), random_image(1, 12, 14, 3)
    kernel = fit_kernel([(small, large)], 4, 2)
    arrays = (small, large, kernel)
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    for shared in (True, False):
        fit_kernel([(small, large)], 4, 2, shared=shared)
    compare_methods(small, large, kernel, 2, "same", 1.0)
    psnr(small, small * 0.5, 1.0)
    box_downsample(large, 2)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy, strict=True)


# --- psnr


@pytest.mark.parametrize(
    ("actual", "expected", "peak", "decibels"),
    [
        ([[0]], [[255]], 255, 0.0),
        ([[0, 0]], [[1, 1]], 1, 0.0),
        ([[0, 0]], [[0.1, -0.1]], 1, 20.0),
        ([[0, 0]], [[0, 255]], 255, 10 * math.log10(2)),
        ([[100]], [[101]], 255, 48.130803608679),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]], 9, math.inf),
    ],
)
def test_psnr_of_known_differences(
    actual: Any, expected: Any, peak: float, decibels: float
) -> None:
    np.testing.assert_allclose(psnr(actual, expected, peak), decibels, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint64", "int8", "float16", "float64"])
def test_differences_never_wrap_around(dtype: str) -> None:
    one, other = np.array([0, 1], dtype), np.array([1, 0], dtype)
    assert psnr(one, other, 1) == 0.0


@given(seed=st.integers(0, 2**16), shape=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_psnr_is_symmetric_and_falls_by_twenty_decibels_for_a_tenfold_difference(
    seed: int, shape: list[int]
) -> None:
    one, difference = random_image(seed, *shape), random_image(seed + 1, *shape)
    near = psnr(one, one + difference, 1)
    np.testing.assert_allclose(psnr(one + difference, one, 1), near, rtol=0, atol=1e-9)
    np.testing.assert_allclose(psnr(one, one + 10 * difference, 1), near - 20, rtol=0, atol=1e-9)


def test_a_nan_makes_the_ratio_a_nan() -> None:
    assert math.isnan(psnr([1.0, math.nan], [1.0, 2.0], 1))


# --- compare_methods


@pytest.mark.parametrize("shape", [(9, 8), (9, 8, 3)])
@pytest.mark.parametrize("shared", [True, False])
def test_each_method_is_measured_on_the_same_clipped_values(
    shape: tuple[int, ...], shared: bool
) -> None:
    small = (random_image(0, *shape) * 255).astype(np.uint8)
    large = (random_image(1, shape[0] * 2, shape[1] * 3, *shape[2:]) * 255).astype(np.uint8)
    kernel = 2 * fit_kernel([(small, large)], 5, (2, 3), shared=shared)
    ratios = compare_methods(small, large, kernel, (2, 3), "same", 255)
    assert list(ratios) == ["fitted", *METHODS]
    results = {"fitted": enlarge(small, kernel, (2, 3))}
    for method in METHODS:
        results[method] = upsample(small.astype(np.float64), (2, 3), method)
    for name, result in results.items():
        assert ratios[name] == pytest.approx(psnr(result.clip(0, 255), large, 255))
        assert type(ratios[name]) is float


def test_a_kernel_that_equals_nearest_has_its_ratio() -> None:
    small, large = random_image(0, 6, 5, 3), random_image(1, 12, 10, 3)
    ratios = compare_methods(
        small, large, make_kernel("nearest", (2, 2, 1, 1), (2, 2)), 2, "same", 1
    )
    assert ratios["fitted"] == ratios["nearest"]


def test_a_kernel_with_pytorchs_padding_is_compared_where_the_size_is_the_same() -> None:
    small, large = random_image(0, 6, 5), random_image(1, 12, 10)
    kernel = fit_kernel([(small, large)], 4, 2, padding=1)
    np.testing.assert_array_equal(kernel, fit_kernel([(small, large)], 4, 2, padding="same"))
    same = compare_methods(small, large, kernel, 2, "same", 1)
    assert compare_methods(small, large, kernel, 2, 1, 1) == same


def test_a_kernel_fitted_to_a_smooth_image_is_nearer_than_every_interpolation() -> None:
    rows, columns = np.mgrid[:48, :60]
    waves = np.sin(rows / 2.1) * np.cos(columns / 1.7) + np.cos((rows - columns) / 2.9)
    large = np.hanning(48)[:, np.newaxis] * np.hanning(60) * waves + 0.0
    large = 40 * large.clip(0, None)
    small = box_downsample(large, 2)
    kernel = fit_kernel([(small, large)], 8, 2)
    ratios = compare_methods(small, large, kernel, 2, "same", 80)
    assert ratios.pop("fitted") > max(ratios.values())


# --- box_downsample


def test_every_pixel_is_the_mean_of_its_block() -> None:
    large = random_image(0, 7, 11, 3)
    actual = box_downsample(large, (2, 3))
    expected = np.array(
        [
            [large[2 * i : 2 * i + 2, 3 * j : 3 * j + 3].mean(axis=(0, 1)) for j in range(3)]
            for i in range(3)
        ]
    )
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "uint64", "float16", "longdouble"])
def test_means_are_taken_in_float64(dtype: str) -> None:
    large = np.array([[0, 1, 1, 1], [0, 1, 1, 1]], dtype)
    np.testing.assert_array_equal(box_downsample(large, 2), np.array([[0.5, 1.0]]), strict=True)
    bright = np.full((2, 2), 255, np.uint8)
    np.testing.assert_array_equal(box_downsample(bright, 2), [[255.0]])


@given(shape=st.tuples(st.integers(1, 6), st.integers(1, 6)), stride=st.integers(1, 4))
def test_what_was_repeated_is_restored(shape: tuple[int, int], stride: int) -> None:
    small = np.random.default_rng(0).integers(0, 256, shape)
    np.testing.assert_array_equal(box_downsample(upsample(small, stride), stride), small)


# --- refusals


@pytest.mark.parametrize(
    ("large", "text"),
    [
        (
            (8, 9),
            r"`large` must be `small` times the strides: 8 x 10\. Received: `large` of shape ",
        ),
        (
            (7, 10),
            r"\(7, 10\), `small` of shape \(4, 5\), strides=\(2, 2\)\. Crop `large`, or make ",
        ),
        ((4, 5), r"or make `small` with `box_downsample`\.$"),
    ],
)
def test_a_large_image_of_another_size_is_refused(large: tuple[int, int], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        fit_kernel([(np.ones((4, 5)), np.ones(large))], 3, 2)
    with pytest.raises(ShapeError, match=text):
        compare_methods(np.ones((4, 5)), np.ones(large), np.ones((3, 3, 1, 1)), 2, "same", 1)


def test_the_size_that_another_padding_makes_is_named() -> None:
    with pytest.raises(
        ShapeError, match=r"`large` must be as padding='valid' makes `small`: 9 x 11\. Received"
    ):
        fit_kernel([(np.ones((4, 5)), np.ones((8, 10)))], 3, 2, padding="valid")
    with pytest.raises(ShapeError, match=r"as padding='valid' makes `small`: 9 x 11\."):
        compare_methods(np.ones((4, 5)), np.ones((8, 10)), np.ones((3, 3, 1, 1)), 2, "valid", 1)
    # The size of the kernel's result, which no interpolation has.
    with pytest.raises(ShapeError, match=r"must be `small` times the strides: 8 x 10\."):
        compare_methods(np.ones((4, 5)), np.ones((9, 11)), np.ones((3, 3, 1, 1)), 2, "valid", 1)


@pytest.mark.parametrize(("kernel_size", "strides"), [(1, 2), ((3, 1), (2, 2)), ((1, 3), (2, 1))])
def test_a_kernel_below_the_stride_is_refused(kernel_size: Any, strides: Any) -> None:
    rows, columns = (strides, strides) if isinstance(strides, int) else strides
    with pytest.raises(
        ArgumentError,
        match=r"`kernel_size` must not be below `strides`, as no tap would reach the outputs "
        r"between\. Received: kernel_size=\(\d, \d\), strides=\(\d, \d\)\. Use a larger kernel\.",
    ):
        fit_kernel([(np.ones((4, 4)), np.ones((4 * rows, 4 * columns)))], kernel_size, strides)


def test_different_channels_are_refused() -> None:
    text = r"`small` and `large` must have the same channels\. Received: 3 and 1\. Convert one"
    with pytest.raises(ShapeError, match=text):
        fit_kernel([(np.ones((4, 4, 3)), np.ones((8, 8)))], 3, 2)
    with pytest.raises(ShapeError, match=text):
        compare_methods(np.ones((4, 4, 3)), np.ones((8, 8)), np.ones((3, 3, 1, 1)), 2, "same", 1)


def test_pairs_of_different_channels_need_a_shared_kernel() -> None:
    pairs = [(np.ones((4, 4, c)), np.ones((8, 8, c))) for c in (3, 1)]
    with pytest.raises(
        ShapeError,
        match=r"same number of channels when each has a kernel of its own\. Received: 1 channels "
        r"after 3\. Use shared=True\.",
    ):
        fit_kernel(pairs, 3, 2, shared=False)


@pytest.mark.parametrize("shape", [(), (4,), (1, 4, 4, 3)])
def test_arrays_that_are_no_image_are_refused(shape: tuple[int, ...]) -> None:
    wrong, right = np.ones(shape), np.ones((8, 8))
    with pytest.raises(ShapeError, match=r"`small` must have rank 2 or 3\. Received: shape \("):
        fit_kernel([(wrong, right)], 3, 2)
    with pytest.raises(ShapeError, match=r"`large` must have rank 2 or 3\. Received: shape \("):
        fit_kernel([(right, wrong)], 3, 2)
    with pytest.raises(ShapeError, match=r"`large` must have rank 2 or 3\. Received: shape \("):
        box_downsample(wrong, 2)


def test_complex_numbers_and_empty_images_are_refused() -> None:
    with pytest.raises(DtypeError, match=r"`large` must hold real numbers"):
        fit_kernel([(np.ones((4, 4)), np.ones((8, 8), complex))], 3, 2)
    with pytest.raises(ShapeError, match=r"`small` must not be empty"):
        fit_kernel([(np.ones((0, 4)), np.ones((0, 8)))], 3, 2)


def test_no_pairs_are_refused() -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`pairs` must hold at least one pair \(small, large\)\. Received: none",
    ):
        fit_kernel([], 3, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("ridge", [0, 1e-4])
def test_numbers_that_cannot_be_squared_are_refused(value: float, which: int, ridge: float) -> None:
    pair = random_image(0, 4, 4) + 1, random_image(1, 8, 8) + 1
    for image in pair if value == 1e200 else pair[which : which + 1]:
        image[2, 2] = value
    with pytest.raises(
        ArgumentError,
        match=r"`pairs` must hold finite numbers whose squares can be summed in float64\. "
        r"Received: NaN, infinity or larger numbers\. Replace or scale them\.",
    ):
        fit_kernel([pair], 3, 2, ridge=ridge)


@pytest.mark.parametrize("ridge", [-1e-9, np.nan, np.inf, "0.1", None, 1j])
def test_a_ridge_that_is_no_number_of_at_least_zero_is_refused(ridge: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"`ridge` must be a finite number of at least 0\. Received: ridge="
    ):
        fit_kernel([(np.ones((4, 4)), np.ones((8, 8)))], 3, 2, ridge=ridge)


@pytest.mark.parametrize("peak", [0, -255, np.nan, np.inf, "255", None])
def test_a_peak_that_is_not_above_zero_is_refused(peak: Any) -> None:
    text = r"`peak` must be a finite number above 0\. Received: peak="
    with pytest.raises(ArgumentError, match=text):
        psnr([1], [1], peak)
    with pytest.raises(ArgumentError, match=text):
        compare_methods(np.ones((4, 4)), np.ones((8, 8)), np.ones((3, 3, 1, 1)), 2, "same", peak)


def test_arrays_of_different_shapes_have_no_ratio() -> None:
    with pytest.raises(
        ShapeError,
        match=r"`actual` and `expected` must have the same shape\. "
        r"Received: shapes \(2,\) and \(1, 2\)\.",
    ):
        psnr([1, 2], [[1, 2]], 1)


def test_an_image_below_one_block_is_refused() -> None:
    with pytest.raises(
        ShapeError,
        match=r"`large` must hold at least one block of the strides\. Received: shape \(4, 2\) for "
        r"strides=\(2, 3\)\. Use a larger image\.",
    ):
        box_downsample(np.ones((4, 2)), (2, 3))


@pytest.mark.parametrize("name", ["kernel_size", "strides"])
def test_sizes_that_are_not_positive_integers_are_refused(name: str) -> None:
    settings: dict[str, Any] = {"kernel_size": 3, "strides": 2} | {name: 0}
    with pytest.raises(ArgumentError, match=rf"`{name}` must be one positive integer.*Received"):
        fit_kernel([(np.ones((4, 4)), np.ones((8, 8)))], **settings)


def test_an_unknown_padding_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`padding` must be one of 'valid', 'same'\."):
        fit_kernel([(np.ones((4, 4)), np.ones((8, 8)))], 3, 2, padding="full")


def test_a_kernel_whose_equations_no_memory_holds_is_refused() -> None:
    with pytest.raises(
        MemoryLimitError, match=r"The equations of a phase would be .* Use a smaller"
    ):
        fit_kernel([(np.ones((4, 4)), np.ones((4, 4)))], 10**4, 1)


def test_a_kernel_of_other_channels_is_not_compared() -> None:
    with pytest.raises(
        ShapeError, match=r"`kernel` must be \(rows, columns, filters / groups, C\)"
    ):
        compare_methods(np.ones((4, 4)), np.ones((8, 8)), np.ones((3, 3, 3, 3)), 2, "same", 1)


def test_a_margin_leaves_the_edges_out_of_the_comparison() -> None:
    small, kernel = np.arange(20.0).reshape(4, 5), make_kernel("nearest", (2, 2, 1, 1), (2, 2))
    large = upsample(small, 2)
    large[0] += 5
    assert compare_methods(small, large, kernel, 2, "same", 30)["fitted"] < np.inf
    assert compare_methods(small, large, kernel, 2, "same", 30, margin=(1, 0))["fitted"] == np.inf
    with pytest.raises(ShapeError, match=r"`margin` must leave something.*margin=\(4, 4\) for"):
        compare_methods(small, large, kernel, 2, "same", 30, margin=4)
