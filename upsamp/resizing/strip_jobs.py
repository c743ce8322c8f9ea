"""What is to be made of rows, and whether it is better made strip by strip than at once."""

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from upsamp.core.arguments import Array, DataFormat, Pair
from upsamp.core.layout import as_batch, with_new_image
from upsamp.core.memory import (
    available_memory,
    check_limit,
    check_memory,
    format_bytes,
    format_shape,
    memory_limit,
)
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.request import Whole, normalize_rule
from upsamp.core.upsampling.strips import Strips, as_images
from upsamp.errors import MemoryLimitError
from upsamp.io.formats import FORMATS, FRAME_FORMATS, STRIP_FORMATS
from upsamp.io.pictures import Picture, array_of, check_light
from upsamp.io.remote_paths import is_remote
from upsamp.io.streams import is_stream
from upsamp.io.strips.rows import StoredMatrix, stand_in
from upsamp.io.write import encoding_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsamp.core.upsampling.strips import Reader
    from upsamp.resizing.enlarging import Enlarging

__all__ = ["FIXED_BYTES", "EnlargedStrips", "Source", "StripJob", "StripWork"]

# Bytes that are taken besides what grows with the image: for plans, and what is loaded.
FIXED_BYTES = 2**24
# Bytes that each thread computes in, where an image is enlarged.
THREAD_BYTES = 3 * 2**22
# Bytes that the plan takes for each row and column of the result beyond the first ones.
PLAN_BYTES, SHORT_PLAN = 64, 2**17
# What reading a frame takes for each pixel, with those before it that it is painted on.
FRAME_PIXEL_BYTES = 24
# What amounts of light take, times the pixels: floats, made more than once.
LIGHT_FACTOR = 12
# The modes of pictures that a TIFF has in tiles, by the part before the semicolon.
TIFF_MODES = ("1", "L", "LA", "I", "F", "RGB", "RGBA", "P", "CMYK")
# No file has more bytes than this.
MAX_FILE_BYTES = 2**60
# Results of up to this many bytes are made at once, and the system is not asked.
GRANTED = 2**22


@dataclass(frozen=True)
class Source:
    """What is enlarged, and where its rows are read.

    given: the picture or the array; of a `stored` one what stands in for it.
    """

    given: Picture | Array
    stored: StoredMatrix | None = None

    @property
    def array(self) -> Array:
        """Return the pixels, or the array."""
        return array_of(self.given)

    @property
    def held(self) -> int:
        """Return the bytes that the source has in memory."""
        return 0 if self.stored else self.array.nbytes

    @contextmanager
    def open(self, images: tuple[int, ...]) -> "Iterator[Reader]":
        """Yield what reads the rows, as of images (N, H, W, C)."""
        if self.stored:
            with self.stored.open(images) as rows:
                yield rows
            return
        batch = self.array.reshape(images)
        yield lambda some, rows: np.ascontiguousarray(batch[some, rows])


class StripWork(Protocol):
    """What makes a result of the rows of a source, strip by strip.

    images: the shape (N, H, W, C) of which rows are read. shape, dtype: of the result. layout:
    where its channels stand; planes: whether they stand apart, and have rows of their own in each
    strip. rows: how many the result has, of all images, and step: a strip at the most, once it is
    cut.
    """

    images: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    layout: DataFormat
    planes: bool
    rows: int
    step: int

    def besides(self, memory: int) -> int:
        """Return the bytes that are taken besides a strip, its inputs and `FIXED_BYTES`."""

    def at_once(self, memory: int) -> int:
        """Return the bytes that are taken besides the input and the whole result."""

    def cut(self, room: int) -> None:
        """Cut the result into strips that each have, with their inputs, `room` bytes.

        Raises `StripError` where the least strip has more.
        """

    def make(self, read: "Reader") -> "Iterator[Array]":
        """Yield the strips, (images, rows, columns, C), each in memory used again for the next."""


class EnlargedStrips:
    """The strips of an image or a matrix that is enlarged: see `StripWork`."""

    planes = False  # channels that stand first are taken for images

    def __init__(self, given: Picture | Array, enlarging: "Enlarging", size: Pair) -> None:
        array = array_of(given)
        self._given, self._enlarging, self._size = given, enlarging.rule_for(given), size
        self.layout, self.dtype = enlarging.layout, array.dtype
        channels = as_batch(array, self.layout).shape[3]
        self.shape = with_new_image(array.shape, self.layout, *size, channels)
        self.images = as_images(array.shape, self.layout)
        self.rows, self.step = self.images[0] * size[0], 0
        self._alpha = isinstance(given, Picture) and given.has_alpha
        self._light = isinstance(given, Picture) and _makes_light(self._enlarging, given)

    def besides(self, memory: int) -> int:
        """Return the bytes of what the threads compute in, and of the plan."""
        self._threads = min(thread_count(), max(1, memory // (4 * THREAD_BYTES)))
        return self._threads * THREAD_BYTES + PLAN_BYTES * max(0, sum(self._size) - SHORT_PLAN)

    def at_once(self, memory: int) -> int:  # noqa: ARG002 - a whole result does not adapt to it
        """Return the bytes of the amounts of light."""
        values = math.prod(self.images) + math.prod(self.shape)
        return LIGHT_FACTOR * values * self.dtype.itemsize if self._enlarging.linear else 0

    def cut(self, room: int) -> None:
        """Cut the result into strips."""
        dtype, enlarging = self.dtype, self._enlarging
        if self._light:
            dtype = np.dtype(np.float64 if dtype == np.uint16 else np.float32)
        rule = normalize_rule(
            enlarging.interpolation,
            enlarging.convention,
            align_corners=enlarging.align_corners,
            alpha=self._alpha,
        )
        self.strips = Strips(Whole(self.images, self._size, dtype, rule), room)
        self.step = max(math.prod(strip.size) for strip in self.strips)

    def make(self, read: "Reader") -> "Iterator[Array]":
        """Yield the strips; where amounts of light are interpolated, those are read."""
        if not self._light:
            yield from self.strips.make(read, self._threads)
            return
        from upsamp.core.upsampling.light import light_strips

        yield from light_strips(self.strips, read, self.dtype, self._threads)


def _makes_light(enlarging: "Enlarging", given: Picture) -> bool:
    """Tell whether amounts of light are interpolated; copies are the same without."""
    if enlarging.linear:
        check_light(given)
    return enlarging.linear and enlarging.interpolation != "nearest"


@dataclass(frozen=True)
class StripJob:
    """A source, what is made of it, and to which file: its format, and its name or "-"."""

    source: Source
    work: StripWork
    format: str
    name: str

    @property
    def result(self) -> Array:
        """Return what stands in for the result."""
        return stand_in(self.work.shape, self.work.dtype.type(0))

    def memory(self) -> int | None:
        """Return the bytes that strips may take; None where the result is to be made at once.

        Raises `MemoryLimitError` where the result does not fit, and is not written strip by strip.
        """
        wanted = memory_limit()
        made = math.prod(self.work.shape) * self.work.dtype.itemsize
        if made > MAX_FILE_BYTES:
            check_memory(self.work.shape, self.work.dtype, "The output")
        if wanted is not None:
            if self._comes_in_strips:
                return wanted
            self._check_whole(made, wanted)
            return None
        needed = made + self.source.array.nbytes
        # What is held is no longer among what is available.
        if needed - self.source.held <= GRANTED:
            return None
        bound = available_memory() + self.source.held
        if needed + self.work.besides(bound) <= bound:
            return None
        if self._comes_in_strips:
            return bound // 2
        raise MemoryLimitError(
            f"What is not written strip by strip must fit in memory. Received: {self.format}, for "
            f"a result that has, with its input, {format_bytes(needed)}, and "
            f"{format_bytes(bound)} of memory. Use a smaller size, or one of "
            f"{', '.join(STRIP_FORMATS)} and --max-memory."
        )

    def _check_whole(self, made: int, wanted: int) -> None:
        """Raise where --max-memory has no room to make a result of `made` bytes at once."""
        given, held = self.source.given, self.source.array.nbytes
        result = given.with_pixels(self.result) if isinstance(given, Picture) else self.result
        needed = held + made + FIXED_BYTES + self.work.at_once(wanted)
        if isinstance(given, Picture) and given.rest and self.format in FRAME_FORMATS:
            # The first one stays, while another is read and enlarged.
            needed += held + made + FRAME_PIXEL_BYTES * math.prod(given.pixels.shape[:2])
        whole = is_remote(self.name) or is_stream(self.name)
        needed += encoding_bytes(result, self.format, whole=whole)
        check_limit(
            needed,
            f"a result of {format_shape(self.work.shape)} that is made at once, as "
            f"{self.format.upper()} is, where {', '.join(STRIP_FORMATS)} come strip by strip",
        )

    @property
    def _comes_in_strips(self) -> bool:
        """Whether the format is written strip by strip, of such pixels and to such a place."""
        given = self.source.given
        if self.format not in STRIP_FORMATS or is_remote(self.name):
            return False
        # They have to be searched: a TIFF, and planes of which each gets some rows in turn.
        searched = self.format == "tiff" or (self.format == "npy" and self.work.planes)
        if searched and is_stream(self.name):
            return False
        if not isinstance(given, Picture) or self.format == "npy":
            return True
        several = given.rest is not None and self.format in FRAME_FORMATS
        held = TIFF_MODES if self.format == "tiff" else FORMATS[self.format].modes
        base = given.mode.partition(";")[0]
        return not several and (base if self.format == "tiff" else given.mode) in held
