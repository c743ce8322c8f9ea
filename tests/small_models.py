"""A small Sequential model whose results are exact, and points for it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from upsamp import Sequential
from upsamp.layers import Conv2D, Dense, LeakyReLU, Reshape, UpSampling2D


def small_model(**options: Any) -> Sequential:
    """Return a generator of 4x4x2 images whose sums are exact: its weights are whole numbers."""
    model = Sequential(
        [
            Dense(12, input_dim=3),
            Reshape((2, 2, 3)),
            UpSampling2D(),
            Conv2D(2, 3, padding="same"),
            LeakyReLU(0.5),
        ],
        **options,
    )
    generator = np.random.default_rng(2)
    model.set_weights(
        [generator.integers(-4, 5, values.shape) for values in model.get_weights()],
    )
    return model


def latent(count: int) -> NDArray[np.float32]:
    """Return points for the small model."""
    return np.random.default_rng(3).integers(-4, 5, (count, 3)).astype(np.float32)
