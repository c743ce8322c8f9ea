"""Interpolation beside TensorFlow, JAX, PyTorch, OpenCV and Pillow, on the same arrays."""

from collections.abc import Callable
from typing import Any

import cv2
import jax
import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from PIL import Image
from real_libraries.library_claims import JAX

import upsamp
from upsamp.io.pictures import Picture
from upsamp.models.sampling.image_inputs import Fit, image_rows
from upsamp.models.sampling.input_roles import InputRole

# (rows, columns) before and after: whole factors, odd ratios, one pixel, the same size.
SIZES = [
    ((2, 2), (4, 6)),
    ((3, 5), (7, 11)),
    ((1, 4), (3, 9)),
    ((7, 6), (100, 132)),
    ((4, 4), (6, 6)),
    ((5, 9), (5, 9)),
    ((10, 13), (77, 200)),
    ((1, 1), (5, 5)),
    ((8, 6), (64, 42)),
]
TENSORFLOW = ["nearest", "bilinear", "lanczos3", "lanczos5", "area", "mitchellcubic", "gaussian"]
OPENCV = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
}
# Pillow's nearest errs at ties of fractional sizes: library_claims.py counts them.
PILLOW = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}
Library = Callable[[Any, tuple[int, int], str], Any]


def images(size: tuple[int, int]) -> Any:
    """Return two images of three channels with values of 0 to 10."""
    return (np.random.default_rng(0).random((2, *size, 3)) * 10).astype(np.float32)


def by_torch(x: Any, size: tuple[int, int], mode: str, **options: Any) -> Any:
    """Interpolate by PyTorch, channels last."""
    batch = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    result = torch.nn.functional.interpolate(batch, size=size, mode=mode, **options)
    return result.numpy().transpose(0, 2, 3, 1)


def near(actual: Any, expected: Any, range_of: Any) -> None:
    """Assert agreement to 2e-5 of the data's range."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-5 * float(np.ptp(range_of)))


sizes = pytest.mark.parametrize(("size", "target"), SIZES)


@sizes
@pytest.mark.parametrize("method", TENSORFLOW)
def test_tensorflow_gives_the_same(
    size: tuple[int, int], target: tuple[int, int], method: str
) -> None:
    x = images(size)
    near(upsamp.resize(x, target, method), tf.image.resize(x, target, method).numpy(), x)


@sizes
def test_tensorflow_gives_the_same_bicubic_as_far_as_its_table_goes(
    size: tuple[int, int], target: tuple[int, int]
) -> None:
    x = images(size)
    np.testing.assert_allclose(
        upsamp.resize(x, target, "bicubic"),
        tf.image.resize(x, target, "bicubic").numpy(),
        rtol=0,
        atol=4e-3 * float(np.ptp(x)),
    )


@sizes
@pytest.mark.parametrize("method", JAX)
def test_jax_gives_the_same(size: tuple[int, int], target: tuple[int, int], method: str) -> None:
    x = images(size)
    shape = (len(x), *target, 3)
    expected = jax.image.resize(x, shape, JAX[method], antialias=False)
    near(upsamp.resize(x, target, method), expected, x)


@sizes
@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic", "area"])
def test_pytorch_gives_the_same_in_its_convention(
    size: tuple[int, int], target: tuple[int, int], method: str
) -> None:
    x = images(size)
    near(upsamp.resize(x, target, method, convention="torch"), by_torch(x, target, method), x)


@sizes
@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_pytorch_gives_the_same_with_aligned_corners(
    size: tuple[int, int], target: tuple[int, int], method: str
) -> None:
    x = images(size)
    actual = upsamp.resize(x, target, method, convention="torch", align_corners=True)
    near(actual, by_torch(x, target, method, align_corners=True), x)


@sizes
def test_pytorchs_nearest_exact_is_the_nearest_of_keras(
    size: tuple[int, int], target: tuple[int, int]
) -> None:
    x = images(size)
    near(upsamp.resize(x, target, "nearest"), by_torch(x, target, "nearest-exact"), x)


@sizes
@pytest.mark.parametrize("method", OPENCV)
def test_opencv_gives_the_same_as_pytorchs_convention(
    size: tuple[int, int], target: tuple[int, int], method: str
) -> None:
    x = images(size)
    for image, actual in zip(x, upsamp.resize(x, target, method, convention="torch"), strict=True):
        expected = cv2.resize(image, target[::-1], interpolation=OPENCV[method])
        near(actual, expected.reshape(*target, 3), x)


@sizes
@pytest.mark.parametrize("method", PILLOW)
def test_pillow_gives_the_same_in_floats(
    size: tuple[int, int], target: tuple[int, int], method: str
) -> None:
    x = images(size)[0, :, :, 0].copy()
    expected = np.asarray(Image.fromarray(x).resize(target[::-1], PILLOW[method]))
    near(upsamp.resize(x, target, method), expected, images(size))


@pytest.mark.parametrize("fit", ["resize", "crop"])
def test_pictures_are_fitted_to_a_model_as_by_keras_resizing(fit: Fit) -> None:
    random = np.random.default_rng(21)
    for _ in range(20):
        height, width, rows, columns = map(int, random.integers(2, 50, 4))
        pixels = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
        one = InputRole("image", "image", (None, rows, columns, 3), np.dtype(np.float32))
        row, _ = image_rows(Picture(pixels, "RGB"), "a.png", one, (0.0, 255.0), fit=fit)
        layer = keras.layers.Resizing(
            rows, columns, crop_to_aspect_ratio=fit == "crop", antialias=True
        )
        expected = keras.ops.convert_to_numpy(layer(pixels[np.newaxis].astype(np.float32)))
        np.testing.assert_allclose(row, expected, rtol=0, atol=1e-2)
