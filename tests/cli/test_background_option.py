"""`upsamp upsample --background`: transparent pixels on a colour, in every format."""

import json
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import choose, in_one_test, one_of_each
from image_files import Array, image_of, pixels_of, read, through
from PIL import Image, features

from upsamp.io.formats import IMAGE_FORMATS, suffix_of
from upsamp.io.pictures import Picture
from upsamp.io.transparency import flattened

Invoke = Callable[..., Result]

HAS_AVIF = "avif" in features.modules and features.check("avif")
ORANGE = (255, 136, 0)
BOUND = ("--max-memory", "100MB")


def composed(pixels: Array, background: tuple[int, ...]) -> Array:
    """Return pixels, whose last channel is alpha, on a colour, by the definition."""
    full = 255 if pixels.dtype == np.uint8 else 65535
    alpha = pixels[..., -1:].astype(np.float64)
    ground = np.array(background) * (full // 255)
    return np.rint((pixels[..., :-1] * alpha + ground * (full - alpha)) / full)


@pytest.mark.parametrize("ground", choose([0, 77, 255], range(256)))
def test_every_colour_and_every_alpha_is_laid_on_exactly(ground: int) -> None:
    pixels = np.indices((256, 256), np.uint8).transpose(1, 2, 0)
    made = flattened(Picture(pixels, "LA"), (ground, ground, ground))
    np.testing.assert_array_equal(made.pixels, composed(pixels, (ground,))[..., 0])
    assert made.mode == "L"


@pytest.mark.parametrize("seed", choose([0], range(20)))
def test_colours_of_16_bits_are_laid_on_exactly(seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 65536, (30, 40, 4)).astype(np.uint16)
    pixels[0, :3] = [[65535, 0, 1, 65535], [65535, 0, 1, 0], [65535, 65534, 1, 1]]
    made = flattened(Picture(pixels, "RGBA;16"), ORANGE)
    assert (made.mode, made.pixels.dtype.name) == ("RGB;16", "uint16")
    wide = pixels.astype(object)
    for channel, part in enumerate(ORANGE):
        expected = [
            round(Fraction(int(c) * int(a) + 257 * part * (65535 - int(a)), 65535))
            for c, a in zip(wide[..., channel].ravel(), wide[..., 3].ravel(), strict=True)
        ]
        np.testing.assert_array_equal(made.pixels[..., channel].ravel(), expected)


def test_floats_are_laid_on_in_their_own_numbers() -> None:
    pixels = np.array([[[2.0, 0.5, 0.0, 0.25]]], np.float32)
    made = flattened(Picture(pixels, "RGBA;F"), (255, 0, 51))
    np.testing.assert_allclose(made.pixels, [[[1.25, 0.125, 0.15]]], rtol=1e-6)
    assert (made.mode, made.pixels.dtype.name) == ("RGB;F", "float32")


def test_many_rows_are_laid_on_as_one_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3000, 500, 2)).astype(np.uint8)
    made = flattened(Picture(pixels, "LA"), ORANGE)
    np.testing.assert_array_equal(made.pixels, composed(pixels, ORANGE))


def clear_images() -> dict[str, dict[str, Any]]:
    """Return how each image with transparent pixels is saved, by its name."""
    return {
        "rgba.png": {"mode": "RGBA"},
        "la.png": {"mode": "LA"},
        "grey_key.png": {"mode": "L", "transparency": int(pixels_of("L")[0, 0])},
        "colour_key.png": {"mode": "RGB", "transparency": (1, 2, 3)},
        "palette.png": {"mode": "P", "transparency": bytes(range(0, 160, 10))},
        "palette.gif": {"mode": "P", "transparency": 3},
        "bits.png": {"mode": "1", "transparency": 1},
        "deep_key.png": {"mode": "I;16", "transparency": int(pixels_of("I;16")[0, 0])},
    }


@pytest.mark.parametrize(("name", "suffix"), one_of_each([*clear_images()], [".png", ".tif"]))
def test_every_kind_of_transparency_is_laid_on_a_colour(
    invoke: Invoke, name: str, suffix: str
) -> None:
    options = clear_images()[name]
    image_of(options.pop("mode")).save(name, **options)
    channels = read(Path(name), expand=True).pixels
    if name == "bits.png":  # where older releases of Pillow see nothing clear
        white = 255 * pixels_of("1").astype(np.uint8)
        channels = np.stack([white, 255 - white], axis=-1)
    for background in ((255, 255, 255), ORANGE):
        expected = composed(np.repeat(np.repeat(channels, 2, 0), 2, 1), background)
        for method, bound in (("nearest", ()), ("nearest", BOUND), ("bilinear", BOUND)):
            wanted = "#{:02x}{:02x}{:02x}".format(*background)
            words = (name, "--background", wanted, "--interp", method, "-o", f"made{suffix}")
            result = invoke("upsample", *words, "--force", *bound)
            assert result.exit_code == 0, result.output
            made = read(Path(f"made{suffix}"), expand=True)
            assert not made.has_alpha
            if method == "nearest":
                pixels = made.pixels if made.pixels.ndim == 3 else made.pixels[..., np.newaxis]
                np.testing.assert_array_equal(np.broadcast_to(pixels, expected.shape), expected)


@in_one_test("name", [name for name in IMAGE_FORMATS if name != "avif" or HAS_AVIF])
def test_every_format_of_images_takes_it(invoke: Invoke, name: str) -> None:
    image_of("RGBA").save("in.png")
    target = f"made{suffix_of(name)}"
    result = invoke("upsample", "in.png", "--background", "Orange", "-o", target)
    assert result.exit_code == 0, result.output
    assert "soft edges" not in result.output
    with Image.open(target) as image:
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
    assert (alpha == 255).all()


def test_the_frames_of_an_animation_are_all_laid_on(invoke: Invoke) -> None:
    frames = [image_of("RGBA").rotate(turn) for turn in (0, 180)]
    frames[0].save("in.png", save_all=True, append_images=frames[1:], blend=0)
    for suffix in (".png", ".webp", ".tif"):
        result = invoke("upsample", "in.png", "--background", "#f80", "-o", f"made{suffix}")
        assert result.exit_code == 0, result.output
        made = read(Path(f"made{suffix}"), every_frame=True)
        for frame, given in zip(made.frames, frames, strict=True):
            expected = composed(np.asarray(given.resize((14, 10), 0)), ORANGE)
            np.testing.assert_array_equal(frame.pixels[..., :3], expected)


def test_many_files_are_laid_on_in_their_processes(invoke: Invoke) -> None:
    for name in ("a.png", "b.png"):
        image_of("RGBA").save(name)
    words = ("--background", "white", "--format", "jpg", "--out-dir", "out", "--jobs", "2")
    result = invoke("upsample", "a.png", "b.png", *words, "--report", "told.json")
    assert result.exit_code == 0, result.output
    told = json.loads(Path("told.json").read_text())["files"]
    assert [one["result_shape"] for one in told] == 2 * [[10, 14, 3]]
    for path in Path("out").iterdir():
        with Image.open(path) as image:
            assert image.size == (14, 10)


def test_a_matrix_that_becomes_an_image_is_laid_on_too(invoke: Invoke) -> None:
    pixels = pixels_of("RGBA")
    np.save("in.npy", pixels)
    for bound in ((), BOUND):
        words = ("--size", "1", "--background", "#f80", "--force", *bound)
        assert invoke("upsample", "in.npy", *words, "-o", "made.png").exit_code == 0
        np.testing.assert_array_equal(read(Path("made.png")).pixels, composed(pixels, ORANGE))


def test_what_has_no_transparency_stays_as_it_is(invoke: Invoke, samples: Path) -> None:
    for name, words in (("plain.png", ()), ("laid.png", ("--background", "red"))):
        assert invoke("upsample", samples / "lake.png", "-o", name, *words).exit_code == 0
    assert Path("plain.png").read_bytes() == Path("laid.png").read_bytes()


@in_one_test(
    "colour", ["", "nocolour", "#12345", "#f80f", "#ff880000", "rgb(1,2,3)", "1,2,3", "#ggg", "#"]
)
def test_what_is_no_colour_is_refused(invoke: Invoke, colour: str) -> None:
    result = invoke("upsample", "1 2; 3 4", "-o", "a.png", "--background", colour)
    assert result.exit_code == 2
    assert f"or #rgb or #rrggbb. Received: {colour}." in result.output


@in_one_test(
    ("words", "rule"),
    [
        (("1 2; 3 4",), "--background is for images, and the result is to be a matrix"),
        (("1 2; 3 4", "-o", "a.npy"), "--background is for images"),
        (("in.png", "-o", "a.csv"), "--background is for images"),
        (("in.png", "in.png", "--format", "npy", "--out-dir", "out"), "--background is for images"),
        (("in.png", "--sheet", "a.png"), "--background is for a result that is written"),
        (("in.png", "--compare"), "--background is for a result that is written"),
        (("in.png", "--code", "torch"), "--background is for a result that is written"),
    ],
)
def test_it_is_refused_where_no_image_is_written(
    invoke: Invoke, words: tuple[str, ...], rule: str
) -> None:
    image_of("RGBA").save("in.png")
    result = invoke("upsample", *words, "--background", "white")
    assert (result.exit_code, rule in result.output) == (2, True), result.output


def test_without_it_transparency_is_refused_with_the_remedy(tmp_path: Path) -> None:
    message = r"^JPEG holds no transparency, .* or `upsample --background COLOUR`\.$"
    with pytest.raises(Exception, match=message):
        through(read(encoded_image()), "jpeg", tmp_path)


def encoded_image() -> BytesIO:
    stream = BytesIO()
    image_of("RGBA").save(stream, "png")
    return BytesIO(stream.getvalue())
