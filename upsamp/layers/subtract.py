"""Subtract: the difference of two inputs."""

from collections.abc import Sequence

import numpy as np

from upsamp.errors import ShapeError
from upsamp.layers.elementwise_merge import ElementwiseMerge
from upsamp.layers.shapes import Shape


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
