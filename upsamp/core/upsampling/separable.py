"""Interpolation by native kernels, of images in any order, on several threads."""

import ctypes
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.native.library import Kernels, address, kernels
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, size_among
from upsamp.core.upsampling.exact import Plans, round_sums, sums_at
from upsamp.core.upsampling.separable_plan import (
    DTYPES,
    MAX_OUTPUTS,
    MAX_TAPS,
    NEAR,
    SIZE,
    SLACK,
    Job,
    Layout,
    layout_of,
)
from upsamp.core.upsampling.taps import cut_plan, gather_of

# Output elements from which another thread does more than it costs.
THREAD_ELEMENTS = 2**21
# Bytes of a result that caches do not keep until it is read.
STREAMED_BYTES = 20 * 2**20
# Output elements that are made apart, where they cannot be written to their place.
APART = 2**16
# Outputs that are left to Python together, besides those of a row.
DOUBTS = 2**12
# Bytes of the widened rows that are kept by a thread, near enough.
RING = 2**20


def kernels_for(plans: Plans, dtype: np.dtype[Any]) -> Kernels | None:
    """Return the kernels that interpolate images of a type by plans, and by any part of these."""
    long = any(plan.length > MAX_OUTPUTS and gather_of(plan) for plan in plans)
    return kernels() if dtype in DTYPES and not long else None


def interpolate_separably(
    source: Array, target: Array, plans: Plans, library: Kernels, threads: int
) -> None:
    """Fill `target` from `source`, both (N, H, W, C), by kernels that are `kernels_for` them."""
    rows, wide = target.shape[1:3]
    line = MAX_TAPS * target.shape[3] * target.itemsize
    count = -(-wide * line // size_among(threads, RING))

    def work(run: range) -> None:
        for begin, end in pairwise(wide * part // count for part in range(count + 1)):
            if end > begin:
                _fill_columns(source, target, plans, slice(begin, end), library, run)

    share(len(source) * rows, threads if target.size >= THREAD_ELEMENTS else 1, work)


def _fill_columns(
    source: Array, target: Array, plans: Plans, columns: slice, library: Kernels, run: range
) -> None:
    """Fill some columns of a run of the rows of all images."""
    row_plan, column_plan = plans
    wide, rows = target.shape[2], target.shape[1]
    if columns != slice(0, wide):
        source, target = source[:, :, column_plan.reach(columns)], target[:, :, columns]
        column_plan = cut_plan(column_plan, columns.start, columns.stop)
    layout = layout_of(row_plan, column_plan, source.dtype, *source.shape[2:])
    function = _function_of(library, layout.program.kind.name)
    start = run.start
    while start < run.stop:
        number, first = divmod(start, rows)
        stop = min(rows, first + run.stop - start)
        Image(source[number], target[number], layout, function).make(first, stop)
        start += stop - first


class Image:
    """An image, (H, W, C), and the place of its result."""

    def __init__(
        self, source: Array, target: Array, layout: Layout, function: Callable[..., int]
    ) -> None:
        self.source, self.target, self.layout, self.function = source, target, layout, function

    def make(self, first: int, stop: int) -> None:
        """Make the output rows from `first` to before `stop`."""
        if _has_lines(self.source) and _has_lines(self.target):
            streamed = self.target.nbytes >= STREAMED_BYTES
            self._run(self.source, 0, self.target[first:stop], first, streamed=streamed)
            return
        _, wide, channels = self.target.shape
        step = max(1, APART // max(1, wide * channels))
        for start in range(first, stop, step):
            end = min(stop, start + step)
            inputs = self.layout.program.plans[0].reach(slice(start, end))
            part = np.require(self.source[inputs], requirements=["C", "A"])
            place = np.empty((end - start, wide, channels), self.target.dtype)
            self._run(part, inputs.start, place, start)
            self.target[start:end] = place

    def _run(
        self, part: Array, top: int, place: Array, first: int, *, streamed: bool = False
    ) -> None:
        """Make output rows from `first` on out of input rows from `top` on.

        streamed: whether floats are written past the caches.
        """
        layout = self.layout
        job = Job.from_buffer_copy(layout.job)
        job.first = job.begin = first
        job.stop = first + len(place)
        job.source, job.top, job.source_step = address(part), top, part.strides[0]
        job.target, job.target_step = address(place), place.strides[0]
        job.streamed = streamed
        memory = scratch("up_separable", (layout.size,), np.uint8)
        start = address(memory)
        job.scratch = start + -start % SLACK  # vectors do not cross the lines of a cache
        doubts = None
        if layout.program.kind in NEAR.values():
            doubts = np.empty(job.wide * job.channels + DOUBTS, np.int64)
            job.doubts, job.room = address(doubts), len(doubts)
        while job.begin < job.stop:
            job.found = 0
            job.begin = self.function(ctypes.byref(job))
            if doubts is not None and job.found:
                self._settle(doubts[: job.found], place, first)

    def _settle(self, found: Array, place: Array, first: int) -> None:
        """Make the outputs that a kernel has left, which are at these flat positions."""
        row, column, channel = np.unravel_index(found, (len(place) + first, *place.shape[1:]))
        places = np.zeros_like(row), row, column, channel
        source, plans = self.source[np.newaxis], self.layout.program.plans
        sums, half = sums_at(source, places, plans), 2.0 ** (8 * place.itemsize)
        made = round_sums(sums, source, plans, half, partial(_select, places))
        place[row - first, column, channel] = made


def _has_lines(array: Array) -> bool:
    """Tell whether the pixels of each row of (H, W, C) lie side by side."""
    _, width, channels = array.shape
    lines: bool = array.flags.aligned and array[:1].flags.c_contiguous
    return lines and width * channels > 0


def _select(places: tuple[Array, ...], marked: Array) -> tuple[Array, ...]:
    """Return those of some places that are marked."""
    return tuple(place[marked] for place in places)


@lru_cache(maxsize=8)
def _function_of(library: Kernels, name: str) -> Callable[..., int]:
    """Return the kernel of a kind."""
    function: Callable[..., int] = library.function(
        f"separable_{name}", ctypes.POINTER(Job), result=SIZE
    )
    return function
