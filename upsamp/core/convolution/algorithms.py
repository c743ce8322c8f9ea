"""Which algorithm computes a convolution: chosen by its shape, and loaded when it is chosen."""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module

import numpy as np

from upsamp.core.convolution.gathered import gathered_memory, gathered_values
from upsamp.core.convolution.native import fits_native, native_memory
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.convolution.reference import fits_pixels
from upsamp.core.geometry.sizes import TransposedAxis
from upsamp.core.native.library import kernels
from upsamp.core.products import has_wide_kernels

# BLAS knows these types only.
FAST_TYPES = (np.dtype(np.float32), np.dtype(np.float64))
# How many values are gathered in the time of a few calls, where native kernels take longer, too.
GATHERED = 2**14
FEW_CHANNELS, FEW_FILTERS = 8, 4
# From more channels than this, products of matrices are faster than native kernels.
NATIVE_CHANNELS = 256
# In images of this many pixels Toeplitz matrices pay up to more channels, if BLAS has wide kernels.
LARGE_IMAGE, WIDE_CHANNELS = 2**11, 32
# An algorithm that multiplies this many times what is needed is slower than the plain one, which
# multiplies nothing else; but that one has as many calls as taps, however few pixels there are.
WASTE, FEW_PIXELS = 4, 16
# Columns that are farther apart are read one tap at a time.
MAX_SPACING = 4
# A longer stride than any image has pixels would not fit the strides of an array's memory.
LONGEST_STRIDE = 2**20
# More phases take longer to plan than what is between the outputs of a few takes to be set to 0.
MOST_PHASES = 2**10
# The blocks of the algorithms, in elements: of one thread, and of those that all share.
THREAD_ELEMENTS, SHARED_ELEMENTS = 2**18, 2**21

# The module of each algorithm, and its function there.
ALGORITHMS = {
    "plain": ("reference", "convolve_plainly"),
    "pixels": ("reference", "convolve_pixels"),
    "gathered": ("gathered", "convolve_gathered"),
    "native": ("native", "convolve_native"),
    "toeplitz": ("toeplitz", "convolve_toeplitz"),
    "windows": ("windows", "convolve_windows"),
}


@lru_cache(maxsize=len(ALGORITHMS))
def load_algorithm(name: str) -> Callable[[Problem], None]:
    """Return an algorithm, which is imported when it is first run: no command needs them all."""
    module, function = ALGORITHMS[name]
    loaded: Callable[[Problem], None] = getattr(
        import_module(f"upsamp.core.convolution.{module}"), function
    )
    return loaded


def choose_algorithm(problem: Problem) -> str:
    """Return the name of the algorithm that is fast for a problem.

    The plain one where another does not apply: groups, other types than BLAS knows, and kernels
    with NaN or infinity, as the others multiply the zeros around an image too.
    """
    if not problem.packed.finite:
        return "plain"
    return _choose(problem.plan, problem.dtype)


def _choose(plan: ConvolutionPlan, dtype: np.dtype[np.floating]) -> str:
    native = kernels() is not None
    return _choose_by_plan(plan, dtype, wide=has_wide_kernels(), native=native)


def needed_elements(plan: ConvolutionPlan, dtype: np.dtype[np.floating], threads: int) -> int:
    """Return how many elements the algorithm for a plan takes at most, besides its arrays."""
    name = _choose(plan, dtype)
    # Blocks in each thread, and one for all.
    taken = threads * THREAD_ELEMENTS + SHARED_ELEMENTS
    if name == "native":
        return taken + native_memory(plan, threads)
    if name == "toeplitz":
        from upsamp.core.convolution.toeplitz import toeplitz_memory  # loaded when it is run

        return taken + toeplitz_memory(plan, threads)
    if name == "windows":
        from upsamp.core.convolution.windows import windows_memory

        return taken + windows_memory(plan, threads)
    if name == "gathered":
        return taken + gathered_memory(plan)
    if name == "pixels":
        return taken
    # What a tap reads, and what it gives.
    rows = -(-plan.rows.output // plan.rows.stride) + 1
    return taken + plan.images * rows * plan.columns.length * (plan.channels + plan.filters)


@lru_cache(maxsize=256)
def _choose_by_plan(
    plan: ConvolutionPlan, dtype: np.dtype[np.floating], *, wide: bool, native: bool
) -> str:
    """Return the name by what is the same at each call of a layer.

    wide: BLAS has kernels for small products; native: our own are there.
    """
    transposed = isinstance(plan.rows, TransposedAxis)
    stride = max(plan.rows.stride, plan.columns.stride)
    too_long = stride > (MOST_PHASES if transposed else LONGEST_STRIDE)
    if plan.groups > 1 or dtype not in FAST_TYPES or too_long:
        return "plain"
    if fits_pixels(plan):
        return "pixels"
    few = _choose_for_few(plan, 1 if transposed else stride, wide=wide, native=native)
    if few is not None:
        return few
    return "windows" if _gains_by_windows(plan, wide) else "plain"


def _choose_for_few(plan: ConvolutionPlan, stride: int, *, wide: bool, native: bool) -> str | None:
    """Return the name of what is made for few channels in or out, None where others are as good."""
    channels, filters = plan.channels, plan.filters
    if min(channels, filters) <= FEW_CHANNELS and gathered_values(plan) <= GATHERED:
        return "gathered"
    if plan.pixels == 1 and plan.outputs >= plan.taps:  # one vector times all of the kernel
        return "gathered"
    few = native and filters <= FEW_CHANNELS and channels <= NATIVE_CHANNELS
    if few and fits_native(plan):
        return "native"
    large = plan.rows.length * plan.columns.length >= LARGE_IMAGE
    # What is gathered is worth it for what each value is the sum of.
    gathers = 2 * filters < channels and filters <= FEW_FILTERS and stride <= (1 if wide else 2)
    most = WIDE_CHANNELS if large and wide and 1 < filters <= FEW_FILTERS else FEW_CHANNELS
    phases = (*plan.row_phases, *plan.column_phases)
    if channels <= most and (large or not gathers) and all(one.spacing == 1 for one in phases):
        return "toeplitz"
    wasted = plan.pixels * plan.taps > WASTE * _summed(plan)
    return "gathered" if gathers and not wasted else None


def _gains_by_windows(plan: ConvolutionPlan, wide: bool) -> bool:
    """Tell whether products of windows are faster than one product for each tap."""
    if any(phase.spacing > MAX_SPACING for phase in plan.column_phases if len(phase.taps) > 1):
        return False
    if not wide and plan.rows.stride >= plan.kernel[0] and plan.columns.stride >= plan.kernel[1]:
        return False
    # Phases that no tap reaches are set to 0 at once by the plain way, and one by one by windows.
    if len(plan.row_phases) * len(plan.column_phases) > WASTE * plan.taps:
        return False
    few = plan.pixels < FEW_PIXELS
    return few or _summed(plan) <= WASTE * min(plan.pixels, plan.outputs) * plan.taps


def _summed(plan: ConvolutionPlan) -> int:
    """Return of how many products of a pixel, or a zero beside, and a tap the outputs are sums.

    Where few inputs give to many outputs, as in a transposed convolution that is not cropped, most
    are zeros; in a strip of an image beyond which the kernel reaches, there are fewer than each
    input has.
    """
    rows, columns = (
        sum(phase.count * len(phase.taps) for phase in phases)
        for phases in (plan.row_phases, plan.column_phases)
    )
    return plan.images * rows * columns
