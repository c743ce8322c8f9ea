"""ThresholdedReLU: values up to a threshold set to zero; a layer of Keras 2."""

from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.values import normalize_amount
from upsamp.layers.effect import Nature
from upsamp.layers.layer import Layer


class ThresholdedReLU(Layer):
    """Compute x above `theta`, 0 elsewhere.

    >>> ThresholdedReLU()([[-10.0, 1.0, 10.0]])
    array([[ 0.,  0., 10.]], dtype=float32)
    """

    nature = Nature.EACH

    def __init__(self, theta: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.theta = normalize_amount(theta, "theta")

    def call(self, x: Array) -> Array:
        """Apply the function."""
        number = x.dtype.type
        return np.where(x <= number(self.theta), number(0), x)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "theta": self.theta}
