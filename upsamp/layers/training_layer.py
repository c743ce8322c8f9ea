"""What the layers have in common that act in training alone: a prediction passes them unchanged."""

from upsamp.core.arguments import Array
from upsamp.errors import ArgumentError
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer

__all__ = ["TrainingLayer", "check_share"]


class TrainingLayer(Layer):
    """A layer that a prediction passes unchanged."""

    nature = Nature.SAME

    def call(self, x: Array) -> Array:
        """Return the input."""
        return x


def check_share(value: float, name: str) -> float:
    """Return a share from 0 to 1.

    >>> check_share(0.5, "rate")
    0.5
    """
    if not 0 <= value <= 1:
        raise ArgumentError(f"`{name}` must be from 0 to 1. Received: {name}={value!r}.")
    return value
