"""Convolution of many channels: what an output reads is one stretch of memory.

In a copy of some rows of the input the pixels that the rows of the kernel meet lie side by side, so
the pixels that the columns of the kernel meet besides follow each other, too: each output of a
phase is one stretch of that copy times one matrix. The stretches of neighbours overlap, and nothing
is copied for each. Those of one column of the outputs are equally far apart: they are the rows of a
product, and its result is written where it belongs. No product is so large that BLAS would use its
own threads, and blocks of the outputs are divided among threads of our own.

It is fast where BLAS reads the factors of such products in place, see `upsamp.core.products`.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.packing import Matrices
from upsamp.core.phases import Phase, tap_range
from upsamp.core.problem import ConvolutionPlan, Problem
from upsamp.core.products import multiply_small, row_unit
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count

__all__ = ["convolve_windows", "fits_windows"]

# The copy that a piece of the outputs reads, in elements: it should stay in a core's cache.
COPY = 2**18
# The rows of a product: fewer have no time between calls; more gain nothing.
LOW, HIGH = 8, 36
# How many filters a matrix has, which is read from a cache again and again: for outputs that read
# more numbers than the third, fewer.
WIDE, NARROW, DEEP = 64, 32, 2400
# Below so many multiplications, a second thread costs more than it gives.
ALONE = 2**24


@dataclass(frozen=True)
class Piece:
    """Outputs that are computed together: images, and of each phase rows, columns and filters."""

    images: range
    rows: range
    columns: range
    # A part of the matrices that each phase has, one behind the other.
    matrices: slice


@dataclass(frozen=True)
class Tiling:
    """How a plan is cut. Each block has complete rows of the outputs; all its pieces make it."""

    blocks: tuple[tuple[Piece, ...], ...]
    # Whether each thread takes blocks, else the pieces of each block are shared.
    by_block: bool


def fits_windows(plan: ConvolutionPlan) -> bool:
    """Tell whether the pixels that an output reads follow each other in each row."""
    return all(phase.spacing == 1 or len(phase.taps) <= 1 for phase in plan.column_phases)


def convolve_windows(problem: Problem, copy: int = COPY) -> None:
    """Compute a convolution of one group that fits, with copies of about `copy` elements."""
    plan = problem.plan
    taps = tuple(phase.taps for phase in (*plan.row_phases, *plan.column_phases))
    matrices = problem.matrices(("windows", taps), lambda: _pack(problem))
    threads = thread_count() if _multiplications(plan) >= ALONE else 1
    tiling = _tile(plan, threads, copy)

    def compute(blocks: range) -> None:
        for block in tiling.blocks[blocks.start : blocks.stop]:
            for piece in block:
                _compute_piece(problem, piece, matrices)
            _end(problem, block[0])

    if tiling.by_block:
        share(len(tiling.blocks), threads, compute)
        return
    pieces = [piece for block in tiling.blocks for piece in block]

    def compute_pieces(run: range) -> None:
        for piece in pieces[run.start : run.stop]:
            _compute_piece(problem, piece, matrices)

    share(len(pieces), threads, compute_pieces)
    for block in tiling.blocks:
        _end(problem, block[0])


def _end(problem: Problem, piece: Piece) -> None:
    step = problem.plan.row_phases[0].step
    start, stop = piece.rows.start * step, piece.rows.stop * step
    rows = slice(start, min(stop, problem.plan.rows.output))
    problem.end_rows(_slice(piece.images), rows, with_bias=True)


def _slice(run: range) -> slice:
    return slice(run.start, run.stop)


def _width(plan: ConvolutionPlan) -> int:
    """Give how many filters a matrix has: the most with which it is not too large for a cache."""
    return WIDE if _deepest(plan) <= DEEP else NARROW


def _deepest(plan: ConvolutionPlan) -> int:
    """Give how many numbers an output reads, of the phase that reads the most."""
    rows, columns = (
        max(len(phase.taps) for phase in phases) for phases in (plan.row_phases, plan.column_phases)
    )
    return max(1, rows * columns * plan.channels)


def _pack(problem: Problem) -> Matrices:
    """Give for each phase of rows and columns the matrices (columns x rows x C, some filters)."""
    kernel = problem.kernel()
    width = _width(problem.plan)
    matrices = []
    for rows, columns in product(problem.plan.row_phases, problem.plan.column_phases):
        part = kernel[np.ix_(rows.taps, columns.taps)].swapaxes(0, 1)
        matrix = part.reshape(-1, kernel.shape[3])
        matrices += [
            np.ascontiguousarray(matrix[:, start : start + width])
            for start in range(0, matrix.shape[1], width)
        ]
    return tuple(matrices)


@lru_cache(maxsize=256)
def _tile(plan: ConvolutionPlan, threads: int, copy: int) -> Tiling:
    """Cut the outputs of each phase into blocks of a height that the products like."""
    most, width = (
        max(phase.count for phase in phases) for phases in (plan.row_phases, plan.column_phases)
    )
    wanted = HIGH
    # Of low images several make a product together, where their rows are equally far apart.
    low = -(-wanted // most) if _is_even(plan) else wanted
    images = _cut(plan.images, low if most < wanted else 1, threads)
    several = threads if len(images) == 1 and most >= threads * LOW else 1
    rows = _cut(most, wanted, several, row_unit(min(plan.filters, _width(plan))))
    by_block = len(images) * len(rows) >= threads
    filters = -(-plan.filters // _width(plan))
    share_filters = not by_block and filters >= threads and _is_heavy(plan)
    parts = _cut(filters, filters, threads if share_filters else 1)

    line = max(len(phase.taps) for phase in plan.row_phases) * plan.channels
    stretch = line * plan.column_phases[0].stride * len(images[0]) * len(rows[0])
    columns = _cut(
        width, max(LOW, copy // max(1, stretch)), 1 if by_block or share_filters else threads
    )
    blocks = tuple(
        tuple(
            Piece(some, part, piece, _slice(several)) for piece, several in product(columns, parts)
        )
        for some, part in product(images, rows)
    )
    return Tiling(blocks, by_block)


def _multiplications(plan: ConvolutionPlan) -> int:
    """Give about how many multiplications a plan takes."""
    pixels = min(plan.pixels, plan.outputs)
    return pixels * plan.channels * plan.filters * plan.taps


def _is_even(plan: ConvolutionPlan) -> bool:
    """Tell whether the last output row of a phase is as far from the next image's first."""
    return all(phase.count * phase.step == plan.rows.output for phase in plan.row_phases)


def _is_heavy(plan: ConvolutionPlan) -> bool:
    """Tell whether the kernel has more elements than what the outputs read."""
    return plan.filters * plan.kernel[1] > plan.pixels


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


def _compute_piece(problem: Problem, piece: Piece, matrices: Matrices) -> None:
    """Compute the outputs of all phases of a piece."""
    plan = problem.plan
    several = len(matrices) // (len(plan.row_phases) * len(plan.column_phases))
    width = matrices[0].shape[1]
    filters = slice(piece.matrices.start * width, piece.matrices.stop * width)
    for number, rows in enumerate(plan.row_phases):
        outputs = rows.part(piece.rows.start, piece.rows.stop)
        if not outputs.count:
            continue
        target = problem.result[_slice(piece.images), outputs.outputs, :, filters]
        copied, left = _copy(problem, piece, outputs)
        for second, columns in enumerate(plan.column_phases):
            part = columns.part(piece.columns.start, piece.columns.stop)
            if not part.count:
                continue
            out = target[:, :, part.outputs]
            if not rows.taps or not columns.taps:
                out[...] = 0
                continue
            first = (number * len(plan.column_phases) + second) * several
            chosen = matrices[first : first + several][piece.matrices]
            begin = part.start - left
            _multiply(_windows(copied, part, begin), chosen, out)


def _copy(problem: Problem, piece: Piece, rows: Phase) -> tuple[Array, int]:
    """Give (N, output rows, columns, taps of the rows, C), and which column is the first."""
    plan = problem.plan
    run = piece.columns
    reading = [phase.part(run.start, run.stop) for phase in plan.column_phases if phase.taps]
    left = min((phase.start for phase in reading), default=0)
    right = max((phase.past + (phase.count - 1) * phase.stride for phase in reading), default=0)
    right = max(left, right)
    first = min(max(0, left), plan.columns.length)
    last = max(first, min(plan.columns.length, right))
    shape = (len(piece.images), rows.count, right - left, len(rows.taps), plan.channels)
    copied = scratch("windows.copied", shape, problem.dtype)
    copied[:, :, : first - left] = 0
    copied[:, :, last - left :] = 0
    inner = copied[:, :, first - left : last - left]
    for index in range(len(rows.taps)):
        top, bottom, inputs = tap_range(rows, index, plan.rows.length)
        inner[:, :top, :, index] = 0
        inner[:, bottom:, :, index] = 0
        inner[:, top:bottom, :, index] = problem.batch[_slice(piece.images), inputs, first:last]
    return copied, left


def _windows(copied: Array, columns: Phase, begin: int) -> Array:
    """Give (N, rows, outputs of the phase, what one reads): stretches that overlap."""
    images, rows, _, taps, channels = copied.shape
    by_image, by_row, pixel, _, item = copied.strides
    shape = (images, rows, columns.count, len(columns.taps) * taps * channels)
    strides = (by_image, by_row, pixel * columns.stride, item)
    windows: Array = np.ndarray(shape, copied.dtype, copied, begin * pixel, strides)
    return windows


def _multiply(windows: Array, matrices: Matrices, out: Array) -> None:
    """Multiply (N, rows, columns, n) by matrices (n, some filters) into (N, rows, columns, all)."""
    images, rows = windows.shape[:2]
    by_image, by_row, *_ = out.strides
    if images > 1 and by_image == rows * by_row:
        windows = _merge(windows).swapaxes(0, 1)
        out = _merge(out).swapaxes(0, 1)
    elif images > rows:
        windows, out = windows.transpose(1, 2, 0, 3), out.transpose(1, 2, 0, 3)
    else:
        windows, out = windows.swapaxes(1, 2), out.swapaxes(1, 2)
    start = 0
    for matrix in matrices:
        stop = start + matrix.shape[1]
        multiply_small(windows, matrix, out[..., start:stop])
        start = stop


def _merge(array: Array) -> Array:
    """Give (N, rows, ...), whose rows are equally far apart, as (N x rows, ...)."""
    shape = (array.shape[0] * array.shape[1], *array.shape[2:])
    merged: Array = np.lib.stride_tricks.as_strided(array, shape, array.strides[1:])
    return merged
