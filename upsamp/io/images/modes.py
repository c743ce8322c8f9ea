"""The modes of Pillow's images, and which of them the pixels of a picture have."""

from dataclasses import replace

import numpy as np
from PIL import Image

from upsamp.core.arguments import Array
from upsamp.core.memory import check_limit
from upsamp.errors import FormatError
from upsamp.io.images.declared import Numbers
from upsamp.io.pictures import Picture, mode_of
from upsamp.io.transparency import expanded

# Bytes of Pillow's image that are copied at a time.
BLOCK = 2**20

# Modes whose pixels do not stand for themselves, or cannot be weighted: of what is premultiplied
# already, of a channel that means nothing, of a hue that goes in a circle.
STRAIGHT = {"PA": "RGBA", "RGBa": "RGBA", "La": "LA", "RGBX": "RGB", "HSV": "RGB"}

# The tag of a TIFF that says whether 0 is white.
PHOTOMETRIC = 262


def natural(image: Image.Image, *, expand: bool) -> Image.Image:
    """Return the image in a mode whose pixels mean what they say; expand: see `ReadOptions`."""
    mode = natural_mode(image.mode, expand=expand, transparent="transparency" in image.info)
    if image.mode == "L" and image.im.mode == "P":  # a GIF's own palette of greys beside another
        image.im = image.im.point(range(256), "L")  # without which Pillow could not convert it
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


def pixels_of(
    image: Image.Image, format_name: str, *, expand: bool, numbers: Numbers | None = None
) -> tuple[Array, str]:
    """Return the pixels in this machine's order of bytes, and their mode.

    numbers: what the header of its file says, where that can be more than Pillow says.
    """
    pixels = _copied(image)
    if image.mode == "LAB":
        pixels = offset_lab(pixels)
    if pixels.dtype.byteorder == ">":
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    handed = pixels.dtype
    if numbers is not None:
        pixels = _as_declared(pixels, numbers, format_name)
    if pixels.dtype == np.uint16 and getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == 0:
        pixels = np.invert(pixels)  # Pillow turns around those of 8 bits alone
    if pixels.dtype != np.uint16 or pixels.ndim > 2:
        return pixels, image.mode if pixels.dtype == handed else mode_of(pixels)
    clear = image.info.pop("transparency", None) if expand else None
    if isinstance(clear, int):
        alpha = np.where(pixels == clear, 0, 65535).astype(np.uint16)
        return np.stack([pixels, alpha], axis=-1), "LA;16"
    return pixels, "I;16"


def masked(picture: Picture, mask: Array, name: str) -> Picture:
    """Return a picture with alpha from a mask of 8 bits, (H, W), of which 0 is clear.

    An alpha that it has stays where the mask is not clear.
    """
    height, width = picture.pixels.shape[:2]
    if mask.shape != (height, width) or mask.dtype != np.uint8:
        raise FormatError(f"{name} cannot be decoded: its mask is none of its picture.")
    if picture.colours not in ("1", "P", "L", "LA", "I", "F", "RGB", "RGBA"):
        note = f"the mask of a picture in {picture.colours} is left out"
        return replace(picture, notes=(*picture.notes, note))
    pixels = picture.pixels
    each = pixels.nbytes // (height * width) + 4 * pixels.dtype.itemsize
    check_limit(2 * each * height * width, f"the {width:,} x {height:,} pixels of {name}")
    if picture.mode in ("1", "P"):
        picture = expanded(picture)
        pixels = picture.pixels
    kind = pixels.dtype
    if kind.kind == "f":
        steps = (np.arange(256) / 255).astype(kind)
    else:
        steps = np.array([value * int(np.iinfo(kind).max) // 255 for value in range(256)], kind)
    alpha = steps[mask][..., np.newaxis]
    if picture.has_alpha:
        alpha = np.minimum(alpha, pixels[..., -1:])
        pixels = pixels[..., :-1]
    pixels = np.concatenate([pixels.reshape(height, width, -1), alpha], axis=2)
    mode = mode_of(pixels, extra=picture.extra)
    return replace(picture, pixels=pixels, mode=mode)


def widened(pixels: Array, full: int) -> Array:
    """Return numbers from 0 to `full` spread over all of 8 or 16 bits, rounded half to even.

    >>> widened(np.array([0, 2048, 4095], np.uint16), 4095)
    array([    0, 32776, 65535], dtype=uint16)
    """
    most, kind = (255, np.uint8) if full <= 255 else (65535, np.uint16)
    if full >= most:
        return pixels
    table: Array = np.rint(np.arange(full + 1) * most / full).astype(kind)
    wide: Array = table[np.minimum(pixels, pixels.dtype.type(full))]
    return wide


def _as_declared(pixels: Array, numbers: Numbers, format_name: str) -> Array:
    """Return pixels of Pillow as the numbers that a file declares, where no bits were lost.

    Pillow keeps signed ones in unsigned ones and other sizes. Those of JPEG 2000 it shifts up to 8
    or 16 bits, and adds half of their range to signed ones.
    """
    if numbers.kind == pixels.dtype.kind == "f":
        return pixels.byteswap() if numbers.swapped else pixels
    if numbers.kind not in "ui" or pixels.dtype.kind not in "ui":
        return pixels
    if format_name == "jpeg2000":
        if not numbers.plain:  # such as colours of a palette
            return pixels
        pixels = _shifted_down(pixels, numbers)
    wanted = np.dtype(f"{numbers.kind}{next(n for n in (1, 2, 4) if 8 * n >= numbers.bits)}")
    is_same = pixels.dtype.itemsize == wanted.itemsize
    pixels = pixels.view(wanted) if is_same else pixels.astype(wanted)
    if numbers.swapped:
        pixels = pixels.byteswap()
    return widened(pixels, numbers.full) if numbers.kind == "u" else pixels


def _shifted_down(pixels: Array, numbers: Numbers) -> Array:
    """Return numbers of JPEG 2000 as the file has them."""
    more = 8 * pixels.dtype.itemsize - numbers.bits
    if more > 0:
        pixels = pixels >> pixels.dtype.type(more)
    if numbers.kind == "u":
        return pixels
    half = pixels.dtype.type(2 ** (numbers.bits - 1))
    signed: Array = (pixels - half).view(f"i{pixels.dtype.itemsize}")
    return signed


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
