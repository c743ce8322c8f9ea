"""What Pillow passes over in a file besides its pixels is kept by its kind, or told."""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from image_files import encoded, read
from PIL import Image

from upsamp.errors import FormatError
from upsamp.io.metadata.directory import block_of, numbers_of, value
from upsamp.io.pictures import array_of
from upsamp.resizing.enlarging import Enlarging

PIXELS = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
IMAGE = Image.fromarray(PIXELS)
LEFT_OUT = "left out, as it belongs to the old file alone: "
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
    b' tiff:ImageWidth="4"/>'
)
GEO = block_of({33550: value((10.0, 10.0, 0.0)), 33922: value((0.0, 0.0, 0.0, 500.0, 60.0, 0.0))})
UUIDS = {
    "xmp": "be7acfcb97a942e89c71999491e3afac",
    "exif": b"JpgTiffExif->JP2".hex(),
    "iptc": "33c7a4d2b81d4723a0baf1a3e097ad38",
    "geo": "b14bf8bd083d4b43a5ae8cd7d5a6ce03",
}


def jp2_with(kind: bytes, content: bytes) -> BytesIO:
    """Return a JPEG 2000 with another box before those of its pixels."""
    data = encoded(IMAGE, "jpeg2000", irreversible=False).getvalue()
    start = 12 + int.from_bytes(data[12:16])
    return BytesIO(
        data[:start] + struct.pack(">I4s", 8 + len(content), kind) + content + data[start:]
    )


def test_what_lies_behind_the_pixels_of_a_jpeg_2000_and_is_no_box_is_nothing() -> None:
    whole = jp2_with(b"free", b"").getvalue()
    left_there = bytes.fromhex("0000017f0000b00a 04000001 7f00")
    assert read(BytesIO(whole + left_there)).notes == read(BytesIO(whole)).notes
    (told,) = read(BytesIO(whole + struct.pack(">I4s", 8, b"abcd"))).notes
    assert "the box abcd" in told


def blocks(data: bytes) -> bytes:
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def gif_with(extension: bytes, aspect: int = 0) -> BytesIO:
    """Return a GIF with an extension before its image."""
    data = encoded(IMAGE.quantize(8), "gif").getvalue()
    end = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    head = b"GIF89a" + data[6:12] + bytes([aspect])
    return BytesIO(head + data[13:end] + b"!" + extension + data[end:])


def bmp_with(space: bytes, masks: tuple[int, ...] = (0, 0, 0, 0)) -> BytesIO:
    """Return a BMP of version 5, of 16 bits a pixel where masks say which bits are what."""
    bits, compression = (16, 3) if any(masks) else (24, 0)
    head = struct.pack("<IiiHHIIiiII4I", 124, 2, 1, 1, bits, compression, 8, 0, 0, 0, 0, *masks)
    whole = (head + space + bytes([0, 0, 0, 64] * 9)).ljust(124, b"\0")
    return BytesIO(b"BM" + struct.pack("<IHHI", 146, 0, 0, 138) + whole + bytes(range(8)))


def psd_with(number: int, content: bytes) -> BytesIO:
    """Return a PSD with a resource."""
    resource = b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + content
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 2, 2, 8, 3) + bytes(4)
    return BytesIO(head + struct.pack(">I", len(resource)) + resource + bytes(6) + bytes(range(12)))


def webp_with(chunk: bytes) -> BytesIO:
    data = encoded(IMAGE, "webp", lossless=True, xmp=XMP).getvalue() + chunk
    return BytesIO(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])


@pytest.mark.parametrize("kind", ["xmp", "exif", "iptc"])
def test_what_a_jpeg_2000_has_in_boxes_is_kept(kind: str) -> None:
    content = {"xmp": XMP, "exif": block_of({271: value("Maker")}), "iptc": b"\x1c\2i\0\1T"}[kind]
    picture = read(jp2_with(b"uuid", bytes.fromhex(UUIDS[kind]) + content))
    np.testing.assert_array_equal(picture.pixels, PIXELS)
    assert picture.metadata[kind] == content
    assert picture.metadata["comment"].startswith(b"Created by OpenJPEG")
    assert picture.notes == ()


def test_the_orientation_in_the_exif_of_a_jpeg_2000_is_that_of_other_formats() -> None:
    exif = block_of({274: value(6)})
    picture = read(jp2_with(b"uuid", bytes.fromhex(UUIDS["exif"]) + exif))
    np.testing.assert_array_equal(picture.pixels, np.rot90(PIXELS, -1))
    assert picture.metadata["exif"] == block_of({274: value(1)})


def test_the_georeference_of_a_jpeg_2000_stays_with_its_bounds() -> None:
    picture = read(jp2_with(b"uuid", bytes.fromhex(UUIDS["geo"]) + GEO))
    assert numbers_of(picture.metadata["geo"][33550]) == (10, 10, 0)
    damaged = read(jp2_with(b"uuid", bytes.fromhex(UUIDS["geo"]) + b"II*\0"))
    assert damaged.notes == (f"{LEFT_OUT}a damaged georeference",)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (jp2_with(b"asoc", b""), "associated data, as GML"),
        (jp2_with(b"xml ", b"<a/>"), "XML"),
        (jp2_with(b"uuid", bytes(16)), "data of an unknown kind"),
        (jp2_with(b"\x1b[1m", b""), "data of an unknown kind"),
        (gif_with(b"\xff\x0bMAGPIE  1.0" + blocks(b"x")), "the extension MAGPIE  1.0"),
        (gif_with(b"\1\x0c" + bytes(12) + blocks(b"hi")), "plain text of a GIF"),
        (webp_with(b"ABCD\2\0\0\0ab"), "the chunk ABCD"),
        (bmp_with(bytes(4)), "the measured colours of a BMP"),
        (bmp_with(b"KNIL"), "a colour profile in another file"),
        (
            bmp_with(b"BGRs", (0x7C00, 0x3E0, 0x1F, 0x8000)),
            "the alpha of a BMP of 16 bits a pixel",
        ),
    ],
)  # fmt: skip
def test_what_has_no_kind_is_told(file: BytesIO, told: str) -> None:
    assert read(file).notes == (LEFT_OUT + told,)


@pytest.mark.parametrize(
    ("file", "kind", "content"),
    [
        (gif_with(b"\xff\x0bXMP DataXMP" + XMP + b"\1" + bytes(range(255, -1, -1)) + b"\0"),
         "xmp", XMP),
        (gif_with(b"\xff\x0bICCRGBG1012" + blocks(b"p" * 300)), "icc_profile", b"p" * 300),
        (gif_with(b"\xfe" + blocks(b"said")), "comment", b"said"),
        (gif_with(b"\xfe\0", aspect=113), "aspect", (128, 64)),
        (encoded(IMAGE, "tga", id_section=b"said"), "comment", b"said"),
        (BytesIO(b"P6\n# said\n2 1\n255\n" + bytes(6)), "comment", b"said"),
        (psd_with(1005, struct.pack(">IHHIHH", 300 << 16, 1, 1, 150 << 16, 1, 1)),
         "dpi", (300, 150)),
        (psd_with(1064, struct.pack(">Id", 1, 2)), "aspect", (2, 1)),
        (psd_with(1058, GEO), "exif", GEO),
        (BytesIO(b"qoif" + struct.pack(">IIBB", 1, 1, 3, 1) + b"\xfe\1\2\3" + bytes(7) + b"\1"),
         "gamma", 1.0),
    ],
)  # fmt: skip
def test_what_has_a_kind_is_kept(file: BytesIO, kind: str, content: Any) -> None:
    picture = read(file)
    assert picture.metadata[kind] == content
    assert picture.notes == ()


@pytest.mark.parametrize("cards", [(), ("EXPTIME =                  1.5",)])
def test_that_a_fits_header_tells_more_is_told(cards: tuple[str, ...]) -> None:
    header = ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 2", "NAXIS2  = 1", *cards)
    data = "".join(card.ljust(80) for card in (*header, "END")).ljust(2880).encode()
    notes = read(BytesIO(data + bytes(2880))).notes
    assert notes == ("what the FITS header tells besides the pixels is left out",) * len(cards)


def test_hostile_lengths_are_passed_over() -> None:
    # A box, a chunk and a resource that say to be longer than their file.
    for file in (
        jp2_with(b"uuid", b""),
        BytesIO(jp2_with(b"uuid", bytes(30)).getvalue().replace(b"\0\0\0&uuid", b"\0\0\0\1uuid")),
        webp_with(b"ABCD\xff\xff\xff\x7f"),
        gif_with(b"\xff\x0bXMP DataXMP" + blocks(XMP)),
    ):
        try:
            picture = read(file)
        except FormatError:  # as Pillow reads no such file
            continue
        assert picture.pixels.shape[:2] == (3, 4)
        assert array_of(Enlarging().apply(picture, (6, 8))).shape[:2] == (6, 8)
