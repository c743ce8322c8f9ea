"""Image files: orientation, resolution and colour profile come and go with the pixels."""

import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from effort import in_one_test
from image_files import HEIGHT, WIDTH, encoded, image_of, read, written
from PIL import Image, ImageCms, ImageOps, features
from png_encoding import chunk

from upsamp.io.metadata.directory import Value, block_of, numbers_of, tags_of_block, value
from upsamp.io.pictures import Frames, Picture
from upsamp.io.write import write_result
from upsamp.resizing.enlarging import Settings
from upsamp.resizing.file_to_file import enlarge_file

ORIENTATION = 0x0112
needs_avif = pytest.mark.skipif(
    "avif" not in features.modules or not features.check("avif"), reason="this Pillow has no AVIF"
)


@pytest.mark.parametrize("orientation", range(1, 9))
@in_one_test("format_name", ["jpeg", "png", "tiff", "webp"])
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


@pytest.mark.parametrize(
    ("unit", "density", "kept"),
    [
        (1, (100_000, 100_000), {}),  # a JPEG tells them by 16 bits
        (1, (65_535, 300), {"dpi": (65_535, 300)}),
        (0, (2, 1), {"aspect": (2, 1)}),
        (2, (0.2, 0.1), {"aspect": (2, 1)}),  # too few dots per inch to be some
    ],
)
def test_a_resolution_is_kept_by_a_jpeg_or_told(
    unit: int, density: tuple[float, float], kept: dict[str, Any], tmp_path: Path
) -> None:
    pixels = np.zeros((3, 4), np.uint8)
    resolution: dict[str, Any] = {"resolution": density, "resolutionunit": unit + 1}
    tifffile.imwrite(tmp_path / "a.tif", pixels, metadata=None, **resolution)
    notes = enlarge_file(str(tmp_path / "a.tif"), str(tmp_path / "a.jpg"), Settings()).notes
    assert notes == (() if kept else ("JPEG holds no such fine resolution, so that is left out",))
    again = read(tmp_path / "a.jpg").metadata
    assert {key: again[key] for key in ("dpi", "aspect") if key in again} == kept


@pytest.mark.parametrize(
    ("exif_tags", "density", "kept"),
    [
        ({271: "Maker"}, (0, 1, 1), {}),  # nobody said that it was 72
        ({271: "Maker"}, (0, 2, 1), {"aspect": (2, 1)}),
        ({282: 300.0, 283: 150.0, 296: 2}, (0, 1, 1), {"dpi": (300, 150)}),
        ({282: 300.0, 283: 300.0, 296: 2}, (1, 96, 96), {"dpi": (96, 96)}),
    ],
)
def test_the_resolution_of_a_jpeg_is_that_of_its_header_or_of_its_exif(
    exif_tags: dict[int, Any], density: tuple[int, int, int], kept: dict[str, Any]
) -> None:
    exif = Image.Exif()
    exif.update(exif_tags)
    data = bytearray(encoded(image_of("L"), "jpeg", exif=exif).getvalue())
    place = data.index(b"JFIF\0") + 7
    struct.pack_into(">BHH", data, place, *density)
    metadata = read(BytesIO(data)).metadata
    assert {key: metadata[key] for key in ("dpi", "aspect") if key in metadata} == kept


def test_what_a_png_says_of_its_old_pixels_is_told() -> None:
    said = {
        b"sBIT": (b"\5", "the significant bits"),
        b"bKGD": (b"\0\7", "the colour of the background"),
        b"sPLT": (b"a\0\10" + bytes(6), "a suggested palette"),
        b"tIME": (struct.pack(">H5B", 2020, 1, 2, 3, 4, 5), "the time of the last change"),
        b"iCCP": (b"a\0\0none", "a damaged colour profile"),
        b"eXIf": (b"none", "damaged EXIF"),
        b"oFFs": (bytes(9), "the PNG's chunk oFFs"),
    }
    whole = encoded(image_of("L"), "png").getvalue()
    start = whole.index(b"IDAT") - 4
    for kind, (body, words) in said.items():
        data = whole[:start] + chunk(kind, body) + whole[start:]
        notes = read(BytesIO(data)).notes
        assert notes == (f"left out, as it belongs to the old file alone: {words}",)


@pytest.mark.parametrize("format_name", ["jpeg", "webp", "png"])
def test_exif_that_is_none_is_told(format_name: str) -> None:
    data = encoded(Image.new("RGB", (2, 2)), format_name, exif=b"Exif\0\0this is none")
    (note,) = read(data).notes
    assert note == "left out, as it belongs to the old file alone: damaged EXIF"


@needs_avif
def test_an_avif_keeps_exif_byte_for_byte_and_damaged_exif_too() -> None:
    exif = Image.Exif()
    exif.update({271: "Maker", 305: "Software", ORIENTATION: 1})
    exif[37500] = bytes(range(40))  # notes of a camera, which point to places in the block
    whole = exif.tobytes().removeprefix(b"Exif\0\0")
    damaged = bytearray(whole)
    damaged[20] = 12  # a text becomes numbers that are not there
    for block in (whole, bytes(damaged)):
        picture = Picture(np.zeros((4, 4, 3), np.uint8), "RGB", metadata={"exif": block})
        assert read(written(picture, "avif")).metadata["exif"] == block


@needs_avif
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_an_avif_that_is_not_turned_tells_its_orientation(orientation: int) -> None:
    image = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6) * np.uint8(10))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    source = encoded(image, "png", exif=exif)
    left = written(read(source, orient=False), "avif")
    upright = read(source).pixels
    # What the levels lose is small.
    np.testing.assert_allclose(read(left).pixels[..., 0].astype(int), upright, atol=3)


def test_a_resolution_of_nothing_does_not_stop_the_picture() -> None:
    whole = encoded(image_of("L"), "tiff", dpi=(77, 77)).getvalue()
    nothing = whole.replace(struct.pack("<LL", 77, 1), struct.pack("<LL", 0, 0))
    assert nothing != whole
    source = BytesIO(nothing)
    for target in ("png", "jpeg", "bmp", "tiff"):
        assert read(written(read(source), target)).pixels.shape == (HEIGHT, WIDTH)


def test_exif_that_ends_within_its_header_is_none() -> None:
    # AVIF could not be written with it.
    data = encoded(Image.new("RGB", (2, 2)), "webp", exif=b"Exif\0\0MM\0*\0\0\0")
    assert "exif" not in read(data).metadata


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize(
    ("aspect", "number"), [((2, 1), 113), ((1, 4), 1), ((40, 33), 63), ((9, 1), 0), ((1, 9), 0)]
)
def test_a_gif_tells_how_wide_its_pixels_are(
    aspect: tuple[int, int], number: int, frames: int, tmp_path: Path
) -> None:
    levels = [np.full((3, 4), level, np.uint8) for level in range(frames)]
    first, *others = [Picture(pixels, "L", metadata={"aspect": aspect}) for pixels in levels]
    rest = Frames(len(others), lambda: iter(others)) if others else None
    path = tmp_path / "a.gif"
    lost = write_result(replace(first, rest=rest), "gif", str(path))
    assert lost == (
        [] if number else ["GIF holds no such aspect of the pixels, so that is left out"]
    )
    assert path.read_bytes()[12] == number
    again = read(path, every_frame=True)
    for frame in again.frames:
        assert frame.metadata.get("aspect") == ((number + 15, 64) if number else None)


@pytest.mark.parametrize("bits", [(0x7C00, 0x3E0, 0x1F, 0x8000), (0x7C00, 0x3E0, 0x1F, 0)])
def test_alpha_of_a_bmp_of_16_bits_is_told(bits: tuple[int, ...]) -> None:
    head = struct.pack("<IiiHHIIiiII4I", 108, 2, 1, 1, 16, 3, 4, 0, 0, 0, 0, *bits).ljust(
        108, b"\0"
    )
    data = b"BM" + struct.pack("<IHHI", 126, 0, 0, 122) + head + struct.pack("<HH", 0xFC00, 0x03E0)
    picture = read(BytesIO(data))
    np.testing.assert_array_equal(picture.pixels, [[[255, 0, 0], [0, 255, 0]]])
    told = "left out, as it belongs to the old file alone: the alpha of a BMP of 16 bits a pixel"
    assert picture.notes == ((told,) if bits[3] else ())


def test_a_resolution_of_no_number_is_no_resolution_of_a_tiff() -> None:
    exif = block_of({282: value("300"), 283: value("300"), 296: value(2), 305: value("abc")})
    picture = Picture(np.zeros((4, 4, 3), np.uint8), "RGB", metadata={"exif": exif})
    with Image.open(written(picture, "tiff")) as image:  # which one such tag would keep shut
        assert image.tag_v2[305] == "abc"  # type: ignore[attr-defined]
        assert 282 not in image.tag_v2  # type: ignore[attr-defined]


@pytest.mark.parametrize("orientation", [value("1"), value((1.5,)), value((1, 6))])
def test_an_orientation_that_is_none_becomes_one(orientation: Value) -> None:
    exif = block_of({271: value("Maker"), ORIENTATION: orientation})
    source = encoded(Image.new("L", (6, 4)), "png", exif=b"Exif\0\0" + exif)
    metadata = read(source).metadata
    assert numbers_of(tags_of_block(metadata["exif"], {ORIENTATION: None})[ORIENTATION]) == (1,)


def test_a_damaged_profile_of_a_jpeg_is_told() -> None:
    data = encoded(image_of("L"), "jpeg").getvalue()
    segment = b"ICC_PROFILE\0\2\3" + bytes(200)  # the second of three parts, alone
    head = data[:2] + b"\xff\xe2" + struct.pack(">H", 2 + len(segment)) + segment
    (note,) = read(BytesIO(head + data[2:])).notes
    assert note == "left out, as it belongs to the old file alone: a damaged colour profile"
