"""Pixels of print and of television as RGB, for formats that lack them; and colours by names."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import ImageCms, ImageColor

from upsamp.core.arguments import Array
from upsamp.io.extras import check_extra
from upsamp.io.images.modes import image_of
from upsamp.io.images.pillow import LIBRARY_ERRORS
from upsamp.io.metadata.colours import OF_COLOURS, SRGB, space_of_profile
from upsamp.io.pictures import Picture, mode_of

# Pixels that are converted together.
BLOCK = 2**18
# Tags of a TIFF, and what they mean where they are not there, which is what Pillow converts by: how
# red, green and blue add up to luma; the numbers of black and white, or of no and of full colour.
COEFFICIENTS, REFERENCE = 529, 532
USUAL = {COEFFICIENTS: (0.299, 0.587, 0.114), REFERENCE: (0, 255, 128, 255, 128, 255)}
INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
BLACK_POINTS = ImageCms.Flags.BLACKPOINTCOMPENSATION


def as_rgb(picture: Picture) -> Picture:
    """Return a picture of YCbCr, LAB or CMYK in RGB; a note says how inks became light.

    CMYK is converted to sRGB by its profile, in relative colorimetry with the black points brought
    together, and LAB is seen under D50. Without a profile red is (1 - cyan)(1 - black).
    """
    if picture.mode == "YCbCr":
        convert = lambda rows: np.asarray(image_of(rows).convert("RGB"))  # noqa: E731 - one line
        return _converted(picture, convert, picture.metadata)
    metadata = {key: one for key, one in picture.metadata.items() if key not in OF_COLOURS}
    profile = picture.metadata.get("icc_profile", b"") if picture.mode != "LAB" else b""
    known = picture.mode == "LAB" or space_of_profile(profile) == "CMYK"
    transform = _transform(profile) if known else None
    if transform is None:
        note = (
            f"the CMYK has {'a damaged' if profile else 'no'} colour profile, so it is converted "
            "to RGB without, and its colours may look different"
        )
        return _converted(picture, _mixed_inks, metadata, note)
    by_profile = "CMYK is converted to sRGB by its colour profile"
    if picture.mode == "CMYK;16":
        return _converted(picture, _deep_transform(profile), metadata | SRGB, by_profile)
    note = "LAB is converted to sRGB" if picture.mode == "LAB" else by_profile
    convert = lambda rows: np.asarray(ImageCms.applyTransform(image_of(rows), transform))  # noqa: E731
    return _converted(picture, convert, metadata | SRGB, note)


def declared_rgb(pixels: Array, tags: Mapping[int, Any]) -> tuple[Array, str]:
    """Return YCbCr pixels of a TIFF as RGB where its tags say that they are unusual.

    Returns the mode, too. Tags that say nothing sound are passed over.
    Source: Adobe, "TIFF Revision 6.0", sections 20 and 21.
    """
    weights, reference = (
        np.array(_numbers(tags.get(tag), len(usual)) or usual) for tag, usual in USUAL.items()
    )
    black, white = reference[::2], reference[1::2]
    sound = (weights > 0).all() and abs(weights.sum() - 1) < 0.01 and (white > black).all()
    usual = all(map(np.allclose, (weights, reference), USUAL.values(), (0, 0), (0.001, 0.001)))
    if usual or not sound:
        return pixels, "YCbCr"
    red, green, blue = weights
    made, rows = np.empty_like(pixels), max(1, BLOCK // pixels.shape[1])
    for start in range(0, len(pixels), rows):
        part = pixels[start : start + rows]
        luma, blueness, redness = np.moveaxis(
            (part - black) * [255, 127, 127] / (white - black), 2, 0
        )
        high, low = luma + redness * (2 - 2 * red), luma + blueness * (2 - 2 * blue)
        middle = (luma - red * high - blue * low) / green
        values = np.rint(np.stack([high, middle, low], axis=2)).clip(0, 255)
        made[start : start + rows] = values
    return made, "RGB"


def _numbers(given: Any, count: int) -> tuple[float, ...]:
    """Return this many numbers of a tag; nothing where it has others."""
    try:
        numbers = tuple(map(float, given))
    except (ArithmeticError, TypeError, ValueError):
        return ()
    return numbers if len(numbers) == count and np.isfinite(numbers).all() else ()


def _converted(
    picture: Picture,
    convert: Callable[[Picture], Array],
    metadata: Mapping[str, Any],
    *notes: str,
) -> Picture:
    """Return a picture in RGB, converted some rows at a time."""
    height, width = picture.pixels.shape[:2]
    pixels = np.empty((height, width, 3), picture.pixels.dtype)
    rows = max(1, BLOCK // width)
    for start in range(0, height, rows):
        part = picture.pixels[start : start + rows]
        pixels[start : start + rows] = convert(picture.with_pixels(part))
    mode, notes = mode_of(pixels), (*picture.notes, *notes)
    return replace(picture, pixels=pixels, mode=mode, metadata=metadata, notes=notes)


@lru_cache(maxsize=4)
def _transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """Return what makes sRGB of CMYK of 8 bits, or of LAB; None of a damaged profile."""
    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile)) if profile else None
        source, mode = (own, "CMYK") if own else (ImageCms.createProfile("LAB"), "LAB")
        wanted = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(source, wanted, mode, "RGB", INTENT, BLACK_POINTS)
    except (ImageCms.PyCMSError, *LIBRARY_ERRORS):
        return None


def _deep_transform(profile: bytes) -> Callable[[Picture], Array]:
    """Return what makes RGB of CMYK of 16 bits, which Pillow does not convert."""
    check_extra("imagecodecs", "Converting CMYK of 16 bits")
    from upsamp.io.images.deep import inks_to_rgb  # few have such

    wanted = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return lambda rows: inks_to_rgb(rows.pixels, profile, wanted, int(INTENT), int(BLACK_POINTS))


def _mixed_inks(rows: Picture) -> Array:
    """Return RGB of CMYK, as if each ink took away its own light and nothing else."""
    full = int(np.iinfo(rows.pixels.dtype).max)
    clear = full - rows.pixels.astype(np.uint32)
    product = clear[..., :3] * clear[..., 3:]
    result: Array = ((product + full // 2) // full).astype(rows.pixels.dtype)
    return result


def colour_of_name(text: str) -> tuple[int, int, int] | None:
    """Return red, green and blue of a name of CSS, of #rgb or #rrggbb; None for anything else.

    >>> colour_of_name("Orange"), colour_of_name("#f80"), colour_of_name("rgb(1, 2, 3)")
    ((255, 165, 0), (255, 136, 0), None)
    """
    wanted = text.lower()
    if wanted not in ImageColor.colormap and not re.fullmatch("#([0-9a-f]{3}){1,2}", wanted):
        return None
    red, green, blue = ImageColor.getrgb(wanted)[:3]
    return red, green, blue
