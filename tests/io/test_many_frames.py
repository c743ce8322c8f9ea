"""Frames and pages count: all together are bounded, and one of many costs no more than it must."""

import struct
import time
import zlib
from io import BytesIO

import numpy as np
import pytest
from effort import choose, sample
from image_files import encoded, read
from PIL import Image
from png_encoding import chunk

from upsamp.errors import FormatError

MANY = choose(100_000, 300_000)
TOO_MANY = r"^it has more than [\d,]+ pixels in all of its frames or pages, 2 times --max-pixels"


def tiff_of(count: int) -> bytes:
    """Return a TIFF of so many pages of one pixel, the byte that tells the page's number."""
    data = bytearray(b"II*\0" + struct.pack("<I", 264) + bytes(range(256)))
    for number in range(count):
        tags = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8 + number % 256, 277: 1, 278: 1}
        tags[279] = 1
        data += struct.pack("<H", len(tags))
        data += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
        data += struct.pack("<I", len(data) + 4 if number < count - 1 else 0)
    return bytes(data)


def gif_of(count: int, side: int = 1) -> bytes:
    """Return a GIF of so many frames of one pixel on a canvas of that side."""
    frame = b",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    head = struct.pack("<HHBBB", side, side, 0x80, 0, 0)
    return b"GIF89a" + head + bytes(3) + b"\xff\xff\xff" + frame * count + b";"


def png_of(count: int, declared: int, side: int = 1) -> bytes:
    """Return an animated PNG that declares so many frames of that side."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes(side)) * side)
    parts = [chunk(b"IHDR", header), chunk(b"acTL", struct.pack(">II", declared, 0))]
    for number in range(count):
        place = struct.pack(">IIIIIHHBB", max(0, 2 * number - 1), side, side, 0, 0, 1, 10, 0, 0)
        parts.append(chunk(b"fcTL", place))
        data = struct.pack(">I", 2 * number) + pixels
        parts.append(chunk(b"fdAT", data) if number else chunk(b"IDAT", pixels))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def pages() -> bytes:
    return tiff_of(MANY)


@pytest.mark.parametrize("number", sample([0, 1, 77_777, MANY - 1], 3))
def test_one_page_of_very_many_is_read_without_the_others(pages: bytes, number: int) -> None:
    started = time.process_time()
    assert read(BytesIO(pages), frame=number).pixels.tolist() == [[number % 256]]
    assert time.process_time() - started < 5  # by Pillow's way it takes minutes


def test_the_first_of_very_many_pages_is_read_with_a_note(pages: bytes) -> None:
    picture = read(BytesIO(pages))
    assert picture.notes == ("only the first frame is read",)


def test_a_page_that_there_is_not_is_named_with_their_number(pages: bytes) -> None:
    with pytest.raises(FormatError, match=rf"^--frame must .* it, 0 to {MANY - 1}\. Received: "):
        read(BytesIO(pages), frame=10**15)


@pytest.mark.parametrize("kind", ["tiff", "gif", "png"])
def test_very_many_frames_are_refused_by_a_limit_that_names_its_option(
    kind: str, pages: bytes
) -> None:
    data = {"tiff": pages, "gif": gif_of(MANY), "png": png_of(3, 2**31 - 1)}[kind]
    started = time.process_time()
    with pytest.raises(FormatError, match=TOO_MANY):
        read(BytesIO(data), every_frame=True)
    if kind != "tiff":  # a frame is made of those before it
        with pytest.raises(FormatError, match=TOO_MANY):
            read(BytesIO(data), frame=10**6)
    assert time.process_time() - started < 5


def webp_of(count: int, side: int) -> bytes:
    first, *others = (Image.new("RGB", (side, side), (number, 0, 9)) for number in range(count))
    return encoded(first, "webp", save_all=True, append_images=others, lossless=True).getvalue()


@pytest.mark.parametrize("kind", ["gif", "png", "webp"])
def test_the_pixels_of_all_frames_are_bounded_as_those_of_an_image_are(kind: str) -> None:
    files = {"gif": gif_of(10, 20), "webp": webp_of(10, 20), "png": png_of(10, 10, 20)}
    data = files[kind]
    assert read(BytesIO(data), every_frame=True, max_pixels=2000).frame_count == 10
    for options in ({"every_frame": True}, {"frame": 9}):
        with pytest.raises(FormatError, match=TOO_MANY):
            read(BytesIO(data), max_pixels=1999, **options)
    assert read(BytesIO(data), max_pixels=1999, frame=8).pixels.shape[:2] == (20, 20)


def test_pages_of_other_sizes_are_bounded_as_they_are_read() -> None:
    pages = [Image.new("L", (side, side)) for side in (10, 20, 20, 20)]
    data = encoded(pages[0], "tiff", save_all=True, append_images=pages[1:]).getvalue()
    assert len([*read(BytesIO(data), every_frame=True, max_pixels=600).frames]) == 4
    picture = read(BytesIO(data), every_frame=True, max_pixels=599)
    with pytest.raises(FormatError, match=TOO_MANY):
        list(picture.frames)


def test_hundreds_of_frames_of_a_usual_size_are_read() -> None:
    assert read(BytesIO(gif_of(900, 600)), every_frame=True).frame_count == 900


def test_many_entries_of_an_icon_are_one_image() -> None:
    png = encoded(Image.new("RGBA", (16, 16), (1, 2, 3, 255)), "png").getvalue()
    count = 2**16 - 1
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png), 6 + 16 * count)
    picture = read(BytesIO(struct.pack("<HHH", 0, 1, count) + entry * count + png))
    np.testing.assert_array_equal(picture.pixels[0, 0], [1, 2, 3, 255])
    assert picture.frame_count == 1
