"""Which format a file has by its first bytes, and which files of other programs are named."""

import codecs
import re
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from upsamp.errors import FormatError
from upsamp.io.formats import format_of_name

# How the files begin that are told by their content whatever their names are.
MAGIC: Mapping[str, bytes] = {"npy": b"\x93NUMPY", "npz": b"PK\x03\x04", "gzip": b"\x1f\x8b"}

# The marks of UTF-16.
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# How text begins that is no matrix: of images, and of what is refused as one, such as PostScript,
# PDF, and all that has elements, as SVG has.
IMAGE_TEXT = re.compile(
    rb"P[1-7Ff]\s|\s*#define\s|\s*/\* XPM \*/|SIMPLE *=|%!|%PDF|(?:\xef\xbb\xbf)?\s*<"
)

# What is known and yet not read, by how it begins.
REFUSED = (
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript, a program that would be run"),
    (rb"\x1c[\x01-\x09\xf0]", "IPTC, which may hold a file of any other format"),
    (rb"\xd7\xcd\xc6\x9a|(?s:\x01\0\0\0.{36} EMF)", "a Windows metafile, a list of commands"),
    (rb"%PDF", "PDF, a list of commands"),
    (rb"\xd0\xcf\x11\xe0", "a compound document, as FlashPix is"),
    (rb"\0\0\x01\xb3", "MPEG, a film"),
    (rb"\x89HDF|GRIB|BUFR", "scientific data"),
    (rb"8BPS", "a PSD of more than 8 bits a channel, or of a kind that is not read"),
    (rb"(?s:\s*(?:\xef\xbb\xbf\s*)?<.*svg\b)", "SVG, a drawing"),
    (rb"(?s:.{4}ftyphe[iv])", "HEIC, which is not read"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "JPEG XL, which is not read"),
    (rb"v/1\x01", "OpenEXR, which is not read"),
    (rb"#\?(?:RADIANCE|RGBE)", "Radiance's HDR, which is not read"),
    (rb"P7\s", "PAM, which is not read"),
    (rb"(?s:.{128}DICM)", "DICOM, which is not read"),
)
# Files of other programs: where they have which bytes, what they are, and what to do with them.
PICKLE = "Python or PyTorch objects, which could run code when they are read"
SAVE_ARRAY = "Save the array with numpy.save."
SAVE_SHEET = "Save the sheet as CSV."
UNPACK = "Unpack it first; of gzip a matrix is read."
WITH_PANDAS = "Write it with pandas: frame.to_csv('FILE.csv', header=False, index=False)."
FOREIGN: tuple[tuple[int, tuple[bytes, ...], str, str], ...] = (
    (0, (b"MATLAB 5", b"MATLAB 7"), "a MATLAB file", "Use writematrix(A, 'FILE.csv') in MATLAB."),
    (0, (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",), "an Excel workbook", SAVE_SHEET),
    (0, (b"PAR1",), "a Parquet file", WITH_PANDAS),
    (0, (b"ARROW1", b"FEA1"), "a Feather or Arrow file", WITH_PANDAS),
    (0, tuple(b"\x80%c" % version for version in (2, 3, 4, 5)), PICKLE, SAVE_ARRAY),
    (
        0,
        (b"\x89HDF\r\n\x1a\n",),
        "an HDF5 file",
        "Save one of its arrays: numpy.save('FILE.npy', h5py.File(...)['NAME'][()]).",
    ),
    (0, (b"CDF\x01", b"CDF\x02", b"CDF\x05"), "a netCDF file", SAVE_ARRAY),
    (5, (b'\0\0\0{"',), "a safetensors file", "Save one of its arrays with numpy.save."),
    (0, (b"SQLite format 3\0",), "an SQLite database", "Write the table as CSV."),
    (0, (b"BZh",), "a file packed by bzip2", UNPACK),
    (0, (b"\xfd7zXZ\0",), "a file packed by xz", UNPACK),
    (0, (b"\x28\xb5\x2f\xfd",), "a file packed by Zstandard", UNPACK),
    (0, (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"), "an archive of no kind that is read", UNPACK),
)
# The same for zip archives, by the end of a member's name.
FOREIGN_MEMBERS: tuple[tuple[str, str, str], ...] = (
    ("xl/workbook.xml", "an Excel workbook", SAVE_SHEET),
    ("xl/workbook.bin", "an Excel workbook", SAVE_SHEET),
    ("content.xml", "an OpenDocument sheet", SAVE_SHEET),
    ("data.pkl", PICKLE, SAVE_ARRAY),
    ("config.json", "a Keras model", "Use upsamp summary or upsamp generator."),
)


def format_of_content(head: bytes, path: str, name: str) -> str:
    """Return the format of a file by its first bytes; where those do not tell, by its suffix."""
    for place, magic, what, remedy in FOREIGN:
        if head.startswith(magic, place):
            raise _foreign(name, what, remedy)
    found = sniff(head)
    return found if found in MAGIC else format_of_name(path) or found


def refuse_foreign_members(members: Iterable[str], name: str) -> None:
    """Raise `FormatError` where a zip archive has members as one of another program has."""
    names = tuple(members)
    for end, what, remedy in FOREIGN_MEMBERS:
        if any(member.endswith(end) for member in names):
            raise _foreign(name, what, remedy)


def _foreign(name: str, what: str, remedy: str) -> FormatError:
    return FormatError(f"{name} must be an image or a matrix. Received: {what}. {remedy}")


def sniff(head: bytes) -> str:
    """Return what the first bytes of a stream are: "npy", "npz", "gzip", "txt" or "image".

    >>> sniff(b"1 2; 3 4"), sniff(b"P5 2 2 255 ....")
    ('txt', 'image')
    """
    for name, magic in MAGIC.items():
        if head.startswith(magic):
            return name
    if head.startswith(UTF_16):
        return "image" if IMAGE_TEXT.match(_as_utf_8(head)) else "txt"
    return "txt" if _is_text(head) and not IMAGE_TEXT.match(head) else "image"


def _is_text(head: bytes) -> bool:
    """Tell whether a file may be text in UTF-8, by its begin."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


def _as_utf_8(head: bytes) -> bytes:
    """Return the begin of a text of UTF-16 in UTF-8; all else as it is."""
    return head.decode("utf-16", "ignore").encode() if head.startswith(UTF_16) else head


def diagnosis(stream: BinaryIO) -> str:
    """Return what a file is that no decoder knows, and what to do about it."""
    stream.seek(0)
    head = _as_utf_8(stream.read(4096))
    for beginning, what in REFUSED:
        if re.match(beginning, head):
            return f"{what}. Convert it to PNG"
    rule = "no image that can be read"
    if not head:
        return f"{rule}: it is empty"
    if _is_text(head):
        return f"{rule}: it holds text; a matrix in a file ends in .txt, .csv, .tsv or .json"
    return f"{rule}: its content is of no known image format, or damaged"
