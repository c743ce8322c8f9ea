"""GlobalMaxPooling2D: the largest value of each channel."""

from upsamp.core.arguments import Array
from upsamp.layers.global_pooling_layer import GlobalPoolingLayer


class GlobalMaxPooling2D(GlobalPoolingLayer):
    """The largest value of each channel.

    >>> GlobalMaxPooling2D()([[[[1.0], [2.0]], [[3.0], [6.0]]]])
    array([[6.]], dtype=float32)
    """

    def call(self, x: Array) -> Array:
        """Pool the images."""
        largest: Array = x.max(axis=self.image_axes, keepdims=self.keepdims)
        return largest
