"""The comparison with other libraries, checked where the ordinary tests have one: Pillow."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray
from PIL import Image

from upsamp.core.arguments import Interpolation
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.resample import resize
from upsamp.errors import ArgumentError
from upsamp.translate.peers import PEERS, Comparison, compare_with_peers

FILTERS: dict[Interpolation, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}


def named(comparisons: list[Comparison], name: str) -> Comparison:
    (found,) = [each for each in comparisons if each.name.startswith(name)]
    return found


def by_pillow(x: NDArray[Any], size: tuple[int, int], method: Interpolation) -> NDArray[Any]:
    planes = [
        Image.fromarray(np.ascontiguousarray(x[..., channel], np.float32)).resize(
            size[::-1], FILTERS[method]
        )
        for channel in range(x.shape[2])
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


@in_one_test("method", list(FILTERS))
@in_one_test("dtype", ["u1", "u2", "f4", "f8"])
def test_the_numbers_equal_a_direct_computation(method: Interpolation, dtype: str) -> None:
    x = np.random.default_rng(1).integers(0, 256, (6, 7, 3)).astype(dtype)
    size = (17, 15)
    pillow = named(list(compare_with_peers(x, size, method)), "Pillow")
    chosen = resize(x.astype(np.float32), size, method)
    difference = np.abs(by_pillow(x, size, method).astype(float) - chosen)
    assert pillow.largest == difference.max()
    assert pillow.mean == difference.mean()
    peak = np.iinfo(dtype).max if dtype[0] == "u" else np.ptp(x)
    with np.errstate(divide="ignore"):
        expected = 10 * np.log10(float(peak) ** 2 / np.mean(difference**2))
    assert pillow.psnr == pytest.approx(expected, rel=1e-12)


@in_one_test("method", ["bilinear", "bicubic", "lanczos3"])
@in_one_test("shape", [(8, 9), (8, 9, 1), (8, 9, 4)])
def test_pillow_s_floats_agree_with_the_convention_of_keras(
    method: Interpolation, shape: tuple[int, ...]
) -> None:
    x = np.random.default_rng(2).random(shape)
    pillow = named(list(compare_with_peers(x, (20, 27), method)), "Pillow")
    assert pillow.psnr is not None
    assert pillow.psnr > 120


def test_pillow_s_bicubic_differs_from_the_convention_of_pytorch() -> None:
    x = np.random.default_rng(3).random((8, 9))
    comparisons = list(compare_with_peers(x, (16, 18), "bicubic", convention="torch"))
    pillow, keras = named(comparisons, "Pillow"), named(comparisons, "upsamp, convention keras")
    assert pillow.psnr is not None
    assert keras.psnr is not None
    assert pillow.psnr < 60
    assert pillow.psnr == pytest.approx(keras.psnr, rel=1e-3)


def test_the_convention_that_was_chosen_is_no_row_unless_corners_are_aligned() -> None:
    x = np.random.default_rng(4).random((3, 4))
    names = [each.name for each in compare_with_peers(x, (6, 8), "bilinear")]
    assert names[0] == "upsamp, convention torch"
    assert "upsamp, convention keras" not in names
    aligned = list(
        compare_with_peers(x, (6, 8), "bilinear", convention="torch", align_corners=True)
    )
    chosen = resize(
        x.astype(np.float32), (6, 8), "bilinear", convention="torch", align_corners=True
    )
    for convention in ("keras", "torch"):
        found = named(aligned, f"upsamp, convention {convention}")
        other = resize(x.astype(np.float32), (6, 8), "bilinear", convention=convention)
        assert found.largest == np.abs(other.astype(float) - chosen).max()


def test_every_library_is_a_row_with_numbers_or_with_the_reason_for_none() -> None:
    comparisons = list(compare_with_peers(np.eye(4), (8, 8), "gaussian"))
    assert len(comparisons) == 1 + len(PEERS)
    for name, (module, package, _, spelled) in PEERS.items():
        found = named(comparisons, name)
        if spelled(METHODS["gaussian"]) is None:
            assert found == Comparison(name, remark="has no gaussian")
        elif find_spec(module) is None:
            assert found == Comparison(name, remark=f"not installed: pip install {package}")


def test_a_constant_image_has_an_infinite_ratio_where_results_are_equal() -> None:
    x = np.full((3, 3), 7.0)
    pillow = named(list(compare_with_peers(x, (6, 6), "nearest")), "Pillow")
    assert (pillow.largest, pillow.mean, pillow.psnr) == (0, 0, np.inf)


def test_a_smaller_target_is_refused() -> None:
    with pytest.raises(ArgumentError, match="must not be below the size"):
        list(compare_with_peers(np.eye(4), (3, 8), "bicubic"))
