"""Convolution of many channels: what an output reads is one stretch of memory.

In a copy of some rows of the input the pixels that the rows of the kernel meet lie side by side, so
the pixels that the columns of the kernel meet besides follow each other, too: each output of a
phase is one stretch of that copy times one matrix. The stretches of neighbours overlap, and nothing
is copied for each. Those of one column of the outputs are equally far apart: they are the rows of a
product, and its result is written where it belongs. No product is so large that BLAS would use its
own threads, and blocks of the outputs are divided among threads of our own.

It is fast where BLAS reads the factors of such products in place, see `upsamp.core.products`.
"""

import math
from itertools import product

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.problem import Problem
from upsamp.core.convolution.window_plan import (
    WIDTH,
    Piece,
    Reading,
    Step,
    phase_groups,
    tile,
)
from upsamp.core.products import multiply_small
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count

# The copy that a piece of the outputs reads, in elements: it should stay in a core's cache.
COPY = 2**18
# The bytes that a cache holds together.
CACHE_LINE = 64
# Below this many multiplications, a second thread costs more than it gives.
ALONE = 2**24
# Above, it is cut into a multiple of so many parts, however many threads there are: products of
# other heights may be summed in another order.
SHARES = 4


def convolve_windows(problem: Problem, copy: int = COPY) -> None:
    """Compute a convolution of one group that fits, with copies of about `copy` elements."""
    plan = problem.plan
    groups = len(phase_groups(plan.row_phases)), len(phase_groups(plan.column_phases))
    matrices = problem.matrices(("windows", groups), lambda: _pack(problem))
    pixels = min(plan.pixels, plan.outputs)
    shared = pixels * plan.channels * plan.filters * plan.taps >= ALONE
    threads = thread_count() if shared else 1
    tiling = tile(plan, SHARES if shared else 1, copy)

    def compute(blocks: range) -> None:
        for block in tiling.blocks[blocks.start : blocks.stop]:
            for piece in block.pieces:
                _compute(problem, piece, matrices)
            problem.end_rows(block.images, block.rows, with_bias=True)

    if tiling.by_block:
        share(len(tiling.blocks), threads, compute)
        return
    pieces = [piece for block in tiling.blocks for piece in block.pieces]

    def compute_pieces(run: range) -> None:
        for piece in pieces[run.start : run.stop]:
            _compute(problem, piece, matrices)

    share(len(pieces), threads, compute_pieces)
    for block in tiling.blocks:
        problem.end_rows(block.images, block.rows, with_bias=True)


def _pack(problem: Problem) -> Matrices:
    """Return (phases, 1, 1, columns x rows x C, filters) for each group of rows and columns.

    Of each the filters are cut into several matrices, which follow each other.
    """
    kernel = problem.kernel()
    plan = problem.plan
    matrices = []
    for rows, columns in product(phase_groups(plan.row_phases), phase_groups(plan.column_phases)):
        parts = [kernel[np.ix_(row.taps, column.taps)] for row in rows for column in columns]
        matrix = np.stack([part.swapaxes(0, 1).reshape(-1, plan.filters) for part in parts])
        matrix = matrix.reshape(len(rows), len(columns), 1, 1, *matrix.shape[1:])
        matrices += [
            np.ascontiguousarray(matrix[..., start : start + WIDTH])
            for start in range(0, plan.filters, WIDTH)
        ]
    return tuple(matrices)


def _compute(problem: Problem, piece: Piece, matrices: Matrices) -> None:
    """Compute the outputs of a piece."""
    for step in piece.steps:
        lines = _copy(problem, piece.images, step)
        pixel = step.shape[2] * problem.plan.channels
        target = problem.result[piece.images, step.outputs, :, piece.filters]
        for reading in step.readings:
            out = target[:, :, reading.outputs]
            if reading.taps:
                out = out.reshape(len(out), *reading.shape, out.shape[3])
                _multiply(_windows(lines, pixel, reading), matrices, reading, out)
            else:
                out[...] = 0


def _copy(problem: Problem, images: slice, step: Step) -> Array:
    """Return (N, rows, pitch): rows of (columns, taps of the rows, C), with zeros around the input.

    What follows such a row up to the pitch is nothing.
    """
    count, rows, channels = images.stop - images.start, step.shape[0], problem.plan.channels
    size = math.prod(step.shape[1:]) * channels
    lines = scratch("windows.copied", (count, rows, _pitch(size, problem)), problem.dtype)
    copied = lines[:, :, :size].reshape(count, *step.shape, channels)
    copied[:, :, : step.place.start] = 0
    copied[:, :, step.place.stop :] = 0
    inner = copied[:, :, step.place]
    for index, (top, bottom, inputs) in enumerate(step.taps):
        if top:
            inner[:, :top, :, index] = 0
        if bottom < rows:
            inner[:, bottom:, :, index] = 0
        inner[:, top:bottom, :, index] = problem.batch[images, inputs, step.columns]
    return lines


def _pitch(size: int, problem: Problem) -> int:
    """Return how far apart rows of so many elements should be.

    A product reads many rows side by side. Where they are a power of two apart, they all have the
    same few places in a core's first cache, and are read from the next one again and again.
    """
    unit = CACHE_LINE // problem.dtype.itemsize
    return (-(-size // unit) | 1) * unit


def _windows(lines: Array, pixel: int, reading: Reading) -> Array:
    """Return (N, rows, their phases, columns, their phases, what one reads): stretches overlap.

    pixel: how many elements of a line a pixel has.
    """
    by_image, by_row, item = lines.strides
    down, to_phase, along, to_column_phase = reading.apart
    by_pixel = pixel * item
    windows: Array = np.ndarray(
        (len(lines), *reading.shape, reading.taps * pixel),
        lines.dtype,
        lines,
        reading.begin * by_pixel,
        (
            by_image,
            by_row * down,
            by_row * to_phase,
            by_pixel * along,
            by_pixel * to_column_phase,
            item,
        ),
    )
    return windows


def _multiply(windows: Array, matrices: Matrices, reading: Reading, out: Array) -> None:
    """Multiply (N, rows, their phases, columns, their phases, n) into (the same, filters).

    The rows of a product are those of the images, or the images, whichever are more.
    """
    images, rows, phases = windows.shape[:3]
    by_image, by_row = out.strides[:2]
    if images > 1 and phases == 1 and by_image == rows * by_row:
        windows, out = _merge(windows), _merge(out)
        images, rows = windows.shape[:2]
    order = (2, 4, 1, 3, 0, 5) if images > rows else (2, 4, 0, 3, 1, 5)
    windows, out = windows.transpose(order), out.transpose(order)
    start = 0
    for number in reading.matrices:
        matrix = matrices[number][reading.phases]
        stop = start + matrix.shape[5]
        multiply_small(windows, matrix, out[..., start:stop])
        start = stop


def _merge(array: Array) -> Array:
    """Return (N, rows, ...), whose rows are equally far apart, as (1, N x rows, ...)."""
    shape = (1, array.shape[0] * array.shape[1], *array.shape[2:])
    merged: Array = np.lib.stride_tricks.as_strided(array, shape, array.strides)
    return merged
