"""What the layers around another layer have in common."""

from collections.abc import Mapping
from typing import Any, Self

from upsamp.core.arguments import Array
from upsamp.core.values import normalize_mapping, spelled
from upsamp.errors import ArgumentError
from upsamp.layers import LAYERS
from upsamp.layers.layer import Layer, Shape, normalize_config
from upsamp.layers.unknown_layer import UnknownLayer


class WrapperLayer(Layer):
    """A layer around `layer`, whose weights it has."""

    def __init__(self, layer: Layer, **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(layer, Layer):
            raise ArgumentError(f"`layer` must be a layer. Received: layer={spelled(layer)}.")
        if isinstance(layer, UnknownLayer) or layer.layers:
            raise ArgumentError(
                f"{self.type_name} must wrap a layer that upsamp has. "
                f"Received: {spelled(layer.type_name)}."
            )
        self.layer = layer

    @property
    def weight_paths(self) -> list[str]:
        """Where Keras 3 keeps each of the weights."""
        return [f"layer/{path}" for path in self.layer.weight_paths]

    def count_trainable_params(self) -> int:
        """Count the values that training would change: none where either layer is frozen."""
        return super().count_trainable_params() if self.layer.trainable else 0

    def _values(self, index: int) -> Array:
        """Return the values of one weight; those of the layer are drawn by itself."""
        weight = self._weights[index]
        self.layer.seed = self.seed
        if any(weight is one for one in self.layer.weights):
            return self.layer.weight(weight.name)
        return super()._values(index)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        """Return the shape of the layer's output."""
        return self.layer.output_shape_for(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again, the layer as its class and config."""
        wrapped = {"class_name": self.layer.type_name, "config": self.layer.get_config()}
        return {**super().get_config(), "layer": wrapped}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` gave; `layer` may be a layer that is made already."""
        arguments = normalize_config(config, cls)
        layer = arguments["layer"]
        if not isinstance(layer, Mapping):
            return cls(**arguments)
        wrapped = normalize_mapping(layer, "layer")
        name = wrapped.get("class_name")
        if not (isinstance(name, str) and name in LAYERS):
            raise ArgumentError(
                f"{cls.__name__} must wrap a layer that upsamp has. Received: {spelled(name)}."
            )
        return cls(**{**arguments, "layer": LAYERS[name].from_config(wrapped.get("config", {}))})
