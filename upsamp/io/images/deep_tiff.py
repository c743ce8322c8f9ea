"""TIFF of more than 8 bits a channel, in colour or of floats, read and written by tifffile."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import COMPRESSION_INFO

from upsamp.core.arguments import Array
from upsamp.core.dtypes import round_to
from upsamp.core.memory import check_memory, lack_of_memory
from upsamp.core.text import first_line
from upsamp.errors import FormatError, UpsampError
from upsamp.io.extras import check_extra
from upsamp.io.images.damaged_tiff import check_tags, check_tiff
from upsamp.io.images.limits import check_size
from upsamp.io.images.memory import check_tiff_reading
from upsamp.io.images.orientation import upright
from upsamp.io.images.pillow import LIBRARY_ERRORS
from upsamp.io.metadata.keeping import upright_metadata
from upsamp.io.metadata.tiff_tags import metadata_of_tiff
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture, mode_of

__all__ = ["read_deep_tiff"]

MIN_IS_WHITE, MIN_IS_BLACK, RGB, SEPARATED = 0, 1, 2, 5
# How many channels the colours of each kind of pixel have.
COLOURS = {MIN_IS_WHITE: 1, MIN_IS_BLACK: 1, RGB: 3, SEPARATED: 4}
UNCOMPRESSED = 1
IGNORED, ASSOCIATED, STRAIGHT = 0, 1, 2
FAULT = "cannot be decoded"


@contextmanager
def tifffile_at_work(name: str, fault: str) -> Iterator[None]:
    """Let tifffile work: what it would log is kept silent, and its errors become ours."""
    import tifffile

    logger = logging.getLogger("tifffile")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UpsampError:
        raise
    except MemoryError as error:
        raise lack_of_memory(name) from error
    except (*LIBRARY_ERRORS, tifffile.TiffFileError) as error:
        raise FormatError(f"{name} {fault}: {first_line(error)}.") from error
    finally:
        logger.disabled = before


def read_deep_tiff(
    stream: BinaryIO, name: str, options: ReadOptions, image: Image.Image | None = None
) -> Picture:
    """Read the first page, once its size and its kind of pixels are such as can be read.

    image: opened by Pillow, where that can; its strips are proven before they are decoded.
    """
    check_extra(
        "tifffile",
        f"{name} is damaged, or a TIFF of another depth than Pillow reads, which",
    )
    import tifffile

    stream.seek(0)
    with tifffile_at_work(name, FAULT):
        page: Any = tifffile.TiffFile(stream).pages[0]
        check_tags(stream, page.tags)
        width, height, depth = int(page.imagewidth), int(page.imagelength), int(page.imagedepth)
        samples, kind, dtype = int(page.samplesperpixel), int(page.photometric), page.dtype
        extra = tuple(int(one) for one in page.extrasamples)
        number = int(page.compression)
        largest = max(page.databytecounts, default=0) if number != UNCOMPRESSED else 0
        tile = int(page.tilewidth), int(page.tilelength)
    check_size(width, height, name, options.max_pixels)
    if tile != (0, 0):  # of an image that has some
        check_size(*tile, name, options.max_pixels)
    colours = COLOURS.get(kind, 0)
    if not colours or dtype is None or depth != 1 or not colours <= samples <= colours + 4:
        raise FormatError(
            f"{name} {FAULT}: its pixels of {samples} channels, photometric {kind}, "
            f"{dtype}, are none that are known."
        )
    check_tiff_reading(stream, name, (height, width, samples), np.dtype(dtype), extra, largest)
    check_memory((height, width, samples), np.dtype(dtype), f"The pixels of {name}")
    with tifffile_at_work(name, FAULT):
        if image is not None:
            check_tiff(image, stream)
        raw = np.asarray(page.asarray())
        planes = raw.reshape(samples, height, width) if int(page.planarconfig) == 2 else None
        whole = raw.reshape(height, width, samples) if planes is None else np.moveaxis(planes, 0, 2)
    pixels, notes = _straight(whole, kind, colours, extra)
    metadata, orientation = metadata_of_tiff(stream)
    if options.orient:
        pixels = upright(pixels, orientation)
        metadata = upright_metadata(metadata, orientation, pixels.shape)
    pixels = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("="))
    mode = mode_of(pixels, cmyk=kind == SEPARATED)
    coding = {"compression": COMPRESSION_INFO.get(number, f"method {number}")}
    return Picture(pixels, mode, "tiff", None, metadata, coding, notes)


def _straight(
    pixels: Array, kind: int, colours: int, extra: tuple[int, ...]
) -> tuple[Array, tuple[str, ...]]:
    """Return the colours, and alpha where there is one, not premultiplied; (H, W, C) or (H, W)."""
    found, channels = pixels[..., :colours], pixels.shape[2]
    integers = pixels.dtype.kind in "iu"
    if kind == MIN_IS_WHITE and integers:
        found = np.invert(found)
    if channels == colours:
        return (found[..., 0] if colours == 1 else found), ()
    meaning = extra[0] if extra else STRAIGHT
    if meaning == IGNORED or colours == 4:
        left = found[..., 0] if colours == 1 else found
        return left, ("a channel that is neither colour nor alpha is left out",)
    alpha = pixels[..., colours : colours + 1]
    if meaning == ASSOCIATED:
        full = float(np.iinfo(pixels.dtype).max) if integers else 1.0
        share = np.where(alpha == 0, 1, alpha / full)
        found = round_to(found / share, pixels.dtype)
    return np.concatenate([found, alpha], axis=2), ()
