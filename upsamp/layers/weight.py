"""A weight of a layer: what is known of it before it has values."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array, normalize_array
from upsamp.core.initializers import InitializerLike
from upsamp.core.layout import frozen, read_only
from upsamp.errors import ShapeError


@dataclass
class Weight:
    """A weight of a layer: what is known of it before it has values.

    value: read-only, as layers keep what they make of it: set another one to change it. An array
    that can be written to is copied when it is set. draw: what draws the values when they are first
    wanted. As Keras' variable it has `numpy` and `assign`, and NumPy takes it as an array.
    """

    name: str
    shape: tuple[int, ...]
    initializer: InitializerLike
    trainable: bool
    dtype: str = "float32"
    value: Array | None = None
    draw: Callable[["Weight"], Array] | None = field(default=None, repr=False, compare=False)

    def numpy(self) -> Array:
        """Return a copy of the values, which are drawn now if they were not wanted before."""
        return np.array(self)

    def assign(self, values: object) -> None:
        """Set the values, which must have the shape of the weight."""
        array = normalize_array(values, "values", tuple(range(33)))
        if array.shape != self.shape:
            raise ShapeError(
                f"`values` must have the shape of {self.name}, {self.shape}. "
                f"Received: shape {array.shape}."
            )
        self.put(array)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        value = self.draw(self) if self.value is None and self.draw is not None else self.value
        # Before NumPy 2 there is no copy=None, which copies where that must be.
        return np.array(value, dtype) if copy else np.asarray(value, dtype)

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
