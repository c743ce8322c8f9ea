"""What the layers have in common whose kernel slides over images, whatever the kernel mixes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from upsamp.core.activations import ActivationLike
from upsamp.core.arguments import (
    Array,
    Padding,
    PaddingLike,
    Pair,
    PairLike,
    normalize_padding,
    normalize_pair,
)
from upsamp.core.convolution.packing import PackedKernel
from upsamp.core.convolution.problem import Finish
from upsamp.core.geometry.reach import convolution_reach
from upsamp.core.geometry.sizes import ConvolutionAxis, convolution_axis
from upsamp.core.in_place import Change, change_blocks
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.core.layout import read_only
from upsamp.core.values import normalize_flag
from upsamp.errors import ShapeError, UnknownLayerError
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.kernel_layer import KernelLayer, Mixture
from upsamp.layers.layer import Shape
from upsamp.layers.shapes import product_of

# Factors beyond these could take weights out of the range in which floats have all their bits.
SMALLEST_FACTOR, LARGEST_FACTOR = 2.0**-30, 2.0**30


class WindowLayer(KernelLayer, ImageLayer):
    """A layer with a kernel that slides over images, a bias and an activation."""

    def __init__(
        self,
        kernel_size: PairLike,
        strides: PairLike = (1, 1),
        padding: PaddingLike = "valid",
        data_format: str | None = None,
        dilation_rate: PairLike = (1, 1),
        activation: ActivationLike = None,
        use_bias: bool = True,
        bias_initializer: InitializerLike = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(data_format=data_format, activation=activation, **options)
        self.kernel_size = normalize_pair(kernel_size, "kernel_size")
        self.strides = normalize_pair(strides, "strides")
        self.padding = normalize_padding(padding)
        self.dilation_rate = normalize_pair(dilation_rate, "dilation_rate")
        self.use_bias = normalize_flag(use_bias, "use_bias")
        self.bias_initializer = normalize_initializer(bias_initializer, "bias_initializer")
        self.input_channels: int | None = None

    def check_rank(self, input_shape: Shape) -> None:
        """Raise `ShapeError` for another rank, or for other channels than it was built for."""
        super().check_rank(input_shape)
        channels = input_shape[self.channel_axis]
        if self.input_channels is not None and channels not in (None, self.input_channels):
            raise ShapeError(
                f"must have {self.input_channels} "
                f"channels, as it was built. Received: shape {input_shape}."
            )

    @property
    def output_axis(self) -> int:
        """The axis of the channels."""
        return self.channel_axis

    def scaled_kernel(self, factors: Array) -> Array | None:
        """Return the kernel with each output so many times as large; None: that is not written."""
        return self.weight(self.kernel_name) * factors

    def scaled_mixture(self, factors: Array, offsets: Array) -> Mixture | None:
        """Return a kernel and a bias whose sums are this layer's times factors plus offsets.

        None where those would not be equal but for rounding: where numbers are not finite, or
        come near the ends of the range of floats.
        """
        sizes = np.abs(factors[factors != 0])
        if not (np.all(sizes >= SMALLEST_FACTOR) and np.all(sizes <= LARGEST_FACTOR)):
            return None
        kernel = self.scaled_kernel(factors)
        if kernel is None:
            return None
        packed = PackedKernel(self.arranged(self.kernel_name, read_only(kernel.astype(self.dtype))))
        bias = self.bias_values()
        summed = (offsets if bias is None else bias * factors + offsets).astype(self.dtype)
        kernels = self.packed(self.kernel_name), packed
        finite = all(one.finite for one in kernels) and np.isfinite(summed).all()
        return Mixture(packed, summed) if finite else None

    def padding_of(self, axis: int) -> Padding | Pair:
        """Return the padding of the rows (0) or of the columns (1)."""
        return self.padding if isinstance(self.padding, str) else self.padding[axis]

    def plan(self, axis: int, length: int) -> ConvolutionAxis:
        """Plan the rows (0) or the columns (1) of a convolution."""
        return convolution_axis(
            length,
            self.kernel_size[axis],
            self.strides[axis],
            self.padding_of(axis),
            self.dilation_rate[axis],
        )

    def output_channels(self, channels: int | None) -> int | None:
        """Return the channels of the output, for this many of the input."""
        raise UnknownLayerError(f"{self.type_name} must define `output_channels`.")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape with as many rows and columns as the kernel fits at."""
        shape = self.image_shape(input_shape, lambda axis, length: self.plan(axis, length).output)
        axis = self.channel_axis
        return (*shape[:axis], self.output_channels(input_shape[axis]), *shape[axis + 1 :])

    def positions(self, shape: Shape) -> int | None:
        """Count the pixels of images of this shape, the batch included."""
        return product_of(tuple(shape[axis] for axis in (1, 2, 3) if axis != self.channel_axis))

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return the positions that the kernel covers."""
        return convolution_reach(self.plan(axis, length), self.kernel_size[axis])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "bias_initializer": self.bias_initializer,
        }


def finish_of(changes: Sequence[Change]) -> Finish | None:
    """Return what a convolution does in place to parts of its result; None for nothing."""

    def finish(part: Array) -> None:
        change_blocks(part, part.shape[3], changes)

    return finish if changes else None
