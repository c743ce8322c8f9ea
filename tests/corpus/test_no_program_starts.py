"""Nothing in a file is run: no program starts, whatever a file is, and whatever is in it."""

import ast
import struct
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from pathlib import Path

import pytest
from corpus.make_corpus import corpus
from effort import in_one_test
from image_files import read
from PIL import Image

from upsamp.errors import FormatError
from upsamp.io.formats import DECODERS

PROGRAMS = ("gs", "gswin32c", "djpeg", "ppmquant", "ppmtogif", "gifsicle", "xdg-open", "display")
PROGRAM = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n%%EndComments\nshowpage\n%%EOF\n"
FILES = {file.name: file.data for file in corpus()}


def field(record: int, number: int, data: bytes) -> bytes:
    """Return a field of IPTC."""
    return struct.pack(">BBBH", 0x1C, record, number, len(data)) + data


def iptc_of(data: bytes, compression: int = 5) -> bytes:
    """Return IPTC that holds a file."""
    head = field(3, 60, b"\1\0") + field(3, 65, b"\1") + field(3, 20, b"\0\x10")
    return head + field(3, 30, b"\0\x10") + field(3, 120, bytes([compression])) + field(8, 10, data)


def tiff_of(data: bytes, compression: int) -> bytes:
    """Return a TIFF of one strip with such data."""
    tags = {256: 16, 257: 16, 258: 8, 259: compression, 262: 1, 273: 134, 277: 1, 278: 16}
    tags[279] = len(data)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return (b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries).ljust(134, b"\0") + data


def icon_of(data: bytes, kind: int) -> bytes:
    """Return an icon or a cursor that holds a file."""
    return struct.pack("<HHHBBBBHHII", 0, kind, 1, 16, 16, 0, 0, 1, 32, len(data), 22) + data


def wrapped(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield files that hold another one in each way that we know."""
    yield "itself", data
    yield (
        "after a DOS header",
        struct.pack("<4s6IH", b"\xc5\xd0\xd3\xc6", 32, len(data), 0, 0, 0, 0, 65535).ljust(
            32, b"\0"
        )
        + data,
    )
    for compression in (1, 5, 99):
        yield f"IPTC {compression}", iptc_of(data, compression)
    yield "IPTC in IPTC", iptc_of(iptc_of(data))
    for compression in (1, 6, 7, 33003, 34712, 50001):
        yield f"TIFF {compression}", tiff_of(data, compression)
    yield "an icon", icon_of(data, 1)
    yield "a cursor", icon_of(data, 2)
    for kind in (b"ic07", b"icp4", b"is32"):
        size = 8 + len(data)
        yield f"ICNS {kind!r}", b"icns" + struct.pack(">I4sI", 8 + size, kind, size) + data
    yield "DCX", struct.pack("<III", 0x3ADE68B1, 12, 0) + data
    yield "a photo of several views", FILES["mpo_RGB.mpo"] + data
    for name in ("bmp_RGB.bmp", "psd_RGB_raw.psd", "fits_L.fits", "blp_P.blp", "dds_RGB.dds"):
        head = FILES.get(name, b"")[:128]
        yield f"behind the head of {name}", head + data
    yield "a metafile", b"\xd7\xcd\xc6\x9a\0\0".ljust(22, b"\0") + data
    yield "a compound document", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + data
    yield "PDF", b"%PDF-1.4\n" + data


WRAPPED = dict(wrapped(PROGRAM))


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put programs on the path that leave a mark; return the folder of the marks."""
    folder = tmp_path / "marks"
    folder.mkdir()
    for name in PROGRAMS:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho $0 $* >> {folder}/$$\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)  # where it was looked for before
    return folder


@pytest.mark.parametrize("how", WRAPPED)
def test_no_program_starts(how: str, marks: Path) -> None:
    for suffix in (b"", bytes(1024)):  # some want more bytes than there are
        with suppress(FormatError):
            read(BytesIO(WRAPPED[how] + suffix), every_frame=True)
    assert list(marks.iterdir()) == []


@in_one_test(
    ("data", "what"),
    [
        (PROGRAM, "PostScript, a program that would be run"),
        (WRAPPED["after a DOS header"], "PostScript, a program that would be run"),
        (WRAPPED["IPTC 5"], "IPTC, which may hold a file of any other format"),
        (WRAPPED["a metafile"], "a Windows metafile, a list of commands"),
        (b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(60), "a Windows metafile, a list of commands"),
        (WRAPPED["a compound document"], "a compound document, as FlashPix is"),
        (WRAPPED["PDF"], "PDF, a list of commands"),
        (b"\0\0\1\xb3" + bytes(60), "MPEG, a film"),
        (b"\x89HDF\r\n\x1a\n" + bytes(60), "scientific data"),
        (b"GRIB" + bytes(60), "scientific data"),
    ],
)
def test_what_is_refused_is_named_with_the_remedy(data: bytes, what: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(BytesIO(data))
    assert str(caught.value) == f"it is {what}. Convert it to PNG."


def test_a_file_that_is_smaller_than_its_wrapper_says_is_refused() -> None:
    small = Image.new("L", (4, 4))
    stream = BytesIO()
    small.save(stream, "png")
    with pytest.raises(FormatError, match=r"^it is IPTC, which may hold a file of any other"):
        read(BytesIO(iptc_of(stream.getvalue())))


# What starts a program or opens any format in the decoders that are allowed, none of which reading
# a picture calls.
KNOWN = {
    "GifImagePlugin._save_netpbm",
    "JpegImagePlugin._save_cjpeg",
    "JpegImagePlugin.load_djpeg",
    "SpiderImagePlugin.loadImageSeries",
}


def test_the_decoders_that_are_allowed_start_nothing_and_open_no_other_format() -> None:
    found = set()
    for module in sorted(set(DECODERS.values())):
        try:
            path = import_module(f"PIL.{module}ImagePlugin").__file__
        except ImportError:  # a release of Pillow that has it not
            continue
        assert path is not None
        tree = ast.parse(Path(path).read_text("utf-8"))
        for part in ast.walk(tree):
            if isinstance(part, ast.FunctionDef):
                calls = {
                    ast.unparse(node.func) for node in ast.walk(part) if isinstance(node, ast.Call)
                }
                if any(
                    call == "Image.open" or call.startswith(("subprocess.", "os.system"))
                    for call in calls
                ):
                    found.add(f"{module}ImagePlugin.{part.name}")
    assert found <= KNOWN
    # Those that are not allowed are not even loaded by reading.
    assert not {"EPS", "IPTC", "WMF", "FPX", "MIC", "GRIB", "BUFR", "HDF5", "MPEG"} & set(DECODERS)
