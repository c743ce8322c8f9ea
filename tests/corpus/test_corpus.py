"""Every kind of image file is enlarged, or refused by a line that helps; no loss is silent."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from corpus.make_corpus import CorpusFile, corpus
from effort import in_one_test
from image_files import read, written
from numpy.typing import NDArray

from upsamp.core.upsampling.resample import resize
from upsamp.io.formats import FORMATS, IMAGE_FORMATS
from upsamp.io.pictures import Picture

Array = NDArray[Any]

every_file = in_one_test("file", corpus())
# The formats in which what is written is what is read back.
EXACT = ("png", "tiff", "bmp", "ppm", "tga", "gif", "ico", "webp", "jpeg2000")


def colours_of(picture: Picture) -> Array:
    """Return the pixels of a picture, (H, W, C), a palette looked up and one bit as 0 and 255."""
    pixels = picture.pixels
    if picture.mode == "P":
        assert picture.palette is not None
        return np.frombuffer(picture.palette, np.uint8).reshape(-1, 3)[pixels]
    if picture.mode == "1":
        pixels = pixels.astype(np.uint8) * 255
    return pixels.reshape(*pixels.shape[:2], -1)


def expected_colours(file: CorpusFile, channels: int) -> Array:
    """Return the samples of a file as colours without alpha, spread over 8 bits or 16."""
    assert file.pixels is not None
    pixels = file.pixels
    if file.bits < 8 and not file.colour:
        pixels = pixels * (255 // (2**file.bits - 1))
    elif 8 < file.bits < 16:
        pixels = np.rint(pixels * (65535 / (2**file.bits - 1))).astype(np.uint16)
    own = 1 if pixels.shape[2] < 3 else 3
    return np.broadcast_to(pixels[:, :, :own], (*pixels.shape[:2], 3 if channels > 2 else 1))


@pytest.mark.parametrize("expand", [False, True])
@every_file
def test_a_file_is_read_as_it_was_made(file: CorpusFile, expand: bool) -> None:
    picture = read(BytesIO(file.data), expand=expand)
    assert picture.pixels.shape[:2] == file.upright
    assert picture.pixels.dtype.isnative
    assert file.format in (picture.format, "dib", "mpo")
    if file.alpha:
        assert picture.has_alpha or (not expand and "transparency" in picture.metadata)
    colours = colours_of(picture)
    if 8 * colours.dtype.itemsize < file.bits:
        assert any("bit" in note for note in picture.notes), picture.notes
    elif file.pixels is not None and picture.mode != "CMYK":
        wanted = expected_colours(file, colours.shape[2])
        np.testing.assert_array_equal(colours[:, :, : wanted.shape[2]], wanted)


@every_file
def test_a_file_is_enlarged_and_written_in_its_own_format(file: CorpusFile) -> None:
    picture = read(BytesIO(file.data))
    format_name = file.format if file.format in IMAGE_FORMATS else "png"
    if picture.pixels.dtype.kind == "f" or (
        picture.pixels.ndim > 2 and format_name == "jpeg2000" and file.bits > 8
    ):
        format_name = "tiff"
    rows, columns = 2 * file.upright[0], 3 * file.upright[1]
    values = resize(picture.pixels, (rows, columns), "nearest", alpha=picture.has_alpha)
    result = picture.with_pixels(values)
    again = read(written(result, format_name))
    assert again.pixels.shape[:2] == (rows, columns)
    assert (again.mode, again.pixels.dtype) == (result.mode, result.pixels.dtype)
    if format_name in EXACT and file.pixels is not None:
        np.testing.assert_array_equal(colours_of(again), colours_of(result))
        before, after = (np.unique(colours_of(each)) for each in (picture, again))
        np.testing.assert_array_equal(before, after)


@every_file
def test_a_file_is_interpolated_with_its_depth_and_its_alpha(file: CorpusFile) -> None:
    picture = read(BytesIO(file.data), expand=True)
    rows, columns = 2 * file.upright[0], 3 * file.upright[1]
    values = resize(picture.pixels, (rows, columns), "bicubic", alpha=picture.has_alpha)
    result = picture.with_pixels(values)
    held_by_png = result.mode in FORMATS["png"].modes and result.pixels.dtype.kind == "u"
    format_name = "png" if held_by_png else "tiff"
    again = read(written(result, format_name), expand=True)
    assert (again.mode, again.pixels.dtype) == (picture.mode, picture.pixels.dtype)
    np.testing.assert_array_equal(again.pixels, values)


def test_the_corpus_has_every_format_that_is_written() -> None:
    formats = {file.format for file in corpus()}
    assert formats >= set(IMAGE_FORMATS) - {"avif"}
    assert len(corpus()) > 180
    assert len({file.data for file in corpus()}) == len(corpus())
    assert sum(len(file.data) for file in corpus()) < 2**19
