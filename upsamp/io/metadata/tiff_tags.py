"""What a page of a TIFF says besides its pixels: the tags that are known, as kinds of metadata.

A tag that is not known may tell how the pixels lay in the old file, or count in its pixels, so it
is left out, and told. Sources: Adobe, "TIFF Revision 6.0"; CIPA DC-008-2023 (Exif 3.0); OGC
19-008r4, "GeoTIFF Standard 1.1"; GDAL, "GTiff -- GeoTIFF File Format".
"""

import math
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

from upsamp.io.metadata.descriptions import is_measured
from upsamp.io.metadata.directory import (
    ASCII,
    UNDEFINED,
    Directory,
    Value,
    block_of,
    numbers_of,
    read_tags,
    tags_of_block,
    value,
)
from upsamp.io.metadata.iptc import iptc_of, iptc_of_resources, paths_of_resources

DESCRIPTION, ORIENTATION, RESOLUTION, UNIT = 270, 274, (282, 283), 296
TRANSFER, WHITE, PRIMARIES = 301, 318, 319
XMP, PROFILE, IPTC, RESOURCES, GDAL, NODATA = 700, 34675, 33723, 34377, 42112, 42113
EXIF, PLACE = 34665, 34853
PHOTOMETRIC, EXTRA, SUBSAMPLING, REFERENCE = 262, 338, 530, 532
# What the modes say of themselves, by the part before the semicolon: photometric and extra samples.
PIXEL_KINDS: Mapping[str, dict[int, Any]] = {
    **{mode: {PHOTOMETRIC: 1} for mode in ("1", "L", "I", "F")},
    "LA": {PHOTOMETRIC: 1, EXTRA: 2},
    "RGB": {PHOTOMETRIC: 2},
    "RGBA": {PHOTOMETRIC: 2, EXTRA: 2},
    "P": {PHOTOMETRIC: 3},
    "CMYK": {PHOTOMETRIC: 5},
    "YCbCr": {PHOTOMETRIC: 6, SUBSAMPLING: (1, 1), REFERENCE: (0, 255, 128, 255, 128, 255)},
    "LAB": {PHOTOMETRIC: 8},
}
# Those of a camera, which also are beside the others in old files.
CAMERA = (
    *(33434, 33437, 34850, 34852, 34855, 34856, *range(34864, 34870), 36864, 36867, 36868),
    *(*range(36880, 36883), 37121, 37122, *range(37377, 37387), 37390, 37391, 37392, 37393, 37396),
    *(37500, 37510, 37520, 37521, 37522, *range(37888, 37894), *range(40960, 40965)),
    *(41483, 41484, 41486, 41487, 41488, 41492, 41493, 41495, 41728, 41729, 41730),
    *(*range(41985, 41997), 42016, *range(42032, 42044), 42080, 42081, 42082, 42240),
)
# The tags that describe a picture, with those of the directories that they lead to.
DESCRIBING: Mapping[int, Any] = {
    **dict.fromkeys((269, DESCRIPTION, 271, 272, ORIENTATION, 285, 286, 287, 305, 306, 315, 316)),
    **dict.fromkeys((18246, 18249, *range(40091, 40096), 33432, 50341)),
    **dict.fromkeys(CAMERA),
    EXIF: dict.fromkeys(CAMERA),
    PLACE: dict.fromkeys(range(32)),
}
# How many numbers each tag of a georeference has, or a multiple of how many: of lists.
GEO: Mapping[int, int] = {33550: 3, 33922: 6, 34264: 16, 34735: 4, 34736: 1, 34737: 1, 50844: 92}
LISTS = (33922, 34735, 34736, 34737)
# The types of what is no number: text, and bytes of any meaning.
TEXTS = (ASCII, UNDEFINED, 129)
# Dots per inch that no more pixels a metre make than a PNG has numbers for.
MOST_DPI = 5e7
# No number of theirs is as large, so that none becomes infinite when it is scaled.
MOST = 1e300
OTHERS = dict.fromkeys(
    (*RESOLUTION, UNIT, WHITE, PRIMARIES, XMP, PROFILE, IPTC, RESOURCES, GDAL, NODATA, *GEO)
)
# What is no loss: it says how the pixels lay in the file, or stands elsewhere.
STRUCTURAL = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284}
    | {288, 289, 290, 291, 292, 293, 297, 317, 320, 321, 322, 323, 324, 325}
    | {332, 334, 336, 338, 339, 340, 341, 347, 400, 512, 513, 514, 515, 517, 518, 519, 520, 521}
    | {529, 530, 531, 532, 32995, 32997, 32998, 40965, 59932, 59933}
)
KNOWN = STRUCTURAL | DESCRIBING.keys() | OTHERS.keys()
LAYERS, IMAGES = "an editor's layers", "other images in the file"
NAMED = {
    TRANSFER: "the transfer function of a TIFF",
    330: IMAGES,
    37724: LAYERS,
    50839: "ImageJ's regions and overlays",
    50838: "",
}
# How many tags are named by their numbers.
SHOWN = 5


def metadata_of_tiff(stream: BinaryIO) -> tuple[dict[str, Any], int | None]:
    """Return the metadata of the first page of a stream, and its orientation.

    What is damaged is left out; "gone" has words for all that is.
    """
    try:
        tags, numbers = read_tags(stream, {**DESCRIBING, **OTHERS})
    except (OSError, ValueError, OverflowError, struct.error):
        return {}, None
    metadata: dict[str, Any] = {}
    gone = [NAMED.get(tag, tag) for tag in numbers if tag not in KNOWN]
    geo = {tag: one for tag, one in tags.items() if tag in GEO}
    if all(_is_sound(tag, one) for tag, one in geo.items()):
        metadata["geo"] = geo
    else:
        gone.append("a damaged georeference")
    for name, tag in (("xmp", XMP), ("icc_profile", PROFILE), ("gdal", GDAL)):
        metadata[name] = _bytes(tags.get(tag))
    resources = _bytes(tags.get(RESOURCES))
    metadata["iptc"] = iptc_of(_bytes(tags.get(IPTC))) or iptc_of_resources(resources)
    gone += paths_of_resources(resources)
    metadata["nodata"] = nodata_of(_bytes(tags.get(NODATA)))
    metadata["exif"] = block_of({tag: one for tag, one in tags.items() if tag in DESCRIBING})
    metadata |= resolution_of(tags)
    points = (*numbers_of(tags.get(WHITE)), *numbers_of(tags.get(PRIMARIES)))
    if is_chromaticity(points):
        metadata["chromaticity"] = tuple(map(float, points))
    elif points:
        gone.append("damaged chromaticities")
    metadata["gone"] = _words(gone)
    orientation = next(iter(numbers_of(tags.get(ORIENTATION))), None)
    return {name: one for name, one in metadata.items() if one}, orientation


def _words(gone: list[Any]) -> tuple[str, ...]:
    """Return words for what is left out, the tags without a name by their numbers."""
    numbers = [str(one) for one in gone if isinstance(one, int)]
    words = tuple(one for one in gone if isinstance(one, str) and one)
    if not numbers:
        return words
    more = ", ..." if len(numbers) > SHOWN else ""
    plural = "s" if len(numbers) > 1 else ""
    return (*words, f"TIFF tag{plural} {', '.join(numbers[:SHOWN])}{more}")


def _bytes(one: object) -> bytes:
    return one.data if isinstance(one, Value) else b""


def _is_sound(tag: int, one: object) -> bool:
    numbers = numbers_of(one)
    many = len(numbers) // GEO[tag]
    fits = len(numbers) == many * GEO[tag] and (many == 1 or (many > 1 and tag in LISTS))
    return fits and all(abs(number) < MOST for number in numbers)


def nodata_of(text: bytes) -> str:
    r"""Return the number of pixels that are none, as text; "" where it is no number.

    >>> nodata_of(b"-9999 \0"), nodata_of(b"none")
    ('-9999', '')
    """
    word = text.decode("latin-1").strip("\0 ")
    try:
        float(word)
    except ValueError:
        return ""
    return word


def is_chromaticity(points: tuple[Any, ...]) -> bool:
    """Tell whether numbers are x and y of white, of red, of green and of blue."""
    return len(points) == 8 and all(0 <= one <= 1 for one in points)


def resolution_of_inches(across: Any, down: Any) -> dict[str, Any]:
    """Return the resolution in dots per inch, or of one that is no such the shape of a pixel.

    >>> resolution_of_inches(300, 300), resolution_of_inches(1, 1), resolution_of_inches(1, 0.5)
    ({'dpi': (300, 300)}, {}, {'aspect': (1, 0.5)})
    """
    try:
        sides = float(across), float(down)
    except (ArithmeticError, TypeError, ValueError):
        return {}
    if all(1 < side < MOST_DPI for side in sides):
        return {"dpi": (across, down)}
    return {"aspect": (across, down)} if 0 < min(sides) < max(sides) < math.inf else {}


def resolution_of(tags: Directory) -> dict[str, Any]:
    """Return a resolution: for print, or of what a microscope saw, or the shape of a pixel."""
    told = [tags.get(tag) for tag in RESOLUTION]
    if not all(isinstance(one, Value) and one.kind not in TEXTS for one in told):
        return {}
    across, down = (next(iter(numbers_of(one)), 0) for one in told)
    unit = next(iter(numbers_of(tags.get(UNIT))), 2)
    if not (across > 0 and down > 0):
        return {}
    if is_measured(_bytes(tags.get(DESCRIPTION))):
        return {"resolution": (across, down, unit)}
    if unit == 1:
        return {"aspect": (across, down)} if across != down else {}
    scale = {2: 1, 3: 2.54}.get(unit, 0)
    return resolution_of_inches(float(across * scale), float(down * scale))


def tiff_tags_of(metadata: Mapping[str, Any]) -> Directory:
    """Return the tags that say the same in a TIFF."""
    tags = _tags_of_exif(metadata.get("exif", b""))
    for name, tag, kind in (("xmp", XMP, 1), ("icc_profile", PROFILE, 7), ("iptc", IPTC, 7)):
        if metadata.get(name):
            tags[tag] = Value(kind, metadata[name])
    tags |= metadata.get("geo", {})
    if metadata.get("gdal"):
        tags[GDAL] = Value(ASCII, metadata["gdal"])
    if metadata.get("nodata"):
        tags[NODATA] = value(metadata["nodata"])
    points = tuple(map(float, metadata.get("chromaticity", ())))
    if is_chromaticity(points):
        tags |= {WHITE: value(points[:2]), PRIMARIES: value(points[2:])}
    for name, unit in (("aspect", 1), ("dpi", 2), ("resolution", 0)):
        if metadata.get(name):
            across, down, *own = metadata[name]
            tags |= {RESOLUTION[0]: value((_float(across),)), RESOLUTION[1]: value((_float(down),))}
            tags[UNIT] = value(*own or (unit,))
    return tags


def _tags_of_exif(block: bytes) -> Directory:
    """Return the tags of EXIF, but for empty texts and what tells no resolution."""
    of_resolution = dict.fromkeys((*RESOLUTION, UNIT))
    tags = tags_of_block(block, {**DESCRIBING, **of_resolution})
    if not resolution_of(tags):  # with tags of another type, Pillow would open no such TIFF
        tags = {tag: one for tag, one in tags.items() if tag not in of_resolution}
    empty = [
        tag
        for tag, one in tags.items()
        if isinstance(one, Value) and one.kind == ASCII and not one.data.strip(b"\0")
    ]
    return {tag: one for tag, one in tags.items() if tag not in empty}


def has_directories(metadata: Mapping[str, Any]) -> bool:
    """Tell whether there are tags in directories below the first one."""
    return any(isinstance(one, dict) for one in tiff_tags_of(metadata).values())


def _float(number: Any) -> Any:
    """Return a number of which `value` makes a ratio, whole ones too."""
    return float(number) if isinstance(number, int) else number
