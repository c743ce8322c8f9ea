"""Convolution of many channels to few: one plane for each tap of the kernel, planes added shifted.

A single product, kernel^T times input^T, gives for each tap and filter what every pixel of the
input adds to the output, as planes whose rows lie in memory order: to add them shifted is all that
is left, and the few filters are put together at the end.
"""

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.packing import Matrices
from upsamp.core.phases import Phase, tap_range
from upsamp.core.problem import Problem
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count

__all__ = ["convolve_planar"]

# The planes of a block, in elements.
BLOCK = 2**20
# Additions of fewer elements are not worth a second thread.
ALONE = 2**16


def convolve_planar(problem: Problem, block: int = BLOCK) -> None:
    """Compute a convolution of one group, block by block of `block` elements of planes."""
    plan = problem.plan
    planes = plan.taps * plan.filters
    (matrix,) = problem.matrices("planar", lambda: _pack(problem))
    image = plan.rows.length * plan.columns.length * planes
    images = max(1, block // image)
    most = max(phase.count for phase in plan.row_phases)
    rows = most if image <= block else max(1, block * most // image)
    for first in range(0, plan.images, images):
        some = slice(first, min(first + images, plan.images))
        for start in range(0, most, rows):
            _convolve_block(problem, some, (start, min(start + rows, most)), matrix)


def _pack(problem: Problem) -> Matrices:
    """Give the kernel as (rows x columns x filters, C)."""
    kernel = problem.kernel().transpose(0, 1, 3, 2)
    return (np.ascontiguousarray(kernel).reshape(-1, problem.plan.channels),)


def _convolve_block(problem: Problem, images: slice, block: tuple[int, int], matrix: Array) -> None:
    """Compute the outputs from block[0] to block[1] - 1 of each phase of the rows."""
    plan = problem.plan
    parts = [_part(phase, *block) for phase in plan.row_phases]
    reading = [part for part in parts if part.taps and part.count]
    first = max(0, min((part.start for part in reading), default=0))
    ends = (part.past + (part.count - 1) * part.stride for part in reading)
    rows = slice(first, max(first, min(plan.rows.length, max(ends, default=0))))
    source = problem.source(images, rows)
    pixels = source.reshape(-1, plan.channels).T
    planes = scratch("planar.planes", (len(matrix), pixels.shape[1]), problem.dtype)
    np.matmul(matrix, pixels, out=planes)
    planes = planes.reshape(*plan.kernel, plan.filters, *source.shape[:3])

    target = problem.result[images]
    pairs = [(part, phase) for part in parts if part.count for phase in plan.column_phases]
    # The outputs of two images have nothing in common, nor have those of two phases.
    by_image = len(planes[0, 0, 0]) >= len(pairs)

    def add(run: range) -> None:
        start, stop = run.start, run.stop
        some = slice(start, stop) if by_image else slice(None)
        for pair in pairs if by_image else pairs[start:stop]:
            _add_phases(planes[:, :, :, some], target[some], pair, rows.start)

    count = len(target) if by_image else len(pairs)
    share(count, thread_count() if planes.size >= ALONE else 1, add)
    written = [part.outputs for part in parts if part.count]
    outputs = slice(min(part.start for part in written), max(part.stop for part in written))
    problem.end_rows(images, outputs, with_bias=True)


def _part(phase: Phase, start: int, stop: int) -> Phase:
    """Give a phase's outputs from `start` to `stop` - 1 as a phase of their own."""
    return Phase(
        phase.first + start * phase.step,
        phase.step,
        max(0, min(stop, phase.count) - start),
        phase.taps,
        phase.start + start * phase.stride,
        phase.stride,
        phase.spacing,
    )


def _add_phases(planes: Array, target: Array, phases: tuple[Phase, Phase], first: int) -> None:
    """Add the planes that a phase of the rows and one of the columns read, and store the sum."""
    rows, columns = phases
    filters, images, length, width = planes.shape[2:]
    inner = Phase(0, 1, rows.count, rows.taps, rows.start - first, rows.stride, rows.spacing)
    shape = (filters, images, rows.count, columns.count)
    total = scratch("planar.total", shape, planes.dtype)
    total[...] = 0
    for row, row_tap in enumerate(rows.taps):
        top, bottom, rows_in = tap_range(inner, row, length)
        for column, column_tap in enumerate(columns.taps):
            left, right, columns_in = tap_range(columns, column, width)
            part = planes[row_tap, column_tap][:, :, rows_in, columns_in]
            total[:, :, top:bottom, left:right] += part
    # One filter at a time: a strided store of all of them would run along their short axis.
    for index in range(filters):
        target[:, rows.outputs, columns.outputs, index] = total[index]
