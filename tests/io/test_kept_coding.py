"""Image files: what compressed them compresses the result, if nothing more is lost by that."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from effort import in_one_test
from image_files import Array, encoded, image_of, read, through
from PIL import Image, JpegImagePlugin

from upsamp.errors import ArgumentError
from upsamp.io.losses import losses_of
from upsamp.io.picture_options import WriteOptions


def smooth(height: int = 32, width: int = 48) -> Image.Image:
    rows, columns = np.mgrid[:height, :width]
    colours = np.stack([rows * 7 % 256, columns * 5 % 256, (rows + columns) * 3 % 256], axis=-1)
    return Image.fromarray(colours.astype(np.uint8))


def tables_of(path: Path | BytesIO) -> tuple[dict[int, list[int]], int]:
    with Image.open(path) as image:
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        tables = {key: list(table) for key, table in image.quantization.items()}
        return tables, JpegImagePlugin.get_sampling(image)


@in_one_test("subsampling", [0, 1, 2])
@in_one_test("quality", [85, 92, 99])
def test_a_fine_jpeg_keeps_its_tables(tmp_path: Path, quality: int, subsampling: int) -> None:
    source = encoded(smooth(), "jpeg", quality=quality, subsampling=subsampling, progressive=True)
    path = through(read(source), "jpeg", tmp_path)
    assert tables_of(path) == tables_of(source)
    with Image.open(path) as image:
        assert image.info["progressive"]


@pytest.mark.parametrize("quality", [10, 75, 84])
def test_a_coarse_jpeg_keeps_its_tables_only_where_that_is_wanted(
    tmp_path: Path, quality: int
) -> None:
    source = encoded(smooth(), "jpeg", quality=quality)
    fine = encoded(smooth(), "jpeg", quality=95, subsampling=0)
    assert tables_of(through(read(source), "jpeg", tmp_path)) == tables_of(fine)
    assert tables_of(through(read(source), "jpeg", tmp_path, quality="keep")) == tables_of(source)


@pytest.mark.parametrize("quality", [1, 60, 100])
def test_a_quality_that_is_given_wins(tmp_path: Path, quality: int) -> None:
    expected = tables_of(encoded(smooth(), "jpeg", quality=quality))[0]
    for source in (encoded(smooth(), "jpeg", quality=90), encoded(smooth(), "png")):
        assert tables_of(through(read(source), "jpeg", tmp_path, quality=quality))[0] == expected


def test_what_was_no_jpeg_becomes_a_fine_one(tmp_path: Path) -> None:
    expected = tables_of(encoded(smooth(), "jpeg", quality=95, subsampling=0))
    for quality in (None, "keep"):
        source = read(encoded(smooth(), "png"))
        assert tables_of(through(source, "jpeg", tmp_path, quality=quality)) == expected


@pytest.mark.parametrize("quality", [0, 101, -1])
def test_a_quality_is_1_to_100(quality: int) -> None:
    with pytest.raises(ArgumentError, match=r"`quality` must be 1 to 100, or 'keep'\. Received"):
        WriteOptions(quality=quality)


@in_one_test("animated", [False, True])
@in_one_test("lossless", [True, False])
def test_webp_loses_nothing_unless_its_source_did(
    tmp_path: Path, lossless: bool, animated: bool
) -> None:
    options: dict[str, Any] = {"lossless": lossless, "quality": 50}
    if animated:
        options |= {"save_all": True, "append_images": [image_of("RGB").resize((48, 32))]}
    picture = read(encoded(smooth(), "webp", **options))
    assert picture.coding == {"lossless": lossless}
    again = read(through(picture, "webp", tmp_path))
    assert again.coding == {"lossless": lossless}
    if lossless:
        np.testing.assert_array_equal(again.pixels, picture.pixels)
    forced = read(through(picture, "webp", tmp_path, quality=20))
    assert forced.coding == {"lossless": False}
    from_png = read(through(read(encoded(smooth(), "png")), "webp", tmp_path))
    assert from_png.coding == {"lossless": True}


@in_one_test("pages", [1, 2])
@in_one_test(
    ("mode", "compression", "kept"),
    [
        *(("RGB", name, name) for name in ("raw", "tiff_lzw", "packbits", "tiff_adobe_deflate")),
        *((mode, "tiff_lzw", "tiff_lzw") for mode in ("1", "L", "LA", "P", "CMYK", "I;16", "F")),
        *((mode, "tiff_adobe_deflate", "tiff_adobe_deflate") for mode in ("1", "P", "I", "LA")),
        *((mode, "lzma", "lzma") for mode in ("1", "RGB", "I;16", "F")),
        ("1", "group4", "group4"),
        ("1", "group3", "group3"),
    ],
)
def test_a_tiff_stays_compressed_as_it_was(
    tmp_path: Path, mode: str, compression: str, kept: str, pages: int
) -> None:
    image = image_of(mode)
    more = {"save_all": True, "append_images": [image]} if pages == 2 else {}
    picture = read(encoded(image, "tiff", compression=compression, **more), every_frame=True)
    path = through(picture, "tiff", tmp_path)
    with Image.open(path) as made:
        assert getattr(made, "n_frames", 1) == pages
        for page in range(pages):
            made.seek(page)
            assert made.info["compression"] == kept
            np.testing.assert_array_equal(np.asarray(made), np.asarray(image))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_compression_that_is_not_written_is_told(tmp_path: Path, dtype: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(dtype)
    stream = BytesIO()
    tifffile.imwrite(stream, pixels, compression="jpeg2000", photometric="rgb")
    picture = read(BytesIO(stream.getvalue()))
    (told,) = losses_of(picture, "tiff")
    assert told.startswith("the TIFF was compressed by method 34712, which is not written")
    assert losses_of(picture, "png") == ()
    with Image.open(through(read(encoded(smooth(), "png")), "tiff", tmp_path)) as made:
        assert made.info["compression"] == "raw"
    with tifffile.TiffFile(through(picture, "tiff", tmp_path)) as written:
        assert int(written.pages[0].aspage().compression) == 8
        np.testing.assert_array_equal(written.asarray(), picture.pixels)


@pytest.mark.parametrize(
    ("shape", "dtype", "photometric"),
    [
        ((32, 48), "uint8", "minisblack"),
        ((32, 48), "uint16", "minisblack"),
        ((32, 48), "float32", "minisblack"),
        ((32, 48, 3), "uint8", "rgb"),
        ((32, 48, 3), "uint16", "rgb"),
    ],
)
def test_a_tiff_by_zstandard_stays_so_with_its_extra(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shape: tuple[int, ...],
    dtype: str,
    photometric: Any,
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    stream = BytesIO()
    tifffile.imwrite(stream, pixels, photometric=photometric)
    picture = read(BytesIO(stream.getvalue()))
    # As read from such a file, which the libtiff of older versions of Pillow does not decode.
    picture = replace(picture, coding={"compression": "zstd"})
    assert losses_of(picture, "tiff") == ()
    with tifffile.TiffFile(through(picture, "tiff", tmp_path)) as written:
        assert int(written.pages[0].aspage().compression) == 50000
        np.testing.assert_array_equal(written.asarray(), pixels)
    monkeypatch.setattr("upsamp.io.images.tiff.has_extra", lambda _: False)
    (told,) = losses_of(picture, "tiff")
    assert "not written for these pixels without upsamp[deep]: it is written by Deflate" in told
    with tifffile.TiffFile(through(picture, "tiff", tmp_path)) as written:
        assert int(written.pages[0].aspage().compression) == 8


@in_one_test("compression", ["tiff_deflate", "tiff_lzw", "zstd", "raw", "group4"])
def test_a_compression_that_is_kept_is_not_told(compression: str) -> None:
    picture = read(encoded(image_of("1"), "tiff"))
    picture = replace(picture, coding={"compression": compression})
    assert losses_of(picture, "tiff") == ()
    grey = replace(picture, pixels=picture.pixels * np.uint8(255), mode="L")
    assert len(losses_of(grey, "tiff")) == (compression == "group4")


def test_a_tiff_of_jpegs_stays_one(tmp_path: Path) -> None:
    picture = read(encoded(smooth(), "tiff", compression="jpeg", quality=95))
    with Image.open(through(picture, "tiff", tmp_path)) as made:
        assert made.info["compression"] == "jpeg"
        np.testing.assert_allclose(np.asarray(made.convert("RGB")), picture.pixels, atol=40)


def test_a_photo_of_several_views_is_the_jpeg_that_it_is(tmp_path: Path) -> None:
    views: list[Image.Image] = [smooth(), smooth().rotate(180)]
    source = encoded(views[0], "mpo", save_all=True, append_images=views[1:], quality=95)
    picture = read(source)
    assert picture.format == "jpeg"
    assert picture.notes == (
        "left out, as it belongs to the old file alone: other images in the file",
    )
    with Image.open(through(picture, "jpeg", tmp_path)) as image:
        expected: Array = np.asarray(views[0])
        np.testing.assert_allclose(np.asarray(image), expected, atol=60)
