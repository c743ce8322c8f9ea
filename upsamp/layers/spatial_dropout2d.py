"""SpatialDropout2D, as it acts in a prediction: not at all."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from upsamp.core.arguments import Array
from upsamp.layers.dropout import drop
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.training_layer import normalize_share


class SpatialDropout2D(ImageLayer):
    """Pass images on: training drops channels as wholes.

    >>> SpatialDropout2D(0.5).compute_output_shape((None, 7, 7, 3))
    (None, 7, 7, 3)
    """

    idle_options: ClassVar[Mapping[str, tuple[object, ...]]] = {"noise_shape": ()}

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **options: Any
    ) -> None:
        super().__init__(data_format, **options)
        self.rate = normalize_share(rate, "rate")
        self.dropout_seed = seed

    def call(self, x: Array) -> Array:
        """Return the input."""
        return x

    @property
    def training_effect(self) -> str:
        """What training changes: random values are drawn."""
        return "random"

    def train(self, inputs: Sequence[Array], generator: np.random.Generator) -> list[Array]:
        """Drop whole channels."""
        x = self.widened(inputs[0])
        first = self.data_format == "channels_first"
        shape = (*x.shape[:2], 1, 1) if first else (len(x), 1, 1, x.shape[3])
        return [self.rounded(drop(x, self.rate, shape, generator))]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {**super().get_config(), "rate": self.rate, "seed": self.dropout_seed}
