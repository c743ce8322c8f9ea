"""The definition of a convolution in NumPy: one product for each tap of the kernel."""

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.geometry.phases import narrow

# The elements that are read and written at a time where each pixel is mixed by itself.
BLOCK = 2**20


def convolve_plainly(problem: Problem) -> None:
    """Compute a convolution of any setting, each tap over the whole image."""
    add_taps(problem, slice(0, problem.plan.images), slice(0, problem.plan.rows.output))


def add_taps(problem: Problem, images: slice, rows: slice) -> None:
    """Compute rows of the result by one product for each tap.

    Each output is the sum of just the inputs that it reads, so NaN and infinity stay with those.
    """
    plan = problem.plan
    problem.start_rows(images, rows)
    # In one order of memory, the sums do not depend on the layout that the kernel came in.
    kernel = problem.grouped.astype(problem.dtype, order="C", copy=False)
    for row, column in np.ndindex(*plan.kernel):
        rows_out, rows_in = narrow(*plan.rows.tap(row), rows.start, rows.stop)
        columns_out, columns_in = plan.columns.tap(column)
        part = problem.batch[images, rows_in, columns_in]
        part = part.astype(problem.dtype, order="C", copy=False)
        problem.result[images, rows_out, columns_out] += _mix(part, kernel[row, column])
    problem.end_rows(images, rows, with_bias=False)


def _mix(part: Array, kernel: Array) -> Array:
    """Mix the channels of every pixel: (N, H, W, C) times (groups, C / groups, F / groups)."""
    groups, channels, filters = kernel.shape
    images, rows, columns, _ = part.shape
    pixels = part.reshape(-1, groups, channels).transpose(1, 0, 2)
    mixed = np.empty((images * rows * columns, groups, filters), part.dtype)
    np.matmul(pixels, kernel, out=mixed.transpose(1, 0, 2))
    return mixed.reshape(images, rows, columns, groups * filters)


def fits_pixels(plan: ConvolutionPlan) -> bool:
    """Tell whether each output is a mixture of the channels of its own pixel only."""
    return plan.taps == 1 and all(
        axis.stride == 1 and axis.before == 0 and axis.length == axis.output
        for axis in (plan.rows, plan.columns)
    )


def convolve_pixels(problem: Problem, block: int = BLOCK) -> None:
    """Compute a convolution of one group whose kernel is one pixel: a product in place."""
    plan = problem.plan
    (matrix,) = problem.matrices("pixels", lambda: (np.ascontiguousarray(problem.kernel()[0, 0]),))
    rows = max(1, block // (plan.columns.length * (plan.channels + plan.filters)))
    for image, start in np.ndindex(plan.images, -(-plan.rows.length // rows)):
        part = slice(start * rows, min((start + 1) * rows, plan.rows.length))
        some = slice(image, image + 1), part
        target = problem.result[some].reshape(-1, plan.filters)
        np.matmul(problem.source(*some).reshape(-1, plan.channels), matrix, out=target)
        problem.end_rows(*some, with_bias=True)
