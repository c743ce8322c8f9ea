"""Convolution to few filters: one product, and one gathering of what each output is the sum of.

The product gives for each tap and filter what every pixel of the input adds to the output. All
that the outputs are sums of is then taken by one call of NumPy, and summed by another: where a call
takes longer than what it adds, the fewest calls are the fastest.
"""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.geometry.phases import Axis, narrow
from upsamp.core.geometry.sizes import TransposedAxis
from upsamp.core.products import multiply
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count

# How many values are products of a weight, or are added, in a block of images or rows.
BLOCK = 2**18


def gathered_values(plan: ConvolutionPlan) -> int:
    """Return how many values are products of a weight, or are added, at the most."""
    return max(plan.pixels, plan.outputs) * plan.filters * plan.taps


def gathered_memory(plan: ConvolutionPlan) -> int:
    """Return how many elements `convolve_gathered` takes, with the places of a few blocks."""
    row = gathered_values(plan) // (plan.images * plan.rows.output)
    return 16 * max(BLOCK, (plan.kernel[0] * plan.rows.dilation + plan.rows.stride) * row)


def convolve_gathered(problem: Problem, block: int = BLOCK) -> None:
    """Compute a convolution of one group, in blocks of about `block` values."""
    plan = problem.plan
    (matrix,) = problem.matrices("gathered", lambda: _pack(problem))
    blocks = _blocks(plan, block)

    def work(run: range) -> None:
        for images, rows, axis, inputs in blocks[run.start : run.stop]:
            pixels = problem.source(images, inputs).reshape(-1, plan.channels)
            size = len(matrix) * len(pixels)
            parts = scratch("gathered.parts", (size + 1,), problem.dtype)
            multiply(matrix, pixels.T, parts[:size].reshape(len(matrix), -1))
            parts[size] = 0
            count = images.stop - images.start
            sources = _sources(plan.kernel, plan.filters, count, axis, plan.columns)
            gathered = scratch("gathered.gathered", sources.shape, problem.dtype)
            # All are within: in other modes, NumPy would gather into memory of its own.
            parts.take(sources, out=gathered, mode="clip")
            # Whole images, or rows of one: they lie behind each other.
            np.add.reduce(gathered, axis=0, out=problem.result[images, rows].reshape(-1))
            problem.end_rows(images, rows, with_bias=True)

    share(len(blocks), thread_count() if len(blocks) > 1 else 1, work)


@lru_cache(maxsize=256)
def _blocks(plan: ConvolutionPlan, block: int) -> tuple[tuple[slice, slice, Axis, slice], ...]:
    """Cut the outputs into images and rows, with the axis and the inputs of those rows."""
    height, unit = plan.rows.output, len(plan.row_phases)
    image = -(-gathered_values(plan) // plan.images)
    images = max(1, block // image)
    # Blocks that begin with the same phase read alike.
    rows = height if image <= block else max(1, height * block // (image * unit)) * unit
    parts = [slice(start, min(start + rows, height)) for start in range(0, height, rows)]
    return tuple(
        (slice(first, min(first + images, plan.images)), part, *_part(plan, part))
        for first in range(0, plan.images, images)
        for part in parts
    )


def _part(plan: ConvolutionPlan, outputs: slice) -> tuple[Axis, slice]:
    """Return the axis of some rows and the inputs that they read, and those inputs."""
    axis, taps = plan.rows, range(plan.kernel[0])
    reads = [narrow(*axis.tap(tap), outputs.start, outputs.stop)[1] for tap in taps]
    reads = [read for read in reads if read.start < read.stop]
    first = min((read.start for read in reads), default=0)
    inputs = slice(first, max((read.stop - (read.step or 1) + 1 for read in reads), default=first))
    moved = outputs.start, inputs.start * axis.stride
    if not isinstance(axis, TransposedAxis):
        moved = -outputs.start * axis.stride, -inputs.start
    before = axis.before + moved[0] - moved[1]
    length, output = inputs.stop - inputs.start, outputs.stop - outputs.start
    return replace(axis, length=length, output=output, before=before), inputs


def _pack(problem: Problem) -> Matrices:
    """Return the kernel as (rows x columns x filters, C)."""
    kernel = problem.kernel().transpose(0, 1, 3, 2)
    return (np.ascontiguousarray(kernel).reshape(-1, problem.plan.channels),)


@lru_cache(maxsize=8)  # of up to 2 MB each, as a rule
def _sources(kernel: Pair, filters: int, images: int, rows: Axis, columns: Axis) -> Array:
    """Return which parts each output of some images is the sum of, (most, outputs x filters).

    The parts are (rows and columns of the kernel, filters, N, H, W) and a zero after them, which
    stands where an output is the sum of fewer.
    """
    parts = (*kernel, filters, images, rows.length, columns.length)
    size = math.prod(parts)
    numbers = np.arange(size).reshape(parts)
    outputs = (images, rows.output, columns.output, filters)
    sources = np.full((math.prod(kernel), *outputs), size)
    for number, (row, column) in enumerate(np.ndindex(*kernel)):
        (rows_out, rows_in), (columns_out, columns_in) = rows.tap(row), columns.tap(column)
        read = numbers[row, column, :, :, rows_in, columns_in]
        sources[number, :, rows_out, columns_out] = np.moveaxis(read, 0, 3)
    # The parts come first, and what is zeros for every output is left out.
    sources = np.sort(sources.reshape(len(sources), -1), axis=0)
    return np.ascontiguousarray(sources[: np.count_nonzero((sources < size).any(axis=1))])
