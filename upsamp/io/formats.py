"""The formats of files: one record each, from which all else that is known of one follows.

A new format is a record here, and where nothing else writes it a module with its writer.
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import NamedTuple

from upsamp.errors import FileError

# How strongly a PNG is compressed where nobody says: fast. 0 stores, 9 makes the smallest file.
FAST_COMPRESSION = 1
# The modes of 8 bits by their channels, and those of 16, of which Pillow has the first only.
MODES = ("L", "LA", "RGB", "RGBA")
DEEP_MODES = ("I;16", "LA;16", "RGB;16", "RGBA;16")
ANY = ("any",)
COLOUR = ("icc_profile", "gamma", "chromaticity", "srgb", "cicp", "mdcv", "clli")
TIMING = ("duration", "plays")
DESCRIBING = ("dpi", "aspect", "exif", "xmp", "iptc", "comment")
# What Pillow reads and nothing writes, by Pillow's names; those without a signature come last.
READ_ALONE = (
    *("QOI", "PSD", "SGI", "PCX", "DDS", "BLP", "CUR", "DCX", "FLI", "FTEX", "GBR", "ICNS"),
    *("MCIDAS", "MSP", "PIXAR", "SUN", "XBM", "XPM", "XVTHUMB"),
    *("IM", "IMT", "PCD", "SPIDER"),
)
# The modules of Pillow whose names do not follow from those of the formats.
MODULES = {
    "DIB": "Bmp",
    "JPEG2000": "Jpeg2K",
    "MCIDAS": "McIdas",
    "WEBP": "WebP",
    "XVTHUMB": "XVThumb",
}


class Format(NamedTuple):
    """What is known of a format.

    name: as `--format` takes it, beside its `aliases`. suffixes: of its files, the first of which a
    new one takes; none of a format that is read alone. kind: "text" and "array" are matrices.
    decoders: Pillow's names of what reads it.

    modes: of the pictures that are written as they are or without a loss, "any" for all, deep
    ones among them. opaque: whether readers see no alpha. grey: whether grey pixels are stored as
    such, and not as RGB. frames: whether there may be several; pages: whether each has metadata of
    its own.
    metadata: the kinds, by their keys in `Picture.metadata`, that are written. largest_side: in
    pixels. lossy: whether `--quality` is for it.

    writer: the module and the function that write a picture; without them Pillow does. streamed:
    whether it writes to a pipe as it goes. strips: what has to be installed to write rows as they
    are made, "" for nothing, None where that cannot be. channel_bytes, pixel_bytes: what encoding
    takes besides the pixels, for each channel, or for each pixel in colour; measured, with a
    margin.
    """

    name: str
    suffixes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    kind: str = "image"
    decoders: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    opaque: bool = False
    grey: bool = True
    frames: bool = False
    pages: bool = False
    metadata: tuple[str, ...] = ()
    largest_side: int | None = None
    lossy: bool = False
    writer: str = ""
    streamed: bool = False
    strips: str | None = None
    channel_bytes: int = 4
    pixel_bytes: int = 0


_ALL = (
    Format("txt", (".txt",), kind="text", streamed=True),
    Format("csv", (".csv",), kind="text", streamed=True),
    Format("tsv", (".tsv",), kind="text", streamed=True),
    Format("json", (".json",), kind="text", streamed=True),
    Format("npy", (".npy",), kind="array", strips=""),
    Format("npz", (".npz",), kind="array"),
    # Images, in the order in which decoders are tried. None of these starts a program, or opens
    # what a file contains by its content.
    Format(
        "png",
        (".png", ".apng"),
        ("apng",),
        decoders=("PNG",),
        modes=("1", "P", *MODES, *DEEP_MODES),
        frames=True,
        metadata=(*COLOUR, *TIMING, "transparency", "default_image", *DESCRIBING, "text"),
        largest_side=2**31 - 1,
        writer="upsamp.io.png.writer:write",
        streamed=True,
        strips="",
    ),
    Format(
        "jpeg",
        (".jpg", ".jpeg", ".jfif", ".jpe"),
        ("jpg",),
        decoders=("JPEG",),
        modes=("1", "L", "RGB", "CMYK", "YCbCr"),
        opaque=True,
        metadata=("icc_profile", *DESCRIBING),
        largest_side=65_500,
        lossy=True,
        channel_bytes=5,
    ),
    Format(
        "gif",
        (".gif",),
        decoders=("GIF",),
        modes=("1", "P", *MODES),
        frames=True,
        metadata=(*TIMING, "transparency", "aspect", "comment"),
        largest_side=2**16 - 1,
        writer="upsamp.io.images.gif:write_gif",
        pixel_bytes=44,
    ),
    Format(
        "bmp",
        (".bmp", ".dib"),
        decoders=("BMP", "DIB"),
        modes=("1", "P", "L", "RGB"),
        opaque=True,
        metadata=("dpi",),
        largest_side=2**31 - 1,
    ),
    Format(
        "ppm",
        (".ppm", ".pgm", ".pbm", ".pnm"),
        ("pgm", "pbm", "pnm"),
        decoders=("PPM",),
        modes=("1", "L", "RGB", "I;16", "RGB;16"),
        opaque=True,
        writer="upsamp.io.images.ppm:write_ppm",
        channel_bytes=5,
    ),
    Format(
        "webp",
        (".webp",),
        decoders=("WEBP",),
        modes=("1", "P", *MODES),
        grey=False,
        frames=True,
        metadata=("icc_profile", "exif", "xmp", *TIMING),
        largest_side=16_383,
        lossy=True,
        writer="upsamp.io.images.writing:write_webp",
        pixel_bytes=40,
    ),
    Format(
        "tiff",
        (".tif", ".tiff"),
        ("tif",),
        decoders=("TIFF",),
        modes=ANY,
        frames=True,
        pages=True,
        metadata=(
            "icc_profile",
            "chromaticity",
            "dpi",
            "aspect",
            "resolution",
            "exif",
            "xmp",
            "iptc",
            "geo",
            "gdal",
            "nodata",
        ),
        largest_side=2**32 - 1,
        writer="upsamp.io.images.tiff:write_tiff",
        strips="tifffile",
    ),
    Format(
        "avif",
        (".avif",),
        decoders=("AVIF",),
        modes=("1", "P", *MODES),
        grey=False,
        metadata=("icc_profile", "cicp", "exif", "xmp"),
        largest_side=32_768,
        lossy=True,
        writer="upsamp.io.images.writing:write_avif",
        pixel_bytes=64,
    ),
    Format(
        "jpeg2000",
        (".jp2", ".j2k"),
        ("jp2", "j2k"),
        decoders=("JPEG2000",),
        metadata=("comment",),
        modes=("I;16", *MODES),
        largest_side=2**32 - 1,
        channel_bytes=18,
    ),
    Format(
        "ico",
        (".ico",),
        decoders=("ICO",),
        modes=("1", "P", *MODES),
        largest_side=256,
        channel_bytes=7,
    ),
    Format("fits"),  # by NumPy
    *(Format(name.lower(), decoders=(name,)) for name in READ_ALONE),
    Format(
        "tga",
        (".tga",),
        decoders=("TGA",),
        modes=("1", "P", *MODES),
        largest_side=2**16 - 1,
    ),
)
FORMATS: Mapping[str, Format] = {record.name: record for record in _ALL}
_WRITTEN = tuple(record for record in _ALL if record.suffixes)
# The modules of Pillow that read images, by Pillow's names of the formats.
DECODERS: Mapping[str, str] = {
    name: MODULES.get(name, name.capitalize()) for record in _ALL for name in record.decoders
}
# What is written, by kinds.
MATRIX_FORMATS = tuple(record.name for record in _WRITTEN if record.kind != "image")
TEXT_FORMATS = tuple(record.name for record in _WRITTEN if record.kind == "text")
IMAGE_FORMATS = tuple(record.name for record in _WRITTEN if record.kind == "image")
FRAME_FORMATS = tuple(record.name for record in _WRITTEN if record.frames)
LOSSY_FORMATS = tuple(record.name for record in _WRITTEN if record.lossy)
STRIP_FORMATS = tuple(record.name for record in _WRITTEN if record.strips is not None)
# All names of what is written, aliases too, and the name of the format that each means.
NAMES: Mapping[str, str] = {
    name: record.name for record in _WRITTEN for name in (record.name, *record.aliases)
}
_NAMES_BY_SUFFIX = {suffix: record.name for record in _WRITTEN for suffix in record.suffixes}


def is_image_format(name: str) -> bool:
    """Tell whether a format is one of images."""
    return name not in MATRIX_FORMATS


def suffix_of(name: str) -> str:
    """Return the suffix that a new file of that format takes.

    >>> suffix_of("jpeg"), suffix_of("npy")
    ('.jpg', '.npy')
    """
    return FORMATS[name].suffixes[0]


def format_of_name(name: str) -> str | None:
    """Return the format that the suffix of a file's name tells, or None.

    >>> format_of_name("photo.JPG"), format_of_name("weights.npy"), format_of_name("notes")
    ('jpeg', 'npy', None)
    """
    return _NAMES_BY_SUFFIX.get(PurePath(name).suffix.lower())


def format_to_write(name: str) -> str:
    """Return the format to write a file in, told by its suffix."""
    known = format_of_name(name)
    if known is None and name.lower().endswith(".gz"):
        raise FileError(
            f"A .gz file is read, but not written. Received: '{name}'. "
            f"Write '{PurePath(name).stem}', and pack it by gzip."
        )
    if known is None:
        raise FileError(
            f"Cannot tell the format of '{name}' from its suffix. "
            f"Use one of {' '.join(sorted(_NAMES_BY_SUFFIX))}, or --format."
        )
    return known
