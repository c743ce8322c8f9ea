"""Concatenate: its inputs one after the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.axes import normalize_axis
from upsamp.errors import ShapeError
from upsamp.layers.effect import Nature
from upsamp.layers.merge_layer import MergeLayer, in_one_call
from upsamp.layers.shapes import Shape


class Concatenate(MergeLayer):
    """Join arrays along `axis`; all other axes must be equal.

    >>> Concatenate()([[[1.0, 2.0]], [[3.0]]])
    array([[1., 2., 3.]], dtype=float32)
    """

    nature = Nature.NEW

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = normalize_axis(axis)

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the first input, with the lengths along the axis summed."""
        first = input_shapes[0]
        if not -len(first) <= self.axis < len(first):
            raise ShapeError(f"must have inputs with axis {self.axis}. Received: shape {first}.")
        along = self.axis % len(first)
        if not all(_matches(first, shape, along) for shape in input_shapes[1:]):
            raise ShapeError(
                f"must have inputs that are equal but for axis {self.axis}. Received: shapes "
                f"{', '.join(map(str, input_shapes))}."
            )
        lengths = [shape[along] for shape in input_shapes]
        known = [length for length in lengths if length is not None]
        total = sum(known) if len(known) == len(lengths) else None
        return (*first[:along], total, *first[along + 1 :])

    def merge(self, inputs: Sequence[Array]) -> Array:
        """Join the arrays."""
        return np.concatenate(inputs, axis=self.axis)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return each position itself, but not along the axis at which inputs are joined."""
        rank = 4 if self.output_shape is None else len(self.output_shape)
        return None if self.axis % rank == axis + 1 else super().reach(axis, length)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "axis": self.axis}


def _matches(one: Shape, other: Shape, along: int) -> bool:
    """Tell whether two shapes are equal but for an axis, as far as their lengths are known."""
    return len(one) == len(other) and all(
        axis == along or None in pair or pair[0] == pair[1]
        for axis, pair in enumerate(zip(one, other, strict=True))
    )


concatenate = in_one_call(Concatenate)
