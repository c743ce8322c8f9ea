"""Which files are written strip by strip."""

from collections.abc import Mapping

from upsamp.io.pictures import PNG_MODES

__all__ = ["STRIP_FORMATS", "holds_strips_of"]

# The formats that are written strip by strip, each with the package that it needs.
STRIP_FORMATS: Mapping[str, str | None] = {"npy": None, "png": None, "tiff": "tifffile"}
# The modes of pictures that are written in tiles, by their colours.
TIFF_MODES = ("1", "L", "LA", "I", "F", "RGB", "RGBA", "P", "CMYK")


def holds_strips_of(format_name: str, mode: str) -> bool:
    """Tell whether strips of a picture of that mode are written in that format of images.

    >>> holds_strips_of("png", "RGB;16"), holds_strips_of("png", "F"), holds_strips_of("tiff", "F")
    (True, False, True)
    """
    if format_name == "png":
        return mode in PNG_MODES
    return mode.partition(";")[0].partition("+")[0] in TIFF_MODES
