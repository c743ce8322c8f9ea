"""The modes of Pillow's images, and which of them the pixels of a picture have."""

import numpy as np
from PIL import Image

from upsamp.core.arguments import Array

__all__ = ["natural", "natural_mode", "offset_lab", "pixels_of"]

# Bytes of Pillow's image that are copied at a time.
BLOCK = 2**20

# Modes whose pixels do not stand for themselves, or cannot be weighted: of what is premultiplied
# already, of a channel that means nothing, of a hue that goes in a circle.
STRAIGHT = {"PA": "RGBA", "RGBa": "RGBA", "La": "LA", "RGBX": "RGB", "HSV": "RGB"}

# Tags of a TIFF that say what a number means.
BITS, PHOTOMETRIC, FORMAT = 258, 262, 339


def natural(image: Image.Image, *, expand: bool) -> Image.Image:
    """Return the image in a mode whose pixels mean what they say.

    expand: whether palettes, one-bit pixels and transparent colours become channels.
    """
    mode = natural_mode(image.mode, expand=expand, transparent="transparency" in image.info)
    return image if mode == image.mode else image.convert(mode)


def natural_mode(mode: str, *, expand: bool, transparent: bool) -> str:
    """Return the mode that `natural` makes of one.

    >>> natural_mode("P", expand=True, transparent=False)
    'RGB'
    """
    if mode in STRAIGHT or not expand:
        return STRAIGHT.get(mode, mode)
    if mode == "P":
        return "RGBA" if transparent else "RGB"
    if transparent and mode in ("1", "L", "RGB"):
        return "RGBA" if mode == "RGB" else "LA"
    return "L" if mode == "1" else mode


def offset_lab(pixels: Array) -> Array:
    """Turn a and b of LAB from signed bytes, which wrap around, to what 128 was added to, or back.

    >>> offset_lab(np.array([[[50, 255, 1]]], np.uint8)).tolist()
    [[[50, 127, 129]]]
    """
    return pixels ^ np.array([0, 128, 128], np.uint8)


def pixels_of(image: Image.Image, format_name: str, *, expand: bool) -> tuple[Array, str]:
    """Return the pixels in this machine's order of bytes, and their mode."""
    pixels = _copied(image)
    if image.mode == "LAB":
        pixels = offset_lab(pixels)
    if pixels.dtype.byteorder == ">":
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    pixels = _as_tags_say(pixels, image)
    if image.mode == "I" and format_name in ("ppm", "png"):  # 16 bits, by these formats' rule
        pixels = pixels.astype(np.uint16)
    if pixels.dtype != np.uint16:
        return pixels, image.mode
    clear = image.info.pop("transparency", None) if expand else None
    if isinstance(clear, int):
        alpha = np.where(pixels == clear, 0, 65535).astype(np.uint16)
        return np.stack([pixels, alpha], axis=-1), "LA;16"
    return pixels, "I;16"


def _copied(image: Image.Image) -> Array:
    """Return the pixels, copied some rows at a time: at once they would be there three times."""
    width, height = image.size
    rows = max(1, BLOCK // (4 * width))
    if rows >= height:
        return np.asarray(image)
    first = np.asarray(image.crop((0, 0, width, 1)))
    pixels = np.empty((height, *first.shape[1:]), first.dtype)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return pixels


def _as_tags_say(pixels: Array, image: Image.Image) -> Array:
    """Mend what Pillow reads of a TIFF as if it were of another kind: white as 0, and no signs."""
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return pixels
    if pixels.dtype == np.uint16 and tags.get(PHOTOMETRIC) == 0:
        return np.invert(pixels)
    if pixels.dtype == np.int32 and (tags.get(FORMAT, (1,))[0], tags.get(BITS)) == (1, (32,)):
        return pixels.view(np.uint32)
    return pixels
