"""Copies of a part of the input that products of matrices read, with zeros around it."""

import math
from typing import NamedTuple

from upsamp.core.arguments import Array
from upsamp.core.convolution.problem import ConvolutionPlan, Problem
from upsamp.core.geometry.phases import Phase, tap_range
from upsamp.core.scratch import scratch

# The bytes that a cache holds together.
CACHE_LINE = 64


class Frame(NamedTuple):
    """What is copied: lines of pixels, and of each pixel what the taps of the rows meet.

    shape: (lines, pixels, taps). columns: those of the input, and `place`, where they are in a
    line. taps: for each the first line that has an input, the one after the last, and those inputs.
    """

    shape: tuple[int, int, int]
    columns: slice
    place: slice
    taps: tuple[tuple[int, int, slice], ...]


class Copy(NamedTuple):
    """A copy in memory order, (N, lines, ...), and the bytes between images, lines and pixels."""

    array: Array
    image: int
    line: int
    pixel: int


def make_frame(plan: ConvolutionPlan, rows: Phase, pixels: range, residue: int = 0) -> Frame:
    """Return what outputs of a phase of the rows read, a line for each.

    pixels: of the columns residue, residue + dilation, ... of the input; there are zeros beside.
    """
    spacing = plan.column_phases[0].spacing
    length = len(range(residue, plan.columns.length, spacing))
    first = min(max(0, pixels.start), length)
    last = max(first, min(length, pixels.stop))
    return Frame(
        (rows.count, len(pixels), len(rows.taps)),
        slice(residue + first * spacing, residue + last * spacing, spacing),
        slice(first - pixels.start, last - pixels.start),
        tuple(tap_range(rows, index, plan.rows.length) for index in range(len(rows.taps))),
    )


def copy_frame(problem: Problem, images: slice, frame: Frame) -> Copy:
    """Return a copy of some images; what follows a line up to the next one is nothing."""
    count, rows, channels = images.stop - images.start, frame.shape[0], problem.plan.channels
    size = math.prod(frame.shape[1:]) * channels
    lines = scratch("copies.lines", (count, rows, _pitch(size, problem)), problem.dtype)
    copied = lines[:, :, :size].reshape(count, *frame.shape, channels)
    copied[:, :, : frame.place.start] = 0
    copied[:, :, frame.place.stop :] = 0
    inner = copied[:, :, frame.place]
    for index, (top, bottom, inputs) in enumerate(frame.taps):
        if top:
            inner[:, :top, :, index] = 0
        if bottom < rows:
            inner[:, bottom:, :, index] = 0
        inner[:, top:bottom, :, index] = problem.batch[images, inputs, frame.columns]
    by_image, by_line, item = lines.strides
    return Copy(lines, by_image, by_line, frame.shape[2] * channels * item)


def _pitch(size: int, problem: Problem) -> int:
    """Return how far apart rows of this many elements should be.

    A product reads many rows side by side. Where they are a power of two apart, they all have the
    same few places in a core's first cache, and are read from the next one again and again.
    """
    unit = CACHE_LINE // problem.dtype.itemsize
    return (-(-size // unit) | 1) * unit
