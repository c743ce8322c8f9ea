"""XMP: what it says of orientation and of sizes is changed in place; it is never parsed as XML.

A property is an attribute or an element, of any prefix that the text declares for its namespace.
Each expression looks at a byte a bounded number of times, so hostile text takes no longer. Sources:
ISO 16684-1:2019, "Extensible metadata platform (XMP)"; Google, "Photo Sphere XMP Metadata";
Metadata Working Group, "Guidelines for Handling Image Metadata 2.0"; IPTC, "Photo Metadata
Standard 2023.1"; CIPA DC-008-2023; Adobe, "Gain Map 1.0"; Google, "Ultra HDR Image Format v1.1".
"""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from upsamp.io.metadata.scale import SAME, Scale, Turn, spelled

TIFF, EXIF = b"http://ns.adobe.com/tiff/1.0/", b"http://ns.adobe.com/exif/1.0/"
PANORAMA = b"http://ns.google.com/photos/1.0/panorama/"
DIMENSIONS = b"http://ns.adobe.com/xap/1.0/sType/Dimensions#"
AREA = b"http://ns.adobe.com/xmp/sType/Area#"
IPTC = b"http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
CAMERA = b"http://ns.google.com/photos/1.0/camera/"
NOTE = b"http://ns.adobe.com/xmp/note/"
XMP = b"http://ns.adobe.com/xap/1.0/"
# The prefixes that stand for them where the text declares none.
USUAL: Mapping[bytes, bytes] = {b"tiff": TIFF, b"exif": EXIF, b"GPano": PANORAMA, b"stArea": AREA}
# What other images in a file are announced by: gain maps, depths, films.
GONE: Mapping[bytes, str] = {
    b"http://ns.adobe.com/hdr-gain-map/1.0/": "",
    b"http://ns.apple.com/HDRGainMap/1.0/": "",
    b"http://ns.google.com/photos/1.0/container/": "",
    b"http://ns.google.com/photos/1.0/container/item/": "",
    b"http://ns.google.com/photos/1.0/image/": "",
    b"http://ns.google.com/photos/1.0/depthmap/": "",
    b"http://ns.google.com/photos/dd/1.0/": "",
    CAMERA: "Motion|MicroVideo",
    NOTE: "HasExtendedXMP",
}
# Counted by columns and by rows: places, and the lengths from there.
PLACES = {
    PANORAMA: (
        {b"FullPanoWidthPixels", b"CroppedAreaImageWidthPixels", b"CroppedAreaLeftPixels"}
        | {b"LargestValidInteriorRectLeft", b"LargestValidInteriorRectWidth"},
        {b"FullPanoHeightPixels", b"CroppedAreaImageHeightPixels", b"CroppedAreaTopPixels"}
        | {b"LargestValidInteriorRectTop", b"LargestValidInteriorRectHeight"},
    ),
    EXIF: ({b"FocalPlaneXResolution"}, {b"FocalPlaneYResolution"}),
}
# The same where a unit beside them says that they are in pixels.
UNITED = {
    DIMENSIONS: ({b"w"}, {b"h"}, b"unit"),
    AREA: ({b"x", b"w", b"d"}, {b"y", b"h"}, b"unit"),
    IPTC: ({b"rbX", b"rbW", b"rbRx"}, {b"rbY", b"rbH"}, b"rbUnit"),
}
# The size, wherever it is told.
WIDTHS = {(TIFF, b"ImageWidth"), (EXIF, b"PixelXDimension")}
HEIGHTS = {(TIFF, b"ImageLength"), (EXIF, b"PixelYDimension")}
# Lists of up to four numbers, in an element of about this many bytes.
SUBJECT, SUBJECT_BYTES = re.compile(rb"<([\w.-]+):Subject(?:Area|Location)\s*>"), 1000
ITEM = re.compile(rb"(<[\w.-]+:li\s*>\s*)(\d{1,9})(?=\s*</)")

DECLARED = re.compile(rb"(?<![\w.:-])xmlns:([\w.-]+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
ATTRIBUTE = re.compile(
    rb"(?<![\w.:-])([\w.-]+):([\w.-]+)\s*=\s*(?:\"(?P<a>[^\"<]*)\"|'(?P<b>[^'<]*)')"
)
ELEMENT = re.compile(rb"<([\w.-]+):([\w.-]+)(?=[\s>])[^<>]*>(?P<a>[^<]*)(?P<b>)(?=</)")
TAG = re.compile(rb"<(/?)([\w.-]+):([\w.-]+)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+)>")
NUMBER = re.compile(rb"\s*(\d{1,15}(?:\.\d{1,15})?)\s*(?:/\s*(\d{1,15})\s*)?")
# A part of the text, and what comes in its place.
Edit = tuple[int, int, bytes]


class Property(NamedTuple):
    """A property's namespace and name, its value, and where that stands."""

    space: bytes
    name: bytes
    value: bytes
    start: int

    def put(self, value: bytes) -> Edit:
        """Return what changes the value, not the blanks around it."""
        start = self.start + len(self.value) - len(self.value.lstrip())
        return start, start + len(self.value.strip()), value


def orientation_of(xmp: bytes) -> int | None:
    """Return the orientation that the text tells; None for what is none.

    >>> orientation_of(b"<x tiff:Orientation='6'/>")
    6
    """
    told = (one.value.strip() for one in _properties(xmp) if _is_orientation(one))
    return next((int(word) for word in told if re.fullmatch(rb"[1-8]", word)), None)


def without_orientation(xmp: bytes, turn: Turn | None = None) -> bytes:
    """Say that the picture stands upright, where another orientation is told.

    turn: how its pixels were turned, and with them the regions in it.

    >>> without_orientation(b'<x tiff:Orientation="6"/>')
    b'<x tiff:Orientation="1"/>'
    """
    properties = list(_properties(xmp))
    told = [one for one in properties if _is_orientation(one)]
    edits = [one.put(b"1") for one in told if re.fullmatch(rb"\s*[2-8]\s*", one.value)]
    if turn is not None:
        edits += _turned_areas(properties, turn)
    return _edited(xmp, edits)


def _turned_areas(properties: list[Property], turn: Turn) -> Iterator[Edit]:
    """Yield the changes of areas: x, y, w, h, in shares of the sides, or in pixels."""
    areas: list[dict[bytes, Property]] = [{}]
    for one in properties:
        if one.space in (AREA, DIMENSIONS):
            name = one.name if one.space == AREA else b"d" + one.name
            if name in areas[-1]:
                areas.append({})
            areas[-1][name] = one
    for area in areas:
        unit = area[b"unit"].value.strip() if b"unit" in area else b"normalized"
        shares = turn if unit.startswith(b"pixel") else Turn(turn.orientation, 1, 1)
        x, y = (_number_of(area.get(name)) for name in (b"x", b"y"))
        if x is not None and y is not None:
            # Rounded off is what subtraction adds to the digits.
            places = zip((b"x", b"y"), shares.place(x, y), strict=True)
            yield from (area[name].put(spelled(round(place, 12))) for name, place in places)
        for width, height in ((b"w", b"h"), (b"dw", b"dh")):
            if turn.is_sideways and width in area and height in area:
                yield area[width].put(area[height].value.strip())
                yield area[height].put(area[width].value.strip())


def _number_of(one: Property | None) -> float | None:
    found = one and NUMBER.fullmatch(one.value)
    return float(found[1]) if found and not found[2] else None


def _is_orientation(one: Property) -> bool:
    return (one.space, one.name) == (TIFF, b"Orientation")


def with_size(xmp: bytes, width: int, height: int, scale: Scale = SAME) -> bytes:
    """Say the size that the picture has now, and scale all else that is counted in pixels.

    >>> with_size(b"<exif:PixelXDimension>10</exif:PixelXDimension>", 20, 30)
    b'<exif:PixelXDimension>20</exif:PixelXDimension>'
    """
    properties = list(_properties(xmp))
    edits = []
    for one in properties:
        if (one.space, one.name) in WIDTHS | HEIGHTS:
            size = width if (one.space, one.name) in WIDTHS else height
            edits.append(one.put(b"%d" % size))
    if scale != SAME:
        edits += _scaled(properties, scale)
        edits += _subjects(xmp, scale)
    return _edited(xmp, edits)


def _scaled(properties: list[Property], scale: Scale) -> Iterator[Edit]:
    for space, (columns, rows) in PLACES.items():
        for one in properties:
            if one.space == space and one.name in columns | rows:
                yield from _times(one, scale.columns if one.name in columns else scale.rows)
    for space, (columns, rows, unit) in UNITED.items():
        group = [one for one in properties if one.space == space]
        units = [one for one in group if one.name == unit]
        starts = [one.start for one in units]
        for one in group:
            if one.name in columns | rows and _is_pixel(units, starts, one.start):
                yield from _times(one, scale.columns if one.name in columns else scale.rows)


def _is_pixel(units: list[Property], starts: list[int], place: int) -> bool:
    """Tell whether the unit nearest to a place is the pixel."""
    index = bisect(starts, place)
    near = units[max(0, index - 1) : index + 1]
    nearest = min(near, key=lambda one: abs(one.start - place), default=None)
    return nearest is not None and nearest.value.strip().lower().startswith(b"pixel")


def _times(one: Property, factor: Fraction) -> Iterator[Edit]:
    """Yield the change of a number, or of a ratio of two, which stays one."""
    found = NUMBER.fullmatch(one.value)
    if found is None or (found[2] and not int(found[2])):
        return
    number = Fraction(found[1].decode()) * factor
    if found[2]:
        ratio = number / int(found[2])
        yield one.put(b"%d/%d" % (ratio.numerator, ratio.denominator))
    elif b"." in found[1]:
        yield one.put(spelled(float(number)))
    else:
        yield one.put(b"%d" % round(number))


def _subjects(xmp: bytes, scale: Scale) -> Iterator[Edit]:
    """Yield the changes of where the subject is: x, y, and possibly a diameter, or both sides."""
    for found in SUBJECT.finditer(xmp):
        end = xmp.find(b"</" + found[1] + b":", found.end(), found.end() + SUBJECT_BYTES)
        for index, item in enumerate(ITEM.finditer(xmp, found.end(), max(end, 0))):
            factor = scale.rows if index % 2 else scale.columns
            yield item.start(2), item.end(2), b"%d" % round(int(item[2]) * factor)


def has_gone(xmp: bytes) -> bool:
    """Tell whether the text announces what is in the file besides the picture."""
    return any(_is_gone(space, name) for space, name, *_ in _properties(xmp)) or any(
        True for _ in _gone_elements(xmp, _spaces(xmp))
    )


def without_gone(xmp: bytes) -> bytes:
    """Announce no more what is not in the new file: a gain map, a depth map, a film, more XMP.

    >>> without_gone(b"<x xmlns:h='http://ns.adobe.com/hdr-gain-map/1.0/' h:Version='1.0' a='b'/>")
    b"<x a='b'/>"
    """
    spaces = _spaces(xmp)
    edits: list[Edit] = [(*span, b"") for span in _gone_elements(xmp, spaces)]
    whole = {space for space, names in GONE.items() if not names}
    for found in ATTRIBUTE.finditer(xmp):
        is_name = found[1] == b"xmlns" and spaces.get(found[2]) in whole
        if is_name or _is_gone(spaces.get(found[1], b""), found[2]):
            edits.append((*_with_blanks(xmp, *found.span()), b""))
    return _edited(xmp, edits)


def _with_blanks(xmp: bytes, start: int, end: int) -> tuple[int, int]:
    """Return a span with the blanks before it."""
    while start and xmp[start - 1 : start].isspace():
        start -= 1
    return start, end


def _is_gone(space: bytes, name: bytes) -> bool:
    names = GONE.get(space)
    return names is not None and (not names or re.match(names.encode(), name) is not None)


def _gone_elements(xmp: bytes, spaces: Mapping[bytes, bytes]) -> Iterator[tuple[int, int]]:
    """Yield the span of each element that is gone, with all that is in it."""
    if not any(space in GONE for space in spaces.values()):
        return
    opened, start, depth = b"", 0, 0
    for found in TAG.finditer(xmp):
        name, closes = found[2] + b":" + found[3], bool(found[1])
        is_empty = found[4].endswith(b"/")
        if not depth and not closes and _is_gone(spaces.get(found[2], b""), found[3]):
            opened, start = name, found.start()
            depth = 0 if is_empty else 1
            if is_empty:
                yield start, found.end()
        elif depth and name == opened and not is_empty:
            depth += -1 if closes else 1
            if not depth:
                yield start, found.end()


def _spaces(xmp: bytes) -> dict[bytes, bytes]:
    return {**USUAL, **{found[1]: found[2] or found[3] or b"" for found in DECLARED.finditer(xmp)}}


def _properties(xmp: bytes) -> Iterator[Property]:
    """Yield the properties in their order in the text, those of namespaces that are known."""
    spaces = _spaces(xmp)
    found = [*ATTRIBUTE.finditer(xmp), *ELEMENT.finditer(xmp)]
    for one in sorted(found, key=lambda one: one.start()):
        if one[1] in spaces:
            which = "b" if one["a"] is None else "a"
            yield Property(spaces[one[1]], one[2], one[which], one.start(which))


def _edited(xmp: bytes, edits: Iterable[Edit]) -> bytes:
    """Return the text with its changes; of those that overlap the first."""
    parts, done = [], 0
    for start, end, new in sorted(edits):
        if start >= done:
            parts += [xmp[done:start], new]
            done = end
    return b"".join([*parts, xmp[done:]])
