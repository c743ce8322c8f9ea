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
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise, product

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.phases import Phase, tap_range
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.products import multiply_small, row_unit
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
# The rows of a product: fewer have no time between calls; more gain nothing.
LOW, HIGH = 8, 36
# How many filters a matrix has at most.
WIDTH = 64


@dataclass(frozen=True)
class Reading:
    """What the outputs of a phase of the columns read of a copy.

    outputs: their columns, `count` of them. begin: the pixel of the copy at which the first begins,
    and stride: from one to the next. taps: how many pixels each reads, each with all taps of the
    rows; 0 where it is none at all. matrices: the places of those that they are multiplied by.
    """

    outputs: slice
    count: int
    begin: int
    stride: int
    taps: int
    matrices: range


@dataclass(frozen=True)
class Step:
    """A copy of rows of the input, and what is computed of it.

    outputs: the rows. shape: (rows, columns, taps of the rows). columns: those of the input, and
    `place`, where they are in the copy. taps: for each the first row of the copy that has an input
    and the one after the last, and those inputs.
    """

    outputs: slice
    shape: tuple[int, int, int]
    columns: slice
    place: slice
    taps: tuple[tuple[int, int, slice], ...]
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Piece:
    """Outputs that are computed together, of some images, rows, columns and filters."""

    images: slice
    filters: slice
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Block:
    """Complete rows of the outputs, and the pieces that they are made of."""

    images: slice
    rows: slice
    pieces: tuple[Piece, ...]


def convolve_windows(problem: Problem, copy: int = COPY) -> None:
    """Compute a convolution of one group that fits, with copies of about `copy` elements."""
    plan = problem.plan
    matrices = problem.matrices("windows", lambda: _pack(problem))
    pixels = min(plan.pixels, plan.outputs)
    shared = pixels * plan.channels * plan.filters * plan.taps >= ALONE
    threads = thread_count() if shared else 1
    blocks, by_block = _tile(plan, SHARES if shared else 1, copy)

    def compute(some: tuple[Block, ...]) -> None:
        for block in some:
            share(len(block.pieces), 1 if by_block else threads, partial(compute_pieces, block))
            problem.end_rows(block.images, block.rows, with_bias=True)

    def compute_pieces(block: Block, run: range) -> None:
        for piece in block.pieces[run.start : run.stop]:
            _compute(problem, piece, matrices)

    if by_block:
        share(len(blocks), threads, lambda run: compute(blocks[run.start : run.stop]))
    else:
        compute(blocks)


@lru_cache(maxsize=256)
def _tile(plan: ConvolutionPlan, shares: int, copy: int) -> tuple[tuple[Block, ...], bool]:
    """Cut the outputs of each phase into blocks of a height that the products like.

    The blocks are many enough to be shared among threads, or else, then it is False, their pieces
    are. A piece of a block has a copy of the input of about `copy` elements. shares: among how many
    threads the work should be easy to divide.
    """
    most, across = (
        max(phase.count for phase in phases) for phases in (plan.row_phases, plan.column_phases)
    )
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
    stretch = line * plan.column_phases[0].stride * len(images[0]) * len(rows[0])
    times = 1 if by_block or by_filters else shares
    columns = _cut(across, max(LOW, copy // stretch), times)
    blocks = []
    for some in rows:
        pieces = [
            (slice(part.start * WIDTH, part.stop * WIDTH), _steps(plan, some, run, part))
            for run, part in product(columns, parts)
        ]
        step = plan.row_phases[0].step
        outputs = slice(some.start * step, min(some.stop * step, plan.rows.output))
        for several in images:
            chosen = slice(several.start, several.stop)
            block = tuple(Piece(chosen, *piece) for piece in pieces)
            blocks.append(Block(chosen, outputs, block))
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


def _steps(plan: ConvolutionPlan, run: range, columns: range, matrices: range) -> tuple[Step, ...]:
    """Plan a piece: a step for each phase of the rows that has outputs there."""
    several = -(-plan.filters // WIDTH)
    apart = several * len(plan.column_phases)
    steps = []
    for number, phase in enumerate(plan.row_phases):
        part = phase.part(run.start, run.stop)
        if part.count:
            first = number * apart + matrices.start
            steps.append(_step(plan, part, columns, range(first, first + len(matrices)), several))
    return tuple(steps)


def _step(
    plan: ConvolutionPlan, rows: Phase, columns: range, matrices: range, several: int
) -> Step:
    """Plan what some outputs of a phase of the rows are; several: the matrices of each phase."""
    parts = [phase.part(columns.start, columns.stop) for phase in plan.column_phases]
    reading = [part for part in parts if part.taps]
    left = min((part.start for part in reading), default=0)
    ends = (part.past + (part.count - 1) * part.stride for part in reading)
    right = max(left, max(ends, default=0))
    first = min(max(0, left), plan.columns.length)
    last = max(first, min(plan.columns.length, right))
    readings = []
    for number, part in enumerate(parts):
        if part.count:
            own = range(matrices.start + number * several, matrices.stop + number * several)
            taps = len(part.taps) if rows.taps else 0
            begin = part.start - left
            readings.append(Reading(part.outputs, part.count, begin, part.stride, taps, own))
    return Step(
        rows.outputs,
        (rows.count, right - left, len(rows.taps)),
        slice(first, last),
        slice(first - left, last - left),
        tuple(tap_range(rows, index, plan.rows.length) for index in range(len(rows.taps))),
        tuple(readings),
    )


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


def _compute(problem: Problem, piece: Piece, matrices: Matrices) -> None:
    """Compute the outputs of a piece."""
    for step in piece.steps:
        lines = _copy(problem, piece.images, step)
        pixel = step.shape[2] * problem.plan.channels
        target = problem.result[piece.images, step.outputs, :, piece.filters]
        for reading in step.readings:
            out = target[:, :, reading.outputs]
            if reading.taps:
                factors = [matrices[number] for number in reading.matrices]
                _multiply(_windows(lines, pixel, reading), factors, out)
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
    """Return (N, rows, columns, what one reads): stretches overlap.

    pixel: how many elements of a line a pixel has.
    """
    by_image, by_row, item = lines.strides
    shape = (*lines.shape[:2], reading.count, reading.taps * pixel)
    strides = (by_image, by_row, pixel * item * reading.stride, item)
    return np.ndarray(shape, lines.dtype, lines, reading.begin * pixel * item, strides)


def _multiply(windows: Array, matrices: list[Array], out: Array) -> None:
    """Multiply (N, rows, columns, n) into (N, rows, columns, filters).

    The rows of a product are those of the images, or the images, whichever are more.
    """
    images, rows = windows.shape[:2]
    by_image, by_row = out.strides[:2]
    if images > 1 and by_image == rows * by_row:
        windows, out = _merge(windows), _merge(out)
        images, rows = windows.shape[:2]
    order = (2, 1, 0, 3) if images > rows else (2, 0, 1, 3)
    windows, out = windows.transpose(order), out.transpose(order)
    start = 0
    for matrix in matrices:
        stop = start + matrix.shape[1]
        multiply_small(windows, matrix, out[..., start:stop])
        start = stop


def _merge(array: Array) -> Array:
    """Return (N, rows, ...), whose rows are equally far apart, as (1, N x rows, ...)."""
    shape = (1, array.shape[0] * array.shape[1], *array.shape[2:])
    merged: Array = np.lib.stride_tricks.as_strided(array, shape, array.strides)
    return merged
