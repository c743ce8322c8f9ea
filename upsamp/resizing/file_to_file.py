"""One image file to another: read, enlarged and written, wholly or not at all."""

import stat
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from upsamp.core.arguments import Array
from upsamp.core.memory import hold_memory, limit_memory, naming_enough
from upsamp.errors import FileError
from upsamp.io.formats import IMAGE_FORMATS, format_to_write
from upsamp.io.losses import fitted_stand_in, losses_of
from upsamp.io.pictures import Picture, array_of
from upsamp.io.read import read_source, read_stream
from upsamp.io.remote_paths import is_remote, read_remote, write_remote
from upsamp.io.streams import unreadable
from upsamp.io.write import encode_result, write_result
from upsamp.resizing.enlarging import Settings

if TYPE_CHECKING:
    from upsamp.resizing.strip_run import StripRun

__all__ = ["Facts", "enlarge_file"]

# No image needs more bytes in its file for each of its pixels: four channels of 32 bits.
PIXEL_BYTES = 16
# Bytes that it may have besides, as for a profile or a preview.
SPARE_BYTES = 2**26


class Facts(NamedTuple):
    """What is told of a file that was enlarged: its shapes, and what was lost on the way."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    notes: tuple[str, ...] = ()


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
        data = read_remote(source, options.max_pixels * PIXEL_BYTES + SPARE_BYTES)
        with hold_memory(2 * len(data)):  # frames are read out of a copy
            with naming_enough(partial(_plan, source, target, settings)):
                given = read_stream(BytesIO(data), source, f"'{source}'", None, options)
            return _enlarge(given, source, target, settings)


def _enlarge(given: Picture | Array, source: str, target: str, settings: Settings) -> Facts:
    """Enlarge what was read, and write it."""
    if not isinstance(given, Picture):
        raise FileError(f"What is enlarged with others must be an image. Received: '{source}'.")
    enlarging = settings.enlarging
    plan = partial(_plan, source, target, settings)
    with naming_enough(plan, given):
        run = plan(given)
    if run is not None:
        delivered = run.write(lambda _: None, overwrite=settings.overwrite)
        return Facts(given.pixels.shape, array_of(delivered).shape, (*given.notes, *run.losses))
    wanted = _format_of(source, given, target, settings)
    result = enlarging.apply(given, enlarging.size_of(enlarging.shape_of(given)))
    after = array_of(result)
    losses = losses_of(result, wanted, settings.writing)
    made = after
    if isinstance(result, Picture) and wanted in IMAGE_FORMATS:
        made = fitted_stand_in(result, wanted, settings.writing).pixels
    facts = Facts(given.pixels.shape, made.shape, (*given.notes, *losses))
    with hold_memory(given.pixels.nbytes + (after.nbytes if given.rest else 0)):
        if is_remote(target):
            data = encode_result(result, wanted, target, settings.writing)
            write_remote(target, data, overwrite=settings.overwrite)
        else:
            write_result(result, wanted, target, settings.writing, overwrite=settings.overwrite)
    return facts


def _plan(
    source: str, target: str, settings: Settings, given: Picture | Array
) -> "StripRun | None":
    """Return what enlarges an image strip by strip within --max-memory; None to do it at once.

    Raises `MemoryLimitError` where there is no room for either.
    """
    if settings.max_memory is None or not isinstance(given, Picture):
        return None
    from upsamp.resizing.strip_jobs import EnlargedStrips, Source, StripJob
    from upsamp.resizing.strip_run import StripRun  # few have a bound

    enlarging = settings.enlarging
    size = enlarging.size_of(enlarging.shape_of(given))
    enlarging.check(given, size)
    work = EnlargedStrips(given, enlarging, size)
    wanted = _format_of(source, given, target, settings)
    job = StripJob(Source(given), work, wanted, target, settings.writing)
    memory = job.memory()
    return None if memory is None else StripRun(job, settings.writing, memory)


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
