"""Upsampling takes little memory besides its output; what it cuts into pieces stays equal."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from upsamp import resize, upsample
from upsamp.core.upsampling import banded, reference
from upsamp.core.upsampling.banded import taps_of
from upsamp.core.upsampling.interpolation import plan_axis

ROOM = 32 * 2**20


def bytes_of(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return random numbers of a byte in any type."""
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8).astype(dtype)


@pytest.mark.parametrize("size", [(2, 2), "one and a half"], ids=str)
@pytest.mark.parametrize(
    ("shape", "dtype", "interpolation", "alpha"),
    [
        ((16, 60000, 3), "float64", "bicubic", False),
        ((16, 60000, 4), "uint8", "bilinear", True),
        ((16, 60000, 3), "float64", "nearest", False),
        ((4, 200000, 1), "uint16", "lanczos5", False),
        ((2, 250000, 1), "uint8", "lanczos5", False),
        ((8, 120000, 1), "float32", "bilinear", False),
        ((60000, 16, 3), "float64", "lanczos3", False),
        ((700, 20, 200), "float64", "bicubic", False),
    ],
)
def test_memory_besides_the_output_does_not_grow_with_the_image(
    shape: tuple[int, ...], dtype: str, interpolation: str, alpha: bool, size: Any
) -> None:
    x = bytes_of(shape, dtype)
    tracemalloc.start()
    try:
        if size == (2, 2):
            output = upsample(x, size, interpolation, alpha=alpha)
        else:
            wanted = shape[0] * 3 // 2, shape[1] * 3 // 2
            output = resize(x, wanted, interpolation, alpha=alpha)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - output.nbytes < ROOM


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("factors", [(2, 3), (40, 1)])
def test_plain_sums_are_the_same_in_any_tiles(
    factors: tuple[int, int], alpha: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = bytes_of((2, 11, 20, 3), "float64")
    whole = upsample(x, factors, "bicubic", alpha=alpha)
    for elements in (2**6, 2**10):
        monkeypatch.setattr(reference, "STRIP_ELEMENTS", elements)
        tiled = upsample(x, factors, "bicubic", alpha=alpha)
        np.testing.assert_array_equal(tiled, whole, strict=True)


@pytest.mark.parametrize(("length", "target"), [(40, 80), (40, 120), (40, 60), (41, 97), (6, 12)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos5"])
def test_one_period_of_taps_stands_for_all(
    length: int, target: int, interpolation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_axis(length, target, interpolation)
    outputs = np.random.default_rng(2).permutation(target)
    taps_of.cache_clear()
    whole = taps_of(plan)
    monkeypatch.setattr(banded, "LONG", 0)
    taps_of.cache_clear()
    inputs, weights = taps_of(plan).at(outputs)
    taps_of.cache_clear()
    assert len(whole.inputs) == target
    np.testing.assert_array_equal(weights, whole.weights[outputs])
    used = weights != 0
    np.testing.assert_array_equal(inputs[used], whole.inputs[outputs][used])
