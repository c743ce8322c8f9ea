"""What an image file says besides its pixels: resolution, colours, EXIF, XMP, comments, timing."""

import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from PIL import ExifTags, Image

from upsamp.io.metadata.exif import PREFIX

__all__ = ["DAMAGED", "exif_to_keep", "metadata_of", "orientation_of", "sound_dpi"]

# Metadata that a file keeps, by Pillow's names, with the types that it has; the last three say what
# a PNG's colours are.
KEPT: Mapping[str, type | tuple[type, ...]] = {
    "icc_profile": bytes,
    "transparency": (int, bytes, tuple),
    "gamma": float,
    "chromaticity": tuple,
    "srgb": int,
}
# What Pillow raises on tags that are damaged.
DAMAGED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
XMP = 700
HEADERS = (b"II*\0", b"MM\0*")
# As texts of a PNG, XMP is found, and what old programs have written in their own way.
NO_TEXT = ("XML:com.adobe.xmp", "Raw profile type ")
ORIENTATION = ExifTags.Base.Orientation
# Tags of a TIFF file that say how its pixels lie there, or what stands in `metadata` anyhow: its
# size, coding, resolution, profile and XMP. Of another file they would be untrue.
STRUCTURAL = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 282}
    | {283, 284, 288, 289, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323}
    | {324, 325, 330, 332, 334, 336, 338, 339, 340, 341, 347, 512, 513, 514, 515, 517, 518, 519}
    | {520, 521, 529, 530, 531, 532, 700, 34675}
)


def metadata_of(image: Image.Image, orientation: object) -> dict[str, Any]:
    """Return what a loaded image's file says, as far as it makes sense.

    orientation: what its EXIF said; it may have been taken out of the image.
    """
    # A text of a PNG may have any of these names.
    info = image.info
    metadata = {key: info[key] for key, kinds in KEPT.items() if isinstance(info.get(key), kinds)}
    metadata |= sound_dpi(image.info.get("dpi", ()))
    with suppress(*DAMAGED):
        exif = _exif(image, orientation)
        if exif:
            metadata["exif"] = exif
    # What it says of a TIFF's orientation, Pillow has taken out where it turned the pixels.
    tags = getattr(image, "tag_v2", {})
    tagged = tags.get(XMP)
    if isinstance(tagged, tuple):
        tagged = next(iter(tagged), None)
    xmp = tagged or info.get("xmp")
    if not isinstance(xmp, bytes):
        xmp = info.get("XML:com.adobe.xmp")
    comment = None if image.format == "PNG" else image.info.get("comment")  # one of its texts
    for name, value in (("xmp", xmp), ("comment", comment)):
        if isinstance(value, str | bytes) and value:
            metadata[name] = value.encode() if isinstance(value, str) else value
    text = getattr(image, "text", None)
    if text:
        metadata["text"] = {
            key: str(value) for key, value in text.items() if not key.startswith(NO_TEXT)
        }
    return metadata | _timing(image)


def orientation_of(image: Image.Image) -> int | None:
    """Return the orientation that EXIF says; none where that is damaged."""
    with suppress(*DAMAGED):
        orientation = image.getexif().get(ORIENTATION)
        return orientation if isinstance(orientation, int) else None
    return None


def sound_dpi(dpi: Iterable[Any]) -> dict[str, Any]:
    """Return the resolution, or nothing where it says nothing, such as 0/0."""
    with suppress(*DAMAGED):
        across, down = () if isinstance(dpi, str) else dpi
        if all(1 < float(part) < 1e6 for part in (across, down)):
            return {"dpi": (across, down)}
    return {}


def _exif(image: Image.Image, orientation: object) -> bytes:
    """Return the EXIF of a file byte for byte; of a TIFF, whose tags it is, those that describe."""
    if image.format != "TIFF":
        raw = image.info.get("exif", b"")
        while raw.startswith(PREFIX):  # some programs write it twice
            raw = raw[len(PREFIX) :]
        if raw:
            return bytes(raw) if raw.startswith(HEADERS) else b""
        return exif_to_keep(image.getexif())
    exif = image.getexif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    return exif_to_keep(exif)


def exif_to_keep(exif: Image.Exif) -> bytes:
    """Return the tags of a TIFF file that describe the picture, as a block of EXIF."""
    for tag in STRUCTURAL & set(exif):
        del exif[tag]
    return exif.tobytes().removeprefix(PREFIX) if exif else b""


def _timing(image: Image.Image) -> dict[str, Any]:
    """Return a frame's duration in milliseconds, and how often all are played, 0 for ever."""
    timing: dict[str, Any] = {}
    duration = image.info.get("duration")
    if isinstance(duration, int | float):
        timing["duration"] = duration
    if image.format == "GIF":
        # GIF says how often it is repeated; without that it is played once.
        loop = image.info.get("loop")
        timing["plays"] = 1 if loop is None else loop and loop + 1
    elif isinstance(image.info.get("loop"), int):
        timing["plays"] = image.info["loop"]
    return timing
