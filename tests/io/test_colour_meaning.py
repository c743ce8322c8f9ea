"""What the numbers of a picture mean as colours: profiles, other marks, and inks as light."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
from colour_profiles import cmyk_profile, grey_profile, mixtures, rgb_profile
from effort import in_one_test
from image_files import HEIGHT, WIDTH, Array, encoded, image_of, pixels_of, read, through, written
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, TiffTags, features

from upsamp.errors import FormatError, MissingExtraError
from upsamp.io import extras
from upsamp.io.formats import FORMATS, IMAGE_FORMATS
from upsamp.io.images.conversion import as_rgb
from upsamp.io.losses import losses_of
from upsamp.io.metadata.tiff_tags import metadata_of_tiff
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture, check_light
from upsamp.io.strips.write import PictureStrips

# What this release of Pillow writes.
HAS_AVIF = "avif" in features.modules and features.check("avif")
needs_avif = pytest.mark.skipif(not HAS_AVIF, reason="this Pillow has no AVIF")
WRITTEN = [name for name in IMAGE_FORMATS if name != "avif" or HAS_AVIF]
NO_INKS = ["jpeg2000"] if PIL.__version__.startswith("11.0") else []
PROFILES = {"GRAY": grey_profile(), "RGB": rgb_profile(), "CMYK": cmyk_profile()}
WITH_PROFILES = [name for name in WRITTEN if "icc_profile" in FORMATS[name].metadata]
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB")
# What a profile is for, by the mode in which Pillow reads a file.
SPACES = {**dict.fromkeys(("1", "L", "LA"), "GRAY"), "CMYK": "CMYK", "LAB": "LAB"}
PQ, SRGB = bytes((9, 16, 0, 1)), bytes((1, 13, 0, 1))


def picture_of(mode: str, **metadata: Any) -> Picture:
    """Return noise of a mode; without clear pixels."""
    if mode in ("YCbCr", "LAB"):
        return Picture(pixels_of("RGB"), mode, metadata=metadata)
    pixels = pixels_of(mode)
    if mode in ("LA", "RGBA"):
        pixels[..., -1] = 255
    palette = bytes(range(48)) if mode == "P" else None
    return Picture(pixels, mode, palette=palette, metadata=metadata)


def inks(*colours: tuple[int, ...], dtype: Any = np.uint8, **metadata: Any) -> Picture:
    mode = "CMYK" if dtype == np.uint8 else "CMYK;16"
    return Picture(np.array([colours], dtype), mode, metadata=metadata)


@in_one_test("format_name", WITH_PROFILES)
def test_a_profile_is_written_where_the_pixels_are_of_its_space_and_told_elsewhere(
    format_name: str,
) -> None:
    for mode in MODES if format_name != "avif" else ("L", "RGB"):
        for space, profile in PROFILES.items():
            picture = picture_of(mode, icc_profile=profile)
            told = " ".join(losses_of(picture, format_name))
            with Image.open(written(picture, format_name)) as image:
                kept, stored = image.info.get("icc_profile"), SPACES.get(image.mode, "RGB")
            case = (mode, space, stored, told)
            if mode in ("CMYK", "LAB") and stored == "RGB":
                assert kept is None, case
                assert "is converted to" in told, case
                continue
            assert kept == (profile if space == stored else None), case
            assert (f"the colour profile is for {space} pixels" in told) == (kept is None), case


def test_a_profile_that_names_no_space_is_kept() -> None:
    with Image.open(written(picture_of("L", icc_profile=b"a profile"), "png")) as image:
        assert image.info["icc_profile"] == b"a profile"


@in_one_test("strip", [False, True])
@in_one_test("name", sorted({*WRITTEN} - {*WITH_PROFILES}))
def test_a_profile_is_told_where_no_file_has_one(name: str, strip: bool) -> None:
    picture = picture_of("RGB", icc_profile=PROFILES["RGB"])
    told = losses_of(picture, name, WriteOptions(strip=strip))
    assert f"{name.upper()} does not hold the colour profile, so that is left out" in told


def test_a_profile_of_another_space_is_told_of_strips_too() -> None:
    picture = picture_of("RGB", icc_profile=PROFILES["GRAY"])
    strips = PictureStrips(picture, (9, 9, 3), "png", WriteOptions())
    assert "icc_profile" not in strips.picture.metadata
    (told,) = strips.losses
    assert told.startswith("the colour profile is for GRAY pixels, and PNG has these as RGB")


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body).to_bytes(4)
    return len(body).to_bytes(4) + kind + body + checksum


def png(*chunks: bytes, mode: str = "RGB") -> BytesIO:
    """Return a PNG with chunks between its header and its pixels."""
    data = encoded(image_of(mode), "png").getvalue()
    return BytesIO(data[:33] + b"".join(chunks) + data[33:])


@in_one_test("mode", ["RGB", "L", "P", "I;16"])
def test_the_colour_chunks_of_a_png_are_kept_in_a_png(mode: str) -> None:
    chunks = (
        chunk(b"cICP", PQ),
        chunk(b"mDCV", bytes(range(24))),
        chunk(b"cLLI", bytes(range(8))),
        chunk(b"gAMA", (100_000).to_bytes(4)),
    )
    data = written(read(png(*chunks, mode=mode)), "png").getvalue()
    pixels = data.index(b"IDAT")
    for one in chunks:
        assert data.count(one) == 1
        assert data.index(one) < pixels
    if mode == "P":
        assert data.index(b"cICP") < data.index(b"PLTE")


def test_chunks_of_colours_of_another_length_are_passed_over() -> None:
    metadata = read(png(chunk(b"cICP", PQ + b"\0"), chunk(b"cLLI", b""))).metadata
    assert not {"cicp", "clli"} & metadata.keys()


def test_every_frame_of_an_animation_says_the_same_colours() -> None:
    frames = [image_of("RGB"), image_of("RGB").transpose(Image.Transpose.ROTATE_180)]
    data = encoded(frames[0], "png", save_all=True, append_images=frames[1:]).getvalue()
    stream = BytesIO(data[:33] + chunk(b"cICP", PQ) + data[33:])
    picture = read(stream, every_frame=True)
    assert [frame.metadata["cicp"] for frame in picture.frames] == [PQ, PQ]
    assert written(picture, "png").getvalue().count(chunk(b"cICP", PQ)) == 1


@needs_avif
def test_primaries_and_transfer_go_from_png_to_avif_and_back() -> None:
    made = read(written(read(png(chunk(b"cICP", PQ))), "avif"))
    assert made.metadata["cicp"] == PQ
    assert chunk(b"cICP", PQ) in written(made, "png").getvalue()


@needs_avif
def test_an_avif_of_srgb_says_nothing_of_its_colours() -> None:
    assert "cicp" not in read(written(picture_of("RGB"), "avif")).metadata


@in_one_test(
    ("metadata", "told"),
    [
        ({"cicp": PQ}, "WEBP does not hold the colour coding (cICP), so that is left out"),
        ({"cicp": SRGB}, None),
        ({"cicp": bytes((2, 2, 0, 1))}, None),
        ({"gamma": 0.45455}, None),
        ({"gamma": 1.0}, "WEBP does not hold gamma, so that is left out"),
        ({"gamma": 1.0, "srgb": 0}, None),
        ({"gamma": 1.0, "icc_profile": PROFILES["RGB"]}, None),
        ({"srgb": 0}, None),
        ({"chromaticity": (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)}, None),
        (
            {"chromaticity": (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06), "clli": b"8"},
            "WEBP does not hold chromaticities or light levels, so that is left out",
        ),
    ],
)
def test_marks_of_colours_are_told_where_they_say_something_that_is_lost(
    metadata: dict[str, Any], told: str | None
) -> None:
    assert losses_of(picture_of("RGB", **metadata), "webp") == (() if told is None else (told,))


@in_one_test(
    ("metadata", "received"),
    [
        ({"cicp": PQ}, "PQ"),
        ({"cicp": bytes((9, 18, 0, 1)), "icc_profile": PROFILES["RGB"]}, "HLG"),
        ({"cicp": bytes((1, 8, 0, 1))}, "linear light already"),
        ({"gamma": 1.0}, "a gamma of 1"),
        ({"gamma": 1.0, "srgb": 0}, None),
        ({"cicp": bytes((1, 1, 0, 1))}, None),
        ({"gamma": 0.45455}, None),
        ({}, None),
    ],
)
def test_linear_light_is_for_numbers_that_are_like_those_of_srgb(
    metadata: dict[str, Any], received: str | None
) -> None:
    picture = picture_of("RGB", **metadata)
    if received is None:
        check_light(picture)
        return
    with pytest.raises(FormatError, match=rf"Received: {received}\. Leave --linear out\.$"):
        check_light(picture)


def jp2_with_profile(profile: bytes) -> bytes:
    """Return a JPEG 2000 whose box of colours is one with a profile."""
    data = encoded(image_of("RGB"), "jpeg2000").getvalue()
    box = data.index(b"colr") - 4
    old = int.from_bytes(data[box : box + 4])
    header = data.index(b"jp2h") - 4
    new = (11 + len(profile)).to_bytes(4) + b"colr\2\0\0" + profile
    whole = int.from_bytes(data[header : header + 4]) - old + len(new)
    parts = data[:header], whole.to_bytes(4), data[header + 4 : box], new, data[box + old :]
    return b"".join(parts)


def bmp_with_profile(profile: bytes) -> bytes:
    """Return a BMP of version 5 with a profile behind its pixels."""
    pixels = encoded(image_of("RGB"), "bmp").getvalue()[54:]
    fields = (124, WIDTH, HEIGHT, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    header = struct.pack("<IiiHHIIiiII", *fields) + bytes(16) + b"DEBM" + bytes(48)
    header += struct.pack("<IIII", 4, 124 + len(pixels), len(profile), 0)
    size = 14 + len(header) + len(pixels) + len(profile)
    return struct.pack("<2sIII", b"BM", size, 0, 14 + len(header)) + header + pixels + profile


@pytest.mark.parametrize("make", [jp2_with_profile, bmp_with_profile])
def test_a_profile_that_pillow_does_not_read_is_kept(make: Callable[[bytes], bytes]) -> None:
    picture = read(BytesIO(make(PROFILES["RGB"])))
    assert picture.metadata["icc_profile"] == PROFILES["RGB"]
    assert picture.pixels.shape == (HEIGHT, WIDTH, 3)
    with Image.open(written(picture, "png")) as image:
        assert image.info["icc_profile"] == PROFILES["RGB"]
    for no_profile in (b"no profile" * 30, PROFILES["RGB"][:131]):
        assert "icc_profile" not in read(BytesIO(make(no_profile))).metadata


def test_a_profile_that_is_cut_off_or_too_long_is_left_out() -> None:
    data = bytearray(bmp_with_profile(PROFILES["RGB"]))
    assert "icc_profile" not in read(BytesIO(data[:-1])).metadata
    struct.pack_into("<I", data, 130, 2**32 - 1)
    assert "icc_profile" not in read(BytesIO(data)).metadata


def srgb_of_lab(lab: Array) -> NDArray[np.float64]:
    """Return sRGB, 0 to 255, of LAB under D50, by the formulas of CIE and of IEC 61966-2-1."""
    y = (lab[:, 0] + 16) / 116
    roots = np.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], axis=-1)
    d50 = np.array([0.9642, 1.0, 0.8249])
    xyz = d50 * np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29))
    to_rgb = np.array(
        [  # of sRGB as seen under D50, by Bradford
            [3.1338561, -1.6168667, -0.4906146],
            [-0.9787684, 1.9161415, 0.0334540],
            [0.0719453, -0.2289914, 1.4052427],
        ]
    )
    light = np.clip(xyz @ to_rgb.T, 0, 1)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(255 * shown, np.float64)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_inks_become_the_light_that_their_profile_says(dtype: Any) -> None:
    full = np.iinfo(dtype).max
    colours = [tuple(full * ink for ink in mixture) for mixture in mixtures()]
    expected = srgb_of_lab(np.array(list(mixtures().values()), np.float64))
    made = as_rgb(inks(*colours, dtype=dtype, icc_profile=PROFILES["CMYK"]))
    assert (made.mode, made.pixels.dtype) == ("RGB" if full == 255 else "RGB;16", dtype)
    np.testing.assert_allclose(made.pixels[0] * (255 / full), expected, rtol=0, atol=2.1)
    assert made.metadata == {"srgb": 1}
    assert made.notes == ("CMYK is converted to sRGB by its colour profile",)


def test_many_rows_are_converted_as_one_is() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (3000, 300, 4)).astype(np.uint8)
    picture = Picture(rows, "CMYK", metadata={"icc_profile": PROFILES["CMYK"]})
    last = as_rgb(picture.with_pixels(rows[-1:])).pixels
    np.testing.assert_array_equal(as_rgb(picture).pixels[-1:], last)


@in_one_test(
    ("profile", "why"),
    [
        (None, "no"),
        (PROFILES["CMYK"][:200], "a damaged"),
        (PROFILES["CMYK"][:140] + bytes(2060), "a damaged"),
        (PROFILES["RGB"], "a damaged"),
    ],
)
@in_one_test("full", [255, 65535])
def test_inks_without_a_profile_of_theirs_become_light_by_a_formula(
    profile: bytes | None, why: str, full: int
) -> None:
    metadata = {} if profile is None else {"icc_profile": profile}
    fifth = full // 5
    colours = ((0, 0, 0, 0), (full, 0, fifth, 0), (fifth, 0, full, fifth), (0, 0, 0, full))
    made = as_rgb(inks(*colours, dtype=np.uint8 if full == 255 else np.uint16, **metadata))
    expected = [[full] * 3, [0, full, 4 * fifth], [round(0.64 * full), 4 * fifth, 0], [0, 0, 0]]
    np.testing.assert_array_equal(made.pixels[0], expected)
    assert made.metadata == {}
    (note,) = made.notes
    assert note.startswith(f"the CMYK has {why} colour profile, so it is converted to RGB without")


@in_one_test("name", [one for one in WRITTEN if one not in NO_INKS])
def test_inks_are_written_in_every_format(name: str) -> None:
    picture = inks(*8 * [(255, 0, 0, 0)], icc_profile=PROFILES["CMYK"])
    picture = picture.with_pixels(np.repeat(picture.pixels, 8, axis=0))
    (expected,) = srgb_of_lab(np.array([mixtures()[1, 0, 0, 0]], np.float64))
    converted = "CMYK is converted to sRGB by its colour profile" in losses_of(picture, name)
    with Image.open(written(picture, name)) as image:
        assert (image.mode == "CMYK") is not converted
        assert image.info.get("icc_profile") == (
            PROFILES["CMYK"] if name in ("jpeg", "tiff") else None
        )
        if converted:
            np.testing.assert_allclose(np.asarray(image.convert("RGB"))[4, 4], expected, atol=3)


def test_lab_becomes_srgb() -> None:
    lab = [[[255, 128, 128], [0, 128, 128], [128, 108, 148], [160, 158, 128]]]
    made = as_rgb(Picture(np.array(lab, np.uint8), "LAB"))
    numbers = (np.array(lab[0], np.float64) - (0, 128, 128)) * (100 / 255, 1, 1)
    np.testing.assert_allclose(made.pixels[0], srgb_of_lab(numbers), rtol=0, atol=1.5)
    assert made.notes == ("LAB is converted to sRGB",)


def test_inks_of_16_bits_need_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    picture = inks((0, 0, 0, 0), dtype=np.uint16, icc_profile=PROFILES["CMYK"])
    with pytest.raises(MissingExtraError, match=r"^Converting CMYK of 16 bits needs imagecodecs"):
        as_rgb(picture)


def jpeg_of_inks(colour: tuple[int, int, int, int], outcolorspace: str) -> BytesIO:
    """Return a JPEG as Adobe writes it, its inks upside down, by libjpeg itself."""
    codecs = pytest.importorskip("imagecodecs")
    inverted = np.full((16, 16, 4), 255 - np.array(colour), np.uint8)
    data = codecs.jpeg8_encode(
        inverted, colorspace="cmyk", outcolorspace=outcolorspace, level=100, subsampling="444"
    )
    return BytesIO(data)


@pytest.mark.parametrize("kind", ["cmyk", "ycck"])
def test_inks_of_a_jpeg_that_are_upside_down_are_read_upright(kind: str) -> None:
    colour = (200, 30, 90, 10)
    picture = read(jpeg_of_inks(colour, kind))
    np.testing.assert_allclose(picture.pixels[8, 8], colour, atol=3)
    light = [(255 - ink) * 245 / 255 for ink in colour[:3]]
    np.testing.assert_allclose(as_rgb(picture).pixels[8, 8], light, atol=4)


def test_white_and_primaries_of_a_tiff_are_kept_and_a_transfer_function_is_told(
    tmp_path: Path,
) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype |= {301: TiffTags.SHORT, 318: TiffTags.RATIONAL, 319: TiffTags.RATIONAL}
    points = (0.3125, 0.328125, 0.6875, 0.3125, 0.25, 0.6875, 0.125, 0.0625)
    tags[301], tags[318], tags[319] = tuple(range(256)), points[:2], points[2:]
    source = encoded(Image.new("RGB", (2, 2)), "tiff", tiffinfo=tags)
    picture = read(source)
    assert picture.metadata["chromaticity"] == points
    assert metadata_of_tiff(source)[0]["gone"] == ("the transfer function of a TIFF",)
    with Image.open(through(picture, "tiff", tmp_path)) as made:
        again = made.tag_v2  # type: ignore[attr-defined] # a TIFF has it
        assert (*again[318], *again[319]) == points
        assert 301 not in again
    with Image.open(through(picture, "png", tmp_path)) as made:
        np.testing.assert_allclose(made.info["chromaticity"], points, atol=1e-5)
    tags[318] = (0.3125, 7.5)
    said, _ = metadata_of_tiff(encoded(Image.new("RGB", (2, 2)), "tiff", tiffinfo=tags))
    assert "chromaticity" not in said
    assert "damaged chromaticities" in said["gone"]
