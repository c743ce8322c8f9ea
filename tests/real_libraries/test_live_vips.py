"""Pictures with alpha and orientation beside libvips, where both define them alike."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from upsamp.io.picture_options import WriteOptions
from upsamp.resizing.enlarging import Enlarging, Settings
from upsamp.resizing.file_to_file import enlarge_file

# How far from the edges both read the same pixels: libvips has others beyond the edge.
MARGIN = 8


def sprite(side: int = 40) -> Image.Image:
    """Return a smooth picture in RGBA with holes, whose hidden colours are loud."""
    rows, columns = np.mgrid[:side, :side] / side
    pixels = np.empty((side, side, 4))
    pixels[..., 0] = 255 * rows
    pixels[..., 1] = 255 * columns
    pixels[..., 2] = 128 + 100 * np.sin(9 * rows * columns)
    pixels[..., 3] = 255 * np.clip(1.2 * np.sin(7 * rows) * np.sin(5 * columns) + 0.4, 0, 1)
    pixels[pixels[..., 3] == 0] = (255, 0, 255, 0)
    return Image.fromarray(np.rint(pixels).astype(np.uint8), "RGBA")


def enlarged(source: Path, **how: Any) -> Any:
    """Enlarge a file by two, and give its pixels."""
    target = source.with_name("large.png")
    enlarge_file(str(source), str(target), Settings(Enlarging(**how), overwrite=True))
    with Image.open(target) as image:
        return np.asarray(image)


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_premultiplied_pixels_are_those_of_libvips(tmp_path: Path, method: str) -> None:
    sprite().save(tmp_path / "sprite.png")
    own = enlarged(tmp_path / "sprite.png", interpolation=method).astype(float)
    image = pyvips.Image.new_from_file(str(tmp_path / "sprite.png")).premultiply()
    # By itself it would let the corner pixels' centres lie a quarter of a pixel off.
    theirs = image.affine(
        (2, 0, 0, 2),
        interpolate=pyvips.Interpolate.new(method),
        idx=0.25,
        idy=0.25,
        oarea=(0, 0, 2 * image.width, 2 * image.height),
        extend="copy",
        premultiplied=True,
    )
    theirs = theirs.unpremultiply().numpy().clip(0, 255)
    # The less there is of a colour, the less its last digit counts.
    for pixels in (own, theirs):
        pixels[..., :3] *= pixels[..., 3:] / 255
    inner = slice(MARGIN, -MARGIN)
    np.testing.assert_allclose(own[inner, inner], theirs[inner, inner], rtol=0, atol=1.5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_libvips_turns_it(tmp_path: Path, orientation: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    own = enlarged(tmp_path / "turned.png", factors=(1, 1))
    theirs = pyvips.Image.new_from_file(str(tmp_path / "turned.png")).autorot().numpy()
    np.testing.assert_array_equal(own, theirs, strict=True)


def test_libvips_reads_what_is_written(tmp_path: Path) -> None:
    stream = BytesIO()
    sprite().save(stream, "png")
    (tmp_path / "sprite.png").write_bytes(stream.getvalue())
    own = enlarged(tmp_path / "sprite.png", interpolation="lanczos3")
    read = pyvips.Image.new_from_file(str(tmp_path / "large.png"))
    assert read.get("interpretation") == "srgb"
    np.testing.assert_array_equal(read.numpy(), own, strict=True)


@pytest.mark.parametrize(("depth", "most"), [(8, 1), (16, 128)])
def test_inks_become_the_light_that_libvips_makes_of_them(
    tmp_path: Path, depth: int, most: int
) -> None:
    inks = pyvips.Image.new_from_array(np.asarray(sprite()), interpretation="cmyk")
    profile = pyvips.Operation.call("profile_load", "cmyk")
    source, whole = tmp_path / "inks.tif", inks.numpy()
    if depth == 8:
        Image.fromarray(whole, "CMYK").save(source, icc_profile=profile)
    else:
        tifffile.imwrite(
            source, whole.astype(np.uint16) * 257, photometric="separated", iccprofile=profile
        )
    target = tmp_path / "light.png"
    facts = enlarge_file(str(source), str(target), Settings(Enlarging((1, 1))))
    assert "CMYK is converted to sRGB by its colour profile" in facts.notes
    theirs = pyvips.Image.new_from_file(str(source)).icc_transform(
        "srgb", embedded=True, intent="relative", black_point_compensation=True, depth=depth
    )
    own = pyvips.Image.new_from_file(str(target)).numpy()
    assert own.dtype.itemsize == depth // 8
    np.testing.assert_allclose(own.astype(int), theirs.numpy().astype(int), rtol=0, atol=most)


def test_a_background_is_that_of_libvips(tmp_path: Path) -> None:
    sprite().save(tmp_path / "sprite.png")
    target = tmp_path / "flat.bmp"
    settings = Settings(Enlarging((1, 1)), writing=WriteOptions(background=(255, 136, 0)))
    enlarge_file(str(tmp_path / "sprite.png"), str(target), settings)
    theirs = pyvips.Image.new_from_file(str(tmp_path / "sprite.png")).flatten(
        background=[255, 136, 0]
    )
    with Image.open(target) as image:  # libvips cuts what it makes to whole numbers
        np.testing.assert_allclose(np.asarray(image, int), theirs.numpy().astype(int), atol=1)
