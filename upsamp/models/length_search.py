"""Which lengths of an axis lead to those that are wanted, where more never leads to less."""

from collections.abc import Callable
from typing import TypeAlias

from upsamp.core.arguments import Pair

# The lengths of each axis from which a layer's output leads to what is wanted.
Box: TypeAlias = tuple[range, range]
# How many sizes of a layer are tried on each axis: those nearest to what it gives.
MOST_LENGTHS = 8
# How many times as long as wanted a length is at most; a layer that gives the same for all lengths
# would be tried without end.
UNBOUNDED = 2**63


def nearest_multiples(lengths: range, now: int, step: int) -> range:
    """Return the multiples of a step among some lengths, and of many the nearest to `now`.

    >>> nearest_multiples(range(5, 1000), 100, 10)
    range(60, 140, 10)
    """
    first, last = -(-lengths.start // step), (lengths.stop - 1) // step
    begin = max(first, min(now // step - MOST_LENGTHS // 2, last + 1 - MOST_LENGTHS))
    return range(begin * step, (min(last, begin + MOST_LENGTHS - 1) + 1) * step, step)


def box_before(result: Callable[[int, int], Pair], now: Pair, after: Box) -> Box | None:
    """Return the rows and columns with a result within `after`, where each has its own effect."""
    rows = _lengths(lambda length: result(length, now[1])[0], after[0])
    columns = _lengths(lambda length: result(now[0], length)[1], after[1])
    # More never leads to less, so where both corners do, all between them do.
    corners = ((rows[0], columns[0]), (rows[-1], columns[-1])) if rows and columns else ()
    found = [result(*corner) for corner in corners]
    whole = found and all(grid[0] in after[0] and grid[1] in after[1] for grid in found)
    return (rows, columns) if whole else None


def _lengths(result: Callable[[int], int], wanted: range) -> range:
    """Return the lengths with a result among those wanted, where more never leads to less.

    >>> _lengths(lambda length: length // 3, range(5, 7))
    range(15, 21)
    """
    first = _first(lambda length: result(length) >= wanted.start, wanted.start)
    return range(
        first, _first(lambda length: result(length) >= wanted.stop, max(first, wanted.stop))
    )


def _first(holds: Callable[[int], bool], guess: int) -> int:
    """Return the first length from 1 on at which something holds that goes on to hold.

    The search begins at a guess, and goes away from it in steps that double.
    """
    low, high, step = 0, guess, 1
    while high < guess * UNBOUNDED and not holds(high):
        low, high, step = high, high + step, 2 * step
    if low == 0:
        while high - step > 0 and holds(high - step):
            high, step = high - step, 2 * step
        low = max(0, high - step)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
