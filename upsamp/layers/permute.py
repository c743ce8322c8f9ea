"""Permute: the axes of a sample in another order."""

from collections.abc import Sequence
from typing import Any

from upsamp.core.arguments import Array
from upsamp.core.axes import MAX_AXES, normalize_axis
from upsamp.core.values import as_list, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.layer import Layer, Shape


class Permute(Layer):
    """Transpose the axes to the order `dims`, which counts from 1, the batch being 0.

    >>> Permute((2, 1)).compute_output_shape((None, 10, 64))
    (None, 64, 10)
    """

    def __init__(self, dims: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        several = as_list(dims, most=MAX_AXES) or []
        self.dims = tuple(normalize_axis(axis, "dims") for axis in several)
        if not self.dims or sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ArgumentError(
                f"`dims` must be the axes from 1 on, each once. Received: dims={spelled(dims)}."
            )

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the lengths in the order of `dims`."""
        if len(input_shape) != len(self.dims) + 1:
            raise ShapeError(
                f"must have an input of rank {len(self.dims) + 1}, the batch included. "
                f"Received: shape {input_shape}."
            )
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def call(self, x: Array) -> Array:
        """Return the values in the new order."""
        return x.transpose(0, *self.dims)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return None: rows may be columns or channels after it."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "dims": self.dims}
