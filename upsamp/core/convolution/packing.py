"""A kernel with what the algorithms make of it, made once: for a layer that convolves often."""

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TypeAlias

import numpy as np

from upsamp.core.arrays import Array, plain_array

__all__ = ["PackedKernel"]

Matrices: TypeAlias = tuple[Array, ...]


class PackedKernel:
    """A kernel that remembers its own rearrangements, in place of an array as `kernel`.

    array: the kernel as `conv2d` or `conv2d_transpose` takes it; it must not be changed as long as
    this object is used. The memory that is held is about that of the kernel for each combination
    of algorithm, type and phases that comes up: in a layer, one.

    >>> packed = PackedKernel(np.ones((3, 3, 8, 16), np.float32))
    >>> packed.array.shape
    (3, 3, 8, 16)
    """

    def __init__(self, array: Array) -> None:
        self.array = plain_array(array, "kernel")
        self._made: dict[Hashable, Matrices] = {}

    @cached_property
    def finite(self) -> bool:
        """Whether no weight is NaN or infinite."""
        # Block by block: the result of isfinite for all of it would be another array.
        return all(bool(np.isfinite(rows).all()) for rows in self.array)

    def matrices(self, key: Hashable, make: Callable[[], Matrices]) -> Matrices:
        """Return what `make` gives, which is called once for each `key`."""
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = make()
        return made
