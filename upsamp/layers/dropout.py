"""Dropout, as it acts in a prediction: not at all."""

from collections.abc import Sequence
from typing import Any

from upsamp.layers.training_layer import TrainingLayer, normalize_share


class Dropout(TrainingLayer):
    """Pass the input on: values are dropped in training alone.

    rate: the share that training drops, from 0 to 1.

    >>> Dropout(0.5)([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.rate = normalize_share(rate, "rate")
        self.noise_shape = noise_shape
        self.dropout_seed = seed

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.dropout_seed,
        }
