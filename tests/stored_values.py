"""The values of arrays that a file of a model holds."""

from typing import Any

from numpy.typing import NDArray

from upsamp.io.stored_arrays import StoredArrays

Array = NDArray[Any]


def value_of(found: StoredArrays, path: str) -> Array:
    value = found.arrays[path].value
    assert value is not None
    return value
