"""Generators that come ready: the tutorial's two, and a DCGAN."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from upsamp.core.arguments import (
    Pair,
    PairLike,
    normalize_choice,
    normalize_count,
    normalize_pair,
)
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

__all__ = ["GENERATORS", "make_generator"]

Builder: TypeAlias = Callable[[int, Pair, int, int], Sequential]


def upsampling_generator(latent: int, size: Pair, channels: int, seed: int) -> Sequential:
    """Return the tutorial's generator that grows its base grid with UpSampling2D."""
    model = Sequential(name="upsampling", seed=seed)
    model.add(Dense(128 * size[0] * size[1], input_dim=latent))
    model.add(Reshape((*size, 128)))
    model.add(UpSampling2D())
    model.add(Conv2D(channels, (3, 3), padding="same"))
    return model


def transpose_generator(latent: int, size: Pair, channels: int, seed: int) -> Sequential:
    """Return the tutorial's generator that grows its base grid with Conv2DTranspose."""
    model = Sequential(name="transpose", seed=seed)
    model.add(Dense(128 * size[0] * size[1], input_dim=latent))
    model.add(Reshape((*size, 128)))
    model.add(Conv2DTranspose(channels, (3, 3), strides=(2, 2), padding="same"))
    return model


def dcgan_generator(latent: int, size: Pair, channels: int, seed: int) -> Sequential:
    """Return a DCGAN's generator: its base grid grows four times, 7x7 to 28x28.

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
GENERATORS: Mapping[str, tuple[Builder, Pair]] = {
    "upsampling": (upsampling_generator, (5, 5)),
    "transpose": (transpose_generator, (5, 5)),
    "dcgan": (dcgan_generator, (7, 7)),
}


def make_generator(
    kind: str = "upsampling",
    latent: int = 100,
    size: PairLike | None = None,
    channels: int = 1,
    seed: int = 0,
) -> Sequential:
    """Return a generator of that kind, with weights drawn from `seed`: it is untrained.

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
