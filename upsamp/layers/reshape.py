"""Reshape: the same values in another shape."""

import math
from collections.abc import Sequence
from typing import Any

from upsamp.core.arguments import Array, normalize_count
from upsamp.core.axes import MAX_AXES
from upsamp.core.values import as_integer, as_list, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer, Shape


class Reshape(Layer):
    """Reshape every sample to `target_shape`, in which one axis may be -1: what is left over.

    >>> Reshape((5, 5, -1)).compute_output_shape((None, 3200))
    (None, 5, 5, 128)
    """

    nature = Nature.VIEW

    def __init__(self, target_shape: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        given = as_list(target_shape, most=MAX_AXES)
        axes = [target_shape] if given is None else given
        rest = [as_integer(axis) == -1 for axis in axes]
        if sum(rest) > 1 or len(axes) > MAX_AXES:
            raise ArgumentError(
                "`target_shape` must have -1 for one axis at the most. "
                f"Received: target_shape={spelled(target_shape)}."
            )
        self.target_shape = tuple(
            -1 if is_rest else normalize_count(axis, "target_shape")
            for axis, is_rest in zip(axes, rest, strict=True)
        )

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the target shape after the batch."""
        sizes = [axis for axis in input_shape[1:] if axis is not None]
        fixed = math.prod(axis for axis in self.target_shape if axis != -1)
        if len(sizes) < len(input_shape) - 1:
            return (
                input_shape[0],
                *(None if axis == -1 else axis for axis in self.target_shape),
            )
        size = math.prod(sizes)
        fits = size % fixed == 0 if -1 in self.target_shape else size == fixed
        if not fits:
            raise ShapeError(
                f"must keep the number of values. Received: "
                f"{size} values, shape {input_shape}, for target_shape={self.target_shape}."
            )
        return (
            input_shape[0],
            *(size // fixed if axis == -1 else axis for axis in self.target_shape),
        )

    def call(self, x: Array) -> Array:
        """Return the values in the target shape."""
        return x.reshape(len(x), *self.target_shape)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return None: the positions are others."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "target_shape": self.target_shape}
