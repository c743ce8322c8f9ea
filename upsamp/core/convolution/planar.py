"""Convolution of many channels to few: one plane for each tap of the kernel, planes added shifted.

A single product, kernel^T times input^T, gives for each tap and filter what every pixel of the
input adds to the output, as planes whose rows lie in memory order: to add them shifted is all that
is left, and the few filters are put together at the end.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.phases import Phase, tap_range
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.products import multiply
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count

# The planes of a block, in elements.
BLOCK = 2**20
# Additions of fewer elements are not worth a second thread.
ALONE = 2**19


@dataclass(frozen=True)
class Step:
    """What the outputs of a phase of rows and one of columns are the sum of.

    taps: for each the row and column of the kernel, the rows and columns of the outputs, and those
    of the plane that are added.
    """

    count: tuple[int, int]
    outputs: tuple[slice, slice]
    taps: tuple[tuple[int, int, tuple[slice, slice], tuple[slice, slice]], ...]


@dataclass(frozen=True)
class Block:
    """Outputs that are computed together: the input rows and output rows, and their phases."""

    inputs: slice
    outputs: slice
    steps: tuple[Step, ...]


def convolve_planar(problem: Problem, block: int = BLOCK) -> None:
    """Compute a convolution of one group, block by block of `block` elements of planes."""
    plan = problem.plan
    (matrix,) = problem.matrices("planar", lambda: _pack(problem))
    image = plan.rows.length * plan.columns.length * len(matrix)
    images = max(1, block // image)
    most = max(phase.count for phase in plan.row_phases)
    rows = most if image <= block else max(1, block * most // image)
    for first in range(0, plan.images, images):
        some = slice(first, min(first + images, plan.images))
        for start in range(0, most, rows):
            _convolve_block(problem, some, _block(plan, start, min(start + rows, most)), matrix)


def _pack(problem: Problem) -> Matrices:
    """Return the kernel as (rows x columns x filters, C)."""
    kernel = problem.kernel().transpose(0, 1, 3, 2)
    return (np.ascontiguousarray(kernel).reshape(-1, problem.plan.channels),)


@lru_cache(maxsize=1024)
def _block(plan: ConvolutionPlan, start: int, stop: int) -> Block:
    """Plan the outputs from `start` to `stop` - 1 of each phase of the rows."""
    parts = [phase.part(start, stop) for phase in plan.row_phases]
    parts = [part for part in parts if part.count]
    reading = [part for part in parts if part.taps]
    first = max(0, min((part.start for part in reading), default=0))
    ends = (part.past + (part.count - 1) * part.stride for part in reading)
    inputs = slice(first, max(first, min(plan.rows.length, max(ends, default=0))))
    written = [part.outputs for part in parts]
    outputs = slice(min(part.start for part in written), max(part.stop for part in written))
    steps = [_step(plan, part, phase, inputs) for part in parts for phase in plan.column_phases]
    return Block(inputs, outputs, tuple(steps))


def _step(plan: ConvolutionPlan, rows: Phase, columns: Phase, inputs: slice) -> Step:
    length = inputs.stop - inputs.start
    shifted = Phase(
        0, 1, rows.count, rows.taps, rows.start - inputs.start, rows.stride, rows.spacing
    )
    taps = []
    for row, row_tap in enumerate(rows.taps):
        top, bottom, rows_in = tap_range(shifted, row, length)
        for column, column_tap in enumerate(columns.taps):
            left, right, columns_in = tap_range(columns, column, plan.columns.length)
            to = slice(top, bottom), slice(left, right)
            taps.append((row_tap, column_tap, to, (rows_in, columns_in)))
    count = rows.count, columns.count
    return Step(count, (rows.outputs, columns.outputs), tuple(taps))


def _convolve_block(problem: Problem, images: slice, block: Block, matrix: Array) -> None:
    """Compute the outputs of a block."""
    plan = problem.plan
    source = problem.source(images, block.inputs)
    pixels = source.reshape(-1, plan.channels).T
    planes = scratch("planar.planes", (len(matrix), pixels.shape[1]), problem.dtype)
    multiply(matrix, pixels, planes)
    planes = planes.reshape(*plan.kernel, plan.filters, *source.shape[:3])
    target = problem.result[images]
    # The outputs of two images have nothing in common, nor have those of two steps.
    by_image = len(target) >= len(block.steps)

    def add(run: range) -> None:
        start, stop = run.start, run.stop
        some = slice(start, stop) if by_image else slice(None)
        for step in block.steps if by_image else block.steps[start:stop]:
            _add_planes(planes[:, :, :, some], target[some], step)

    count = len(target) if by_image else len(block.steps)
    share(count, thread_count() if planes.size >= ALONE else 1, add)
    problem.end_rows(images, block.outputs, with_bias=True)


def _add_planes(planes: Array, target: Array, step: Step) -> None:
    """Add the planes that the phases of a step read, and store the sum."""
    total = scratch("planar.total", (*planes.shape[2:4], *step.count), planes.dtype)
    total[...] = 0
    for row, column, to, read in step.taps:
        part = total[:, :, to[0], to[1]]
        part += planes[row, column, :, :, read[0], read[1]]
    # One filter at a time: a strided store of all of them would run along their short axis.
    for index in range(planes.shape[2]):
        target[:, step.outputs[0], step.outputs[1], index] = total[index]
