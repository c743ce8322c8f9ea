"""What an image file says besides its pixels: resolution, colours, EXIF, XMP, comments, timing."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from PIL import ExifTags, Image

from upsamp.io.images.besides import besides
from upsamp.io.images.pillow import LIBRARY_ERRORS
from upsamp.io.metadata import xmp
from upsamp.io.metadata.directory import tags_of_block
from upsamp.io.metadata.exif import PREFIX
from upsamp.io.metadata.iptc import IPTC, PATHS, iptc_of, iptc_of_resources
from upsamp.io.metadata.tiff_tags import (
    IMAGES,
    LAYERS,
    RESOLUTION,
    UNIT,
    metadata_of_tiff,
    resolution_of,
    resolution_of_inches,
)
from upsamp.io.png.chunks import find_chunks

# Metadata that a file keeps, by Pillow's names, with the types that it has; the last three say what
# a PNG's colours are.
KEPT: Mapping[str, type | tuple[type, ...]] = {
    "icc_profile": bytes,
    "transparency": (int, bytes, tuple),
    "gamma": float,
    "chromaticity": tuple,
    "srgb": int,
}
# What is never among what Pillow says.
PASSED_OVER = {"cicp", "clli", "geo", "iptc", "mdcv"}
# Where XMP stands: in a tag of a TIFF, in a text of a PNG, behind a name, among resources.
XMP, XMP_TEXT, XMP_HEAD = 700, "XML:com.adobe.xmp", b"http://ns.adobe.com/xap/1.0/\0"
XMP_RESOURCE, RAW_PROFILE = 0x0424, "Raw profile type "
HEADERS = (b"II*\0", b"MM\0*")
# What a JPEG's segments begin with that are kept, or that tell how its pixels are coded, and of
# others, what they hold.
PROFILE_HEAD, RESOURCES_HEAD = b"ICC_PROFILE\0", b"Photoshop 3.0\0"
SEGMENTS = (b"JFIF\0", b"JFXX\0", PREFIX, XMP_HEAD, PROFILE_HEAD, b"MPF\0", b"Adobe", b"Ducky")
SEGMENT_WORDS = {"APP11": "content credentials", "APP1": "the rest of a long XMP"}
# The units of a JFIF header: dots in an inch, and in a centimetre.
UNITS = (1, 2)
DAMAGED_PROFILE, DAMAGED_EXIF = "a damaged colour profile", "damaged EXIF"
# The chunks of a PNG that are kept, or that tell how its pixels are coded, and what others hold.
CHUNKS = frozenset(
    {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "pHYs", "tEXt"}
    | {"zTXt", "iTXt", "eXIf", "acTL", "fcTL", "fdAT", "cICP", "mDCV", "cLLI"}
    | {"iDOT"}
)
CHUNK_WORDS = {
    "caBX": "content credentials",
    "bKGD": "the colour of the background",
    "sBIT": "the significant bits",
    "hIST": "how often each colour is used",
    "sPLT": "a suggested palette",
    "tIME": "the time of the last change",
}
# As texts of a PNG, XMP is found, and what old programs have written in their own way.
NO_TEXT = (XMP_TEXT, RAW_PROFILE)
ORIENTATION = ExifTags.Base.Orientation


def metadata_of(image: Image.Image, stream: BinaryIO) -> dict[str, Any]:
    """Return what a loaded image's file says, as far as it makes sense.

    stream: the file, or of a TIFF the page. What is bound to pixels that are gone is "gone", in
    words. What Pillow passes over is there for `orientation_of`, too.
    """
    found = besides(image, stream)
    # A text of a PNG may have any of these names.
    info = image.info
    info.update(found)
    metadata = {key: info[key] for key, kinds in KEPT.items() if isinstance(info.get(key), kinds)}
    if image.format == "TIFF":
        told, _ = metadata_of_tiff(stream)
        return metadata | told | _timing(image)
    texts = _texts(image)
    profiles = dict(_raw_profiles(texts))
    with suppress(*LIBRARY_ERRORS):
        metadata["exif"] = _exif(image, profiles)
    with suppress(*LIBRARY_ERRORS):
        metadata |= _resolution(image, metadata.get("exif", b""))
    metadata["xmp"] = _xmp(image, profiles)
    iptc = _resources(image).get(IPTC) or profiles.get("iptc") or profiles.get("8bim", b"")
    metadata["iptc"] = iptc_of_resources(iptc) or iptc_of(iptc)
    comment = None if image.format == "PNG" else info.get("comment")  # one of its texts
    if isinstance(comment, str | bytes):
        metadata["comment"] = comment.encode() if isinstance(comment, str) else comment
    metadata["text"] = {
        key: str(text) for key, text in texts.items() if not key.startswith(NO_TEXT)
    }
    metadata |= {key: found[key] for key in PASSED_OVER & found.keys()}
    has_exif = bool(metadata.get("exif"))
    gone = (*_gone(image, stream, has_exif=has_exif), *found.get("gone", ()))
    metadata["gone"] = tuple(dict.fromkeys(gone))
    said = {key: one for key, one in metadata.items() if one not in (b"", {}, ())}
    return said | _timing(image)


def orientation_of(image: Image.Image) -> int | None:
    """Return the orientation that EXIF says, or XMP; none where that is damaged."""
    orientation = None
    with suppress(*LIBRARY_ERRORS):
        orientation = image.getexif().get(ORIENTATION)
    if orientation is None:
        orientation = xmp.orientation_of(_xmp(image, dict(_raw_profiles(_texts(image)))))
    return orientation if isinstance(orientation, int) else None


def tell_orientation(image: Image.Image) -> int | None:
    """Return a TIFF's orientation, by which Pillow turns the pixels that it is about to decode."""
    orientation = orientation_of(image)
    if orientation is not None:
        image.getexif()[ORIENTATION] = orientation
    return orientation


def _texts(image: Image.Image) -> Mapping[str, Any]:
    return getattr(image, "text", None) or {}


def _raw_profiles(texts: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield what old programs have written in texts of a PNG: a name, a length, and digits."""
    for key, text in texts.items():
        name = key.removeprefix(RAW_PROFILE)
        if name != key:
            with suppress(ValueError):
                yield name.lower(), bytes.fromhex("".join(str(text).split("\n")[3:]))


def _xmp(image: Image.Image, profiles: Mapping[str, bytes]) -> bytes:
    """Return XMP from wherever the format has it; nothing where there is none."""
    tagged = getattr(image, "tag_v2", {}).get(XMP)
    text = image.info.get(XMP_TEXT)
    places = (
        next(iter(tagged), None) if isinstance(tagged, tuple) else tagged,
        image.info.get("xmp"),  # which may be but a text of that name
        text.encode() if isinstance(text, str) else text,
        profiles.get("xmp"),
        profiles.get("app1", b"").partition(XMP_HEAD)[2],
        _resources(image).get(XMP_RESOURCE),
    )
    return next((one for one in places if isinstance(one, bytes) and one), b"")


def _resources(image: Image.Image) -> Mapping[int, bytes]:
    """Return Photoshop's resources by their numbers."""
    told = image.info.get("photoshop")
    if image.format == "PSD":
        told = {number: data for number, _, data in getattr(image, "resources", ())}
    return told if isinstance(told, dict) else {}


def _exif(image: Image.Image, profiles: Mapping[str, bytes]) -> bytes:
    """Return the EXIF of a file byte for byte."""
    given = image.info.get("exif")
    raw = given if isinstance(given, bytes) else profiles.get("exif", profiles.get("app1", b""))
    while raw.startswith(PREFIX):  # some programs write it twice
        raw = raw[len(PREFIX) :]
    is_whole = raw.startswith(HEADERS) and len(raw) >= 8  # with the place of its directory
    return raw if is_whole else b""


def _resolution(image: Image.Image, exif: bytes) -> dict[str, Any]:
    """Return the resolution, or without a unit how wide pixels are for their height."""
    info = image.info
    dpi, aspect = info.get("dpi"), info.get("aspect")
    if info.get("jfif_unit") == 0:
        aspect = info.get("jfif_density")
    if isinstance(aspect, tuple) and len(set(aspect)) == 2 and min(aspect) > 0:
        return {"aspect": aspect}
    if image.format in ("JPEG", "MPO") and info.get("jfif_unit") not in UNITS:
        # Of EXIF Pillow takes one side, and makes up 72 where it tells none.
        return resolution_of(tags_of_block(exif, dict.fromkeys((*RESOLUTION, UNIT))))
    return resolution_of_inches(*dpi) if isinstance(dpi, tuple) and len(dpi) == 2 else {}


def _gone(image: Image.Image, stream: BinaryIO, *, has_exif: bool) -> tuple[str, ...]:
    """Return words for what is left out."""
    words = [IMAGES] if isinstance(image.info.get("mp"), bytes) else []
    if image.format == "PSD" and getattr(image, "n_frames", 1) > 1:
        words.append(LAYERS)
    if any(number in PATHS for number in _resources(image)):
        words.append("Photoshop's paths")
    if not has_exif and image.info.get("exif") not in (None, b"", PREFIX):
        words.append(DAMAGED_EXIF)
    has_profile = isinstance(image.info.get("icc_profile"), bytes)
    for name, data in getattr(image, "applist", ()):
        if data.startswith(PROFILE_HEAD) and not has_profile:
            words.append(DAMAGED_PROFILE)
        elif name != "COM" and not data.startswith((*SEGMENTS, RESOURCES_HEAD)):
            words.append(SEGMENT_WORDS.get(name, f"the JPEG's segments {name}"))
    # Of an animation Pillow has still to read.
    if image.format == "PNG" and not getattr(image, "is_animated", False):
        names = [kind.decode("latin-1") for kind, *_ in find_chunks(stream) if kind.isalpha()]
        words += [DAMAGED_PROFILE] * ("iCCP" in names and not has_profile)
        others = [name for name in names if name not in CHUNKS]
        words += [CHUNK_WORDS.get(name, f"the PNG's chunk {name}") for name in others]
    return tuple(words)


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
