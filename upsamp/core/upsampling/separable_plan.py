"""What native kernels are told of both axes, and the kind of numbers that sums take.

Integers are summed as whole numbers of as few bits as hold them. Where 32 do not, sums are made in
floating point, and those near a half are settled as those of NumPy's paths are.
"""

import ctypes
import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.native.library import address
from upsamp.core.upsampling.exact import Plans, doubt_of, grid_of_axis
from upsamp.core.upsampling.interpolation import AxisPlan
from upsamp.core.upsampling.rounding import margin_of
from upsamp.core.upsampling.taps import Taps, gather_of, repeated_taps

# What the kernels are compiled for: `MAX_TAPS` and `MAX_PHASES` there; and for whole numbers.
MAX_TAPS, MAX_WHOLE_TAPS = 16, 6
# The largest total of the shares of an output that is tried in whole numbers.
MAX_TOTAL = 2**20
# Outputs of an axis whose weights do not come again, for which tables are made.
MAX_OUTPUTS = 2**14
# The phases that are made one by one, and how long they have to be.
MAX_PHASES, MIN_ROUNDS = 8, 4
SIZE, POINTER = ctypes.c_ssize_t, ctypes.c_void_p


class Axis(ctypes.Structure):
    """`Axis` of separable.c."""

    _fields_ = (
        *((name, SIZE) for name in ("begin", "period", "rounds", "shift", "taps")),
        *((name, POINTER) for name in ("counts", "inputs", "totals", "weights", "fractions")),
    )


class Job(ctypes.Structure):
    """`Job` of separable.c."""

    _fields_ = (
        ("rows", Axis),
        ("columns", Axis),
        *((name, POINTER if name in ("source", "target") else SIZE) for name in (
            "source", "top", "source_step", "target", "target_step",
            "width", "wide", "channels", "first", "begin", "stop", "phased",
        )),
        ("scratch", POINTER),
        *((name, SIZE) for name in (
            "slots", "kept_size", "row_size", "middle_size", "plane_size", "phase_size",
            "common", "left", "right",
        )),
        ("span", ctypes.c_double),
        ("limit", ctypes.c_double),
        ("margin", ctypes.c_double),
        ("ties", SIZE),
        ("doubts", POINTER),
        ("room", SIZE),
        ("found", SIZE),
        ("streamed", SIZE),
    )  # fmt: skip


class Kind(NamedTuple):
    """A kernel, and the types of what is widened, of widened rows, and of weights."""

    name: str
    middle: str
    row: str
    weight: str


SHORT, WHOLE, LONG = (
    Kind("short", "u1", "u2", "u2"), Kind("whole", "f4", "f4", "f4"), Kind("long", "u2", "i4", "i4")
)  # fmt: skip
NEAR = {1: Kind("near8", "f4", "f4", "f4"), 2: Kind("near16", "f8", "f8", "f8")}
FLOATS = {4: Kind("float32", "f4", "f4", "f4"), 8: Kind("float64", "f8", "f8", "f8")}
DTYPES = tuple(map(np.dtype, ("uint8", "uint16", "float32", "float64")))
# Elements that are written past the end of a line of scratch memory.
SLACK = 64


class Table(NamedTuple):
    """What the outputs of an axis read, as `Taps`, with unused taps last.

    counts: (outputs,). weights: (outputs, taps), fractions or whole numbers. totals: (outputs,), by
    which sums of whole numbers are divided.
    """

    taps: Taps
    counts: Array
    weights: Array
    totals: Array


class WholeTables(NamedTuple):
    """Tables of whole numbers.

    common: the total of the columns from `left` to before `right`; others have their own. span: the
    largest widened number.
    """

    kind: Kind
    tables: tuple[Table, Table]
    common: int
    left: int
    right: int
    span: int


class Program(NamedTuple):
    """What a kernel is told of any image. kept: the arrays whose addresses are in `job`."""

    kind: Kind
    job: Job
    plans: Plans
    kept: tuple[Any, ...]


class Layout(NamedTuple):
    """What a kernel is told of images of a size. size: the bytes of its scratch memory."""

    program: Program
    job: Job
    size: int


@lru_cache(maxsize=16)
def layout_of(
    row_plan: AxisPlan, column_plan: AxisPlan, dtype: np.dtype[Any], width: int, channels: int
) -> Layout:
    """Return the job for input rows of this many pixels, with the sizes of its scratch memory."""
    program = _program_of(row_plan, column_plan, dtype)
    kind, job = program.kind, Job.from_buffer_copy(program.job)
    job.width, job.wide, job.channels = width, column_plan.length, channels
    middle, row = (np.dtype(name).itemsize for name in (kind.middle, kind.row))
    job.row_size = _padded(job.wide * channels)
    job.kept_size = _padded(8 * job.slots)
    size = job.kept_size + job.slots * job.row_size * row
    if kind == WHOLE or kind in NEAR.values():
        job.middle_size = _padded(width * channels)
        size += job.middle_size * middle
    if job.phased:
        columns = job.columns
        job.plane_size = _padded((width // columns.shift + 1) * channels)
        job.phase_size = _padded(columns.rounds * channels)
        size += columns.shift * job.plane_size * middle + columns.period * job.phase_size * row
    return Layout(program, job, size + SLACK)


def _padded(size: int) -> int:
    """Return the elements of a line of scratch memory, past whose end some are written."""
    return -(-(size + SLACK) // SLACK) * SLACK


@lru_cache(maxsize=16)
def _program_of(row_plan: AxisPlan, column_plan: AxisPlan, dtype: np.dtype[Any]) -> Program:
    """Choose the kind of numbers that sums take, and bring the tables to its types."""
    plans = row_plan, column_plan
    tables = rows, columns = _table_of(row_plan), _table_of(column_plan)
    job = Job(common=1)
    whole = None if dtype.kind == "f" else _whole_of(rows, columns, dtype)
    if whole:
        kind, tables = whole.kind, whole.tables
        job.common, job.left, job.right, job.span = whole[2:]
    elif dtype.kind == "f":
        kind = FLOATS[dtype.itemsize]
    else:
        kind = NEAR[dtype.itemsize]
        _set_margins(job, plans, dtype, np.dtype(kind.row))
    kept = [
        array
        for axis, table in zip((job.rows, job.columns), tables, strict=True)
        for array in _fill_axis(axis, table, kind.weight)
    ]
    turns = columns.taps
    job.phased = turns.shift > 0 and turns.rounds >= MIN_ROUNDS and turns.period <= MAX_PHASES
    inputs = rows.taps.inputs
    used = np.arange(inputs.shape[1]) < rows.counts[:, np.newaxis]
    read = np.where(used, inputs, inputs[:, :1])
    job.slots = 1 << int((read.max(axis=1) - read.min(axis=1)).max()).bit_length()
    return Program(kind, job, plans, tuple(kept))


@lru_cache(maxsize=32)
def _table_of(plan: AxisPlan) -> Table:
    """Return what the outputs of an axis read."""
    gather = gather_of(plan)
    if gather:
        made = gather.table(np.arange(plan.length))
        taps = Taps(made.inputs, made.weights, made.shares)
    else:
        taps = repeated_taps(plan)
    counts = np.count_nonzero(taps.shares, axis=1)
    return Table(taps, counts, taps.weights, taps.shares.sum(axis=1))


def _fill_axis(axis: Axis, table: Table, weight: str) -> list[Array]:
    """Tell a kernel what an axis reads; return the arrays whose addresses it is told."""
    taps = table.taps
    axis.begin, axis.period, axis.rounds, axis.shift, axis.taps = (
        taps.begin, taps.period, taps.rounds, taps.shift, taps.inputs.shape[1]
    )  # fmt: skip
    arrays = {
        "counts": table.counts.astype(np.int32),
        "inputs": np.ascontiguousarray(taps.inputs, np.int32),
        "weights": np.ascontiguousarray(table.weights, weight),
        "fractions": np.ascontiguousarray(taps.weights, np.float64),
    }
    if table.totals.dtype != object and table.totals.max() < 2**31:
        arrays["totals"] = table.totals.astype(np.int32)
    for name, array in arrays.items():
        setattr(axis, name, address(array))
    return list(arrays.values())


def _set_margins(job: Job, plans: Plans, dtype: np.dtype[Any], row: np.dtype[Any]) -> None:
    """Tell a kernel how far sums may be off, in its own numbers and in float64."""
    half = 2.0 ** (8 * dtype.itemsize)
    rows, columns = map(grid_of_axis, plans)
    margin = margin_of(rows, columns, half / 2, row)
    job.limit = float(np.nextafter(row.type(0.5 - margin), row.type(0)))
    doubt = doubt_of(*plans, half, False)
    job.margin, job.ties = (2 * doubt.margin, doubt.ties) if doubt else (0.0, True)


def _whole_of(rows: Table, columns: Table, dtype: np.dtype[Any]) -> WholeTables | None:
    """Return the weights as whole numbers, of as few bits as hold all sums; None if 32 do not."""
    for table in (rows, columns):
        if table.taps.inputs.shape[1] > MAX_WHOLE_TAPS or table.totals.max() > MAX_TOTAL:
            return None
    taps, repeated = columns.taps, (columns.taps.rounds - 1) * columns.taps.period
    inner = slice(taps.begin, taps.begin + taps.period) if repeated else slice(None)
    common = math.lcm(*set(columns.totals[inner].tolist()))
    if common > MAX_TOTAL:
        return None
    columns = _times(columns, np.where(common % columns.totals, 1, common // columns.totals))
    # A half of the divisor is added, so that it must not be 1.
    rows = _times(rows, np.full_like(rows.totals, 2 if common * rows.totals.min() == 1 else 1))
    own = np.flatnonzero(columns.totals != common)
    left = int(own[own < taps.begin].max(initial=-1)) + 1
    length = len(columns.totals) + repeated
    right = int((own[own >= taps.begin] + repeated).min(initial=length))
    kind, span = _kind_of(rows, columns, common, np.iinfo(dtype).max, alike=not len(own))
    return WholeTables(kind, (rows, columns), common, left, right, span) if kind else None


def _times(table: Table, multiples: Array) -> Table:
    """Return a table with the shares as weights, in multiples."""
    return table._replace(
        weights=table.taps.shares * multiples[:, np.newaxis], totals=table.totals * multiples
    )


def _kind_of(
    rows: Table, columns: Table, common: int, most: int, *, alike: bool
) -> tuple[Kind | None, int]:
    """Return the kind that holds all sums of numbers from 0 to `most`, and the span of its rows.

    alike: whether all columns have the same total.
    """
    across, down = (int(np.abs(table.weights).sum(axis=1).max()) for table in (columns, rows))
    divisors = common * rows.totals
    if most == 255:
        positive = columns.weights.min() >= 0 and rows.weights.min() >= 0
        powers = (divisors & (divisors - 1)) == 0
        if alike and positive and (powers & (divisors <= 256) | (divisors <= 128)).all():
            return SHORT, 0
        kind, most, exact = WHOLE, 128, 2**24
    else:
        kind, exact = LONG, 2**31
    span = most * across
    largest = int(columns.totals.max()) * int(rows.totals.max())
    fits = span < exact and down * span + 2 * largest < 2**31
    return (kind if fits else None), span
