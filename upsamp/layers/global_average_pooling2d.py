"""GlobalAveragePooling2D: the mean of each channel."""

import numpy as np

from upsamp.core.arguments import Array
from upsamp.layers.global_pooling_layer import GlobalPoolingLayer


class GlobalAveragePooling2D(GlobalPoolingLayer):
    """The mean of each channel, summed in float64.

    >>> GlobalAveragePooling2D()([[[[1.0], [2.0]], [[3.0], [6.0]]]])
    array([[3.]], dtype=float32)
    """

    def call(self, x: Array) -> Array:
        """Pool the images."""
        mean: Array = x.mean(axis=self.image_axes, keepdims=self.keepdims, dtype=np.float64)
        return mean.astype(x.dtype)
