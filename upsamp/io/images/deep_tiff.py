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
from upsamp.io.images.damage import check_tags, check_tiff
from upsamp.io.images.decoding import upright
from upsamp.io.images.memory import check_tiff_reading
from upsamp.io.images.modes import PHOTOMETRIC, widened
from upsamp.io.images.pillow import LIBRARY_ERRORS
from upsamp.io.metadata.keeping import upright_metadata
from upsamp.io.metadata.tiff_tags import metadata_of_tiff
from upsamp.io.picture_options import ReadOptions, check_size
from upsamp.io.pictures import Picture, mode_of

MIN_IS_WHITE, MIN_IS_BLACK, RGB, MASK, SEPARATED = 0, 1, 2, 4, 5
# How many channels the colours of each kind of pixel have.
COLOURS = {MIN_IS_WHITE: 1, MIN_IS_BLACK: 1, RGB: 3, MASK: 1, SEPARATED: 4}
# What channels are that the file says nothing of.
UNTOLD = -1
GUESSED = {3: RGB}
UNCOMPRESSED = 1
EXTRA_SAMPLES = 338
# What extra samples mean.
UNSPECIFIED, ASSOCIATED, STRAIGHT = 0, 1, 2
ALPHA = (ASSOCIATED, STRAIGHT)
FAULT = "cannot be decoded"
COLOURS_UNTOLD = "the TIFF does not say what its 3 channels are, so they are taken for RGB"
INKS_WITH_ALPHA = "the alpha of a picture in CMYK is read as a channel without a meaning"


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
        samples, dtype = int(page.samplesperpixel), page.dtype
        is_told = PHOTOMETRIC in page.tags or samples == 1
        kind = int(page.photometric) if is_told else GUESSED.get(samples, UNTOLD)
        bits = int(page.bitspersample) if isinstance(page.bitspersample, int) else 0
        number = int(page.compression)
        largest = max(page.databytecounts, default=0) if number != UNCOMPRESSED else 0
        tile = int(page.tilewidth), int(page.tilelength)
    check_size(width, height, name, options.max_pixels, samples)
    if tile != (0, 0):  # of an image that has some
        check_size(*tile, name, options.max_pixels)
    is_known = dtype is not None and np.dtype(dtype).kind in "buif" and bits > 0
    if kind not in COLOURS or not is_known or depth != 1 or samples < COLOURS[kind]:
        raise FormatError(
            f"{name} {FAULT}: its pixels of {samples} channels, photometric {kind}, "
            f"{dtype}, are none that are known."
        )
    extra = _meanings(page, samples - COLOURS[kind])
    shape, whole_bytes = (height, width, samples), bits % 8 == 0
    check_tiff_reading(stream, name, shape, np.dtype(dtype), extra, largest, whole=whole_bytes)
    check_memory(shape, np.dtype(dtype), f"The pixels of {name}")
    with tifffile_at_work(name, FAULT):
        if image is not None:
            check_tiff(image, stream)
        raw = np.asarray(page.asarray())
        planes = raw.reshape(samples, height, width) if int(page.planarconfig) == 2 else None
        whole = raw.reshape(height, width, samples) if planes is None else np.moveaxis(planes, 0, 2)
    if whole.dtype.kind == "b":
        whole = whole.view(np.uint8)
    if whole.dtype.kind == "u" and bits <= 16:
        whole = widened(whole, 2**bits - 1)
    unused = 8 * whole.dtype.itemsize - bits if bits > 16 else 0  # as of 24 bits, which stay such
    if whole.dtype.kind == "u" and unused and whole.max() >> bits:
        raise FormatError(
            f"{name} {FAULT}: its numbers have more than the {bits} bits that it declares, as an "
            "older tifffile reads them. Update tifffile."
        )
    # No mode has inks with alpha.
    alpha = next((n for n, one in enumerate(extra) if one in ALPHA and kind != SEPARATED), None)
    pixels, mode = _straight(whole, kind, extra, alpha, unused)
    metadata, orientation = metadata_of_tiff(stream)
    if options.orient:
        pixels = upright(pixels, orientation)
        metadata = upright_metadata(metadata, orientation, pixels.shape)
    pixels = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("="))
    coding = {"compression": COMPRESSION_INFO.get(number, f"method {number}"), "alpha": alpha or 0}
    is_lossy = kind == SEPARATED and any(extra)
    notes = (INKS_WITH_ALPHA,) * is_lossy + (COLOURS_UNTOLD,) * (not is_told)
    return Picture(pixels, mode, "tiff", None, metadata, coding, notes)


def _meanings(page: Any, count: int) -> tuple[int, ...]:
    """Return what each channel besides the colours means.

    Where the file does not say, the fourth of four is alpha, as for all who read such files.
    """
    tag = page.tags.get(EXTRA_SAMPLES)
    value = () if tag is None else tag.value
    told = tuple(int(one) for one in (value if isinstance(value, tuple) else (value,)))
    if tag is None and (count, int(page.samplesperpixel)) == (1, 4):
        told = (STRAIGHT,)
    return (*told, *[UNSPECIFIED] * count)[: max(0, count)]


def _straight(
    pixels: Array, kind: int, extra: tuple[int, ...], alpha: int | None, unused: int
) -> tuple[Array, str]:
    """Return pixels whose alpha, if there is one, is not premultiplied and last; and their mode.

    extra: what each channel besides the colours means. alpha: which of these is alpha. unused: how
    many of the highest bits of integers their file does not have.
    """
    colours, channels = COLOURS[kind], pixels.shape[2]
    integers = pixels.dtype.kind in "iu"
    full = int(np.iinfo(pixels.dtype).max) >> unused if integers else 1
    if kind == MIN_IS_WHITE and integers:
        opposite = pixels[..., :colours] ^ pixels.dtype.type(
            full if pixels.dtype.kind == "u" else -1
        )
        pixels = np.concatenate([opposite, pixels[..., colours:]], axis=2)
    if alpha is not None and extra[alpha] == ASSOCIATED:
        alphas = pixels[..., [colours + alpha]]
        share = np.where(alphas == 0, 1, alphas / full)
        found = round_to(pixels[..., :colours] / share, pixels.dtype)
        pixels = np.concatenate([found, pixels[..., colours:]], axis=2)
    if alpha is not None and colours + alpha != channels - 1:
        order = [n for n in range(channels) if n != colours + alpha]
        pixels = pixels[..., [*order, colours + alpha]]
    more = len(extra) - (alpha is not None)
    pixels = pixels[..., 0] if channels == 1 else pixels
    return pixels, mode_of(pixels, cmyk=kind == SEPARATED, extra=more)
