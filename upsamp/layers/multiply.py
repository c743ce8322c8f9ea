"""Multiply: the product of its inputs."""

import numpy as np

from upsamp.layers.elementwise_merge import ElementwiseMerge


class Multiply(ElementwiseMerge):
    """Multiply arrays, value by value; shapes broadcast as `ElementwiseMerge` says.

    >>> Multiply()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[3., 2.]], dtype=float32)
    """

    combine = np.multiply
