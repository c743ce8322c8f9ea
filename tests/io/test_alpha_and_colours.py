"""Colours of pictures that are enlarged: none invented by nearest, none leaked by the others."""

from io import BytesIO
from typing import Any, cast

import numpy as np
import pytest
from effort import in_one_test
from image_files import Array, encoded, image_of, read, written
from PIL import Image, TiffImagePlugin, TiffTags

import upsamp
from upsamp.errors import FormatError
from upsamp.io.images.conversion import declared_rgb
from upsamp.io.images.gif import write_gif
from upsamp.io.images.modes import natural
from upsamp.io.palettes import FEWER_COLOURS
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture
from upsamp.resizing.enlarging import Enlarging

SMOOTH = ("bilinear", "bicubic", "lanczos3", "lanczos5", "mitchellcubic", "gaussian")
# Every mode that Pillow reads from a file, each with a format that holds it.
MODES: dict[str, tuple[str, dict[str, Any]]] = {
    "1": ("png", {}),
    "L": ("png", {}),
    "LA": ("png", {}),
    "P": ("png", {}),
    "P transparent": ("png", {"transparency": bytes(range(0, 240, 15))}),
    "P one clear": ("gif", {"transparency": 3}),
    "RGB": ("png", {}),
    "RGB transparent": ("png", {"transparency": (1, 2, 3)}),
    "RGBA": ("tiff", {}),
    "CMYK": ("tiff", {}),
    "YCbCr": ("tiff", {}),
    "LAB": ("tiff", {}),
    "I;16": ("tiff", {}),
    "I": ("tiff", {}),
    "F": ("tiff", {}),
}


def picture_of(kind: str, *, expand: bool) -> Picture:
    format_name, options = MODES[kind]
    mode = kind.split(maxsplit=1)[0]
    if mode in ("YCbCr", "LAB"):
        pixels = np.random.default_rng(2).integers(0, 256, (5, 7, 3)).astype(np.uint8)
        return Picture(pixels, mode, format_name)
    image = image_of(mode)
    if kind == "RGB transparent":
        image.putpixel((1, 1), (1, 2, 3))
    return read(encoded(image, format_name, **options), expand=expand)


def colours_of(pixels: Array) -> set[tuple[float, ...]]:
    flat = pixels.reshape(pixels.shape[0] * pixels.shape[1], -1)
    return {tuple(row) for row in flat.tolist()}


def enlarge(picture: Picture, method: str, factor: int = 3, **settings: Any) -> Picture:
    enlarging = Enlarging((factor, factor), interpolation=cast("Any", method), **settings)
    result = enlarging.apply(picture, enlarging.size_of(enlarging.shape_of(picture)))
    assert isinstance(result, Picture)
    return result


@in_one_test("linear", [False, True])
@in_one_test("expand", [False, True])
@in_one_test("kind", [*MODES])
def test_nearest_invents_no_colour_in_any_mode(kind: str, expand: bool, linear: bool) -> None:
    picture = picture_of(kind, expand=expand)
    if linear and picture.mode in ("CMYK", "YCbCr", "LAB", "I", "F", "P", "1"):
        with pytest.raises(FormatError, match=r"^Linear light is for grey and RGB of 8 or 16 bits"):
            enlarge(picture, "nearest", linear=True)
        return
    result = enlarge(picture, "nearest", linear=linear)
    assert result.mode == picture.mode
    assert result.palette == picture.palette
    assert colours_of(result.pixels) == colours_of(picture.pixels)


@in_one_test("kind", [*MODES])
def test_each_mode_is_the_natural_one(kind: str) -> None:
    mode = kind.split(maxsplit=1)[0]
    kept, expanded = (picture_of(kind, expand=expand) for expand in (False, True))
    assert kept.mode == mode
    palette = "RGBA" if "transparent" in kind or "clear" in kind else "RGB"
    wanted = {"1": "L", "P": palette, "RGB": palette}.get(mode, mode)
    assert expanded.mode == wanted
    assert expanded.has_alpha == (wanted in ("LA", "RGBA"))


@in_one_test(
    ("mode", "wanted"),
    [("PA", "RGBA"), ("RGBa", "RGBA"), ("La", "LA"), ("RGBX", "RGB"), ("HSV", "RGB")],
)
@in_one_test("expand", [False, True])
def test_modes_that_cannot_be_weighted_become_those_that_can(
    mode: str, wanted: str, expand: bool
) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (5, 7, len(mode))).astype(np.uint8)
    if mode == "PA":
        image = image_of("P").convert("PA")
    elif mode in ("RGBa", "La"):
        image = Image.frombytes(mode.upper(), (7, 5), pixels.tobytes()).convert(mode)
    else:
        image = Image.frombytes(mode, (7, 5), pixels.tobytes())
    made = natural(image, expand=expand)
    assert made.mode == wanted
    np.testing.assert_array_equal(np.asarray(made), np.asarray(image.convert(wanted)))


@in_one_test("method", SMOOTH)
@in_one_test("linear", [False, True])
@in_one_test("mode", ["LA", "RGBA", "P one clear", "LA;16", "RGBA;16", "RGBA;F"])
def test_the_colour_of_what_is_clear_reaches_nothing(mode: str, method: str, linear: bool) -> None:
    # A green disc on what is clear, whose hidden colour is once red and once blue.
    rows, columns = np.mgrid[:12, :12]
    inside = (rows - 6) ** 2 + (columns - 6) ** 2 < 16
    results = []
    for hidden in ((255, 0, 0), (0, 0, 255)):
        pixels = np.where(inside[..., np.newaxis], (0, 200, 0, 255), (*hidden, 0)).astype(np.uint8)
        picture = Picture(pixels, "RGBA")
        if mode == "P one clear":
            image = Image.fromarray(np.where(inside, 1, 0).astype(np.uint8), "P")
            image.putpalette([*hidden, 0, 200, 0])
            picture = read(encoded(image, "gif", transparency=0), expand=True)
        elif mode.startswith("LA"):
            picture = Picture(np.ascontiguousarray(pixels[..., (2, 3)]), "LA")
        if mode.endswith("16"):
            deep = picture.pixels.astype(np.uint16) * np.uint16(257)
            picture = Picture(deep, mode)
        elif mode.endswith("F"):
            picture = Picture(picture.pixels.astype(np.float32) / np.float32(255), mode)
            linear = False
        results.append(enlarge(picture, method, linear=linear).pixels)
    first, second = results
    np.testing.assert_array_equal(first[..., -1], second[..., -1])
    seen = first[..., -1] > 0
    assert seen.any()
    np.testing.assert_array_equal(first[seen], second[seen])


@in_one_test("factor", [2, 3, 4])
@in_one_test(
    ("method", "filter_name"),
    [("bilinear", "BILINEAR"), ("bicubic", "BICUBIC"), ("lanczos3", "LANCZOS")],
)
def test_premultiplied_enlarging_is_that_of_pillow(
    method: str, filter_name: str, factor: int
) -> None:
    # Smooth, as Pillow cuts what overshoots between its two passes, and clear in one corner.
    rows, columns = np.mgrid[:9, :11]
    phases = np.arange(4) + 0.4 * rows[..., np.newaxis] - 0.3 * columns[..., np.newaxis]
    pixels = np.rint(128 + 90 * np.sin(phases)).astype(np.uint8)
    pixels[:3, :3, 3] = 0
    image = Image.fromarray(pixels).convert("RGBa")
    size = (11 * factor, 9 * factor)
    expected = np.asarray(image.resize(size, Image.Resampling[filter_name]).convert("RGBA"))
    made = enlarge(Picture(pixels, "RGBA"), method, factor).pixels
    away = np.ones(made.shape[:2], np.bool_)
    away[: 6 * factor, : 6 * factor] = False  # of the step, where there is an overshoot again
    alphas = made[..., 3].astype(int) - expected[..., 3].astype(int)
    np.testing.assert_allclose(alphas[away], 0, atol=1)
    # Pillow rounds premultiplied colours to bytes, when they become so and after each pass: the
    # less alpha, the more are two levels of that.
    seen = expected[..., 3] > 100
    limits = 1 + 2 * 255 / np.maximum(expected[..., 3:].astype(float), 1)
    assert seen.sum() > 0.5 * seen.size
    difference = np.abs(made[..., :3].astype(int) - expected[..., :3].astype(int))
    assert (difference <= limits)[seen & away].all()
    assert difference[seen].max() <= 30


@in_one_test("method", SMOOTH)
def test_a_hue_is_not_led_around_the_circle(method: str) -> None:
    # Two reds, of hues at either end: between them is red, not cyan.
    image = Image.new("HSV", (2, 1), (0, 255, 255))
    image.putpixel((1, 0), (254, 255, 255))
    picture = Picture(np.asarray(natural(image, expand=True)), "RGB")
    made = enlarge(picture, method, 4).pixels
    assert made[..., 0].min() >= 254
    assert made[..., 1:].max() <= 8


@in_one_test("method", SMOOTH)
def test_a_and_b_of_lab_do_not_wrap_around(method: str) -> None:
    # As bytes in the file, -2 and 2 are 254 and 2; between them is 0.
    image = Image.frombytes("LAB", (2, 1), bytes([100, 254, 254, 100, 2, 2]))
    made = enlarge(read(encoded(image, "tiff"), expand=True), method, 4)
    values = made.pixels.astype(int) - (0, 128, 128)
    assert np.abs(values[..., 1:]).max() <= 3
    again = read(written(made, "tiff"), expand=True)
    np.testing.assert_array_equal(again.pixels, made.pixels)


@pytest.mark.parametrize("target", ["png", "bmp", "webp"])
def test_ycbcr_becomes_rgb_where_a_format_has_no_place_for_it(target: str) -> None:
    picture = picture_of("YCbCr", expand=True)
    again = read(written(picture, target))
    assert again.mode == "RGB"
    expected = Image.frombytes("YCbCr", (7, 5), picture.pixels.tobytes()).convert("RGB")
    np.testing.assert_array_equal(again.pixels, np.asarray(expected))
    source = written(picture, "tiff")
    data = source.getvalue()
    assert picture.pixels.tobytes() in data
    # Before version 13, Pillow takes such pixels for those that libtiff has decompressed.
    if TiffImagePlugin.OPEN_INFO[b"II", 6, (1,), 1, (8, 8, 8), ()][0] == "YCbCr":
        np.testing.assert_array_equal(read(source).pixels, picture.pixels)


@in_one_test(
    ("tag", "values", "ycbcr", "rgb"),
    [  # by BT.709, and of television, whose black is 16 and white 235
        (529, (0.2126, 0.7152, 0.0722), [[54, 99, 255], [182, 30, 12]], [[254, 0, 0], [0, 255, 0]]),
        (
            532,
            (16, 235, 128, 240, 128, 240),
            [[16, 128, 128], [235, 128, 128]],
            [[0] * 3, [255] * 3],
        ),
        (529, (0.0, 0.0, 0.0), [[54, 99, 255], [235, 128, 128]], None),
        (532, (235, 16, 128, 240, 128, 240), [[54, 99, 255], [235, 128, 128]], None),
    ],
)
def test_ycbcr_means_what_its_tiff_says(
    tag: int, values: tuple[float, ...], ycbcr: list[list[int]], rgb: list[list[int]] | None
) -> None:
    image = Image.frombytes("YCbCr", (2, 1), bytes([*ycbcr[0], *ycbcr[1]]))
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[tag] = TiffTags.RATIONAL
    tags[tag] = values
    source = encoded(image, "tiff", tiffinfo=tags)
    with Image.open(source) as opened:
        made, mode = declared_rgb(np.array([ycbcr], np.uint8), opened.tag_v2)  # type: ignore[attr-defined]
        is_read = opened.mode == "YCbCr"  # not before version 13 of Pillow
    np.testing.assert_array_equal(made[0], rgb or ycbcr)
    assert mode == ("YCbCr" if rgb is None else "RGB")
    if is_read:
        np.testing.assert_array_equal(read(source, expand=True).pixels, made)


def test_interpolation_of_a_picture_is_that_of_its_array() -> None:
    picture = picture_of("CMYK", expand=True)
    expected = upsamp.upsample(picture.pixels, 3, "bicubic")
    np.testing.assert_array_equal(enlarge(picture, "bicubic").pixels, expected)


def test_a_clear_grey_of_16_bits_becomes_alpha_of_16_bits() -> None:
    pixels = np.array([[1000, 2000], [3000, 65535]], np.uint16)
    picture = Picture(pixels, "I;16", metadata={"transparency": 2000})
    again = read(written(picture, "tiff"))
    expected = np.stack([pixels, np.where(pixels == 2000, 0, 65535)], axis=-1)
    np.testing.assert_array_equal(again.pixels, expected.astype(np.uint16), strict=True)
    for target in ("ppm", "jpeg2000"):
        with pytest.raises(FormatError, match=r"LA;16 pixels|uint16 pixels would lose the rest"):
            written(picture, target)


def test_a_gif_is_clear_below_half_of_alpha_and_opaque_from_half_on() -> None:
    pixels = np.array([[[10, 20, 30, 127], [10, 20, 30, 128]]], np.uint8)
    picture = read(written(Picture(pixels, "RGBA", "gif"), "gif"), expand=True)
    np.testing.assert_array_equal(picture.pixels[..., 3], [[0, 255]])
    np.testing.assert_array_equal(picture.pixels[0, 1], [10, 20, 30, 255])


def test_a_palette_counts_the_colours_that_are_not_clear() -> None:
    codes = np.arange(257)
    pixels = np.zeros((1, 257, 4), np.uint8)
    pixels[0, :, 0], pixels[0, :, 1] = codes % 256, codes // 256
    pixels[..., 3] = 128
    assert not fits_gif(pixels)
    # With two of them clear, 255 colours and one number for what is clear are left.
    pixels[0, :2, 3] = 127
    assert fits_gif(pixels)
    pixels[0, 0, 3] = 128
    assert not fits_gif(pixels)


def test_a_palette_counts_the_colours_of_pixels_without_alpha() -> None:
    pixels = np.zeros((1, 257, 3), np.uint8)
    pixels[0, :, 0], pixels[0, :, 1] = np.arange(257) % 256, np.arange(257) // 256
    assert not fits_gif(pixels)
    assert fits_gif(pixels[:, 1:])
    assert fits_gif(pixels[..., :2])


def fits_gif(pixels: Array) -> bool:
    """Tell whether a GIF of those pixels has lost none of their colours."""
    mode = {2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    losses = write_gif(Picture(pixels, mode), BytesIO(), "a.gif", WriteOptions())
    return FEWER_COLOURS not in losses
