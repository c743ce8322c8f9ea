"""Axes, as layers are given them: integers that may count from the end."""

from collections.abc import Sequence

from upsamp.core.arguments import LARGEST
from upsamp.core.values import as_integer, as_list, spelled
from upsamp.errors import ArgumentError, ShapeError

# NumPy's arrays have no more.
MAX_AXES = 64


def normalize_axis(value: object, name: str = "axis") -> int:
    """Return one axis as an integer, which may be negative; a list of one is taken, as of Keras 2.

    >>> normalize_axis(-1), normalize_axis([3])
    (-1, 3)
    """
    axis = as_integer(value)
    if axis is None:
        axes = as_list(value, most=1) or []
        axis = as_integer(axes[0]) if len(axes) == 1 else None
    if axis is not None and abs(axis) < LARGEST:
        return axis
    raise ArgumentError(f"`{name}` must be an integer. Received: {name}={spelled(value)}.")


def normalize_axes(value: object, name: str = "axis") -> int | list[int]:
    """Return one axis as an integer, and several as a list.

    >>> normalize_axes((1, 2)), normalize_axes(-1)
    ([1, 2], -1)
    """
    axes = as_list(value, most=MAX_AXES)
    if not axes:
        return normalize_axis(value, name)
    if len(axes) > MAX_AXES:
        raise ArgumentError(
            f"`{name}` must be at most {MAX_AXES} integers. Received: {name}={spelled(value)}."
        )
    return [normalize_axis(axis, name) for axis in axes]


def axes_within(axes: int | Sequence[int], rank: int) -> tuple[int, ...]:
    """Return the axes of a shape of that rank, each counted from the start and once, ascending.

    >>> axes_within([-1, 1], 4)
    (1, 3)
    """
    several = (axes,) if isinstance(axes, int) else tuple(axes)
    for axis in several:
        if not -rank <= axis < rank:
            raise ShapeError(f"must have an input with axis {axis}. Received: rank {rank}.")
    return tuple(sorted({axis % rank for axis in several}))
