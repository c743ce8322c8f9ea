"""Dense: every output is a weighted sum of all inputs."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from upsamp.core.activations import ActivationLike
from upsamp.core.arguments import Array, normalize_count
from upsamp.core.convolution.packing import Kernel
from upsamp.core.in_place import Change, change_blocks
from upsamp.core.initializers import InitializerLike, normalize_initializer
from upsamp.core.products import multiply
from upsamp.core.values import normalize_flag, normalize_mapping, spelled
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.kernel_layer import KernelLayer, Mixture
from upsamp.layers.layer import Shape, Weight
from upsamp.layers.options import LORA
from upsamp.layers.shapes import product_of

ROUNDING = "AbsMaxQuantizer"


class Dense(KernelLayer):
    """Compute activation(x @ kernel + bias) over the last axis.

    Input (N, ..., C), output (N, ..., units); kernel (C, units), bias (units,). With the dtype
    "int8_from_float32" the kernel is of int8, to be divided by kernel_scale, (units,), and inputs
    are rounded to 8 bits of their own range, unless quantization_config leaves them.

    >>> Dense(3200, input_dim=100).compute_output_shape((None, 100))
    (None, 3200)
    """

    takes_int8 = True
    idle_options: ClassVar[Mapping[str, tuple[object, ...]]] = LORA

    kernel: Weight

    def __init__(
        self,
        units: int,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        *,
        quantization_config: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(activation, **options)
        self.quantization_config = _known_quantization(quantization_config)
        self.flat = False
        self._channels = 0
        self.units = normalize_count(units, "units")
        self.use_bias = normalize_flag(use_bias, "use_bias")
        self.kernel_initializer = normalize_initializer(kernel_initializer, "kernel_initializer")
        self.bias_initializer = normalize_initializer(bias_initializer, "bias_initializer")

    def create_weights(self, input_shape: Shape) -> None:
        """Size the kernel by the last axis of the input."""
        channels = self._channels = self.check_axis(input_shape, -1)
        self.flat = len(input_shape) == 2
        if not self.dtype_policy.quantized:
            self.add_weight("kernel", (channels, self.units), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.units,), self.bias_initializer)
        if self.dtype_policy.quantized:
            shape = (channels, self.units)
            self._weights.append(Weight("kernel", shape, "zeros", False, "int8"))
            self.add_weight("kernel_scale", (self.units,), "ones", trainable=False)

    @property
    def weight_paths(self) -> list[str]:
        """Where Keras 3 keeps each of the weights: the kernel first, though it is not trained."""
        places = {"kernel": 0, "bias": 1, "kernel_scale": 1 + self.use_bias}
        return [f"vars/{places[weight.name]}" for weight in self._weights]

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the input's shape with `units` as its last axis."""
        if len(input_shape) < 2:
            raise ShapeError(
                f"must have an input of rank 2 or more, the batch "
                f"included. Received: shape {input_shape}."
            )
        if self.built and input_shape[-1] not in (None, self._channels):
            raise ShapeError(
                f"must have {self._channels} inputs, as it "
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
        """Return each position itself, for it mixes channels only; vectors have no positions."""
        return None if self.flat else super().reach(axis, length)

    def mixture(self) -> Mixture:
        """Return the kernel, which is used as it is, and the bias."""
        if self.dtype_policy.quantized:
            scale = self.weight("kernel_scale")
            return Mixture(
                Kernel(self.weight("kernel").astype(scale.dtype) / scale), self.bias_values()
            )
        return Mixture(Kernel(self.weight("kernel")), self.bias_values())

    def mix(self, x: Array, mixture: Mixture, changes: Sequence[Change]) -> Array:
        """Multiply the inputs with the kernel."""
        if self.dtype_policy.quantized and self.rounds_inputs:
            x = _in_8_bits(x)
        kernel = mixture.kernel.array.astype(x.dtype, copy=False)
        result = np.empty((*x.shape[:-1], self.units), x.dtype)
        vectors = x.reshape(-1, x.shape[-1])
        multiply(vectors, kernel, result.reshape(-1, self.units))
        if mixture.bias is not None:
            result += mixture.bias
        if changes:
            change_blocks(result, self.units, changes)
        return result

    @property
    def rounds_inputs(self) -> bool:
        """Whether inputs are rounded to 8 bits."""
        config = (self.quantization_config or {"config": {"activation_quantizer": 0}})["config"]
        return config.get("activation_quantizer") is not None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        more = {"quantization_config": self.quantization_config} if self.quantization_config else {}
        return {
            **super().get_config(),
            **more,
            "units": self.units,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
        }


def _known_quantization(config: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return how Keras writes that inputs are rounded as it does by default, or not at all."""
    if config is None:
        return None
    parts = normalize_mapping(config, "quantization_config")
    own = parts.get("config")
    inputs = own.get("activation_quantizer") if isinstance(own, Mapping) else 0
    if parts.get("class_name") != "Int8QuantizationConfig" or not (
        inputs is None or (isinstance(inputs, Mapping) and inputs.get("class_name") == ROUNDING)
    ):
        raise ArgumentError(
            "`quantization_config` must be an Int8QuantizationConfig with an AbsMaxQuantizer or "
            f"none. Received: quantization_config={spelled(config)}."
        )
    return parts


def _in_8_bits(x: Array) -> Array:
    """Return vectors with each value rounded to 1/127 of the largest, as AbsMaxQuantizer does."""
    scale = 127 / (np.max(np.abs(x), axis=-1, keepdims=True) + x.dtype.type(1e-7))
    rounded: Array = np.round(x * scale).clip(-127, 127) / scale
    return rounded
