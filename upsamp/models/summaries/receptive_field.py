"""Receptive fields: which rows and columns of the image at the root each position depends on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.reach import Reach, same_positions
from upsamp.layers.layer import Layer, MaybeShape

__all__ = ["AxisField", "Field", "follow", "root_field"]

# A model with more positions along an axis is not followed.
MOST_POSITIONS = 2**14


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
        count = len(self.first)
        first, last = (np.asarray(bound, np.int64) for bound in reach)
        # What reaches alike is looked up once; else global layers would take a square of time.
        keys, back = np.unique(first * (count + 2) + last + 1, return_inverse=True)
        begins, ends = np.divmod(keys, count + 2)
        empty = begins >= ends
        bounds = np.stack([begins, np.maximum(ends, begins)], axis=1).ravel()
        lowest = np.minimum.reduceat(np.append(self.first, self.length), bounds)[::2]
        highest = np.maximum.reduceat(np.append(self.last, -1), bounds)[::2]
        return AxisField(
            np.where(empty, self.length, lowest)[back],
            np.where(empty, -1, highest)[back],
            self.length,
        )

    def beside(self, other: "AxisField") -> "AxisField":
        """Return the field of what depends on both, position by position."""
        return AxisField(
            np.minimum(self.first, other.first), np.maximum(self.last, other.last), self.length
        )


@dataclass(frozen=True)
class Field:
    """The receptive fields of all positions of an image: along its rows and its columns."""

    rows: AxisField
    columns: AxisField

    @property
    def size(self) -> Pair:
        """The largest field of any position: rows and columns of the root."""
        return self.rows.extent, self.columns.extent

    @property
    def whole(self) -> bool:
        """Whether that is all of the root."""
        return self.size == (self.rows.length, self.columns.length)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and (self.size, self.whole) == (other.size, other.whole)

    def __hash__(self) -> int:
        return hash((self.size, self.whole))

    def __str__(self) -> str:
        return "all" if self.whole else "x".join(map(str, self.size))


MaybeField: TypeAlias = Field | None


def root_field(shape: MaybeShape, first_axis: int) -> MaybeField:
    """Return the field of an image that is itself the root; None where that is no image.

    first_axis: the axis of the rows: 1, or 2 where channels come first.

    >>> str(root_field((None, 8, 8, 3), 1))
    '1x1'
    """
    lengths = _lengths(shape, first_axis)
    if lengths is None:
        return None
    rows, columns = (AxisField(*same_positions(length), length) for length in lengths)
    return Field(rows, columns)


def follow(
    layer: Layer,
    input_shapes: Sequence[MaybeShape],
    output_shape: MaybeShape,
    fields: Sequence[MaybeField],
    first_axis: int,
) -> MaybeField:
    """Return the field of a layer's output, out of the fields of its inputs.

    A layer that makes an image of what is none, or that does not keep positions, such as Reshape,
    is a new root. None: the output is no image, or its inputs go back to roots of several sizes.
    """
    if _lengths(output_shape, first_axis) is None:
        return None
    found: list[Field] = []
    for shape, field in zip(input_shapes, fields, strict=True):
        lengths = _lengths(shape, first_axis)
        if lengths is None:
            continue
        reaches = [layer.reach(axis, length) for axis, length in enumerate(lengths)]
        if reaches[0] is None or reaches[1] is None:
            return root_field(output_shape, first_axis)
        if field is None:
            return None
        found.append(Field(field.rows.through(reaches[0]), field.columns.through(reaches[1])))
    if not found:
        return root_field(output_shape, first_axis)
    return _merged(found)


def _merged(fields: Sequence[Field]) -> MaybeField:
    """Return the field of what depends on several, where they go back to roots of one size."""
    sizes = {
        tuple((axis.length, len(axis.first)) for axis in (field.rows, field.columns))
        for field in fields
    }
    if len(sizes) > 1:
        return None
    merged = fields[0]
    for field in fields[1:]:
        merged = Field(merged.rows.beside(field.rows), merged.columns.beside(field.columns))
    return merged


def _lengths(shape: MaybeShape, first_axis: int) -> Pair | None:
    """Return the rows and columns of a shape that is one of images, where they are known."""
    if shape is None or len(shape) != 4:
        return None
    rows, columns = shape[first_axis : first_axis + 2]
    if rows is None or columns is None or max(rows, columns) > MOST_POSITIONS:
        return None
    return rows, columns
