"""Which matrix products the BLAS of NumPy computes best, and where its own threads begin."""

import os
from functools import lru_cache

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.scratch import scratch
from upsamp.core.threads import SMALL_PRODUCT, share, thread_count

# OpenBLAS has kernels for small products where it knows AVX-512: they take up to 100**3
# multiplications, read both factors where they lie, and run in the calling thread.
WIDE_PRODUCT = 1_000_000
# What NumPy calls the instructions that those kernels need, before and since version 2.4.
WIDE = frozenset({"AVX512_SKX", "X86_V4"})
# The kernels that OpenBLAS chooses for itself, or may be told to take, that are such ones.
WIDE_CORES = frozenset({"", "SKYLAKEX", "COOPERLAKE", "SAPPHIRERAPIDS"})
# How many rows those kernels take at a time, for a right factor of 64 columns and a narrower one:
# with other numbers of rows they are slower by up to half.
WIDE_COLUMNS, WIDE_ROWS, NARROW_ROWS = 64, 4, 6
# Factors are cut along their common axis at multiples of this, where those rows are too many.
DEPTH_UNIT = 16
# A product by a transposed factor may get no such kernel. Of these columns those of a product are
# a multiple, and from this many multiplications on another thread does more than it costs.
COLUMN_UNIT = 16
ALONE = 2**24


def has_wide_kernels() -> bool:
    """Tell whether BLAS computes small products by kernels that beat its large ones."""
    return small_product() == WIDE_PRODUCT


@lru_cache(maxsize=1)
def small_product() -> int:
    """Return how many multiplications a product may have to stay within the calling thread."""
    config = np.show_config(mode="dicts")
    found = config.get("SIMD Extensions", {}).get("found", [])
    blas = config.get("Build Dependencies", {}).get("blas", {}).get("name", "")
    core = os.environ.get("OPENBLAS_CORETYPE", "").upper()
    wide = WIDE.intersection(found) and "openblas" in blas and core in WIDE_CORES
    return WIDE_PRODUCT if wide else SMALL_PRODUCT


def row_unit(columns: int) -> int:
    """Return the number of which a product's row count should be a multiple, for its columns."""
    return WIDE_ROWS if columns >= WIDE_COLUMNS else NARROW_ROWS


def multiply_small(left: Array, right: Array, out: Array) -> None:
    """Multiply (..., m, n) by (..., n, k) into (..., m, k), each within the calling thread."""
    length = left.shape[-2]
    depth, columns = right.shape[-2:]
    most = max(1, small_product() // max(1, depth * columns))
    if most >= length:
        np.matmul(left, right, out=out)
        return
    unit = row_unit(columns)
    least = min(length, 2 * unit)
    if most < least and depth > DEPTH_UNIT:
        _multiply_deep(left, right, out, small_product() // (least * columns))
        return
    parts = -(-length // most)
    # Equal parts, in units where there is room for one.
    size = -(-length // parts)
    size = -(-size // unit) * unit if unit <= most else size
    size = size if size <= most else most // unit * unit
    for start in range(0, length, size):
        some = slice(start, start + size)
        np.matmul(left[..., some, :], right, out=out[..., some, :])


def _multiply_deep(left: Array, right: Array, out: Array, most: int) -> None:
    """Sum products of at most about this many lines of the right factor: high ones are faster."""
    depth = right.shape[-2]
    # In whole units, so that no part is deeper and cut again.
    parts = -(-depth // max(DEPTH_UNIT, most // DEPTH_UNIT * DEPTH_UNIT))
    size = -(-depth // (parts * DEPTH_UNIT)) * DEPTH_UNIT
    multiply_small(left[..., :size], right[..., :size, :], out)
    room = scratch("products.room", out.shape, out.dtype)
    for start in range(size, depth, size):
        some = slice(start, start + size)
        multiply_small(left[..., some], right[..., some, :], room)
        out += room


def multiply(left: Array, right: Array, out: Array) -> None:
    """Multiply (n, k) by (k, m) into (n, m), by our own threads where BLAS has wide kernels.

    The threads of BLAS look out for more work for some 30 milliseconds after a product, and take
    the cores from ours that compute what comes next.
    """
    rows, depth = left.shape
    columns = right.shape[1]
    transposed = right.strides[1] != right.itemsize
    most = (SMALL_PRODUCT if transposed else small_product()) // max(1, depth)
    block = most // WIDE_COLUMNS
    if not has_wide_kernels() or block < 2 or columns < 2:
        np.matmul(left, right, out=out)
        return
    if rows > 1 and rows * columns <= most:
        np.matmul(left, right, out=out)
        return
    if rows == 1:  # a vector is multiplied by the threads of BLAS, however short
        double = np.empty((2, columns), out.dtype)
        multiply(np.repeat(left, 2, axis=0), right, double)
        out[...] = double[:1]
        return
    threads = thread_count() if rows * depth * columns >= ALONE else 1
    for first in range(0, rows, block):
        part, room = left[first : first + block], out[first : first + block]
        width = most // len(part) // COLUMN_UNIT * COLUMN_UNIT
        _multiply_columns(part, right, room, min(width, columns), threads)


def _multiply_columns(left: Array, right: Array, out: Array, width: int, threads: int) -> None:
    """Multiply by this many columns at a time."""
    count = right.shape[1] // width
    whole = count * width
    factors, results = (
        array[:, :whole].reshape(len(array), count, width).swapaxes(0, 1) for array in (right, out)
    )

    def compute(run: range) -> None:
        some = slice(run.start, run.stop)
        np.matmul(left, factors[some], out=results[some])

    share(count, threads, compute)
    if whole < right.shape[1]:
        np.matmul(left, right[:, whole:], out=out[:, whole:])
