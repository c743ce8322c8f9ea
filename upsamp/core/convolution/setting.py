"""What a convolution is told besides its arrays, and the plan that this makes of their shapes."""

from functools import lru_cache
from typing import NamedTuple, TypeAlias

from upsamp.core.arguments import Padding, Pair
from upsamp.core.convolution.problem import ConvolutionPlan
from upsamp.core.geometry.phases import Axis
from upsamp.core.geometry.sizes import convolution_axis, transposed_axis
from upsamp.errors import ShapeError

Shape: TypeAlias = tuple[int, ...]


class ConvolutionSetting(NamedTuple):
    """The arguments of a convolution, normalised, those of an axis by (rows, columns).

    extra: the output padding, and length: that of the output; None where it is not given. A
    convolution that is not transposed has neither.
    """

    transposed: bool
    stride: Pair
    edges: tuple[Padding | Pair, Padding | Pair]
    dilation: Pair
    groups: int
    extra: tuple[int | None, int | None] = (None, None)
    length: tuple[int | None, int | None] = (None, None)

    def axis(self, axis: int, length: int, taps: int) -> Axis:
        """Plan the rows (0) or the columns (1)."""
        stride, edges, dilation = self.stride[axis], self.edges[axis], self.dilation[axis]
        if not self.transposed:
            return convolution_axis(length, taps, stride, edges, dilation)
        return transposed_axis(
            length, taps, stride, edges, self.extra[axis], dilation, self.length[axis]
        )

    def longest(self, axis: int, length: int, taps: int) -> int:
        """Return the longest rows (0) or columns (1) whose end is more than zeros only.

        That is as far as an output padding goes, and for "same" as far as the kernel reaches.
        """
        stride, edges, dilation = self.stride[axis], self.edges[axis], self.dilation[axis]
        if edges == "same":
            reach = transposed_axis(length, taps, stride, "valid", 0, dilation).output
            return max(reach, length * stride)
        most = stride if edges == "valid" else max(stride, dilation)
        return transposed_axis(length, taps, stride, edges, most - 1, dilation).output


class Extent(NamedTuple):
    """The axes of a convolution's result, and its filters."""

    rows: Axis
    columns: Axis
    filters: int


@lru_cache(maxsize=256)
def extent_of(setting: ConvolutionSetting, batch: Shape, kernel: Shape) -> Extent:
    """Return how large the result is, which tells whether there is memory for it.

    batch: (N, H, W, C). kernel: as `conv2d` or `conv2d_transpose` takes it, in Keras' layout.
    Raises `ShapeError` where they do not belong together.
    """
    rows, columns = (setting.axis(axis, batch[1 + axis], kernel[axis]) for axis in (0, 1))
    return Extent(rows, columns, _filters(setting, batch[3], kernel))


@lru_cache(maxsize=256)
def make_plan(setting: ConvolutionSetting, batch: Shape, kernel: Shape) -> ConvolutionPlan:
    """Plan a convolution, which is remembered: a layer plans alike at each call.

    The arguments are those of `extent_of`.
    """
    images, channels, taps = batch[0], batch[3], (kernel[0], kernel[1])
    rows, columns, filters = extent_of(setting, batch, kernel)
    return ConvolutionPlan(images, channels, filters, setting.groups, taps, rows, columns)


def _filters(setting: ConvolutionSetting, channels: int, kernel: Shape) -> int:
    """Return the number of filters, where the channels are those of the kernel."""
    groups, transposed = setting.groups, setting.transposed
    inner, outer = kernel[2:]
    filters = inner * groups if transposed else outer
    if channels % groups or filters % groups:
        raise ShapeError(
            "`groups` must divide the channels and the filters. "
            f"Received: groups={groups}, {channels} channels, {filters} filters."
        )
    taken, order = (
        (outer, "filters / groups, C") if transposed else (inner * groups, "C / groups, filters")
    )
    if taken != channels:
        raise ShapeError(
            f"`kernel` must be (rows, columns, {order}). Received: kernel of shape "
            f"{kernel} with groups={groups} for an `x` of {channels} channels."
        )
    return filters
