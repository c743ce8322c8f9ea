"""XMP: what it says of orientation and size is changed in place; it is never parsed as XML.

Source: ISO 16684-1:2019, "Extensible metadata platform (XMP)"; a property is an attribute or an
element.
"""

import re

__all__ = ["with_size", "without_orientation"]

WIDTHS = b"tiff:ImageWidth|exif:PixelXDimension"
HEIGHTS = b"tiff:ImageLength|exif:PixelYDimension"


def without_orientation(xmp: bytes) -> bytes:
    """Say that the picture stands upright.

    >>> without_orientation(b'<x tiff:Orientation="6"/>')
    b'<x tiff:Orientation="1"/>'
    """
    return _replace(xmp, b"tiff:Orientation", b"1")


def with_size(xmp: bytes, width: int, height: int) -> bytes:
    """Say the size that the picture has now, where it says a size.

    >>> with_size(b"<exif:PixelXDimension>10</exif:PixelXDimension>", 20, 30)
    b'<exif:PixelXDimension>20</exif:PixelXDimension>'
    """
    return _replace(_replace(xmp, WIDTHS, b"%d" % width), HEIGHTS, b"%d" % height)


def _replace(xmp: bytes, names: bytes, number: bytes) -> bytes:
    """Put a number in the place of that which follows any of the names."""
    return re.sub(rb"((?:" + names + rb")(?:\s*=\s*[\"']|>))\s*\d+", rb"\g<1>" + number, xmp)
