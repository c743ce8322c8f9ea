"""Which format a file has, by its name or by its first bytes."""

import codecs
import re
from collections.abc import Mapping
from pathlib import PurePath

from upsamp.errors import FileError

__all__ = [
    "FAST_COMPRESSION",
    "FRAME_FORMATS",
    "IMAGE_FORMATS",
    "LOSSY_FORMATS",
    "MATRIX_FORMATS",
    "TEXT_FORMATS",
    "format_of_name",
    "format_to_write",
    "is_image_format",
    "sniff",
    "suffix_of",
]

# The formats of matrices, each with its suffix; those of text can be printed.
MATRIX_FORMATS: Mapping[str, str] = {
    "txt": ".txt",
    "csv": ".csv",
    "tsv": ".tsv",
    "json": ".json",
    "npy": ".npy",
    "npz": ".npz",
}
TEXT_FORMATS = ("txt", "csv", "tsv", "json")

# The formats of images that are written, by Pillow's names, each with its suffixes, the first of
# which a new file takes. Pillow reads more than these.
IMAGE_FORMATS: Mapping[str, tuple[str, ...]] = {
    "png": (".png", ".apng"),
    "jpeg": (".jpg", ".jpeg", ".jfif", ".jpe"),
    "webp": (".webp",),
    "tiff": (".tif", ".tiff"),
    "bmp": (".bmp", ".dib"),
    "gif": (".gif",),
    "ppm": (".ppm", ".pgm", ".pbm", ".pnm"),
    "tga": (".tga",),
    "jpeg2000": (".jp2", ".j2k"),
    "avif": (".avif",),
    "ico": (".ico",),
}
# Those that hold several frames, or pages.
FRAME_FORMATS = ("png", "webp", "tiff", "gif")
# Those that may lose a little, or more, for the sake of their size.
LOSSY_FORMATS = ("jpeg", "webp", "avif")
# How strongly a PNG is compressed where nobody says: fast. 0 stores, 9 makes the smallest file.
FAST_COMPRESSION = 1
_FORMATS_BY_SUFFIX: Mapping[str, str] = {
    suffix: name for name, suffix in MATRIX_FORMATS.items()
} | {suffix: name for name, suffixes in IMAGE_FORMATS.items() for suffix in suffixes}


def is_image_format(name: str) -> bool:
    """Tell whether a format is one of images."""
    return name not in MATRIX_FORMATS


def suffix_of(name: str) -> str:
    """Return the suffix that a new file of that format takes.

    >>> suffix_of("jpeg"), suffix_of("npy")
    ('.jpg', '.npy')
    """
    return MATRIX_FORMATS[name] if name in MATRIX_FORMATS else IMAGE_FORMATS[name][0]


def format_of_name(name: str) -> str | None:
    """Return the format that the suffix of a file's name tells, or None.

    >>> format_of_name("photo.JPG"), format_of_name("weights.npy"), format_of_name("notes")
    ('jpeg', 'npy', None)
    """
    return _FORMATS_BY_SUFFIX.get(PurePath(name).suffix.lower())


def format_to_write(name: str) -> str:
    """Return the format to write a file in, told by its suffix."""
    known = format_of_name(name)
    if known is None:
        raise FileError(
            f"Cannot tell the format of '{name}' from its suffix. "
            f"Use one of {' '.join(sorted(_FORMATS_BY_SUFFIX))}, or --format."
        )
    return known


def sniff(head: bytes) -> str:
    """Return what the first bytes of a stream are: "npy", "npz", "txt" or "image".

    >>> sniff(b"1 2; 3 4"), sniff(b"P5 2 2 255 ....")
    ('txt', 'image')
    """
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(b"PK\x03\x04"):
        return "npz"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # the mark of UTF-16
        return "txt"
    if b"\0" in head or re.match(rb"P[1-7]\s|\s*#define\s|\s*/\* XPM \*/|SIMPLE  =", head):
        return "image"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return "image"
    return "txt"
