"""MaxPooling2D: the largest value of each window."""

from typing import Any

from upsamp.core.arguments import Array, PairLike
from upsamp.core.pooling import max_pool
from upsamp.layers.pooling_layer import PoolingLayer


class MaxPooling2D(PoolingLayer):
    """The largest value of each window; see `upsamp.core.pooling`.

    >>> MaxPooling2D().compute_output_shape((None, 7, 7, 3))
    (None, 3, 3, 3)
    """

    def __init__(
        self,
        pool_size: PairLike = (2, 2),
        strides: PairLike | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **options)

    def call(self, x: Array) -> Array:
        """Pool the images."""
        return max_pool(x, self.pool_size, self.strides, self.padding, self.data_format)
