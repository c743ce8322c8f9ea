"""Image files: every mode comes and goes unharmed, and no file brings the reader down."""

import struct
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from upsamp.errors import FormatError, UpsampError
from upsamp.io.images import read_picture, write_picture
from upsamp.io.pictures import Picture, picture_of_matrix

Array = NDArray[Any]

SAMPLES = Path(__file__).parents[2] / "sample_images"
NAMES = ("lake.png", "sprite.png", "zone_plate.png", "depth16.png", "palette.gif", "portrait.jpg")
ORIENTATION = 0x0112
HEIGHT, WIDTH = 5, 7


def pixels_of(mode: str) -> Array:
    """Give noise of that mode, as the array that Pillow makes of such an image."""
    generator = np.random.default_rng(8)
    channels = {"LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}.get(mode)
    shape = (HEIGHT, WIDTH) if channels is None else (HEIGHT, WIDTH, channels)
    if mode == "F":
        return generator.standard_normal(shape).astype(np.float32)
    if mode == "1":
        return generator.random(shape) < 0.5
    dtype, limit = {"I;16": (np.uint16, 2**16), "I": (np.int32, 2**31)}.get(mode, (np.uint8, 256))
    return generator.integers(0, 16 if mode == "P" else limit, shape).astype(dtype)


def image_of(mode: str) -> Image.Image:
    image = Image.fromarray(pixels_of(mode), mode if mode in ("P", "CMYK") else None)
    if mode == "P":
        image.putpalette(np.random.default_rng(9).integers(0, 256, 48).astype(np.uint8).tobytes())
    return image


def encoded(image: Image.Image, format_name: str, **options: Any) -> BytesIO:
    buffer = BytesIO()
    image.save(buffer, format_name, **options)
    return BytesIO(buffer.getvalue())


def read(stream: BytesIO | Path, *, expand: bool = False, **options: Any) -> Picture:
    data = stream if isinstance(stream, BytesIO) else BytesIO(stream.read_bytes())
    return read_picture(data, "it", expand=expand, **options)


def with_right_checksums(png: bytes | bytearray) -> bytes:
    """Repair the checksums of a PNG, so that what was damaged in it is looked at."""
    data, place = bytearray(png), 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[place + 4 : end]))[
            : len(data) - end
        ]
        place = end + 4
    return bytes(data)


def written(picture: Picture, format_name: str) -> BytesIO:
    buffer = BytesIO()
    write_picture(picture, format_name, buffer, "it")
    return BytesIO(buffer.getvalue())


# --- modes


@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize("format_name", ["png", "tiff", "webp", "tga"])
def test_the_colour_under_transparent_pixels_is_kept(format_name: str) -> None:
    pixels = pixels_of("RGBA")
    pixels[1:, :4, 3] = 0
    again = read(written(Picture(pixels, "RGBA"), format_name))
    np.testing.assert_array_equal(again.pixels, pixels)


@pytest.mark.parametrize("format_name", ["webp", "tiff", "gif"])
@pytest.mark.parametrize("source_format", ["png", "gif"])
def test_a_palette_keeps_its_transparent_colour_in_other_formats(
    source_format: str, format_name: str
) -> None:
    source = encoded(image_of("P"), source_format, transparency=3)
    with Image.open(source) as image:
        expected = np.asarray(image.convert("RGBA"))[..., 3]
    assert expected.min() == 0
    with Image.open(written(read(source), format_name)) as image:
        np.testing.assert_array_equal(np.asarray(image.convert("RGBA"))[..., 3], expected)


@pytest.mark.parametrize(
    ("mode", "format_name", "message"),
    [
        *(
            ("I;16", name, r"holds 8 bits a channel, and uint16 .* Use one of png, tiff")
            for name in ("jpeg", "webp", "bmp", "gif", "tga")
        ),
        ("I", "jpeg", r"8 bits a channel, and int32 pixels .* Use one of tiff"),
        ("F", "png", r"^PNG holds 8 bits a channel, and float32 .* Use one of tiff\."),
        ("F", "webp", r"float32 pixels would lose the rest"),
        ("RGBA", "jpeg", r"^JPEG holds no transparency"),
        ("CMYK", "png", r"^it cannot be encoded: .*CMYK.*PNG"),
    ],
)
def test_a_format_that_would_lose_something_is_refused(
    mode: str, format_name: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        written(Picture(pixels_of(mode), mode), format_name)


@pytest.mark.parametrize("format_name", ["tiff", "jpeg2000", "jpeg", "ppm"])
@pytest.mark.parametrize("mode", ["LA;16", "RGB;16", "RGBA;16"])
def test_colour_of_16_bits_is_for_png_alone(mode: str, format_name: str) -> None:
    picture = picture_of_matrix(np.full((2, 3, {"L": 2, "R": 3}.get(mode[0], 4)), 300))
    assert picture.pixels.dtype == np.uint16
    message = r"with 8 bits a channel in colour, and uint16 pixels .* Use one of png\."
    with pytest.raises(FormatError, match=message):
        written(picture, format_name)
    assert read(written(picture, "png")).pixels.shape[:2] == (2, 3)


def test_a_grey_pgm_of_16_bits_is_written_as_one() -> None:
    grey = pixels_of("I;16")
    data = b"P5 %d %d 65535\n" % (WIDTH, HEIGHT) + grey.astype(">u2").tobytes()
    again = read(written(read(BytesIO(data)), "ppm"))
    np.testing.assert_array_equal(again.pixels, grey)


def test_colour_of_16_bits_gives_a_note() -> None:
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
    picture = read(BytesIO(png))
    np.testing.assert_array_equal(picture.pixels, (colour >> 8).astype(np.uint8))
    assert picture.notes == ("16-bit colour is read as 8-bit; its lower digits are lost",)


def test_an_animation_gives_its_first_frame_and_a_note() -> None:
    frames = [Image.new("L", (4, 3), grey) for grey in (0, 100, 200)]
    source = encoded(frames[0], "gif", save_all=True, append_images=frames[1:])
    picture = read(source, expand=True)
    assert picture.pixels.max() == 0
    assert picture.notes == ("only the first frame is read",)


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_have_nothing_to_note(name: str) -> None:
    assert read(SAMPLES / name).notes == ()


# --- metadata


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["jpeg", "png", "tiff", "webp"])
def test_every_orientation_is_read_upright_and_written_without_it(
    format_name: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010E] = "described"
    source = encoded(image_of("RGB"), format_name, exif=exif)
    with Image.open(source) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    picture = read(source)
    assert picture.pixels.shape[:2] == ((5, 7) if orientation < 5 else (7, 5))
    np.testing.assert_array_equal(picture.pixels, expected)
    with Image.open(written(picture, format_name)) as image:
        assert image.getexif().get(ORIENTATION, 1) == 1
        if format_name != "tiff":  # there Pillow keeps what it describes in tags of the image
            assert image.getexif()[0x010E] == "described"


@pytest.mark.parametrize("format_name", ["png", "jpeg", "tiff"])
def test_resolution_and_colour_profile_are_kept(format_name: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = encoded(image_of("RGB"), format_name, dpi=(300, 200), icc_profile=profile)
    for target in ("png", "jpeg", "tiff"):
        with Image.open(written(read(source), target)) as image:
            assert image.info["icc_profile"] == profile
            np.testing.assert_allclose([*map(float, image.info["dpi"])], (300, 200), atol=0.5)


@pytest.mark.parametrize("dpi", [(100_000, 100_000), (0.001, 0.001)])
def test_a_resolution_that_the_format_cannot_hold_does_not_stop_the_picture(
    dpi: tuple[float, float],
) -> None:
    source = encoded(image_of("L"), "tiff", dpi=dpi)
    for target in ("png", "jpeg", "bmp", "tiff"):
        assert read(written(read(source), target)).pixels.shape == (HEIGHT, WIDTH)


def test_a_resolution_of_nothing_does_not_stop_the_picture() -> None:
    whole = encoded(image_of("L"), "tiff", dpi=(77, 77)).getvalue()
    nothing = whole.replace(struct.pack("<LL", 77, 1), struct.pack("<LL", 0, 0))
    assert nothing != whole
    source = BytesIO(nothing)
    for target in ("png", "jpeg", "bmp", "tiff"):
        assert read(written(read(source), target)).pixels.shape == (HEIGHT, WIDTH)


# --- matrices as pictures


@pytest.mark.parametrize(
    ("array", "mode", "expected"),
    [
        (np.array([[0.0, 254.5, 255.0, 1.5]]), "L", np.array([[0, 254, 255, 2]], np.uint8)),
        (np.array([[0, 255]]), "L", np.array([[0, 255]], np.uint8)),
        (np.array([[0, 256]]), "I;16", np.array([[0, 256]], np.uint16)),
        (np.array([[0, 65535]], np.int32), "I;16", np.array([[0, 65535]], np.uint16)),
        (np.array([[7, 8]], np.uint16), "I;16", np.array([[7, 8]], np.uint16)),
        (np.array([[True, False]]), "L", np.array([[255, 0]], np.uint8)),
        (np.ones((2, 3, 1)), "L", np.ones((2, 3), np.uint8)),
        (np.ones((2, 3, 2)), "LA", np.ones((2, 3, 2), np.uint8)),
        (np.ones((2, 3, 3)), "RGB", np.ones((2, 3, 3), np.uint8)),
        (np.ones((1, 2, 3, 4)), "RGBA", np.ones((2, 3, 4), np.uint8)),
    ],
)
def test_a_matrix_becomes_a_picture(array: Array, mode: str, expected: Array) -> None:
    picture = picture_of_matrix(array)
    assert picture.mode == mode
    np.testing.assert_array_equal(picture.pixels, expected, strict=True)
    np.testing.assert_array_equal(read(written(picture, "png")).pixels, expected, strict=True)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((2, 2, 5)), r"1 to 4 channels\. Received: shape \(2, 2, 5\)"),
        (np.ones((2, 2, 2, 3)), r"1 to 4 channels\. Received: shape \(2, 2, 2, 3\)"),
        (np.array([[-1.0, 3]]), r"values from -1 to 3"),
        (np.array([[0, 255.4]]), r"values from 0 to 255\.4"),
        (np.array([[0, 65536]]), r"values from 0 to 65536"),
        (np.full((1, 1, 3), 65536), r"values from 65536 to 65536"),
        (np.full((1, 1, 3), 256.0), r"values from 256 to 256"),
        (np.array([[np.nan, 1]]), r"values from nan to nan"),
        (np.array([[np.inf, 1]]), r"values from 1 to inf"),
    ],
)
def test_a_matrix_that_is_no_picture_is_refused(array: Array, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        picture_of_matrix(array)


# --- what is wrong with a file


@pytest.mark.parametrize("limit", [1, 2, 3, HEIGHT * WIDTH - 1, HEIGHT * WIDTH])
def test_the_limit_on_pixels_is_exact_and_names_its_option(limit: int) -> None:
    before = Image.MAX_IMAGE_PIXELS
    for height, width in ((1, limit), (1, limit + 1)):
        source = encoded(Image.new("L", (width, height)), "png")
        if width <= limit:
            assert read(source, max_pixels=limit).pixels.shape == (height, width)
        else:
            with pytest.raises(
                FormatError, match=rf"declares more than {limit:,} pixels.*--max-pixels"
            ):
                read(source, max_pixels=limit)
        assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"^it is no image that can be read: it is empty\."),
        (b"1 2; 3 4", r"^it is no image .*: it holds text; a matrix in a file ends in \.txt"),
        (b"\x89PNG\r\n\x1a\n", r"^it "),
        (b"\xff\xd8\xff\xe0 nothing", r"^it cannot be decoded: "),
        (b"\xffrandom" * 50, r"^it is no image .*: its content is of no known image format"),
    ],
)
def test_what_is_no_image_is_told_apart(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(BytesIO(data))


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_image_is_refused_wherever_it_is_cut(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    for share in (0.0, 0.05, 0.2, 0.5, 0.8, 0.95):
        with pytest.raises(FormatError, match=r"^it .*\.$"):
            read(BytesIO(data[: int(len(data) * share)]))


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_image_is_a_picture_or_an_error_of_ours(name: str) -> None:
    whole = (SAMPLES / name).read_bytes()
    generator = np.random.default_rng(11)
    refused = 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(150):
            data = bytearray(whole)
            # Most of the damage goes to the headers, where the decisions are made.
            reach = 200 if generator.random() < 0.7 else len(data)
            for place in generator.integers(0, reach, generator.integers(1, 5)):
                data[place] = generator.integers(0, 256)
            damaged = with_right_checksums(data) if name.endswith("png") else bytes(data)
            try:
                picture = read(BytesIO(damaged), expand=True, max_pixels=2**22)
                assert picture.pixels.ndim in (2, 3)
                written(picture, "tiff")
            except UpsampError:
                refused += 1
    assert caught == []
    assert 0 < refused < 150


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_after_any_signature_are_an_error_of_ours(seed: int) -> None:
    generator = np.random.default_rng(seed)
    for signature in (b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"RIFF\0\0\0\0WEBP"):
        for length in (0, 1, 20, 500):
            with pytest.raises(FormatError, match=r"^it "):
                read(BytesIO(signature + generator.bytes(length)))
