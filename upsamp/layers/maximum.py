"""Maximum: the largest of its inputs."""

import numpy as np

from upsamp.layers.elementwise_merge import ElementwiseMerge


class Maximum(ElementwiseMerge):
    """The largest of the arrays, value by value.

    >>> Maximum()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[3., 2.]], dtype=float32)
    """

    combine = np.maximum
