"""Add: the sum of its inputs."""

import numpy as np

from upsamp.layers.elementwise_merge import ElementwiseMerge


class Add(ElementwiseMerge):
    """Add arrays, value by value; shapes broadcast as `ElementwiseMerge` says.

    >>> Add()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[4., 3.]], dtype=float32)
    """

    combine = np.add
