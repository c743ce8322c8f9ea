"""Convolution of few channels by the native kernels: what they are told, and in which parts.

Each output is the same sums in the same order in whichever part it is computed, and reads nothing
but its own inputs and zeros around the image.
"""

import ctypes
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.packing import Matrices
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.geometry.phases import first_reads
from upsamp.core.native.library import Kernels, address, kernels
from upsamp.core.scratch import scratch
from upsamp.core.threads import share, thread_count

# Images, and the first row of the output and the one after the last.
Part: TypeAlias = tuple[slice, int, int]

# As in convolution.c: how many filters are summed together, and the most outputs side by side.
FILTERS, MAX_TILE = 8, 32
# The most elements that a thread may keep; of many channels they should stay in a core's cache.
MAX_ELEMENTS, MAX_ELEMENTS_OF_MANY = 2**21, 2**17
FEW_CHANNELS = 16
# The multiplications of a part: some 100 microseconds, as for one output in this many.
PART, PART_PER_OUTPUT = 2**21, 16
# The parts of a larger work are a multiple of this, so that threads end together.
PARTS = 4


@dataclass(frozen=True)
class Layout:
    """The integers of a plan as convolution.c takes them, and how much memory it needs.

    shape, rows, taps, offsets: as there. ring, tile, reads: the elements of what is computed in.
    first, past: the input rows that are read by the outputs of all phases that are the first ones.
    """

    shape: Array
    rows: Array
    taps: Array
    offsets: Array
    ring: int
    tile: int
    reads: int
    first: int
    past: int

    @cached_property
    def addresses(self) -> tuple[int, ...]:
        """Where the tables are."""
        return tuple(map(address, (self.shape, self.rows, self.taps, self.offsets)))


def fits_native(plan: ConvolutionPlan) -> bool:
    """Tell whether there is room for the rows that an output reads, with the rows between them."""
    most = MAX_ELEMENTS if plan.channels <= FEW_CHANNELS else MAX_ELEMENTS_OF_MANY
    return native_memory(plan, 1) <= most


def native_memory(plan: ConvolutionPlan, threads: int) -> int:
    """Return how many elements `convolve_native` takes in all threads."""
    layout = _layout(plan)
    return threads * (layout.ring + layout.tile + 2 * layout.reads)


@lru_cache(maxsize=256)
def _layout(plan: ConvolutionPlan) -> Layout:
    rows, columns = plan.row_phases, plan.column_phases
    first, past = first_reads(rows)
    left, stride = max(0, -first_reads(columns)[0]), columns[0].stride
    width = plan.columns.length
    places = [
        divmod(left + phase.start + tap * phase.spacing, stride)
        for phase in columns
        for tap in range(len(phase.taps))
    ]
    groups = -(-plan.columns.output // len(columns))
    last = max((place for place, _ in places), default=0)
    pitch = max(-(-(left + width) // stride), last + groups + MAX_TILE)
    depth = min(past - first, plan.rows.length)
    begin, row_table = 0, []
    for phase in rows:
        row_table.append((phase.start, len(phase.taps), phase.spacing, begin))
        begin += len(phase.taps) * len(places) * plan.channels * plan.filters
    shape = (
        *(width, plan.channels, plan.filters, left, stride, pitch, depth),
        *(first, past, rows[0].stride, len(rows), len(columns)),
        *(plan.rows.output, plan.columns.output),
    )
    return Layout(
        np.array(shape, np.int64),
        np.array(row_table, np.int64),
        np.array([len(phase.taps) for phase in columns], np.int64),
        np.array([plane * pitch + place for place, plane in places], np.int64),
        (depth + 1) * plan.channels * stride * pitch,
        (len(columns) * plan.filters + 3) * MAX_TILE,
        len(columns) + max(len(phase.taps) for phase in rows) * len(places),
        first,
        past,
    )


def _pack(problem: Problem) -> Matrices:
    """Return the weights of each phase of rows, phase of columns and few filters, in a row."""
    kernel, plan = problem.kernel(), problem.plan
    parts = [
        kernel[np.ix_(row.taps, column.taps)][..., first : first + FILTERS].ravel()
        for row in plan.row_phases
        for column in plan.column_phases
        for first in range(0, plan.filters, FILTERS)
        if row.taps and column.taps
    ]
    return (np.concatenate([*parts, np.zeros(1, problem.dtype)]),)


@lru_cache(maxsize=4)
def _function(used: Kernels, dtype: np.dtype[np.floating]) -> Any:
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    types = [*[pointer] * 7, count, count, count, pointer, count, count, *[pointer] * 4]
    return used.function(f"convolve_{dtype.name}", *types)


def convolve_native(problem: Problem, part: int = PART) -> None:
    """Compute a convolution of one group that fits, in parts of about `part` multiplications."""
    used, parts = kernels(), _parts(problem.plan, part)
    if used is None or not problem.result.flags.carray:
        raise ValueError("native kernels write to arrays in memory order")
    (weights,) = problem.matrices("native", lambda: _pack(problem))
    bias = np.zeros(problem.plan.filters) if problem.bias is None else problem.bias
    arrays = weights, np.ascontiguousarray(bias, problem.dtype)
    function = _function(used, problem.dtype)

    def work(run: range) -> None:
        for some in parts[run.start : run.stop]:
            _compute(problem, function, arrays, some)

    share(len(parts), thread_count() if len(parts) > 1 else 1, work)


def _compute(problem: Problem, function: Any, arrays: tuple[Array, Array], part: Part) -> None:
    """Compute a part of the outputs."""
    plan, result, layout = problem.plan, problem.result, _layout(problem.plan)
    images, start, stop = part
    top, bottom = _input_rows(plan, layout, start, stop)
    source = np.require(problem.source(images, slice(top, bottom)), requirements=["C", "A"])
    numbers = scratch("native.numbers", (layout.ring + layout.tile,), problem.dtype)
    numbers[: layout.ring] = 0
    places = scratch("native.places", (layout.reads,), np.int64)
    ring, counts = address(numbers), address(places)
    function(
        *layout.addresses,
        *map(address, arrays),
        *(address(source), len(source), top, bottom),
        *(address(result) + images.start * result.strides[0], start, stop),
        *(ring, ring + layout.ring * result.itemsize, counts, counts + 8 * len(layout.taps)),
    )
    problem.end_rows(images, slice(start, stop), with_bias=False)


def _input_rows(plan: ConvolutionPlan, layout: Layout, start: int, stop: int) -> tuple[int, int]:
    """Return the rows of the input that rows of the output read: first, and after the last."""
    phases, stride = len(plan.row_phases), plan.row_phases[0].stride
    length = plan.rows.length
    top = min(length, max(0, layout.first + start // phases * stride))
    return top, max(top, min(length, layout.past + (stop - 1) // phases * stride))


@lru_cache(maxsize=256)
def _parts(plan: ConvolutionPlan, part: int) -> tuple[Part, ...]:
    """Cut the outputs into parts: some images, or some rows of one."""
    products = min(plan.pixels, plan.outputs) * plan.taps * plan.channels
    size = plan.filters * max(products, PART_PER_OUTPUT * plan.outputs)
    count = -(-size // (part * PARTS)) * PARTS if size > part else 1
    if plan.images >= count:
        return tuple((images, 0, plan.rows.output) for images in _cut(plan.images, count))
    # Whole groups of rows, whose phases read the same rows.
    unit = len(plan.row_phases)
    rows = _cut(-(-plan.rows.output // unit), -(-count // plan.images))
    return tuple(
        (slice(image, image + 1), some.start * unit, min(plan.rows.output, some.stop * unit))
        for image in range(plan.images)
        for some in rows
    )


def _cut(count: int, parts: int) -> list[slice]:
    """Cut 0 to `count` into at most this many parts."""
    parts = min(count, parts)
    ends = [count * part // parts for part in range(parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(ends)]
