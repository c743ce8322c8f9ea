"""GetItem: slices of an array between the layers of a model, such as x[:, ::2, ..., 0]."""

from collections.abc import Sequence
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.arguments import LARGEST, Array
from upsamp.core.values import spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.layer import Layer, MaybeShape
from upsamp.layers.shapes import Shape

Item: TypeAlias = int | slice | EllipsisType | None


class GetItem(Layer):
    """Slice an array as NumPy does, the batch kept whole: Keras' operation of that name.

    items: an index, a slice, None for a new axis, or ... for the axes between; the first is `:`
    or is behind the batch.

    >>> GetItem([slice(None), slice(None, None, -1), 0])([[[1.0, 2.0], [3.0, 4.0]]])
    array([[3., 1.]], dtype=float32)
    """

    def __init__(self, items: Sequence[Item], **options: Any) -> None:
        super().__init__(**options)
        self.items = tuple(items)
        self.operation = "GetItem"
        self._input_shape: Shape = ()
        if not all(map(_is_item, self.items)) or sum(one is ... for one in self.items) > 1:
            raise ArgumentError(
                "`items` must be indices, slices of whole numbers, None, and ... at most once. "
                f"Received: items={spelled(self.items)}."
            )

    @property
    def operands(self) -> list[Any]:
        """What Keras calls the operation with: None for the array, and the items as it has them."""
        return [None, [_written(one) for one in self.items]]

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape that is left."""
        items = self.per_axis(len(input_shape))
        axes = iter(input_shape)
        shape: list[int | None] = []
        for item in items:
            if item is None:
                shape.append(1)
                continue
            length = next(axes)
            if isinstance(item, slice):
                shape.append(_length(item, length))
            elif length is not None and not -length <= item < length:
                raise ShapeError(
                    f"must have an input with position {item} on each axis that it is taken of. "
                    f"Received: shape {input_shape}."
                )
        return tuple(shape)

    def per_axis(self, rank: int) -> list[int | slice | None]:
        """Return an item for each axis of an input, and None for each new one."""
        items = list(self.items)
        taken = sum(one is not None and one is not ... for one in items)
        place = items.index(...) if ... in items else len(items)
        if taken > rank:
            raise ShapeError(f"must have an input of rank {taken} or more. Received: rank {rank}.")
        items[place : place + 1] = [slice(None)] * (rank - taken)
        if items[0] != slice(None):
            raise ShapeError(
                f"must leave the batch as it is. Received: items={spelled(self.items)}."
            )
        return [one for one in items if one is not ...]

    def call(self, x: Array) -> Array:
        """Slice the array."""
        result: Array = x[self.items]
        return result

    def connect(self, input_shapes: Sequence[Shape]) -> list[MaybeShape]:
        """Return the shape of the output; that of the input is kept for `reach`."""
        outputs = super().connect(input_shapes)
        self._input_shape = input_shapes[0]
        return outputs

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the positions that are taken, where the array stays an image, channels last."""
        shape = self._input_shape
        if len(shape) != 4 or shape[axis + 1] not in (None, length):
            return None
        items = self.per_axis(4)
        if not all(isinstance(one, slice) for one in items):
            return None
        positions = np.arange(length)[items[axis + 1]]
        return positions, positions

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "items": self.items}


def _is_item(one: object) -> bool:
    if isinstance(one, slice):
        numbers = [value for value in (one.start, one.stop, one.step) if value is not None]
        return all(map(_is_position, numbers)) and one.step != 0
    return one is None or one is ... or _is_position(one)


def _is_position(one: object) -> bool:
    return isinstance(one, int) and not isinstance(one, bool) and abs(one) < LARGEST


def _length(item: slice, length: int | None) -> int | None:
    """Return how much a slice takes of an axis, where that is known."""
    if length is not None:
        return len(range(*item.indices(length)))
    return None


def _written(one: Item) -> object:
    """Return an item as Keras 3 writes it."""
    if one is ...:
        return {"class_name": "__ellipsis__", "config": {}}
    if not isinstance(one, slice):
        return one
    parts = {"start": one.start, "stop": one.stop, "step": one.step}
    return {"class_name": "__slice__", "config": parts}
