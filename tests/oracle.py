"""Upsampling and convolution again, by loops so plain that they can be checked by reading.

Nothing here is taken from the package: each function writes down a definition, one output element
at a time, in float64. It is slow on purpose; give it tiny arrays.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

FloatArray = NDArray[np.float64]
Pair = tuple[int, int]


# --- Interpolation -------------------------------------------------------------------------------


def triangle(distance: float) -> float:
    """Bilinear weight: 1 at the pixel itself, falling to 0 at its neighbour."""
    return max(0.0, 1.0 - abs(distance))


def keys(distance: float) -> float:
    """Cubic convolution weight with a = -0.5.

    Source: Keys, "Cubic convolution interpolation for digital image processing", 1981, eq. 15.
    """
    t = abs(distance)
    if t <= 1.0:
        return 1.5 * t**3 - 2.5 * t**2 + 1.0
    if t < 2.0:
        return -0.5 * t**3 + 2.5 * t**2 - 4.0 * t + 2.0
    return 0.0


def lanczos(distance: float, lobes: int) -> float:
    """Lanczos weight: the sinc, windowed by the central lobe of a sinc `lobes` times as wide.

    Source: Duchon, "Lanczos filtering in one and two dimensions", 1979. The sinc is exactly 0 at
    every whole distance but 0; floating-point sines are not, hence the case of its own.
    """
    if distance == 0.0:
        return 1.0
    if abs(distance) >= lobes or distance == math.floor(distance):
        return 0.0
    angle = math.pi * distance
    return (math.sin(angle) / angle) * (math.sin(angle / lobes) / (angle / lobes))


INTERPOLATION_KERNELS: dict[str, Callable[[float], float]] = {
    "bilinear": triangle,
    "bicubic": keys,
    "lanczos3": lambda distance: lanczos(distance, 3),
    "lanczos5": lambda distance: lanczos(distance, 5),
}
INTERPOLATIONS = ("nearest", *INTERPOLATION_KERNELS)


@cache
def axis_weights(length: int, factor: int, interpolation: str) -> list[dict[int, float]]:
    """For each output index along one axis: the inputs that it reads, each with its weight.

    Pixels are squares with their centres at 0.5, 1.5, ..., so output i looks at the input position
    (i + 0.5) / factor - 0.5. Inputs that do not exist are left out and the rest divided by their
    sum; inputs of weight 0 are not listed. Source: `jax.image.scale_and_translate`, which Keras'
    UpSampling2D calls on its JAX backend.
    """
    rows: list[dict[int, float]] = []
    for i in range(length * factor):
        if interpolation == "nearest":
            rows.append({i // factor: 1.0})
            continue
        kernel = INTERPOLATION_KERNELS[interpolation]
        weights: dict[int, float] = {}
        for j in range(length):
            # (i + 0.5) / factor - 0.5 - j over one denominator, so that a whole number is exact.
            weight = kernel((2 * i + 1 - factor - 2 * factor * j) / (2 * factor))
            if weight != 0.0:
                weights[j] = weight
        total = sum(weights.values())
        rows.append({j: weight / total for j, weight in weights.items()})
    return rows


def upsample(x: NDArray[Any], size: Pair, interpolation: str) -> FloatArray:
    """Upsample (H, W) or (H, W, C) by `size` = (rows, columns): (H * rows, W * columns[, C])."""
    values = np.asarray(x, dtype=np.float64)
    row_weights = axis_weights(values.shape[0], size[0], interpolation)
    column_weights = axis_weights(values.shape[1], size[1], interpolation)
    out = np.zeros((len(row_weights), len(column_weights), *values.shape[2:]))
    for i, from_rows in enumerate(row_weights):
        for j, from_columns in enumerate(column_weights):
            for row, row_weight in from_rows.items():
                for column, column_weight in from_columns.items():
                    out[i, j] += row_weight * column_weight * values[row, column]
    return out


def round_to(dtype: DTypeLike, values: FloatArray) -> NDArray[Any]:
    """Real numbers as integers of `dtype`: half to even, and what lies outside at the nearest end.

    Python integers in between, because float64 cannot hold the largest int64 and uint64.
    Source: Keras' UpSampling2D on uint8. A bool is an integer from 0 to 1.
    """
    kind = np.dtype(dtype)
    lowest, highest = (0, 1) if kind == np.bool_ else (np.iinfo(kind).min, np.iinfo(kind).max)
    out = np.empty(values.shape, dtype=kind)
    for index, value in np.ndenumerate(values):
        # Python's round() of a float is half to even too, and its result has no largest value.
        out[index] = min(max(round(float(value)), int(lowest)), int(highest))
    return out


def near_tie(values: FloatArray, margin: float) -> NDArray[np.bool_]:
    """Where a value is so near to ...5 that another order of additions may round the other way."""
    return np.abs(values - np.floor(values) - 0.5) < margin


# --- Convolution ---------------------------------------------------------------------------------


def effective_kernel(kernel: int, dilation: int) -> int:
    """How many inputs a kernel spans once dilated."""
    return (kernel - 1) * dilation + 1


def convolved_length(length: int, span: int, stride: int, padding: str) -> tuple[int, int]:
    """Output length of a convolution on one axis, and the zeros put before the first input.

    Source: TensorFlow's guide `tf.nn.convolution`: "same" gives ceil(length / stride), with the
    odd zero, if there is one, after.
    """
    if padding == "valid":
        return (length - span) // stride + 1, 0
    out = math.ceil(length / stride)
    return out, max((out - 1) * stride + span - length, 0) // 2


def conv2d(
    x: NDArray[Any],
    kernel: NDArray[Any],
    bias: NDArray[Any] | None = None,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation_rate: Pair = (1, 1),
    groups: int = 1,
) -> FloatArray:
    """Convolve x (H, W, in) with kernel (kh, kw, in / groups, filters): (rows, columns, filters).

    The kernel is not flipped: this is what Keras' Conv2D computes, strictly a cross-correlation.
    With groups, the g-th share of the filters sees the g-th share of the channels alone.
    """
    height, width, _ = x.shape
    kernel_rows, kernel_columns, group_channels, filters = kernel.shape
    group_filters = filters // groups
    row_span = effective_kernel(kernel_rows, dilation_rate[0])
    column_span = effective_kernel(kernel_columns, dilation_rate[1])
    rows, top = convolved_length(height, row_span, strides[0], padding)
    columns, left = convolved_length(width, column_span, strides[1], padding)
    out = np.zeros((rows, columns, filters))
    for i, j, filter_ in np.ndindex(rows, columns, filters):
        group = filter_ // group_filters
        total = 0.0 if bias is None else float(bias[filter_])
        for a, b, c in np.ndindex(kernel_rows, kernel_columns, group_channels):
            row = i * strides[0] + a * dilation_rate[0] - top
            column = j * strides[1] + b * dilation_rate[1] - left
            if 0 <= row < height and 0 <= column < width:
                channel = group * group_channels + c
                total += float(x[row, column, channel]) * float(kernel[a, b, c, filter_])
        out[i, j, filter_] = total
    return out


def transposed_length(
    length: int, span: int, stride: int, padding: str, output_padding: int | None
) -> tuple[int, int]:
    """Output length of a transposed convolution on one axis, and what is cropped before it.

    Source: measured on Keras 3 over every kernel 1-7, stride 1-5 and dilation 1-3 that it runs.
    """
    full = (length - 1) * stride + span
    if padding == "valid":
        extra = max(stride - span, 0) if output_padding is None else output_padding
        return full + extra, 0
    cropped = full - 2 * (span // 2)
    out = length * stride if output_padding is None else cropped + output_padding
    return out, max(full - out, 0) // 2


def conv2d_transpose(
    x: NDArray[Any],
    kernel: NDArray[Any],
    bias: NDArray[Any] | None = None,
    strides: Pair = (1, 1),
    padding: str = "valid",
    output_padding: tuple[int | None, int | None] = (None, None),
    dilation_rate: Pair = (1, 1),
    groups: int = 1,
) -> FloatArray:
    """Transposed convolution of x (H, W, in): (rows, columns, filters).

    The kernel is (kh, kw, filters / groups, in), filters and channels swapped as in Keras'
    Conv2DTranspose. Every input element adds its multiple of the kernel to the output, `strides`
    apart; then the edges are cropped, and what nothing was added to stays 0 (plus the bias).
    """
    height, width, channels = x.shape
    kernel_rows, kernel_columns, group_filters, _ = kernel.shape
    group_channels = channels // groups
    row_span = effective_kernel(kernel_rows, dilation_rate[0])
    column_span = effective_kernel(kernel_columns, dilation_rate[1])
    rows, top = transposed_length(height, row_span, strides[0], padding, output_padding[0])
    columns, left = transposed_length(width, column_span, strides[1], padding, output_padding[1])
    out = np.zeros((rows, columns, group_filters * groups))
    for i, j, channel in np.ndindex(height, width, channels):
        group = channel // group_channels
        for a, b, f in np.ndindex(kernel_rows, kernel_columns, group_filters):
            row = i * strides[0] + a * dilation_rate[0] - top
            column = j * strides[1] + b * dilation_rate[1] - left
            if 0 <= row < rows and 0 <= column < columns:
                filter_ = group * group_filters + f
                out[row, column, filter_] += float(x[i, j, channel]) * float(
                    kernel[a, b, f, channel]
                )
    return out if bias is None else out + np.asarray(bias, dtype=np.float64)


def depthwise_conv2d(
    x: NDArray[Any], kernel: NDArray[Any], strides: Pair, padding: str, dilation_rate: Pair
) -> FloatArray:
    """Convolve each channel of x (H, W, C) by its kernels of (kh, kw, C, multiplier)."""
    _, _, channels, multiplier = kernel.shape
    planes = [
        conv2d(x[:, :, [c]], kernel[:, :, [c], m : m + 1], None, strides, padding, dilation_rate)
        for c in range(channels)
        for m in range(multiplier)
    ]
    return np.concatenate(planes, axis=2)


# --- Pooling and normalisation -------------------------------------------------------------------


def pool(
    x: NDArray[Any], size: Pair, strides: Pair, padding: str, reduce: Callable[..., float]
) -> FloatArray:
    """Reduce the part of each window of x (H, W, C) that lies on it, with the max or the mean."""
    height, width, channels = x.shape
    rows, top = convolved_length(height, size[0], strides[0], padding)
    columns, left = convolved_length(width, size[1], strides[1], padding)
    out = np.zeros((rows, columns, channels))
    for i, j, channel in np.ndindex(rows, columns, channels):
        row, column = i * strides[0] - top, j * strides[1] - left
        window = x[max(row, 0) : row + size[0], max(column, 0) : column + size[1], channel]
        out[i, j, channel] = reduce(window)
    return out


def group_normalization(x: NDArray[Any], groups: int, epsilon: float) -> FloatArray:
    """Normalise (N, H, W, C), sample by sample, by the moments of each share of the channels."""
    out = np.zeros(x.shape)
    share = x.shape[3] // groups
    for sample, group in np.ndindex(len(x), groups):
        part = np.s_[sample, :, :, group * share : (group + 1) * share]
        values = x[part].astype(np.float64)
        out[part] = (values - values.mean()) / math.sqrt(values.var() + epsilon)
    return out
