"""Image files: orientation, resolution and colour profile come and go with the pixels."""

import struct
from io import BytesIO

import numpy as np
import pytest
from image_files import HEIGHT, WIDTH, encoded, image_of, read, written
from PIL import Image, ImageCms, ImageOps

ORIENTATION = 0x0112


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


def test_exif_that_ends_within_its_header_is_none() -> None:
    # AVIF could not be written with it.
    data = encoded(Image.new("RGB", (2, 2)), "webp", exif=b"Exif\0\0MM\0*\0\0\0")
    assert "exif" not in read(data).metadata
