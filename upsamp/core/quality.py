"""How near an image is to another: PSNR, and SSIM by a Gaussian window.

SSIM is that of Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility
to structural similarity", 2004: a window of 11x11 pixels with a sigma of 1.5, K1 = 0.01, K2 = 0.03,
the mean over all windows that lie wholly in the image. scikit-image computes the same with
gaussian_weights=True and use_sample_covariance=False.
"""

import math
from collections.abc import Callable

import numpy as np

from upsamp.core.arguments import Array

WINDOW = 11
SIGMA = 1.5
K1, K2 = 0.01, 0.03
# Rows that are compared together: what they take stays near the second-level cache.
BAND = 32


def compare_images(
    read: Callable[[slice], tuple[Array, Array]], rows: int, data_range: float
) -> tuple[float, float | None]:
    """Return the PSNR in decibels and the mean SSIM of two images.

    read: gives the same rows of both, (rows, W, C) of floats. rows: how many there are. data_range:
    from the least to the greatest value that may be. Without any difference PSNR is infinite; SSIM
    is None where no window fits in.

    >>> x = np.arange(192.0).reshape(12, 16, 1)
    >>> compare_images(lambda some: (x[some], x[some]), 12, 255)
    (inf, 1.0)
    """
    errors, similar, windows, count = 0.0, 0.0, 0, 0
    for start in range(0, rows, BAND):
        x, y = read(slice(start, min(rows, start + BAND + WINDOW - 1)))
        errors += float(np.square(x[:BAND] - y[:BAND]).sum())
        count += x[:BAND].size
        if min(x.shape[:2]) >= WINDOW:
            similarity = ssim_map(x, y, data_range)
            similar += float(similarity.sum())
            windows += similarity.size
    return _psnr(errors / count, data_range), similar / windows if windows else None


def ssim_map(x: Array, y: Array, data_range: float) -> Array:
    """Return the similarity of two images, (H, W, C) of float64, in each window: (H', W', C).

    H' and W' are less by 10, as windows lie wholly in the image.
    """
    mean_x, mean_y, xx, yy, xy = _blurred(np.stack([x, y, x * x, y * y, x * y]))
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    brightness = (2 * product + c1) / (squares + c1)
    similarity: Array = brightness * (2 * (xy - product) + c2) / (xx + yy - squares + c2)
    return similarity


def _psnr(mean_square: float, data_range: float) -> float:
    if mean_square == 0:
        return math.inf
    return 20 * math.log10(data_range) - 10 * math.log10(mean_square)


def _blurred(images: Array) -> Array:
    """Return what the window makes of images (N, H, W, C), whose two halves are alike."""
    distance = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-0.5 * (distance / SIGMA) ** 2)
    weights /= weights.sum()
    for axis in (1, 2):
        parts = np.moveaxis(images, axis, 0)
        length, middle = len(parts) - WINDOW + 1, WINDOW // 2
        total = parts[middle : middle + length] * weights[middle]
        both = np.empty_like(total)
        for tap, last in zip(range(middle), range(WINDOW - 1, middle, -1), strict=True):
            np.add(parts[tap : tap + length], parts[last : last + length], out=both)
            both *= weights[tap]
            total += both
        images = np.moveaxis(total, 0, axis)
    return images
