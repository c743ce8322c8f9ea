"""A weight of a layer: what is known of it before it has values."""

import math
from dataclasses import dataclass

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.initializers import InitializerLike

__all__ = ["Weight"]


@dataclass
class Weight:
    """A weight of a layer: what is known of it before it has values."""

    name: str
    shape: tuple[int, ...]
    initializer: InitializerLike
    trainable: bool
    dtype: str = "float32"
    value: Array | None = None

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that Keras keeps it in."""
        return self.size * (2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize)
