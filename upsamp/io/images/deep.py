"""Numbers of more than 8 bits that Pillow cuts: PNG, JPEG 2000 and AVIF by imagecodecs."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

import numpy as np
from PIL import Image

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.core.text import first_line
from upsamp.errors import FormatError
from upsamp.io.images.declared import Numbers
from upsamp.io.images.decoding import upright
from upsamp.io.images.deep_tiff import read_deep_tiff
from upsamp.io.images.memory import check_deep_reading
from upsamp.io.images.metadata import metadata_of, orientation_of
from upsamp.io.images.modes import widened
from upsamp.io.images.pillow import pillow_at_work, quiet_libraries
from upsamp.io.images.ppm import read_deep_ppm
from upsamp.io.metadata.keeping import upright_metadata
from upsamp.io.picture_options import ReadOptions
from upsamp.io.pictures import Picture, mode_of

FAULT = "cannot be decoded"
# The functions of imagecodecs; a transparent colour of a PNG becomes alpha.
DECODERS: Mapping[str, str] = {
    "PNG": "png_decode",
    "JPEG2000": "jpeg2k_decode",
    "AVIF": "avif_decode",
}


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
    """Read all pixels of a file by imagecodecs."""
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
