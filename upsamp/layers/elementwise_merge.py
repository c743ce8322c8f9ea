"""The layers that merge arrays value by value, with Keras' broadcasting."""

from collections.abc import Sequence
from functools import reduce
from typing import ClassVar

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import ShapeError
from upsamp.layers.effect import Nature
from upsamp.layers.merge_layer import MergeLayer, in_one_call
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


class Add(ElementwiseMerge):
    """Add arrays, value by value; shapes broadcast as `ElementwiseMerge` says.

    >>> Add()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[4., 3.]], dtype=float32)
    """

    combine = np.add


class Subtract(ElementwiseMerge):
    """Take the second array from the first, value by value.

    >>> Subtract()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[-2.,  1.]], dtype=float32)
    """

    combine = np.subtract

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Return the shape that the two inputs broadcast to."""
        if len(input_shapes) != 2:
            raise ShapeError(f"must have two inputs. Received: {len(input_shapes)}.")
        return super().merged_shape(input_shapes)


class Multiply(ElementwiseMerge):
    """Multiply arrays, value by value; shapes broadcast as `ElementwiseMerge` says.

    >>> Multiply()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[3., 2.]], dtype=float32)
    """

    combine = np.multiply


class Average(ElementwiseMerge):
    """The mean of the arrays, value by value.

    >>> Average()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[2. , 1.5]], dtype=float32)
    """

    nature = Nature.NEW
    combine = np.add

    def merge(self, inputs: Sequence[Array]) -> Array:
        """Add the arrays, and divide by their number."""
        result: Array = super().merge(inputs) / len(inputs)
        return result


class Maximum(ElementwiseMerge):
    """The largest of the arrays, value by value.

    >>> Maximum()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[3., 2.]], dtype=float32)
    """

    combine = np.maximum


class Minimum(ElementwiseMerge):
    """The smallest of the arrays, value by value.

    >>> Minimum()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[1., 1.]], dtype=float32)
    """

    combine = np.minimum


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


add = in_one_call(Add)
subtract = in_one_call(Subtract)
multiply = in_one_call(Multiply)
average = in_one_call(Average)
maximum = in_one_call(Maximum)
minimum = in_one_call(Minimum)
