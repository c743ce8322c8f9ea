"""Pillow's image of a picture, and a picture's pixels as a format has them."""

import numpy as np
from PIL import Image

from upsamp.errors import FormatError
from upsamp.io.formats import FORMATS
from upsamp.io.images.modes import offset_lab
from upsamp.io.pictures import Picture


def image_of(picture: Picture) -> Image.Image:
    """Return a picture as an image of Pillow, with its palette, without its metadata."""
    pixels = np.ascontiguousarray(picture.pixels)
    if picture.mode == "1":
        return Image.fromarray(pixels)
    if picture.mode == "LAB":
        pixels = offset_lab(pixels)
    height, width = pixels.shape[:2]
    image = Image.frombuffer(picture.mode, (width, height), pixels, "raw", picture.mode, 0, 1)
    if picture.palette is not None:
        image.putpalette(picture.palette)
    return image


def fit_format(image: Image.Image, picture: Picture, format_name: str) -> Image.Image:
    """Return the image in a mode that the format has, where that loses nothing."""
    if "transparency" in picture.metadata:
        image.info["transparency"] = picture.metadata["transparency"]
        image = image.convert("LA" if image.mode == "L" else "RGBA")
    elif image.mode == "P" and format_name == "jpeg":
        image = image.convert("RGB")
    if FORMATS[format_name].opaque and image.mode in ("LA", "RGBA"):
        if image.getchannel("A").getextrema() == (255, 255):
            return image.convert(image.mode.removesuffix("A"))
        raise FormatError(
            f"{format_name.upper()} holds no transparency, which would be lost. "
            "Use png, webp or tiff, or `upsample --background COLOUR`."
        )
    return image
