"""Enlarging strip by strip what need not stand in memory whole, from one file to another."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from upsamp.bulk.strip_jobs import BESIDES, StripJob
from upsamp.core.arguments import Array
from upsamp.core.memory import check_limit, format_bytes, memory_limit
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.strips import Reader, StripError, Strips, as_images
from upsamp.core.upsampling.wholes import Whole, normalize_rule
from upsamp.errors import MemoryLimitError
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, check_light
from upsamp.io.sinks import losses_of
from upsamp.io.strips.pixels import MatrixStrips, PictureStrips
from upsamp.io.strips.sinks import check_strips, write_npy_strips, write_picture_strips

__all__ = ["StripRun"]

# Bytes that each thread computes in.
BESIDES_THREAD = 3 * 2**22
# Bytes that the plan takes for each row and column of the result beyond the first ones.
PLANNED, SHORT = 64, 2**17


class StripRun:
    """A job that is done in at most so many bytes of `memory`.

    rows: of all images of the result; step: of a strip, at the most. Raises `UpsampError` where
    that is too little, or the file cannot be written.
    """

    def __init__(self, job: StripJob, options: WriteOptions, memory: int) -> None:
        self._job, self._options = job, options
        given, array = job.source.given, job.source.array
        result = job.result
        self._images = _images_of(job, options)
        self._result = self._images.picture.pixels if self._images else result
        check_strips(job.name, job.format, self._result.shape, self._result.dtype)
        self._alpha = isinstance(given, Picture) and given.has_alpha
        self._light = isinstance(given, Picture) and _makes_light(job, given)
        dtype = np.dtype(np.float64 if array.dtype == np.uint16 else np.float32)
        self._whole = Whole(
            as_images(array.shape, job.enlarging.layout),
            job.size,
            dtype if self._light else array.dtype,
            normalize_rule(
                job.enlarging.interpolation,
                job.enlarging.convention,
                align_corners=job.enlarging.align_corners,
                alpha=self._alpha,
            ),
        )
        self._threads = min(thread_count(), max(1, memory // (4 * BESIDES_THREAD)))
        self._strips, self._room = self._plan(memory)
        self.rows = self._whole.shape[0] * job.size[0]
        self.step = max(math.prod(strip.size) for strip in self._strips)

    def _plan(self, memory: int) -> tuple[Strips, int]:
        """Cut the result into strips for which there is room, and give that room."""
        besides = self._job.source.held + BESIDES + self._threads * BESIDES_THREAD
        besides += PLANNED * max(0, sum(self._job.size) - SHORT)
        # What is written as an image stands in memory again as pixels, and in what is compressed.
        parts = 4 if self._images else 1
        room = (memory - besides) // parts
        try:
            return Strips(self._whole, room), room
        except StripError as error:
            least = parts * error.least
            if memory_limit() is not None:
                check_limit(besides + least, f"strips of whole rows of '{self._job.name}'")
            raise MemoryLimitError(
                "What is enlarged strip by strip must have memory for a strip of whole rows. "
                f"Received: {format_bytes(memory)}, where {format_bytes(besides)} are for "
                f"what is read and computed, and {format_bytes(least)} for a strip. "
                f"Use --max-memory {-(-(besides + least) // 2**20)}MB or more."
            ) from error

    @property
    def losses(self) -> tuple[str, ...]:
        """Say what is lost on the way to the file."""
        if self._images is None:
            return losses_of(self._job.source.given, self._job.format)
        return self._images.losses

    @property
    def rounded(self) -> bool:
        """Tell whether values have been rounded to whole pixels."""
        return self._images is not None and self._images.rounded

    def write(
        self, advance: Callable[[int], object], *, overwrite: bool = False
    ) -> Picture | Array:
        """Make the strips and write them to the file; `advance` is told of rows.

        Returns what stands in for the result.
        """
        job = self._job
        with job.source.open(self._whole.shape) as read:
            strips = self._make(read, advance)
            if self._images is None:
                write_npy_strips(strips, self._result, job.name, overwrite=overwrite)
                return self._result
            write_picture_strips(
                map(self._images.develop, strips),
                self._images.picture,
                job.format,
                job.name,
                self._options,
                room=self._room,
                threads=self._threads,
                overwrite=overwrite,
            )
            return self._images.picture

    def _make(self, read: Reader, advance: Callable[[int], object]) -> Iterator[Array]:
        """Make the strips, and tell of the rows of each when it has been taken."""
        for strip in self._strips.make(self._lit(read), self._threads):
            yield self._unlit(strip)
            advance(len(strip) * strip.shape[1])
        if self._job.source.stored:  # asked before the result is moved into place
            self._job.source.stored.check_steady()

    def _lit(self, read: Reader) -> Reader:
        """Let amounts of light be read, where they are what is interpolated."""
        if not self._light:
            return read
        from upsamp.core.upsampling.light import light_of

        return lambda images, rows: light_of(read(images, rows), alpha=self._alpha)

    def _unlit(self, strip: Array) -> Array:
        if not self._light:
            return strip
        from upsamp.core.upsampling.light import numbers_of

        return numbers_of(strip, self._job.source.array.dtype, alpha=self._alpha)


def _makes_light(job: StripJob, given: Picture) -> bool:
    """Tell whether amounts of light are interpolated; copies are the same without."""
    if job.enlarging.linear:
        check_light(given)
    return job.enlarging.linear and job.enlarging.interpolation != "nearest"


def _images_of(job: StripJob, options: WriteOptions) -> PictureStrips | MatrixStrips | None:
    """Return what makes pixels of strips, of a picture or of a matrix; None for numbers."""
    if job.format == "npy":
        return None
    given, result = job.source.given, job.result
    if isinstance(given, Picture):
        return PictureStrips(given, result.shape, job.format, strip=options.strip)
    # An image has its channels last: others are as many images of one channel.
    last = job.enlarging.layout == "channels_last"
    shape = result.shape if last else as_images(result.shape, job.enlarging.layout)
    return MatrixStrips(result.dtype, shape)
