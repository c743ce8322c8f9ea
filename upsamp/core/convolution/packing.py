"""A kernel with what the algorithms make of it, made once: for a layer that convolves often."""

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array, normalize_array
from upsamp.core.layout import frozen

Matrices: TypeAlias = tuple[Array, ...]


class Kernel:
    """A kernel for one call: what the algorithms make of it is not kept.

    array: as `conv2d` or `conv2d_transpose` takes it, in Keras' layout.
    """

    def __init__(self, array: Array) -> None:
        self.array = array

    @cached_property
    def finite(self) -> bool:
        """Whether no weight is NaN or infinite."""
        # Block by block: the result of isfinite for all of it would be another array.
        return all(bool(np.isfinite(rows).all()) for rows in self.array)

    def matrices(self, _key: Hashable, make: Callable[[], Matrices]) -> Matrices:
        """Return what `make` gives."""
        return make()


class PackedKernel(Kernel):
    """A kernel that remembers its own rearrangements, in place of an array as `kernel`.

    array: the kernel as `conv2d` or `conv2d_transpose` takes it, in Keras' layout. It is copied,
    unless no one can write to it: a later change of the array that was given changes nothing here.
    Any number of settings may be computed with it, by both convolutions. The memory that is held
    is about that of the kernel for each combination of algorithm, type, stride and dilation that
    comes up: in a layer, one.

    >>> packed = PackedKernel(np.ones((3, 3, 8, 16), np.float32))
    >>> packed.array.shape
    (3, 3, 8, 16)
    """

    def __init__(self, array: object) -> None:
        super().__init__(frozen(normalize_array(array, "kernel", (4,))))
        self._made: dict[Hashable, Matrices] = {}

    def matrices(self, key: Hashable, make: Callable[[], Matrices]) -> Matrices:
        """Return what `make` gives, which is called once for each `key`."""
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = make()
        return made
