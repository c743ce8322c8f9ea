"""Which algorithm of convolution is chosen, by the shape and by what BLAS is fast at."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose
from upsamp.core.convolution import algorithms
from upsamp.core.convolution.algorithms import choose_algorithm
from upsamp.core.convolution.problem import Problem

Array = NDArray[Any]

CONVOLVE = "upsamp.core.convolution.convolve"


@pytest.fixture(autouse=True)
def _without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose as where none were built, unless a test says otherwise."""
    monkeypatch.setattr(algorithms, "kernels", lambda: None)


@pytest.mark.parametrize(
    ("transposed", "shape", "filters", "kernel", "stride", "expected"),
    [
        (True, (1, 512, 512, 3), 3, 3, 2, "native"),
        (True, (1, 5, 5, 128), 1, 3, 2, "gathered"),
        (True, (1, 64, 64, 64), 8, 4, 2, "native"),
        (False, (1, 64, 64, 64), 3, 3, 2, "native"),
        (False, (1, 64, 64, 3), 3, 1, 1, "pixels"),
        # Products of matrices are wide enough, or the rows would leave a core's cache.
        (True, (1, 64, 64, 64), 9, 4, 2, "not native"),
        (True, (1, 8, 8, 512), 3, 4, 2, "not native"),
        (True, (1, 64, 512, 64), 3, 4, 2, "not native"),
    ],
)
def test_native_kernels_are_chosen_for_few_filters(
    transposed: bool,
    shape: tuple[int, ...],
    filters: int,
    kernel: int,
    stride: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = (filters, shape[3]) if transposed else (shape[3], filters)
    x, weights = np.zeros(shape, np.float32), np.zeros((kernel, kernel, *ends), "f")
    without = chosen_for(transposed, x, weights, stride)
    monkeypatch.setattr(algorithms, "kernels", object)
    chosen = chosen_for(transposed, x, weights, stride)
    assert chosen == (without if expected == "not native" else expected)
    assert without != "native"


@pytest.mark.parametrize(
    ("transposed", "shape", "filters", "kernel", "stride", "expected"),
    [
        (True, (1, 4, 4, 512), 256, 4, 2, "columns"),
        (True, (1, 64, 64, 128), 64, 4, 2, "columns"),
        (True, (16, 14, 14, 128), 128, 4, 2, "columns"),
        (True, (1, 64, 64, 128), 64, 7, 2, "columns"),
        (True, (1, 64, 64, 64), 3, 4, 2, "gathered"),
        (True, (1, 512, 512, 3), 3, 3, 2, "toeplitz"),
        (True, (1, 5, 5, 128), 1, 3, 2, "gathered"),
        (False, (2, 4, 4, 3), 6, 3, 1, "gathered"),
        (False, (1, 64, 64, 128), 64, 3, 1, "columns"),
        (False, (16, 16, 16, 128), 256, 4, 2, "columns"),
        (False, (1, 64, 64, 64), 3, 3, 1, "gathered"),
        (False, (1, 64, 64, 64), 3, 3, 2, "columns"),
        (False, (1, 64, 64, 3), 64, 4, 2, "toeplitz"),
        (False, (1, 64, 64, 128), 64, 1, 1, "pixels"),
    ],
)
def test_the_shape_chooses_the_algorithm(
    transposed: bool,
    shape: tuple[int, ...],
    filters: int,
    kernel: int,
    stride: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = (filters, shape[3]) if transposed else (shape[3], filters)
    x, weights = np.zeros(shape, np.float32), np.zeros((kernel, kernel, *ends), "f")
    chosen = {}
    for wide in (False, True):
        monkeypatch.setattr(algorithms, "has_wide_kernels", lambda wide=wide: wide)
        chosen[wide] = chosen_for(transposed, x, weights, stride)
    many = expected == "columns"
    assert chosen == {False: expected, True: "windows" if many else expected}


@pytest.mark.parametrize(
    ("transposed", "shape", "filters", "kernel", "stride", "narrow", "wide"),
    [
        # Images that are cut into blocks one by one: up to more channels by wide kernels.
        (True, (1, 256, 256, 16), 3, 3, 1, "gathered", "toeplitz"),
        (True, (1, 256, 256, 64), 3, 3, 1, "gathered", "gathered"),
        (True, (1, 256, 256, 64), 4, 3, 1, "gathered", "gathered"),
        (True, (1, 256, 256, 128), 3, 4, 2, "gathered", "gathered"),
        (True, (1, 256, 256, 16), 1, 3, 1, "gathered", "gathered"),
        (False, (1, 1024, 1024, 1), 1, 5, 2, "toeplitz", "toeplitz"),
        # Many images that are too small for that.
        (False, (64, 28, 28, 1), 32, 5, 2, "windows", "windows"),
        (False, (64, 28, 28, 16), 32, 5, 2, "columns", "windows"),
        (True, (64, 28, 28, 1), 1, 3, 1, "columns", "columns"),
        (True, (1, 28, 28, 1), 1, 5, 1, "toeplitz", "toeplitz"),
        (True, (4, 28, 28, 8), 4, 7, 1, "toeplitz", "toeplitz"),
        (True, (64, 8, 8, 3), 1, 3, 1, "gathered", "gathered"),
        (True, (8, 14, 14, 64), 2, 5, 1, "gathered", "gathered"),
        (True, (64, 32, 32, 64), 3, 4, 2, "gathered", "gathered"),
    ],
)
def test_few_channels_are_a_matter_of_how_large_an_image_is(
    transposed: bool,
    shape: tuple[int, ...],
    filters: int,
    kernel: int,
    stride: int,
    narrow: str,
    wide: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = (filters, shape[3]) if transposed else (shape[3], filters)
    x, weights = np.zeros(shape, np.float32), np.zeros((kernel, kernel, *ends), "f")
    for is_wide, expected in ((False, narrow), (True, wide)):
        monkeypatch.setattr(algorithms, "has_wide_kernels", lambda is_wide=is_wide: is_wide)
        assert chosen_for(transposed, x, weights, stride) == expected


def chosen_for(transposed: bool, x: Array, kernel: Array, stride: int, **settings: Any) -> str:
    """Return what is chosen, without computing it."""
    chosen = []

    def choose(problem: Problem) -> str:
        chosen.append(choose_algorithm(problem))
        return "nothing"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{CONVOLVE}.choose_algorithm", choose)
        patch.setattr(f"{CONVOLVE}.ALGORITHMS", {"nothing": lambda _: None})
        convolve = conv2d_transpose if transposed else conv2d
        convolve(x, kernel, strides=stride, **{"padding": "same", **settings})
    return chosen[0]


def test_what_only_the_plain_algorithm_can_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algorithms, "has_wide_kernels", lambda: False)
    x, kernel = np.zeros((1, 32, 32, 64), "f"), np.zeros((3, 3, 64, 64), "f")
    assert chosen_for(False, x, kernel, 1) == "columns"
    assert chosen_for(False, x, kernel[:, :, :32], 1, groups=2) == "plain"
    assert chosen_for(False, x.astype(np.longdouble), kernel, 1) == "plain"
    assert chosen_for(False, x.astype(np.float64), kernel, 1) == "columns"
    monkeypatch.setattr(algorithms, "has_wide_kernels", lambda: True)
    assert chosen_for(False, x.astype(np.float64), kernel, 1) == "windows"
    assert chosen_for(False, x, kernel, 1, dilation_rate=(2, 1)) == "windows"
    assert chosen_for(False, x, kernel, 1, dilation_rate=(1, 2)) == "columns"
    # Each of 6 x 6 outputs reads 9 inputs, though all that 4 x 4 inputs give is 16 times 9.
    assert chosen_for(True, x[:, :4, :4], kernel, 1) == "windows"
    assert chosen_for(True, x[:, :4, :4], kernel, 1, padding="valid") == "columns"
    kernel[0, 0, 0, 0] = np.nan
    assert chosen_for(False, x, kernel, 1) == "plain"
    kernel, x = kernel[:, :, :3, 1:], np.zeros((1, 64, 64, 3), "f")
    assert chosen_for(False, x, kernel, 1) == "toeplitz"
    assert chosen_for(False, x, kernel, 1, dilation_rate=2) == "columns"
