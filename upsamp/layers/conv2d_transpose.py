"""Conv2DTranspose: upsampling and convolution in one, with a kernel that can be learnt."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from upsamp.core.activations import ActivationLike
from upsamp.core.arguments import (
    Array,
    PaddingLike,
    PairLike,
    normalize_output_padding,
)
from upsamp.core.convolution.convolve import conv2d_transpose
from upsamp.core.geometry.reach import kernel_overlap, transposed_reach
from upsamp.core.geometry.sizes import TransposedAxis, transposed_axis
from upsamp.core.in_place import Change
from upsamp.core.initializers import InitializerLike
from upsamp.core.kernels.gains import kernel_unevenness
from upsamp.layers.convolution_layer import ConvolutionLayer
from upsamp.layers.kernel_layer import Mixture
from upsamp.layers.layer import Shape
from upsamp.layers.window_layer import finish_of


class Conv2DTranspose(ConvolutionLayer):
    """Convolve images transposed; see `upsamp.conv2d_transpose`.

    Kernel (rows, columns, filters / groups, C). Beyond Keras, `padding` may be margins, and there
    may be `groups`.

    >>> layer = Conv2DTranspose(1, (3, 3), strides=(2, 2), padding="same")
    >>> layer.compute_output_shape((None, 5, 5, 128))
    (None, 10, 10, 1)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: PairLike,
        strides: PairLike = (1, 1),
        padding: PaddingLike = "valid",
        output_padding: PairLike | None = None,
        data_format: str | None = None,
        dilation_rate: PairLike = (1, 1),
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        *,
        groups: int = 1,
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
        self.output_padding = normalize_output_padding(
            output_padding,
            self.strides,
            self.dilation_rate,
            explicit=not isinstance(self.padding, str),
        )

    def kernel_shape(self, channels: int) -> tuple[int, int, int, int]:
        """Return (rows, columns, filters / groups, C)."""
        return (*self.kernel_size, self.filters // self.groups, channels)

    def transposed_plan(self, axis: int, length: int) -> TransposedAxis:
        """Plan the rows (0) or the columns (1)."""
        extra = self.output_padding or (None, None)
        return transposed_axis(
            length,
            self.kernel_size[axis],
            self.strides[axis],
            self.padding_of(axis),
            extra[axis],
            self.dilation_rate[axis],
        )

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with the filters as its channels."""
        return self.image_shape(
            input_shape,
            lambda axis, length: self.transposed_plan(axis, length).output,
            self.filters,
        )

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int | None:
        """Count the kernel once for every input position, as each scatters one.

        >>> layer = Conv2DTranspose(6, 4, strides=2)
        >>> layer.multiply_adds((None, 7, 7, 8), (None, 16, 16, 6))
        37632
        """
        return self.kernel_products(self.positions(input_shape), input_shape[self.channel_axis])

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the positions that scatter into each output; into a hole there is none.

        >>> [positions.tolist() for positions in Conv2DTranspose(1, 3, strides=2).reach(0, 2)]
        [[0, 0, 0, 1, 1], [0, 0, 1, 1, 1]]
        """
        return transposed_reach(self.transposed_plan(axis, length), self.kernel_size[axis])

    def overlap(self) -> str | None:
        """Tell how the kernels overlap, on the axis where they do so worst.

        >>> Conv2DTranspose(1, 4, strides=2).overlap(), Conv2DTranspose(1, 3, strides=2).overlap()
        ('even', 'uneven')
        """
        axes = zip(self.kernel_size, self.strides, self.dilation_rate, strict=True)
        found = {kernel_overlap(*axis) for axis in axes}
        return next(kind for kind in ("holes", "uneven", "even") if kind in found)

    def checkerboard(self) -> float | None:
        """Return how unevenly the kernel treats the phases of the stride.

        >>> layer = Conv2DTranspose(1, 3, strides=2, kernel_initializer="ones")
        >>> layer.build((None, 4, 4, 1))
        >>> layer.set_weights([np.ones((3, 3, 1, 1)), np.zeros(1)])
        >>> layer.checkerboard()
        1.3333333333333333
        """
        if self.strides == (1, 1):
            return None
        if not self.built or any(one.value is None for one in self.weights):
            return math.nan
        found = kernel_unevenness(self.weight("kernel"), self.strides, self.dilation_rate)
        return math.nan if found is None else found

    def mix(self, x: Array, mixture: Mixture, changes: Sequence[Change]) -> Array:
        """Convolve the images transposed."""
        return conv2d_transpose(
            x,
            mixture.kernel,
            mixture.bias,
            self.strides,
            self.padding,
            self.output_padding,
            self.dilation_rate,
            self.groups,
            self.data_format,
            finish=finish_of(changes),
        )

    def scaled_kernel(self, factors: Array) -> Array | None:
        """Scale the filters, which come before the channels; those of groups are not in a row."""
        return self.weight("kernel") * factors[:, np.newaxis] if self.groups == 1 else None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "output_padding": self.output_padding}
