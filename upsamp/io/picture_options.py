"""How picture files are read and written: settings for any process, and what a file may declare."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from upsamp.core.memory import format_shape
from upsamp.errors import ArgumentError, FormatError
from upsamp.io.formats import FAST_COMPRESSION

# Images that declare more pixels than this are refused, as Pillow does by default.
MAX_PIXELS = 178_956_970
# How many times the pixels of an image a result may have: the largest image, by 4 x 4.
RESULT_FACTOR = 16
# How many times the pixels of one image all frames or pages of a file may have together.
FRAMES_FACTOR = 2

# Options that would be passed over for a matrix, or for an image: what they say by default, what
# they are for, and why.
KIND_OPTIONS: Mapping[str, tuple[object, str, str]] = {
    "linear": (False, "images", "the numbers of a matrix are no colours"),
    "frame": (None, "images", "an array of several is named, as in FILE.npz:NAME"),
    "strip": (False, "images", "a matrix has no metadata"),
    "auto_orient": (True, "images", "a matrix has no orientation"),
    "depth": (None, "images", "a matrix keeps its type"),
    "data_format": (None, "matrices", "an image knows its channels"),
    "missing": ("error", "matrices in text", "an image has all its pixels"),
}

# How much a file may lose: 1 to 100, or what its source lost; None lets the format decide.
Missing = Literal["error", "nan"]
Quality = int | Literal["keep"] | None
# The values that become 0 and 255, or "auto" for the least and the largest that there are.
ValueRange = tuple[float, float] | Literal["auto"]
# Red, green and blue, 0 to 255.
Background = tuple[int, int, int]

# Opening a frame costs as much as computing this many pixels, which counts where frames are many.
FRAME_PIXELS, FEW_FRAMES = 2**12, 1000
# Of colours and alpha.
USUAL_CHANNELS = 4


@dataclass(frozen=True)
class ReadOptions:
    """How an image or a matrix is read.

    expand: whether palettes, one-bit pixels and transparent colours become channels, which all but
    copying needs. max_pixels: more are refused in a frame, and twice as many in all together.
    depth: 8 accepts that deeper colour is cut to 8 bits where no reader for it is installed.
    orient: whether the pixels are turned as the EXIF orientation says. frame: which one of several
    is read, counted from 0; without it the first, and a note tells. every_frame: whether the
    others follow in `Picture.rest`. plain: whether print and television become RGB, and, where
    `ends` are given, floats and 32 bits become 8 bits with those for black and white.

    Of a matrix in text: integers: whether those that float64 does not hold may stay integers, as
    where they are only copied. missing: "nan" reads an empty cell as nan, which is an error
    otherwise; None where the user cannot ask for it. vectors: whether an array may be of rank 1.
    """

    expand: bool = True
    max_pixels: int = MAX_PIXELS
    depth: Literal[8] | None = None
    orient: bool = True
    frame: int | None = None
    every_frame: bool = False
    integers: bool = True
    missing: Missing | None = None
    vectors: bool = False
    plain: bool = False
    ends: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.max_pixels < 1:
            raise ArgumentError(f"`max_pixels` must be at least 1. Received: {self.max_pixels}.")
        if self.frame is not None and self.frame < 0:
            raise ArgumentError(f"`frame` must be 0 or more. Received: {self.frame}.")


@dataclass(frozen=True)
class WriteOptions:
    """How an image file is written.

    compression: of PNG, 0 stores, 1 is fast, 9 makes the smallest file; None is fast. quality: of
    JPEG, WebP and AVIF. strip: whether EXIF, XMP, resolution and comments are left out; the colour
    profile stays. background: red, green and blue, 0 to 255, on which transparent pixels are laid;
    without it they stay transparent. value_range: the values that become black and white of 8 bits;
    None keeps values as they are.
    """

    compression: int | None = None
    quality: Quality = None
    strip: bool = False
    background: Background | None = None
    value_range: ValueRange | None = None

    @property
    def level(self) -> int:
        """How strongly a PNG is compressed."""
        return FAST_COMPRESSION if self.compression is None else self.compression

    @property
    def changes(self) -> bool:
        """Whether a picture that keeps its size is another one all the same."""
        return self.strip or self.background is not None or self.value_range is not None

    def __post_init__(self) -> None:
        if not 0 <= self.level <= 9:
            raise ArgumentError(f"`compression` must be 0 to 9. Received: {self.compression}.")
        if isinstance(self.quality, int) and not 1 <= self.quality <= 100:
            raise ArgumentError(f"`quality` must be 1 to 100, or 'keep'. Received: {self.quality}.")
        if self.background is not None and not all(0 <= part <= 255 for part in self.background):
            raise ArgumentError(
                "`background` must be red, green and blue, each 0 to 255. "
                f"Received: {self.background}."
            )
        if isinstance(self.value_range, tuple):
            low, high = self.value_range
            if not 0 < 255 * (high - low) < math.inf:
                raise ArgumentError(
                    "`value_range` must be a low and a higher finite number, or 'auto'. "
                    f"Received: {self.value_range}."
                )


def check_result(rows: int, columns: int, max_pixels: int, total: int = 0) -> None:
    """Raise `ArgumentError` for a result of more pixels than follow from those of an image.

    Asked before anything is computed, it stops a slip of the keyboard, or what a file makes of an
    honest factor, where memory or a disk would hold the result for a while. total: the pixels of
    all frames or images of the result, of which there may be twice as many.

    >>> check_result(400, 400, 10_000)
    """
    most = RESULT_FACTOR * max_pixels
    if rows * columns > most:
        raise ArgumentError(
            f"A result must have at most {most:,} pixels, {RESULT_FACTOR} times --max-pixels. "
            f"Received: {format_shape((columns, rows))}. "
            "Use a smaller size, or --max-pixels to allow more."
        )
    if total > FRAMES_FACTOR * most:
        raise ArgumentError(
            f"All images of a result must have at most {FRAMES_FACTOR * most:,} pixels together, "
            f"{FRAMES_FACTOR * RESULT_FACTOR} times --max-pixels. Received: {total:,} or more. "
            "Use a smaller size, fewer images, or --max-pixels to allow more."
        )


def check_kind(given: Mapping[str, object], *, is_image: bool) -> None:
    """Raise `ArgumentError` where an option is for another kind of input.

    given: the options by their names, each with its value.

    >>> check_kind({"frame": None, "data_format": "channels_first"}, is_image=False)
    """
    for name, value in given.items():
        neutral, kind, why = KIND_OPTIONS[name]
        if value != neutral and is_image != (kind == "images"):
            raise ArgumentError(f"`{name}` is for {kind}; {why}. Leave it out.")


def check_size(width: int, height: int, name: str, max_pixels: int, channels: int = 1) -> None:
    """Raise `FormatError` where more pixels are declared than may be, or none.

    More channels than a pixel has in colour and alpha count as further pixels.
    """
    if width < 1 or height < 1:
        raise FormatError(f"{name} declares no pixels, {width} x {height}. Save it again.")
    if width * height * max(USUAL_CHANNELS, channels) > USUAL_CHANNELS * max_pixels:
        many = f" of {channels:,} channels" if channels > USUAL_CHANNELS else ""
        raise too_many_pixels(name, max_pixels, f", {width:,} x {height:,}{many}")


def too_many_pixels(name: str, max_pixels: int, size: str = "") -> FormatError:
    """Return the error for a file that declares more pixels than may be; `size` says how many."""
    return FormatError(
        f"{name} declares more than {max_pixels:,} pixels{size}, so it may be made to exhaust "
        "memory. Use --max-pixels to allow more."
    )


def most_frames(width: int, height: int, max_pixels: int) -> int:
    """Return how many frames of a size may be read.

    >>> most_frames(100, 100, 50_000), most_frames(1, 1, 50_000)
    (10, 1000)
    """
    total = FRAMES_FACTOR * max_pixels
    return min(total // (width * height), max(total // FRAME_PIXELS, FEW_FRAMES))


def check_total(pixels: int, name: str, max_pixels: int) -> None:
    """Raise `FormatError` where frames have more pixels together than may be."""
    if pixels > FRAMES_FACTOR * max_pixels:
        raise too_many_frames(name, max_pixels)


def too_many_frames(name: str, max_pixels: int) -> FormatError:
    """Return the error for a file whose frames have more pixels together than may be."""
    return FormatError(
        f"{name} has more than {FRAMES_FACTOR * max_pixels:,} pixels in all of its frames or "
        f"pages, {FRAMES_FACTOR} times --max-pixels, where each counts as at least "
        f"{FRAME_PIXELS:,} after the first {FEW_FRAMES:,}. "
        "Use --frame N for one of them, or --max-pixels to allow more."
    )
