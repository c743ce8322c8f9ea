"""PSNR and SSIM, held against their formulas in loops."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from upsamp.core.quality import compare_images

Array = NDArray[Any]


def ssim_of_loops(x: Array, y: Array, data_range: float) -> float:
    """Return the mean SSIM of two images (H, W), window by window, as the paper defines it."""
    offsets = range(-5, 6)
    window = np.array(
        [[math.exp(-(i * i + j * j) / (2 * 1.5**2)) for j in offsets] for i in offsets]
    )
    window /= window.sum()
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    found = []
    for top in range(x.shape[0] - 10):
        for left in range(x.shape[1] - 10):
            a, b = (one[top : top + 11, left : left + 11] for one in (x, y))
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a = (window * (a - mean_a) ** 2).sum()
            var_b = (window * (b - mean_b) ** 2).sum()
            both = (window * (a - mean_a) * (b - mean_b)).sum()
            top_line = (2 * mean_a * mean_b + c1) * (2 * both + c2)
            found.append(top_line / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)))
    return float(np.mean(found))


def measured(x: Array, y: Array, data_range: float) -> tuple[float, float | None]:
    return compare_images(lambda some: (x[some], y[some]), len(x), data_range)


def test_the_numbers_are_those_of_the_formulas() -> None:
    random = np.random.default_rng(5)
    for rows, columns, channels, top in ((11, 11, 1, 255.0), (47, 14, 3, 65535.0), (75, 12, 1, 1)):
        x = random.random((rows, columns, channels)) * top
        y = x + random.normal(0, 0.1 * top, x.shape)
        psnr, ssim = measured(x, y, top)
        np.testing.assert_allclose(psnr, 10 * math.log10(top**2 / np.mean((x - y) ** 2)))
        planes = [ssim_of_loops(x[..., c], y[..., c], top) for c in range(channels)]
        assert ssim == pytest.approx(np.mean(planes), rel=1e-9)


def test_without_a_difference_psnr_is_infinite_and_ssim_1() -> None:
    x = np.random.default_rng(6).random((40, 20, 1))
    assert measured(x, x, 1.0) == (math.inf, 1.0)


def test_an_image_smaller_than_the_window_has_no_ssim() -> None:
    for shape in ((10, 30, 1), (30, 10, 1)):
        psnr, ssim = measured(np.zeros(shape), np.ones(shape), 255.0)
        np.testing.assert_allclose(psnr, 20 * math.log10(255))
        assert ssim is None
