"""What MaxPooling2D and AveragePooling2D have in common: a window that slides over images."""

from typing import Any

from upsamp.core.arguments import (
    PADDINGS,
    Array,
    PairLike,
    normalize_choice,
    normalize_pair,
)
from upsamp.core.geometry.reach import convolution_reach
from upsamp.core.geometry.sizes import ConvolutionAxis
from upsamp.core.pooling import pooling_axis
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape


class PoolingLayer(ImageLayer):
    """A layer that makes one value of each window; a subclass says which."""

    def __init__(
        self,
        pool_size: PairLike,
        strides: PairLike | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data_format, **options)
        self.pool_size = normalize_pair(pool_size, "pool_size")
        self.strides = self.pool_size if strides is None else normalize_pair(strides, "strides")
        self.padding = normalize_choice(padding, "padding", PADDINGS)

    def plan(self, axis: int, length: int) -> ConvolutionAxis:
        """Plan the rows (0) or the columns (1)."""
        return pooling_axis(length, self.pool_size[axis], self.strides[axis], self.padding)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with as many rows and columns as the window fits at."""
        return self.image_shape(input_shape, lambda axis, length: self.plan(axis, length).output)

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the positions of each window."""
        return convolution_reach(self.plan(axis, length), self.pool_size[axis])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
        }
