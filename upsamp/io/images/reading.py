"""Reading an image file: what it declares is looked at before its pixels are."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from upsamp.errors import FormatError
from upsamp.io.images.coding import coding_of
from upsamp.io.images.depth import check_kept, kind_of_depth
from upsamp.io.images.limits import check_size
from upsamp.io.images.memory import check_reading
from upsamp.io.images.metadata import metadata_of, orientation_of
from upsamp.io.images.modes import natural, pixels_of
from upsamp.io.images.orientation import OPPOSITE, upright
from upsamp.io.images.pillow import pillow_at_work, quiet_libraries
from upsamp.io.metadata.keeping import upright_metadata
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Frames, Picture

__all__ = ["read_picture"]

# A file's bytes, opened once more.
Reopen = Callable[[], AbstractContextManager[BinaryIO]]
# What opens a frame of a file by its number.
ReadFrame = Callable[[int], Picture]

# Animations: their frames are shown in the place of each other, so they are of one mode. Pillow
# gives them so in these modes, but for GIF.
UNCHANGING = ("L", "LA", "RGB", "RGBA", "I;16")
ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
FAULT = "cannot be decoded"


def read_picture(
    stream: BinaryIO, name: str, options: ReadOptions, reopen: Reopen | None = None
) -> Picture:
    """Read a frame of an image, by default the first, upright as its EXIF orientation says.

    name: for errors. reopen: opens the same bytes once more, for the frames that follow; without
    it they are kept in memory as the file has them.
    """
    count, read = _open(stream, name, options)
    number = options.frame or 0
    if number >= count:
        raise FormatError(
            f"--frame must name one of the frames of {name}, 0 to {count - 1}. Received: {number}."
        )
    picture = read(number)
    if count == 1 or options.frame is not None:
        return picture
    if not options.every_frame:
        return replace(picture, notes=(*picture.notes, "only the first frame is read"))
    if reopen is None:
        stream.seek(0)
        data = stream.read()
        reopen = lambda: nullcontext(BytesIO(data))  # noqa: E731 - one line says it all
    rest = partial(_following, reopen, name, options, count)
    return replace(picture, rest=Frames(count - 1, rest))


def _following(reopen: Reopen, name: str, options: ReadOptions, count: int) -> Iterator[Picture]:
    """Read the frames after the first, one at a time."""
    with reopen() as stream:
        _, read = _open(stream, name, options)
        yield from map(read, range(1, count))


def _open(stream: BinaryIO, name: str, options: ReadOptions) -> tuple[int, ReadFrame]:
    """Return how many frames there are, and what reads one of them."""
    try:
        with pillow_at_work(name, FAULT, options.max_pixels):
            image = Image.open(stream)
            _refuse_program(image, name)
            count = _frame_count(image)
            if image.format == "TIFF" and count > 1:  # see `_at_frame`
                image = Image.open(stream)
    except FormatError as error:
        if not isinstance(error.__cause__, UnidentifiedImageError):
            raise
        if _is_tiff(stream):
            from upsamp.io.images.deep_tiff import open_deep_tiff  # what Pillow cannot read

            return open_deep_tiff(stream, name, options)
        raise FormatError(
            f"{name} is no image that can be read: {_diagnosis(stream)}."
        ) from error.__cause__
    return count, partial(_read_frame, image, stream, name, options, count)


def _refuse_program(image: Image.Image, name: str) -> None:
    """Raise for PostScript, which Pillow would let Ghostscript run to read its pixels."""
    if image.format == "EPS":
        raise FormatError(f"{name} is PostScript, a program that would be run. Convert it to PNG.")


def _frame_count(image: Image.Image) -> int:
    # A photo of several views (MPO) is a JPEG; the others are small or for other purposes. What
    # Pillow gives as frames of a PSD are its layers.
    return 1 if image.format in ("MPO", "PSD") else getattr(image, "n_frames", 1)


def _read_frame(
    image: Image.Image, stream: BinaryIO, name: str, options: ReadOptions, count: int, number: int
) -> Picture:
    """Read a frame of an opened image."""
    with pillow_at_work(name, FAULT, options.max_pixels):
        if count > 1:
            image = _at_frame(image, stream, number)
        width, height = image.size
    check_size(width, height, name, options.max_pixels)
    with pillow_at_work(name, FAULT):
        depth = kind_of_depth(image, stream)
    notes: tuple[str, ...] = ()
    if depth is not None:
        if check_kept(depth, name, options):
            from upsamp.io.images.deep import read_deep  # its packages are loaded for it alone

            return read_deep(image, stream, name, options, count, number)
        notes = (f"{depth.what} is read as 8-bit; its lower digits are lost",)
    every = count > 1 and options.every_frame and options.frame is None
    together = every and image.format in ANIMATED
    check_reading(image, stream, name, expand=options.expand, together=together, count=count)
    with pillow_at_work(name, FAULT, options.max_pixels):
        picture, orientation = _decode(image, stream, expand=options.expand, together=together)
        if count == 1:
            image.im = Image.new("1", (1, 1)).im  # its memory may be needed to turn the pixels
    # A fault in what follows is ours, and not the file's.
    return replace(_oriented(picture, orientation, orient=options.orient), notes=notes)


def _at_frame(image: Image.Image, stream: BinaryIO, number: int) -> Image.Image:
    """Return the image at that frame."""
    if number == image.tell():
        return image
    before = image.mode
    image.seek(number)
    if image.format == "TIFF" and "P" in (before, image.mode):
        # Before version 13, Pillow gives the palette of a page to the pixels of another.
        image = Image.open(stream)
        image.palette = None
        image.seek(number)
    return image


def _decode(
    image: Image.Image, stream: BinaryIO, *, expand: bool, together: bool
) -> tuple[Picture, int | None]:
    """Return the frame that the image is at, as it lies in the file, and its orientation.

    together: whether its mode is to be that of all frames.
    """
    orientation = orientation_of(image)
    with quiet_libraries() if image.format == "TIFF" else nullcontext():
        image.load()
    format_name = (image.format or "png").lower().replace("mpo", "jpeg")
    metadata, coding = metadata_of(image, orientation), coding_of(image, stream)
    if together and (format_name == "gif" or image.mode not in UNCHANGING):
        image = image.convert("RGBA")
    image = natural(image, expand=expand)
    pixels, mode = pixels_of(image, format_name, expand=expand)
    if "transparency" not in image.info:  # it became alpha
        metadata.pop("transparency", None)
    palette = bytes(image.getpalette() or ()) if mode == "P" else None
    return Picture(pixels, mode, format_name, palette, metadata, coding), orientation


def _oriented(picture: Picture, orientation: int | None, *, orient: bool) -> Picture:
    """Turn a picture upright, or leave it; Pillow has turned the pixels of a TIFF already."""
    if picture.format == "tiff":
        turned = None if orient else OPPOSITE.get(orientation or 1, orientation)
    else:
        turned = orientation if orient else None
    picture = picture.with_pixels(upright(picture.pixels, turned))
    if not orient:
        return picture
    return replace(picture, metadata=upright_metadata(picture.metadata))


def _is_tiff(stream: BinaryIO) -> bool:
    stream.seek(0)
    return stream.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _diagnosis(stream: BinaryIO) -> str:
    stream.seek(0)
    head = stream.read(512)
    if not head:
        return "it is empty"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return "its content is of no known image format, or damaged"
    return "it holds text; a matrix in a file ends in .txt, .csv, .tsv or .json"
