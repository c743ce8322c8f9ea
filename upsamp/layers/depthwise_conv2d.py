"""DepthwiseConv2D: every channel with kernels of its own."""

from collections.abc import Sequence

from upsamp.core.arguments import Array
from upsamp.core.in_place import Change
from upsamp.layers.depthwise_layer import DepthwiseLayer
from upsamp.layers.kernel_layer import Mixture
from upsamp.layers.layer import Shape, Weight
from upsamp.layers.shapes import product_of


class DepthwiseConv2D(DepthwiseLayer):
    """Convolve each channel by itself, to `depth_multiplier` channels.

    Kernel (rows, columns, C, depth_multiplier), bias (C * depth_multiplier,).

    >>> DepthwiseConv2D(3, depth_multiplier=2).compute_output_shape((None, 10, 10, 4))
    (None, 8, 8, 8)
    """

    kernel: Weight

    def create_weights(self, input_shape: Shape) -> None:
        """Size the kernel by the channels of the input."""
        channels = self.check_axis(input_shape, self.channel_axis)
        self.input_channels = channels
        self.add_weight("kernel", self.depthwise_shape(channels), self.depthwise_initializer)
        if self.use_bias:
            self.add_weight("bias", (channels * self.depth_multiplier,), self.bias_initializer)

    def output_channels(self, channels: int | None) -> int | None:
        """Return depth_multiplier channels for each."""
        return product_of((channels, self.depth_multiplier))

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int | None:
        """Count the kernel once for every output position.

        >>> DepthwiseConv2D(3).multiply_adds((None, 7, 7, 8), (None, 5, 5, 8))
        1800
        """
        channels = self.output_channels(input_shape[self.channel_axis])
        return product_of((self.positions(output_shape), *self.kernel_size, channels))

    def mix(self, x: Array, mixture: Mixture, changes: Sequence[Change]) -> Array:
        """Convolve the images."""
        return self.convolve(x, mixture.kernel, mixture.bias, changes)

    def scaled_kernel(self, factors: Array) -> Array | None:
        """Scale the kernels of each channel."""
        kernel = self.weight("kernel")
        return kernel * factors.reshape(kernel.shape[2:])
