"""Formats, told by a name's suffix or by the first bytes."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from effort import in_one_test
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from upsamp.errors import FileError
from upsamp.io.formats import (
    IMAGE_FORMATS,
    MATRIX_FORMATS,
    TEXT_FORMATS,
    format_of_name,
    format_to_write,
    is_image_format,
    suffix_of,
)
from upsamp.io.matrices import format_matrix
from upsamp.io.sniffing import sniff

SAMPLES = Path(__file__).parents[2] / "sample_images"


@in_one_test(
    ("name", "expected"),
    [
        ("a.txt", "txt"),
        ("a.csv", "csv"),
        ("a.tsv", "tsv"),
        ("a.json", "json"),
        ("a.npy", "npy"),
        ("a.npz", "npz"),
        ("a.png", "png"),
        ("a.jpg", "jpeg"),
        ("a.jpeg", "jpeg"),
        ("A.JPG", "jpeg"),
        ("a.WebP", "webp"),
        ("a.tif", "tiff"),
        ("a.tiff", "tiff"),
        ("a.bmp", "bmp"),
        ("a.gif", "gif"),
        ("a.pgm", "ppm"),
        ("dir.png/a.npy", "npy"),
        ("a.png.csv", "csv"),
        ("a b.png", "png"),
        (".png", None),
        ("png", None),
        ("a", None),
        ("a.", None),
        ("a.doc", None),
        ("a.png/b", None),
        ("", None),
        ("-", None),
    ],
)
def test_a_suffix_tells_the_format(name: str, expected: str | None) -> None:
    assert format_of_name(name) == expected


@in_one_test("name", ["a", "a.doc", "", ".png"])
def test_a_name_without_a_known_suffix_cannot_be_written_and_the_known_are_listed(
    name: str,
) -> None:
    with pytest.raises(FileError, match=r"'" + name + r"' from its suffix\. .*\.csv .*\.png .*"):
        format_to_write(name)


@in_one_test("name", [*MATRIX_FORMATS, *IMAGE_FORMATS])
def test_a_new_file_of_a_format_is_recognised_by_its_suffix(name: str) -> None:
    assert format_to_write("new" + suffix_of(name)) == name
    assert is_image_format(name) == (name in IMAGE_FORMATS)


def test_text_formats_are_those_that_can_be_read_by_eye() -> None:
    for name in MATRIX_FORMATS:
        data = format_matrix(np.array([[1.5, -2.0]]), name)
        assert (name in TEXT_FORMATS) == data.isascii()


@in_one_test(
    ("head", "expected"),
    [
        (b"1 2; 3 4", "txt"),
        (b"[[1, 2]]", "txt"),
        (b"# comment\n1 2", "txt"),
        (b"", "txt"),
        (b"\xef\xbb\xbf1 2", "txt"),
        (b"\xff\xfe1\x00", "txt"),
        (b"\xfe\xff\x001", "txt"),
        ("é".encode() * 256, "txt"),
        (("x" + "é" * 300).encode()[:512], "txt"),
        (b"P1\n2 2\n0 1 1 0", "image"),
        (b"P5 2 2 255 ....", "image"),
        (b"P10 2", "txt"),
        (b"\x93NUMPY\x01\x00", "npy"),
        (b"PK\x03\x04", "npz"),
        (b"caf\xe9 au lait", "image"),
        (b"\x00\x01", "image"),
    ],
)
def test_the_first_bytes_tell_what_a_stream_is(head: bytes, expected: str) -> None:
    assert sniff(head) == expected


@in_one_test("name", ["lake.png", "depth16.png", "palette.gif", "portrait.jpg"])
def test_the_samples_are_images(name: str) -> None:
    assert sniff((SAMPLES / name).read_bytes()[:512]) == "image"


@in_one_test("name", ["png", "jpeg", "webp", "tiff", "bmp", "gif", "ppm", "tga", "ico"])
def test_every_image_that_pillow_writes_is_told_by_its_first_bytes(name: str) -> None:
    buffer = BytesIO()
    Image.effect_noise((64, 64), 50).convert("RGB").save(buffer, name)
    assert sniff(buffer.getvalue()[:512]) == "image"


@in_one_test("name", MATRIX_FORMATS)
def test_every_matrix_that_is_written_is_told_by_its_first_bytes(name: str) -> None:
    data = format_matrix(np.random.default_rng(1).random((20, 20)), name)
    assert sniff(data[:512]) == (name if name in ("npy", "npz") else "txt")


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    start=st.integers(0, 3),
)
def test_text_cut_anywhere_is_still_text(text: str, start: int) -> None:
    data = ("1" * (5 + start) + text * 200).encode()
    assert sniff(data[:512]) == "txt"
