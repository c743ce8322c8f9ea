"""Resizing and CenterCrop to any size, beside loops that follow the formulas."""

import math
from typing import Any

import numpy as np
from effort import in_one_test
from numpy.typing import NDArray

from upsamp.layers import CenterCrop, Resizing

X = np.random.default_rng(4).integers(-9, 10, (2, 7, 11, 2)).astype(np.float32)


def triangle(t: float) -> float:
    """Return the kernel of "bilinear"."""
    return max(0.0, 1 - abs(t))


def lanczos3(t: float) -> float:
    """Return the kernel of "lanczos3"."""
    return float(np.sinc(t) * np.sinc(t / 3)) if abs(t) < 3 else 0.0


KERNELS = {"bilinear": triangle, "lanczos3": lanczos3}


def matrix(length: int, target: int, interpolation: str, *, antialias: bool) -> NDArray[Any]:
    """Return the weight of each input for each output."""
    weights = np.zeros((target, length))
    scale = max(1.0, length / target) if antialias else 1.0
    for output in range(target):
        centre = (output + 0.5) * length / target - 0.5
        if interpolation == "nearest":
            weights[output, math.floor(centre + 0.5)] = 1
            continue
        for place in range(length):
            weights[output, place] = KERNELS[interpolation]((centre - place) / scale)
        weights[output] /= weights[output].sum()
    return weights


def resized(x: Any, height: int, width: int, interpolation: str, *, antialias: bool) -> Any:
    """Return images of another size."""
    rows = matrix(x.shape[1], height, interpolation, antialias=antialias)
    columns = matrix(x.shape[2], width, interpolation, antialias=antialias)
    return np.einsum("ph,qw,nhwc->npqc", rows, columns, x)


@in_one_test("size", [(3, 4), (1, 1), (9, 3), (4, 20), (7, 5)])
@in_one_test("interpolation", ["nearest", "bilinear", "lanczos3"])
@in_one_test("antialias", [False, True])
def test_any_size_is_a_product_with_weights(
    size: tuple[int, int], interpolation: str, antialias: bool
) -> None:
    layer = Resizing(*size, interpolation, antialias=antialias)
    expected = resized(X, *size, interpolation, antialias=antialias)
    np.testing.assert_allclose(layer(X), expected, rtol=0, atol=2e-5)
    first = Resizing(*size, interpolation, antialias=antialias, data_format="channels_first")
    moved = first(X.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(moved, layer(X))
    for axis in (0, 1):
        reach = layer.reach(axis, X.shape[axis + 1])
        weights = matrix(X.shape[axis + 1], size[axis], interpolation, antialias=antialias)
        places = [np.flatnonzero(np.abs(row) > 1e-12) for row in weights]
        assert reach is not None
        assert [part.tolist() for part in reach] == [
            [int(one[0]) for one in places],
            [int(one[-1]) for one in places],
        ]


@in_one_test(
    ("size", "middle"),
    [((3, 4), X[:, :, 1:10]), ((2, 6), X[:, 2:5]), ((4, 1), X[:, :, 5:6]), ((14, 22), X)],
)
def test_the_middle_of_the_ratio_is_resized(size: tuple[int, int], middle: Any) -> None:
    layer = Resizing(*size, crop_to_aspect_ratio=True)
    expected = resized(middle, *size, "bilinear", antialias=False)
    np.testing.assert_allclose(layer(X), expected, rtol=0, atol=2e-5)
    assert layer.reach(0, 7) is None


@in_one_test(("size", "sides"), [((4, 4), (2, 0)), ((2, 8), (0, 8)), ((14, 22), (0, 0))])
def test_images_are_padded_to_the_ratio(size: tuple[int, int], sides: tuple[int, int]) -> None:
    layer = Resizing(*size, "nearest", pad_to_aspect_ratio=True, fill_value=0.5)
    rows, columns = sides
    around = ((0, 0), (rows, rows), (columns, columns), (0, 0))
    padded = np.pad(X, around, constant_values=0.5)
    expected = resized(padded, *size, "nearest", antialias=False)
    np.testing.assert_array_equal(layer(X), expected)


def test_a_crop_is_the_middle_and_enlarges_what_is_too_small() -> None:
    np.testing.assert_array_equal(CenterCrop(4, 5)(X), X[:, 1:5, 3:8])
    np.testing.assert_array_equal(CenterCrop(7, 11)(X), X)
    expected = Resizing(8, 4, crop_to_aspect_ratio=True)(X)
    np.testing.assert_array_equal(CenterCrop(8, 4)(X), expected)
