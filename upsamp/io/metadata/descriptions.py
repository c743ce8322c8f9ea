r"""Descriptions of a TIFF that programs read as their own: OME-XML, ImageJ's, and tifffile's shape.

Each tells sizes in pixels, or how many pages there are; what is untrue is changed or left out.
Sources: The Open Microscopy Environment, "OME-TIFF specification"; ImageJ, `TiffEncoder.java`.
"""

import json
import re
from fractions import Fraction

from upsamp.io.metadata.scale import Scale, spelled

IMAGEJ, SHAPE = b"ImageJ=", b'{"shape": ['
OME_END = re.compile(rb"</(?:[\w.-]+:)?OME>\s*\0*\Z")
# A start of an element: values may hold no "<", so that none is looked at twice.
PIXELS = re.compile(rb"<(?:[\w.-]+:)?Pixels\s[^<>]*>")
SAMPLES = re.compile(rb"\bSamplesPerPixel\s*=\s*[\"'](\d{1,9})[\"']")
# What counts in the old pixels, and is left out, with what refers to it.
REGIONS = re.compile(rb"<(/?)(?:[\w.-]+:)?(ROI|ROIRef)\b[^<>]*?(/?)>")
# ImageJ counts the pages, and from its origin in pixels.
PAGES = (b"images", b"channels", b"slices", b"frames", b"hyperstack")
ORIGINS = (b"xorigin", b"yorigin")


def is_measured(description: bytes) -> bool:
    r"""Tell whether the resolution of such a file tells how large things are that are seen.

    >>> is_measured(b"ImageJ=1.54f\nunit=um"), is_measured(b"a house")
    (True, False)
    """
    return description.startswith(IMAGEJ) or _is_ome(description)


def pages_told(description: bytes) -> int | None:
    """Return how many pages an OME-XML tells of; None where it is no such text."""
    if not _is_ome(description):
        return None
    total = 0
    starts = list(PIXELS.finditer(description))
    for index, found in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(description)
        samples = SAMPLES.search(description, found.end(), end)
        planes = [_number(found[0], name) for name in (b"SizeZ", b"SizeC", b"SizeT")]
        total += planes[0] * planes[1] * planes[2] // max(1, int(samples[1]) if samples else 1)
    return total


def resized(description: bytes, scale: Scale, pages: int) -> bytes:
    """Return a description of a file of this many pages that were enlarged by that scale."""
    if description.startswith(SHAPE):
        return _without_shape(description)
    if description.startswith(IMAGEJ):
        return b"\n".join(_imagej(description.split(b"\n"), scale, pages))
    if not _is_ome(description):
        return description
    if pages_told(description) != pages:
        return b"\0"
    return PIXELS.sub(lambda found: _pixels(found[0], scale), _without_regions(description))


def _is_ome(description: bytes) -> bool:
    return OME_END.search(description, max(0, len(description) - 200)) is not None


def _without_shape(description: bytes) -> bytes:
    """Leave of a description by tifffile what it tells besides the shape."""
    try:
        told = json.loads(description.rstrip(b"\0"))
    except (ValueError, RecursionError):
        return description
    del told["shape"]
    return (json.dumps(told).encode() if told else b"") + b"\0"


def _imagej(lines: list[bytes], scale: Scale, pages: int) -> list[bytes]:
    told = dict(line.partition(b"=")[::2] for line in lines)
    another = told.get(b"images", b"1").strip(b"\0 ") != b"%d" % pages
    changed = []
    for line in lines:
        name, _, number = line.partition(b"=")
        if name in ORIGINS:
            changed.append(name + b"=" + _times(number, scale[1 - ORIGINS.index(name)]))
        elif another and name == b"images":
            changed.append(b"images=%d" % pages)
        elif not (another and name in PAGES):
            changed.append(line)
    return changed


def _times(number: bytes, factor: Fraction) -> bytes:
    """Return a number as it is told now; what is none stays."""
    try:
        return spelled(float(number) * factor.numerator / factor.denominator)
    except ValueError:
        return number


def _number(element: bytes, name: bytes) -> int:
    found = re.search(rb"\b" + name + rb"\s*=\s*[\"'](\d{1,9})[\"']", element)
    return int(found[1]) if found else 1


def _pixels(element: bytes, scale: Scale) -> bytes:
    """Return the element with its sizes in pixels and how large a pixel is."""
    whole = {
        b"SizeX": scale.columns,
        b"SizeY": scale.rows,
        b"PhysicalSizeX": 1 / scale.columns,
        b"PhysicalSizeY": 1 / scale.rows,
    }

    def change(found: "re.Match[bytes]") -> bytes:
        return found[1] + _times(found[3], whole[found[2]]) + found[4]

    sizes = rb"(\b((?:Physical)?Size[XY])\s*=\s*[\"'])([\d.eE+-]{1,40})([\"'])"
    return re.sub(sizes, change, element)


def _without_regions(xml: bytes) -> bytes:
    """Return OME-XML without its regions of interest, which count in pixels."""
    kept, done, inside = [], 0, False
    for found in REGIONS.finditer(xml):
        closes, is_empty = bool(found[1]), bool(found[3])
        if not inside and not closes:
            kept.append(xml[done : found.start()])
            done, inside = found.end(), not is_empty
        elif inside and closes:
            done, inside = found.end(), False
    return b"".join([*kept, xml[done:]])
