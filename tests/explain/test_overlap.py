"""What is told of a checkerboard is what a transposed convolution of a constant shows."""

from itertools import product
from typing import Any

import numpy as np
import oracle
import pytest
from effort import sample
from numpy.typing import NDArray

from upsamp.core.convolution.convolve import transposed_setting
from upsamp.core.kernels.gains import unevenness
from upsamp.core.kernels.presets import make_kernel
from upsamp.explain.overlap import Overlap, Words, find_overlap


def make(name: str, size: tuple[int, int], strides: tuple[int, int]) -> NDArray[Any]:
    return make_kernel(name, (*size, 1, 1), strides)[:, :, 0, 0]


WORDS = Words("upsamp", "1", "k.npy", False, "", "", "", "", False, make)


def overlap_of(kernel: NDArray[Any], strides: tuple[int, int], padding: str, side: int) -> Overlap:
    setting = transposed_setting(strides, padding, None, 1, 1, None)
    return find_overlap(kernel, setting, (side, side), WORDS)


GRID = list(product(range(1, 7), range(1, 6), range(1, 4), range(1, 4), ("valid", "same")))


def test_taps_and_gains_are_those_of_a_constant() -> None:
    generator = np.random.default_rng(5)
    for rows, columns, down, along, padding in sample(GRID, 37):
        kernel = generator.standard_normal((rows, columns))
        strides, side = (down, along), 9
        found = overlap_of(kernel, strides, padding, side)
        ones, window = np.ones((side, side, 1)), np.ones((rows, columns, 1, 1))
        taps = oracle.conv2d_transpose(ones, window, None, strides, padding)[:, :, 0]
        np.testing.assert_array_equal(found.taps, taps)
        weights = kernel[:, :, np.newaxis, np.newaxis]
        made = oracle.conv2d_transpose(ones, weights, None, strides, padding)[:, :, 0]
        # Away from the edges each output is the gain of its phase.
        tiled = np.tile(found.gain, (len(made) // down + 1, made.shape[1] // along + 1))
        for place in product(range(7, len(made) - 7), range(7, made.shape[1] - 7)):
            np.testing.assert_allclose(made[place], tiled[place], atol=1e-9)


def test_counts_and_weights_are_two_causes() -> None:
    weights = np.random.default_rng(0).random((4, 4))
    even = overlap_of(weights, (2, 2), "same", 4)
    assert unevenness(even.counts) == 0
    assert unevenness(even.gain) == pytest.approx(0.878, abs=1e-3)
    assert even.to_dict()["period"] == [2, 2]
    uneven = overlap_of(np.ones((3, 3)), (2, 2), "same", 4)
    assert unevenness(uneven.counts) == unevenness(uneven.gain) == pytest.approx(3 / 2.25)
    assert unevenness(overlap_of(np.array([[1.0, -1.0]]), (1, 2), "same", 4).gain) is None
