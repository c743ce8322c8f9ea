"""Each algorithm of convolution run by name, and in blocks so small that any image is cut."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from numpy.typing import NDArray

from upsamp import conv2d, conv2d_transpose
from upsamp.core import products
from upsamp.core.convolution import gathered, native, toeplitz, windows
from upsamp.core.convolution.native import fits_native
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.convolution.reference import fits_pixels
from upsamp.core.native.library import kernels

Array = NDArray[Any]

CONVOLVE = "upsamp.core.convolution.convolve"

FAST = ("gathered", "pixels", "toeplitz", "windows", *(("native",) if kernels() else ()))


def fits_kernels(plan: ConvolutionPlan) -> bool:
    """Tell whether the native kernels are here and can compute a convolution."""
    return kernels() is not None and fits_native(plan)


def is_dense_in_rows(plan: ConvolutionPlan) -> bool:
    """Tell whether the pixels that an output reads follow each other in each row."""
    return all(phase.spacing == 1 for phase in plan.column_phases)


def fits(algorithm: str, problem: Problem) -> bool:
    """Tell whether an algorithm can compute a problem at all."""
    needs = {"native": fits_kernels, "pixels": fits_pixels, "toeplitz": is_dense_in_rows}
    return problem.plan.groups == 1 and needs.get(algorithm, lambda _: True)(problem.plan)


def compute(
    algorithm: str, transposed: bool, x: Array, kernel: object, *arguments: Any, **settings: Any
) -> Array | None:
    """Convolve by the algorithm of that name; None where it does not fit."""
    fitting = []

    def choose(problem: Problem) -> str:
        fitting.append(fits(algorithm, problem))
        return algorithm if fitting[-1] else "plain"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{CONVOLVE}.choose_algorithm", choose)
        convolve = conv2d_transpose if transposed else conv2d
        result = convolve(x, kernel, *arguments, **settings)
    return result if fitting[-1] else None


@contextmanager
def small_blocks() -> Iterator[None]:
    """Cut small images into many blocks, which all threads share, in this block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native.convolve_native, "__defaults__", (500,))
        patch.setattr(gathered.convolve_gathered, "__defaults__", (3000,))
        patch.setattr(toeplitz.convolve_toeplitz, "__defaults__", (16, 700))
        patch.setattr(windows.convolve_windows, "__defaults__", (500,))
        patch.setattr(products, "small_product", lambda: 3000)
        for module in (toeplitz, windows):
            patch.setattr(module, "ALONE", 1)
        yield
