"""GaussianDropout, as it acts in a prediction: not at all."""

from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.layers.training_layer import TrainingLayer, normalize_share


class GaussianDropout(TrainingLayer):
    """Pass the input on: training multiplies it by noise around 1.

    >>> GaussianDropout(0.5)([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.rate = normalize_share(rate, "rate")
        self.dropout_seed = seed

    def disturb(self, x: Array, generator: np.random.Generator) -> Array:
        """Multiply by noise of the deviation that dropping a share has."""
        deviation = (self.rate / (1 - self.rate)) ** 0.5 if self.rate < 1 else np.inf
        noise = 1 + generator.standard_normal(x.shape, np.float32) * np.float32(deviation)
        noisy: Array = x * noise.astype(x.dtype, copy=False)
        return noisy

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "rate": self.rate, "seed": self.dropout_seed}
