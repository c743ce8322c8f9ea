"""Receptive fields: which rows and columns of the image at the root each position depends on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.geometry.reach import Reach, same_positions
from upsamp.layers.layer import Layer, MaybeShape

# Images with more positions along an axis are not followed.
MOST_POSITIONS = 2**14
# How many positions of outputs are followed in all; a layer counts as some, for its own sake.
MOST_FOLLOWED = 2**24
LAYER_POSITIONS = 2**11


@dataclass(frozen=True, eq=False)
class AxisField:
    """The positions of the root that each position depends on, along one axis.

    first, last: (positions,), the first larger than the last where it depends on none.
    length: the positions of the root.
    """

    first: Array
    last: Array
    length: int

    @property
    def extent(self) -> int:
        """The most positions from the first to the last of any."""
        return max(0, int((self.last - self.first).max(initial=-1)) + 1)

    def through(self, reach: Reach) -> "AxisField":
        """Return the field of outputs that reach from a first to a last position of this one.

        >>> field = AxisField(np.array([0, 0, 1]), np.array([1, 2, 2]), 3)
        >>> after = field.through((np.array([0, 1, 3]), np.array([1, 2, -1])))
        >>> after.first.tolist(), after.last.tolist()
        ([0, 0, 3], [2, 2, -1])
        """
        begin, end = reach
        places = np.arange(len(self.first))
        if np.array_equal(begin, places) and np.array_equal(end, places):
            return self
        empty = begin > end
        begin, end = np.where(empty, 0, begin), np.where(empty, 0, end)
        # A stretch is covered by two windows as long as the largest power of two in it.
        power = np.frexp(end - begin + 1)[1] - 1
        lowest, highest = (
            function(windows[power, begin], windows[power, end + 1 - 2**power])
            for function, windows in (
                (np.minimum, _windows(self.first, np.minimum, power.max(initial=0))),
                (np.maximum, _windows(self.last, np.maximum, power.max(initial=0))),
            )
        )
        first, last = np.where(empty, self.length, lowest), np.where(empty, -1, highest)
        return AxisField(first.astype(np.int32), last.astype(np.int32), self.length)

    def beside(self, other: "AxisField") -> "AxisField":
        """Return the field of what depends on both, position by position."""
        return AxisField(
            np.minimum(self.first, other.first), np.maximum(self.last, other.last), self.length
        )


def _windows(values: Array, function: np.ufunc, powers: int) -> Array:
    """Return the function of the values in windows of 1, 2, 4... that begin at each, by power."""
    windows = [values]
    for power in range(powers):
        longer = windows[-1].copy()
        longer[: -(2**power)] = function(longer[: -(2**power)], longer[2**power :])
        windows.append(longer)
    return np.stack(windows)


class Field(NamedTuple):
    """The receptive fields of all positions of an image: along its rows and its columns."""

    rows: AxisField
    columns: AxisField

    def through(self, rows: Reach, columns: Reach) -> "Field":
        """Return the field of outputs that reach so far along the rows and columns of this one."""
        along_rows = self.rows.through(rows)
        if self.columns is self.rows and all(map(np.array_equal, rows, columns)):
            along_columns = along_rows
        else:
            along_columns = self.columns.through(columns)
        field = Field(along_rows, along_columns)
        return self if field == self else field

    @property
    def key(self) -> int:
        """A number that two different fields have in common by a chance of one in 2**64."""
        arrays = (self.rows.first, self.rows.last, self.columns.first, self.columns.last)
        lengths = self.rows.length, self.columns.length
        return hash((*lengths, *(np.asarray(array, np.int32).tobytes() for array in arrays)))

    @property
    def size(self) -> "FieldSize":
        """The largest field of any position."""
        size = self.rows.extent, self.columns.extent
        return FieldSize(size, size == (self.rows.length, self.columns.length))


@dataclass(frozen=True)
class FieldSize:
    """The largest field of any position. size: rows and columns of the root; whole: all of it."""

    size: Pair
    whole: bool

    def __str__(self) -> str:
        return "all" if self.whole else "x".join(map(str, self.size))


MaybeField: TypeAlias = Field | None


class Follower:
    """Finds the fields of layers' outputs out of those of their inputs, until it has done enough.

    first_axis: the axis of the rows: 1, or 2 where channels come first.

    >>> Follower(1).root((None, 8, 8, 3)).size
    FieldSize(size=(1, 1), whole=False)
    """

    def __init__(self, first_axis: int) -> None:
        self.first_axis = first_axis
        self._left = MOST_FOLLOWED

    def root(self, shape: MaybeShape) -> MaybeField:
        """Return the field of an image that is itself the root; None where that is no image."""
        lengths = self._lengths(shape)
        if lengths is None or not self._spend(lengths):
            return None
        axes = {length: AxisField(*same_positions(length), length) for length in {*lengths}}
        return Field(axes[lengths[0]], axes[lengths[1]])

    def follow(
        self,
        layer: Layer,
        input_shapes: Sequence[MaybeShape],
        output_shape: MaybeShape,
        fields: Sequence[MaybeField],
    ) -> MaybeField:
        """Return the field of a layer's output, out of the fields of its inputs.

        A layer that makes an image of what is none, or that does not keep positions, such as
        Reshape, is a new root. None: the output is no image, its inputs go back to roots of
        several sizes, or images are too large or too many to be followed.
        """
        outputs = self._lengths(output_shape)
        if outputs is None or not self._spend(outputs):
            return None
        found: list[Field] = []
        for shape, field in zip(input_shapes, fields, strict=True):
            lengths = self._lengths(shape)
            if lengths is None:
                continue
            if not self._spend(lengths):
                return None
            rows, columns = (layer.reach(axis, length) for axis, length in enumerate(lengths))
            if rows is None or columns is None:
                return self.root(output_shape)
            if field is None:
                return None
            found.append(field.through(rows, columns))
        if not found:
            return self.root(output_shape)
        return _merged(found)

    def _lengths(self, shape: MaybeShape) -> Pair | None:
        """Return the rows and columns of a shape that is one of images, where they are known."""
        if shape is None or len(shape) != 4:
            return None
        rows, columns = shape[self.first_axis : self.first_axis + 2]
        return None if rows is None or columns is None else (rows, columns)

    def _spend(self, lengths: Pair) -> bool:
        """Count what is followed, and tell whether that is not too much."""
        if max(lengths) > MOST_POSITIONS:
            return False
        self._left -= sum(lengths) + LAYER_POSITIONS
        return self._left >= 0


def _merged(fields: Sequence[Field]) -> MaybeField:
    """Return the field of what depends on several, where they go back to roots of one size."""
    sizes = {
        tuple((axis.length, len(axis.first)) for axis in (field.rows, field.columns))
        for field in fields
    }
    if len(sizes) > 1:
        return None
    merged, *others = dict.fromkeys(fields)
    for field in others:
        merged = Field(merged.rows.beside(field.rows), merged.columns.beside(field.columns))
    return merged
