"""Enlarging strip by strip what need not stand in memory whole, from one file to another."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from upsamp.bulk.enlarging import Enlarging
from upsamp.core.arguments import Array, Pair
from upsamp.core.layout import as_batch, with_new_image
from upsamp.core.memory import available_memory, format_bytes
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.strips import Reader, Strips, as_images
from upsamp.core.upsampling.wholes import Whole, normalize_rule
from upsamp.errors import MemoryLimitError
from upsamp.io.pictures import Picture
from upsamp.io.strips.rows import StoredMatrix
from upsamp.io.strips.sinks import write_npy_strips

__all__ = ["STRIP_FORMATS", "StripRun", "memory_for_strips", "shape_of_result", "stand_in"]

# The formats that are written strip by strip.
STRIP_FORMATS = ("npy",)
# Bytes that are taken besides the strips: for plans and what else does not grow with the image, and
# for what each thread computes in.
BESIDES = 2**24
BESIDES_THREAD = 3 * 2**22
# Results of so few bytes are made at once, and nobody is asked.
GRANTED = 2**22


class StripRun:
    """An image or a matrix that is enlarged by strips, in at most so many bytes of `memory`.

    given: the picture or the array; of a `stored` one what `stand_in` gives for it. rows: of all
    images of the result; step: of a strip, at the most.
    """

    def __init__(
        self,
        given: Picture | Array,
        stored: StoredMatrix | None,
        enlarging: Enlarging,
        size: Pair,
        memory: int,
    ) -> None:
        array = given.pixels if isinstance(given, Picture) else given
        rule = normalize_rule(
            enlarging.interpolation,
            enlarging.convention,
            align_corners=enlarging.align_corners,
            alpha=isinstance(given, Picture) and given.has_alpha,
        )
        self.shape = shape_of_result(array, enlarging, size)
        self.dtype = array.dtype
        self._array, self._stored = array, stored
        whole = Whole(as_images(array.shape, enlarging.layout), size, array.dtype, rule)
        self._threads = min(thread_count(), max(1, memory // (4 * BESIDES_THREAD)))
        held = 0 if stored else array.nbytes
        room = memory - held - BESIDES - self._threads * BESIDES_THREAD
        self._strips = Strips(whole, room)
        self.rows = whole.shape[0] * size[0]
        self.step = max(
            (strip.images.stop - strip.images.start) * (place.stop - place.start)
            for strip in self._strips
            for place in [strip.place.rows]
        )

    def write(
        self, name: str, advance: Callable[[int], object], *, overwrite: bool = False
    ) -> Array:
        """Make the strips and write them to the file `name`; `advance` is told of rows.

        Returns what stands in for the result.
        """
        if self._stored is None:
            batch = np.ascontiguousarray(self._array).reshape(self._strips.whole.shape)
            self._write(lambda images, rows: batch[images, rows], name, advance, overwrite)
            return stand_in(self.shape, self.dtype)
        with self._stored.open(self._strips.whole.shape) as rows_of:
            self._write(rows_of, name, advance, overwrite)
        return stand_in(self.shape, self.dtype)

    def _write(
        self, read: Reader, name: str, advance: Callable[[int], object], overwrite: bool
    ) -> None:
        strips = self._told(read, advance)
        write_npy_strips(strips, self.shape, self.dtype, name, overwrite=overwrite)

    def _told(self, read: Reader, advance: Callable[[int], object]) -> Iterator[Array]:
        """Make the strips, and tell of the rows of each when it has been taken."""
        for strip in self._strips.make(read, self._threads):
            yield strip
            advance(len(strip) * strip.shape[1])


def shape_of_result(array: Array, enlarging: Enlarging, size: Pair) -> tuple[int, ...]:
    """Give the shape of an array that is enlarged to so many rows and columns."""
    channels = as_batch(array, enlarging.layout).shape[3]
    return with_new_image(array.shape, enlarging.layout, *size, channels)


def stand_in(shape: tuple[int, ...], dtype: "np.dtype[np.generic]") -> Array:
    """Give an array of that shape and type which takes no memory, for one that is not there."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def memory_for_strips(
    given: Array, result: tuple[int, ...], format_name: str, *, stored: bool, wanted: int | None
) -> int | None:
    """Give the bytes that strips may take; None where the result is to be made at once.

    given: what is enlarged, or what stands in for it where it is `stored`. wanted: as
    --max-memory has it. Raises `MemoryLimitError` where the result fits in no memory, and the
    format is none that is written strip by strip.
    """
    needed = math.prod(result) * given.dtype.itemsize
    if wanted is None:
        # What is not stored is there already, and no longer counts as available.
        needed += given.nbytes if stored else 0
        bound = None if needed <= GRANTED else available_memory()
        if bound is None or needed <= bound:
            return None
    else:
        needed += given.nbytes
        bound = wanted
    if format_name in STRIP_FORMATS:
        return bound if wanted else bound // 2
    if needed <= bound:
        return None
    formats = ", ".join(STRIP_FORMATS)
    raise MemoryLimitError(
        f"What is written as {format_name} must fit in memory whole. Received: a result of "
        f"{' x '.join(f'{length:,}' for length in result)} {given.dtype} values, with its input "
        f"{format_bytes(needed)}, for {format_bytes(bound)} of memory. Use a smaller size, or a "
        f"format that is written strip by strip ({formats}), whose memory --max-memory bounds."
    )
