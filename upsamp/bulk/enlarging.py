"""Enlarging: what is to be done to an image or a matrix, as data that another process takes."""

import stat
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from upsamp.bulk.remote_paths import is_remote, read_remote, write_remote
from upsamp.core.arguments import Array, Convention, DataFormat, Interpolation, Pair
from upsamp.core.layout import as_batch
from upsamp.core.upsampling.light import resize_light
from upsamp.core.upsampling.resample import resize
from upsamp.errors import FileError
from upsamp.io.formats import IMAGE_FORMATS, format_to_write
from upsamp.io.picture_options import MAX_PIXELS, ReadOptions, WriteOptions, check_result
from upsamp.io.pictures import Picture, check_light
from upsamp.io.sinks import encode_result, losses_of, write_result
from upsamp.io.sources import read_source, read_stream
from upsamp.io.streams import reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    Factor: TypeAlias = int | Fraction

__all__ = ["Enlarging", "Facts", "Settings", "enlarge_file"]

# No image needs more bytes in its file for each of its pixels: four channels of 32 bits.
PIXEL_BYTES = 16
# And so many may it have besides, as for a profile or a preview.
SPARE_BYTES = 2**26


@dataclass(frozen=True)
class Enlarging:
    """How an image or a matrix is enlarged, whichever it is.

    factors: of the rows and of the columns, each at least 1. target: the width and the height in
    pixels, in the place of factors; the side that is None keeps the shape. The rest is as
    `upsamp.core.upsampling.resample.resize` has it; data_format None is that of images. linear:
    whether amounts of light are interpolated, of images. max_pixels: of an image; a result may have
    a multiple of them.

    >>> Enlarging(target=(6, None)).size_of((3, 2))
    (9, 6)
    """

    factors: "tuple[Factor, Factor]" = (2, 2)
    target: tuple[int | None, int | None] | None = None
    interpolation: Interpolation = "nearest"
    convention: Convention = "keras"
    align_corners: bool = False
    data_format: DataFormat | None = None
    linear: bool = False
    max_pixels: int = MAX_PIXELS

    @property
    def layout(self) -> DataFormat:
        """Where the channels stand."""
        return self.data_format or "channels_last"

    @property
    def method(self) -> str:
        """The method as it stands in the names of files: with the convention, where not Keras'."""
        named = self.convention != "keras"
        return f"{self.interpolation}_{self.convention}" if named else self.interpolation

    def shape_of(self, given: Picture | Array) -> Pair:
        """Return the rows and columns of an image or a matrix."""
        height, width = as_batch(_pixels(given), self.layout).shape[1:3]
        return height, width

    def size_of(self, shape: Pair) -> Pair:
        """Return the rows and columns of the result of so many rows and columns."""
        if self.target is None:
            return int(shape[0] * self.factors[0]), int(shape[1] * self.factors[1])
        width, height = self.target
        # The side that was left out keeps the shape, rounded half up.
        rows = height or (2 * shape[0] * cast("int", width) + shape[1]) // (2 * shape[1])
        columns = width or (2 * shape[1] * cast("int", height) + shape[0]) // (2 * shape[0])
        return rows, columns

    def spell(self, size: Pair | None = None) -> str:
        """Write the size as it stands in names: factors by rows first, pixels by width first.

        size: the rows and columns of a result; without it, a side that was left out stays so.

        >>> Enlarging((2, 3)).spell(), Enlarging(target=(1920, None)).spell()
        ('2x3', '1920x')
        """
        if self.target is None:
            rows, columns = self.factors
            return f"{float(rows):g}x{float(columns):g}"
        if size is not None:
            return f"{size[1]}x{size[0]}"
        return "x".join(str(side or "") for side in self.target)

    def apply(self, given: Picture | Array, size: Pair) -> Picture | Array:
        """Return the enlarged image or matrix, of so many rows and columns.

        The frames that follow an image are each enlarged when they are read, by their own size.
        """
        check_result(*size, self.max_pixels)
        if isinstance(given, Picture):
            return given.map(self._apply_to_frame)
        return resize(given, size, *self._rule, self.layout, align_corners=self.align_corners)

    def _apply_to_frame(self, frame: Picture) -> Picture:
        size = self.size_of(self.shape_of(frame))
        check_result(*size, self.max_pixels)
        enlarge: Callable[..., Array] = resize
        if self.linear:
            check_light(frame)
            enlarge = resize_light
        corners, alpha = self.align_corners, frame.has_alpha
        values = enlarge(frame.pixels, size, *self._rule, align_corners=corners, alpha=alpha)
        return frame.with_pixels(values)

    @property
    def _rule(self) -> tuple[Interpolation, Convention]:
        return self.interpolation, self.convention


@dataclass(frozen=True)
class Settings:
    """All that the work on each of many files must know besides its names.

    format_name: of all results; without it each keeps the format that its image has, or that its
    new suffix tells. overwrite: whether what stands there is replaced; skip_existing: whether it is
    taken for done, also where somebody else has put it there meanwhile.
    """

    enlarging: Enlarging = Enlarging()
    reading: ReadOptions = field(default_factory=ReadOptions)
    writing: WriteOptions = field(default_factory=WriteOptions)
    format_name: str | None = None
    overwrite: bool = False
    skip_existing: bool = False


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
    enlarging = settings.enlarging
    given = _read(source, settings.reading)
    if not isinstance(given, Picture):
        raise FileError(f"What is enlarged with others must be an image. Received: '{source}'.")
    result = enlarging.apply(given, enlarging.size_of(enlarging.shape_of(given)))
    wanted = settings.format_name or _format_of(source, given, target)
    notes = (*given.notes, *losses_of(result, wanted))
    facts = Facts(given.pixels.shape, _pixels(result).shape, notes)
    if is_remote(target):
        data = encode_result(result, wanted, target, settings.writing)
        write_remote(target, data, overwrite=settings.overwrite)
    else:
        write_result(result, wanted, target, settings.writing, overwrite=settings.overwrite)
    return facts


def _read(source: str, options: ReadOptions) -> Picture | Array:
    """Read a file; a remote one comes into memory first."""
    if is_remote(source):
        data = read_remote(source, options.max_pixels * PIXEL_BYTES + SPARE_BYTES)
        return read_stream(BytesIO(data), source, f"'{source}'", None, options)
    _check_file(source)
    return read_source(source, options)


def _check_file(source: str) -> None:
    """Raise for what would be waited for, as a pipe, and for what is not there."""
    try:
        mode = Path(source).stat().st_mode
    except (OSError, ValueError) as error:
        raise FileError(f"Cannot read '{source}': {reason(error)}.") from error
    if not stat.S_ISREG(mode):
        raise FileError(f"What is enlarged with others must be a plain file. Received: '{source}'.")


def _format_of(source: str, given: Picture, target: str) -> str:
    """Return the format that the image has, or where its suffix is another now, the one of that."""
    same = Path(source).suffix == Path(target).suffix
    return given.format if same and given.format in IMAGE_FORMATS else format_to_write(target)


def _pixels(given: Picture | Array) -> Array:
    return given.pixels if isinstance(given, Picture) else given
