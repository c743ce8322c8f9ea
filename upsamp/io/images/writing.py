"""Writing an image file: PNG, GIF and deep TIFF in our own way, the other formats by Pillow."""

import struct
from dataclasses import replace
from fractions import Fraction
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from upsamp.io.images.canvas import fit_format, image_of
from upsamp.io.images.pillow import load_format, pillow_at_work
from upsamp.io.images.saving import save_options
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, check_depth
from upsamp.io.png import write_png

__all__ = ["write_picture"]

FAULT = "cannot be encoded"


def write_picture(
    picture: Picture,
    format_name: str,
    stream: BinaryIO,
    name: str,
    options: WriteOptions,
) -> None:
    """Write an image file in that format to a stream that can be searched.

    The metadata that the format takes goes with it; of several frames all, if the format has them,
    else the first. `name` is for errors.
    """
    if format_name == "png":
        shown = picture.map(partial(_as_rgb, name=name)) if picture.mode == "YCbCr" else picture
        write_png(shown, stream, name, compression=options.compression)
        return
    if format_name == "gif":
        from upsamp.io.images.gif import write_gif  # each format is loaded for itself

        write_gif(picture, stream, name)
    elif format_name == "tiff":
        from upsamp.io.images.tiff import write_tiff

        write_tiff(picture, stream, name)
    elif format_name == "webp" and picture.rest is not None:
        from upsamp.io.images.webp import write_webp

        write_webp(picture, stream, name, options)
    elif format_name == "ppm" and picture.mode == "RGB;16":
        from upsamp.io.images.ppm import write_deep_ppm

        write_deep_ppm(picture, stream)
    else:
        _write_one(replace(picture, rest=None), format_name, stream, name, options)


def _write_one(
    picture: Picture, format_name: str, stream: BinaryIO, name: str, options: WriteOptions
) -> None:
    check_depth(picture.pixels, format_name)
    # Pillow would write to the file by its number, and take for whole what a full disk cut off.
    buffer = BytesIO()
    load_format(format_name.upper())
    with pillow_at_work(name, FAULT):
        image = fit_format(image_of(picture), picture, format_name)
        image.save(buffer, format_name, **save_options(picture, format_name, options))
    if format_name == "jpeg" and picture.metadata.get("aspect"):
        _tell_aspect(buffer, picture.metadata["aspect"])
    stream.write(buffer.getbuffer())


def _tell_aspect(jpeg: BytesIO, aspect: tuple[Any, Any]) -> None:
    """Say in the JFIF header how wide the pixels are for their height, as Pillow does not."""
    ratio = Fraction(float(aspect[0])) / Fraction(float(aspect[1]))
    across, down = ratio.limit_denominator(255).as_integer_ratio()
    if bytes(jpeg.getbuffer()[6:11]) == b"JFIF\0" and across < 2**16:
        jpeg.getbuffer()[13:18] = struct.pack(">BHH", 0, across, down)


def _as_rgb(picture: Picture, name: str) -> Picture:
    with pillow_at_work(name, FAULT):
        return replace(picture, pixels=np.asarray(image_of(picture).convert("RGB")), mode="RGB")
