"""Axes, as layers are given them: integers that may count from the end."""

from collections.abc import Sequence
from operator import index
from typing import SupportsIndex

import numpy as np

from upsamp.core.arguments import LARGEST, spelled
from upsamp.errors import ArgumentError, ShapeError

__all__ = ["axes_within", "normalize_axes", "normalize_axis"]


def normalize_axis(value: object, name: str = "axis") -> int:
    """Return one axis as an integer, which may be negative; a list of one is taken, as of Keras 2.

    >>> normalize_axis(-1), normalize_axis([3])
    (-1, 3)
    """
    single = value
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1:
        single = value[0]
    if isinstance(single, SupportsIndex) and not isinstance(single, bool | np.bool_):
        axis = index(single)
        if abs(axis) < LARGEST:
            return axis
    raise ArgumentError(f"`{name}` must be an integer. Received: {name}={spelled(value)}.")


def normalize_axes(value: object, name: str = "axis") -> int | list[int]:
    """Return one axis as an integer, and several as a list.

    >>> normalize_axes((1, 2)), normalize_axes(-1)
    ([1, 2], -1)
    """
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return [normalize_axis(axis, name) for axis in value]
    return normalize_axis(value, name)


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
