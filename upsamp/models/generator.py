"""Generators that come ready: the tutorial's two, and a DCGAN; and pictures of their samples."""

from collections.abc import Callable, Mapping
from math import ceil, sqrt
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from upsamp.core.activations import activation_range
from upsamp.core.arguments import (
    Array,
    Pair,
    PairLike,
    normalize_choice,
    normalize_count,
    normalize_pair,
)
from upsamp.core.dtypes import round_to
from upsamp.core.memory import check_memory
from upsamp.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    LeakyReLU,
    Reshape,
    UpSampling2D,
)
from upsamp.models.sequential import Sequential

__all__ = ["GENERATORS", "make_generator", "output_range", "sample_latent", "tile_samples"]

Builder: TypeAlias = Callable[[int, Pair, int, int], Sequential]


def upsampling_generator(latent: int, size: Pair, channels: int, seed: int) -> Sequential:
    """Give the tutorial's generator that grows its base grid with UpSampling2D."""
    model = Sequential(name="upsampling", seed=seed)
    model.add(Dense(128 * size[0] * size[1], input_dim=latent))
    model.add(Reshape((*size, 128)))
    model.add(UpSampling2D())
    model.add(Conv2D(channels, (3, 3), padding="same"))
    return model


def transpose_generator(latent: int, size: Pair, channels: int, seed: int) -> Sequential:
    """Give the tutorial's generator that grows its base grid with Conv2DTranspose."""
    model = Sequential(name="transpose", seed=seed)
    model.add(Dense(128 * size[0] * size[1], input_dim=latent))
    model.add(Reshape((*size, 128)))
    model.add(Conv2DTranspose(channels, (3, 3), strides=(2, 2), padding="same"))
    return model


def dcgan_generator(latent: int, size: Pair, channels: int, seed: int) -> Sequential:
    """Give a DCGAN's generator: its base grid grows four times, 7x7 to 28x28.

    Source: A. Radford et al., "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks" (arXiv 1511.06434), of the size used for 28x28 digits.
    """
    model = Sequential(name="dcgan", seed=seed)
    model.add(Dense(256 * size[0] * size[1], use_bias=False, input_dim=latent))
    model.add(BatchNormalization())
    model.add(LeakyReLU())
    model.add(Reshape((*size, 256)))
    for filters, strides in ((128, 1), (64, 2)):
        model.add(Conv2DTranspose(filters, (5, 5), strides, padding="same", use_bias=False))
        model.add(BatchNormalization())
        model.add(LeakyReLU())
    model.add(
        Conv2DTranspose(channels, (5, 5), (2, 2), padding="same", use_bias=False, activation="tanh")
    )
    return model


# Each kind with its builder and the base grid that it has by default.
GENERATORS: Mapping[str, tuple[Builder, Pair]] = MappingProxyType(
    {
        "upsampling": (upsampling_generator, (5, 5)),
        "transpose": (transpose_generator, (5, 5)),
        "dcgan": (dcgan_generator, (7, 7)),
    }
)


def make_generator(
    kind: str = "upsampling",
    latent: int = 100,
    size: PairLike | None = None,
    channels: int = 1,
    seed: int = 0,
) -> Sequential:
    """Give a generator of that kind, with weights drawn from `seed`: it is untrained.

    latent: the length of the latent vector. size: the base grid, by default that of the kind.
    channels: of the images that it makes.

    >>> make_generator("transpose").count_params()
    324353
    """
    builder, default = GENERATORS[normalize_choice(kind, "kind", tuple(GENERATORS))]
    grid = default if size is None else normalize_pair(size, "size")
    return builder(
        normalize_count(latent, "latent"), grid, normalize_count(channels, "channels"), seed
    )


def sample_latent(model: Sequential, count: int, seed: int = 0) -> Array:
    """Draw points of the model's latent space from a standard normal distribution.

    Returns float32 of shape (count, ...) as the model's input. The first points do not depend on
    `count`.
    """
    normalize_count(count, "count")
    shape = tuple(1 if axis is None else axis for axis in model.input_shape[1:])
    check_memory((count, *shape), np.float32, "The points of the latent space")
    output = tuple(1 if axis is None else axis for axis in model.output_shape[1:])
    check_memory((count, *output), np.float32, "The samples")
    return np.random.default_rng(seed).standard_normal((count, *shape), dtype=np.float32)


def output_range(model: Sequential, samples: Array) -> tuple[float, float]:
    """Give the values that are shown black and white: the range of the last activation.

    An activation without bounds tells nothing; then it is the range of the samples.
    """
    last = model.layers[-1]
    known = activation_range(getattr(last, "activation", None))
    if known is not None:
        return known
    return float(samples.min()), float(samples.max())


def tile_samples(samples: Array, value_range: tuple[float, float], gap: int = 1) -> Array:
    """Lay out samples (N, H, W, C) as one picture, near to a square, with black gaps between.

    Returns uint8 of shape (rows, columns) for one channel, else (rows, columns, C); the low end
    of `value_range` is 0 and the high end 255.

    >>> tile_samples(np.zeros((4, 2, 2, 1)), (0.0, 1.0)).shape
    (5, 5)
    """
    count, height, width, channels = samples.shape
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    low, high = value_range
    scaled = (samples.astype(np.float64) - low) * (255 / (high - low) if high > low else 0.0)
    canvas = np.zeros(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), np.uint8
    )
    for position, sample in enumerate(round_to(scaled, np.uint8)):
        top, left = (
            part * step
            for part, step in zip(
                divmod(position, columns), (height + gap, width + gap), strict=True
            )
        )
        canvas[top : top + height, left : left + width] = sample
    return canvas[..., 0] if channels == 1 else canvas
