"""Average: the mean of its inputs."""

from collections.abc import Sequence

import numpy as np

from upsamp.core.arguments import Array
from upsamp.layers.effect import Nature
from upsamp.layers.elementwise_merge import ElementwiseMerge


class Average(ElementwiseMerge):
    """The mean of the arrays, value by value.

    >>> Average()([[[1.0, 2.0]], [[3.0, 1.0]]])
    array([[2. , 1.5]], dtype=float32)
    """

    nature = Nature.NEW
    combine = np.add

    def merge(self, inputs: Sequence[Array]) -> Array:
        """Add the arrays, and divide by their number."""
        result: Array = super().merge(inputs) / len(inputs)
        return result
