"""How a convolution by windows is cut into pieces, and what each reads and writes: integers only.

See `upsamp.core.convolution.windows`, which computes them.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, product
from typing import TypeAlias

from upsamp.core.convolution.phases import Phase, tap_range
from upsamp.core.convolution.problem import ConvolutionPlan
from upsamp.core.products import row_unit

# The rows of a product: fewer have no time between calls; more gain nothing.
LOW, HIGH = 8, 36
# With so many rows each image has products of its own, and its phases read one copy.
ENOUGH = 12
# How many filters a matrix has at most.
WIDTH = 64

# Phases that differ in nothing but that each begins later than the one before, evenly.
Group: TypeAlias = tuple[Phase, ...]


@dataclass(frozen=True)
class Reading:
    """What the outputs of a group of phases of the columns read of a copy.

    outputs: their columns. shape: (rows, phases of them, columns, phases of them), and `apart`, how
    many (rows, rows, pixels, pixels) of the copy one is from the next. begin: the first one's
    pixel. taps: how many pixels each reads, each with all taps of the rows, 0 where it is none at
    all. matrices: the places of those that they are multiplied by, `phases` of each.
    """

    outputs: slice
    shape: tuple[int, int, int, int]
    apart: tuple[int, int, int, int]
    begin: int
    taps: int
    matrices: range
    phases: slice


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


@dataclass(frozen=True)
class Tiling:
    """How a plan is cut. by_block: each thread takes blocks; else they share pieces."""

    blocks: tuple[Block, ...]
    by_block: bool


def phase_groups(phases: tuple[Phase, ...]) -> list[Group]:
    """Put all phases of an axis together, or each alone."""
    first = phases[0]
    alike = all((p.count, len(p.taps)) == (first.count, len(first.taps)) for p in phases)
    gaps = {after.start - before.start for before, after in pairwise(phases)}
    even = len(gaps) <= 1 and min(gaps, default=0) >= 0
    if alike and even and first.taps and len(phases) == first.step:
        return [phases]
    return [(phase,) for phase in phases]


@lru_cache(maxsize=256)
def tile(plan: ConvolutionPlan, shares: int, copy: int) -> Tiling:
    """Cut the outputs of each phase into blocks of a height that the products like.

    A piece of a block has a copy of the input of about `copy` elements. shares: among how many
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
        shared = len(images[0]) == 1 or len(some) >= ENOUGH
        pieces = [
            (slice(part.start * WIDTH, part.stop * WIDTH), _steps(plan, some, run, part, shared))
            for run, part in product(columns, parts)
        ]
        step = plan.row_phases[0].step
        outputs = slice(some.start * step, min(some.stop * step, plan.rows.output))
        for several in images:
            chosen = slice(several.start, several.stop)
            block = tuple(Piece(chosen, *piece) for piece in pieces)
            blocks.append(Block(chosen, outputs, block))
    return Tiling(tuple(blocks), by_block)


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


def _steps(
    plan: ConvolutionPlan, run: range, columns: range, matrices: range, shared: bool
) -> tuple[Step, ...]:
    """Plan a piece: a step for each group of phases of the rows, or for each phase."""
    column_groups = phase_groups(plan.column_phases)
    several = -(-plan.filters // WIDTH)
    steps = []
    first = 0
    for group in phase_groups(plan.row_phases):
        parts = [
            range(
                first + number * several + matrices.start, first + number * several + matrices.stop
            )
            for number in range(len(column_groups))
        ]
        first += several * len(column_groups)
        if shared:
            steps.append(_step(plan, (group, slice(None)), run, columns, parts))
            continue
        for number, phase in enumerate(group):
            one = (phase,), slice(number, number + 1)
            steps.append(_step(plan, one, run, columns, parts))
    return tuple(step for step in steps if step is not None)


def _step(
    plan: ConvolutionPlan,
    chosen: tuple[Group, slice],
    run: range,
    columns: range,
    matrices: list[range],
) -> Step | None:
    """Plan what a group of phases of the rows computes; None where it has no outputs."""
    rows, phases = chosen
    part = rows[0].part(run.start, run.stop)
    if not part.count:
        return None
    gap = _gap(rows)
    copied = replace(part, count=part.count + (len(rows) - 1) * gap)
    reading = [
        phase.part(columns.start, columns.stop) for phase in plan.column_phases if phase.taps
    ]
    left = min((phase.start for phase in reading), default=0)
    right = max((phase.past + (phase.count - 1) * phase.stride for phase in reading), default=0)
    right = max(left, right)
    first = min(max(0, left), plan.columns.length)
    last = max(first, min(plan.columns.length, right))
    readings = []
    for group, numbers in zip(phase_groups(plan.column_phases), matrices, strict=True):
        column = group[0].part(columns.start, columns.stop)
        if column.count:
            taps = len(column.taps) if part.taps else 0
            shape = part.count, len(rows), column.count, len(group)
            apart = 1, gap, column.stride, _gap(group)
            outputs, begin = _outputs(group, column), column.start - left
            readings.append(Reading(outputs, shape, apart, begin, taps, numbers, phases))
    return Step(
        _outputs(rows, part),
        (copied.count, right - left, len(part.taps)),
        slice(first, last),
        slice(first - left, last - left),
        tuple(tap_range(copied, index, plan.rows.length) for index in range(len(part.taps))),
        tuple(readings),
    )


def _gap(group: Group) -> int:
    return group[1].start - group[0].start if len(group) > 1 else 0


def _outputs(group: Group, part: Phase) -> slice:
    """Return the outputs of all phases of a group, of whose first one `part` is a part."""
    if len(group) == 1:
        return part.outputs
    return slice(part.first, part.first + part.count * part.step)
