"""Options of `upsamp upsample` that say what of a picture is kept, and in which form."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from PIL import Image

from upsamp.core.upsampling.light import resize_light
from upsamp.io import extras
from upsamp.io.picture_options import KIND_OPTIONS
from upsamp.io.pictures import Picture
from upsamp.io.png import write_png

Invoke = Callable[..., Result]
ORIENTATION = 0x0112


def deep_png(name: str) -> np.ndarray[Any, Any]:
    pixels = np.random.default_rng(1).integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    with Path(name).open("wb") as stream:
        write_png(Picture(pixels, "RGB;16"), stream)
    return pixels


def animated(name: str) -> None:
    frames = [Image.new("RGB", (6, 4), (grey, 9, 9)) for grey in (0, 100, 200)]
    options: dict[str, Any] = {"duration": [40, 60, 80], "loop": 0}
    frames[0].save(name, save_all=True, append_images=frames[1:], **options)


def test_16_bit_colour_stays_so(invoke: Invoke) -> None:
    pixels = deep_png("a.png")
    result = invoke("upsample", "a.png", "--size", "3", "-o", "b.tif")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "dtype: uint16 -> uint16\nmode: RGB;16 -> RGB;16\n" in result.stdout
    again = invoke("upsample", "b.tif", "--size", "1", "-o", "c.npy")
    assert (again.exit_code, again.stderr) == (0, "")
    np.testing.assert_array_equal(np.load("c.npy"), pixels.repeat(3, 0).repeat(3, 1), strict=True)


@pytest.mark.parametrize(
    "command",
    [
        ("upsample", "a.png"),
        ("transpose-conv", "a.png", "--weights", "bilinear", "--kernel", "4", "--stride", "2"),
    ],
)
def test_without_the_extra_a_loss_of_depth_is_an_error_that_depth_8_accepts(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    deep_png("a.png")
    monkeypatch.setattr(extras, "find_spec", lambda _package: None)
    result = invoke(*command, "-o", "b.png")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "pip install 'upsamp[deep]'. Or use --depth 8" in result.stderr
    result = invoke(*command, "-o", "b.png", "--depth", "8")
    assert result.exit_code == 0
    assert "Note: a.png: 16-bit colour is read as 8-bit" in result.stderr
    with Image.open("b.png") as image:
        assert image.mode == "RGB"


def test_linear_light_is_interpolated(invoke: Invoke, samples: Path) -> None:
    args = ("--size", "2", "--interp", "bicubic", "--linear", "-o", "b.png")
    result = invoke("upsample", samples / "lake.png", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    with Image.open(samples / "lake.png") as image:
        pixels = np.asarray(image)
    expected = resize_light(pixels, (2 * pixels.shape[0], 2 * pixels.shape[1]), "bicubic")
    with Image.open("b.png") as image:
        np.testing.assert_array_equal(np.asarray(image), expected)


@in_one_test(
    ("args", "message"),
    [
        *(
            (("1 2; 3 4", *option), f"{option[0]} is for images; ")
            for option in (
                ("--linear",),
                ("--strip",),
                ("--frame", "0"),
                ("--no-auto-orient",),
                ("--depth", "8"),
            )
        ),
        (("a.png", "--linear", "--compare"), "--linear is in no other library"),
        (("a.png", "--strip", "--no-auto-orient"), "--strip drops the orientation"),
        (("a.png", "--quality", "90"), "--quality is for JPEG, WebP and AVIF"),
        (("a.png", "--quality", "0"), "must be 1 to 100, or keep. Received: 0."),
        (("a.png", "--quality", "best"), "must be 1 to 100, or keep. Received: best."),
        (("a.png", "--depth", "16"), "--depth must be 8. Received: 16."),
    ],
)
def test_what_does_not_fit_together_is_a_usage_error(
    invoke: Invoke, samples: Path, args: tuple[str, ...], message: str
) -> None:
    copy(samples / "lake.png", "a.png")
    result = invoke("upsample", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


# An option that is for images, or for matrices, and what it is given.
FOR_IMAGES = (
    ("--linear",), ("--frame", "0"), ("--strip",), ("--no-auto-orient",), ("--depth", "8")
)  # fmt: skip
FOR_MATRICES = (("--data-format", "channels_first"), ("--missing", "nan"))


def test_every_option_that_is_for_one_kind_of_input_is_tried() -> None:
    tried = {words[0] for words in (*FOR_IMAGES, *FOR_MATRICES)}
    names = {option.removeprefix("--").removeprefix("no-") for option in tried}
    assert {name.replace("_", "-") for name in KIND_OPTIONS} == names


@pytest.mark.parametrize(
    ("command", "lacking"),
    [("upsample", ()), ("transpose-conv", ("--linear", "--frame", "--strip", "--no-auto-orient"))],
)
def test_an_option_for_another_kind_of_input_is_refused(
    invoke: Invoke, command: str, lacking: tuple[str, ...]
) -> None:
    deep_png("a.png")
    np.save("a.npy", np.ones((2, 2)))
    cases = [(words, "images", name) for words in FOR_IMAGES for name in ("a.npy", "1 2; 3 4")]
    cases += [(words, "matrices", "a.png") for words in FOR_MATRICES]
    for words, kind, name in cases:
        for more in ((), ("-o", "b.png")):
            if words[0] not in lacking:
                result = invoke(command, name, *words, *more)
                assert (result.exit_code, result.stdout) == (2, "")
                assert f"{words[0]} is for {kind}" in result.stderr
    assert not Path("b.png").exists()


@pytest.mark.parametrize("name", ["a.png", "a.npy"])
def test_an_option_that_says_what_holds_anyway_is_for_both(invoke: Invoke, name: str) -> None:
    Image.new("L", (2, 2)).save("a.png")
    np.save("a.npy", np.ones((2, 2)))
    for words in (("--missing", "error"), ("--auto-orient",)):
        result = invoke("upsample", name, *words, "-o", f"b{name}", "--force")
        assert (result.exit_code, result.stderr) == (0, "")


def test_orientation_is_applied_or_left(invoke: Invoke) -> None:
    tags = Image.Exif()
    tags[ORIENTATION] = 6
    Image.new("RGB", (6, 4)).save("a.jpg", exif=tags)
    for option, size, orientation in (("", (8, 12), 1), ("--no-auto-orient", (12, 8), 6)):
        args = [option] if option else []
        assert invoke("upsample", "a.jpg", *args, "-o", "b.jpg", "--force").exit_code == 0
        with Image.open("b.jpg") as image:
            assert image.size == size
            assert image.getexif()[ORIENTATION] == orientation


def test_quality_and_strip_reach_the_file(invoke: Invoke, samples: Path) -> None:
    sizes = []
    for args in ((), ("--quality", "30"), ("--quality", "keep"), ("--strip",)):
        result = invoke("upsample", samples / "portrait.jpg", *args, "-o", "b.jpg", "--force")
        assert (result.exit_code, result.stderr) == (0, "")
        sizes.append(Path("b.jpg").stat().st_size)
        with Image.open("b.jpg") as image:
            assert bool(image.getexif()) == ("--strip" not in args)
    assert sizes[1] < sizes[0]
    assert sizes[3] < sizes[0]


@pytest.mark.parametrize("target", ["png", "gif", "webp", "tif"])
def test_every_frame_is_enlarged_and_told_of(invoke: Invoke, target: str) -> None:
    animated("a.gif")
    result = invoke("upsample", "a.gif", "-o", f"b.{target}")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "frames: 3 -> 3\n" in result.stdout
    with Image.open(f"b.{target}") as image:
        assert image.n_frames == 3  # type: ignore[attr-defined] # these formats have it
        for number, grey in enumerate((0, 100, 200)):
            image.seek(number)
            assert image.convert("RGB").getpixel((11, 7)) == (grey, 9, 9)


def test_an_animation_through_a_pipe_stays_one(invoke: Invoke) -> None:
    animated("a.gif")
    result = invoke("upsample", "-", stdin=Path("a.gif").read_bytes())
    assert (result.exit_code, result.stderr) == (0, "")
    with Image.open(BytesIO(result.stdout_bytes)) as image:
        assert (image.format, image.n_frames) == ("GIF", 3)  # type: ignore[attr-defined] # a GIF


@pytest.mark.parametrize("target", ["jpg", "npy", "bmp"])
def test_a_format_without_frames_gets_the_first_with_a_note(invoke: Invoke, target: str) -> None:
    animated("a.gif")
    result = invoke("upsample", "a.gif", "-o", f"b.{target}")
    assert result.exit_code == 0
    assert "Note: only the first of 3 frames is written" in result.stderr
    assert "frames: 3 -> 1\n" in result.stdout


def test_one_frame_is_taken_without_a_note(invoke: Invoke) -> None:
    animated("a.gif")
    result = invoke("upsample", "a.gif", "--frame", "2", "-o", "b.jpg")
    assert (result.exit_code, result.stderr) == (0, "")
    with Image.open("b.jpg") as image:
        assert abs(image.getpixel((5, 5))[0] - 200) < 4  # type: ignore[index] # of three channels
    result = invoke("upsample", "a.gif", "--frame", "3", "-o", "c.jpg")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "0 to 2. Received: 3." in result.stderr


@pytest.mark.parametrize("method", ["nearest", "bicubic"])
def test_colours_that_gif_loses_are_noted_where_some_are(
    invoke: Invoke, samples: Path, method: str
) -> None:
    animated("a.gif")
    assert invoke("upsample", "a.gif", "--interp", method, "-o", "b.gif").stderr == ""
    result = invoke("upsample", samples / "lake.png", "--interp", method, "-o", "c.gif")
    assert "Note: GIF holds 256 colours, so some are lost" in result.stderr


def test_soft_edges_that_gif_makes_hard_are_noted_where_some_are(invoke: Invoke) -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[1:3, 1:3] = 200, 100, 50, 255
    Image.fromarray(pixels).save("a.png")
    notes = [
        invoke("upsample", "a.png", "--interp", method, "-o", f"{method}.gif").stderr
        for method in ("nearest", "bilinear")
    ]
    assert notes == [
        "",
        (
            "Note: GIF is clear or opaque and nothing between, so soft edges become hard; "
            "use --format png to keep them.\n"
        ),
    ]


def test_other_commands_take_the_first_frame_with_a_note(invoke: Invoke) -> None:
    animated("a.gif")
    args = ("--kernel", "2", "--stride", "2", "-o", "b.png")
    result = invoke("transpose-conv", "a.gif", *args)
    assert result.exit_code == 0
    assert "Note: a.gif: only the first frame is read" in result.stderr
