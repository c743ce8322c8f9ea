"""AlphaDropout, as it acts in a prediction: not at all."""

import numpy as np

from upsamp.core.arguments import Array
from upsamp.layers.dropout import Dropout, noise_shape

# What SELU tends to for values far below 0.
LOWEST = -1.6732632423543772 * 1.0507009873554805


class AlphaDropout(Dropout):
    """Pass the input on: values are dropped in training alone, which keeps mean and variance.

    >>> AlphaDropout(0.5)([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def disturb(self, x: Array, generator: np.random.Generator) -> Array:
        """Set values to what SELU tends to, and then restore mean and variance."""
        if self.rate >= 1:
            return x
        shape = noise_shape(self.noise_shape, x.shape)
        kept = generator.random(shape, np.float32) >= np.float32(self.rate)
        factor = ((1 - self.rate) * (1 + self.rate * LOWEST**2)) ** -0.5
        offset = -factor * LOWEST * self.rate
        result: Array = np.where(kept, x, x.dtype.type(LOWEST))
        result *= x.dtype.type(factor)
        result += x.dtype.type(offset)
        return result
