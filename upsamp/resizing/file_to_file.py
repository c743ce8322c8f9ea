"""One image file to another: read, enlarged and written, wholly or not at all."""

import stat
from contextlib import nullcontext
from functools import partial
from io import BytesIO
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, NamedTuple

from upsamp.core.arguments import Array
from upsamp.core.memory import hold_memory, limit_memory, naming_enough
from upsamp.errors import FileError
from upsamp.io.atomic import open_output
from upsamp.io.formats import FRAME_FORMATS, IMAGE_FORMATS, format_to_write
from upsamp.io.losses import check_result_held, losses_of
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, array_of
from upsamp.io.read import read_source, read_stream
from upsamp.io.remote_paths import is_remote, read_remote, write_remote
from upsamp.io.streams import open_input, unreadable
from upsamp.io.value_ranges import find_range
from upsamp.io.write import encode_result, write_result
from upsamp.resizing.enlarging import Enlarging, Settings
from upsamp.resizing.strip_jobs import EnlargedStrips, Source, StripJob

if TYPE_CHECKING:
    from upsamp.resizing.strip_run import StripRun

__all__ = ["Facts", "Kept", "copy_file", "enlarge_file"]

# No image needs more bytes in its file for each of its pixels: four channels of 32 bits.
PIXEL_BYTES = 16
# Bytes that it may have besides, as for a profile or a preview.
SPARE_BYTES = 2**26


class Facts(NamedTuple):
    """What is told of a file that was enlarged: its shapes, and what was lost on the way.

    kept: whether it was large enough, and has kept its size.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    notes: tuple[str, ...] = ()
    kept: bool = False


class Kept(NamedTuple):
    """What --keep-larger does with a file.

    frames: how many of those that are written keep their size. total: how many are written.
    copied: whether the file becomes the result byte for byte.
    """

    frames: int
    total: int
    copied: bool

    @classmethod
    def of(
        cls,
        given: Picture | Array,
        enlarging: Enlarging,
        format_name: str,
        frame: int | None,
        writing: WriteOptions,
    ) -> "Kept":
        """Return what is done with what was read, each frame by its own size.

        frame, writing: what was asked, which a copy may not fulfil.
        """
        if not enlarging.keep_larger:
            return cls(0, 1, copied=False)
        picture = given if isinstance(given, Picture) else None
        several = picture is not None and format_name in FRAME_FORMATS
        frames = picture.frames() if picture is not None and several else [given]
        with hold_memory(array_of(given).nbytes):  # others are read beside it
            kept = [enlarging.keeps(one) for one in frames]
        asked = frame is not None or writing.strip or writing.value_range is not None
        same = picture is not None and picture.format == format_name and not asked
        return cls(sum(kept), len(kept), copied=same and all(kept))

    @property
    def all(self) -> bool:
        """Whether nothing is enlarged."""
        return self.frames == self.total

    @property
    def notes(self) -> tuple[str, ...]:
        """Say that some frames keep their size."""
        if self.all or not self.frames:
            return ()
        return (f"{self.frames} of {self.total} frames are not smaller, and keep their size",)


def enlarge_file(source: str, target: str, settings: Settings) -> Facts:
    """Read the image file `source`, enlarge it, and write the file `target`: wholly or not at all.

    All that is told is found out before the file comes into place: what fails has left none.
    Raises `UpsampError` where one of them cannot be done, and `MemoryError`.
    """
    with limit_memory(settings.max_memory):
        if not is_remote(source):
            _check_file(source)
            with naming_enough(partial(_plan, source, target, settings)):
                given = read_source(source, settings.reading)
            return _enlarge(given, source, target, settings)
        options = settings.reading
        data = read_remote(source, _most_bytes(options.max_pixels))
        with hold_memory(2 * len(data)):  # frames are read out of a copy
            with naming_enough(partial(_plan, source, target, settings)):
                given = read_stream(BytesIO(data), source, f"'{source}'", None, options)
            return _enlarge(given, source, target, settings)


def _enlarge(given: Picture | Array, source: str, target: str, settings: Settings) -> Facts:
    """Enlarge what was read, and write it."""
    if not isinstance(given, Picture):
        raise FileError(f"What is enlarged with others must be an image. Received: '{source}'.")
    enlarging, options = settings.enlarging, settings.reading
    wanted = _format_of(source, given, target, settings)
    kept = Kept.of(given, enlarging, wanted, options.frame, settings.writing)
    if kept.copied:
        copy_file(source, target, options.max_pixels, overwrite=settings.overwrite)
        return Facts(given.pixels.shape, given.pixels.shape, given.notes, kept=True)
    plan = partial(_plan, source, target, settings)
    with naming_enough(plan, given):
        run = plan(given)
    if run is not None:
        delivered = run.write(lambda _: None, overwrite=settings.overwrite)
        notes = (*given.notes, *kept.notes, *run.losses, *run.lost)
        return Facts(given.pixels.shape, array_of(delivered).shape, notes, kept.all)
    result = enlarging.apply(given, enlarging.size_of(enlarging.shape_of(given)))
    spread = None
    if settings.writing.value_range is not None:
        spread = find_range(result, settings.writing.value_range)
        result = spread.picture(result)
    after = array_of(result)
    losses = losses_of(result, wanted, strip=settings.writing.strip)
    notes = (*given.notes, *kept.notes, *losses)
    facts = Facts(given.pixels.shape, after.shape, notes, kept.all)
    with hold_memory(given.pixels.nbytes + (after.nbytes if given.rest else 0)):
        if is_remote(target):
            data = encode_result(result, wanted, target, settings.writing)
            write_remote(target, data, overwrite=settings.overwrite)
        else:
            write_result(result, wanted, target, settings.writing, overwrite=settings.overwrite)
    return facts._replace(notes=(*facts.notes, *spread.notes)) if spread else facts


def _most_bytes(max_pixels: int) -> int:
    """Return the bytes that the file of an image may have."""
    return max_pixels * PIXEL_BYTES + SPARE_BYTES


def copy_file(source: str, target: str, max_pixels: int, *, overwrite: bool) -> None:
    """Copy an image file byte for byte, wholly or not at all."""
    remote = is_remote(source)
    data = BytesIO(read_remote(source, _most_bytes(max_pixels)) if remote else b"")
    with nullcontext(data) if remote else open_input(source) as stream:
        if is_remote(target):
            write_remote(target, stream.read(), overwrite=overwrite)
            return
        with open_output(target, overwrite=overwrite) as result:
            copyfileobj(stream, result)


def _plan(
    source: str, target: str, settings: Settings, given: Picture | Array
) -> "StripRun | None":
    """Return what enlarges an image strip by strip within --max-memory; None to do it at once.

    Raises `MemoryLimitError` where there is no room for either.
    """
    if not isinstance(given, Picture):
        return None
    enlarging = settings.enlarging
    size = enlarging.size_of(enlarging.shape_of(given))
    enlarging.check(given, size)
    work = EnlargedStrips(given, enlarging, size)
    wanted = _format_of(source, given, target, settings)
    job = StripJob(Source(given), work, wanted, target)
    check_result_held(given, work.shape, work.dtype, wanted, settings.writing)
    memory = None if settings.max_memory is None else job.memory()
    if memory is None:
        return None
    from upsamp.resizing.strip_run import StripRun  # few have a bound

    return StripRun(job, settings.writing, memory)


def _check_file(source: str) -> None:
    """Raise for what would be waited for, as a pipe, and for what is not there."""
    try:
        mode = Path(source).stat().st_mode
    except (OSError, ValueError) as error:
        raise unreadable(f"'{source}'", error) from error
    if not stat.S_ISREG(mode):
        raise FileError(f"What is enlarged with others must be a plain file. Received: '{source}'.")


def _format_of(source: str, given: Picture, target: str, settings: Settings) -> str:
    """Return the format of a result: as is set, or of the image, or of another suffix."""
    if settings.format_name is not None:
        return settings.format_name
    same = Path(source).suffix == Path(target).suffix
    return given.format if same and given.format in IMAGE_FORMATS else format_to_write(target)
