"""A transposed convolution of an image or of a feature map, with a kernel that is given or made.

An image is convolved channel by channel, unless its filters, groups or kernel say otherwise; a
feature map is convolved as a layer does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array, DataFormat, Margins, Padding, Pair
from upsamp.core.convolution.convolve import normalize_bias, transposed_setting
from upsamp.core.convolution.kernels import make_kernel
from upsamp.core.convolution.strips import TransposedStrips
from upsamp.core.dtypes import compute_dtype, round_to
from upsamp.core.layout import as_batch
from upsamp.core.memory import check_memory
from upsamp.errors import ShapeError
from upsamp.models.summaries.summary_row import SummaryRow

if TYPE_CHECKING:
    from upsamp.core.upsampling.strips import Reader

__all__ = ["Convolution", "Settings", "Task", "prepare"]

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

    x has the type that was given, the others the one that is computed in. apart: whether the
    channels of one image were taken for so many images.
    """

    x: Array
    kernel: Array
    bias: Array
    apart: bool


def prepare(array: Array, settings: Settings, *, by_channel: bool) -> Task:
    """Bring the input, of which nothing is copied, the kernel and the bias together.

    array: (H, W), (H, W, C) or (N, H, W, C). With `by_channel` each channel is convolved alone,
    unless the filters or the weights say otherwise.
    """
    kernel = settings.kernel
    whole = kernel is not None and kernel.shape[2:] != (1, 1)
    apart = by_channel and settings.filters is None and settings.groups == 1 and not whole
    # Pixels of 8 bits are exact in float32, and so is what a few of them sum to.
    dtype = compute_dtype(np.float32 if array.dtype.itemsize == 1 else array.dtype)
    x = as_batch(array, settings.data_format)
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
        x,
        kernel.astype(dtype, copy=False),
        np.repeat(bias, filters) if bias.size == 1 else bias,
        apart,
    )


class Convolution:
    """The transposed convolution of an image or of a feature map, made strip by strip.

    array: the input, of which only the shape and the type are looked at before `make`. by_channel:
    see `prepare`. alpha: whether the last channel is alpha of an image; its colours are then
    weighted by it. pixels: the type of pixels that values are rounded to, None for none.

    shape, dtype: of the result, in the rank and data format of the input as far as the filters
    allow. row: the layer. lost: how many values were cut off at the limits of `pixels`.
    """

    def __init__(
        self,
        array: Array,
        settings: Settings,
        *,
        by_channel: bool,
        alpha: bool,
        pixels: np.dtype[Any] | None,
    ) -> None:
        task = prepare(array, settings, by_channel=by_channel)
        self._apart, self._alpha = task.apart, alpha and task.apart
        self._peak = float(np.iinfo(array.dtype).max) if array.dtype.kind in "iu" else 1.0
        self._layout, self._pixels = settings.data_format, pixels
        self._strips = TransposedStrips(
            task.x.shape,
            task.kernel,
            normalize_bias(task.bias, task.kernel.shape[2] * settings.groups),
            transposed_setting(*settings.arguments, settings.output_shape),
            together=task.apart,
        )
        count, rows, columns, filters = self._strips.shape
        self.row = SummaryRow(
            "conv2d_transpose",
            "Conv2DTranspose",
            (None, rows, columns, filters),
            task.kernel.size + filters,
            f"for each of {count} channels" if task.apart and count > 1 else "",
        )
        self.shape = _in_rank(
            (1, rows, columns, count) if task.apart else self._strips.shape,
            array.ndim,
            settings.data_format,
        )
        self.dtype = task.kernel.dtype if pixels is None else pixels
        self.lost = 0

    @property
    def size(self) -> Pair:
        """The rows and columns of the result."""
        return self._strips.shape[1:3]

    def make(self, read: "Reader") -> Iterator[Array]:
        """Yield strips of the result, (images, rows, OW, F), each of which lasts until the next.

        read: gives rows of images of the input, (N, H, W, C).
        """
        for values in self._strips.make(self._spread(read) if self._apart else read):
            if self._alpha:
                # The colours that belong to alpha as it is written: at most full.
                shown = values[-1].clip(0, self._peak) / self._peak
                np.divide(values[:-1], shown, out=values[:-1], where=shown > 0)
                values[:-1][:, shown == 0] = 0
            strip = values if self._pixels is None else self._round(values, self._pixels)
            yield strip.transpose(3, 1, 2, 0) if self._apart else strip

    def collect(self, array: Array) -> Array:
        """Return the whole result of the whole input."""
        check_memory(self.shape, self.dtype, "The output")
        result = np.empty(self.shape, self.dtype)
        batch, source = (as_batch(one, self._layout) for one in (result, array))
        image = row = 0
        for strip in self.make(lambda images, rows: source[images, rows]):
            count, rows = strip.shape[:2]
            batch[image : image + count, row : row + rows] = strip
            row = (row + rows) % batch.shape[1]
            image += 0 if row else count
        return result

    def _spread(self, read: "Reader") -> "Reader":
        """Let the channels of one image be read as images of their own."""

        def channels(_: slice, rows: slice) -> Array:
            planes = read(slice(0, 1), rows).transpose(3, 1, 2, 0)
            if self._alpha:
                planes = planes.astype(self._strips.dtype)
                planes[:-1] *= planes[-1] / self._peak
            return planes

        return channels

    def _round(self, values: Array, pixels: np.dtype[Any]) -> Array:
        """Return values as pixels, and count what is cut off."""
        if pixels.kind in "iu":
            limit = np.iinfo(pixels).max
            if values.min() < -0.5 or values.max() > limit + 0.5:
                self.lost += int(np.count_nonzero((values < -0.5) | (values > limit + 0.5)))
        return round_to(values, pixels)


def _preset_kernel(settings: Settings, shape: tuple[int, int, int, int]) -> Array:
    """Make the preset kernel of (rows, columns, filters / groups, channels), the same a group."""
    check_memory(shape, np.float64, "The kernel")
    rows, columns, filters, channels = shape
    one = (rows, columns, filters, channels // settings.groups)
    kernel = make_kernel(settings.preset, one, settings.strides, settings.seed)
    return kernel if settings.groups == 1 else np.tile(kernel, (1, 1, 1, settings.groups))


def _default_filters(settings: Settings, channels: int) -> int:
    """Return the filters that a preset has by itself: one, or as many as it keeps apart."""
    return settings.groups if settings.preset in MIXING else channels


def _in_rank(shape: tuple[int, ...], rank: int, data_format: DataFormat) -> tuple[int, ...]:
    """Return (N, H, W, F) in the rank and data format that the input had, as far as F allows."""
    filters = shape[3]
    if rank == 2 and filters == 1:
        return shape[1:3]
    batch = shape if data_format == "channels_last" else (shape[0], filters, *shape[1:3])
    return batch if rank == 4 else batch[1:]
