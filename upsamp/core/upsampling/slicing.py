"""Parts of plans: what they say of some outputs, counted from the first input that those read."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from upsamp.core.upsampling.block_plan import Piece, Scheme
from upsamp.core.upsampling.interpolation import AxisPlan, Gather, Run


@lru_cache(maxsize=16)
def cut_plan(plan: AxisPlan, begin: int, end: int) -> AxisPlan:
    """Return the plan of the outputs from `begin` to before `end`, as if the axis held no others.

    Its inputs are those that these outputs read.

    >>> from upsamp.core.upsampling.interpolation import plan_axis
    >>> cut_plan(plan_axis(8, 16, "bilinear"), 4, 6).pieces[0]
    Run(output=0, step=2, count=1, inputs=(0, 1), stride=1, weights=(0.25, 0.75), shares=(1, 3))
    """
    if (begin, end) == (0, plan.length):
        return plan
    first = plan.reach(slice(begin, end)).start
    pieces = tuple(_cut_pieces(plan, begin, end, first))
    if all(isinstance(piece, Run) for piece in pieces):
        return _plan_of_runs(pieces, end - begin)
    return AxisPlan(pieces, end - begin)


@lru_cache(maxsize=64)
def _plan_of_runs(runs: tuple[Run, ...], length: int) -> AxisPlan:
    """Return the plan that some runs make: the same object for equal ones, as caches go by that."""
    return AxisPlan(runs, length)


def _cut_pieces(plan: AxisPlan, begin: int, end: int, first: int) -> Iterator[Run | Gather]:
    """Yield what of each piece lies between two outputs."""
    for piece in plan.pieces:
        if isinstance(piece, Gather):
            yield replace(piece, first=piece.first + begin, origin=piece.origin + first)
            continue
        start, stop = piece.elements(slice(begin, end))
        if stop > start:
            shift = start * piece.stride - first
            yield replace(
                piece,
                output=piece.output + start * piece.step - begin,
                count=stop - start,
                inputs=tuple(tap + shift for tap in piece.inputs),
            )


@lru_cache(maxsize=8)
def run_borders(scheme: Scheme) -> frozenset[int]:
    """Return the output rows between which lie whole runs, which are made apart from each other.

    Numbers of floating point are rounded alike only within the same run.
    """
    borders: dict[int, set[int]] = {}
    for pieces in scheme.runs:
        ends = pieces[0].rows.tile.output, pieces[-1].rows.tile.target.stop
        borders.setdefault(pieces[0].columns.tile.output, set()).update(ends)
    return frozenset.intersection(*map(frozenset, borders.values()))


def cut_scheme(scheme: Scheme, begin: int, end: int) -> Scheme | None:
    """Return the runs that make the output rows `begin` to before `end`; None where some do not.

    The rows are counted from the first ones that those runs read and make.
    """
    plan, columns = scheme.plans
    if (begin, end) == (0, plan.length):
        return scheme
    if not {begin, end} <= run_borders(scheme):
        return None
    first = plan.reach(slice(begin, end)).start
    runs = tuple(
        tuple(_moved(piece, first, begin) for piece in pieces)
        for pieces in scheme.runs
        if begin <= pieces[0].rows.tile.output < end
    )
    return replace(scheme, plans=(cut_plan(plan, begin, end), columns), runs=runs)


def _moved(piece: Piece, first: int, begin: int) -> Piece:
    """Count the rows of a piece from other ones."""
    tile = piece.rows.tile
    tile = replace(tile, first=tile.first - first, output=tile.output - begin)
    return piece._replace(rows=piece.rows._replace(tile=tile))
