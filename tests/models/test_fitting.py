"""A kernel fitted away from the edges, against what made the data and against the rivals."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp.core.convolution.convolve import conv2d_transpose
from upsamp.core.kernels.fit import psnr
from upsamp.core.upsampling.resample import upsample
from upsamp.errors import ShapeError
from upsamp.models.fitting import compare_inside, fit_inside, make_pair, mean_of

Array = NDArray[Any]
Pair = tuple[int, int]

SETTINGS = [
    ((4, 4), (2, 2)),
    ((3, 3), (2, 2)),
    ((5, 6), (3, 2)),
    ((3, 2), (1, 2)),
    ((7, 8), (1, 1)),
]


def random(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).random(shape)


@in_one_test(("taps", "strides"), SETTINGS)
def test_a_known_kernel_is_recovered(taps: Pair, strides: Pair) -> None:
    kernel, small = random(*taps, 1, 1), random(26, 27)
    large = conv2d_transpose(small, kernel, None, strides, "same")
    fitted = fit_inside([(small, large)], taps, strides, shared=True, ridge=0)
    np.testing.assert_allclose(fitted, kernel, atol=1e-9)
    peak = float(large.max())
    assert compare_inside(small, large, fitted, strides, peak)["fitted"] > 150


@in_one_test(("taps", "strides"), SETTINGS)
def test_what_lies_at_the_edges_counts_neither_in_fitting_nor_in_comparing(
    taps: Pair, strides: Pair
) -> None:
    kernel, small = random(*taps, 1, 1), random(28, 29)
    large = conv2d_transpose(small, kernel, None, strides, "same")
    spoilt = large.copy()
    for axis, stride in enumerate(strides):
        view = np.moveaxis(spoilt, axis, 0)
        view[: 3 * stride] = view[-3 * stride :] = 1e6
    fitted = fit_inside([(small, spoilt)], taps, strides, shared=True, ridge=0)
    np.testing.assert_allclose(fitted, kernel, atol=1e-9)
    peak = float(large.max())
    assert compare_inside(small, spoilt, kernel, strides, peak) == compare_inside(
        small, large, kernel, strides, peak
    )


def test_each_channel_may_have_a_kernel_of_its_own() -> None:
    small, kernels = random(25, 24, 3), random(4, 4, 3)
    kernel = kernels[:, :, np.newaxis] * np.eye(3)
    large = conv2d_transpose(small, kernel, None, 2, "same")
    fitted = fit_inside([(small, large)], (4, 4), (2, 2), shared=False, ridge=0)
    np.testing.assert_allclose(fitted, kernel, atol=1e-9)
    assert compare_inside(small, large, fitted, (2, 2), float(large.max()))["fitted"] > 150
    shared = fit_inside([(small, large)], (4, 4), (2, 2), shared=True, ridge=0)
    assert shared.shape == (4, 4, 1, 1)


def test_several_pairs_teach_one_kernel() -> None:
    kernel = random(4, 4, 1, 1)
    smalls = [random(20, 21), random(22, 19), random(18, 18)]
    pairs = [(small, conv2d_transpose(small, kernel, None, 2, "same")) for small in smalls]
    fitted = fit_inside(iter(pairs), (4, 4), (2, 2), shared=True, ridge=0)
    np.testing.assert_allclose(fitted, kernel, atol=1e-9)


def test_the_measures_are_those_of_a_direct_computation() -> None:
    large = (255 * random(41, 50, 3)).astype(np.uint8)
    small, cut = make_pair(large, (2, 3))
    kernel = fit_inside([(small, cut)], (4, 5), (2, 3), shared=True, ridge=1e-4)
    measures = compare_inside(small, cut, kernel, (2, 3), 255)
    inside = (slice(6, -6), slice(9, -9))
    assert list(measures) == ["fitted", "nearest", "bilinear", "bicubic", "lanczos3"]
    for method in list(measures)[1:]:
        values = upsample(small, (2, 3), method)[inside].clip(0, 255)
        assert measures[method] == pytest.approx(psnr(values, cut[inside], 255), rel=1e-12)
    planes = [
        conv2d_transpose(small[..., channel], kernel, None, (2, 3), "same") for channel in range(3)
    ]
    values = np.stack(planes, 2)[inside].clip(0, 255)
    assert measures["fitted"] == pytest.approx(psnr(values, cut[inside], 255), rel=1e-12)


@pytest.mark.parametrize("shape", [(7, 9), (8, 9, 3), (2, 3)])
def test_a_pair_is_made_by_means_of_blocks(shape: tuple[int, ...]) -> None:
    large = random(*shape)
    small, cut = make_pair(large, (2, 3))
    rows, columns = shape[0] // 2, shape[1] // 3
    np.testing.assert_array_equal(cut, large[: 2 * rows, : 3 * columns])
    blocks = cut.reshape(rows, 2, columns, 3, *shape[2:])
    np.testing.assert_allclose(small, blocks.mean((1, 3)), rtol=1e-12)


def test_the_mean_is_taken_by_method() -> None:
    assert mean_of(iter([{"a": 1.0, "b": 4.0}, {"a": 3.0, "b": 0.0}])) == {"a": 2.0, "b": 2.0}


@pytest.mark.parametrize(
    ("small", "large"), [((20, 20), (40, 41)), ((20, 20), (20, 20)), ((20, 20, 3), (40, 40, 1))]
)
def test_sizes_that_do_not_match_are_named(small: tuple[int, ...], large: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="must be the small one times the stride") as caught:
        fit_inside([(random(*small), random(*large))], (4, 4), (2, 2), shared=True, ridge=0)
    assert f"{small} and {large} for a stride of (2, 2)" in str(caught.value)


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (1, 1)])
def test_an_image_that_is_all_edge_teaches_nothing(shape: Pair) -> None:
    small, large = np.ones(shape), np.ones((2 * shape[0], 2 * shape[1]))
    with pytest.raises(ShapeError, match="larger than 12 x 12"):
        fit_inside([(small, large)], (4, 4), (2, 2), shared=True, ridge=0)
    with pytest.raises(ShapeError, match="must leave something of the image"):
        compare_inside(small, large, np.ones((4, 4, 1, 1)), (2, 2), 1)
