"""Convolution of many channels: the taps of a row side by side, one product, and rows added.

For each phase of the columns the pixels that its taps read lie side by side in a small array, for
a block of rows. One matrix product with all rows of the kernel gives what each row of the input
adds to the rows of the output; those parts are added where they belong. So no input is copied more
often than the kernel has columns, and the products are large: they are left to BLAS' own threads.
"""

import math

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.geometry import TransposedAxis
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.phases import Phase, RowClass, narrow, row_classes, tap_range
from upsamp.core.convolution.problem import Problem
from upsamp.core.scratch import scratch

# The scratch of a block, in elements: small enough for a cache, large enough for BLAS.
BLOCK = 2**20


def convolve_pixels(problem: Problem) -> None:
    """Compute a convolution of one group whose kernel is one pixel: a product in place."""
    plan = problem.plan
    (matrix,) = problem.matrices("pixels", lambda: (np.ascontiguousarray(problem.kernel()[0, 0]),))
    rows = max(1, BLOCK // (plan.columns.length * (plan.channels + plan.filters)))
    for image in range(plan.images):
        for start in range(0, plan.rows.length, rows):
            some = slice(image, image + 1), slice(start, min(start + rows, plan.rows.length))
            target = problem.result[some].reshape(-1, plan.filters)
            np.matmul(problem.source(*some).reshape(-1, plan.channels), matrix, out=target)
            problem.end_rows(*some, with_bias=True)


def convolve_columns(problem: Problem, block: int = BLOCK) -> None:
    """Compute a convolution of one group, block by block of `block` elements of scratch."""
    plan = problem.plan
    classes = row_classes(plan.rows, plan.kernel[0])
    matrices = problem.matrices(("columns", classes), lambda: _pack(problem, classes))
    widest = max(
        phase.count * (len(phase.taps) * plan.channels + plan.kernel[0] * plan.filters)
        for phase in plan.column_phases
    )
    rows = max(1, block // widest)
    images = max(1, rows // plan.rows.length)
    rows = min(rows, plan.rows.length)
    step = plan.rows.stride if not isinstance(plan.rows, TransposedAxis) else 1
    rows = min(plan.rows.length, -(-rows // step) * step)
    for image in range(0, plan.images, images):
        some = slice(image, min(image + images, plan.images))
        reached = done = 0
        for start in range(0, plan.rows.length, rows):
            stop = min(start + rows, plan.rows.length)
            last = stop == plan.rows.length
            reach = plan.rows.output if last else max(reached, _reach(problem, stop))
            problem.start_rows(some, slice(reached, reach))
            reached = reach
            for number, (rows_of, phase) in enumerate(_pairs(problem, classes)):
                if phase.taps:
                    _add_block(problem, some, (start, stop), rows_of, phase, matrices[number])
            settled = plan.rows.output if last else max(done, min(reached, _settled(problem, stop)))
            problem.end_rows(some, slice(done, settled), with_bias=False)
            done = settled


def _pairs(problem: Problem, classes: tuple[RowClass, ...]) -> list[tuple[RowClass, Phase]]:
    return [(rows, phase) for rows in classes for phase in problem.plan.column_phases]


def _pack(problem: Problem, classes: tuple[RowClass, ...]) -> Matrices:
    """Return (taps x C, kernel rows x filters) for each class of rows and phase of columns."""
    kernel = problem.kernel()
    channels, filters = kernel.shape[2:]
    matrices = []
    for rows, phase in _pairs(problem, classes):
        part = kernel[np.ix_(rows.taps, phase.taps)].transpose(1, 2, 0, 3)
        shape = len(phase.taps) * channels, len(rows.taps) * filters
        matrices.append(np.ascontiguousarray(part).reshape(shape))
    return tuple(matrices)


def _reach(problem: Problem, stop: int) -> int:
    """Return the output row before which all lie that the input rows before `stop` add to."""
    plan = problem.plan
    ends = (narrow(*plan.rows.tap(tap)[::-1], 0, stop)[1] for tap in range(plan.kernel[0]))
    return max(
        (part.stop - (part.step or 1) + 1 for part in ends if part.stop > part.start), default=0
    )


def _settled(problem: Problem, start: int) -> int:
    """Return the first output row that input rows from `start` on add to."""
    plan = problem.plan
    length = plan.rows.length
    parts = (narrow(*plan.rows.tap(tap)[::-1], start, length)[1] for tap in range(plan.kernel[0]))
    return min((part.start for part in parts if part.stop > part.start), default=plan.rows.output)


def _add_block(
    problem: Problem,
    images: slice,
    block: tuple[int, int],
    rows: RowClass,
    phase: Phase,
    matrix: Array,
) -> None:
    """Add what the rows of a class within a block give to the outputs of a phase."""
    plan = problem.plan
    first = block[0] + (rows.first - block[0]) % rows.step
    if first >= block[1]:
        return
    patches = _gather(problem, images, slice(first, block[1], rows.step), phase)
    images_rows = patches.shape[:2]
    shape = (math.prod(patches.shape[:3]), matrix.shape[1])
    product = scratch("columns.product", shape, problem.dtype)
    np.matmul(patches.reshape(-1, len(matrix)), matrix, out=product)
    product = product.reshape(*images_rows, phase.count, len(rows.taps), plan.filters)
    for index, tap in enumerate(rows.taps):
        inputs, outputs = narrow(*plan.rows.tap(tap)[::-1], *block)
        from_row = (inputs.start - first) // rows.step
        count = (inputs.stop - inputs.start) // (inputs.step or 1)
        target = problem.result[images, outputs, phase.outputs]
        target += product[:, from_row : from_row + count, :, index]


def _gather(problem: Problem, images: slice, rows: slice, phase: Phase) -> Array:
    """Return what a phase reads: (N, rows, its outputs, taps x C), with zeros at the edges."""
    plan = problem.plan
    source = problem.source(images, rows)
    if len(phase.taps) == 1 and tap_range(phase, 0, plan.columns.length)[:2] == (0, phase.count):
        return source[:, :, tap_range(phase, 0, plan.columns.length)[2]]
    shape = (*source.shape[:2], phase.count, len(phase.taps), plan.channels)
    patches = scratch("columns.patches", shape, problem.dtype)
    for index in range(len(phase.taps)):
        start, stop, inputs = tap_range(phase, index, plan.columns.length)
        patches[:, :, :start, index] = 0
        patches[:, :, start:stop, index] = source[:, :, inputs]
        patches[:, :, stop:, index] = 0
    return patches
