"""Dropout: it acts in training alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import ShapeError
from upsamp.layers.shapes import normalize_shape
from upsamp.layers.training_layer import TrainingLayer, normalize_share


class Dropout(TrainingLayer):
    """Pass the input on: values are dropped in training alone.

    rate: the share that training drops, from 0 to 1. noise_shape: the shape of what is drawn, None
    for an axis of the input; it broadcasts.

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
        self.noise_shape = (
            None if noise_shape is None else normalize_shape(noise_shape, "noise_shape")
        )
        self.dropout_seed = seed

    def disturb(self, x: Array, generator: np.random.Generator) -> Array:
        """Drop values, and multiply the others so that the mean stays."""
        return drop(x, self.rate, noise_shape(self.noise_shape, x.shape), generator)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.dropout_seed,
        }


def drop(x: Array, rate: float, shape: Sequence[int], generator: np.random.Generator) -> Array:
    """Return x with a share of its values set to 0, and the others divided by what is left.

    shape: of what is drawn, which broadcasts to that of x.
    """
    if rate >= 1:
        return np.zeros_like(x)
    kept = generator.random(shape, np.float32) >= np.float32(rate)
    left: Array = np.where(kept, x * x.dtype.type(1 / (1 - rate)), x.dtype.type(0))
    return left


def noise_shape(given: object, shape: Sequence[int]) -> list[int]:
    """Return the shape that is drawn for an input of this shape; given: as the layer has it."""
    wanted = shape if given is None else normalize_shape(given, "noise_shape")
    pairs = list(zip(wanted, shape, strict=False))
    if len(wanted) != len(shape) or any(one not in (None, 1, length) for one, length in pairs):
        raise ShapeError(
            f"must have a `noise_shape` that broadcasts to its input, {tuple(shape)}. "
            f"Received: noise_shape={tuple(wanted)}."
        )
    return [length if one is None else one for one, length in pairs]
