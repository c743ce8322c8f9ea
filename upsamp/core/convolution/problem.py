"""A convolution to be computed: its plan in integers, its arrays, what algorithms share."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.convolution.packing import Kernel, Matrices
from upsamp.core.geometry.phases import Axis, Phase, axis_phases, first_reads
from upsamp.core.geometry.sizes import TransposedAxis

# Changes finished rows of the result, (N, rows, OW, filters), in place.
Finish: TypeAlias = Callable[[Array], None]


@dataclass(frozen=True, eq=False)
class ConvolutionPlan:
    """The integers of a convolution: shapes, axes and their phases.

    Each is made once, see `upsamp.core.convolution.setting`, so what is remembered by plan is found
    by which object that is, and not by all of its numbers.
    """

    images: int
    channels: int
    filters: int
    groups: int
    kernel: Pair
    rows: Axis
    columns: Axis

    @cached_property
    def row_phases(self) -> tuple[Phase, ...]:
        """The phases of the rows: one for each step of a transposed convolution's stride."""
        return axis_phases(self.rows, self.kernel[0])

    @cached_property
    def column_phases(self) -> tuple[Phase, ...]:
        """The phases of the columns."""
        return axis_phases(self.columns, self.kernel[1])

    @cached_property
    def reading(self) -> Hashable:
        """How outputs read inputs through the kernel, wherever they begin and however many."""
        phases = map(_reading, (self.row_phases, self.column_phases))
        return isinstance(self.rows, TransposedAxis), self.groups, *phases

    @property
    def taps(self) -> int:
        """How many taps the kernel has."""
        return self.kernel[0] * self.kernel[1]

    @property
    def pixels(self) -> int:
        """How many pixels the inputs have."""
        return self.images * self.rows.length * self.columns.length

    @property
    def outputs(self) -> int:
        """How many pixels the outputs have."""
        return self.images * self.rows.output * self.columns.output


def _reading(phases: tuple[Phase, ...]) -> Hashable:
    """Return the phases of an axis without lengths, and how far after the first each begins."""
    first, _ = first_reads(phases)
    return tuple(
        (one.step, one.taps, one.start - first if one.taps else 0, one.stride, one.spacing)
        for one in phases
    )


@dataclass(frozen=True)
class Problem:
    """The arrays of a convolution.

    batch: (N, H, W, C), of any dtype and strides. packed: the kernel. bias: (filters,) or None.
    result: (N, OH, OW, filters) in memory order, to be written by the algorithm. finish: what is
    done to rows of the result once they are summed.
    """

    plan: ConvolutionPlan
    batch: Array
    packed: Kernel
    bias: Array | None
    result: Array
    finish: Finish | None

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type that is computed in."""
        return self.result.dtype

    @cached_property
    def grouped(self) -> Array:
        """The kernel as (rows, columns, groups, C / groups, filters / groups)."""
        weights, groups = self.packed.array, self.plan.groups
        rows, columns, inner, outer = weights.shape
        split = weights.reshape(rows, columns, inner, groups, outer // groups)
        transposed = isinstance(self.plan.rows, TransposedAxis)
        return split.transpose((0, 1, 3, 4, 2) if transposed else (0, 1, 3, 2, 4))

    @cached_property
    def bias_row(self) -> Array | None:
        """The bias of all pixels of a row: additions along it are the faster for its length."""
        return None if self.bias is None else np.tile(self.bias, self.plan.columns.output)

    def source(self, images: slice, rows: slice) -> Array:
        """Return rows of the input as they are computed with, in memory order."""
        return self.batch[images, rows].astype(self.dtype, order="C", copy=False)

    def kernel(self) -> Array:
        """Return the kernel of a convolution of one group: (rows, columns, C, filters)."""
        return self.grouped[:, :, 0].astype(self.dtype, copy=False)

    def matrices(self, name: Hashable, make: Callable[[], Matrices]) -> Matrices:
        """Return what an algorithm makes of the kernel, made once for all that it depends on.

        name: the algorithm, with what it reads besides the type and the phases of the plan. Where
        the first phase begins, and how many outputs each has, must not matter to `make`: images
        of all sizes and paddings share its result.
        """
        return self.packed.matrices((name, self.dtype, self.plan.reading), make)

    def start_rows(self, images: slice, rows: slice) -> None:
        """Set rows of the result to what the sums are added to: the bias, or 0."""
        part = self.result[images, rows]
        if self.bias_row is None:
            part[...] = 0
        else:
            part.reshape(*part.shape[:2], self.bias_row.size)[...] = self.bias_row

    def end_rows(self, images: slice, rows: slice, *, with_bias: bool) -> None:
        """Add the bias to summed rows of the result, where it is not in them, and finish them."""
        part = self.result[images, rows]
        if not part.size:
            return
        if with_bias and self.bias_row is not None:
            flat = part.reshape(*part.shape[:2], self.bias_row.size)
            flat += self.bias_row
        if self.finish is not None:
            self.finish(part)
