"""Bilinear by whole factors, and bicubic by two, out of copies and sums alone.

A pixel repeated s times, and then summed over s neighbours, is interpolated linearly: with s odd
the sum is s times the result, and with s even one more sum of two neighbours puts it in place and
makes it 2 s times the result. Down the columns the same weights are applied to whole rows. Bytes
are summed exactly in 16 bits; half to even follows from the last bit that stays.

Bicubic with a = -0.5 by two is bilinear by two of the image sharpened by (-3, 38, -3) / 32 along
both axes. In float32 that is exact for bytes.

Source of the idea that repeated boxes make splines: P. Heckbert, "Filtering by repeated
integration" (1986).
"""

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.blocked import interpolate
from upsamp.core.box_plan import EDGE, Boxes, Region, regions_of
from upsamp.core.dtypes import is_tame
from upsamp.core.interpolation import AxisPlan, plan_axis
from upsamp.core.nearest import repeat_along_rows, strip_for
from upsamp.core.plain import interpolate_images
from upsamp.core.schemes import scheme_of
from upsamp.core.threads import share

__all__ = ["interpolate_by_boxes"]

THREAD_ELEMENTS = 2**18
# Sharpening before bilinear by two that makes it bicubic.
BESIDE, CENTRE = -3 / 32, 38 / 32


def interpolate_by_boxes(
    source: Array,
    target: Array,
    boxes: Boxes,
    plans: tuple[AxisPlan, AxisPlan],
    threads: int,
) -> None:
    """Fill `target` from `source`, both (N, H, W, C)."""
    count, height, width, channels = source.shape
    regions = regions_of(height, width, channels, boxes)

    def work(run: range) -> None:
        loops = Loops(regions, channels, boxes)
        with np.errstate(invalid="ignore", over="ignore"):
            for piece in run:
                image, region = divmod(piece, len(regions))
                loops.fill(source[image], target[image], regions[region], plans)

    share(count * len(regions), threads if target.size >= THREAD_ELEMENTS else 1, work)
    if boxes.sharpen:
        _fill_edges(source, target, threads)


def _fill_edges(source: Array, target: Array, threads: int) -> None:
    """Fill the frame of the images in which the weights are those of the edge.

    It is made of images that are nothing but edges: what is wrong about them is in their middle.
    """
    kept = 2 * EDGE
    for axis in (1, 2):
        inputs, outputs = (np.moveaxis(array, axis, 1) for array in (source, target))
        edges = np.concatenate([inputs[:, :kept], inputs[:, -kept:]], axis=1)
        edges = np.ascontiguousarray(np.moveaxis(edges, 1, axis))
        height, width, channels = edges.shape[1:]
        plans = plan_axis(height, 2 * height, "bicubic"), plan_axis(width, 2 * width, "bicubic")
        made = np.empty((len(edges), 2 * height, 2 * width, channels), target.dtype)
        interpolate(edges, made, scheme_of(*plans, channels, edges.dtype), threads)
        made = np.moveaxis(made, axis, 1)
        outputs[:, :kept], outputs[:, -kept:] = made[:, :kept], made[:, -kept:]


class Loops:
    """The loops of one thread, with its memory."""

    def __init__(self, regions: tuple[Region, ...], channels: int, boxes: Boxes) -> None:
        self.boxes = boxes
        self.channels = channels
        self.margin = 2 if boxes.sharpen else 1
        high = max(region.bottom - region.top for region in regions)
        wide = max(region.right - region.left for region in regions) + 2
        self.sums = np.dtype(np.uint16 if boxes.whole else np.float32)
        self.copies = np.dtype(np.uint8 if boxes.whole else np.float32)
        room = (high + 4) * (wide + 4) * channels
        self.padded = np.empty(room, self.copies)
        self.aside = np.empty((2, room if boxes.sharpen else 0), np.float32)
        factor = boxes.factors[1]
        self.strip = strip_for(high + 2, wide, channels, self.copies, factor)
        widened = (high + 2) * wide * factor * channels
        slack = (factor + 1) * channels
        self.widened = np.empty((3, widened + slack), self.sums)
        self.near, self.far = np.empty((2, widened), self.sums)
        self.result = np.empty((2, widened), self.sums)

    def fill(
        self, image: Array, place: Array, region: Region, plans: tuple[AxisPlan, AxisPlan]
    ) -> None:
        """Fill what a tile of `image` makes of `place`, (H, W, C) each."""
        rows, columns = self.boxes.factors
        target = place[
            region.top * rows : region.bottom * rows,
            region.left * columns : region.right * columns,
        ]
        padded = self._pad(image, region)
        if self.boxes.sharpen:
            if not is_tame(padded):
                outputs = _outputs(region, self.boxes.factors)
                interpolate_images(image[np.newaxis], place[np.newaxis], plans, *outputs)
                return
            padded = self._sharpen(padded)
        self._heighten(self._widen(padded), len(padded) - 2, target)

    def _pad(self, image: Array, region: Region) -> Array:
        """Copy a tile with a margin around it, which repeats the edges where the image ends."""
        height, width, channels = image.shape
        margin = self.margin
        shape = (
            region.bottom - region.top + 2 * margin,
            region.right - region.left + 2 * margin,
            channels,
        )
        padded = self.padded[: shape[0] * shape[1] * channels].reshape(shape)
        top, left = max(0, region.top - margin), max(0, region.left - margin)
        bottom = min(height, region.bottom + margin)
        right = min(width, region.right + margin)
        above, before = top - (region.top - margin), left - (region.left - margin)
        rows, columns = bottom - top, right - left
        inner = padded[above : above + rows, before : before + columns]
        if self.boxes.whole:
            inner[...] = image[top:bottom, left:right]
        else:
            scale = np.float32(1 / (self.boxes.scales[0] * self.boxes.scales[1]))
            np.multiply(image[top:bottom, left:right], scale, out=inner, dtype=np.float32)
        line = padded[above : above + rows]
        line[:, :before] = line[:, before : before + 1]
        line[:, before + columns :] = line[:, before + columns - 1 : before + columns]
        padded[:above] = padded[above]
        padded[above + rows :] = padded[above + rows - 1]
        return padded

    def _sharpen(self, padded: Array) -> Array:
        """Sharpen a tile along both axes, which takes one pixel off every side."""
        sharp, aside = self.aside
        along_rows = _sharpened(padded[:-2], padded[1:-1], padded[2:], sharp, aside)
        left, middle, right = along_rows[:, :-2], along_rows[:, 1:-1], along_rows[:, 2:]
        return _sharpened(left, middle, right, self.padded, aside)

    def _widen(self, padded: Array) -> Array:
        """Give the rows of a tile interpolated along the columns, one after the other.

        They are as long as their copies are, and what is right in them begins where `_begin` says:
        one long line of numbers is summed in less time than many short ones.
        """
        copies = repeat_along_rows(padded, self.strip, self.boxes.factors[1]).reshape(-1)
        base, *rooms = self.widened
        size = copies.size
        if self.boxes.whole:
            np.copyto(base[:size], copies)
            copies = base
        else:
            copies = self.strip.rows[: self.strip.rows.size // 4 * 4].view(np.float32)
        values = copies
        for anew, pixels in _sums(self.boxes.factors[1]):
            shift = pixels * self.channels
            other = copies if anew else values
            np.add(values[:size], other[shift : shift + size], out=rooms[0][:size])
            values = rooms[0]
            rooms.reverse()
        return values[:size]

    def _heighten(self, widened: Array, high: int, target: Array) -> None:
        """Fill the output rows, (rows, columns, channels), from the widened rows."""
        factor, scale = self.boxes.factors[0], self.boxes.scales[0]
        line = widened.size // (high + 2)
        near, far = self.near[: high * line], self.far[: widened.size]
        for phase in range(factor // 2, factor):
            away = (2 * phase + 1 - factor) // (2 if factor % 2 else 1)
            np.multiply(widened[line:-line], self.sums.type(scale - away), out=near)
            if self.boxes.whole:
                near += self.sums.type((scale * self.boxes.scales[1] - 1) // 2)
            if not away:
                self._store(near, None, target[phase::factor])
                continue
            neighbours = widened
            if away > 1:
                neighbours = np.multiply(widened, self.sums.type(away), out=far)
            self._store(near, neighbours[2 * line :], target[phase::factor])
            self._store(near, neighbours[: -2 * line], target[factor - 1 - phase :: factor])

    def _store(self, near: Array, neighbours: Array | None, rows: Array) -> None:
        """Write the sums of some rows to their places, (rows, columns, channels)."""
        high, columns, channels = rows.shape
        factor = self.boxes.factors[1]
        begin = (factor - factor // 2) * channels
        inner = slice(begin, begin + columns * channels)
        if neighbours is None:
            sums = near
        elif rows.dtype == near.dtype and rows[0].flags.c_contiguous:
            place = rows.reshape(high, -1)
            here, there = (part.reshape(high, -1)[:, inner] for part in (near, neighbours))
            np.add(here, there, out=place)
            return
        else:
            sums = np.add(near, neighbours, out=self.result[0][: near.size])
        if self.boxes.whole:
            spare = self.result[1][: near.size]
            _divide(sums, spare, self.boxes.scales[0] * self.boxes.scales[1])
        elif rows.dtype == np.uint8:
            np.rint(sums, out=sums)
            np.clip(sums, 0, 255, out=sums)
        lines = sums.reshape(high, -1)[:, inner]
        np.copyto(rows, lines.reshape(rows.shape), casting="unsafe")


def _sharpened(before: Array, middle: Array, after: Array, into: Array, aside: Array) -> Array:
    """Give the three with the weights (-3, 38, -3) / 32, in the memory of `into`."""
    result, beside = (room[: middle.size].reshape(middle.shape) for room in (into, aside))
    np.add(before, after, out=beside)
    beside *= np.float32(BESIDE)
    np.multiply(middle, np.float32(CENTRE), out=result)
    result += beside
    return result


def _divide(sums: Array, spare: Array, divisor: int) -> None:
    """Divide 16-bit sums, to which half of the divisor less one is added already.

    A sum that ends in a half is then one short of the next number, and gets there if the number
    below it is odd: half to even.
    """
    if divisor % 2:
        np.floor_divide(sums, sums.dtype.type(divisor), out=sums)
        return
    bits = sums.dtype.type(divisor.bit_length() - 1)
    np.right_shift(sums, bits, out=spare)
    np.bitwise_and(spare, sums.dtype.type(1), out=spare)
    np.add(sums, spare, out=sums)
    np.right_shift(sums, bits, out=sums)


def _sums(factor: int) -> list[tuple[bool, int]]:
    """Give the additions that sum over `factor` neighbours, and over two more if it is even.

    Each adds either the copies anew or what is summed so far, from so many pixels away.
    """
    additions: list[tuple[bool, int]] = []
    summed = 1
    for digit in f"{factor:b}"[1:]:
        additions.append((False, summed))
        summed *= 2
        if digit == "1":
            additions.append((True, summed))
            summed += 1
    return additions if factor % 2 else [*additions, (False, 1)]


def _outputs(region: Region, factors: Pair) -> tuple[slice, slice]:
    """Give the output rows and columns of a tile."""
    rows, columns = factors
    return (
        slice(region.top * rows, region.bottom * rows),
        slice(region.left * columns, region.right * columns),
    )
