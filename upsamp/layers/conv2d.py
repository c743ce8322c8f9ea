"""Conv2D: a kernel that slides over images."""

from typing import Any

from upsamp.core.arguments import Array, PaddingLike, PairLike
from upsamp.core.convolution import conv2d
from upsamp.core.geometry import convolution_axis
from upsamp.layers.convolution_layer import ConvolutionLayer
from upsamp.layers.layer import Shape

__all__ = ["Conv2D"]


class Conv2D(ConvolutionLayer):
    """Convolve images; see `upsamp.conv2d`. Kernel (rows, columns, C / groups, filters).

    >>> Conv2D(1, (3, 3), padding="same").compute_output_shape((None, 10, 10, 128))
    (None, 10, 10, 1)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: PairLike,
        strides: PairLike = (1, 1),
        padding: PaddingLike = "valid",
        data_format: str | None = None,
        dilation_rate: PairLike = (1, 1),
        groups: int = 1,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            groups,
            **options,
        )

    def kernel_shape(self, channels: int) -> tuple[int, int, int, int]:
        """Give (rows, columns, C / groups, filters)."""
        return (*self.kernel_size, channels // self.groups, self.filters)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Give the shape with the filters as its channels."""
        return self.image_shape(
            input_shape,
            lambda axis, length: (
                convolution_axis(
                    length,
                    self.kernel_size[axis],
                    self.strides[axis],
                    self.padding_of(axis),
                    self.dilation_rate[axis],
                ).output
            ),
            self.filters,
        )

    def call(self, x: Array) -> Array:
        """Convolve the images."""
        return self.activate(
            conv2d(
                x,
                self.weight("kernel"),
                self.bias(),
                self.strides,
                self.padding,
                self.dilation_rate,
                self.groups,
                self.data_format,
            )
        )
