"""Image files read by Pillow, and but for PNG written by it; the only importer of Pillow."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from upsamp.errors import FormatError
from upsamp.io.formats import FAST_COMPRESSION
from upsamp.io.pictures import MAX_PIXELS, Picture, check_depth
from upsamp.io.png import write_png

__all__ = ["read_picture", "write_picture"]

# What Pillow's decoders and encoders raise on data that they cannot handle.
PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    ZeroDivisionError,
    MemoryError,
    struct.error,
    zlib.error,
)
# Metadata that a file keeps, by Pillow's names.
KEPT = ("icc_profile", "dpi", "transparency")


def read_picture(
    stream: BinaryIO, name: str, *, expand: bool, max_pixels: int = MAX_PIXELS
) -> Picture:
    """Read the first frame of an image, upright as its EXIF orientation says.

    expand: whether palettes, one-bit pixels and transparent colours become channels, which all
    but copying needs.
    """
    with _pillow(name, "cannot be decoded"):
        try:
            image = Image.open(stream)
        except UnidentifiedImageError:
            raise FormatError(
                f"{name} is no image that can be read: {_diagnosis(stream)}."
            ) from None
        width, height = image.size
        if width * height > max_pixels:
            raise FormatError(
                f"{name} declares more than {max_pixels:,} pixels, {width:,} x {height:,}, so it "
                "may be made to exhaust memory. Use --max-pixels to allow more."
            )
        notes, format_name = _notes(image), (image.format or "png").lower()
        image.load()
        upright = ImageOps.exif_transpose(image)
        upright = _natural(upright, expand)
        metadata = _metadata(upright)
        palette = bytes(upright.getpalette() or ()) if upright.mode == "P" else None
        pixels = np.asarray(upright)
    if pixels.dtype.byteorder == ">":
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    if upright.mode == "I" and format_name in ("ppm", "png"):  # 16 bits, by these formats' rule
        pixels = pixels.astype(np.uint16)
    mode = "I;16" if pixels.dtype == np.uint16 else upright.mode
    return Picture(pixels, mode, format_name, palette, metadata, notes)


def _natural(image: Image.Image, expand: bool) -> Image.Image:
    """Give the image in a mode whose pixels mean what they say."""
    if image.mode in ("PA", "RGBa", "RGBX"):
        return image.convert("RGB" if image.mode == "RGBX" else "RGBA")
    if image.mode == "La":
        return image.convert("LA")
    if not expand:
        return image
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image.convert("L") if image.mode == "1" else image


def _metadata(image: Image.Image) -> dict[str, Any]:
    """Give what the file says besides its pixels, as far as it makes sense."""
    metadata = {key: image.info[key] for key in KEPT if key in image.info}
    dpi = metadata.pop("dpi", ())
    with suppress(ZeroDivisionError, ValueError):  # of a resolution of 0/0, which says nothing
        if len(dpi) == 2 and all(1 < float(part) < 1e6 for part in dpi):
            metadata["dpi"] = dpi
    with suppress(ZeroDivisionError, ValueError, TypeError, struct.error):  # of damaged tags
        exif = image.getexif()
        if exif:
            metadata["exif"] = exif.tobytes()
    return metadata


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


@contextmanager
def _pillow(name: str, fault: str) -> Iterator[None]:
    """Let Pillow work: without its own limit, its warnings silent, its errors become ours."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FormatError:
        raise
    except PILLOW_ERRORS as error:
        what = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise FormatError(f"{name} {fault}: {what}.") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def write_picture(
    picture: Picture,
    format_name: str,
    stream: BinaryIO,
    name: str,
    *,
    compression: int = FAST_COMPRESSION,
) -> None:
    """Write an image file in that format to a stream that can be searched.

    The metadata that the format takes goes with it; `name` is for errors; `compression`, 0 to 9,
    is PNG's alone.
    """
    if format_name == "png":
        write_png(picture, stream, name, compression=compression)
        return
    pixels = np.ascontiguousarray(picture.pixels)
    check_depth(pixels, format_name)
    height, width = pixels.shape[:2]
    with _pillow(name, "cannot be encoded"):
        if picture.mode == "1":
            image = Image.fromarray(pixels)
        else:
            image = Image.frombuffer(
                picture.mode, (width, height), pixels, "raw", picture.mode, 0, 1
            )
        if picture.palette is not None:
            image.putpalette(picture.palette)
        image = _fit_format(image, picture, format_name)
        image.save(stream, format_name, **_save_options(picture, format_name))


def _fit_format(image: Image.Image, picture: Picture, format_name: str) -> Image.Image:
    """Give the image in a mode that the format has, where that loses nothing."""
    transparent = "transparency" in picture.metadata
    if transparent and format_name != "gif":
        image.info["transparency"] = picture.metadata["transparency"]
        image = image.convert("LA" if image.mode == "L" else "RGBA")
    elif image.mode == "P" and format_name == "jpeg":
        image = image.convert("RGB")
    if format_name == "jpeg" and image.mode in ("LA", "RGBA"):
        raise FormatError("JPEG holds no transparency, which would be lost. Use png, webp or tiff.")
    return image


def _save_options(picture: Picture, format_name: str) -> dict[str, Any]:
    options = dict(picture.metadata)
    if format_name not in ("jpeg", "webp", "tiff"):
        options.pop("exif", None)
    if format_name != "gif":
        options.pop("transparency", None)
    if format_name == "jpeg":
        options |= {"quality": 95, "subsampling": 0}
    elif format_name == "webp":
        options |= {"lossless": True, "exact": True}
    return options
