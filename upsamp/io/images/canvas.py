"""Pillow's image of a picture."""

import numpy as np
from PIL import Image

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
