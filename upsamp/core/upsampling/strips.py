"""A result that need not be in memory whole: strips of its rows, each with the bits of those.

The strips come in the order of the rows, image after image, so that they can be written one after
the other. A small batch is one strip.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, DataFormat, Pair
from upsamp.core.memory import format_bytes
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.dispatch import fill, row_borders, row_step
from upsamp.core.upsampling.request import Place, Whole
from upsamp.errors import MemoryLimitError

# Bytes of a strip and its inputs that keep all threads at work, and from which on more would only
# take more memory.
WANTED = 2**26
# Gives the rows (the second slice) of some images (the first) of the input, (N, rows, W, C).
Reader: TypeAlias = Callable[[slice, slice], Array]


class StripError(MemoryLimitError):
    """A strip cannot be as small as it would have to be; `least` has its bytes."""

    def __init__(self, least: int, room: int) -> None:
        self.least = least
        super().__init__(
            "A strip of the result, of whole rows, must fit in the memory that it may take. "
            f"Received: {format_bytes(max(0, room))} for strips of {format_bytes(least)}. "
            "Allow more memory."
        )


class Strip(NamedTuple):
    """Some rows of some images: which of the input are read, and which of the result made."""

    images: slice
    inputs: slice
    place: Place

    @property
    def size(self) -> Pair:
        """Return how many images the strip has, and how many rows of each."""
        rows = self.place.rows
        return self.images.stop - self.images.start, rows.stop - rows.start


class Strips:
    """A result cut into strips that each have, with the inputs they are made of, `room` bytes.

    wanted: the bytes that are enough for a strip, be there room for more. Raises
    `StripError` where the least strip, of whole rows, has more than there is room for.
    """

    def __init__(self, whole: Whole, room: int, wanted: int = WANTED) -> None:
        self.whole = whole
        enough = min(room, wanted)
        if _row_bytes(whole) > room:  # asked before anything of that length is planned
            raise StripError(_row_bytes(whole), room)
        everything = whole.everything.rows
        count, size = whole.shape[0], _bytes(whole, everything)
        self._images, self._rows = min(count, max(1, enough // size)), [everything]
        if size > enough:
            self._rows = _cut_rows(whole, room, enough)

    def __len__(self) -> int:
        return -(-self.whole.shape[0] // self._images) * len(self._rows)

    def __iter__(self) -> Iterator[Strip]:
        columns = self.whole.everything.columns
        count = self.whole.shape[0]
        for first in range(0, count, self._images):
            for rows in self._rows:
                images = slice(first, min(first + self._images, count))
                yield Strip(images, self.whole.inputs(0, rows), Place(rows, columns))

    def make(self, read: Reader, threads: int | None = None) -> Iterator[Array]:
        """Yield the result's strips, (images, rows, columns, C), in memory that each uses again.

        >>> from upsamp.core.upsampling.request import Rule
        >>> rule = Rule("nearest", "keras", align_corners=False, alpha=False)
        >>> x = np.array([1, 2, 3]).reshape(1, 3, 1, 1)
        >>> strips = Strips(Whole(x.shape, (6, 1), x.dtype, rule), room=48)
        >>> [strip.ravel().tolist() for strip in strips.make(lambda images, rows: x[images, rows])]
        [[1, 1, 2, 2], [3, 3]]
        """
        _, columns = self.whole.size
        channels = self.whole.shape[3]
        high = max(rows.stop - rows.start for rows in self._rows)
        images = min(self._images, self.whole.shape[0])
        memory = np.empty(images * high * columns * channels, self.whole.dtype)
        for strip in self:
            shape = (*strip.size, columns, channels)
            result = memory[: math.prod(shape)].reshape(shape)
            source = read(strip.images, strip.inputs)
            fill(source, result, self.whole, threads or thread_count(), strip.place)
            yield result


def as_images(shape: tuple[int, ...], data_format: DataFormat) -> tuple[int, ...]:
    """Return the shape (N, H, W, C) of a contiguous array of images, whose bytes are the same.

    The channels of "channels_first" are images of their own.

    >>> as_images((8, 9), "channels_last"), as_images((2, 3, 8, 9), "channels_first")
    ((1, 8, 9, 1), (6, 8, 9, 1))
    """
    if len(shape) == 2:
        return (1, *shape, 1)
    if data_format == "channels_last":
        return (1, *shape) if len(shape) == 3 else shape
    count = shape[0] * (shape[1] if len(shape) == 4 else 1)
    return (count, *shape[-2:], 1)


def _bytes(whole: Whole, rows: slice) -> int:
    """Return the bytes of some rows of an image's result, and of the inputs that they read."""
    inputs = whole.inputs(0, rows)
    _, _, width, channels = whole.shape
    elements = (inputs.stop - inputs.start) * width + (rows.stop - rows.start) * whole.size[1]
    size: int = elements * channels * whole.dtype.itemsize
    return size


def _row_bytes(whole: Whole) -> int:
    """Return the bytes of one row of an image's result."""
    size: int = whole.size[1] * whole.shape[3] * whole.dtype.itemsize
    return size


def _cut_rows(whole: Whole, room: int, enough: int) -> list[slice]:
    """Cut the rows of the result where they may be, into strips that have enough bytes."""
    borders = [int(border) for border in row_borders(whole)]
    step = row_step(whole)
    cuts = []
    start = 0
    while start < len(borders) - 1:
        begin = borders[start]
        after = bisect_right(
            range(start + 1, len(borders)),
            enough,
            key=lambda stop: _bytes(whole, slice(begin, borders[stop])),
        )
        after = max(1, after)
        rest = borders[start + after] % step
        if borders[start + after] - begin > step:
            after -= rest  # where there is a step, all rows are borders
        if _bytes(whole, slice(begin, borders[start + after])) > room:
            least = max(_bytes(whole, slice(*ends)) for ends in pairwise(borders))
            raise StripError(least, room)
        cuts.append(slice(begin, borders[start + after]))
        start += after
    return cuts
