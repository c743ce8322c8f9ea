"""Linear light: the transfer function of sRGB, and images enlarged as light, beside loops."""

from typing import Any

import numpy as np
import oracle
import pytest
from numpy.typing import NDArray

import upsamp
from upsamp.core.transfer import from_light, to_light
from upsamp.core.upsampling.light import light_strips, resize_light
from upsamp.core.upsampling.request import Whole, normalize_rule
from upsamp.core.upsampling.resample import resize
from upsamp.core.upsampling.strips import Strips
from upsamp.errors import ArgumentError, DtypeError

Array = NDArray[Any]

LARGEST = {"uint8": 255, "uint16": 65535}
depths = pytest.mark.parametrize("dtype", [*LARGEST])


def light_of(number: float, largest: int) -> float:
    """Write equation 5 and 6 of IEC 61966-2-1 out."""
    share = number / largest
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def number_of(light: float, largest: int) -> float:
    """Write equation 8 to 10 of IEC 61966-2-1 out, but for the rounding."""
    light = min(max(light, 0.0), 1.0)
    if light <= 0.0031308:
        return 12.92 * light * largest
    return float((1.055 * light ** (1 / 2.4) - 0.055) * largest)


def noise(dtype: str, *shape: int) -> Array:
    return np.random.default_rng(5).integers(0, LARGEST[dtype] + 1, shape).astype(dtype)


@depths
def test_every_number_has_the_light_of_the_definition(dtype: str) -> None:
    numbers = np.arange(LARGEST[dtype] + 1).astype(dtype)
    expected = [light_of(int(number), LARGEST[dtype]) for number in numbers]
    np.testing.assert_allclose(to_light(numbers), expected, rtol=1e-6)
    np.testing.assert_array_equal(from_light(to_light(numbers), dtype), numbers, strict=True)


@depths
def test_light_becomes_the_number_that_is_nearest(dtype: str) -> None:
    generator = np.random.default_rng(6)
    light = np.concatenate([generator.random(2000), generator.random(2000) ** 4, [-1, 0, 1, 2]])
    exact = np.array([number_of(float(part), LARGEST[dtype]) for part in light])
    made = from_light(light, dtype).astype(np.float64)
    # The two branches of the standard meet within 1e-5 of each other, no more.
    np.testing.assert_allclose(made, exact, rtol=0, atol=0.5 + 2e-6 * LARGEST[dtype])


@depths
@pytest.mark.parametrize("method", ["bilinear", "bicubic", "lanczos3"])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_is_enlarged_as_light(dtype: str, method: str, channels: int) -> None:
    pixels, largest = noise(dtype, 6, 5, channels), LARGEST[dtype]
    light = np.vectorize(lambda number: light_of(int(number), largest))(pixels)
    planes = [oracle.upsample(light[..., place], (2, 3), method) for place in range(channels)]
    exact = np.vectorize(lambda part: number_of(float(part), largest))(np.stack(planes, axis=-1))
    made = resize_light(pixels, (12, 15), method)
    assert made.dtype == dtype
    np.testing.assert_allclose(made.astype(float), exact, rtol=0, atol=0.5 + 4e-6 * largest)


@depths
@pytest.mark.parametrize("method", ["bilinear", "lanczos3"])
def test_alpha_is_no_light(dtype: str, method: str) -> None:
    pixels, largest = noise(dtype, 5, 6, 4), LARGEST[dtype]
    pixels[:3, :2, 3] = 0
    made = resize_light(pixels, (10, 12), method, alpha=True)
    alone = upsamp.upsample(pixels[..., 3], 2, method)
    np.testing.assert_array_equal(made[..., 3], alone, strict=True)
    light = np.vectorize(lambda number: light_of(int(number), largest))(pixels[..., :3])
    alpha = pixels[..., 3].astype(float)
    weights = oracle.upsample(alpha, (2, 2), method)
    seen = weights > 0.05 * largest
    for place in range(3):
        weighted = oracle.upsample(light[..., place] * alpha, (2, 2), method)
        exact = [number_of(part, largest) for part in weighted[seen] / weights[seen]]
        np.testing.assert_allclose(made[seen][:, place], exact, rtol=0, atol=0.5 + 1e-4 * largest)


@depths
@pytest.mark.parametrize("method", ["bilinear", "bicubic", "area"])
def test_alpha_is_rounded_as_it_would_be_alone(dtype: str, method: str) -> None:
    pixels = np.random.default_rng(7).integers(0, 3, (9, 11, 2)).astype(dtype)
    size = 10 * 9, 33 if method == "area" else 30  # with many halves among the sums
    made = resize_light(pixels, size, method, alpha=True)
    np.testing.assert_array_equal(made[..., 1], resize(pixels[..., 1], size, method), strict=True)
    rule = normalize_rule(method, "keras", align_corners=False, alpha=True)
    light = Whole((1, 9, 11, 2), size, to_light(pixels).dtype, rule)
    strips = light_strips(Strips(light, 8192), lambda _, rows: pixels[None, rows], pixels.dtype, 2)
    parts = [strip.copy() for strip in strips]
    assert len(parts) > 1
    np.testing.assert_array_equal(np.concatenate(parts, axis=1)[0], made, strict=True)


@depths
def test_nearest_copies(dtype: str) -> None:
    pixels = noise(dtype, 4, 5, 3)
    for name in ("nearest", "Nearest"):
        made = resize_light(pixels, (8, 10), name)
        expected = pixels.repeat(2, axis=0).repeat(2, axis=1)
        np.testing.assert_array_equal(made, expected, strict=True)


def test_nearest_aligns_no_corners() -> None:
    with pytest.raises(ArgumentError, match="`align_corners=True` must go with"):
        resize_light(noise("uint8", 4, 5), (8, 10), "nearest", align_corners=True)


def test_black_beside_white_is_lighter_than_as_numbers() -> None:
    pixels = np.array([[0, 255]], np.uint8)
    as_light = resize_light(pixels, (1, 8), "bilinear")
    as_numbers = upsamp.upsample(pixels, (1, 4), "bilinear")
    assert (as_light[0, 2:6] > as_numbers[0, 2:6]).all()
    # Half of the light is 188, not 128: what a checkerboard looks like from afar.
    np.testing.assert_array_equal(from_light(np.array([0.5]), "uint8"), [188])


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_other_numbers_are_no_amounts_of_light(dtype: str) -> None:
    with pytest.raises(DtypeError, match=rf"needs pixels of 8 or 16 bits\. Received: {dtype}"):
        resize_light(np.zeros((2, 2), dtype), (4, 4))
