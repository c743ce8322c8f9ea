"""Enlarging strip by strip what need not stand in memory whole, from one file to another."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from upsamp.bulk.enlarging import Enlarging
from upsamp.core.arguments import Array, Pair
from upsamp.core.layout import as_batch, with_new_image
from upsamp.core.memory import available_memory, check_memory, format_bytes
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.strips import Reader, StripError, Strips, as_images
from upsamp.core.upsampling.wholes import Whole, normalize_rule
from upsamp.errors import MemoryLimitError
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture
from upsamp.io.streams import STANDARD_STREAM
from upsamp.io.strips.pixels import MatrixStrips, PictureStrips, stand_in
from upsamp.io.strips.rows import StoredMatrix
from upsamp.io.strips.sinks import (
    STRIP_FORMATS,
    check_strips,
    write_npy_strips,
    write_picture_strips,
)

__all__ = ["Source", "StripRun", "memory_for_strips", "shape_of_result"]

# Bytes that are taken besides the strips: for plans and what else does not grow with the image, and
# for what each thread computes in.
BESIDES = 2**24
BESIDES_THREAD = 3 * 2**22
# Bytes that the plan takes for each row and column of the result beyond the first ones.
PLANNED, SHORT = 64, 2**17
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
        """Give the pixels, or the array."""
        return self.given.pixels if isinstance(self.given, Picture) else self.given

    @property
    def held(self) -> int:
        """Give the bytes that the source has in memory."""
        return 0 if self.stored else self.array.nbytes

    @contextmanager
    def open(self, images: tuple[int, ...]) -> Iterator[Reader]:
        """Give what reads the rows, as of images (N, H, W, C)."""
        if self.stored:
            with self.stored.open(images) as rows:
                yield rows
            return
        batch = np.ascontiguousarray(self.array).reshape(images)
        yield lambda some, rows: batch[some, rows]


class StripRun:
    """An image or a matrix that is enlarged by strips, in at most so many bytes of `memory`.

    rows: of all images of the result; step: of a strip, at the most.
    """

    def __init__(
        self,
        source: Source,
        enlarging: Enlarging,
        size: Pair,
        format_name: str,
        name: str,
        memory: int,
    ) -> None:
        given, array = source.given, source.array
        self._source, self._format, self._name = source, format_name, name
        result = stand_in(shape_of_result(array, enlarging, size), array.dtype.type(0))
        self._images: PictureStrips | MatrixStrips | None = None
        if format_name != "npy":
            self._images = _image_strips(given, result, enlarging, format_name)
        self._result = self._images.picture.pixels if self._images else result
        check_strips(name, format_name, self._result.shape, self._result.dtype)
        rule = normalize_rule(
            enlarging.interpolation,
            enlarging.convention,
            align_corners=enlarging.align_corners,
            alpha=isinstance(given, Picture) and given.has_alpha,
        )
        self._whole = Whole(as_images(array.shape, enlarging.layout), size, array.dtype, rule)
        self._threads = min(thread_count(), max(1, memory // (4 * BESIDES_THREAD)))
        besides = source.held + BESIDES + self._threads * BESIDES_THREAD
        besides += PLANNED * max(0, sum(size) - SHORT)
        # What is written as an image stands in memory again as pixels, and in tiles.
        parts = 4 if self._images else 1
        self._room = (memory - besides) // parts
        try:
            self._strips = Strips(self._whole, self._room)
        except StripError as error:
            raise MemoryLimitError(
                "What is enlarged strip by strip must have memory for a strip of whole rows. "
                f"Received: {format_bytes(memory)}, where {format_bytes(besides)} are for "
                f"what is read and computed, and {format_bytes(parts * error.least)} for a strip. "
                f"Use --max-memory {-(-(besides + parts * error.least) // 2**20)}MB or more."
            ) from error
        self.rows = self._whole.shape[0] * size[0]
        self.step = max(math.prod(strip.size) for strip in self._strips)

    @property
    def rounded(self) -> bool:
        """Tell whether values were rounded to whole pixels."""
        return self._images is not None and self._images.rounded

    def write(
        self, options: WriteOptions, advance: Callable[[int], object], *, overwrite: bool = False
    ) -> Picture | Array:
        """Make the strips and write them to the file; `advance` is told of rows.

        Returns what stands in for the result.
        """
        with self._source.open(self._whole.shape) as read:
            strips = self._told(read, advance)
            if self._images is None:
                write_npy_strips(strips, self._result, self._name, overwrite=overwrite)
                return self._result
            write_picture_strips(
                map(self._images.develop, strips),
                self._images.picture,
                self._format,
                self._name,
                options,
                room=self._room,
                threads=self._threads,
                overwrite=overwrite,
            )
            return self._images.picture

    def _told(self, read: Reader, advance: Callable[[int], object]) -> Iterator[Array]:
        """Make the strips, and tell of the rows of each when it has been taken."""
        for strip in self._strips.make(read, self._threads):
            yield strip
            advance(len(strip) * strip.shape[1])


def _image_strips(
    given: Picture | Array, result: Array, enlarging: Enlarging, format_name: str
) -> PictureStrips | MatrixStrips:
    """Give what makes pixels of strips, of a picture or of a matrix."""
    if isinstance(given, Picture):
        return PictureStrips(given, result.shape, format_name)
    # An image has its channels last: others are as many images of one channel.
    last = enlarging.layout == "channels_last"
    shape = result.shape if last else as_images(result.shape, enlarging.layout)
    return MatrixStrips(result.dtype, shape)


def shape_of_result(array: Array, enlarging: Enlarging, size: Pair) -> tuple[int, ...]:
    """Give the shape of an array that is enlarged to so many rows and columns."""
    channels = as_batch(array, enlarging.layout).shape[3]
    return with_new_image(array.shape, enlarging.layout, *size, channels)


def memory_for_strips(
    source: Source, result: tuple[int, ...], format_name: str, name: str, wanted: int | None
) -> int | None:
    """Give the bytes that strips may take; None where the result is to be made at once.

    result: its shape. name: of its file, or "-". wanted: as --max-memory has it. Raises
    `MemoryLimitError` where the result fits in no memory, and is not written strip by strip.
    """
    dtype = source.array.dtype
    needed = math.prod(result) * dtype.itemsize + source.array.nbytes
    if needed > MOST:
        check_memory(result, dtype, "The output")
    # What is held is no longer among what is available.
    if wanted is None and needed - source.held <= GRANTED:
        return None
    bound = available_memory() + source.held if wanted is None else wanted
    if wanted is None and needed <= bound:
        return None
    # TIFF is written to where it can be searched.
    if format_name in STRIP_FORMATS and (format_name, name) != ("tiff", STANDARD_STREAM):
        return bound if wanted else bound // 2
    if needed + BESIDES <= bound:
        return None
    raise MemoryLimitError(
        f"What is written as {format_name} must fit in memory whole. Received: a result of "
        f"{' x '.join(f'{length:,}' for length in result)} {dtype} values, with its input "
        f"{format_bytes(needed)}, for {format_bytes(bound)} of memory. Use a smaller size, or a "
        f"file that is written strip by strip ({', '.join(STRIP_FORMATS)}), whose memory "
        "--max-memory bounds."
    )
