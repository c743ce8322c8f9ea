"""Which algorithm computes a convolution: chosen by its shape, and loaded when it is chosen."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib import import_module

import numpy as np

from upsamp.core.convolution.gathered import gathered_memory, gathered_values
from upsamp.core.convolution.geometry import TransposedAxis
from upsamp.core.convolution.native import fits_native, native_memory
from upsamp.core.convolution.problem import ConvolutionPlan, Problem, add_taps
from upsamp.core.native.library import kernels
from upsamp.core.products import has_wide_kernels

# BLAS knows these types alone.
FAST_TYPES = (np.dtype(np.float32), np.dtype(np.float64))
# How many values are gathered in the time of a few calls, where native kernels take longer, too.
GATHERED = 2**14
FEW_CHANNELS = 8
FEW_FILTERS = 4
# From more channels than this, products of matrices are faster than native kernels.
NATIVE_CHANNELS = 256
# Images of fewer pixels are too small to be cut into blocks one by one.
LARGE_IMAGE = 2**11
# Where BLAS has wide kernels, products of blocks pay up to more channels.
WIDE_CHANNELS = 32
# Measured: the multiplications that windows do in the time of one by columns.
WINDOWS_GAIN = 1.6
# The plain way multiplies only what is needed, and takes about this many times as long for each.
CROPPED = 4
# A longer stride than any image has pixels would not fit the strides of an array's memory.
LONGEST_STRIDE = 2**20
# More phases take longer to plan than what is between the outputs of a few takes to be set to 0.
MOST_PHASES = 2**10
# The blocks of the algorithms, in elements: of one thread, and of those that all share.
THREAD_ELEMENTS, SHARED_ELEMENTS = 2**18, 2**21


def convolve_plainly(problem: Problem) -> None:
    """Compute a convolution by one product for each tap over the whole image: any setting."""
    add_taps(problem, slice(0, problem.plan.images), slice(0, problem.plan.rows.output))


def _loaded(module: str, function: str) -> Callable[[Problem], None]:
    """Return an algorithm that is imported when it is first run: no command needs them all."""

    @cache
    def load() -> Callable[[Problem], None]:
        loaded: Callable[[Problem], None] = getattr(
            import_module(f"upsamp.core.convolution.{module}"), function
        )
        return loaded

    def convolve(problem: Problem) -> None:
        load()(problem)

    return convolve


ALGORITHMS: Mapping[str, Callable[[Problem], None]] = {
    "plain": convolve_plainly,
    "columns": _loaded("columns", "convolve_columns"),
    "gathered": _loaded("gathered", "convolve_gathered"),
    "native": _loaded("native", "convolve_native"),
    "pixels": _loaded("columns", "convolve_pixels"),
    "toeplitz": _loaded("toeplitz", "convolve_toeplitz"),
    "windows": _loaded("windows", "convolve_windows"),
}


def fits_pixels(plan: ConvolutionPlan) -> bool:
    """Tell whether each output is a mixture of the channels of its own pixel alone."""
    return plan.taps == 1 and all(
        axis.stride == 1 and axis.before == 0 and axis.length == axis.output
        for axis in (plan.rows, plan.columns)
    )


def fits_windows(plan: ConvolutionPlan) -> bool:
    """Tell whether the pixels that an output reads follow each other in each row."""
    return all(phase.spacing == 1 or len(phase.taps) <= 1 for phase in plan.column_phases)


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
    width = plan.columns.length
    if name == "plain":  # what a tap reads, and what it gives
        rows = -(-plan.rows.output // plan.rows.stride) + 1
        return taken + plan.images * rows * width * (plan.channels + plan.filters)
    if name == "gathered":
        return taken + gathered_memory(plan)
    # What the taps of a row read, or give, side by side.
    wide = max(len(phase.taps) for phase in plan.column_phases) * plan.channels
    return taken + (width + plan.kernel[1]) * (wide + plan.kernel[0] * plan.filters)


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
    if (wide or plan.channels <= FEW_CHANNELS) and _gains_by_windows(plan):
        return "windows"
    return "plain" if _crops_most(plan) else "columns"


def _choose_for_few(plan: ConvolutionPlan, stride: int, *, wide: bool, native: bool) -> str | None:
    """Return the name of what is made for few channels in or out, None where others are as good."""
    channels, filters = plan.channels, plan.filters
    if min(channels, filters) <= FEW_CHANNELS and gathered_values(plan) <= GATHERED:
        return "gathered"
    few = native and filters <= FEW_CHANNELS and channels <= NATIVE_CHANNELS
    if few and fits_native(plan):
        return "native"
    # What is gathered is worth it for what each value is the sum of.
    gathers = 2 * filters < channels and filters <= FEW_FILTERS and stride == 1
    large = plan.rows.length * plan.columns.length >= LARGE_IMAGE
    if not large and channels == filters == 1 and plan.images > 1:
        return "columns"
    blocks = large or (filters <= FEW_CHANNELS and not gathers)
    if blocks and _gains_by_blocks(plan, wide):
        return "toeplitz"
    return "gathered" if gathers and not _crops_most(plan) else None


def _gains_by_blocks(plan: ConvolutionPlan, wide: bool) -> bool:
    """Tell whether the channels are so few that the zeros of a block's matrix cost little."""
    if any(phase.spacing != 1 for phase in (*plan.row_phases, *plan.column_phases)):
        return False
    more = wide and 1 < plan.filters <= FEW_FILTERS
    return plan.channels <= (WIDE_CHANNELS if more else FEW_CHANNELS)


def _gains_by_windows(plan: ConvolutionPlan) -> bool:
    """Tell whether the faster products are worth the zeros around that they multiply, too.

    Where a transposed convolution is not cropped, each output at an edge is multiplied in full by
    windows; by columns each input is, and no zero.
    """
    by_columns = min(plan.pixels, plan.outputs) * plan.taps
    return fits_windows(plan) and _summed(plan) <= WINDOWS_GAIN * by_columns


def _summed(plan: ConvolutionPlan) -> int:
    """Return of how many products of a pixel, or a zero beside, and a tap the outputs are sums."""
    rows, columns = (
        sum(phase.count * len(phase.taps) for phase in phases)
        for phases in (plan.row_phases, plan.column_phases)
    )
    return plan.images * rows * columns


def _crops_most(plan: ConvolutionPlan) -> bool:
    """Tell whether most of what each input gives through each tap lies outside the output.

    So it is in a strip of an image whose kernel reaches far beyond the strip.
    """
    return plan.pixels * plan.taps > CROPPED * _summed(plan)
