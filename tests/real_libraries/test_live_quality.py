"""PSNR and SSIM beside those of scikit-image, and luma beside its rgb2ycbcr."""

import numpy as np
import pytest

from upsamp.core.quality import compare_images
from upsamp.io.pictures import Picture
from upsamp.views.measuring import Reference

skimage = pytest.importorskip("skimage.metrics")
color = pytest.importorskip("skimage.color")


@pytest.mark.parametrize(
    ("shape", "top"),
    [((60, 70, 3), 255), ((33, 11, 1), 65535), ((11, 90, 4), 1), ((200, 64, 1), 255)],
)
def test_the_numbers_are_those_of_scikit_image(shape: tuple[int, int, int], top: int) -> None:
    random = np.random.default_rng(11)
    x = random.random(shape) * top
    y = np.clip(x + random.normal(0, 0.05 * top, shape), 0, top)
    psnr, ssim = compare_images(lambda some: (x[some], y[some]), len(x), top)
    options = {"gaussian_weights": True, "use_sample_covariance": False, "channel_axis": 2}
    wanted = skimage.structural_similarity(x, y, data_range=top, **options)
    np.testing.assert_allclose(ssim, wanted, rtol=1e-9)
    np.testing.assert_allclose(psnr, skimage.peak_signal_noise_ratio(x, y, data_range=top))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_and_luma_of_pictures_are_measured_as_by_scikit_image(dtype: type) -> None:
    top = np.iinfo(dtype).max
    mode = "RGB" if dtype == np.uint8 else "RGB;16"
    random = np.random.default_rng(12)
    one, other = (random.integers(0, top + 1, (40, 50, 3)).astype(dtype) for _ in range(2))
    measures = Reference(Picture(one, mode), (2, 3)).measure(Picture(other, mode))
    assert [measure.plane for measure in measures] == ["RGB", "Y"]
    inner = one[2:-2, 3:-3], other[2:-2, 3:-3]
    lumas = tuple(color.rgb2ycbcr(pixels / top)[..., :1] * top / 255 for pixels in inner)
    options = {"gaussian_weights": True, "use_sample_covariance": False, "channel_axis": 2}
    for measure, (x, y) in zip(measures, (inner, lumas), strict=True):
        wanted = skimage.structural_similarity(
            x.astype(float), y.astype(float), data_range=top, **options
        )
        np.testing.assert_allclose(measure.ssim, wanted, rtol=1e-9)
        ratio = skimage.peak_signal_noise_ratio(x, y, data_range=top)
        np.testing.assert_allclose(measure.psnr, ratio)
