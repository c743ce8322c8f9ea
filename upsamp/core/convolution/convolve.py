"""Convolution and transposed convolution in two dimensions, as Keras defines them."""

from functools import lru_cache
from typing import Any, cast

import numpy as np

from upsamp.core.arguments import (
    DATA_FORMATS,
    KERNEL_LAYOUTS,
    Array,
    DataFormat,
    Margins,
    Padding,
    PaddingLike,
    Pair,
    PairLike,
    normalize_array,
    normalize_choice,
    normalize_count,
    normalize_output_padding,
    normalize_padding,
    normalize_pair,
)
from upsamp.core.convolution.algorithms import choose_algorithm, load_algorithm
from upsamp.core.convolution.packing import Kernel, PackedKernel
from upsamp.core.convolution.problem import Finish, Problem
from upsamp.core.convolution.setting import ConvolutionSetting, extent_of, make_plan
from upsamp.core.dtypes import compute_dtype, floating_result_dtype
from upsamp.core.layout import as_batch, image_ranks, with_new_image
from upsamp.core.memory import check_memory
from upsamp.core.values import spelled
from upsamp.errors import ArgumentError, ShapeError

__all__ = ["conv2d", "conv2d_transpose", "convolve_batch", "normalize_bias", "transposed_setting"]


def conv2d(
    x: object,
    kernel: object,
    bias: object = None,
    strides: PairLike = 1,
    padding: PaddingLike = "valid",
    dilation_rate: PairLike = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    *,
    kernel_layout: str = "keras",
    finish: Finish | None = None,
) -> Array:
    """Convolve images with a kernel (cross-correlation, as in every deep learning library).

    x: (H, W), (H, W, C) or (N, H, W, C); with data_format="channels_first" (C, H, W) or
    (N, C, H, W). kernel: (rows, columns, C / groups, filters). bias: (filters,) or None.
    strides, dilation_rate: one integer or (rows, columns). padding: "valid" (only where the
    kernel fits), "same" (ceil(n / stride) outputs, zeros around, the odd one at the end), or the
    zeros around: one integer, (rows, columns) or ((top, bottom), (left, right)). kernel_layout:
    "torch" for a kernel of (filters, C / groups, rows, columns). A `PackedKernel` in place of a
    kernel is rearranged once and not at each call. finish: what is done in place to each part of
    the result, (N, rows, OW, filters), once its sums and bias are complete: an activation.

    Returns the filters in the place of the channels. Floats follow NumPy's promotion, float16
    computes in float32, and integers alone give float64.

    Raises `ArgumentError`, `ShapeError`, `DtypeError`, `MemoryLimitError`.

    >>> conv2d([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.ones((2, 2, 1, 1)))
    array([[12., 16.],
           [24., 28.]])
    """
    stride, dilation = _normalize_steps(strides, dilation_rate)
    edges = _by_axis(normalize_padding(padding))
    count = normalize_count(groups, "groups")
    weights = _normalize_kernel(kernel, kernel_layout)
    setting = ConvolutionSetting(False, stride, edges, dilation, count)
    return _convolve(x, weights, bias, data_format, setting, finish)


def conv2d_transpose(
    x: object,
    kernel: object,
    bias: object = None,
    strides: PairLike = 1,
    padding: PaddingLike = "valid",
    output_padding: PairLike | None = None,
    dilation_rate: PairLike = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    *,
    output_shape: PairLike | None = None,
    kernel_layout: str = "keras",
    finish: Finish | None = None,
) -> Array:
    """Convolve images with a transposed kernel: every input scatters the kernel into the output.

    x: (H, W), (H, W, C) or (N, H, W, C); with data_format="channels_first" (C, H, W) or
    (N, C, H, W). kernel: (rows, columns, filters / groups, C). bias: (filters,) or None.
    strides, dilation_rate, output_padding: one integer or (rows, columns). Input i scatters to
    i * stride + k * dilation; padding="same" crops the result to n * stride, "valid" keeps all, and
    one integer, (rows, columns) or ((top, bottom), (left, right)) say what is cropped, as in
    PyTorch and ONNX. output_padding adds to the size, see `transposed_axis` in
    `upsamp.core.geometry.sizes`; output_shape=(rows, columns) gives it instead, as in
    TensorFlow. kernel_layout: "torch" for a kernel of (C, filters / groups, rows,
    columns). A `PackedKernel` and `finish`: see `conv2d`.

    Returns the filters in the place of the channels. Floats follow NumPy's promotion, float16
    computes in float32, and integers alone give float64.

    Raises `ArgumentError`, `ShapeError`, `DtypeError`, `MemoryLimitError`.

    Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning"
    (arXiv 1603.07285), chapter 4.

    >>> conv2d_transpose([[1, 2], [3, 4]], np.ones((1, 1, 1, 1)), strides=2)
    array([[1., 0., 2., 0.],
           [0., 0., 0., 0.],
           [3., 0., 4., 0.],
           [0., 0., 0., 0.]])
    """
    setting = transposed_setting(
        strides, padding, output_padding, dilation_rate, groups, output_shape
    )
    weights = _normalize_kernel(kernel, kernel_layout)
    return _convolve(x, weights, bias, data_format, setting, finish)


def transposed_setting(
    strides: PairLike,
    padding: PaddingLike,
    output_padding: PairLike | None,
    dilation_rate: PairLike,
    groups: int,
    output_shape: PairLike | None,
) -> ConvolutionSetting:
    """Return the arguments of `conv2d_transpose` besides its arrays, normalised."""
    stride, dilation = _normalize_steps(strides, dilation_rate)
    crop = normalize_padding(padding)
    explicit = not isinstance(crop, str)
    extra = normalize_output_padding(output_padding, stride, dilation, explicit=explicit)
    lengths = (None, None) if output_shape is None else normalize_pair(output_shape, "output_shape")
    if extra is not None and output_shape is not None:
        raise ArgumentError(
            "`output_shape` must stand alone, as it says all of the size. Received: "
            f"output_shape={spelled(output_shape)} and output_padding={spelled(output_padding)}."
        )
    count = normalize_count(groups, "groups")
    return ConvolutionSetting(
        True, stride, _by_axis(crop), dilation, count, extra or (None, None), lengths
    )


def _by_axis(padding: Padding | Margins) -> tuple[Padding | Pair, Padding | Pair]:
    """Return the padding of the rows and that of the columns."""
    return (padding, padding) if isinstance(padding, str) else padding


def _normalize_kernel(kernel: object, kernel_layout: str) -> Kernel:
    """Return the kernel in Keras' layout: the channels after the rows and columns."""
    layout = normalize_choice(kernel_layout, "kernel_layout", KERNEL_LAYOUTS)
    if isinstance(kernel, PackedKernel):
        if layout != "keras":
            raise ArgumentError(
                "A `PackedKernel` must be in Keras' layout. "
                f"Received: kernel_layout={layout!r}. Transpose the array before it is packed."
            )
        return kernel
    weights = normalize_array(kernel, "kernel", (4,))
    # PyTorch's (C or filters, the other, rows, columns) is for both convolutions this transpose.
    return Kernel(weights if layout == "keras" else weights.transpose(2, 3, 1, 0))


def _normalize_steps(strides: PairLike, dilation_rate: PairLike) -> tuple[Pair, Pair]:
    return normalize_pair(strides, "strides"), normalize_pair(dilation_rate, "dilation_rate")


def _convolve(
    x: object,
    weights: Kernel,
    bias: object,
    data_format: str,
    setting: ConvolutionSetting,
    finish: Finish | None,
) -> Array:
    """Do what both convolutions do: plan, choose an algorithm, restore rank and layout."""
    if not (finish is None or callable(finish)):
        raise ArgumentError(
            "`finish` must be a function that changes an array in place. "
            f"Received: finish={spelled(finish)}."
        )
    layout = cast("DataFormat", normalize_choice(data_format, "data_format", DATA_FORMATS))
    array = normalize_array(x, "x", image_ranks(layout))
    batch = as_batch(array, layout)
    extent = extent_of(setting, batch.shape, weights.array.shape)
    rows, columns, filters = extent.rows.output, extent.columns.output, extent.filters
    # No array for no bias, so that it can be unpacked into a call.
    biases = () if bias is None else (normalize_bias(bias, filters),)
    shape = with_new_image(array.shape, layout, rows, columns, filters)
    dtype, working = _dtypes(array.dtype, weights.array.dtype, *(one.dtype for one in biases))
    check_memory(shape, working, "The output")
    sums = np.empty((len(batch), rows, columns, filters), working)
    convolve_batch(batch, weights, biases[0] if biases else None, setting, sums, finish)
    with np.errstate(over="ignore"):
        result = sums.astype(dtype, copy=False)
    if layout == "channels_first":
        result = np.ascontiguousarray(np.moveaxis(result, 3, 1))
    return result.reshape(shape)


def convolve_batch(
    batch: Array,
    weights: Kernel,
    bias: Array | None,
    setting: ConvolutionSetting,
    result: Array,
    finish: Finish | None = None,
) -> None:
    """Convolve images (N, H, W, C) into `result`, (N, OH, OW, filters) in memory order.

    The result has the type that is computed in. Nothing is checked.
    """
    plan = make_plan(setting, batch.shape, weights.array.shape)
    summed = None if bias is None else bias.astype(result.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        problem = Problem(plan, batch, weights, summed, result, finish)
        load_algorithm(choose_algorithm(problem))(problem)


@lru_cache(maxsize=64)
def _dtypes(*dtypes: np.dtype[Any]) -> tuple[np.dtype[np.floating], np.dtype[np.floating]]:
    """Return the type of the result of arrays of these types, and the one that is computed in."""
    dtype = floating_result_dtype(*(np.empty(1, one) for one in dtypes))
    return dtype, compute_dtype(dtype)


def normalize_bias(bias: object, filters: int) -> Array:
    """Return a bias as an array of one value a filter."""
    array = normalize_array(bias, "bias", (1,))
    if array.shape != (filters,):
        raise ShapeError(
            f"`bias` must have one value a filter, shape ({filters},). "
            f"Received: shape {array.shape}."
        )
    return array
