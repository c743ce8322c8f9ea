"""Dense: every output is a weighted sum of all inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from upsamp.core.activations import ActivationLike
from upsamp.core.arguments import Array, normalize_count
from upsamp.core.convolution.packing import Kernel
from upsamp.core.in_place import Change, change_blocks
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.core.products import multiply
from upsamp.core.values import normalize_flag
from upsamp.errors import ShapeError
from upsamp.layers.kernel_layer import KernelLayer, Mixture
from upsamp.layers.layer import Shape
from upsamp.layers.shapes import product_of


class Dense(KernelLayer):
    """Compute activation(x @ kernel + bias) over the last axis.

    Input (N, ..., C), output (N, ..., units); kernel (C, units), bias (units,).

    >>> Dense(3200, input_dim=100).compute_output_shape((None, 100))
    (None, 3200)
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(activation, **options)
        self.flat = False
        self.units = normalize_count(units, "units")
        self.use_bias = normalize_flag(use_bias, "use_bias")
        self.kernel_initializer = normalize_initializer(kernel_initializer, "kernel_initializer")
        self.bias_initializer = normalize_initializer(bias_initializer, "bias_initializer")

    def create_weights(self, input_shape: Shape) -> None:
        """Size the kernel by the last axis of the input."""
        channels = self.check_axis(input_shape, -1)
        self.flat = len(input_shape) == 2
        self.add_weight("kernel", (channels, self.units), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.units,), self.bias_initializer)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape with `units` as its last axis."""
        if len(input_shape) < 2:
            raise ShapeError(
                f"must have an input of rank 2 or more, the batch "
                f"included. Received: shape {input_shape}."
            )
        if self.built and input_shape[-1] not in (None, self._weights[0].shape[0]):
            raise ShapeError(
                f"must have {self._weights[0].shape[0]} inputs, as it "
                f"was built. Received: shape {input_shape}."
            )
        return (*input_shape[:-1], self.units)

    def multiply_adds(self, input_shape: Shape, output_shape: Shape) -> int | None:
        """Count the kernel once for every place but that of the last axis.

        >>> layer = Dense(3200, input_dim=100)
        >>> layer.multiply_adds((None, 100), (None, 3200))
        320000
        """
        return product_of((*input_shape[1:], self.units))

    def reach(self, axis: int, length: int) -> tuple[Array, Array] | None:
        """Return each position itself, for it mixes channels alone; vectors have no positions."""
        return None if self.flat else super().reach(axis, length)

    def mixture(self) -> Mixture:
        """Return the kernel, which is used as it is, and the bias."""
        return Mixture(Kernel(self.weight("kernel")), self.bias_values())

    def mix(self, x: Array, mixture: Mixture, changes: Sequence[Change]) -> Array:
        """Multiply the inputs with the kernel."""
        kernel = mixture.kernel.array.astype(x.dtype, copy=False)
        result = np.empty((*x.shape[:-1], self.units), x.dtype)
        vectors = x.reshape(-1, x.shape[-1])
        multiply(vectors, kernel, result.reshape(-1, self.units))
        if mixture.bias is not None:
            result += mixture.bias
        if changes:
            change_blocks(result, self.units, changes)
        return result

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
        }
