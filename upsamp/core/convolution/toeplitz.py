"""Convolution of few channels: blocks of pixels times a banded matrix.

The rows of the input are cut into overlapping blocks of pixels, and each block is laid out with
those above and below it behind each other, so that what an output row reads is one stretch of
memory. That times one matrix, which holds the kernel once for each pixel
(a Toeplitz matrix), gives a block of the output row with all phases of the columns and all filters
in it. The products are small, so that BLAS computes each in one thread, and the strips of
rows are divided among threads of our own.

The zeros of the matrices multiply neighbours too: strips with NaN or infinity are computed plainly.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.phases import Phase
from upsamp.core.convolution.problem import ConvolutionPlan, Problem, add_taps
from upsamp.core.products import multiply_small
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count

# The columns of a matrix: with fewer, BLAS is slow; with more, more of them are zeros.
WIDTH = 16
# The scratch of a strip, in elements: it should stay in a core's cache.
STRIP = 2**18
# Below this many multiplications, a second thread costs more than it gives.
ALONE = 2**20


@dataclass(frozen=True)
class Blocks:
    """How a plan is cut.

    pixels: the outputs of one phase in a block. margin: the first pixel that output 0 reads, as a
    rule negative. span: the pixels that a block reads, `advance` apart from block to block. count:
    how many blocks a row has, the last one perhaps in part. top: the first row that output row 0
    reads. deep: how many rows an output row of any phase reads.
    """

    pixels: int
    margin: int
    span: int
    advance: int
    count: int
    top: int
    deep: int


def block_pixels(plan: ConvolutionPlan) -> int:
    """Return how many outputs of each phase a block should have: a power of two."""
    most = max(phase.count for phase in plan.column_phases)
    pixels = 1
    while pixels < most and pixels * len(plan.column_phases) * plan.filters < WIDTH:
        pixels *= 2
    return pixels


@lru_cache(maxsize=256)
def _cut(plan: ConvolutionPlan, pixels: int) -> Blocks:
    columns = [phase for phase in plan.column_phases if phase.taps]
    rows = [phase for phase in plan.row_phases if phase.taps]
    margin = min((phase.start for phase in columns), default=0)
    past = max((phase.past for phase in columns), default=1)
    advance = pixels * plan.column_phases[0].stride
    top = min((phase.start for phase in rows), default=0)
    return Blocks(
        pixels,
        margin,
        past - margin + advance - plan.column_phases[0].stride,
        advance,
        -(-max(phase.count for phase in plan.column_phases) // pixels),
        top,
        max((phase.past for phase in rows), default=top + 1) - top,
    )


def convolve_toeplitz(problem: Problem, pixels: int | None = None, strip: int = STRIP) -> None:
    """Compute a convolution of one group, in blocks of `pixels` and strips of `strip` elements."""
    plan = problem.plan
    cut = _cut(plan, block_pixels(plan) if pixels is None else pixels)
    matrices = problem.matrices(("toeplitz", cut.pixels), lambda: _pack(problem, cut))
    most = max(phase.count for phase in plan.row_phases)
    rows = _strip_rows(plan, cut, strip)
    jobs = [(image, start) for image in range(plan.images) for start in range(0, most, rows)]

    def work(run: range) -> None:
        strip_scratch = _Scratch(problem, cut, rows)
        for image, start in jobs[run.start : run.stop]:
            strip_scratch.convolve(image, start, min(start + rows, most), matrices)

    effort = plan.outputs * plan.channels * plan.filters * plan.taps
    share(len(jobs), thread_count() if effort >= ALONE else 1, work)


def _strip_rows(plan: ConvolutionPlan, cut: Blocks, strip: int) -> int:
    """Return how many outputs of each phase of the rows a strip has at the most."""
    most = max(phase.count for phase in plan.row_phases)
    deep = strip // (cut.count * cut.span * plan.channels)
    rows = max(1, min(most, (deep - cut.deep) // plan.row_phases[0].stride + 1))
    # Equal strips, so that the threads end together.
    return -(-most // -(-most // rows))


def toeplitz_memory(plan: ConvolutionPlan, threads: int) -> int:
    """Return how many elements `convolve_toeplitz` takes, for its matrices and in each thread."""
    cut = _cut(plan, block_pixels(plan))
    lines = sum(phase.past - phase.start for phase in plan.row_phases if phase.taps)
    columns = cut.pixels * len(plan.column_phases) * plan.filters
    deep = (_strip_rows(plan, cut, STRIP) - 1) * plan.row_phases[0].stride + cut.deep
    width = cut.count * cut.span + (cut.count - 1) * cut.advance + cut.span
    # What the last blocks of the rows read is copied once more.
    width += cut.span
    return plan.channels * (lines * cut.span * columns + threads * deep * width)


def _pack(problem: Problem, cut: Blocks) -> Matrices:
    """Return (its rows x span x C, pixels x phases x filters) for each phase of the rows."""
    plan = problem.plan
    kernel = problem.kernel()
    phases = plan.column_phases
    stride = phases[0].stride
    matrices = []
    for rows in plan.row_phases:
        shape = (cut.span, plan.channels, cut.pixels, len(phases), plan.filters)
        deep = rows.past - rows.start if rows.taps else 0
        matrix = np.zeros((deep, *shape), problem.dtype)
        for (row, row_tap), (number, phase) in _pairs(rows, phases):
            for column, column_tap in enumerate(phase.taps):
                place = phase.start - cut.margin + column * phase.spacing
                for pixel in range(cut.pixels):
                    at = place + pixel * stride
                    matrix[row * rows.spacing, at, :, pixel, number] = kernel[row_tap, column_tap]
        lines = deep * cut.span * plan.channels
        matrices.append(matrix.reshape(lines, cut.pixels * len(phases) * plan.filters))
    return tuple(matrices)


def _pairs(
    rows: Phase, phases: tuple[Phase, ...]
) -> list[tuple[tuple[int, int], tuple[int, Phase]]]:
    return [(row, phase) for row in enumerate(rows.taps) for phase in enumerate(phases)]


class _Scratch:
    """The arrays in which one thread computes its strips."""

    def __init__(self, problem: Problem, cut: Blocks, rows: int) -> None:
        plan = problem.plan
        self.problem, self.cut = problem, cut
        self.stride = plan.row_phases[0].stride
        deep = (rows - 1) * self.stride + cut.deep
        width = (cut.count - 1) * cut.advance + cut.span
        shape = (cut.count, deep, cut.span * plan.channels)
        self.blocks = scratch("toeplitz.blocks", shape, problem.dtype)
        self.padded = scratch("toeplitz.padded", (deep, width, plan.channels), problem.dtype)
        self.padded[...] = 0
        # The rows of the result, each one line of elements.
        self.lines = problem.result.reshape(*problem.result.shape[:2], -1)

    def convolve(self, image: int, start: int, stop: int, matrices: Matrices) -> None:
        """Compute the outputs from `start` to `stop` - 1 of each phase of the rows of an image."""
        plan, step = self.problem.plan, self.problem.plan.row_phases[0].step
        images = slice(image, image + 1)
        outputs = slice(start * step, min(stop * step, plan.rows.output))
        if not self._load(image, start, stop):
            add_taps(self.problem, images, outputs)
            return
        for phase, matrix in zip(plan.row_phases, matrices, strict=True):
            count = min(stop, phase.count) - start
            target = self.lines[image, phase.first + start * step : outputs.stop : step]
            if count > 0 and not phase.taps:
                target[...] = 0
            elif count > 0:
                self._multiply(self._stretches(phase, count, len(matrix)), matrix, target)
        self.problem.end_rows(images, outputs, with_bias=True)

    def _load(self, image: int, start: int, stop: int) -> bool:
        """Lay the pixels of each block side by side; give whether all are finite."""
        plan, cut, padded = self.problem.plan, self.cut, self.padded
        top = cut.top + start * self.stride
        deep = (stop - start - 1) * self.stride + cut.deep
        first, last = max(0, -top), max(0, min(deep, plan.rows.length - top))
        left = max(0, -cut.margin)
        skip = max(0, cut.margin)
        width = min(plan.columns.length - skip, padded.shape[1] - left)
        padded[:first] = 0
        padded[max(first, last) : deep] = 0
        if last > first and width > 0:
            rows = self.problem.batch[image, top + first : top + last, skip : skip + width]
            padded[first:last, left : left + width] = rows
        # A sum with NaN or infinity in it is never finite.
        if not np.isfinite(padded[:deep].sum()):
            return False
        row, pixel = padded.strides[:2]
        shape = (cut.count, deep, self.blocks.shape[2])
        strides = (cut.advance * pixel, row, padded.itemsize)
        self.blocks[:, :deep] = np.ndarray(shape, padded.dtype, padded, 0, strides)
        return True

    def _stretches(self, phase: Phase, count: int, size: int) -> Array:
        """Return what each block of each output row of a phase reads: (rows, blocks, size)."""
        block, row, item = self.blocks.strides
        shape, strides = (count, self.cut.count, size), (row * self.stride, block, item)
        begin = (phase.start - self.cut.top) * row
        return np.ndarray(shape, self.blocks.dtype, self.blocks, begin, strides)

    def _multiply(self, stretches: Array, matrix: Array, target: Array) -> None:
        """Multiply (rows, blocks, size) and write into the rows of the result."""
        width = matrix.shape[1]
        full, rest = divmod(target.shape[1], width)
        if full:
            blocks = target[:, : full * width].reshape(len(target), full, width)
            multiply_small(stretches[:, :full], matrix, blocks)
        if rest:
            # The stretches of a block overlap from row to row: BLAS wants them apart.
            last = np.ascontiguousarray(stretches[:, full])[np.newaxis]
            multiply_small(last, matrix[:, :rest], target[np.newaxis, :, full * width :])
