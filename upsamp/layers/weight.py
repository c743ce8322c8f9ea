"""A weight of a layer: what is known of it before it has values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.initializers import InitializerLike
from upsamp.core.layout import frozen, read_only


@dataclass
class Weight:
    """A weight of a layer: what is known of it before it has values.

    value: read-only, as layers keep what they make of it: set another one to change it. An array
    that can be written to is copied when it is set.
    """

    name: str
    shape: tuple[int, ...]
    initializer: InitializerLike
    trainable: bool
    dtype: str = "float32"
    value: Array | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, frozen(value) if name == "value" and value is not None else value)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        # A copy of an array, and one that was pickled, can be written to.
        for name, value in state.items():
            setattr(self, name, value)

    def put(self, values: Array) -> None:
        """Set the values in the type that they are computed in: that of the weight, as a rule."""
        kept = np.float32 if self.dtype == "bfloat16" else self.dtype
        # What is too large for the type becomes infinite, as in Keras.
        with np.errstate(over="ignore"):
            self.value = read_only(values.astype(kept))

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that Keras keeps it in."""
        return self.size * (2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize)
