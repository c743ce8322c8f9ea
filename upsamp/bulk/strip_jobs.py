"""What is to be enlarged, and whether it is better made strip by strip than at once."""

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from upsamp.bulk.enlarging import Enlarging
from upsamp.bulk.remote_paths import is_remote
from upsamp.core.arguments import Array, Pair
from upsamp.core.layout import as_batch, with_new_image
from upsamp.core.memory import (
    available_memory,
    check_limit,
    check_memory,
    format_bytes,
)
from upsamp.errors import MemoryLimitError
from upsamp.io.formats import FRAME_FORMATS
from upsamp.io.pictures import Picture
from upsamp.io.sinks import encoding_bytes
from upsamp.io.streams import STANDARD_STREAM
from upsamp.io.strips.formats import STRIP_FORMATS, holds_strips_of
from upsamp.io.strips.rows import StoredMatrix, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsamp.core.upsampling.strips import Reader

__all__ = ["BESIDES", "Source", "StripJob"]

# Bytes that are taken besides what grows with the image: for plans, and what is loaded.
BESIDES = 2**24
# What reading a frame takes for each pixel, with those before it that it is painted on.
FRAME = 24
# What amounts of light take, times the pixels: floats, made more than once.
LIGHT = 12
# No file has more bytes than this.
MOST = 2**60
# Results of so few bytes are made at once, and nobody is asked.
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
        return self.given.pixels if isinstance(self.given, Picture) else self.given

    @property
    def held(self) -> int:
        """Return the bytes that the source has in memory."""
        return 0 if self.stored else self.array.nbytes

    @contextmanager
    def open(self, images: tuple[int, ...]) -> "Iterator[Reader]":
        """Return what reads the rows, as of images (N, H, W, C)."""
        if self.stored:
            with self.stored.open(images) as rows:
                yield rows
            return
        batch = self.array.reshape(images)
        yield lambda some, rows: np.ascontiguousarray(batch[some, rows])


@dataclass(frozen=True)
class StripJob:
    """A source, how it is enlarged, and to which file: its format, and its name or "-"."""

    source: Source
    enlarging: Enlarging
    size: Pair
    format: str
    name: str

    @property
    def result(self) -> Array:
        """Return what stands in for the result."""
        array, layout = self.source.array, self.enlarging.layout
        channels = as_batch(array, layout).shape[3]
        shape = with_new_image(array.shape, layout, *self.size, channels)
        return stand_in(shape, array.dtype.type(0))

    def memory(self, wanted: int | None) -> int | None:
        """Return the bytes that strips may take; None where the result is to be made at once.

        wanted: as --max-memory has it. Raises `MemoryLimitError` where the result fits in no
        memory, and is not written strip by strip.
        """
        array = self.source.array
        pixels = self.size[0] * self.size[1]
        height, width = self.enlarging.shape_of(self.source.given)
        made = pixels * (array.nbytes // (height * width))
        if made > MOST:
            check_memory((*self.size, made // pixels), np.uint8, "The output")
        if wanted is not None:
            if not self._comes_in_strips:
                self._check_whole(made)
                return None
            return wanted
        needed = made + array.nbytes
        # What is held is no longer among what is available.
        if needed - self.source.held <= GRANTED:
            return None
        bound = available_memory() + self.source.held
        if needed <= bound:
            return None
        if self._comes_in_strips:
            return bound // 2
        raise MemoryLimitError(
            f"What is not written strip by strip must fit in memory. Received: {self.format}, for "
            f"a result that has, with its input, {format_bytes(needed)}, and "
            f"{format_bytes(bound)} of memory. Use a smaller size, or one of "
            f"{', '.join(STRIP_FORMATS)} and --max-memory."
        )

    def _check_whole(self, made: int) -> None:
        """Raise where --max-memory has no room to make a result of so many bytes at once."""
        given, held = self.source.given, self.source.array.nbytes
        result = given.with_pixels(self.result) if isinstance(given, Picture) else self.result
        needed = held + made + BESIDES
        if self.enlarging.linear:
            needed += LIGHT * (held + made)
        if isinstance(given, Picture) and given.rest and self.format in FRAME_FORMATS:
            # The first one stays, while another is read and enlarged.
            needed += held + made + FRAME * math.prod(given.pixels.shape[:2])
        whole = self.name == STANDARD_STREAM or is_remote(self.name)
        needed += encoding_bytes(result, self.format, whole=whole)
        rows, columns = self.size
        check_limit(
            needed,
            f"a result of {columns:,} x {rows:,} that is made at once, as {self.format.upper()} "
            f"is, where {', '.join(STRIP_FORMATS)} come strip by strip",
        )

    @property
    def _comes_in_strips(self) -> bool:
        """Whether the format is written strip by strip, of such pixels and to such a place."""
        given = self.source.given
        if self.format not in STRIP_FORMATS or is_remote(self.name):
            return False
        if self.format == "tiff" and self.name == STANDARD_STREAM:  # it has to be searched
            return False
        if not isinstance(given, Picture) or self.format == "npy":
            return True
        several = given.rest is not None and self.format in FRAME_FORMATS
        return not several and holds_strips_of(self.format, given.mode)
