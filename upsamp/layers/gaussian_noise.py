"""GaussianNoise, as it acts in a prediction: not at all."""

from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.layers.training_layer import TrainingLayer, normalize_share


class GaussianNoise(TrainingLayer):
    """Pass the input on: training adds noise of the deviation `stddev`, from 0 to 1.

    >>> GaussianNoise(0.1)([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.stddev = normalize_share(stddev, "stddev")
        self.noise_seed = seed

    def disturb(self, x: Array, generator: np.random.Generator) -> Array:
        """Add noise."""
        noise = generator.standard_normal(x.shape, np.float32)
        noisy: Array = x + noise.astype(x.dtype, copy=False) * x.dtype.type(self.stddev)
        return noisy

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.noise_seed}
