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
from upsamp.core.upsampling.nearest import repeat_along_rows

__all__ = ["interpolate_by_boxes"]

THREAD_ELEMENTS = 2**18
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
    regions = regions_of(height, width, channels, boxes)
    blocks = target.reshape(count, height, rows, wide, channels)

    def work(run: range) -> None:
        for piece in run:
            image, number = divmod(piece, len(regions))
            region = regions[number]
            widened = _widen(source, image, region.moved(*first), boxes)
            place = slice(region.left * columns, region.right * columns)
            _heighten(widened, blocks[image, region.top : region.bottom, :, place], boxes)

    share(count * len(regions), threads if target.size >= THREAD_ELEMENTS else 1, work)


def _widen(source: Array, image: int, region: Region, boxes: Boxes) -> Array:
    """Give the rows of a tile, (rows, columns * channels), interpolated along the columns.

    There is a row more above and below, which is that of the edge where the image ends. The rows
    are summed as one long line of numbers, which takes less time than many short ones.
    """
    _, height, width, channels = source.shape
    factor = boxes.factors[1]
    top, bottom = max(0, region.top - 1), min(height, region.bottom + 1)
    left, right = max(0, region.left - 1), min(width, region.right + 1)
    lines, pixels = slice(top, bottom), slice(left, right)
    repeated = repeat_along_rows(source, image, lines, pixels, factor, margin=factor)
    wide = factor * channels
    repeated[:, :wide] = repeated[:, wide : 2 * wide]
    repeated[:, -wide:] = repeated[:, -2 * wide : -wide]
    high, line = region.bottom - region.top + 2, repeated.shape[1]
    above = top - (region.top - 1)
    size = repeated.size
    rooms = scratch("up_sums", (3, high * line), SUMS)
    # The copies stay for the sums that need them anew; the others take turns.
    copies, *spare = rooms[:, above * line : above * line + size]
    np.copyto(copies, repeated.reshape(-1))
    values, last = copies, 0
    for number, (anew, away) in enumerate(_sums(factor)):
        shift = away * channels
        # What is summed from beyond the end belongs to no pixel, and neither does what is left.
        size = min(size, copies.size - shift) if anew else size - shift
        other = copies if anew else values
        last = 1 + number % 2
        np.add(values[:size], other[shift : shift + size], out=spare[last - 1][:size])
        values = spare[last - 1]
    widened = rooms[last].reshape(high, line)
    if above:
        widened[0] = widened[1]
    if bottom == region.bottom:
        widened[-1] = widened[-2]
    # Where the first output's sum begins: a pixel's own begins half its width before it.
    begin = (1 + region.left - left) * factor - factor // 2
    outputs = (region.right - region.left) * factor
    inner: Array = widened[:, begin * channels : (begin + outputs) * channels]
    return inner


def _heighten(widened: Array, blocks: Array, boxes: Boxes) -> None:
    """Fill blocks of output rows, (rows, factor, columns, channels), from the widened rows."""
    high, factor, columns, channels = blocks.shape
    scale = boxes.scales[0]
    divisor = scale * boxes.scales[1]
    line = columns * channels
    near = scratch("up_near", (high, line), SUMS)
    for phase in range(factor // 2, factor):
        away = (2 * phase + 1 - factor) // (2 if factor % 2 else 1)
        np.multiply(widened[1:-1], SUMS.type(scale - away), out=near)
        np.add(near, SUMS.type(divisor // 2), out=near)
        if not away:
            _divide(near, blocks[:, phase], divisor)
            continue
        far = widened
        if away > 1:
            far = np.multiply(widened, SUMS.type(away), out=scratch("up_far", widened.shape, SUMS))
        # The phase and its mirror image at once, with the rows below and above: longer calls.
        sums = scratch("up_both", (2, high, line), SUMS)
        np.add(near, far[2:], out=sums[0])
        np.add(near, far[:-2], out=sums[1])
        mirror = factor - 1 - phase
        places = blocks[:, mirror : phase + 1 : phase - mirror].swapaxes(0, 1)[::-1]
        _divide(sums, places, divisor)


def _divide(sums: Array, place: Array, divisor: int) -> None:
    """Write 16-bit sums, (..., columns * channels), divided, to (..., columns, channels).

    Half of the divisor, rounded down, is added to them already. What is lost of `sums` is needed
    no more.
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
    # A half has come to the next whole number; where that is odd, the one below is the even one.
    np.bitwise_and(sums, SUMS.type(2 * divisor - 1), out=sums)
    tied = np.equal(sums, SUMS.type(divisor), out=scratch("up_tied", sums.shape, np.bool_))
    np.subtract(room, tied.view(np.uint8), out=room)


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
