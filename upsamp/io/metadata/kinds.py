"""The kinds of metadata that a new file may have, and how each fares when pixels are enlarged.

What is of no kind here is not kept. A kind is of one of three classes: independent of the pixels
(kept as it is), counted in pixels or per pixel (scaled), or bound to what is gone (left out).
"""

from collections.abc import Mapping
from typing import NamedTuple

# The classes.
FREE, COUNTED, GONE = "independent", "counted", "gone"


class Kind(NamedTuple):
    """A kind of metadata, by its key in `Picture.metadata`.

    words: what a note calls it. fate: its class. stripped: whether --strip leaves it out; what the
    colours and the frames of a picture need stays.
    """

    words: str
    fate: str
    stripped: bool


KINDS: Mapping[str, Kind] = {
    "icc_profile": Kind("the colour profile", FREE, stripped=False),
    "transparency": Kind("the transparent colour", FREE, stripped=False),
    "gamma": Kind("gamma", FREE, stripped=False),
    "chromaticity": Kind("chromaticities", FREE, stripped=False),
    "cicp": Kind("the colour coding (cICP)", FREE, stripped=False),
    "mdcv": Kind("the mastering display", FREE, stripped=False),
    "clli": Kind("light levels", FREE, stripped=False),
    "srgb": Kind("the sRGB mark", FREE, stripped=False),
    "duration": Kind("durations", FREE, stripped=False),
    "plays": Kind("the number of plays", FREE, stripped=False),
    "default_image": Kind("the image shown in the place of the animation", FREE, stripped=False),
    "exif": Kind("EXIF", COUNTED, stripped=True),
    "xmp": Kind("XMP", COUNTED, stripped=True),
    "iptc": Kind("IPTC", FREE, stripped=True),
    # For print: a larger picture is printed larger.
    "dpi": Kind("the resolution", FREE, stripped=True),
    # The pixels are as wide as they were for their height.
    "aspect": Kind("the aspect of the pixels", FREE, stripped=False),
    # Of what was measured: pixels in a unit of length.
    "resolution": Kind("the pixels in a unit of length", COUNTED, stripped=True),
    "geo": Kind("the georeference", COUNTED, stripped=True),
    "gdal": Kind("GDAL's metadata", COUNTED, stripped=True),
    "nodata": Kind("the number for no data", FREE, stripped=False),
    "comment": Kind("the comment", FREE, stripped=True),
    "text": Kind("texts", FREE, stripped=True),
    # Words for what is left out where the file is read.
    "gone": Kind("what is bound to the old pixels", GONE, stripped=True),
}
