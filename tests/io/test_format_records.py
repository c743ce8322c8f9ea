"""The record of each format, held against what is found in files that are written by it."""

import importlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from image_files import Array, encoded, image_of, pixels_of, read, written
from PIL import Image, ImageCms

from upsamp.errors import FormatError
from upsamp.io.formats import (
    ANY,
    DEEP_MODES,
    FORMATS,
    FRAME_FORMATS,
    IMAGE_FORMATS,
    LOSSY_FORMATS,
    MODES,
    NAMES,
)
from upsamp.io.losses import CONVERTED, TOLD_OTHERWISE, check_held, losses_of
from upsamp.io.metadata.kinds import KINDS
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Frames, Picture

BY_EIGHT_BITS = ("1", "P", *MODES, "CMYK")
HERE = [
    name for name in IMAGE_FORMATS if FORMATS[name].suffixes[0] in Image.registered_extensions()
]
every_format = in_one_test("name", HERE)
METADATA: dict[str, Any] = {
    "cicp": bytes((9, 16, 0, 1)),
    "mdcv": bytes(range(24)),
    "clli": bytes(range(8)),
    "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "gamma": 0.5,
    "chromaticity": (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    "dpi": (300.0, 300.0),
    "exif": b"MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02\0\0\0\x04abc\0\0\0\0\0",
    "xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'></x:xmpmeta>",
    "comment": b"said",
    "text": {"Title": "said"},
}


def picture_of(mode: str) -> Picture:
    if mode not in DEEP_MODES:
        palette = bytes(image_of("P").getpalette() or ()) if mode == "P" else None
        return Picture(pixels_of(mode), mode, palette=palette)
    channels = {"LA;16": 2, "RGB;16": 3, "RGBA;16": 4}.get(mode)
    shape = (5, 7) if channels is None else (5, 7, channels)
    pixels: Array = np.random.default_rng(3).integers(0, 65536, shape).astype(np.uint16)
    return Picture(pixels, mode)


def modes_of(name: str) -> tuple[str, ...]:
    modes = FORMATS[name].modes
    return (*BY_EIGHT_BITS, *DEEP_MODES, "F", "I") if modes == ANY else modes


@every_format
def test_the_modes_of_a_record_are_read_again(name: str) -> None:
    for mode in set(modes_of(name)) - {"YCbCr"}:
        picture = picture_of(mode)
        again = read(written(picture, name), expand=True)
        assert again.pixels.shape[:2] == (5, 7), mode
        if name in LOSSY_FORMATS or name in ("gif", "webp"):
            continue
        wanted = read(encoded(image_of(mode), "png"), expand=True) if mode == "P" else picture
        pixels = wanted.pixels * np.uint8(255) if mode == "1" else wanted.pixels
        # Some store a grey as three equal channels, or colour as a palette's.
        grey = again.pixels.ndim > pixels.ndim
        np.testing.assert_array_equal(again.pixels[..., 0] if grey else again.pixels, pixels, mode)


@every_format
def test_other_modes_are_refused_and_formats_that_have_them_named(name: str) -> None:
    others = {*BY_EIGHT_BITS, *DEEP_MODES, "F", "I"} - {*modes_of(name), *CONVERTED, "1", "P"}
    for mode in others:
        picture = picture_of(mode)
        if FORMATS[name].opaque and mode in ("LA", "RGBA"):
            message = f"{name.upper()} holds no transparency"
        else:
            message = f"^{name.upper()} (has no place for|holds 8|is written with 8) .* Use one of"
        with pytest.raises(FormatError, match=message):
            written(picture, name)
    assert (name == "tiff") == (not others)


@every_format
def test_the_largest_side_is_written_and_no_larger_one(name: str) -> None:
    largest = FORMATS[name].largest_side
    if largest is None:
        return
    head = Picture(np.broadcast_to(np.uint8(9), (largest + 1, 1, 3)), "RGB")
    with pytest.raises(FormatError, match=f"holds at most {largest:,} pixels a side") as error:
        check_held(head, name)
    assert f"Received: 1 x {largest + 1:,}." in str(error.value)
    if largest < 2**17:
        line = Picture(np.ascontiguousarray(head.pixels[1:]), "RGB")
        with Image.open(written(line, name)) as image:
            assert image.size == (1, largest)


@every_format
def test_the_metadata_of_a_record_is_read_again_and_other_kinds_are_told(name: str) -> None:
    mode = "L" if name == "gif" else "RGB"
    for kind, value in METADATA.items():
        picture = Picture(pixels_of(mode), mode, metadata={kind: value})
        again = read(written(picture, name)).metadata
        told = losses_of(picture, name)
        if kind in FORMATS[name].metadata:
            assert told == ()
            if kind == "exif":
                assert b"abc" in again["exif"]
            elif isinstance(value, tuple):
                np.testing.assert_allclose([*map(float, again[kind])], value, rtol=1e-3)
            elif kind == "comment" and name == "png":  # which is one of its texts
                assert again["text"] == {"Comment": "said"}
            else:
                assert again[kind] == value
        else:
            assert told == (
                f"{name.upper()} does not hold {KINDS[kind].words}, so that is left out",
            )
            # What is left out anyhow is not told, but what the colours need stays.
            stripped = losses_of(picture, name, WriteOptions(strip=True))
            assert stripped == (() if KINDS[kind].stripped else told)
            assert again.get(kind) is None


@every_format
def test_frames_are_all_written_or_the_first_alone_is_told(name: str) -> None:
    frames = [Picture(np.full((4, 5, 3), level, np.uint8), "RGB") for level in (0, 120, 250)]
    picture = replace(frames[0], rest=Frames(2, lambda: iter(frames[1:])))
    again = read(written(picture, name), every_frame=True)
    assert again.frame_count == (3 if name in FRAME_FORMATS else 1)
    assert bool(losses_of(picture, name)) == (name not in FRAME_FORMATS)


@every_format
def test_alpha_is_seen_by_readers_unless_the_record_says_that_it_is_not(name: str) -> None:
    pixels = np.full((4, 4, 4), 90, np.uint8)
    pixels[:2, :, 3], pixels[2:, :, 3] = 0, 255
    if FORMATS[name].opaque:
        with pytest.raises(FormatError, match="holds no transparency"):
            written(Picture(pixels, "RGBA"), name)
    else:
        again = read(written(Picture(pixels, "RGBA"), name), expand=True)
        np.testing.assert_array_equal(again.pixels[..., 3], pixels[..., 3])


def test_names_suffixes_and_writers_are_each_of_one_format() -> None:
    assert {NAMES[alias] for alias in ("jpg", "tif", "apng", "jp2")} == {
        "jpeg",
        "tiff",
        "png",
        "jpeg2000",
    }
    suffixes = [suffix for record in FORMATS.values() for suffix in record.suffixes]
    assert len(suffixes) == len(set(suffixes))
    for record in FORMATS.values():
        if record.writer:
            module, function = record.writer.split(":")
            assert callable(getattr(importlib.import_module(module), function))
        assert set(record.metadata) <= set(KINDS)
    assert set(TOLD_OTHERWISE) <= set(KINDS)
