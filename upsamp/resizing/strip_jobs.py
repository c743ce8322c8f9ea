"""What a result is made of, and whether it is better made strip by strip than at once."""

import math
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from upsamp.core.arguments import Array, DataFormat, Pair
from upsamp.core.layout import as_batch, with_new_image
from upsamp.core.memory import (
    available_memory,
    check_limit,
    check_memory,
    format_bytes,
    format_shape,
    hold_memory,
    memory_limit,
)
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.request import Whole, normalize_rule
from upsamp.core.upsampling.strips import Strips, as_images
from upsamp.errors import MemoryLimitError
from upsamp.io.formats import FORMATS, FRAME_FORMATS, STRIP_FORMATS
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture, array_of, check_light
from upsamp.io.read import read_source
from upsamp.io.remote_paths import is_remote
from upsamp.io.streams import is_stream
from upsamp.io.strips.rows import StoredMatrix, find_stored_matrix, stand_in
from upsamp.io.write import Destination, encoding_bytes
from upsamp.resizing.enlarging import DATA_BYTES
from upsamp.resizing.nodata import value_without_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsamp.core.upsampling.strips import Reader
    from upsamp.resizing.enlarging import Enlarging

# Is told of rows that are made.
Advance: TypeAlias = Callable[[int], object]

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

    @classmethod
    def find_stored(cls, text: str) -> "Source | None":
        """Return the .npy file that `text` names, of which the head alone is read; or None."""
        stored = find_stored_matrix(text)
        return stored and cls(stand_in(stored.shape, stored.dtype.type(0)), stored)

    def load(self) -> Picture | Array:
        """Return what is enlarged, wholly in memory."""
        return read_source(self.stored.path, ReadOptions()) if self.stored else self.given

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


class Work(Protocol):
    """What makes a result of a source, at once or of its rows strip by strip.

    images: the shape (N, H, W, C) of which rows are read. shape, dtype: of the result. layout:
    where its channels stand; planes: whether they stand apart, and have rows of their own in each
    strip. whole: whether no part is made without all others. slow: whether it takes so long that
    strips cost nothing, and that users want to see how far it is. rows: how many the result has, of
    all images, and step: a strip at the most, once it is cut.
    """

    images: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    layout: DataFormat
    planes: bool
    whole: bool
    slow: bool
    rows: int
    step: int

    def apply(self, given: Picture | Array, advance: Advance | None = None) -> Picture | Array:
        """Return the whole result of what is given; what is slow tells `advance` of rows."""

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


class Kept(NamedTuple):
    """How many frames --keep-larger lets keep their size, of how many."""

    frames: int
    total: int


class EnlargedStrips:
    """An image or a matrix that is enlarged: see `Work`."""

    planes = slow = False  # channels that are first are taken for images
    notes: tuple[str, ...] = ()  # what a user could not guess

    def __init__(self, given: Picture | Array, enlarging: "Enlarging", size: Pair) -> None:
        array = array_of(given)
        self._given, self._asked, self.size = given, enlarging, size
        self._enlarging = enlarging = enlarging.rule_for(given)
        self.layout, self.dtype = enlarging.layout, array.dtype
        channels = as_batch(array, self.layout).shape[3]
        self.shape = with_new_image(array.shape, self.layout, *size, channels)
        self.images = as_images(array.shape, self.layout)
        self.rows, self.step = self.images[0] * size[0], 0
        self._alpha = self.whole = self._light = False
        if isinstance(given, Picture):
            if enlarging.linear:
                check_light(given)
            # Copies are the same without amounts of light, and of what holds no data.
            mixes = not METHODS[enlarging.interpolation].only_copies
            self._alpha, self._light = given.has_alpha, enlarging.linear and mixes
            self.whole = mixes and value_without_data(given) is not None

    def apply(self, given: Picture | Array, advance: Advance | None = None) -> Picture | Array:
        """Return the whole result."""
        return self._asked.apply(given, self.size, advance)

    def kept(self, format_name: str) -> Kept:
        """Return how much of what is written keeps its size; other frames are read for that."""
        given, enlarging = self._given, self._asked
        if not enlarging.keep_larger:
            return Kept(0, 1)
        several = isinstance(given, Picture) and format_name in FRAME_FORMATS
        frames = given.frames if isinstance(given, Picture) and several else [given]
        with hold_memory(array_of(given).nbytes):  # others are read beside it
            kept = [enlarging.keeps(one) for one in frames]
        return Kept(sum(kept), len(kept))

    def besides(self, memory: int) -> int:
        """Return the bytes of what the threads compute in, and of the plan."""
        self._threads = min(thread_count(), max(1, memory // (4 * THREAD_BYTES)))
        return self._threads * THREAD_BYTES + PLAN_BYTES * max(0, sum(self.size) - SHORT_PLAN)

    def at_once(self, memory: int) -> int:  # noqa: ARG002 - a whole result does not adapt to it
        """Return the bytes of the amounts of light."""
        values = math.prod(self.images) + math.prod(self.shape)
        light = LIGHT_FACTOR * values * self.dtype.itemsize if self._enlarging.linear else 0
        return light + (DATA_BYTES * math.prod(self.shape) if self.whole else 0)

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
        self.strips = Strips(Whole(self.images, self.size, dtype, rule), room)
        self.step = max(math.prod(strip.size) for strip in self.strips)

    def make(self, read: "Reader") -> "Iterator[Array]":
        """Yield the strips; where amounts of light are interpolated, those are read."""
        if not self._light:
            yield from self.strips.make(read, self._threads)
            return
        from upsamp.core.upsampling.light import light_strips

        yield from light_strips(self.strips, read, self.dtype, self._threads)


@dataclass(frozen=True)
class StripJob:
    """A source, what is made of it, and where that goes."""

    source: Source
    work: Work
    destination: Destination

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
        fits = needed + self.work.besides(bound) <= bound
        if fits and not (self.work.slow and self._comes_in_strips):
            return None
        if self._comes_in_strips:
            return bound // 2
        raise MemoryLimitError(
            "What is not written strip by strip must fit in memory. Received: "
            f"{self.destination.format}, for a result that has, with its input, "
            f"{format_bytes(needed)}, and {format_bytes(bound)} of memory. Use a smaller size, or "
            f"one of {', '.join(STRIP_FORMATS)} and --max-memory."
        )

    def _check_whole(self, made: int, wanted: int) -> None:
        """Raise where --max-memory has no room to make a result of `made` bytes at once."""
        given, held = self.source.given, self.source.array.nbytes
        name, format_name = self.destination[:2]
        result = given.with_pixels(self.result) if isinstance(given, Picture) else self.result
        needed = held + made + FIXED_BYTES + self.work.at_once(wanted)
        if isinstance(given, Picture) and given.rest and format_name in FRAME_FORMATS:
            # The first one stays, while another is read and enlarged.
            needed += held + made + FRAME_PIXEL_BYTES * math.prod(given.pixels.shape[:2])
        needed += encoding_bytes(
            result, format_name, self.destination.options, whole=is_remote(name) or is_stream(name)
        )
        check_limit(
            needed,
            f"a result of {format_shape(self.work.shape)} that is made at once, as "
            f"{format_name.upper()} is, where {', '.join(STRIP_FORMATS)} come strip by strip",
        )

    @property
    def _comes_in_strips(self) -> bool:
        """Whether the format is written strip by strip, of such pixels and to such a place."""
        given, (name, wanted) = self.source.given, self.destination[:2]
        if wanted not in STRIP_FORMATS or is_remote(name) or self.work.whole:
            return False
        # They have to be searched: a TIFF, and planes of which each gets some rows in turn.
        if (wanted == "tiff" or (wanted == "npy" and self.work.planes)) and is_stream(name):
            return False
        if isinstance(given, Picture) and given.has_alpha and given.extra:
            return False  # not all of its channels are weighed by alpha
        if not isinstance(given, Picture) or wanted == "npy":
            return True
        several = given.rest is not None and wanted in FRAME_FORMATS
        held = TIFF_MODES if wanted == "tiff" else FORMATS[wanted].modes
        return not several and (given.colours if wanted == "tiff" else given.mode) in held
