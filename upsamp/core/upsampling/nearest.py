"""Copies of pixels: upsampling by the nearest input, of any type of number.

Where there is a kernel, it makes all but the smallest. NumPy makes strips of rows, which stay in
the cache: first every pixel of a row is repeated, then whole rows are copied to their places.
"""

import ctypes
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Convention
from upsamp.core.native.library import Kernels, address, kernels
from upsamp.core.scratch import scratch
from upsamp.core.threads import share
from upsamp.core.upsampling.interpolation import nearest_input

# Bytes of a strip of output rows: it stays in the second-level cache.
STRIP_BYTES = 2**19
# Output bytes below which one assignment does it all, and below which a thread costs more than
# it saves.
SMALL_BYTES = 2**14
THREAD_BYTES = 2**23
# NumPy copies pixels of this many bytes fast as they are, and shorter ones as elements so wide.
LONG_PIXEL = 40
WIDE = {1: "u1", 2: "u2", 4: "u4", 8: "u8", 16: "c16"}
# The kernel moves this many bytes at a time, of pixels of so few.
BLOCK, SHORT_PIXEL = 16, 8
# Bytes of the part of an output row that it makes at a time, which has a plan.
ROW_BYTES = 2**16


class NearestAxis(NamedTuple):
    """Which inputs the outputs of an axis copy, or those of a part of it.

    length, target: of the whole axis. begin, first: the output and the input from which the part
    counts its own.

    >>> NearestAxis(2, 5).inputs(slice(0, 5))
    array([0, 0, 1, 1, 1])
    """

    length: int
    target: int
    convention: Convention = "keras"
    begin: int = 0
    first: int = 0

    def inputs(self, outputs: slice) -> Array:
        """Return the input that each of some outputs copies."""
        numbers = np.arange(outputs.start, outputs.stop) + self.begin
        return nearest_input(self.length, self.target, self.convention, numbers) - self.first

    def part(self, outputs: slice) -> tuple[slice, "NearestAxis"]:
        """Return the inputs of some outputs, and the axis of these only.

        Axes of the same pattern are equal.
        """
        first, last = (
            nearest_input(self.length, self.target, self.convention, self.begin + output)
            for output in (outputs.start, outputs.stop - 1)
        )
        common = math.gcd(self.length, self.target)
        length, target = self.length // common, self.target // common
        turns, begin = divmod(self.begin + outputs.start, target)
        axis = NearestAxis(length, target, self.convention, begin, first - turns * length)
        return slice(first - self.first, last + 1 - self.first), axis


class Plan(NamedTuple):
    """How the kernel copies the pixels of a row.

    arrays: its `table`, `starts` and `masks`. arguments: from `factor` to `target_pixel`, with the
    addresses of these, or 0 for empty ones; so a plan must outlive the call.
    """

    arrays: tuple[Array, ...]
    arguments: tuple[int, ...]


def repeat_pixels(source: Array, target: Array, rows: int, columns: int, threads: int) -> None:
    """Copy every pixel of `source` to its block of rows x columns in `target`, both (N, H, W, C).

    >>> target = np.empty((1, 2, 4, 1), int)
    >>> repeat_pixels(np.array([[[[1], [2]]]]), target, 2, 2, 1)
    >>> target[0, ..., 0]
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]])
    """
    count, height, width, channels = source.shape
    native = _kernels_for(source, target)
    if native:
        axes = NearestAxis(height, height * rows), NearestAxis(width, width * columns)
        _copy_natively(native, source, target, axes, threads)
        return
    squares = target.reshape(count, height, rows, width, columns, channels)
    if target.nbytes <= SMALL_BYTES:
        squares[...] = source[:, :, np.newaxis, :, np.newaxis]
        return
    # One channel is contiguous, whatever its strides say.
    apart = channels > 1 and target.strides[3] != target.itemsize

    def work(images: slice, lines: slice, pixels: slice) -> None:
        part, room = source[images, lines, pixels], squares[images, lines, :, pixels]
        if apart:
            # Channel by channel, which keeps NumPy's inner loop long.
            for column, channel in product(range(columns), range(channels)):
                room[:, :, 0, :, column, channel] = part[..., channel]
            room[:, :, 1:] = room[:, :, :1]
        elif channels * source.itemsize >= LONG_PIXEL:
            room[...] = part[:, :, np.newaxis, :, np.newaxis]
        else:
            room[...] = _widen(part, columns)[:, :, np.newaxis]

    _share_strips((count, height, width), target.nbytes, work, threads)


def _widen(part: Array, columns: int) -> Array:
    """Return pixels, (N, H, W, C), as often as there are columns, in memory that is used again.

    A pixel of three bytes is copied as one element of four, whose last byte the next pixel
    overwrites, or has already: elements are written in ascending order.
    """
    count, size = part.size // part.shape[3], part.shape[3] * part.itemsize
    wide = min(max(WIDE), 1 << (size - 1).bit_length())
    pixels = scratch("up_pixels", (part.nbytes + wide,), np.uint8)
    pixels[: part.nbytes].view(part.dtype).reshape(part.shape)[...] = part
    widened = scratch("up_widened", (columns * part.nbytes + wide,), np.uint8)
    for offset in (*range(0, size - wide, wide), max(0, size - wide)):
        elements = np.ndarray((count,), WIDE[wide], pixels, offset, (size,))
        if wide != size:
            elements = elements.copy()
        for column in range(columns):
            start = column * size + offset
            np.ndarray((count,), WIDE[wide], widened, start, (columns * size,))[...] = elements
    numbers: Array = widened[: columns * part.nbytes].view(part.dtype)
    return numbers.reshape(*part.shape[:3], columns, part.shape[3])


def copy_nearest(
    source: Array, target: Array, axes: tuple[NearestAxis, NearestAxis], threads: int
) -> None:
    """Copy to every pixel of `target` the input that is the nearest, both (N, H, W, C).

    axes: of the rows and of the columns, which begin where both arrays do.
    """
    count, height, width, _ = target.shape
    native = _kernels_for(source, target)
    if native:
        _copy_natively(native, source, target, axes, threads)
        return
    if target.nbytes <= SMALL_BYTES:
        rows, columns = axes[0].inputs(slice(0, height)), axes[1].inputs(slice(0, width))
        target[...] = source[:, rows[:, np.newaxis], columns]
        return

    def work(images: slice, *parts: slice) -> None:
        # Rows and columns are taken apart, as a list for each would make NumPy walk by pixels.
        lines, pixels = (axis.inputs(part) for axis, part in zip(axes, parts, strict=True))
        part = source[images, lines[0] : lines[-1] + 1, pixels[0] : pixels[-1] + 1]
        widened = part.take(pixels - pixels[0], axis=2)
        target[(images, *parts)] = widened.take(lines - lines[0], axis=1)

    _share_strips((count, height, width), target.nbytes, work, threads)


def _share_strips(
    shape: tuple[int, int, int], size: int, work: Callable[..., None], threads: int
) -> None:
    """Let threads work on strips of images of `shape`, (N, H, W), whose results have `size` bytes.

    work: is called with slices of images, rows and columns.
    """
    pixel = size // math.prod(shape)
    cuts, room = [], STRIP_BYTES // pixel
    # As much of a row as there is room for, then as many rows, and as many images.
    for length in shape[::-1]:
        together = min(length, max(1, room))
        cuts.append([slice(i, min(i + together, length)) for i in range(0, length, together)])
        room //= together
    strips = [*product(*cuts[::-1])]

    def work_on(run: range) -> None:
        for strip in strips[run.start : run.stop]:
            work(*strip)

    share(len(strips), threads if size >= THREAD_BYTES else 1, work_on)


def _kernels_for(source: Array, target: Array) -> Kernels | None:
    """Return the kernels, where there are any and there is enough to copy."""
    return kernels() if target.nbytes > SMALL_BYTES and source.dtype == target.dtype else None


def _copy_natively(
    native: Kernels,
    source: Array,
    target: Array,
    axes: tuple[NearestAxis, NearestAxis],
    threads: int,
) -> None:
    """Copy the nearest inputs by the kernel."""
    kernel = _nearest_kernel(native)
    pieces = [*_pieces(source, target, axes)]
    rows = target.shape[0] * target.shape[1]

    def work(run: range) -> None:
        for number in range(run.start // rows, -(-run.stop // rows)):
            first, last = (min(max(0, end - number * rows), rows) for end in (run.start, run.stop))
            part, place, lines, pixels = pieces[number]
            plan = _plan_row(*pixels)
            strides = *part.strides[:2], *place.strides[:2]
            kernel(address(part), address(place), first, last, *lines, *plan.arguments, *strides)

    share(len(pieces) * rows, threads if target.nbytes >= THREAD_BYTES else 1, work)


def _pieces(
    source: Array, target: Array, axes: tuple[NearestAxis, NearestAxis]
) -> Iterator[tuple[Array, Array, tuple[int, ...], tuple[Any, ...]]]:
    """Yield what the kernel copies at a time: from where, to where, and which rows and pixels.

    These are parts of the rows where they are long, and channels where those lie apart. Rows are
    told by the arguments from `rows` to `down`, pixels by those of `_plan_row`.
    """
    (_, height, width, channels), size = target.shape, target.itemsize
    if channels > 1 and not source.strides[3] == target.strides[3] == size:
        for channel in range(channels):
            one = slice(channel, channel + 1)
            yield from _pieces(source[..., one], target[..., one], axes)
        return
    size *= channels
    rows, down = axes[0].part(slice(0, height))
    if not 0 <= rows.start < rows.stop <= source.shape[1]:
        raise IndexError(f"rows {rows.start} to {rows.stop} of {source.shape[1]}")
    source = source[:, rows]
    # As `nearest_input` computes them, out of twice the numbers.
    half = down.convention == "keras"
    lines = 2 * down.length, (2 * down.begin + half) * down.length - 2 * down.target * down.first
    # Parts of whole patterns have the same plan.
    wide = max(1, ROW_BYTES // size)
    pattern = axes[1].target // math.gcd(axes[1].length, axes[1].target)
    wide -= wide % pattern if pattern < wide else 0
    for start in range(0, width, wide):
        outputs = slice(start, min(start + wide, width))
        columns, across = axes[1].part(outputs)
        part, place = source[:, :, columns], target[:, :, outputs]
        # What is one pixel wide may have any stride.
        step = size if part.shape[2] == 1 else part.strides[2]
        room = size if place.shape[2] == 1 else place.strides[2]
        pixels = across, part.shape[2], place.shape[2], size, step, room
        yield part, place, (height, *lines, 2 * down.target), pixels


@lru_cache(maxsize=4)
def _nearest_kernel(native: Kernels) -> Any:
    return native.function("nearest", *[ctypes.c_ssize_t] * 20)


@lru_cache(maxsize=16)
def _plan_row(axis: NearestAxis, length: int, count: int, size: int, step: int, room: int) -> Plan:
    """Return how the kernel copies `count` pixels of `size` bytes out of `length`.

    step, room: the bytes from a pixel of the source, and of the target, to the next one.
    """
    places = np.arange(length)[axis.inputs(slice(0, count))]  # never out of bounds
    table = places * step
    starts = masks = np.empty(0, np.intp)
    end = length * size if step == size else 0
    if size <= SHORT_PIXEL and end >= BLOCK:
        each = (table[:, np.newaxis] + np.arange(size)).reshape(-1)
        blocks = each[: each.size // BLOCK * BLOCK].reshape(-1, BLOCK)
        first = np.minimum(blocks.min(axis=1, keepdims=True), end - BLOCK)
        if (blocks - first).max(initial=0) < BLOCK:
            starts, masks = first, (blocks - first).astype(np.uint8)
    whole = end and axis.length == 1 and axis.begin == 0 and count % axis.target == 0
    arrays = table, starts, masks
    addresses = (address(array) if array.size else 0 for array in arrays)
    return Plan(arrays, (axis.target if whole else 0, count, size, end, *addresses, room))
