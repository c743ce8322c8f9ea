"""Pooling: the largest or the mean value of a window that slides over images."""

from collections.abc import Iterator
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import (
    DATA_FORMATS,
    PADDINGS,
    Array,
    DataFormat,
    Padding,
    PairLike,
    normalize_array,
    normalize_choice,
    normalize_pair,
)
from upsamp.core.dtypes import compute_dtype, floating_result_dtype
from upsamp.core.geometry.sizes import ConvolutionAxis, convolution_axis
from upsamp.core.layout import as_batch, image_ranks, with_new_image
from upsamp.core.memory import check_memory


def max_pool(
    x: object,
    pool_size: PairLike,
    strides: PairLike | None = None,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> Array:
    """Return the largest value of each window.

    x: (H, W), (H, W, C) or (N, H, W, C); with data_format="channels_first" (C, H, W) or
    (N, C, H, W). pool_size, strides: one integer or (rows, columns); strides is the window's size
    by default. padding: "valid" (only where the window fits) or "same" (ceil(n / stride) outputs;
    what lies outside is not looked at). Returns an array of the dtype of `x`.

    >>> max_pool([[1, 2, 5], [4, 3, 6], [0, 0, 9]], 2, 1)
    array([[4, 6],
           [4, 9]])
    """
    array, batch, layout, axes = _plan(x, pool_size, strides, padding, data_format)
    lowest = -np.inf if array.dtype.kind == "f" else _lowest(array.dtype)
    result = np.full(_output(batch, axes, array.dtype), lowest, array.dtype)
    for outputs, inputs in _taps(axes, pool_size):
        np.maximum(result[outputs], batch[inputs], out=result[outputs])
    return _back(result, array, layout)


def average_pool(
    x: object,
    pool_size: PairLike,
    strides: PairLike | None = None,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> Array:
    """Return the mean of each window, of the values that exist.

    The arguments are those of `max_pool`. Floats keep their type, integers give float64.

    >>> average_pool([[1, 2, 6], [4, 3, 6]], 2, 1, "same")
    array([[2.5 , 4.25, 6.  ],
           [3.5 , 4.5 , 6.  ]])
    """
    array, batch, layout, axes = _plan(x, pool_size, strides, padding, data_format)
    dtype = floating_result_dtype(array)
    working = compute_dtype(dtype)
    result = np.zeros(_output(batch, axes, working), working)
    with np.errstate(invalid="ignore", over="ignore"):
        for outputs, inputs in _taps(axes, pool_size):
            result[outputs] += batch[inputs]
    kernel = normalize_pair(pool_size, "pool_size")
    rows, columns = (_counts(axis, taps) for axis, taps in zip(axes, kernel, strict=True))
    result /= np.outer(rows, columns)[:, :, np.newaxis].astype(result.dtype)
    return _back(result.astype(dtype, copy=False), array, layout)


def pooling_axis(length: int, window: int, stride: int, padding: str) -> ConvolutionAxis:
    """Plan one axis of a pooling, as Keras pads it.

    >>> pooling_axis(5, 2, 2, "valid").output, pooling_axis(5, 2, 2, "same").output
    (2, 3)
    """
    edges = cast("Padding", normalize_choice(padding, "padding", PADDINGS))
    return convolution_axis(length, window, stride, edges, 1)


Axes: TypeAlias = tuple[ConvolutionAxis, ConvolutionAxis]


def _plan(
    x: object, pool_size: PairLike, strides: PairLike | None, padding: str, data_format: str
) -> tuple[Array, Array, DataFormat, Axes]:
    """Return the array, the array as (N, H, W, C), its layout and the plans of its axes."""
    layout = cast("DataFormat", normalize_choice(data_format, "data_format", DATA_FORMATS))
    array = normalize_array(x, "x", image_ranks(layout))
    batch = as_batch(array, layout)
    window = normalize_pair(pool_size, "pool_size")
    steps = window if strides is None else normalize_pair(strides, "strides")
    rows, columns = (
        pooling_axis(batch.shape[axis + 1], window[axis], steps[axis], padding) for axis in (0, 1)
    )
    return array, batch, layout, (rows, columns)


def _output(batch: Array, axes: Axes, dtype: npt.DTypeLike) -> tuple[int, ...]:
    """Return the shape of the output, which must fit into the memory."""
    rows, columns = axes
    shape = batch.shape[0], rows.output, columns.output, batch.shape[3]
    check_memory(shape, dtype, "The output")
    return shape


def _taps(axes: Axes, pool_size: PairLike) -> Iterator[tuple[tuple[slice, ...], ...]]:
    """Yield the outputs that see an input through each place of the window, and those inputs."""
    rows, columns = axes
    for row, column in np.ndindex(*normalize_pair(pool_size, "pool_size")):
        rows_out, rows_in = rows.tap(row)
        columns_out, columns_in = columns.tap(column)
        every = slice(None)
        yield (every, rows_out, columns_out), (every, rows_in, columns_in)


def _counts(axis: ConvolutionAxis, taps: int) -> Array:
    """Count for each output of an axis the inputs that exist in its window."""
    counts = np.zeros(axis.output, int)
    for tap in range(taps):
        outputs, _ = axis.tap(tap)
        counts[outputs] += 1
    return counts


def _lowest(dtype: np.dtype[np.generic]) -> int:
    return 0 if dtype.kind == "b" else int(np.iinfo(cast("np.dtype[np.integer]", dtype)).min)


def _back(result: Array, array: Array, layout: DataFormat) -> Array:
    """Return the result in the rank and the layout that the array came in."""
    _, rows, columns, channels = result.shape
    shape = with_new_image(array.shape, layout, rows, columns, channels)
    if layout == "channels_first":
        result = np.ascontiguousarray(np.moveaxis(result, 3, 1))
    return result.reshape(shape)
