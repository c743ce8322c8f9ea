"""Convolution of few channels: groups of pixels times a banded matrix.

What a group of neighbours of the output reads of each row is laid out for itself, with that of the
rows above and below it behind each other, so that what the group reads is one stretch of memory.
That times one matrix, which holds the kernel once for each pixel (a Toeplitz matrix), gives the
group with all phases of the columns and all filters in it. The groups of a row are the rows of a
product, and blocks of rows or images are divided among threads of our own.

The zeros of the matrices multiply neighbours too: blocks with NaN or infinity are computed plainly.
"""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.copies import Frame, copy_frame, make_frame
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.convolution.reference import add_taps
from upsamp.core.geometry.phases import Phase, first_reads
from upsamp.core.products import multiply_small
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count

# The columns of a matrix: with fewer, BLAS is slow; with more, more of them are zeros.
WIDTH = 16
# What the groups of a block read, in elements: it should stay in a core's cache.
COPY = 2**18
# Below this many multiplications, a second thread costs more than it gives.
ALONE = 2**22
# Above, there are this many blocks, however many threads there are: the last group of all rows of a
# block is one product, and products of other heights may be summed in another order.
SHARES = 4


class Groups(NamedTuple):
    """How the outputs of a row are cut: `total` groups, the last one possibly in part.

    pixels: the outputs of one phase in a group. begin: the input that the first group reads first,
    as a rule negative, and stride: from group to group. reads: how many inputs each reads. width:
    how many elements of the output it is.
    """

    pixels: int
    total: int
    begin: int
    stride: int
    reads: int
    width: int


@lru_cache(maxsize=256)
def _groups(plan: ConvolutionPlan, least: int) -> Groups:
    """Return the groups of the first power of two of pixels that make a matrix wide enough."""
    phases = plan.column_phases
    most, stride = max(phase.count for phase in phases), phases[0].stride
    pixels = 1
    while pixels < most and pixels * len(phases) * plan.filters < least:
        pixels *= 2
    begin, past = first_reads(phases)
    reads = past - begin + (pixels - 1) * stride
    width = pixels * len(phases) * plan.filters
    return Groups(pixels, -(-most // pixels), begin, pixels * stride, reads, width)


class Block(NamedTuple):
    """Complete rows of the outputs of some images, and what they read.

    phases: their parts of the phases of the rows. top: the first input row that is copied.
    """

    images: slice
    outputs: slice
    phases: tuple[Phase, ...]
    top: int
    frame: Frame


def convolve_toeplitz(problem: Problem, least: int = WIDTH, copy: int = COPY) -> None:
    """Compute a convolution of one group that is not dilated along its rows.

    least: the columns that a matrix has at least, and copy: the elements that a block reads.
    """
    plan = problem.plan
    groups = _groups(plan, least)
    matrices = problem.matrices(("toeplitz", groups.pixels), lambda: _pack(problem, groups))
    effort = min(plan.pixels, plan.outputs) * plan.channels * plan.filters * plan.taps
    blocks = _blocks(plan, groups, copy, SHARES if effort >= ALONE else 1)

    def work(run: range) -> None:
        for block in blocks[run.start : run.stop]:
            _compute(problem, groups, block, matrices)

    share(len(blocks), thread_count() if effort >= ALONE else 1, work)


@lru_cache(maxsize=256)
def _blocks(plan: ConvolutionPlan, groups: Groups, copy: int, shares: int) -> tuple[Block, ...]:
    """Cut the outputs into whole images, or rows of one: at least `shares` where there are."""
    most = max(phase.count for phase in plan.row_phases)
    rows = min(_block_rows(plan, groups, copy), -(-most * plan.images // shares))
    several = max(1, rows // most)
    # Equal blocks, so that the threads end together.
    rows = -(-most // -(-most // min(most, rows)))
    return tuple(
        _block(plan, groups, slice(first, min(first + several, plan.images)), start, start + rows)
        for first in range(0, plan.images, several)
        for start in range(0, most, rows)
    )


def _block_rows(plan: ConvolutionPlan, groups: Groups, copy: int) -> int:
    """Return how many outputs of each phase of the rows read about `copy` elements."""
    row = groups.total * groups.reads * plan.channels * plan.row_phases[0].stride
    return max(1, copy // row)


def _block(plan: ConvolutionPlan, groups: Groups, images: slice, start: int, stop: int) -> Block:
    """Plan the outputs from `start` to `stop` - 1 of each phase of the rows."""
    phases = tuple(phase.part(start, stop) for phase in plan.row_phases)
    reading = [rows for rows in phases if rows.count and rows.taps]
    top = min((rows.start for rows in reading), default=0)
    past = max((rows.past + (rows.count - 1) * rows.stride for rows in reading), default=top)
    pixels = range(groups.begin, groups.begin + (groups.total - 1) * groups.stride + groups.reads)
    frame = make_frame(plan, Phase(0, 1, past - top, (0,), top, 1, 1), pixels)
    step = phases[0].step
    outputs = slice(start * step, min(stop * step, plan.rows.output))
    return Block(images, outputs, phases, top, frame)


def toeplitz_memory(plan: ConvolutionPlan, threads: int) -> int:
    """Return how many elements `convolve_toeplitz` takes, for its matrices and in each thread."""
    groups = _groups(plan, WIDTH)
    deep = max((phase.past - phase.start for phase in plan.row_phases if phase.taps), default=1)
    most = plan.images * max(phase.count for phase in plan.row_phases)
    lines = min(most, _block_rows(plan, groups, COPY)) * plan.row_phases[0].stride + deep
    # The lines are copied, then those of each group, and those of the last groups once more.
    copied = lines * ((groups.total + 1) * (groups.reads + groups.stride))
    matrices = len(plan.row_phases) * deep * groups.reads * groups.width
    return plan.channels * (matrices + threads * copied)


def _pack(problem: Problem, groups: Groups) -> Matrices:
    """Return (its rows x reads x C, pixels x phases x filters) for each phase of the rows."""
    kernel, plan = problem.kernel(), problem.plan
    phases, matrices = plan.column_phases, []
    for rows in plan.row_phases:
        deep = rows.past - rows.start if rows.taps else 0
        shape = (deep, groups.reads, plan.channels, groups.pixels, len(phases), plan.filters)
        matrix = np.zeros(shape, problem.dtype)
        for (number, phase), pixel in product(enumerate(phases), range(groups.pixels)):
            start = phase.start - groups.begin + pixel * phase.stride
            for column, tap in enumerate(phase.taps):
                place = matrix[:: rows.spacing, start + column, :, pixel, number]
                place[...] = kernel[list(rows.taps), tap]
        matrices.append(matrix.reshape(deep * groups.reads * plan.channels, groups.width))
    return tuple(matrices)


def _compute(problem: Problem, groups: Groups, block: Block, matrices: Matrices) -> None:
    """Compute a block of the outputs."""
    images, outputs = block.images, block.outputs
    lines = _read(problem, groups, block)
    # A sum with NaN or infinity in it is never finite.
    if not np.isfinite(lines.sum()):
        add_taps(problem, images, outputs)
        return
    result = problem.result[images].reshape(lines.shape[0], problem.plan.rows.output, -1)
    for rows, matrix in zip(block.phases, matrices, strict=True):
        if rows.count and rows.taps:
            part = lines[:, :, rows.start - block.top :]
            _multiply(part, rows, matrix, result[:, rows.outputs])
        elif rows.count:
            result[:, rows.outputs] = 0
    problem.end_rows(images, outputs, with_bias=True)


def _read(problem: Problem, groups: Groups, block: Block) -> Array:
    """Return (N, groups, rows, reads x C), each group in memory of its own."""
    copied = copy_frame(problem, block.images, block.frame)
    count, rows = copied.array.shape[:2]
    shape = (count, groups.total, rows, groups.reads * problem.plan.channels)
    strides = (copied.image, groups.stride * copied.pixel, copied.line, problem.dtype.itemsize)
    lines = scratch("toeplitz.lines", shape, problem.dtype)
    lines[...] = np.ndarray(shape, problem.dtype, copied.array, 0, strides)
    return lines


def _multiply(lines: Array, rows: Phase, matrix: Array, target: Array) -> None:
    """Multiply what each group of each row reads, and write into the rows of the result."""
    size, width = matrix.shape
    by_image, by_group, by_row, item = lines.strides
    shape = (len(lines), rows.count, lines.shape[1], size)
    strides = (by_image, rows.stride * by_row, by_group, item)
    windows = np.lib.stride_tricks.as_strided(lines, shape, strides)
    whole, rest = divmod(target.shape[2], width)
    if whole:
        out = target[:, :, : whole * width].reshape(*shape[:2], whole, width)
        multiply_small(windows[:, :, :whole], matrix, out)
    if rest:
        # What a group reads overlaps from row to row: BLAS wants it apart.
        last = np.ascontiguousarray(windows[:, :, whole])
        multiply_small(last, matrix[:, :rest], target[:, :, whole * width :])
