"""What the layers have in common that merge arrays value by value: Keras' broadcasting."""

from collections.abc import Sequence
from functools import reduce
from typing import ClassVar

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import ShapeError
from upsamp.layers.effect import Nature
from upsamp.layers.merge_layer import MergeLayer
from upsamp.layers.shapes import MaybeShape, Shape


class ElementwiseMerge(MergeLayer):
    """A layer that combines arrays two by two; a subclass says by which function.

    The batch is one for all. The other axes broadcast: arrays of fewer axes get axes of length 1
    after the batch, and an axis of length 1 is repeated.
    """

    nature = Nature.NEW
    combine: ClassVar[np.ufunc]

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Return the shape that all inputs broadcast to."""
        batches = {shape[0] for shape in input_shapes if shape} - {None}
        samples: MaybeShape = ()
        for shape in input_shapes:
            samples = _broadcast(samples, shape[1:])
        if len(batches) > 1 or samples is None:
            raise ShapeError(
                "must have inputs of one batch whose other axes are equal or 1. Received: shapes "
                f"{', '.join(map(str, input_shapes))}."
            )
        return (batches.pop() if batches else None, *samples)

    def merge(self, inputs: Sequence[Array]) -> Array:
        """Combine the arrays from the first to the last."""
        rank = max(array.ndim for array in inputs)
        aligned = [
            array.reshape(len(array), *[1] * (rank - array.ndim), *array.shape[1:])
            for array in inputs
        ]
        result: Array = reduce(self.combine, aligned)
        return result

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return each position itself; of an axis of length 1 that is repeated, always the one."""
        outputs = self.merged_length(axis)
        if length == 1 and outputs is not None:
            return np.zeros(outputs, int), np.zeros(outputs, int)
        return super().reach(axis, length)


def _broadcast(one: MaybeShape, other: Shape) -> MaybeShape:
    """Return the shape that two broadcast to, or None where they do not."""
    if one is None:
        return None
    if len(one) < len(other):
        one, other = other, one
    joined = list(one[: len(one) - len(other)])
    for length, beside in zip(one[len(one) - len(other) :], other, strict=True):
        if length is None or beside is None:
            joined.append(None)
        elif length != beside and 1 not in (length, beside):
            return None
        else:
            joined.append(max(length, beside))
    return tuple(joined)
