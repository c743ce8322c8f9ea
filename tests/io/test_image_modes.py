"""Image files: every mode comes and goes unharmed, or is refused, or noted."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from image_files import HEIGHT, NAMES, SAMPLES, WIDTH, encoded, image_of, pixels_of, read, written
from PIL import Image

from upsamp.errors import FormatError
from upsamp.io.pictures import Picture, picture_of_matrix


@in_one_test("expand", [False, True])
@in_one_test(
    ("mode", "format_name"),
    [
        *((mode, "png") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *((mode, "tiff") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I")),
        ("F", "tiff"),
        *((mode, "bmp") for mode in ("1", "L", "P", "RGB", "RGBA")),
        *((mode, "webp") for mode in ("RGB", "RGBA")),
        *((mode, "ppm") for mode in ("1", "L", "RGB", "I;16")),
        *((mode, "tga") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
        *((mode, "gif") for mode in ("L", "P")),
        ("RGB", "jpeg2000"),
    ],
)
def test_a_picture_read_and_written_has_the_same_pixels(
    mode: str, format_name: str, expand: bool
) -> None:
    options = {"lossless": True} if format_name == "webp" else {}
    source = encoded(image_of(mode), format_name, **options)
    picture = read(source, expand=expand)
    with Image.open(source) as image:
        expected = np.asarray(
            image.convert({"P": "RGB", "1": "L"}.get(image.mode)) if expand else image
        )
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.pixels.dtype.isnative
    assert picture.format == format_name
    again = read(written(picture, format_name), expand=expand)
    np.testing.assert_array_equal(again.pixels, picture.pixels)
    assert (again.mode, again.palette) == (picture.mode, picture.palette)


@pytest.mark.parametrize("expand", [False, True])
def test_cmyk_survives_a_jpeg(expand: bool) -> None:
    image = Image.new("CMYK", (16, 16), (10, 200, 90, 40))
    picture = read(encoded(image, "jpeg", quality=95), expand=expand)
    assert (picture.mode, picture.pixels.shape) == ("CMYK", (16, 16, 4))
    again = read(written(picture, "jpeg"), expand=expand)
    for pixels in (picture.pixels, again.pixels):
        np.testing.assert_allclose(pixels.astype(int)[8, 8], (10, 200, 90, 40), atol=4)


@in_one_test(
    ("mode", "transparency", "expanded"),
    [("P", 3, "RGBA"), ("P", bytes(range(0, 240, 15)), "RGBA"), ("L", 9, "LA"), ("RGB", 1, "RGBA")],
)
def test_a_transparent_colour_becomes_alpha_or_stays_what_it_is(
    mode: str, transparency: Any, expanded: str
) -> None:
    image = image_of(mode)
    if mode == "RGB":
        transparency = tuple(int(value) for value in np.asarray(image)[0, 0])
    elif mode == "L":
        transparency = int(np.asarray(image)[0, 0])
    source = encoded(image, "png", transparency=transparency)
    with Image.open(source) as opened:
        expected = np.asarray(opened.convert("RGBA"))
    assert expected[..., 3].min() < 255
    picture = read(source, expand=True)
    assert picture.mode == expanded
    assert picture.has_alpha
    colours = picture.pixels if expanded == "RGBA" else picture.pixels[..., [0, 0, 0, 1]]
    np.testing.assert_array_equal(colours, expected)
    kept = read(source)
    assert kept.mode == mode
    for again in (written(picture, "png"), written(kept, "png")):
        with Image.open(again) as opened:
            actual = np.asarray(opened.convert("RGBA"))
        np.testing.assert_array_equal(actual, expected)


@in_one_test("format_name", ["png", "tiff", "webp", "tga"])
def test_the_colour_under_transparent_pixels_is_kept(format_name: str) -> None:
    pixels = pixels_of("RGBA")
    pixels[1:, :4, 3] = 0
    again = read(written(Picture(pixels, "RGBA"), format_name))
    np.testing.assert_array_equal(again.pixels, pixels)


@in_one_test("format_name", ["webp", "tiff", "gif"])
@in_one_test("source_format", ["png", "gif"])
def test_a_palette_keeps_its_transparent_colour_in_other_formats(
    source_format: str, format_name: str
) -> None:
    source = encoded(image_of("P"), source_format, transparency=3)
    with Image.open(source) as image:
        expected = np.asarray(image.convert("RGBA"))[..., 3]
    assert expected.min() == 0
    with Image.open(written(read(source), format_name)) as image:
        np.testing.assert_array_equal(np.asarray(image.convert("RGBA"))[..., 3], expected)


@in_one_test(
    ("mode", "format_name", "message"),
    [
        *(
            (
                "I;16",
                name,
                r"holds 8 bits a channel, and uint16 .* Use one of png, ppm, tiff, jpeg2000\.",
            )
            for name in ("jpeg", "webp", "bmp", "gif", "tga")
        ),
        ("I", "jpeg", r"8 bits a channel, and int32 pixels .* Use one of tiff"),
        ("F", "png", r"^PNG holds 8 or 16 bits without a sign, and float32 .* Use one of tiff\."),
        ("F", "webp", r"float32 pixels would lose the rest"),
        ("RGBA", "jpeg", r"^JPEG holds no transparency"),
    ],
)
def test_a_format_that_would_lose_something_is_refused(
    mode: str, format_name: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        written(Picture(pixels_of(mode), mode), format_name)


@in_one_test("format_name", ["jpeg2000", "jpeg"])
@in_one_test("mode", ["LA;16", "RGB;16", "RGBA;16"])
def test_colour_of_16_bits_is_for_png_and_tiff(mode: str, format_name: str) -> None:
    picture = picture_of_matrix(np.full((2, 3, {"L": 2, "R": 3}.get(mode[0], 4)), 300))
    assert picture.pixels.dtype == np.uint16
    message = (
        r"with 8 bits a channel in colour, and uint16 pixels .* Use one of png, (ppm, )?tiff\."
    )
    with pytest.raises(FormatError, match=message):
        written(picture, format_name)
    assert read(written(picture, "png")).pixels.shape[:2] == (2, 3)


def test_a_ppm_of_16_bits_is_written_and_read_again() -> None:
    pixels = np.random.default_rng(0).integers(0, 65536, (300, 700, 3)).astype(np.uint16)
    again = read(written(Picture(pixels, "RGB;16"), "ppm"))
    assert again.mode == "RGB;16"
    np.testing.assert_array_equal(again.pixels, pixels)
    with pytest.raises(FormatError, match=r"^PPM has no place for RGBA;16 pixels\. Use one"):
        written(Picture(np.zeros((2, 2, 4), np.uint16), "RGBA;16"), "ppm")


@in_one_test("format_name", ["bmp", "ppm", "jpeg"])
@in_one_test("mode", ["LA", "RGBA"])
def test_what_is_seen_through_is_not_lost_in_silence(mode: str, format_name: str) -> None:
    picture = Picture(pixels_of(mode), mode)
    with pytest.raises(FormatError, match=rf"^{format_name.upper()} holds no transparency"):
        written(picture, format_name)
    opaque = picture.pixels.copy()
    opaque[..., -1] = 255
    again = read(written(Picture(opaque, mode), format_name))
    assert again.mode == mode.removesuffix("A")
    if format_name != "jpeg":
        wanted = opaque[..., :-1] if mode == "RGBA" else opaque[..., 0]
        np.testing.assert_array_equal(again.pixels, wanted)


@in_one_test("size", [(1, 1), (16, 16), (54, 23), (256, 256)])
def test_an_icon_keeps_its_size(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 4)).astype(np.uint8)
    again = read(written(Picture(pixels, "RGBA"), "ico"))
    np.testing.assert_array_equal(again.pixels, pixels)


def test_an_icon_that_is_too_large_is_refused() -> None:
    with pytest.raises(
        FormatError, match=r"^ICO holds at most 256 pixels a side\. Received: 257 x 3\. Use"
    ):
        written(Picture(np.zeros((3, 257), np.uint8), "L"), "ico")


def test_a_grey_pgm_of_16_bits_is_written_as_one() -> None:
    grey = pixels_of("I;16")
    data = b"P5 %d %d 65535\n" % (WIDTH, HEIGHT) + grey.astype(">u2").tobytes()
    again = read(written(read(BytesIO(data)), "ppm"))
    np.testing.assert_array_equal(again.pixels, grey)


def test_colour_of_16_bits_that_may_be_cut_gives_a_note() -> None:
    colour = np.random.default_rng(10).integers(0, 2**16, (HEIGHT, WIDTH, 3)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in colour)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    picture = read(BytesIO(png), depth=8)
    np.testing.assert_array_equal(picture.pixels, (colour >> 8).astype(np.uint8))
    assert picture.notes == ("16-bit colour is read as 8-bit; its lower digits are lost",)


def test_an_animation_gives_its_first_frame_and_a_note() -> None:
    frames = [Image.new("L", (4, 3), grey) for grey in (0, 100, 200)]
    source = encoded(frames[0], "gif", save_all=True, append_images=frames[1:])
    picture = read(source, expand=True)
    assert picture.pixels.max() == 0
    assert picture.notes == ("only the first frame is read",)


@in_one_test("name", NAMES)
def test_the_samples_have_nothing_to_note(name: str) -> None:
    assert read(SAMPLES / name).notes == ()
