"""Properties that hold for every image: linearity, symmetries and adjoints, by hypothesis."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose, upsample

Image = NDArray[np.float64]

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
EVERY_INTERPOLATION = pytest.mark.parametrize("interpolation", INTERPOLATIONS)

WHOLE = st.integers(-100, 100).map(float)
LENGTHS = st.integers(1, 7)
FACTORS = st.integers(1, 8)
SIZES = st.tuples(FACTORS, FACTORS)
IMAGES = arrays(np.float64, st.tuples(LENGTHS, LENGTHS), elements=WHOLE)


@st.composite
def image_pairs(draw: st.DrawFn) -> tuple[Image, Image]:
    """Draw two images of one shape."""
    shape = draw(st.tuples(LENGTHS, LENGTHS))
    return draw(arrays(np.float64, shape, elements=WHOLE)), draw(
        arrays(np.float64, shape, elements=WHOLE)
    )


@EVERY_INTERPOLATION
@given(pair=image_pairs(), size=SIZES, factor=WHOLE)
def test_upsampling_is_linear(
    interpolation: str, pair: tuple[Image, Image], size: tuple[int, int], factor: float
) -> None:
    one, other = pair
    np.testing.assert_allclose(
        upsample(one + factor * other, size, interpolation),
        upsample(one, size, interpolation) + factor * upsample(other, size, interpolation),
        rtol=0,
        atol=1e-9,
    )


@EVERY_INTERPOLATION
@given(shape=st.tuples(LENGTHS, LENGTHS), size=SIZES, value=WHOLE)
def test_a_constant_image_stays_constant(
    interpolation: str, shape: tuple[int, int], size: tuple[int, int], value: float
) -> None:
    actual = upsample(np.full(shape, value), size, interpolation)
    expected = np.full((shape[0] * size[0], shape[1] * size[1]), value)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


@EVERY_INTERPOLATION
@given(x=IMAGES, size=SIZES)
def test_flipping_before_is_flipping_after(
    interpolation: str, x: Image, size: tuple[int, int]
) -> None:
    plain = upsample(x, size, interpolation)
    for axis in (0, 1):
        flipped = upsample(np.flip(x, axis), size, interpolation)
        np.testing.assert_allclose(flipped, np.flip(plain, axis), rtol=0, atol=1e-11)


@EVERY_INTERPOLATION
@given(x=IMAGES, size=SIZES)
def test_transposing_the_image_swaps_the_size(
    interpolation: str, x: Image, size: tuple[int, int]
) -> None:
    np.testing.assert_allclose(
        upsample(x.T, size[::-1], interpolation),
        upsample(x, size, interpolation).T,
        rtol=0,
        atol=1e-11,
    )


@EVERY_INTERPOLATION
@given(x=IMAGES, size=SIZES)
def test_one_axis_after_the_other_is_both_at_once(
    interpolation: str, x: Image, size: tuple[int, int]
) -> None:
    rows_first = upsample(upsample(x, (size[0], 1), interpolation), (1, size[1]), interpolation)
    np.testing.assert_allclose(upsample(x, size, interpolation), rows_first, rtol=0, atol=1e-11)


@EVERY_INTERPOLATION
@given(x=IMAGES)
def test_a_size_of_one_changes_nothing(interpolation: str, x: Image) -> None:
    np.testing.assert_array_equal(upsample(x, (1, 1), interpolation), x, strict=True)


@given(x=IMAGES, size=SIZES)
def test_nearest_repeats(x: Image, size: tuple[int, int]) -> None:
    expected = np.repeat(np.repeat(x, size[0], axis=0), size[1], axis=1)
    np.testing.assert_array_equal(upsample(x, size), expected, strict=True)


@given(x=IMAGES, size=SIZES)
def test_nearest_and_bilinear_never_leave_the_range_of_the_image(
    x: Image, size: tuple[int, int]
) -> None:
    for interpolation in ("nearest", "bilinear"):
        actual = upsample(x, size, interpolation)
        np.testing.assert_allclose(actual, actual.clip(x.min(), x.max()), rtol=0, atol=1e-12)


@st.composite
def adjoint_problems(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a convolution and the settings of the transposed one that undoes its change of size.

    The transposed one is told the size by output_padding, or, where the input is what "same" or
    "valid" stand for without it, not at all.
    """
    padding = draw(st.sampled_from(["valid", "same"]))
    told = draw(st.booleans())
    strides, dilation, kernel, shape, extra = [], [], [], [], []
    for _ in range(2):
        stride, step, taps = (draw(st.integers(1, limit)) for limit in (4, 2, 4))
        span = (taps - 1) * step + 1
        outputs = draw(st.integers(1, 3))
        if told and padding == "same" and span % 2 == 0 and stride == 1:
            # Nothing below this stride makes up for the even kernel: take an odd one.
            taps = span = 1
        full = (outputs - 1) * stride + span
        more = 0
        if told and padding == "same":
            more = draw(st.integers(1 - span % 2, stride - 1))
            length = full - 2 * (span // 2) + more
        elif told:
            more = draw(st.integers(0, stride - 1))
            length = full + more
        else:
            length = outputs * stride if padding == "same" else full + max(stride - span, 0)
        strides.append(stride)
        dilation.append(step)
        kernel.append(taps)
        shape.append(length)
        extra.append(more)
    groups = draw(st.integers(1, 2))
    return {
        "groups": groups,
        "shape": (*shape, 2 * groups),
        "kernel": (*kernel, 2, 3 * groups),
        "seed": draw(st.integers(0, 2**16)),
        "output_padding": tuple(extra) if told else None,
        "settings": {"strides": strides, "padding": padding, "dilation_rate": dilation},
    }


@given(problem=adjoint_problems())
def test_the_transposed_convolution_is_the_adjoint_of_the_convolution(
    problem: dict[str, Any],
) -> None:
    generator = np.random.default_rng(problem["seed"])
    settings = problem["settings"] | {"groups": problem["groups"]}
    x = generator.integers(-9, 10, problem["shape"])
    kernel = generator.integers(-9, 10, problem["kernel"])
    convolved = conv2d(x, kernel, **settings)
    y = generator.integers(-9, 10, convolved.shape)
    back = conv2d_transpose(y, kernel, output_padding=problem["output_padding"], **settings)
    assert back.shape == x.shape
    # <conv2d(x), y> = <x, conv2d_transpose(y)>, exactly, as the numbers are whole.
    np.testing.assert_equal(np.vdot(convolved, y), np.vdot(x, back))


@given(pair=image_pairs(), factor=WHOLE, stride=st.integers(1, 3), seed=st.integers(0, 2**16))
def test_convolutions_are_linear_in_the_image_and_in_the_kernel(
    pair: tuple[Image, Image], factor: float, stride: int, seed: int
) -> None:
    one, other = pair
    generator = np.random.default_rng(seed)
    kernel, change = generator.integers(-9, 10, (2, 3, 2, 1, 1)).astype(np.float64)
    for convolve in (conv2d, conv2d_transpose):

        def run(x: Image, weights: Image, using: Any = convolve) -> Any:
            return using(x, weights, strides=stride, padding="same")

        in_image = run(one, kernel) + factor * run(other, kernel)
        np.testing.assert_array_equal(run(one + factor * other, kernel), in_image)
        in_kernel = run(one, kernel) + factor * run(one, change)
        np.testing.assert_array_equal(run(one, kernel + factor * change), in_kernel)


@given(x=IMAGES, strides=st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_flipping_image_and_kernel_flips_a_valid_transposed_convolution(
    x: Image, strides: tuple[int, int]
) -> None:
    # Kernels no smaller than the strides: else zeros stand at the end alone.
    kernel = np.arange(1.0, 21.0).reshape(4, 5, 1, 1)
    flipped = conv2d_transpose(np.flip(x), kernel[::-1, ::-1], strides=strides)
    np.testing.assert_array_equal(flipped, np.flip(conv2d_transpose(x, kernel, strides=strides)))


@given(x=IMAGES, factor=st.integers(1, 4))
def test_a_triangular_kernel_upsamples_bilinearly_away_from_the_edges(
    x: Image, factor: int
) -> None:
    # Long, Shelhamer and Darrell (2015) start their deconvolution layers from this kernel.
    length = 2 * factor - factor % 2
    ramp = 1 - np.abs(np.arange(length) - (length - 1) / 2) / factor
    kernel = np.outer(ramp, ramp).reshape(length, length, 1, 1)
    padded = np.pad(x, 1, mode="edge")
    actual = conv2d_transpose(padded, kernel, strides=factor, padding="same")
    inner = actual[factor:-factor, factor:-factor]
    np.testing.assert_allclose(inner, upsample(x, factor, "bilinear"), rtol=0, atol=1e-10)
