"""Activation: an activation function as a layer."""

from typing import Any

from upsamp.core.activations import (
    ActivationLike,
    get_activation,
    is_pointwise,
    normalize_activation,
)
from upsamp.core.arguments import Array
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer


class Activation(Layer):
    """Apply an activation function; see `upsamp.core.activations`.

    activation: its name, or the mapping of a layer, as `upsamp.core.activations` takes it.

    >>> Activation("relu")([[-10.0, 10.0]])
    array([[ 0., 10.]], dtype=float32)
    """

    nature = Nature.EACH

    def __init__(self, activation: ActivationLike, **options: Any) -> None:
        super().__init__(**options)
        self.activation = normalize_activation(activation)
        self.activate = get_activation(self.activation)
        if not is_pointwise(self.activation):
            self.nature = Nature.OTHER

    def call(self, x: Array) -> Array:
        """Apply the function."""
        return self.activate(x)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "activation": self.activation}
