"""Copies of pixels: upsampling by the nearest input, of any type of number.

NumPy copies an element of 1, 2, 4, 8 or 16 bytes in the same time, and a pixel of three bytes in
three times that. So a pixel is copied as one wide element, whose last bytes belong to the pixel
after it: written in ascending order, they are overwritten by the copies of that pixel, or are the
right bytes already. Twice is the same as once by pairs: the second copy of a pixel and the first
one of the next lie side by side, as the pixels themselves do.

Each strip of input rows is first repeated as one line of pixels, in memory that stays in the cache;
then whole rows are copied to their places. From one copy to the next a thread holds the
interpreter's lock, and another one that wants it then sleeps for longer than a copy takes: so all
is prepared before the first of many copies.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, Convention
from upsamp.core.scratch import scratch
from upsamp.core.threads import share
from upsamp.core.upsampling.interpolation import nearest_inputs, nearest_output

# What is to be copied: to where, and from where.
Copies: TypeAlias = list[tuple[Array, Array]]

# Bytes of a strip of widened rows: it is written and read once each, from the second-level cache.
# Shorter strips are shorter calls, at each of which two threads may wait for each other.
STRIP_BYTES = 2**19
# Strips that are prepared together.
GROUP = 16
# Output bytes below which one assignment does it all, and below which a thread costs more than
# it saves.
SMALL_BYTES = 2**14
THREAD_BYTES = 2**23
# Pixels of this many bytes are copied fast as they are.
LONG_PIXEL = 40
WIDEST = 16
# An element of each width whose copies are bit for bit.
WIDE = {1: "u1", 2: "u2", 4: "u4", 8: "u8", 16: "c16"}
PAIR = 2


class NearestAxis(NamedTuple):
    """Which inputs the outputs of an axis copy, or those of a part of it.

    length, target: of the whole axis. begin, first: the output and the input from which the part
    counts its own.

    >>> axis = NearestAxis(2, 5, "keras")
    >>> axis.inputs(slice(0, 5)), axis.outputs(slice(1, 2), 5)
    (array([0, 0, 1, 1, 1]), slice(2, 5, None))
    """

    length: int
    target: int
    convention: Convention
    begin: int = 0
    first: int = 0

    def inputs(self, outputs: slice) -> Array:
        """Return the input that each of some outputs copies."""
        part = slice(outputs.start + self.begin, outputs.stop + self.begin)
        return nearest_inputs(self.length, self.target, self.convention, part) - self.first

    def outputs(self, inputs: slice, count: int) -> slice:
        """Return the outputs, of which there are `count`, that copy some inputs."""
        start, stop = (
            nearest_output(self.length, self.target, self.convention, end + self.first) - self.begin
            for end in (inputs.start, inputs.stop)
        )
        return slice(max(0, start), min(count, stop))


class Strip(NamedTuple):
    """Some rows and pixels of an image."""

    image: int
    lines: slice
    pixels: slice


def repeat_pixels(source: Array, target: Array, rows: int, columns: int, threads: int) -> None:
    """Copy every pixel of `source` to its block of rows x columns in `target`, both (N, H, W, C).

    >>> target = np.empty((1, 2, 4, 1), int)
    >>> repeat_pixels(np.array([[[[1], [2]]]]), target, 2, 2, 1)
    >>> target[0, ..., 0]
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]])
    """
    count, height, width, channels = source.shape
    squares = target.reshape(count, height, rows, width, columns, channels)
    if target.nbytes <= SMALL_BYTES:
        squares[...] = source[:, :, np.newaxis, :, np.newaxis]
        return
    blocks = target.reshape(count, height, rows, width * columns, channels)

    def work_by_channels(strips: list[Strip]) -> None:
        for image, lines, pixels in strips:
            _repeat_channels(source[image, lines, pixels], squares[image, lines, :, pixels])

    def work(strips: list[Strip]) -> None:
        repeater = Repeater(source, columns)
        copies: Copies = []
        for strip in strips:
            repeated, steps = repeater.steps(*strip)
            left, right = strip.pixels.start * columns, strip.pixels.stop * columns
            room = blocks[strip.image, strip.lines, :, left:right]
            copies += steps
            copies.append((room, repeated.reshape(len(room), 1, -1, channels)))
        for place, part in copies:
            np.copyto(place, part)

    # One channel is contiguous, whatever its strides say.
    apart = channels > 1 and target.strides[3] != target.itemsize
    _share_strips(source, target, work_by_channels if apart else work, threads)


def copy_nearest(
    source: Array, target: Array, axes: tuple[NearestAxis, NearestAxis], threads: int
) -> None:
    """Copy to every pixel of `target` the input that is the nearest, both (N, H, W, C).

    axes: of the rows and of the columns, which begin where both arrays do.
    """
    if target.nbytes <= SMALL_BYTES:
        rows, columns = (
            axis.inputs(slice(0, length))
            for axis, length in zip(axes, target.shape[1:3], strict=True)
        )
        target[...] = source[:, rows[:, np.newaxis], columns]
        return

    def work(strips: list[Strip]) -> None:
        for image, *parts in strips:
            lines, pixels = parts
            rows, columns = (
                axis.outputs(part, length)
                for axis, part, length in zip(axes, parts, target.shape[1:3], strict=True)
            )
            # Rows and columns are taken apart, as a list for each would make NumPy walk by pixels.
            part = source[image, lines, pixels]
            widened = part.take(axes[1].inputs(columns) - pixels.start, axis=1)
            heightened = widened.take(axes[0].inputs(rows) - lines.start, axis=0)
            target[image, rows, columns] = heightened

    _share_strips(source, target, work, threads)


def _repeat_channels(source: Array, squares: Array) -> None:
    """Fill the squares of some pixels, channel by channel, which keeps NumPy's inner loop long."""
    for plane, place in zip(np.moveaxis(source, 2, 0), np.moveaxis(squares, 4, 0), strict=True):
        for column in range(place.shape[3]):
            place[:, 0, :, column] = plane
        place[:, 1:] = place[:, :1]


def _share_strips(
    source: Array, target: Array, work: Callable[[list[Strip]], None], threads: int
) -> None:
    """Let the threads do all strips, a group at a time."""
    count, height, width, channels = source.shape
    pixel = -(-target.shape[2] // width) * channels * source.itemsize
    wide = max(1, min(width, STRIP_BYTES // pixel))
    high = max(1, min(height, STRIP_BYTES // (wide * pixel)))
    if threads > 1:
        high = min(high, -(-height // threads))
    strips, tiles = -(-height // high), -(-width // wide)

    def strip_of(piece: int) -> Strip:
        image, position = divmod(piece, strips * tiles)
        row, column = divmod(position, tiles)
        lines = slice(row * high, min((row + 1) * high, height))
        return Strip(image, lines, slice(column * wide, min((column + 1) * wide, width)))

    def work_on(run: range) -> None:
        for start in range(0, len(run), GROUP):
            work([strip_of(piece) for piece in run[start : start + GROUP]])

    share(count * strips * tiles, threads if target.nbytes >= THREAD_BYTES else 1, work_on)


class Room(NamedTuple):
    """Where a strip is repeated.

    result: its numbers in one line. places: the elements of its pixels are copied to each of these.
    others: copies that follow.
    """

    result: Array
    places: list[list[Array]]
    others: Copies


class Repeater:
    """Repeats the pixels of an array (N, H, W, C) along its rows, in this thread's scratch.

    columns: how many copies there are to be of each.
    """

    def __init__(self, source: Array, columns: int) -> None:
        self.source, self.columns = source, columns
        self.pixel = pixel = source.shape[3] * source.itemsize
        self.paired = columns == PAIR and PAIR * pixel <= WIDEST
        covered = PAIR * pixel if self.paired else pixel
        self.wide = wide = min(WIDEST, 1 << (covered - 1).bit_length())
        # Elements that overlap are read once, to lie apart for what is no contiguous copy either.
        self.overlapping = wide not in (pixel, covered)
        # Where the elements of a pixel begin: a long one has several.
        self.offsets = [*range(0, pixel - wide, wide), max(0, pixel - wide)]
        self.elements: list[Array] = []
        if source.flags.c_contiguous and pixel < LONG_PIXEL:
            memory = source.reshape(-1).view(np.uint8)
            whole = (len(memory) - self.offsets[-1] - wide) // pixel + 1
            self.elements = self._elements(memory, max(0, whole), 0, pixel)
        self.rooms: dict[int, Room] = {}

    def repeat(self, image: int, lines: slice, pixels: slice) -> Array:
        """Return the repeated numbers of some rows and pixels of an image, in one line."""
        result, steps = self.steps(image, lines, pixels)
        for place, part in steps:
            np.copyto(place, part)
        return result

    def steps(self, image: int, lines: slice, pixels: slice) -> tuple[Array, Copies]:
        """Return where the repeated numbers of a strip go, in one line, and how they get there.

        The next strip takes the same place.
        """
        _, height, width, channels = self.source.shape
        high, wide = lines.stop - lines.start, pixels.stop - pixels.start
        count = high * wide
        room = self.rooms.get(count) or self._room(count)
        if self.pixel >= LONG_PIXEL:
            place = room.result.reshape(high, wide, self.columns, channels)
            return room.result, [(place, self.source[image, lines, pixels, np.newaxis])]
        first = (image * height + lines.start) * width + pixels.start
        elements = [each[first : first + count] for each in self.elements]
        copies: Copies = []
        if not elements or len(elements[0]) < count or (wide < width and high > 1):
            # Pixels that are not contiguous, or that end with the memory.
            part = self.source[image, lines, pixels]
            memory = scratch("up_pixels", (part.nbytes + WIDEST,), np.uint8)
            copies.append((memory[: part.nbytes].view(part.dtype).reshape(part.shape), part))
            elements = self._elements(memory, count, 0, self.pixel)
        for places in room.places:
            copies += zip(places, elements, strict=True)
        return room.result, copies + room.others

    def _room(self, count: int) -> Room:
        """Prepare the scratch for so many pixels."""
        pixel, step = self.pixel, self.columns * self.pixel
        # What follows the last pixel is written too, as far as an element goes.
        memory = scratch("up_repeated", (count * step + WIDEST,), np.uint8)
        result = memory[: count * step].view(self.source.dtype)
        self.rooms[count] = room = Room(result, [], [])
        if pixel >= LONG_PIXEL:
            return room
        starts = [pixel] if self.paired else range(0, step, pixel)
        places = [self._elements(memory, count, start, step) for start in starts]
        if self.overlapping:
            wide = WIDE[self.wide]
            apart = [scratch(f"up_apart_{offset}", (count,), wide) for offset in self.offsets]
            room.places.append(apart)
            for each in places:
                room.others.extend(zip(each, apart, strict=True))
        else:
            room.places.extend(places)
        if self.paired:
            # The first of all copies is the second half of no pair.
            room.others.append((memory[:pixel], memory[pixel : 2 * pixel]))
        return room

    def _elements(self, memory: Array, count: int, start: int, step: int) -> list[Array]:
        """View bytes as the elements of `count` pixels, which lie `step` bytes apart."""
        return [
            np.ndarray((count,), WIDE[self.wide], memory, start + offset, (step,))
            for offset in self.offsets
        ]
