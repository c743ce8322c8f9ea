"""Writing an image file: PNG by our own encoder, the other formats by Pillow."""

from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from upsamp.errors import FormatError
from upsamp.io.images.pillow import pillow_at_work
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, check_depth
from upsamp.io.png import write_png

__all__ = ["write_picture"]


def write_picture(
    picture: Picture,
    format_name: str,
    stream: BinaryIO,
    name: str,
    options: WriteOptions,
) -> None:
    """Write an image file in that format to a stream that can be searched.

    The metadata that the format takes goes with it; `name` is for errors.
    """
    if format_name == "png":
        write_png(picture, stream, name, compression=options.compression)
        return
    pixels = np.ascontiguousarray(picture.pixels)
    check_depth(pixels, format_name)
    height, width = pixels.shape[:2]
    with pillow_at_work(name, "cannot be encoded"):
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
