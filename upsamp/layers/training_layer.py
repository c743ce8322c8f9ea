"""What the layers have in common that act in training alone: a prediction passes them unchanged."""

from collections.abc import Sequence

import numpy as np

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

    @property
    def training_effect(self) -> str:
        """What training changes: random values are drawn."""
        return "random"

    def train(self, inputs: Sequence[Array], generator: np.random.Generator) -> list[Array]:
        """Compute the output as in training."""
        with self.named():
            return [self.rounded(self.disturb(self.widened(inputs[0]), generator))]

    def disturb(self, x: Array, generator: np.random.Generator) -> Array:
        """Return the input with what training does to it; a subclass says what that is."""
        return x


def normalize_share(value: object, name: str) -> float:
    """Return a share from 0 to 1.

    >>> normalize_share(0.5, "rate")
    0.5
    """
    return normalize_number(value, name, 0, 1, rule="must be from 0 to 1")
