"""A transposed convolution in strips of rows, each of which is convolved by itself.

How the result is cut depends on shapes only, and never on the memory there is. So to collect the
strips, and to write one after the other, are the same sums in the same order: the same bits.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.convolution.algorithms import needed_elements
from upsamp.core.convolution.convolve import convolve_batch
from upsamp.core.convolution.packing import PackedKernel
from upsamp.core.convolution.setting import ConvolutionSetting, extent_of, make_plan
from upsamp.core.geometry.sizes import TransposedAxis, effective_kernel

if TYPE_CHECKING:
    from upsamp.core.upsampling.strips import Reader

# Elements of a strip and its inputs: enough work for each thread, and few beside an image.
STRIP_ELEMENTS = 2**21


class TransposedStrip(NamedTuple):
    """Some rows of some images of a result, and the rows of the input that they are made of."""

    images: slice
    inputs: slice
    rows: slice


class TransposedStrips:
    """The transposed convolution of images, cut into strips.

    shape: of the images, (N, H, W, C). kernel: (rows, columns, filters / groups, C), and bias:
    (filters,), of the floating type that is computed in. together: whether strips hold rows of all
    images, and not of one after the other. Nothing is computed yet.

    Raises `ShapeError` where shapes do not belong together.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        kernel: Array,
        bias: Array,
        setting: ConvolutionSetting,
        *,
        together: bool = False,
        elements: int = STRIP_ELEMENTS,
    ) -> None:
        self._images, self._setting, self._bias = shape, setting, bias
        self._kernel = PackedKernel(kernel)
        extent = extent_of(setting, shape, kernel.shape)
        self._axis = cast("TransposedAxis", extent.rows)
        self.dtype = kernel.dtype
        self.shape: tuple[int, int, int, int] = (
            shape[0],
            extent.rows.output,
            extent.columns.output,
            extent.filters,
        )
        self._count, self._height = self._cut(elements, together=together)

    def _cut(self, elements: int, *, together: bool) -> tuple[int, int]:
        """Return of how many images a strip has rows, and how many of each."""
        count, height, width, filters = self.shape
        _, length, columns, channels = self._images
        inputs, outputs = columns * channels, width * filters
        image = length * inputs + height * outputs
        if image * count <= elements:
            return count, height
        if image <= elements and not together:
            return elements // image, height
        images = count if together else 1
        # Strips that begin with the same phase of the stride are planned alike.
        step = self._axis.stride
        if images * (inputs + step * outputs) > elements:
            step = 1
        high = elements * step // (images * (inputs + step * outputs))
        strips = -(-height // max(step, high))
        return images, min(height, -(-height // (strips * step)) * step)

    @property
    def size(self) -> tuple[int, int]:
        """How many images a strip has at the most, and how many rows of each."""
        return self._count, self._height

    def needed(self, threads: int) -> int:
        """Return the bytes that are taken to make a strip: for its sums, and what they are made in.

        The kernel, which is in memory once as it is and once as an algorithm wants it, counts;
        the inputs do not.
        """
        images, height = self.size
        strips = iter(self)
        strip = next(strips)
        strip = next(strips, strip)  # the first one begins at an edge
        shape = (images, strip.inputs.stop - strip.inputs.start, *self._images[2:])
        plan = make_plan(self._part(strip), shape, self._kernel.array.shape)
        elements = images * height * self.shape[2] * self.shape[3]
        elements += needed_elements(plan, self.dtype, threads) + 2 * self._kernel.array.size
        size: int = elements * self.dtype.itemsize
        return size

    def input_rows(self) -> int:
        """Return how many rows of the input a strip reads at the most."""
        span = effective_kernel(self._kernel.array.shape[0], self._axis.dilation)
        return min(self._images[1], (self._height + span - 2) // self._axis.stride + 2)

    def __iter__(self) -> Iterator[TransposedStrip]:
        count, height = self.shape[:2]
        for first in range(0, count, self._count):
            for start in range(0, height, self._height):
                images = slice(first, min(first + self._count, count))
                rows = slice(start, min(start + self._height, height))
                yield TransposedStrip(images, self.inputs(rows), rows)

    def inputs(self, rows: slice) -> slice:
        """Return the input rows, at least one, within which all lie that give to those outputs."""
        axis = self._axis
        first, last = rows.start + axis.before, rows.stop - 1 + axis.before
        span = effective_kernel(self._kernel.array.shape[0], axis.dilation)
        # Where there are holes between the kernels, the input before: a crop is never negative.
        start = max(0, min(-(-(first - span + 1) // axis.stride), first // axis.stride))
        start = min(start, axis.length - 1)
        return slice(start, max(start + 1, min(axis.length, last // axis.stride + 1)))

    def make(self, read: "Reader") -> Iterator[Array]:
        """Yield the strips, (images, rows, OW, filters), in memory that each uses again.

        read: gives rows of images, of any type whose values the type of the kernel holds.

        >>> from upsamp.core.convolution.convolve import transposed_setting
        >>> setting = transposed_setting((2, 1), "same", None, 1, 1, None)
        >>> kernel, bias, x = np.ones((2, 1, 1, 1)), np.zeros(1), np.arange(3).reshape(1, 3, 1, 1)
        >>> strips = TransposedStrips(x.shape, kernel, bias, setting, elements=6)
        >>> [strip.ravel().tolist() for strip in strips.make(lambda images, rows: x[images, rows])]
        [[0.0, 0.0, 1.0, 1.0], [2.0, 2.0]]
        """
        _, _, width, filters = self.shape
        images, height = self.size
        memory = np.empty(images * height * width * filters, self.dtype)
        for strip in self:
            source = read(strip.images, strip.inputs)
            shape = (len(source), strip.rows.stop - strip.rows.start, width, filters)
            result = memory[: math.prod(shape)].reshape(shape)
            convolve_batch(source, self._kernel, self._bias, self._part(strip), result)
            yield result

    def _part(self, strip: TransposedStrip) -> ConvolutionSetting:
        """Return the setting by which the inputs of a strip give its rows and no others."""
        axis = self._axis
        before = strip.rows.start + axis.before - strip.inputs.start * axis.stride
        return self._setting._replace(
            edges=((before, 0), self._setting.edges[1]),
            extra=(None, self._setting.extra[1]),
            length=(strip.rows.stop - strip.rows.start, self._setting.length[1]),
        )
