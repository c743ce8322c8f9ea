"""A transposed convolution of an image or of a feature map, with a kernel that is given or made.

An image is convolved channel by channel, unless its filters, groups or kernel say otherwise; a
feature map is convolved as a layer does.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, DataFormat, Margins, Padding, Pair
from upsamp.core.convolution.convolve import normalize_bias, transposed_setting
from upsamp.core.convolution.setting import extent_of
from upsamp.core.convolution.strips import TransposedStrips
from upsamp.core.dtypes import compute_dtype, round_to
from upsamp.core.kernels.presets import make_kernel
from upsamp.core.layout import as_batch
from upsamp.core.memory import check_memory, format_shape
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.strips import Reader, StripError, as_images
from upsamp.errors import ArgumentError, ShapeError
from upsamp.io.pictures import Picture, array_of, picture_of_matrix
from upsamp.models.summary.summary_row import SummaryRow

Shape: TypeAlias = tuple[int, ...]

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
    channels of one image were taken for this many images.
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
    x, shape, apart = _arrange(array, settings, by_channel=by_channel)
    # Pixels of 8 bits are exact in float32, and so is what a few of them sum to.
    dtype = compute_dtype(np.float32 if array.dtype.itemsize == 1 else array.dtype)
    kernel = _preset_kernel(settings, shape) if settings.kernel is None else settings.kernel
    bias = settings.bias.astype(dtype)
    if bias.size == 1:
        bias = np.repeat(bias, kernel.shape[2] * settings.groups)
    return Task(x, kernel.astype(dtype, copy=False), bias, apart)


def result_size(array: Array, settings: Settings, *, by_channel: bool) -> Pair:
    """Return the rows and columns of the result, for which nothing is made: not even the kernel."""
    x, kernel, _ = _arrange(array, settings, by_channel=by_channel)
    setting = transposed_setting(*settings.arguments, settings.output_shape)
    extent = extent_of(setting, x.shape, kernel)
    return extent.rows.output, extent.columns.output


def check_output_shape(array: Array, settings: Settings, *, by_channel: bool) -> None:
    """Raise `ArgumentError` where the output is to have more rows or columns of zeros than may be.

    The arguments are those of `prepare`.
    """
    if settings.output_shape is None:
        return
    x, kernel, _ = _arrange(array, settings, by_channel=by_channel)
    setting = transposed_setting(*settings.arguments, None)
    most = tuple(setting.longest(axis, x.shape[1 + axis], kernel[axis]) for axis in (0, 1))
    if settings.output_shape[0] > most[0] or settings.output_shape[1] > most[1]:
        raise ArgumentError(
            f"`output_shape` must be 1 to {most[0]:,} rows and 1 to {most[1]:,} columns for an "
            f"input of {format_shape(x.shape[1:3])}, as a larger one adds rows of zeros alone. "
            f"Received: output_shape={settings.output_shape}."
        )


def _arrange(array: Array, settings: Settings, *, by_channel: bool) -> tuple[Array, Shape, bool]:
    """Return the input as (N, H, W, C), the shape of the kernel, and whether channels are apart."""
    kernel, groups = settings.kernel, settings.groups
    whole = kernel is not None and kernel.shape[2:] != (1, 1)
    apart = by_channel and settings.filters is None and groups == 1 and not whole
    x = as_batch(array, settings.data_format)
    if apart:
        x = x.transpose(3, 1, 2, 0)
    channels = x.shape[3]
    if channels % groups or (settings.filters or groups) % groups:
        told = "" if settings.filters is None else f", --filters {settings.filters}"
        raise ShapeError(
            "The groups must divide the channels and the filters. Received: "
            f"--groups {groups}{told}, and an input of {channels} channel{'s' * (channels > 1)}."
        )
    if kernel is not None:
        return x, kernel.shape, apart
    filters = (settings.filters or _default_filters(settings, channels)) // groups
    shape = (*(settings.kernel_size or (3, 3)), filters, channels)
    check_memory(shape, np.float64, "The kernel")
    return x, shape, apart


class Convolution:
    """The transposed convolution of an image or of a feature map, made strip by strip.

    array: the input, of which only the shape and the type are looked at. by_channel: see
    `prepare`. alpha: whether the last channel is alpha of an image; its colours are then weighted
    by it. pixels: the type of pixels that values are rounded to, None for none.

    images: the shape (N, H, W, C) as which the bytes of the input are read. shape, dtype, layout:
    of the result, in the rank and data format of the input as far as the filters allow; planes:
    whether its channels stand apart. rows: how many the result has, of all images, and step: a
    strip at the most. row: the layer. lost: how many values were cut off at the limits of `pixels`.
    """

    whole = slow = False  # a strip is made of some rows of the input

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
        self._given, self._pixels = array.dtype, pixels
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
        self.layout = settings.data_format
        self.images = as_images(array.shape, self.layout)
        self.shape = _in_rank(
            (1, rows, columns, count) if task.apart else self._strips.shape, array.ndim, self.layout
        )
        self.planes = len(self.shape) > 2 and self.layout == "channels_first" and filters > 1
        self.dtype = task.kernel.dtype if pixels is None else pixels
        self.rows = rows * (1 if task.apart else count)
        self.step = self._strips.size[1] * (1 if task.apart else self._strips.size[0])
        self.lost = 0

    @classmethod
    def of(cls, given: Picture | Array, settings: Settings, *, drawn: bool) -> "Convolution":
        """Return what is computed: of an image channel by channel; drawn: in whole pixels."""
        if not isinstance(given, Picture):
            return cls(given, settings, by_channel=False, alpha=False, pixels=None)
        return cls(
            given.pixels,
            settings,
            by_channel=True,
            alpha=drawn and given.has_alpha,
            pixels=given.pixels.dtype if drawn else None,
        )

    def besides(self, memory: int) -> int:  # noqa: ARG002 - strips do not depend on it
        """Return the bytes that are computed in."""
        count, rows = self._strips.size
        values = count * rows * math.prod(self._strips.shape[2:])
        rounded = 0 if self._pixels is None else 3 * min(values, 2**20)
        weighted = self._read * 2 if self._alpha else 0
        size: int = self._strips.dtype.itemsize * (rounded + weighted)
        joined = self._read * self._given.itemsize if self.images[0] > 1 else 0
        return size + joined + self._strips.needed(thread_count())

    def at_once(self, memory: int) -> int:
        """Return the bytes that are computed in: the whole is made strip by strip, too."""
        return self.besides(memory)

    @property
    def _read(self) -> int:
        """How many values of the input a strip is made of at the most."""
        _, _, width, channels = self.images
        together = (
            1 if self._apart else self.images[0] // self._strips.shape[0] * self._strips.size[0]
        )
        return together * self._strips.input_rows() * width * channels

    def cut(self, room: int) -> None:
        """Raise `StripError` where a strip and its inputs have more bytes than `room`."""
        count, rows = self._strips.size
        values = count * rows * math.prod(self._strips.shape[2:])
        least = values * self.dtype.itemsize + self._read * self._given.itemsize
        if least > room:
            raise StripError(least, room)

    def make(self, read: Reader) -> Iterator[Array]:
        """Yield strips of the result, (images, rows, OW, F), each of which lasts until the next.

        read: gives rows of images of the input, of the shape `images`.
        """
        for values in self._strips.make(self._spread(read) if self._apart else self._joined(read)):
            if self._alpha:
                # The colours that belong to alpha as it is written: at most full.
                shown = values[-1].clip(0, self._peak) / self._peak
                np.divide(values[:-1], shown, out=values[:-1], where=shown > 0)
                values[:-1][:, shown == 0] = 0
            strip = values if self._pixels is None else self._round(values, self._pixels)
            yield strip.transpose(3, 1, 2, 0) if self._apart else strip

    def apply(
        self,
        given: Picture | Array,
        advance: object = None,  # noqa: ARG002 - it takes no long time
    ) -> Picture | Array:
        """Return the whole result of an image or a matrix: an image, where it is in pixels."""
        result = self._collect(array_of(given))
        if not isinstance(given, Picture) or self._pixels is None:
            return result
        same = result.shape[2:] == given.pixels.shape[2:]
        return given.with_pixels(result) if same else picture_of_matrix(result)

    def _collect(self, array: Array) -> Array:
        check_memory(self.shape, self.dtype, "The output")
        result = np.empty(self.shape, self.dtype)
        batch = as_batch(result, self.layout)
        source = np.ascontiguousarray(array).reshape(self.images)
        image = row = 0
        for strip in self.make(lambda images, rows: source[images, rows]):
            count, rows = strip.shape[:2]
            batch[image : image + count, row : row + rows] = strip
            row = (row + rows) % batch.shape[1]
            image += 0 if row else count
        return result

    def _joined(self, read: Reader) -> Reader:
        """Let channels that are first, and are read as images of their own, be read as last."""
        channels = self.images[0] // self._strips.shape[0]
        if channels == 1:
            return read

        def join(images: slice, rows: slice) -> Array:
            count = images.stop - images.start
            shape = (count, channels, rows.stop - rows.start, self.images[2])
            joined = np.empty(shape, self._given)
            for image, channel in np.ndindex(count, channels):
                plane = (images.start + image) * channels + channel
                joined[image, channel] = read(slice(plane, plane + 1), rows)[0, ..., 0]
            return joined.transpose(0, 2, 3, 1)

        return join

    def _spread(self, read: Reader) -> Reader:
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


def _preset_kernel(settings: Settings, shape: Shape) -> Array:
    """Make the preset kernel of (rows, columns, filters / groups, channels), the same a group."""
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
