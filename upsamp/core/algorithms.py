"""Which algorithm computes a convolution: chosen by its shape."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from upsamp.core.columns import convolve_columns, convolve_pixels, fits_pixels
from upsamp.core.planar import convolve_planar
from upsamp.core.problem import ConvolutionPlan, Problem, add_taps
from upsamp.core.products import has_wide_kernels
from upsamp.core.toeplitz import convolve_toeplitz
from upsamp.core.windows import convolve_windows, fits_windows
from upsamp.core.winograd import convolve_winograd, fits_winograd

__all__ = ["ALGORITHMS", "choose_algorithm", "convolve_plainly"]

# BLAS knows these types alone.
FAST_TYPES = (np.dtype(np.float32), np.dtype(np.float64))
FEW_CHANNELS = 8
FEW_FILTERS = 4
WINOGRAD_CHANNELS = 32
WINOGRAD_PIXELS = 256
# Measured: the multiplications that windows do in the time of one by columns.
WINDOWS_GAIN = 1.6
# A longer stride than any image has pixels would not fit the strides of an array's memory.
LONGEST_STRIDE = 2**20


def convolve_plainly(problem: Problem) -> None:
    """Compute a convolution by one product for each tap over the whole image: any setting."""
    add_taps(problem, slice(0, problem.plan.images), slice(0, problem.plan.rows.output))


ALGORITHMS: Mapping[str, Callable[[Problem], None]] = MappingProxyType(
    {
        "plain": convolve_plainly,
        "columns": convolve_columns,
        "pixels": convolve_pixels,
        "planar": convolve_planar,
        "toeplitz": convolve_toeplitz,
        "windows": convolve_windows,
        "winograd": convolve_winograd,
    }
)


def choose_algorithm(problem: Problem) -> str:
    """Give the name of the algorithm that is fast for a problem.

    The plain one where another does not apply: groups, other types than BLAS knows, and kernels
    with NaN or infinity, as the others multiply the zeros around an image too.
    """
    plan = problem.plan
    strides = (phase.stride for phase in (*plan.row_phases, *plan.column_phases))
    if max(strides, default=1) > LONGEST_STRIDE:
        return "plain"
    if plan.groups > 1 or problem.dtype not in FAST_TYPES or not problem.packed.finite:
        return "plain"
    chosen = _choose_by_shape(plan)
    # Its rounding mixes neighbours: what asks for float64 asks for better.
    if chosen == "columns" and problem.dtype == np.float32 and _gains_by_winograd(plan):
        return "winograd"
    return chosen


def _choose_by_shape(plan: ConvolutionPlan) -> str:
    spacing = max(phase.spacing for phase in (*plan.row_phases, *plan.column_phases))
    stride = max(plan.row_phases[0].stride, plan.column_phases[0].stride)
    if fits_pixels(plan):
        return "pixels"
    if plan.channels <= FEW_CHANNELS and spacing == 1:
        return "toeplitz"
    if plan.filters <= FEW_FILTERS and stride == 1:
        return "planar"
    return "windows" if has_wide_kernels() and _gains_by_windows(plan) else "columns"


def _gains_by_windows(plan: ConvolutionPlan) -> bool:
    """Tell whether the faster products are worth the zeros around that they multiply, too.

    Where a transposed convolution is not cropped, each output at an edge is multiplied in full by
    windows; by columns each input is, and no zero.
    """
    rows, columns = (
        sum(phase.count * len(phase.taps) for phase in phases)
        for phases in (plan.row_phases, plan.column_phases)
    )
    by_columns = min(plan.pixels, plan.outputs) * plan.taps
    return fits_windows(plan) and plan.images * rows * columns <= WINDOWS_GAIN * by_columns


def _gains_by_winograd(plan: ConvolutionPlan) -> bool:
    """Tell whether the products that are saved are worth more than the sums that come instead."""
    many = min(plan.channels, plan.filters) >= WINOGRAD_CHANNELS
    return many and plan.pixels >= WINOGRAD_PIXELS and plan.taps > 1 and fits_winograd(plan)
