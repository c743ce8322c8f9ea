"""Convolution of a small image: one product, and one gathering of what each output is the sum of.

The product gives for each tap and filter what every pixel of the input adds to the output. All
that the outputs are sums of is then taken by one call of NumPy, and summed by another: where a call
takes longer than what it adds, the fewest calls are the fastest.
"""

from functools import lru_cache

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.products import multiply


def convolve_gathered(problem: Problem) -> None:
    """Compute a convolution of one group, with memory for each tap of each output."""
    plan = problem.plan
    (matrix,) = problem.matrices("gathered", lambda: _pack(problem))
    images, rows = slice(0, plan.images), slice(0, plan.rows.output)
    pixels = problem.source(images, slice(0, plan.rows.length)).reshape(-1, plan.channels)
    size = len(matrix) * len(pixels)
    parts = np.empty(size + 1, problem.dtype)
    multiply(matrix, pixels.T, parts[:size].reshape(len(matrix), -1))
    parts[size] = 0
    np.add.reduce(parts[_sources(plan)], axis=0, out=problem.result.reshape(-1))
    problem.end_rows(images, rows, with_bias=True)


def _pack(problem: Problem) -> Matrices:
    """Return the kernel as (rows x columns x filters, C)."""
    kernel = problem.kernel().transpose(0, 1, 3, 2)
    return (np.ascontiguousarray(kernel).reshape(-1, problem.plan.channels),)


@lru_cache(maxsize=16)  # of up to 2 MB each
def _sources(plan: ConvolutionPlan) -> Array:
    """Return which parts each output is the sum of, (most, outputs x filters).

    The parts are (rows and columns of the kernel, filters, N, H, W) and a zero after them, which
    stands where an output is the sum of fewer.
    """
    parts = (*plan.kernel, plan.filters, plan.images, plan.rows.length, plan.columns.length)
    size = plan.taps * plan.filters * plan.pixels
    numbers = np.arange(size).reshape(parts)
    outputs = (plan.images, plan.rows.output, plan.columns.output, plan.filters)
    sources = np.full((plan.taps, *outputs), size)
    for number, (row, column) in enumerate(np.ndindex(*plan.kernel)):
        (rows, rows_in), (columns, columns_in) = plan.rows.tap(row), plan.columns.tap(column)
        read = numbers[row, column, :, :, rows_in, columns_in]
        sources[number, :, rows, columns] = np.moveaxis(read, 0, 3)
    # The parts come first, and what is zeros for every output is left out.
    sources = np.sort(sources.reshape(plan.taps, -1), axis=0)
    return np.ascontiguousarray(sources[: np.count_nonzero((sources < size).any(axis=1))])
