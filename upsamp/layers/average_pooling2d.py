"""AveragePooling2D: the mean of each window."""

from upsamp.core.arguments import Array
from upsamp.core.pooling import average_pool
from upsamp.layers.pooling_layer import PoolingLayer


class AveragePooling2D(PoolingLayer):
    """The mean of each window, of the values that exist; see `upsamp.core.pooling`.

    >>> AveragePooling2D(2, padding="same").compute_output_shape((None, 7, 7, 3))
    (None, 4, 4, 3)
    """

    def call(self, x: Array) -> Array:
        """Pool the images."""
        return average_pool(x, self.pool_size, self.strides, self.padding, self.data_format)
