"""Softmax: values as shares of one."""

from collections.abc import Sequence
from typing import Any

from upsamp.core.activation_functions import softmax
from upsamp.core.arguments import Array
from upsamp.core.axes import axes_within, normalize_axes
from upsamp.core.geometry.reach import mixed_reach
from upsamp.layers.layer import Layer, Shape


class Softmax(Layer):
    """Compute exp(x) over its sum along an axis, or along several.

    >>> Softmax()([[0.0, 0.0, 0.0, 0.0]])
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = normalize_axes(axis)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        axes_within(self.axis, len(input_shape))
        return input_shape

    def call(self, x: Array) -> Array:
        """Apply the function."""
        return softmax(x, self.axis)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return each position itself, or all of an axis of (N, H, W, C) that is summed along."""
        return mixed_reach(axes_within(self.axis, 4), axis, length)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "axis": self.axis}
