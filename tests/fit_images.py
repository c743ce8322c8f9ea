"""Images to fit kernels to, and what a kernel makes of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from upsamp import conv2d_transpose

Image = NDArray[np.float64]


def random_image(seed: int, *shape: int) -> Image:
    """Draw an image of noise: every tap of a kernel shows in what becomes of it."""
    return np.random.default_rng(seed).random(shape)


def enlarge(small: NDArray[Any], kernel: Image, strides: Any, padding: Any = "same") -> Image:
    """Run the transposed convolution, channel by channel where the kernel has no channels."""
    channels = small.shape[2] if small.ndim == 3 else 1
    if kernel.shape[2:] == (1, 1) and channels > 1:
        kernel = kernel * np.eye(channels)
    return conv2d_transpose(small, kernel, strides=strides, padding=padding)


def squared_error(actual: Image, expected: Image) -> float:
    return float(((actual - expected) ** 2).sum())
