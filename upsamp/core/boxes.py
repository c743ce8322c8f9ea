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

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.blocked import interpolate, scheme_of
from upsamp.core.interpolation import AxisPlan, plan_axis
from upsamp.core.nearest import repeat_along_rows, strip_for
from upsamp.core.plain import interpolate_part
from upsamp.core.threads import share

__all__ = ["Boxes", "boxes_for", "interpolate_by_boxes"]

FACTORS = range(1, 9)
# Images below this many output elements are done faster by products.
LEAST = 2**14
THREAD_ELEMENTS = 2**18
# Widened elements of a tile, and of one of its rows: smaller tiles stay in the second-level
# cache, and are slower all the same, as each call takes a microsecond.
TILE = 2**17
TILE_WIDTH = 2**13
# Sharpening before bilinear by two that makes it bicubic.
BESIDE, CENTRE = -3 / 32, 38 / 32
# Input pixels from the edge within which bicubic has other weights.
EDGE = 2


@dataclass(frozen=True)
class Boxes:
    """How the images of a call are interpolated by boxes.

    factors: of the rows and of the columns. scales: what the sums of each are too large by. bytes:
    whether the sums are made in integers. sharpen: whether this is bicubic.
    """

    factors: Pair
    scales: Pair
    whole: bool
    sharpen: bool


class Region(NamedTuple):
    """The input pixels of a tile, from the first row and column to before the last."""

    top: int
    bottom: int
    left: int
    right: int


def boxes_for(
    shape: tuple[int, ...], factors: Pair, method: str, convention: str, dtype: np.dtype[np.generic]
) -> Boxes | None:
    """Tell how boxes make this of images of `shape`, (N, H, W, C); None where they cannot.

    >>> boxes_for((1, 99, 99, 3), (2, 2), "bilinear", "keras", np.dtype("uint8")).scales
    (4, 4)
    """
    _, height, width, channels = shape
    large = height * width * channels * factors[0] * factors[1] >= LEAST
    if not large or not set(factors) <= set(FACTORS) or dtype.name not in ("uint8", "float32"):
        return None
    scales = (_scale(factors[0]), _scale(factors[1]))
    if method == "bicubic":
        fits = convention == "keras" and factors == (2, 2) and min(height, width) > 2 * EDGE
        return Boxes(factors, scales, whole=False, sharpen=True) if fits else None
    if method != "bilinear":
        return None
    product = scales[0] * scales[1]
    if dtype.kind == "f":
        return Boxes(factors, scales, whole=False, sharpen=False)
    # A half comes out exactly of a power of two, and never of an odd number.
    settled = product % 2 == 1 or product & (product - 1) == 0
    fits = settled and 255 * product + product // 2 < 2**16
    return Boxes(factors, scales, whole=True, sharpen=False) if fits else None


def _scale(factor: int) -> int:
    return factor if factor % 2 else 2 * factor


def interpolate_by_boxes(
    source: Array,
    target: Array,
    boxes: Boxes,
    plans: tuple[AxisPlan, AxisPlan],
    threads: int,
) -> None:
    """Fill `target` from `source`, both (N, H, W, C)."""
    count, height, width, channels = source.shape
    regions = _regions(height, width, channels, boxes)

    def work(run: range) -> None:
        loops = Loops(regions, channels, boxes)
        with np.errstate(invalid="ignore", over="ignore"):
            for piece in run:
                image, region = divmod(piece, len(regions))
                loops.fill(source[image], target[image], regions[region], plans)

    share(count * len(regions), threads if target.size >= THREAD_ELEMENTS else 1, work)
    if boxes.sharpen:
        _fill_edges(source, target, threads)


@lru_cache(maxsize=64)
def _regions(height: int, width: int, channels: int, boxes: Boxes) -> tuple[Region, ...]:
    """Cut the input into tiles whose sums stay in the second-level cache."""
    edge = EDGE if boxes.sharpen else 0
    columns = _cuts(edge, width - edge, max(1, TILE_WIDTH // (channels * boxes.factors[1])))
    longest = max(right - left for left, right in columns) * channels * boxes.factors[1]
    rows = _cuts(edge, height - edge, max(1, TILE // longest))
    return tuple(
        Region(top, bottom, left, right) for top, bottom in rows for left, right in columns
    )


def _cuts(begin: int, end: int, most: int) -> list[Pair]:
    """Cut a range evenly into pieces of at most `most`."""
    pieces = -(-(end - begin) // most)
    bounds = [begin + (end - begin) * piece // pieces for piece in range(pieces + 1)]
    return list(zip(bounds, bounds[1:], strict=False))


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


def _fill_plainly(
    image: Array, place: Array, plans: tuple[AxisPlan, AxisPlan], rows: slice, columns: slice
) -> None:
    planes, room = (np.moveaxis(array, 2, 0)[..., np.newaxis] for array in (image, place))
    interpolate_part(planes, room, plans, rows, columns, alpha=False)


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
            if not _is_tame(padded):
                _fill_plainly(image, place, plans, *_outputs(region, self.boxes.factors))
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


def _is_tame(values: Array) -> bool:
    """Tell whether all values are finite, and so small that no sum of them overflows."""
    limit = np.finfo(values.dtype).max / 2**10
    return bool(values.max() < limit) and bool(values.min() > -limit)


def _outputs(region: Region, factors: Pair) -> tuple[slice, slice]:
    """Give the output rows and columns of a tile."""
    rows, columns = factors
    return (
        slice(region.top * rows, region.bottom * rows),
        slice(region.left * columns, region.right * columns),
    )
