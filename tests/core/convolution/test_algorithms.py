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


# What is chosen by narrow products of BLAS, by wide ones, and with native kernels.
CHOICES: list[tuple[bool, tuple[int, ...], int, int, int, str, str, str]] = [
    (True, (1, 4, 4, 512), 256, 4, 2, "windows", "windows", "windows"),
    (True, (16, 14, 14, 128), 128, 4, 2, "windows", "windows", "windows"),
    (True, (1, 64, 64, 128), 64, 7, 2, "windows", "windows", "windows"),
    (False, (1, 64, 64, 128), 64, 3, 1, "windows", "windows", "windows"),
    (False, (64, 28, 28, 16), 32, 5, 2, "windows", "windows", "windows"),
    # Each input is read once: by few wide products.
    (False, (16, 16, 16, 256), 256, 2, 2, "plain", "windows", "windows"),
    (False, (1, 64, 64, 128), 64, 1, 1, "pixels", "pixels", "pixels"),
    (False, (1, 64, 64, 3), 3, 1, 1, "pixels", "pixels", "pixels"),
    # So few values that any other way has too many calls.
    (True, (1, 5, 5, 128), 1, 3, 2, "gathered", "gathered", "gathered"),
    (False, (2, 4, 4, 3), 6, 3, 1, "gathered", "gathered", "gathered"),
    # Few channels and filters.
    (True, (1, 512, 512, 3), 3, 3, 2, "toeplitz", "toeplitz", "native"),
    (False, (1, 1024, 1024, 1), 1, 5, 2, "toeplitz", "toeplitz", "native"),
    (True, (64, 28, 28, 1), 1, 3, 1, "toeplitz", "toeplitz", "native"),
    (True, (4, 28, 28, 8), 4, 7, 1, "toeplitz", "toeplitz", "native"),
    (False, (1, 64, 64, 3), 64, 4, 2, "toeplitz", "toeplitz", "toeplitz"),
    (False, (64, 28, 28, 1), 32, 5, 2, "toeplitz", "toeplitz", "toeplitz"),
    # Few filters of more channels.
    (True, (1, 64, 64, 64), 3, 4, 2, "gathered", "gathered", "native"),
    (True, (64, 32, 32, 64), 3, 4, 2, "gathered", "gathered", "native"),
    (False, (1, 64, 64, 64), 3, 3, 1, "gathered", "gathered", "native"),
    (False, (1, 64, 64, 64), 3, 3, 2, "gathered", "windows", "native"),
    (True, (1, 256, 256, 16), 3, 3, 1, "gathered", "toeplitz", "native"),
    (True, (1, 256, 256, 16), 1, 3, 1, "gathered", "gathered", "native"),
    (True, (64, 8, 8, 3), 1, 3, 1, "gathered", "gathered", "native"),
    # Products of matrices are wide enough, or the rows would leave a core's cache.
    (True, (1, 64, 64, 64), 8, 4, 2, "windows", "windows", "native"),
    (True, (1, 64, 64, 64), 9, 4, 2, "windows", "windows", "windows"),
    (True, (1, 8, 8, 512), 3, 4, 2, "gathered", "gathered", "gathered"),
    (True, (1, 64, 512, 64), 3, 4, 2, "gathered", "gathered", "gathered"),
]


@pytest.mark.parametrize(
    ("transposed", "shape", "filters", "kernel", "stride", "narrow", "wide", "native"), CHOICES
)
def test_the_shape_chooses_the_algorithm(
    transposed: bool,
    shape: tuple[int, ...],
    filters: int,
    kernel: int,
    stride: int,
    narrow: str,
    wide: str,
    native: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = (filters, shape[3]) if transposed else (shape[3], filters)
    x, weights = np.zeros(shape, np.float32), np.zeros((kernel, kernel, *ends), "f")
    chosen = []
    for is_wide, kernels in ((False, None), (True, None), (True, object())):
        monkeypatch.setattr(algorithms, "has_wide_kernels", lambda is_wide=is_wide: is_wide)
        monkeypatch.setattr(algorithms, "kernels", lambda kernels=kernels: kernels)
        chosen.append(chosen_for(transposed, x, weights, stride))
    assert chosen == [narrow, wide, native]


def chosen_for(transposed: bool, x: Array, kernel: Array, stride: int, **settings: Any) -> str:
    """Return what is chosen, without computing it."""
    chosen = []

    def choose(problem: Problem) -> str:
        chosen.append(choose_algorithm(problem))
        return "nothing"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{CONVOLVE}.choose_algorithm", choose)
        patch.setattr(f"{CONVOLVE}.load_algorithm", lambda _: lambda _: None)
        convolve = conv2d_transpose if transposed else conv2d
        convolve(x, kernel, strides=stride, **{"padding": "same", **settings})
    return chosen[0]


def test_what_only_the_plain_algorithm_can_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algorithms, "has_wide_kernels", lambda: True)
    x, kernel = np.zeros((1, 32, 32, 64), "f"), np.zeros((3, 3, 64, 64), "f")
    assert chosen_for(False, x, kernel, 1) == "windows"
    assert chosen_for(False, x.astype(np.float64), kernel, 1) == "windows"
    assert chosen_for(False, x, kernel[:, :, :32], 1, groups=2) == "plain"
    assert chosen_for(False, x.astype(np.longdouble), kernel, 1) == "plain"
    # Of columns that are far apart many copies would be made.
    assert chosen_for(False, x, kernel, 1, dilation_rate=(8, 4)) == "windows"
    assert chosen_for(False, x, kernel, 1, dilation_rate=(1, 5)) == "plain"
    # Most outputs are 0, which is set at once.
    assert chosen_for(True, x[:, :4, :4], kernel, 6) == "windows"
    assert chosen_for(True, x[:, :4, :4], kernel, 7) == "plain"
    # Each of 16 x 16 outputs reads 169 pixels, nearly all of them zeros around 4 x 4 inputs.
    few, large = x[:, :4, :4], np.zeros((13, 13, 64, 64), "f")
    assert chosen_for(True, few, kernel, 1, padding="valid") == "windows"
    assert chosen_for(True, few, large, 1, padding="valid") == "plain"
    assert chosen_for(True, few[:, :2, :2], large, 1, padding="valid") == "windows"
    assert chosen_for(True, few[:, :1, :1], large, 1, padding="valid") == "gathered"
    assert chosen_for(True, few[:, :1, :1], large, 1, padding="same") == "windows"
    kernel[0, 0, 0, 0] = np.nan
    assert chosen_for(False, x, kernel, 1) == "plain"
    kernel, x = kernel[:, :, :3, 1:], np.zeros((1, 64, 64, 3), "f")
    assert chosen_for(False, x, kernel, 1) == "toeplitz"
    assert chosen_for(False, x, kernel, 1, dilation_rate=2) == "windows"
