"""Minimum: the smallest of its inputs."""

import numpy as np

from upsamp.layers.elementwise_merge import ElementwiseMerge


class Minimum(ElementwiseMerge):
    """The smallest of the arrays, value by value.

    >>> Minimum()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[1., 1.]], dtype=float32)
    """

    combine = np.minimum
