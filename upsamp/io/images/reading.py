"""Reading an image file: what it declares is looked at before its pixels are."""

from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from upsamp.errors import FormatError
from upsamp.io.images.metadata import metadata_of
from upsamp.io.images.modes import natural
from upsamp.io.images.pillow import pillow_at_work
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture

__all__ = ["read_picture"]


def read_picture(stream: BinaryIO, name: str, options: ReadOptions) -> Picture:
    """Read the first frame of an image, upright as its EXIF orientation says."""
    with pillow_at_work(name, "cannot be decoded"):
        try:
            image = Image.open(stream)
        except UnidentifiedImageError:
            raise FormatError(
                f"{name} is no image that can be read: {_diagnosis(stream)}."
            ) from None
        width, height = image.size
        if width * height > options.max_pixels:
            raise FormatError(
                f"{name} declares more than {options.max_pixels:,} pixels, {width:,} x {height:,}, "
                "so it may be made to exhaust memory. Use --max-pixels to allow more."
            )
        notes, format_name = _notes(image), (image.format or "png").lower()
        image.load()
        upright = ImageOps.exif_transpose(image)
        upright = natural(upright, expand=options.expand)
        metadata = metadata_of(upright)
        palette = bytes(upright.getpalette() or ()) if upright.mode == "P" else None
        pixels = np.asarray(upright)
    if pixels.dtype.byteorder == ">":
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    if upright.mode == "I" and format_name in ("ppm", "png"):  # 16 bits, by these formats' rule
        pixels = pixels.astype(np.uint16)
    mode = "I;16" if pixels.dtype == np.uint16 else upright.mode
    return Picture(pixels, mode, format_name, palette, metadata, notes)


def _notes(image: Image.Image) -> tuple[str, ...]:
    """Say what Pillow loses without a word."""
    notes = []
    # A tile of a file ends in the raw mode that it is decoded from, such as "RGB;16B".
    deep = any(";16" in str(tile[-1]) for tile in getattr(image, "tile", ()))
    if deep and image.mode in ("RGB", "RGBA", "LA"):
        notes.append("16-bit colour is read as 8-bit; its lower digits are lost")
    if getattr(image, "n_frames", 1) > 1:
        notes.append("only the first frame is read")
    return tuple(notes)


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
