"""Convolution of many channels with fewer multiplications, by minimal filtering of 2 x 2 outputs.

Two outputs that read T inputs each need T + 1 products and not 2 T: sums and differences of inputs
times sums of weights. On both axes that saves 1 - ((T + 1) / (2 T))**2 of all products: 44 % for
T = 2 (the phases of a kernel of 4 with stride 2), 56 % for T = 3. The sums mix what neighbours
read, so the rounding is relative to the largest of them, and NaN and infinity would spread.

Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (arXiv
1509.09308); S. Winograd, "Arithmetic Complexity of Computations", 1980.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.columns import convolve_columns
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.phases import Phase
from upsamp.core.convolution.problem import Problem
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count

__all__ = ["convolve_winograd"]

# Sums of parts: each is the number of the part and its sign; the first sign is always +1.
Sums: TypeAlias = tuple[tuple[tuple[int, int], ...], ...]

# By the number of taps: which sums of the inputs are multiplied, and which sums of the products
# the two outputs are.
INPUT_SUMS: dict[int, Sums] = {
    1: (((0, 1),), ((1, 1),)),
    2: (((0, 1), (1, -1)), ((1, 1),), ((1, 1), (2, -1))),
    3: (((0, 1), (2, -1)), ((1, 1), (2, 1)), ((2, 1), (1, -1)), ((1, 1), (3, -1))),
}
OUTPUT_SUMS: dict[int, Sums] = {
    1: (((0, 1),), ((1, 1),)),
    2: (((0, 1), (1, 1)), ((1, 1), (2, -1))),
    3: (((0, 1), (1, 1), (2, 1)), ((1, 1), (2, -1), (3, -1))),
}
WEIGHTS: dict[int, tuple[tuple[float, ...], ...]] = {
    1: ((1,), (1,)),
    2: ((1, 0), (1, 1), (0, 1)),
    3: ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1)),
}
# The scratch of a block, in elements.
BLOCK = 2**20
# Sums of fewer elements are not worth a second thread.
ALONE = 2**18
# Inputs up to here are added without overflow.
LARGEST = 1e30


def convolve_winograd(problem: Problem, block: int = BLOCK) -> None:
    """Compute a convolution of one group that fits, block by block of `block` elements."""
    plan = problem.plan
    largest = max(abs(float(problem.batch.max())), abs(float(problem.batch.min())))
    if not largest <= LARGEST:  # or NaN
        convolve_columns(problem)
        return
    taps = tuple(phase.taps for phase in (*plan.row_phases, *plan.column_phases))
    matrices = problem.matrices(("winograd", taps), lambda: _pack(problem))
    most = -(-max(phase.count for phase in plan.row_phases) // 2)
    width = -(-max(phase.count for phase in plan.column_phases) // 2)
    products = max([1, *(len(matrix) for matrix in matrices)])
    tiles = max(1, block // (width * products * (plan.channels + plan.filters)))
    images = max(1, tiles // most)
    rows = min(tiles, most)
    step = 2 * plan.row_phases[0].step
    for first in range(0, plan.images, images):
        some = slice(first, min(first + images, plan.images))
        for start in range(0, most, rows):
            stop = min(start + rows, most)
            _convolve_block(problem, some, (start, stop), matrices)
            outputs = slice(start * step, min(stop * step, plan.rows.output))
            problem.end_rows(some, outputs, with_bias=True)


def _pack(problem: Problem) -> Matrices:
    """Return (products, C, filters) for each phase of rows and columns."""
    kernel = problem.kernel()
    matrices = []
    for rows in problem.plan.row_phases:
        for columns in problem.plan.column_phases:
            if not rows.taps or not columns.taps:
                matrices.append(np.empty((0, *kernel.shape[2:]), problem.dtype))
                continue
            part = kernel[np.ix_(rows.taps, columns.taps)]
            sums = [np.array(WEIGHTS[len(phase.taps)]) for phase in (rows, columns)]
            # In float64, so that the weights are rounded once.
            matrix = np.einsum("ar,bc,rcio->abio", *sums, part, optimize=True)
            matrices.append(matrix.reshape(-1, *kernel.shape[2:]).astype(problem.dtype))
    return tuple(matrices)


def _convolve_block(
    problem: Problem, images: slice, block: tuple[int, int], matrices: Matrices
) -> None:
    """Compute two rows of the outputs of each phase for each of the block."""
    plan = problem.plan
    padded, top, left = _pad(problem, images, block)
    target = problem.result[images]
    remaining = iter(matrices)
    for rows in plan.row_phases:
        sums = None
        for columns in plan.column_phases:
            matrix = next(remaining)
            if not len(matrix):
                step = rows.step
                outputs = slice(2 * block[0] * step + rows.first, 2 * block[1] * step, step)
                target[:, outputs, columns.outputs] = 0
                continue
            if sums is None:
                sums = _row_sums(padded, rows, block, top)
            tiles = _column_sums(sums, columns, left)
            shape = (len(tiles), tiles[0].size // plan.channels, plan.filters)
            products = scratch("winograd.products", shape, problem.dtype)
            np.matmul(tiles.reshape(*shape[:2], plan.channels), matrix, out=products)
            products = products.reshape(*tiles.shape[:4], plan.filters)
            _store(products, target, (rows, columns), block[0])


def _pad(problem: Problem, images: slice, block: tuple[int, int]) -> tuple[Array, int, int]:
    """Return what the block reads with zeros around, and the first row and column that it holds."""
    plan = problem.plan
    top = min(phase.start for phase in plan.row_phases)
    deep = max(phase.start + len(phase.taps) for phase in plan.row_phases) - top
    left = min(phase.start for phase in plan.column_phases)
    # An odd count of outputs is computed with one more.
    right = max(
        phase.start + len(phase.taps) + phase.count + phase.count % 2 - 1
        for phase in plan.column_phases
    )
    first, last = top + 2 * block[0], top + 2 * block[1] - 1 + deep
    shape = (images.stop - images.start, last - first, right - left, plan.channels)
    padded = scratch("winograd.padded", shape, problem.dtype)
    rows = slice(max(0, first), max(0, min(plan.rows.length, last)))
    columns = slice(max(0, left), max(0, min(plan.columns.length, right)))
    padded[...] = 0
    padded[
        :, rows.start - first : rows.stop - first, columns.start - left : columns.stop - left
    ] = problem.batch[images, rows, columns]
    return padded, first, left


def _row_sums(padded: Array, rows: Phase, block: tuple[int, int], top: int) -> Array:
    """Return the sums of rows, (sums, N, tile rows, W, C)."""
    taps = len(rows.taps)
    begin, count = rows.start + 2 * block[0] - top, block[1] - block[0]
    parts = [
        padded[:, begin + index : begin + index + 2 * count - 1 : 2] for index in range(taps + 1)
    ]
    out = scratch("winograd.rows", (len(INPUT_SUMS[taps]), *parts[0].shape), padded.dtype)
    for terms, target in zip(INPUT_SUMS[taps], out, strict=True):
        _add(terms, parts, target)
    return out


def _column_sums(sums: Array, columns: Phase, left: int) -> Array:
    """Return the sums of columns of sums of rows, (sums, N, tile rows, tile columns, C)."""
    taps = len(columns.taps)
    begin, count = columns.start - left, -(-columns.count // 2)
    parts = [
        sums[:, :, :, begin + index : begin + index + 2 * count - 1 : 2]
        for index in range(taps + 1)
    ]
    several = len(INPUT_SUMS[taps])
    shape = parts[0].shape
    out = scratch("winograd.tiles", (len(sums), several, *shape[1:]), sums.dtype)

    def transform(run: range) -> None:
        start, stop = run.start, run.stop
        some = [_between(part, start, stop) for part in parts]
        for number, terms in enumerate(INPUT_SUMS[taps]):
            _add(terms, some, _between(out[:, number], start, stop))

    share(max(shape[1:3]), thread_count() if out.size >= ALONE else 1, transform)
    return out.reshape(-1, *shape[1:])


def _store(products: Array, target: Array, phases: tuple[Phase, Phase], start: int) -> None:
    """Sum the products of each tile, and write its outputs."""
    rows = phases[0]
    shape = products.shape
    several = [len(INPUT_SUMS[len(phase.taps)]) for phase in phases]
    parts = products.reshape(*several, *shape[1:])
    first = rows.first + 2 * start * rows.step
    lines = target[:, first :: rows.step][:, : 2 * shape[2]]

    def store(run: range) -> None:
        start, stop = run.start, run.stop
        if shape[1] >= shape[2]:
            _store_share(parts[:, :, start:stop], lines[start:stop], phases)
        else:
            _store_share(parts[:, :, :, start:stop], lines[:, 2 * start : 2 * stop], phases)

    share(max(shape[1:3]), thread_count() if products.size >= ALONE else 1, store)


def _store_share(parts: Array, lines: Array, phases: tuple[Phase, Phase]) -> None:
    rows, columns = phases
    sums = scratch("winograd.sums", parts.shape[1:], parts.dtype)
    for odd_row, terms in enumerate(OUTPUT_SUMS[len(rows.taps)]):
        _add(terms, list(parts), sums)
        for odd_column, column_terms in enumerate(OUTPUT_SUMS[len(columns.taps)]):
            first = columns.first + odd_column * columns.step
            out = lines[:, odd_row::2, first :: 2 * columns.step]
            some = [part[:, : out.shape[1], : out.shape[2]] for part in sums]
            _add(column_terms, some, out)


def _between(array: Array, start: int, stop: int) -> Array:
    """Return a share of (sums, N, tile rows, ...), along the longer of the two middle axes."""
    longer = array.shape[1] >= array.shape[2]
    return array[:, start:stop] if longer else array[:, :, start:stop]


def _add(terms: tuple[tuple[int, int], ...], parts: Sequence[Array], out: Array) -> None:
    """Write a sum of parts to `out`."""
    (first, _), *others = terms
    if not others:
        out[...] = parts[first]
        return
    total = parts[first]
    for index, sign in others:
        (np.add if sign > 0 else np.subtract)(total, parts[index], out=out)
        total = out
