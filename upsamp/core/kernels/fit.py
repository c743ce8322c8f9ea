"""A kernel learnt from images, and how near a method's result comes to the image that it is for.

A stride of (sr, sc) splits the output of a transposed convolution into sr * sc phases. Each is made
by taps of the kernel that no other phase uses, so each is a linear problem of its own.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from upsamp.core.arguments import (
    Array,
    PaddingLike,
    Pair,
    PairLike,
    normalize_array,
    normalize_padding,
    normalize_pair,
)
from upsamp.core.convolution.convolve import conv2d_transpose
from upsamp.core.geometry.sizes import TransposedAxis, transposed_axis
from upsamp.core.memory import check_memory
from upsamp.core.upsampling.resample import upsample
from upsamp.core.values import as_list, each, normalize_flag, normalize_number, spelled
from upsamp.errors import ArgumentError, ShapeError

STRIP_ELEMENTS = 2**17  # values of a strip, 8 bytes each: what is added to X'X at a time
MAX_NUMBER = sys.float_info.max
NOT_NEGATIVE, ABOVE_0 = "must be a finite number of at least 0", "must be a finite number above 0"
RANK_TOLERANCE = 1e-13  # singular values of X'X so far below the largest are rounding alone


def fit_kernel(
    pairs: Iterable[tuple[object, object]],
    kernel_size: PairLike,
    strides: PairLike,
    *,
    padding: PaddingLike = "same",
    shared: bool = True,
    ridge: float = 1e-4,
) -> Array:
    """Find the kernel whose transposed convolution of the small images is nearest to the large.

    pairs: (small, large), each (H, W) or (H, W, C) of any real dtype; large of the size that
    `conv2d_transpose` makes of small, with padding="same" H * rows and W * columns. They are read
    once, one after the other, so an iterator need not hold them all. kernel_size, strides: one
    integer or (rows, columns), the kernel not below the strides. padding: as `conv2d_transpose` has
    it; a `large` cropped by some rows and columns, and a padding larger by as many, leave out the
    edges, where the convolution sees zeros outside. shared: one kernel for all channels, or one for
    each. ridge: what is added to the diagonal, relative to its mean; flat images stay solvable.

    Returns float64 (rows, columns, 1, 1), or with shared=False (rows, columns, C, C), zero between
    different channels. Raises `ArgumentError`, `ShapeError`, `DtypeError`, `MemoryLimitError`.

    Per axis, with stride s and b outputs cropped before, output m * s + r is made by the taps
    t = (r + b) mod s + j * s, j = 0, 1, ..., each of which reads input m + floor((r + b) / s) - j.
    With X the inputs so read (a row an output, a column a tap) and y the outputs wanted, the taps w
    of a phase minimise |X w - y|^2 + a |w|^2, so (X'X + a I) w = X'y, a = ridge * mean(diag X'X);
    where several w do, the shortest. X'X and X'y are summed over strips of the images in float64.

    >>> small, repeated = np.array([[1, 2, 0, 5]]), np.array([[1, 1, 2, 2, 0, 0, 5, 5]])
    >>> fit_kernel([(small, repeated)], (1, 3), (1, 2), ridge=0)[..., 0, 0].round(6) + 0
    array([[1., 1., 0.]])
    """
    taps = normalize_pair(kernel_size, "kernel_size")
    steps = normalize_pair(strides, "strides")
    ridge = normalize_number(ridge, "ridge", 0, MAX_NUMBER, rule=NOT_NEGATIVE)
    shared = normalize_flag(shared, "shared")
    check_memory(taps, np.float64, "The kernel")
    kernels: list[list[_Equations]] = []
    for pair in each(pairs, "pairs", "must be pairs of images (small, large)"):
        small, large = _as_pair(pair)
        axes = _plan(small, large, taps, steps, padding)
        count = 1 if shared else small.shape[2]
        if not kernels:
            phases = list(product(*map(_phases, taps, axes)))
            kernels = [[_Equations(*phase) for phase in phases] for _ in range(count)]
        elif len(kernels) != count:
            raise ShapeError(
                "All pairs must have the same number of channels when each has a kernel of its "
                f"own. Received: {count} channels after {len(kernels)}. Use shared=True."
            )
        for channel in range(small.shape[2]):
            for equations in kernels[0 if shared else channel]:
                equations.add(small[:, :, channel], large[:, :, channel])
    if not kernels:
        raise ArgumentError("`pairs` must hold at least one pair (small, large). Received: none.")
    kernel = np.zeros((*taps, len(kernels), len(kernels)))
    for channel, parts in enumerate(kernels):
        for equations in parts:
            place = np.ix_(equations.rows.taps, equations.columns.taps)
            kernel[:, :, channel, channel][place] = equations.solve(ridge)
    return kernel


def psnr(actual: object, expected: object, peak: float) -> float:
    """Return the peak signal-to-noise ratio in dB: 10 log10(peak^2 / mean squared difference).

    actual, expected: arrays of one shape and any real dtype; the differences are taken in float64.
    peak: the largest value that there can be, 255 for pixels of 8 bits. Equal arrays give infinity.
    Raises `ArgumentError`, `ShapeError`, `DtypeError`.

    >>> round(psnr([[0, 255]], [[0, 229.5]], peak=255), 2)
    23.01
    """
    peak = float(normalize_number(peak, "peak", math.ulp(0), MAX_NUMBER, rule=ABOVE_0))
    one = normalize_array(actual, "actual", (1, 2, 3, 4))
    other = normalize_array(expected, "expected", (1, 2, 3, 4))
    if one.shape != other.shape:
        raise ShapeError(
            "`actual` and `expected` must have the same shape. "
            f"Received: shapes {one.shape} and {other.shape}."
        )
    difference = np.subtract(one, other, dtype=np.float64, casting="unsafe").ravel()
    mean = float(np.vdot(difference, difference)) / difference.size
    return float(20 * np.log10(peak) - 10 * np.log10(mean)) if mean else float("inf")


def compare_methods(
    small: object,
    large: object,
    kernel: object,
    strides: PairLike,
    padding: PaddingLike,
    peak: float,
    *,
    margin: PairLike = 0,
) -> dict[str, float]:
    """Return the PSNR in dB of a fitted kernel and of the interpolations on one pair of images.

    small, large: (H, W) or (H, W, C), and with H * rows and W * columns. kernel, strides, padding:
    what `fit_kernel` gave, and was given. peak: as in `psnr`. All values are clipped to 0..peak,
    and none is rounded. margin: the rows and columns of `large` at its edges that do not count, as
    the kernel alone sees zeros outside.

    Returns "fitted", "nearest", "bilinear", "bicubic" and "lanczos3", in this order.
    Raises `ArgumentError`, `ShapeError`, `DtypeError`.

    >>> kernel = np.ones((1, 2, 1, 1))
    >>> compare_methods([[1, 2]], [[1, 1, 2, 2]], kernel, (1, 2), "same", peak=2)["fitted"]
    inf
    """
    steps = normalize_pair(strides, "strides")
    peak = float(normalize_number(peak, "peak", math.ulp(0), MAX_NUMBER, rule=ABOVE_0))
    one, other = _as_pair((small, large))
    weights = normalize_array(kernel, "kernel", (4,))
    # The interpolations have one size alone, and the kernel must have the same.
    for crop in ("same", padding):
        _plan(one, other, weights.shape, steps, crop)
    values = one.astype(np.float64)
    groups = one.shape[2] if weights.shape[2:] == (1, 1) else 1
    check_memory((*weights.shape[:3], groups * weights.shape[3]), weights.dtype, "The kernel")
    weights = weights.repeat(groups, axis=3)
    fitted = conv2d_transpose(values, weights, strides=steps, padding=padding, groups=groups)
    results = {"fitted": fitted}
    for method in ("nearest", "bilinear", "bicubic", "lanczos3"):
        results[method] = upsample(values, steps, method)
    rows, columns = normalize_pair(margin, "margin", minimum=0)
    inside = slice(rows, len(other) - rows), slice(columns, other.shape[1] - columns)
    if other[inside].size == 0:
        raise ShapeError(
            "`margin` must leave something of the image. "
            f"Received: margin={(rows, columns)} for {other.shape[:2]}."
        )
    return {
        name: psnr(result[inside].clip(0, peak), other[inside], peak)
        for name, result in results.items()
    }


def box_downsample(large: object, strides: PairLike) -> Array:
    """Return the mean of each block of an image: what a pixel this many times as large would see.

    large: (H, W) or (H, W, C), any real dtype. strides: rows and columns of a block, or one for
    both. What fills no block is left out at the end; crop `large` alike before it is paired.
    Returns float64 (H // rows, W // columns), or with C.
    Raises `ArgumentError`, `ShapeError`, `DtypeError`.

    >>> box_downsample([[1, 3, 5, 5, 9], [5, 7, 5, 5, 9]], 2)
    array([[4., 5.]])
    """
    steps = normalize_pair(strides, "strides")
    array = normalize_array(large, "large", (2, 3))
    rows, columns = (array.shape[axis] // steps[axis] for axis in (0, 1))
    if rows == 0 or columns == 0:
        raise ShapeError(
            "`large` must hold at least one block of the strides. "
            f"Received: shape {array.shape} for strides={steps}. Use a larger image."
        )
    check_memory((rows, columns, *array.shape[2:]), np.float64, "The output")
    total = np.zeros((rows, columns, *array.shape[2:]))
    for row, column in np.ndindex(*steps):
        total += array[row : rows * steps[0] : steps[0], column : columns * steps[1] : steps[1]]
    return total / (steps[0] * steps[1])


class _Phase(NamedTuple):
    """One phase of an axis of any length, as the images of all pairs have theirs.

    Output m reads the inputs from m + first on, the last by taps[0].
    """

    outputs: slice
    taps: range
    first: int


def _phases(kernel: int, axis: TransposedAxis) -> Iterator[_Phase]:
    """Split an axis into its phases, by the formula of `fit_kernel`."""
    for phase in range(axis.stride):
        last, tap = divmod(phase + axis.before, axis.stride)
        taps = range(tap, kernel, axis.stride)
        yield _Phase(slice(phase, None, axis.stride), taps, last - len(taps) + 1)


class _Equations:
    """The normal equations of one phase, X'X w = X'y, summed over the images that are added."""

    def __init__(self, rows: _Phase, columns: _Phase) -> None:
        self.rows, self.columns = rows, columns
        self.shape = len(rows.taps), len(columns.taps)
        size = self.shape[0] * self.shape[1]
        check_memory((size, size), np.float64, "The equations of a phase")
        self.normal, self.right = np.zeros((size, size)), np.zeros(size)

    def add(self, small: Array, large: Array) -> None:
        """Add X'X and X'y of one channel of one pair, both (H, W)."""
        wanted = large[self.rows.outputs, self.columns.outputs]
        size = len(self.right)
        # What is not finite, or too large to be squared, is reported once all is summed.
        with np.errstate(invalid="ignore", over="ignore"):
            for top, left in _strips(wanted.shape, size):
                part = wanted[top, left].astype(np.float64)
                starts = top.start + self.rows.first, left.start + self.columns.first
                shape = part.shape[0] + self.shape[0] - 1, part.shape[1] + self.shape[1] - 1
                inputs = _with_zeros(small, starts, shape)
                # One row a tap: X' is made of long copies, and needs no transposing.
                design = sliding_window_view(inputs, part.shape).reshape(size, part.size)
                self.normal += design @ design.T
                self.right += design @ part.ravel()

    def solve(self, ridge: float) -> Array:
        """Return the taps of this phase, (rows, columns)."""
        size = len(self.right)
        with np.errstate(invalid="ignore", over="ignore"):
            matrix = self.normal + ridge * np.trace(self.normal) / size * np.eye(size)
        if not (np.isfinite(matrix).all() and np.isfinite(self.right).all()):
            raise ArgumentError(
                "`pairs` must hold finite numbers whose squares can be summed in float64. "
                "Received: NaN, infinity or larger numbers. Replace or scale them."
            )
        taps: Array = np.linalg.lstsq(matrix, self.right, rcond=RANK_TOLERANCE)[0]
        return taps.reshape(self.shape)[::-1, ::-1]


def _strips(shape: tuple[int, ...], taps: int) -> Iterator[tuple[slice, slice]]:
    """Split an image into strips of rows, and where a row alone is too long, of columns."""
    pixels = STRIP_ELEMENTS // taps
    columns = max(min(shape[1], pixels), 1)
    rows = max(pixels // columns, 1)
    for top, left in product(range(0, shape[0], rows), range(0, shape[1], columns)):
        yield slice(top, top + rows), slice(left, left + columns)


def _with_zeros(plane: Array, starts: Pair, shape: Pair) -> Array:
    """Return the part of a plane of this shape that begins at `starts`; zeros outside."""
    ends = starts[0] + shape[0], starts[1] + shape[1]
    inside = plane[max(0, starts[0]) : max(0, ends[0]), max(0, starts[1]) : max(0, ends[1])]
    top, left = max(0, -starts[0]), max(0, -starts[1])
    result = np.zeros(shape)
    result[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return result


def _as_pair(pair: object) -> tuple[Array, Array]:
    """Return both images of a pair as (H, W, C); nothing is copied."""
    images = as_list(pair, most=2) or []
    if len(images) != 2:
        raise ArgumentError(
            f"`pairs` must be pairs of images (small, large). Received: {spelled(pair)}."
        )
    one = np.atleast_3d(normalize_array(images[0], "small", (2, 3)))
    other = np.atleast_3d(normalize_array(images[1], "large", (2, 3)))
    if one.shape[2] != other.shape[2]:
        raise ShapeError(
            "`small` and `large` must have the same channels. "
            f"Received: {one.shape[2]} and {other.shape[2]}. Convert one of them."
        )
    return one, other


def _plan(
    small: Array, large: Array, kernel: Sequence[int], strides: Pair, padding: PaddingLike
) -> list[TransposedAxis]:
    """Plan both axes of the transposed convolution that makes `large` of `small`."""
    if kernel[0] < strides[0] or kernel[1] < strides[1]:
        raise ArgumentError(
            "`kernel_size` must not be below `strides`, as no tap would reach the outputs between. "
            f"Received: kernel_size={tuple(kernel[:2])}, strides={strides}. Use a larger kernel."
        )
    crop = normalize_padding(padding)
    edges = (crop, crop) if isinstance(crop, str) else crop
    axes = [
        transposed_axis(small.shape[axis], kernel[axis], strides[axis], edges[axis], None, 1)
        for axis in (0, 1)
    ]
    wanted = tuple(axis.output for axis in axes)
    if large.shape[:2] != wanted:
        rule = "`small` times the strides" if crop == "same" else f"as {padding=} makes `small`"
        raise ShapeError(
            f"`large` must be {rule}: {wanted[0]} x {wanted[1]}. Received: `large` of shape "
            f"{large.shape[:2]}, `small` of shape {small.shape[:2]}, strides={strides}. Crop "
            "`large`, or make `small` with `box_downsample`."
        )
    return axes
