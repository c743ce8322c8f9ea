"""Bilinear of bytes by whole factors, out of copies and sums alone.

A pixel repeated s times, and then summed over s neighbours, is interpolated linearly: with s odd
the sum is s times the result, and with s even one more sum of two neighbours puts it in place and
makes it 2 s times the result. Down the columns the same weights are applied to whole rows. The sums
are exact in 16 bits; half to even follows from the last bit that stays.

Source of the idea that repeated boxes make splines: P. Heckbert, "Filtering by repeated
integration" (1986).
"""

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.scratch import scratch
from upsamp.core.threads import share
from upsamp.core.upsampling.box_plan import Boxes, Region, regions_of
from upsamp.core.upsampling.nearest import Repeater

THREAD_ELEMENTS = 2**20
SUMS = np.dtype(np.uint16)


def interpolate_by_boxes(
    source: Array, target: Array, boxes: Boxes, threads: int, first: Pair = (0, 0)
) -> None:
    """Fill `target` from `source`, both (N, H, W, C).

    first: the row and column of the source from which the target is made; what lies around that
    are its neighbours, as where a larger image has been cut.
    """
    count, long, wide, channels = target.shape
    rows, columns = boxes.factors
    height, width = long // rows, wide // columns
    regions = regions_of(height, width, channels, boxes, threads)
    blocks = target.reshape(count, height, rows, wide, channels)

    def work(run: range) -> None:
        tiles = Tiles(source, boxes, regions)
        for piece in run:
            image, number = divmod(piece, len(regions))
            region = regions[number]
            place = slice(region.left * columns, region.right * columns)
            room = blocks[image, region.top : region.bottom, :, place]
            tiles.heighten(tiles.widen(image, region.moved(*first)), room)

    share(count * len(regions), threads if target.size >= THREAD_ELEMENTS else 1, work)


class Tiles:
    """The loops of one thread: what they write to is made once, for the largest tile."""

    def __init__(self, source: Array, boxes: Boxes, regions: tuple[Region, ...]) -> None:
        self.source, self.boxes = source, boxes
        factor, channels = boxes.factors[1], source.shape[3]
        high = max(region.bottom - region.top for region in regions) + 2
        wide = max(region.right - region.left for region in regions) + 2
        self.repeater = Repeater(source, factor)
        self.additions = _sums(factor)
        # A line of sums begins half a pixel further on.
        size = (high * wide * factor + factor // 2) * channels
        self.copies, *self.sums, self.near, self.far = scratch("up_boxes", (5, size), SUMS)
        self.both = scratch("up_both", (2 * size,), SUMS)
        self.tied = scratch("up_tied", (2 * size,), np.bool_)

    def widen(self, image: int, region: Region) -> Array:
        """Return the rows of a tile, (rows, columns * channels), interpolated along the columns.

        There is a row more above and below, which is that of the edge where the image ends. The
        rows are summed as one long line of numbers, which takes less time than many short ones.
        """
        _, height, width, channels = self.source.shape
        factor, scale = self.boxes.factors[1], self.boxes.scales[1]
        top, bottom = max(0, region.top - 1), min(height, region.bottom + 1)
        left, right = max(0, region.left - 1), min(width, region.right + 1)
        repeated = self.repeater.repeat(image, slice(top, bottom), slice(left, right))
        size, line = len(repeated), (right - left) * factor * channels
        copies = self.copies[:size]
        np.copyto(copies, repeated)
        # A sum belongs half a pixel behind where it begins.
        half, above = factor // 2 * channels, top - (region.top - 1)
        rooms = [room[above * line + half :] for room in self.sums]
        values = copies
        for number, (anew, away) in enumerate(self.additions):
            shift = away * channels
            size = min(size, len(copies) - shift) if anew else size - shift
            other = copies if anew else values
            values = np.add(
                values[:size], other[shift : shift + size], out=rooms[number % 2][:size]
            )
        high = region.bottom - region.top + 2
        widened = self.sums[(len(self.additions) + 1) % 2][: high * line].reshape(high, line)
        # Where a row ends, its sums reach into another one, and are those of its last pixel alone.
        lines = copies.reshape(-1, line)
        inner = widened[above : above + bottom - top]
        np.multiply(lines[:, :half], SUMS.type(scale), out=inner[:, :half])
        np.multiply(lines[:, -half:], SUMS.type(scale), out=inner[:, -half:])
        if above:
            widened[0] = widened[1]
        if bottom == region.bottom:
            widened[-1] = widened[-2]
        begin = (region.left - left) * factor * channels
        within: Array = widened[:, begin : begin + (region.right - region.left) * factor * channels]
        return within

    def heighten(self, widened: Array, blocks: Array) -> None:
        """Fill blocks of output rows, (rows, factor, columns, channels), from the widened rows."""
        high, factor, columns, channels = blocks.shape
        scale = self.boxes.scales[0]
        divisor = scale * self.boxes.scales[1]
        line = columns * channels
        near = self.near[: high * line].reshape(high, line)
        for phase in range(factor // 2, factor):
            away = (2 * phase + 1 - factor) // (2 if factor % 2 else 1)
            np.multiply(widened[1:-1], SUMS.type(scale - away), out=near)
            np.add(near, SUMS.type(divisor // 2), out=near)
            if not away:
                self._divide(near, blocks[:, phase], divisor)
                continue
            far = widened
            if away > 1:
                far = self.far[: widened.size].reshape(widened.shape)
                np.multiply(widened, SUMS.type(away), out=far)
            # The phase and its mirror image at once, with the rows below and above: longer calls.
            sums = self.both[: 2 * high * line].reshape(2, high, line)
            np.add(near, far[2:], out=sums[0])
            np.add(near, far[:-2], out=sums[1])
            mirror = factor - 1 - phase
            places = blocks[:, mirror : phase + 1 : phase - mirror].swapaxes(0, 1)[::-1]
            self._divide(sums, places, divisor)

    def _divide(self, sums: Array, place: Array, divisor: int) -> None:
        """Write 16-bit sums, (..., columns * channels), divided, to (..., columns, channels).

        Half of the divisor, rounded down, is added to them already. What is lost of `sums` is
        needed no more.
        """
        room = place
        if place.strides[-2] == place.shape[-1] * place.strides[-1]:
            room = place.reshape(sums.shape)
        else:
            sums = sums.reshape(place.shape)
        if divisor % 2:
            np.floor_divide(sums, SUMS.type(divisor), out=room, dtype=SUMS, casting="unsafe")
            return
        bits = divisor.bit_length() - 1
        np.right_shift(sums, SUMS.type(bits), out=room, dtype=SUMS, casting="unsafe")
        # A half has come to the next whole number: where that is odd, the one below is even.
        np.bitwise_and(sums, SUMS.type(2 * divisor - 1), out=sums)
        tied = self.tied[: sums.size].reshape(sums.shape)
        np.equal(sums, SUMS.type(divisor), out=tied)
        np.subtract(room, tied.view(np.uint8), out=room)


def _sums(factor: int) -> list[tuple[bool, int]]:
    """Return the additions that sum over `factor` neighbours, and over two more if it is even.

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
