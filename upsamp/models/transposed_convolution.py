"""A transposed convolution of an image or of a feature map, with a kernel that is given or made.

An image is convolved channel by channel, unless its filters, groups or kernel say otherwise; a
feature map is convolved as a layer does.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array, DataFormat, Margins, Padding, Pair
from upsamp.core.convolution.convolve import conv2d_transpose
from upsamp.core.convolution.kernels import make_kernel
from upsamp.core.dtypes import compute_dtype
from upsamp.core.layout import as_batch
from upsamp.core.memory import check_memory
from upsamp.errors import ShapeError
from upsamp.models.summaries.summary_row import SummaryRow

__all__ = ["Settings", "Task", "convolve", "prepare"]

# The presets that mix channels; the others keep every channel to itself.
MIXING = ("ones", "random", "glorot", "icnr")


@dataclass(frozen=True)
class Settings:
    """The settings of the layer; None is Keras' default.

    kernel: (rows, columns, filters / groups, channels), or None for the preset of that name, which
    has `kernel_size`. bias: one value, or one a filter, or for an image one a channel.
    """

    kernel: Array | None
    preset: str
    bias: Array
    kernel_size: Pair | None
    filters: int | None
    strides: Pair
    padding: Padding | Margins
    output_padding: Pair | None
    output_shape: Pair | None
    dilation: Pair
    groups: int
    seed: int
    data_format: DataFormat

    @property
    def arguments(self) -> tuple[Pair, Padding | Margins, Pair | None, Pair, int]:
        """The arguments of `conv2d_transpose` behind the arrays, in their order."""
        return self.strides, self.padding, self.output_padding, self.dilation, self.groups


class Task(NamedTuple):
    """What is convolved with what: x (N, H, W, C), the kernel in Keras' layout, the bias.

    apart: whether the channels of one image were taken for so many images.
    """

    x: Array
    kernel: Array
    bias: Array
    apart: bool


def prepare(array: Array, settings: Settings, *, by_channel: bool) -> Task:
    """Bring the input, the kernel and the bias together.

    array: (H, W), (H, W, C) or (N, H, W, C). With `by_channel` each channel is convolved alone,
    unless the filters or the weights say otherwise.
    """
    kernel = settings.kernel
    whole = kernel is not None and kernel.shape[2:] != (1, 1)
    apart = by_channel and settings.filters is None and settings.groups == 1 and not whole
    # Pixels of 8 bits are exact in float32, and so is what a few of them sum to.
    dtype = compute_dtype(np.float32 if array.dtype.itemsize == 1 else array.dtype)
    x = as_batch(array.astype(dtype), settings.data_format)
    if apart:
        x = x.transpose(3, 1, 2, 0)
    if x.shape[3] % settings.groups or (settings.filters or settings.groups) % settings.groups:
        raise ShapeError(
            "The groups must divide the channels and the filters. Received: "
            f"groups={settings.groups}, {x.shape[3]} channels, filters={settings.filters}."
        )
    if kernel is None:
        filters = (settings.filters or _default_filters(settings, x.shape[3])) // settings.groups
        shape = (*(settings.kernel_size or (3, 3)), filters, x.shape[3])
        kernel = _preset_kernel(settings, shape)
    filters = kernel.shape[2] * settings.groups
    bias = settings.bias.astype(dtype)
    return Task(
        x, kernel.astype(dtype), np.repeat(bias, filters) if bias.size == 1 else bias, apart
    )


def convolve(
    array: Array, settings: Settings, *, by_channel: bool, alpha: bool
) -> tuple[Array, SummaryRow]:
    """Return the result, and the row of the layer that computes it.

    alpha: whether the last channel is alpha of an image; its colours are then weighted by it.
    """
    task = prepare(array, settings, by_channel=by_channel)
    alpha = alpha and task.apart
    peak = float(np.iinfo(array.dtype).max) if array.dtype.kind in "iu" else 1.0
    if alpha:
        task.x[:-1] *= task.x[-1] / peak
    result = conv2d_transpose(
        task.x,
        task.kernel,
        task.bias,
        *settings.arguments,
        output_shape=settings.output_shape,
    )
    row = SummaryRow(
        "conv2d_transpose",
        "Conv2DTranspose",
        (None, *result.shape[1:]),
        task.kernel.size + result.shape[3],
        f"for each of {len(result)} channels" if task.apart and len(result) > 1 else "",
    )
    if alpha:
        # The colours that belong to alpha as it is written: at most full.
        shown = result[-1].clip(0, peak) / peak
        np.divide(result[:-1], shown, out=result[:-1], where=shown > 0)
        result[:-1][:, shown == 0] = 0
    if task.apart:
        result = result.transpose(3, 1, 2, 0)
    return _in_rank(result, array.ndim, settings.data_format), row


def _preset_kernel(settings: Settings, shape: tuple[int, int, int, int]) -> Array:
    """Make the preset kernel of (rows, columns, filters / groups, channels), the same a group."""
    check_memory(shape, np.float64, "The kernel")
    rows, columns, filters, channels = shape
    one = (rows, columns, filters, channels // settings.groups)
    kernel = make_kernel(settings.preset, one, settings.strides, settings.seed)
    return np.tile(kernel, (1, 1, 1, settings.groups))


def _default_filters(settings: Settings, channels: int) -> int:
    """Return the filters that a preset has by itself: one, or as many as it keeps apart."""
    return settings.groups if settings.preset in MIXING else channels


def _in_rank(result: Array, rank: int, data_format: DataFormat) -> Array:
    """Return (N, H, W, F) in the rank and data format that the input had, as far as F allows."""
    batch = result if data_format == "channels_last" else np.moveaxis(result, 3, 1)
    image: Array = batch if rank == 4 else batch[0]
    return image[..., 0] if rank == 2 and image.shape[2] == 1 else image
