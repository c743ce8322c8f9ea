"""Upsampling of Dask's arrays: chunk by chunk, lazily; the only importer of Dask.

Every chunk of the result is made of the inputs that its pixels read by the plan of the whole, so
that no edge of a chunk shows.
"""

import math
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

import dask.array as da
import numpy as np

from upsamp.core.arguments import Array, DataFormat, Pair, check_array
from upsamp.core.arrays import plain_array
from upsamp.core.layout import as_batch, image_ranks, with_new_image
from upsamp.core.upsampling.dispatch import fill
from upsamp.core.upsampling.request import Place, Rule, Whole, check_alpha
from upsamp.errors import ArgumentError, DtypeError, ShapeError

# The outputs at which the chunks of an axis begin, and after the last one where it ends.
Borders = tuple[int, ...]


def resample_chunks(
    x: Any,
    target_of: Callable[[int, int], Pair],
    rule: Rule,
    layout: DataFormat,
    out: object = None,
) -> Any:
    """Return the `dask.array.Array` that upsampling makes of the array `x`; nothing is computed.

    target_of: gives the rows and columns of the result. The chunks of the result are those of `x`,
    as many times larger; those of the rows and columns that are empty are left out. Integers are
    the same as those of the NumPy array, and floats are but for their rounding.

    Raises `ArgumentError` for `out`, `ShapeError` where the sizes of chunks are not known,
    `DtypeError` where these are no NumPy arrays; otherwise as `upsamp.upsample` does.

    >>> from upsamp import upsample
    >>> x = da.from_array([[0.0, 4.0], [8.0, 12.0]], chunks=1)
    >>> larger = upsample(x, 2, "bilinear")
    >>> larger.chunks
    ((2, 2), (2, 2))
    >>> larger.compute(scheduler="sync")
    array([[ 0.,  1.,  3.,  4.],
           [ 2.,  3.,  5.,  6.],
           [ 6.,  7.,  9., 10.],
           [ 8.,  9., 11., 12.]])
    """
    if out is not None:
        raise ArgumentError(
            "`out` must be left out where `x` is a Dask array, whose result is made later."
        )
    _check(x, layout)
    x = x.astype(x.dtype.newbyteorder("="))
    channel_axis, row_axis = _axes(x.ndim, layout)
    if rule.alpha and channel_axis is not None:
        x = x.rechunk({channel_axis: -1})
    channels = 1 if channel_axis is None else x.shape[channel_axis]
    check_alpha(rule, channels, x.shape)
    height, width = x.shape[row_axis : row_axis + 2]
    count = x.shape[0] if x.ndim == 4 else 1
    whole = Whole((count, height, width, channels), target_of(height, width), x.dtype, rule)
    borders = []
    for axis in range(2):
        own, ends = _borders(x.chunks[row_axis + axis], whole.size[axis])
        windows = [whole.inputs(axis, slice(*outputs)) for outputs in pairwise(ends)]
        x = _with_neighbours(x, row_axis + axis, own, windows)
        borders.append(ends)
    chunks = list(x.chunks)
    for axis, ends in enumerate(borders, start=row_axis):
        chunks[axis] = tuple(end - begin for begin, end in pairwise(ends))
    return da.map_blocks(
        upsample_chunk,
        x,
        whole=whole,
        layout=layout,
        borders=tuple(borders),
        row_axis=row_axis,
        dtype=x.dtype,
        chunks=tuple(chunks),
        meta=np.empty((0,) * x.ndim, x.dtype),
    )


def _check(x: Any, layout: DataFormat) -> None:
    """Raise where an array is not one of images, or what it is made of is not known."""
    if any(math.isnan(length) for length in x.shape):
        raise ShapeError(
            "`x` must have chunks of known sizes. "
            f"Received: shape {x.shape}. Use x.compute_chunk_sizes()."
        )
    if type(x._meta) is not np.ndarray:  # noqa: SLF001 - Dask's own libraries ask for it so
        raise DtypeError(
            f"`x` must have chunks that are NumPy arrays. Received: {type(x._meta).__name__}. "  # noqa: SLF001
            "Use dask.array.ma.filled(x, VALUE) of masked ones, else x.map_blocks(numpy.asarray)."
        )
    check_array(x, "x", image_ranks(layout))


def _axes(rank: int, layout: DataFormat) -> tuple[int | None, int]:
    """Return where the channels stand, and where the rows do, which the columns follow."""
    if rank == 2:
        return None, 0
    if layout == "channels_last":
        return rank - 1, rank - 3
    return rank - 3, rank - 2


def _borders(chunks: tuple[int, ...], target: int) -> tuple[Borders, Borders]:
    """Return where the chunks of an axis begin and end that are not empty, and those of the result.

    >>> _borders((2, 0, 1), 7)
    ((0, 2, 3), (0, 4, 7))
    """
    own = (0, *accumulate(chunk for chunk in chunks if chunk))
    return own, tuple(border * target // own[-1] for border in own)


def _with_neighbours(x: Any, axis: int, borders: Borders, windows: list[slice]) -> Any:
    """Return an array whose chunks along an axis hold all that each window does, even if twice."""
    own = [slice(*ends) for ends in pairwise(borders)]
    before = (slice(None),) * axis
    if windows == own:
        return x.rechunk({axis: tuple(part.stop - part.start for part in own)})
    parts = [x[(*before, window)].rechunk({axis: -1}) for window in windows]
    return da.concatenate(parts, axis=axis)


def upsample_chunk(
    chunk: Array,
    *,
    whole: Whole,
    layout: DataFormat,
    borders: tuple[Borders, Borders],
    row_axis: int,
    block_id: tuple[int, ...],
) -> Array:
    """Make a chunk of the result out of what its pixels read; Dask has threads of its own."""
    rows, columns = (
        slice(ends[block], ends[block + 1])
        for ends, block in zip(borders, block_id[row_axis : row_axis + 2], strict=True)
    )
    chunk = plain_array(chunk, "x")  # it may say more than the array that it is part of
    source = as_batch(chunk, layout)
    size = rows.stop - rows.start, columns.stop - columns.start
    result = np.empty(with_new_image(chunk.shape, layout, *size, source.shape[3]), chunk.dtype)
    if result.size:
        fill(source, as_batch(result, layout), whole, 1, Place(rows, columns))
    return result
