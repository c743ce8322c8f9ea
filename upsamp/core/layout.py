"""One layout inside: arrays of any rank and data format, seen as (N, H, W, C)."""

import numpy as np

from upsamp.core.arguments import Array, DataFormat
from upsamp.errors import ArgumentError


def image_ranks(data_format: DataFormat) -> tuple[int, ...]:
    """Return the ranks that an array of images may have in `data_format`."""
    return (2, 3, 4) if data_format == "channels_last" else (3, 4)


def as_batch(array: Array, data_format: DataFormat) -> Array:
    """View an array of images as (N, H, W, C); nothing is copied.

    array: (H, W), (H, W, C) or (N, H, W, C) in "channels_last"; (C, H, W) or (N, C, H, W) in
    "channels_first".

    >>> as_batch(np.zeros((3, 8, 9)), "channels_first").shape
    (1, 8, 9, 3)
    """
    if array.ndim == 2:
        return array[np.newaxis, :, :, np.newaxis]
    batch = array if array.ndim == 4 else array[np.newaxis]
    return batch if data_format == "channels_last" else np.moveaxis(batch, 1, 3)


def with_new_image(
    shape: tuple[int, ...], data_format: DataFormat, rows: int, columns: int, channels: int
) -> tuple[int, ...]:
    """Return `shape` with other rows, columns and channels, in its own rank and data format.

    A shape of rank 2 has no place for channels, and so takes one only.
    """
    if len(shape) == 2:
        if channels != 1:
            raise ArgumentError(
                f"An array (H, W) has one channel, and the result would have {channels}. "
                "Give `x` as (H, W, C) or (N, H, W, C)."
            )
        return rows, columns
    image = (rows, columns, channels)
    if data_format == "channels_first":
        image = (channels, rows, columns)
    return (*shape[:-3], *image)


def own(result: Array, x: object) -> Array:
    """Return a result that shares no memory with the input: to change it must not change that."""
    shared = isinstance(x, np.ndarray) and np.may_share_memory(result, x)
    return result.copy() if shared else result


def frozen(array: Array) -> Array:
    """Return the array if no one can write to it, otherwise a read-only copy: to be kept.

    >>> x = np.zeros(3)
    >>> kept = frozen(x)
    >>> x[0] = 1
    >>> kept, frozen(kept) is kept
    (array([0., 0., 0.]), True)
    """
    owner: object = array
    while isinstance(owner, np.ndarray) and not owner.flags.writeable:
        owner = owner.base
    return array if owner is None else read_only(np.array(array))


def read_only(array: Array) -> Array:
    """Return a new array that nobody else holds, to which no one can write from now on."""
    array.flags.writeable = False
    return array
