"""Numbers that Pillow cuts or has no mode for: TIFF by tifffile, the others by imagecodecs.

The others are PNG, JPEG 2000 and AVIF of more than 8 bits.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import COMPRESSION_INFO

from upsamp.core.arguments import Array
from upsamp.core.dtypes import round_to
from upsamp.core.memory import check_memory
from upsamp.core.text import first_line
from upsamp.errors import FormatError
from upsamp.io.extras import check_extra
from upsamp.io.images.damage import check_tags, check_tiff
from upsamp.io.images.declared import Numbers
from upsamp.io.images.memory import check_deep_reading, check_tiff_reading
from upsamp.io.images.metadata import metadata_of, orientation_of
from upsamp.io.images.modes import PHOTOMETRIC, widened
from upsamp.io.images.pillow import pillow_at_work, quiet_libraries
from upsamp.io.images.ppm import read_deep_ppm
from upsamp.io.metadata.keeping import upright_metadata
from upsamp.io.metadata.scale import upright
from upsamp.io.metadata.tiff_tags import metadata_of_tiff
from upsamp.io.picture_options import ReadOptions, check_size
from upsamp.io.pictures import Picture, mode_of

FAULT = "cannot be decoded"
# The functions of imagecodecs; a transparent colour of a PNG becomes alpha.
DECODERS: Mapping[str, str] = {
    "PNG": "png_decode",
    "JPEG2000": "jpeg2k_decode",
    "AVIF": "avif_decode",
}

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
COLOURS_UNTOLD = "the TIFF does not say what its 3 channels are, so they are taken for RGB"
INKS_WITH_ALPHA = "the alpha of a picture in CMYK is read as a channel without a meaning"


def read_deep(
    image: Image.Image,
    stream: BinaryIO,
    name: str,
    options: ReadOptions,
    *,
    numbers: Numbers,
    animated: bool,
) -> Picture:
    """Read a frame whose numbers Pillow would cut.

    image: opened by Pillow, at that frame, and not loaded: it gives what the file says besides.
    stream: the file, or of a TIFF the page. numbers: what its header says. animated: whether it is
    one of several frames that this cannot read apart.
    """
    if image.format == "TIFF":
        return read_deep_tiff(stream, name, options, image)
    if animated:
        raise FormatError(
            f"{name} is an animation of {numbers}, whose frames would be cut to 8 bits. "
            "Use --depth 8 to accept that."
        )
    width, height = image.size
    channels = 4 if "transparency" in image.info else numbers.samples
    dtype = np.dtype(f"{numbers.kind}{2 if numbers.bits <= 16 else 4}")
    check_deep_reading(image, stream, name, channels, dtype)
    check_memory((height, width, channels), dtype, f"The pixels of {name}")
    if image.format == "PPM":
        pixels = read_deep_ppm(stream, name, image.size)
    else:
        pixels = _decoded(stream, name, DECODERS[image.format or ""])
    if pixels.shape[:2] != (height, width) or pixels.shape[2:] not in ((), (2,), (3,), (4,)):
        raise FormatError(f"{name} {FAULT}: its pixels are not those that it declares.")
    if numbers.kind == "u":
        pixels = widened(pixels, numbers.full)
    with pillow_at_work(name, FAULT):
        # PNG may say more behind its pixels.
        metadata = metadata_of(image, stream)
        orientation = orientation_of(image)
    metadata.pop("transparency", None)  # it became alpha
    if options.orient:
        pixels = upright(pixels, orientation)
        metadata = upright_metadata(metadata, orientation, pixels.shape)
    return Picture(pixels, mode_of(pixels), str(image.format).lower(), None, metadata)


def _decoded(stream: BinaryIO, name: str, decoder: str) -> Array:
    import imagecodecs

    stream.seek(0)
    try:
        with quiet_libraries():
            pixels: Array = getattr(imagecodecs, decoder)(stream.read())
    except (RuntimeError, ValueError) as error:  # its errors are of the first
        raise FormatError(f"{name} {FAULT}: {first_line(error)}.") from error
    return pixels


def strip_encoder(compression: str) -> Callable[[Array], bytes]:
    """Return what compresses a strip of a TIFF, bytes (rows, bytes of a row).

    compression: by Pillow's names zstd, tiff_lzw, or packbits, which packs each row alone.
    """
    import imagecodecs

    if compression == "packbits":
        return lambda rows: b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in rows)
    encode = imagecodecs.zstd_encode if compression == "zstd" else imagecodecs.lzw_encode
    return lambda rows: bytes(encode(rows.tobytes()))


def inks_to_rgb(pixels: Array, profile: bytes, wanted: bytes, intent: int, flags: int) -> Array:
    """Return CMYK of 16 bits in RGB, from one profile to another; the numbers are littlecms'."""
    import imagecodecs

    made: Array = imagecodecs.cms_transform(
        np.ascontiguousarray(pixels),
        profile,
        wanted,
        colorspace="cmyk",
        outcolorspace="rgb",
        intent=intent,
        flags=flags,
    )
    return made


@contextmanager
def tifffile_at_work(name: str, fault: str) -> Iterator[None]:
    """Let tifffile work: what it would log is kept silent, and its errors become ours."""
    import tifffile

    logger = logging.getLogger("tifffile")
    before = logger.disabled
    logger.disabled = True
    try:
        with pillow_at_work(name, fault):
            yield
    except tifffile.TiffFileError as error:  # an error of its own until 2025
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
