"""Convolution by products of matrices: what an output reads is one stretch of memory.

In a copy of some rows of the input the pixels that the rows of the kernel meet lie side by side, so
the pixels that the columns of the kernel meet besides follow each other, too: each output of a
phase is one stretch of that copy times one matrix. The stretches of neighbours overlap, and nothing
is copied for each. Those of one column of the outputs are equally far apart: they are the rows of a
product, and its result is written where it belongs. Where BLAS has kernels for small products, none
is so large that it would use its own threads, and blocks of the outputs are divided among ours.
"""

import math
from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.copies import Copy, Frame, copy_frame, make_frame
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.products import has_wide_kernels, multiply_small, row_unit
from upsamp.core.threads import share, thread_count

# The copy that a piece of the outputs reads, in elements: it should stay in a core's cache.
COPY = 2**18
# Below this many multiplications, a second thread costs more than it gives.
ALONE = 2**24
# Above, it is cut into a multiple of this many parts, however many threads there are: products of
# other heights may be summed in another order.
SHARES = 4
# The rows of a product: fewer have no time between calls; more gain nothing.
LOW, HIGH = 8, 36
# How many filters a matrix has at most.
WIDTH = 64


class Lane(NamedTuple):
    """Outputs of each row that read a copy alike.

    phase: that of the columns, and length: how many they are. residue: the copy has the columns
    residue, residue + dilation, ... of the input. begin: the pixel of the copy at which the first
    begins, and stride: from one to the next. taps: how many pixels each reads, each with all taps
    of the rows. output: the column of the first one, and step: to the next.
    """

    phase: int
    length: int
    residue: int
    begin: int
    stride: int
    taps: int
    output: int
    step: int

    def part(self, start: int, stop: int) -> "Lane":
        """Return the outputs from `start` to `stop` - 1."""
        return self._replace(
            length=max(0, min(stop, self.length) - start),
            begin=self.begin + start * self.stride,
            output=self.output + start * self.step,
        )


class Step(NamedTuple):
    """A copy of rows of the input, and the lanes that are computed of it in rows of the output.

    matrices: the number of those of the first phase of the columns; 0 taps read nothing.
    """

    outputs: slice
    frame: Frame
    lanes: tuple[Lane, ...]
    matrices: int


class Piece(NamedTuple):
    """Outputs that are computed together: the parts that the filters are cut into, and steps."""

    filters: range
    steps: tuple[Step, ...]


class Block(NamedTuple):
    """Complete rows of the outputs of some images, and the pieces that they are made of."""

    images: slice
    rows: slice
    pieces: tuple[Piece, ...]


def convolve_windows(problem: Problem, copy: int = COPY) -> None:
    """Compute a convolution of one group, with copies of about `copy` elements."""
    plan = problem.plan
    matrices = problem.matrices("windows", lambda: _pack(problem))
    pixels = min(plan.pixels, plan.outputs)
    effort = pixels * plan.channels * plan.filters * plan.taps
    # Without kernels for small products, the large ones are left to the threads of BLAS.
    shared = effort >= ALONE and has_wide_kernels()
    threads = thread_count() if shared else 1
    blocks, by_block = _tile(plan, SHARES if shared else 1, copy)

    def compute(some: tuple[Block, ...]) -> None:
        for block in some:
            share(len(block.pieces), 1 if by_block else threads, partial(compute_pieces, block))
            problem.end_rows(block.images, block.rows, with_bias=True)

    def compute_pieces(block: Block, run: range) -> None:
        for piece in block.pieces[run.start : run.stop]:
            _compute(problem, block.images, piece, matrices)

    if by_block:
        share(len(blocks), threads, lambda run: compute(blocks[run.start : run.stop]))
    else:
        compute(blocks)


def windows_memory(plan: ConvolutionPlan, threads: int) -> int:
    """Return how many elements `convolve_windows` takes in all threads, besides its matrices."""
    line = HIGH * plan.channels * max(len(phase.taps) for phase in plan.row_phases)
    return threads * max(COPY, *(line * (LOW * lane.stride + lane.taps) for lane in _lanes(plan)))


def _lanes(plan: ConvolutionPlan) -> list[Lane]:
    """Return the lanes of each row: those of a phase, and where it is dilated of a residue."""
    lanes = []
    for number, phase in enumerate(plan.column_phases):
        # Outputs that read columns of the same residue are this many apart.
        apart = phase.spacing // math.gcd(phase.stride, phase.spacing)
        for first in range(min(apart, phase.count)):
            begin, residue = divmod(phase.start + first * phase.stride, phase.spacing)
            lanes.append(
                Lane(
                    number,
                    -((first - phase.count) // apart),
                    residue,
                    begin,
                    apart * phase.stride // phase.spacing,
                    len(phase.taps),
                    phase.first + first * phase.step,
                    apart * phase.step,
                )
            )
    return lanes


@lru_cache(maxsize=256)
def _tile(plan: ConvolutionPlan, shares: int, copy: int) -> tuple[tuple[Block, ...], bool]:
    """Cut the outputs of each phase into blocks of a height that the products like.

    The blocks are many enough to be shared among threads, or, then it is False, their pieces
    are. A piece of a block has a copy of the input of about `copy` elements. shares: among how many
    threads the work should be easy to divide.
    """
    lanes = _lanes(plan)
    most = max(phase.count for phase in plan.row_phases)
    across = max(lane.length for lane in lanes)
    # Of low images several make a product together, where their rows are equally far apart.
    even = all(phase.count * phase.step == plan.rows.output for phase in plan.row_phases)
    low = -(-HIGH // most) if even else HIGH
    images = _cut(plan.images, low if most < HIGH else 1, shares)
    times = shares if len(images) == 1 and most >= shares * LOW else 1
    rows = _cut(most, HIGH, times, row_unit(min(plan.filters, WIDTH)))
    by_block = len(images) * len(rows) >= shares
    # What is divided has to be read in parts, and the rest by all: the kernel, or the input.
    heavy = plan.filters * plan.kernel[1] > plan.pixels
    matrices = -(-plan.filters // WIDTH)
    by_filters = not by_block and matrices >= shares and heavy
    parts = _cut(matrices, matrices, shares if by_filters else 1)

    line = max(1, *(len(phase.taps) for phase in plan.row_phases)) * plan.channels
    stretch = line * lanes[0].stride * len(images[0]) * len(rows[0])
    times = 1 if by_block or by_filters else shares
    columns = _cut(across, max(LOW, copy // stretch), times)
    blocks = []
    step = plan.row_phases[0].step
    for some in rows:
        pieces = tuple(
            Piece(
                part, tuple(_steps(plan, some, [lane.part(run.start, run.stop) for lane in lanes]))
            )
            for run, part in product(columns, parts)
        )
        outputs = slice(some.start * step, min(some.stop * step, plan.rows.output))
        blocks += [Block(slice(each.start, each.stop), outputs, pieces) for each in images]
    return tuple(blocks), by_block


def _cut(count: int, most: int, times: int = 1, unit: int = 1) -> list[range]:
    """Cut 0 to `count` into parts of about the same length, at most `most`, in units.

    There is a multiple of `times` of them where that can be, and all but the last are units.

    >>> _cut(10, 4, 2, 2)
    [range(0, 4), range(4, 6), range(6, 8), range(8, 10)]
    """
    units = -(-count // unit)
    parts = -(-count // max(unit, most // unit * unit))
    parts = min(units, -(-parts // times) * times)
    ends = [min(count, -(-units * part // parts) * unit) for part in range(parts + 1)]
    return [range(start, stop) for start, stop in pairwise(ends)]


def _steps(plan: ConvolutionPlan, run: range, lanes: list[Lane]) -> Iterator[Step]:
    """Yield a step for each residue of the columns and phase of the rows with outputs there."""
    lanes = [lane for lane in lanes if lane.length]
    for residue in sorted({lane.residue for lane in lanes}):
        alike = [lane for lane in lanes if lane.residue == residue]
        reading = [lane for lane in alike if lane.taps]
        left = min((lane.begin for lane in reading), default=0)
        ends = (lane.begin + (lane.length - 1) * lane.stride + lane.taps for lane in reading)
        moved = tuple(lane._replace(begin=lane.begin - left) for lane in alike)
        right = max(ends, default=left)
        for number, phase in enumerate(plan.row_phases):
            rows = phase.part(run.start, run.stop)
            if rows.count:
                frame = make_frame(plan, rows, range(left, right), residue)
                yield Step(rows.outputs, frame, moved, number * len(plan.column_phases))


def _pack(problem: Problem) -> Matrices:
    """Return (columns x rows x C, filters) for each phase of the rows and of the columns.

    Of each the filters are cut into several matrices, which follow each other.
    """
    kernel, plan = problem.kernel(), problem.plan
    matrices = []
    for rows, columns in product(plan.row_phases, plan.column_phases):
        part = kernel[np.ix_(rows.taps, columns.taps)].swapaxes(0, 1)
        matrix = part.reshape(-1, plan.filters)
        matrices += [
            np.ascontiguousarray(matrix[:, start : start + WIDTH])
            for start in range(0, plan.filters, WIDTH)
        ]
    return tuple(matrices)


def _compute(problem: Problem, images: slice, piece: Piece, matrices: Matrices) -> None:
    """Compute the outputs of a piece."""
    several = -(-problem.plan.filters // WIDTH)
    for step in piece.steps:
        copied = copy_frame(problem, images, step.frame)
        for lane, part in product(step.lanes, piece.filters):
            matrix = matrices[(step.matrices + lane.phase) * several + part]
            _multiply(problem, (images, step.outputs, part * WIDTH), lane, copied, matrix)


def _multiply(
    problem: Problem, to: tuple[slice, slice, int], lane: Lane, copied: Copy, matrix: Array
) -> None:
    """Compute the outputs of a lane; to: the images, the rows and the first of the filters.

    The rows of a product are those of the images, or the images, whichever are more.
    """
    result, item = problem.result, problem.dtype.itemsize
    by_image, by_row, by_column = result.strides[:3]
    begin = to[0].start * by_image + to[1].start * by_row + lane.output * by_column + to[2] * item
    by_row *= to[1].step or 1
    images, rows = copied.array.shape[:2]
    several, axis = (images, copied.image, by_image), (rows, copied.line, by_row)
    if by_image == rows * by_row:
        several, axis = (1, 0, 0), (images * rows, copied.line, by_row)
    elif images > rows:
        several, axis = axis, several
    columns = lane.length, lane.stride * copied.pixel, lane.step * by_column
    lengths, read, write = zip(columns, several, axis, strict=True)
    shape, strides = (*lengths, matrix.shape[1]), (*write, item)
    out = np.ndarray(shape, problem.dtype, result, begin, strides)
    if not len(matrix):
        out[...] = 0
        return
    shape, strides = (*lengths, len(matrix)), (*read, item)
    begin = lane.begin * copied.pixel
    windows = np.ndarray(shape, problem.dtype, copied.array, begin, strides)
    if has_wide_kernels():
        multiply_small(windows, matrix, out)
    else:
        np.matmul(windows, matrix, out=out)
