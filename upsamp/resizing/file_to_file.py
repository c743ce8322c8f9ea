"""One file to another, local or remote: read, planned, computed and written, each once."""

import math
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

from upsamp.core.arguments import Array, Pair
from upsamp.core.memory import hold_memory, limit_memory, naming_enough
from upsamp.errors import FileError
from upsamp.io.formats import IMAGE_FORMATS, format_to_write
from upsamp.io.losses import check_result_held, fitted_stand_in, losses_of_each
from upsamp.io.picture_options import ReadOptions, check_kind
from upsamp.io.pictures import Picture, array_of
from upsamp.io.read import PIXEL_BYTES, SPARE_BYTES, read_source
from upsamp.io.remote_paths import is_remote, read_remote
from upsamp.io.streams import open_input, unreadable
from upsamp.io.value_ranges import Rounding, Spread, find_range
from upsamp.io.write import Destination, copy_stream, write_result
from upsamp.resizing.enlarging import Enlarging, Settings
from upsamp.resizing.strip_jobs import EnlargedStrips, Kept, Source, StripJob, Work

if TYPE_CHECKING:
    from upsamp.resizing.strip_run import StripRun

# What stands for a format where a result is shown, and not written.
SHOWN = ("table", "preview")

Tell: TypeAlias = Callable[[str], object]
# Watches work of this many rows, done some at a time, and yields what is told of rows.
Watch: TypeAlias = Callable[[str, int, int], AbstractContextManager[Callable[[int], object]]]
WorkT = TypeVar("WorkT", bound=Work)


class Facts(NamedTuple):
    """What is told of a file that was enlarged: its shapes, and what was lost on the way.

    kept: whether it was large enough, and has kept its size.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    notes: tuple[str, ...] = ()
    kept: bool = False


@dataclass(frozen=True)
class Job(Generic[WorkT]):
    """One result as it is planned.

    strips: what makes it strip by strip; None to do so at once. original: the file that may become
    the result as it is, if all that is written of it keeps its size.
    """

    source: Source
    work: WorkT
    destination: Destination
    strips: "StripRun | None"
    original: str | None = None


def prepare(read: Callable[[], Source], plan: "Callable[[Source], Job[WorkT]]") -> "Job[WorkT]":
    """Read a source, and plan what is made of it.

    Where --max-memory has no room, the error names what is enough for both.
    """
    with naming_enough(lambda given: plan(Source(given))):
        source = read()
    with naming_enough(plan, source):
        return plan(source)


def plan_job(
    source: Source, work: WorkT, destination: Destination, original: str | None = None
) -> "Job[WorkT]":
    """Decide whether a result is made at once, or strip by strip.

    original: the name of the source, where it may be copied. Raises `FormatError` where the format
    does not hold the result, and `MemoryLimitError` where there is no room to make it.
    """
    given, format_name = source.given, destination.format
    same = isinstance(given, Picture) and given.format == format_name
    if same and original is not None and work.shape == source.array.shape:
        return Job(source, work, destination, None, original)
    check_result_held(given, work.shape, work.dtype, format_name, destination.options)
    job = StripJob(source, work, destination)
    memory = None if destination.format in SHOWN else job.memory()
    if memory is None:
        return Job(source, work, destination, None)
    from upsamp.resizing.strip_run import StripRun  # what fits in memory needs no strips

    return Job(source, work, destination, StripRun(job, memory))


def carry_out(job: "Job[WorkT]", tell: Tell, watch: Watch | None = None) -> Picture | Array:
    """Make a result and write it, unless it is to be shown; return it, or what stands in for it.

    tell: is told what is lost, before a file comes into place: what fails has left none.
    """
    strips, destination = job.strips, job.destination
    if strips is not None:
        for loss in strips.losses:
            tell(loss)
        watching = watch("Rows", strips.rows, strips.step) if watch else nullcontext(lambda _: None)
        with watching as advance:
            delivered = strips.write(advance)
        for loss in strips.lost:
            tell(loss)
        return delivered
    given = job.source.load()
    slow = watch("Rows", job.work.rows, job.work.step) if watch and job.work.slow else nullcontext()
    with slow as advance:
        result = job.work.apply(given, advance)
    if destination.format in SHOWN:
        return result
    # Frames that follow are read and made while the first ones are held.
    several = isinstance(given, Picture) and given.rest is not None
    with hold_memory(array_of(given).nbytes + (array_of(result).nbytes if several else 0)):
        return deliver(result, destination, tell)


def deliver(result: Picture | Array, destination: Destination, tell: Tell) -> Picture | Array:
    """Write a result; return what was written: a matrix may be converted to a picture."""
    made: Rounding | Spread | None = None
    if destination.options.value_range is not None:
        made = find_range(result, destination.options.value_range)
        result = made.picture(result)
    elif destination.format in IMAGE_FORMATS and not isinstance(result, Picture):
        made = Rounding()
        result = made.picture(result)
    # The values of frames that follow are made when they are written.
    several = isinstance(result, Picture) and result.rest is not None
    for note in made.notes if made and not several else ():
        tell(note)
    name, format_name, options, overwrite = destination
    told: list[str] = []

    def tell_once(loss: str) -> None:
        told.append(loss)
        tell(loss)

    written = losses_of_each(result, format_name, options, tell_once)
    for loss in write_result(written, format_name, name, options, overwrite=overwrite):
        if loss not in told:
            tell(loss)
    for note in made.notes if made and several else ():
        tell(note)
    return result


def copy_kept(job: Job[EnlargedStrips], kept: Kept) -> bool:
    """Copy the file of a job byte for byte, and tell whether it could be: all keeps its size."""
    if job.original is None or kept.frames < kept.total:
        return False
    destination = job.destination
    remote = is_remote(job.original)
    most = kept.total * math.prod(job.work.shape) * PIXEL_BYTES + SPARE_BYTES
    data = BytesIO(read_remote(job.original, most) if remote else b"")
    with nullcontext(data) if remote else open_input(job.original) as stream:
        copy_stream(stream, destination.name, overwrite=destination.overwrite)
    return True


def enlarge_file(source: str, target: str, settings: Settings) -> Facts:
    """Read the file `source`, enlarge it, and write the file `target`: wholly or not at all.

    Raises `UpsampError` where one of them cannot be done, and `MemoryError`.
    """
    notes: list[str] = []
    with limit_memory(settings.max_memory):
        job = prepare(partial(_read, source, settings), partial(_plan, source, target, settings))
        notes += job.work.notes if settings.describe else ()
        after, kept = job.work.shape, job.work.kept(job.destination.format)
        if 0 < kept.frames < kept.total:
            notes.append(f"{kept.frames} of {kept.total} frames are kept in size")
        if not settings.dry and not copy_kept(job, kept):
            made, destination = carry_out(job, notes.append), job.destination
            if isinstance(made, Picture) and destination.format in IMAGE_FORMATS:
                made = fitted_stand_in(made, destination.format, destination.options)
            after = array_of(made).shape
    given = job.source.given
    lost = given.notes if isinstance(given, Picture) else ()
    return Facts(job.source.array.shape, after, (*lost, *notes), kept.frames == kept.total)


def check_reading(given: Picture | Array, options: ReadOptions) -> None:
    """Raise `ArgumentError` where options of reading an image were given for a matrix."""
    told = {"frame": options.frame, "auto_orient": options.orient, "depth": options.depth}
    check_kind(told, is_image=isinstance(given, Picture))


def _read(source: str, settings: Settings) -> Source:
    """Read a file, or of an array that can be read by its rows the head alone."""
    if settings.matrices:
        return Source.find_stored(source) or Source(read_source(source, settings.reading))
    if not is_remote(source):
        _check_file(source)
    return Source(read_source(source, settings.reading))


def _check_file(source: str) -> None:
    """Raise for what would be waited for, as a pipe, and for what is not there."""
    try:
        mode = Path(source).stat().st_mode
    except (OSError, ValueError) as error:
        raise unreadable(f"'{source}'", error) from error
    if not stat.S_ISREG(mode):
        raise FileError(f"What is enlarged with others must be a plain file. Received: '{source}'.")


def _plan(source: str, target: str, settings: Settings, found: Source) -> Job[EnlargedStrips]:
    """Plan what is made of a file."""
    given, enlarging = found.given, settings.enlarging
    is_image = isinstance(given, Picture)
    if not is_image and not settings.matrices:
        raise FileError(f"What is enlarged with others must be an image. Received: '{source}'.")
    told = {"linear": enlarging.linear, "data_format": enlarging.data_format}
    check_kind({**told, "strip": settings.writing.strip}, is_image=is_image)
    check_reading(given, settings.reading)
    work = work_of(given, enlarging, enlarging.result_size(given))
    wanted = _format_of(source, given, target, settings)
    destination = Destination(target, wanted, settings.writing, settings.overwrite)
    changed = settings.reading.frame is not None or settings.writing.changes
    original = source if enlarging.keep_larger and not changed else None
    return plan_job(found, work, destination, original)


def work_of(given: Picture | Array, enlarging: Enlarging, size: Pair) -> EnlargedStrips:
    """Return what makes the result of an image or a matrix."""
    network = enlarging.rule_for(given).network
    if network is None:
        return EnlargedStrips(given, enlarging, size)
    from upsamp.resizing.network_strips import NetworkStrips  # few have a network

    return NetworkStrips(given, enlarging, size, network)


def _format_of(source: str, given: Picture | Array, target: str, settings: Settings) -> str:
    """Return the format of a result: as is set, or of the image, or of another suffix."""
    if settings.format_name is not None:
        return settings.format_name
    if isinstance(given, Picture) and Path(source).suffix == Path(target).suffix:
        return given.format if given.format in IMAGE_FORMATS else format_to_write(target)
    return format_to_write(target)
