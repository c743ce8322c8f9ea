"""What the layers have in common that act in training alone: a prediction passes them unchanged."""

from upsamp.core.arguments import Array
from upsamp.core.values import normalize_number
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer


class TrainingLayer(Layer):
    """A layer that a prediction passes unchanged."""

    nature = Nature.SAME

    def call(self, x: Array) -> Array:
        """Return the input."""
        return x


def normalize_share(value: object, name: str) -> float:
    """Return a share from 0 to 1.

    >>> normalize_share(0.5, "rate")
    0.5
    """
    return normalize_number(value, name, 0, 1, rule="must be from 0 to 1")
