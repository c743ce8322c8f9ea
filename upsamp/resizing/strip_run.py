"""Making strip by strip what need not be in memory whole, from one file to another."""

from collections.abc import Callable, Iterator

from upsamp.core.arguments import Array
from upsamp.core.memory import check_limit, format_bytes, memory_limit
from upsamp.core.threads import thread_count
from upsamp.core.upsampling.strips import Reader, StripError, as_images
from upsamp.errors import MemoryLimitError
from upsamp.io.losses import losses_of
from upsamp.io.pictures import Picture
from upsamp.io.strips.write import (
    MatrixStrips,
    PictureStrips,
    check_strips,
    write_npy_strips,
    write_picture_strips,
)
from upsamp.resizing.strip_jobs import FIXED_BYTES, StripJob


class StripRun:
    """A job that is done in at most this many bytes of `memory`.

    rows: of all images of the result; step: of a strip, at the most. Raises `UpsampError` where
    that is too little, or the file cannot be written.
    """

    def __init__(self, job: StripJob, memory: int) -> None:
        self._job, self._destination = job, job.destination
        result = job.result
        self._images = _images_of(job)
        self._result = self._images.picture.pixels if self._images else result
        name, format_name = job.destination[:2]
        check_strips(name, format_name, self._result.shape, self._result.dtype)
        self._room = self._plan(memory)
        self.rows, self.step = job.work.rows, job.work.step

    def _plan(self, memory: int) -> int:
        """Cut the result into strips for which there is room, and return that room."""
        work = self._job.work
        besides = self._job.source.held + FIXED_BYTES + work.besides(memory)
        # What is written as an image is in memory again as pixels, and in what is compressed.
        parts = 4 if self._images else 1
        room = (memory - besides) // parts
        try:
            work.cut(room)
        except StripError as error:
            least = parts * error.least
            if memory_limit() is not None:
                check_limit(besides + least, f"strips of whole rows of '{self._destination.name}'")
            raise MemoryLimitError(
                "What is made strip by strip must have memory for a strip of whole rows. "
                f"Received: {format_bytes(memory)}, where {format_bytes(besides)} are for "
                f"what is read and computed, and {format_bytes(least)} for a strip. "
                f"Use --max-memory {-(-(besides + least) // 2**20)}MB or more."
            ) from error
        return room

    @property
    def losses(self) -> tuple[str, ...]:
        """Say what is lost on the way to the file."""
        if self._images is None:
            return losses_of(
                self._job.source.given, self._destination.format, self._destination.options
            )
        return self._images.losses

    @property
    def lost(self) -> tuple[str, ...]:
        """Say what was lost of the values, once they are written."""
        return self._images.lost if self._images else ()

    def write(self, advance: Callable[[int], object]) -> Picture | Array:
        """Make the strips and write them to the file; `advance` is told of rows.

        Returns what stands in for the result.
        """
        job, (name, format_name, options, overwrite) = self._job, self._destination
        with job.source.open(job.work.images) as read:
            strips = self._make(read, advance)
            if self._images is None:
                planes = job.work.planes
                write_npy_strips(strips, self._result, name, planes=planes, overwrite=overwrite)
                return self._result
            write_picture_strips(
                map(self._images.develop, strips),
                self._images.picture,
                format_name,
                name,
                options,
                room=self._room,
                threads=thread_count(),
                overwrite=overwrite,
            )
            return self._images.picture

    def _make(self, read: Reader, advance: Callable[[int], object]) -> Iterator[Array]:
        """Make the strips, and tell of the rows of each when it has been taken."""
        for strip in self._job.work.make(read):
            yield strip
            advance(len(strip) * strip.shape[1])
        if self._job.source.stored:  # asked before the result is moved into place
            self._job.source.stored.check_steady()


def _images_of(job: StripJob) -> PictureStrips | MatrixStrips | None:
    """Return what makes pixels of strips, of a picture or of a matrix; None for numbers."""
    if job.destination.format == "npy":
        return None
    given, result = job.source.given, job.result
    # With other channels than it had, it is a picture of another kind.
    if isinstance(given, Picture) and result.shape[2:] == given.pixels.shape[2:]:
        destination = job.destination
        return PictureStrips(given, result.shape, destination.format, destination.options)
    # An image has its channels last: others are as many images of one channel.
    last = job.work.layout == "channels_last"
    shape = result.shape if last else as_images(result.shape, job.work.layout)
    return MatrixStrips(result.dtype, shape, job.destination.format, job.destination.options)
