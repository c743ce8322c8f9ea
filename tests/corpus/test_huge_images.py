"""What declares more pixels than may be is refused before memory is taken for them."""

import struct
import tracemalloc
import zlib
from io import BytesIO
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pytest
from corpus.make_corpus import corpus, image_of, saved
from effort import in_one_test
from image_files import read
from PIL import Image
from png_encoding import chunk

from upsamp.errors import FormatError
from upsamp.io.images import read_picture
from upsamp.io.picture_options import ReadOptions

FILES = {file.name: file.data for file in corpus()}
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def patched(name: str, place: int, kind: str, *numbers: int) -> bytes:
    """Return a file of the corpus with numbers put into its header."""
    data = bytearray(FILES[name])
    struct.pack_into(kind, data, place, *numbers)
    return bytes(data)


def png_of(width: int, height: int) -> bytes:
    """Return a PNG that declares so many pixels and has a row of zeros."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return SIGNATURE + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def icon_of(image: bytes) -> bytes:
    """Return an icon that says it is small, of an image that may say otherwise."""
    head = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(image), 22)
    return head + image


def tiff_of(width: int, height: int, bits: int = 8) -> bytes:
    """Return a TIFF of one strip that is not there."""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: 8, 278: height, 279: 9}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def jpeg_of(width: int, height: int) -> bytes:
    data = bytearray(FILES["jpeg_L_baseline.jpg"])
    place = data.index(b"\xff\xc0") + 5
    struct.pack_into(">HH", data, place, height, width)
    return bytes(data)


def webp_of(width: int, height: int) -> bytes:
    """Return a WebP of a canvas that is larger than its image."""
    body = b"VP8X" + struct.pack("<IB3x", 10, 2)
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body += b"ANIM" + struct.pack("<IIH", 6, 0, 0)
    frame = FILES["webp_RGB_lossless.webp"][12:]
    place = bytes(6) + (21).to_bytes(3, "little") + (16).to_bytes(3, "little") + bytes(4)
    body += b"ANMF" + struct.pack("<I", len(place) + len(frame)) + place + frame
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


SIDE = 60_000
HUGE = {
    "png": png_of(SIDE, SIDE),
    "png as large as can be": png_of(2**31 - 1, 2**31 - 1),
    "gif": patched("gif_P.gif", 6, "<HH", 65535, 65535),
    "bmp": patched("bmp_RGB.bmp", 18, "<ii", SIDE, SIDE),
    "bmp upside down": patched("bmp_RGB.bmp", 18, "<ii", SIDE, -SIDE),
    "tiff": tiff_of(SIDE, SIDE),
    "tiff of one bit": tiff_of(2**31 - 1, 2**31 - 1, 1),
    "jpeg": jpeg_of(65500, 65500),
    "ppm": f"P6 {SIDE} {SIDE} 255\n".encode(),
    "ppm of 16 bits": f"P6 {SIDE} {SIDE} 65535\n".encode(),
    "ppm of text": f"P3 {SIDE} {SIDE} 65535\n".encode(),
    "tga": patched("tga_RGB.tga", 12, "<HH", 65535, 65535),
    "sgi": patched("sgi_RGB.sgi", 6, ">HH", 65535, 65535),
    "pcx": patched("pcx_RGB.pcx", 4, "<HHHH", 0, 0, 65534, 65534),
    "dds": patched("dds_RGB.dds", 12, "<II", SIDE, SIDE),
    "jpeg 2000": FILES["jpeg2000_RGB_bare.j2k"].replace(
        struct.pack(">II", 22, 17), struct.pack(">II", SIDE, SIDE)
    ),
    "webp": webp_of(16384, 16384),
    "icon of a png": icon_of(png_of(SIDE, SIDE)),
    "qoi": b"qoif" + struct.pack(">IIBB", SIDE, SIDE, 3, 0) + bytes(100),
}


@in_one_test("name", HUGE)
def test_a_huge_image_is_refused_before_memory_is_taken(name: str) -> None:
    before = getrusage(RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=r"declares more than 178,956,970 pixels.*--max-pix"):
            read(BytesIO(HUGE[name]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**22
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@in_one_test("name", HUGE)
def test_it_is_the_limit_that_refuses_it(name: str) -> None:
    with pytest.raises(FormatError, match=r"declares more than 1 pixels"):
        read(BytesIO(HUGE[name]), max_pixels=1)


def gif_of_growing_frames() -> bytes:
    """Return a GIF whose second frame is larger than its screen."""
    frames = [image_of("P")[0], image_of("P")[0].rotate(180)]
    data = bytearray(saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50))
    first = data.index(b"\x21\xf9\x04")
    second = data.index(b"\x21\xf9\x04", first + 1) + 8
    assert data[second] == 0x2C
    struct.pack_into("<HHHH", data, second + 1, 0, 0, 65535, 65535)
    return bytes(data)


def tiff_of_growing_pages() -> bytes:
    """Return a TIFF whose second page is huge."""
    first = bytearray(saved(Image.new("L", (4, 4)), "TIFF"))
    first += bytes(len(first) % 2)
    (place,) = struct.unpack_from("<I", first, 4)
    (count,) = struct.unpack_from("<H", first, place)
    struct.pack_into("<I", first, place + 2 + 12 * count, len(first))
    return bytes(first) + tiff_of(SIDE, SIDE)[8:]


@pytest.mark.parametrize("kind", ["gif", "tiff"])
def test_a_later_frame_is_bounded_as_the_first_is(kind: str) -> None:
    data = {"gif": gif_of_growing_frames, "tiff": tiff_of_growing_pages}[kind]()
    before = getrusage(RUSAGE_SELF).ru_maxrss
    picture = read_picture(BytesIO(data), "it", ReadOptions(every_frame=True))
    assert picture.frame_count == 2
    with pytest.raises(FormatError, match=r"declares more than 178,956,970 pixels.*--max-pixels"):
        list(picture.frames)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_many_frames_are_read_one_at_a_time() -> None:
    frames = [Image.new("L", (300, 300), number) for number in range(100)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=20)
    tracemalloc.start()
    try:
        picture = read_picture(BytesIO(data), "it", ReadOptions(every_frame=True))
        count = sum(1 for _ in picture.frames)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == picture.frame_count > 95
    assert peak < 2**23


def test_a_page_that_leads_to_itself_is_not_read_for_ever() -> None:
    data = bytearray(saved(Image.new("L", (4, 4)), "TIFF"))
    (place,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, place)
    struct.pack_into("<I", data, place + 2 + 12 * count, place)
    picture = read_picture(BytesIO(bytes(data)), "it", ReadOptions(every_frame=True))
    assert sum(1 for _ in picture.frames) <= 2


@pytest.mark.parametrize("limit", [374, 375])
def test_the_limit_is_exact_whether_odd_or_even(limit: int) -> None:
    for width in (limit, limit + 1):
        data = saved(Image.fromarray(np.zeros((1, width), np.uint8)), "PNG")
        if width == limit:
            assert read(BytesIO(data), max_pixels=limit).pixels.shape == (1, limit)
            continue
        with pytest.raises(FormatError, match=rf"declares more than {limit} pixels, {width}"):
            read(BytesIO(data), max_pixels=limit)


def test_postscript_is_not_run() -> None:
    program = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with pytest.raises(FormatError, match=r"is PostScript, a program that would be run\. Convert"):
        read(BytesIO(program))
