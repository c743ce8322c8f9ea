"""UnitNormalization: values divided by their Euclidean length."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.axes import axes_within, normalize_axes
from upsamp.core.geometry.reach import mixed_reach
from upsamp.layers.layer import Layer, Shape


class UnitNormalization(Layer):
    """Divide x by the root of the sum of its squares along an axis, or along several.

    >>> UnitNormalization()([[3.0, 4.0]])
    array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = normalize_axes(axis)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        axes_within(self.axis, len(input_shape))
        return input_shape

    def call(self, x: Array) -> Array:
        """Divide by the length, or by as good as nothing where it is zero, as Keras does."""
        along = axes_within(self.axis, x.ndim)
        length = np.sqrt(np.square(x).sum(axis=along, keepdims=True))
        result: Array = x / np.maximum(length, x.dtype.type(1e-12))
        return result

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return each position itself, or all of an axis of (N, H, W, C) that is summed along."""
        return mixed_reach(axes_within(self.axis, 4), axis, length)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "axis": self.axis}
