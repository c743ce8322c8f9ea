"""The door in Python: files are read, written and enlarged as the command does it."""

import json
import warnings
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from bulk_files import write_images
from click.testing import CliRunner
from effort import in_one_test
from PIL import Image

import upsamp
from upsamp.cli import main
from upsamp.errors import ArgumentError, FileError, FormatError, MemoryLimitError, UpsampError
from upsamp.io.pictures import Frames

SAMPLES = Path(__file__).parents[2] / "sample_images"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with some images, an animation and some numbers."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path, ["a.png", "b.jpg", "c.tif"])
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "green", "blue")]
    frames[0].save("anim.gif", save_all=True, append_images=frames[1:], duration=70)
    np.save("m.npy", np.arange(6.0).reshape(2, 3))
    return tmp_path


def shown(picture: upsamp.Picture) -> Image.Image:
    data = picture._repr_png_()
    assert data is not None
    return Image.open(BytesIO(data))


# --- pictures


def test_a_picture_knows_its_pixels_and_what_its_file_says() -> None:
    picture = upsamp.read("a.png")
    assert isinstance(picture, upsamp.Picture)
    with Image.open("a.png") as image:
        np.testing.assert_array_equal(picture.pixels, np.asarray(image), strict=True)
    assert (picture.mode, picture.format, picture.notes) == ("RGB", "png", ())
    assert repr(picture) == "<Picture: 7x5 RGB, uint8, 1 frame>"
    animation = upsamp.read(Path("anim.gif"))
    assert isinstance(animation, upsamp.Picture)
    assert animation.metadata["duration"] == 70
    assert repr(animation) == "<Picture: 4x3 RGB, uint8, 3 frames>"


def test_the_frames_are_a_sequence_of_pictures() -> None:
    animation = upsamp.read("anim.gif")
    assert isinstance(animation, upsamp.Picture)
    frames = animation.frames
    colours = [tuple(frame.pixels[0, 0, :3]) for frame in frames]
    assert colours == [(255, 0, 0), (0, 128, 0), (0, 0, 255)]
    assert len(frames) == 3
    assert [tuple(frames[n].pixels[0, 0, :3]) for n in (0, 1, 2, -1)] == [*colours, colours[2]]
    assert [tuple(one.pixels[0, 0, :3]) for one in frames[::-2]] == [colours[2], colours[0]]
    assert all(frame.frame_count == 1 for frame in frames)
    for wrong in (3, -4):
        with pytest.raises(IndexError):
            frames[wrong]
    single = upsamp.read("anim.gif", frame=1)
    assert isinstance(single, upsamp.Picture)
    assert [tuple(frame.pixels[0, 0, :3]) for frame in single.frames] == [colours[1]]


def test_a_notebook_shows_a_picture() -> None:
    for name in ("a.png", "b.jpg", "anim.gif", SAMPLES / "depth16.png"):
        picture = upsamp.read(name)
        assert isinstance(picture, upsamp.Picture)
        with shown(picture) as image:
            np.testing.assert_array_equal(np.asarray(image), picture.pixels)
    assert upsamp.Picture(np.zeros((2, 2), np.float32), "F")._repr_png_() is None
    assert upsamp.Picture(np.zeros((2, 2, 4), np.uint8), "CMYK")._repr_png_() is None


# --- writing


@in_one_test("dtype", ["uint8", "uint16", "bool"])
@in_one_test("shape", [(3, 4), (3, 4, 1), (3, 4, 3), (3, 4, 4)])
def test_an_array_is_written_as_an_image(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    upsamp.write("out.png", array)
    picture = upsamp.read("out.png")
    assert isinstance(picture, upsamp.Picture)
    expected = array.reshape(array.shape[:2] if shape[-1:] == (1,) else array.shape)
    scaled = expected.astype(np.uint8) * 255 if dtype == "bool" else expected
    np.testing.assert_array_equal(picture.pixels, scaled)


@in_one_test("name", ["o.npy", "o.npz", "o.json", "o.txt", "o.csv", "o.tsv"])
def test_numbers_come_back(name: str) -> None:
    array = np.array([[0.1, -2.0], [1e300, 4.0]])
    upsamp.write(name, array)
    np.testing.assert_array_equal(upsamp.read(name), array, strict=True)
    upsamp.write(name, [[1]], overwrite=True)
    np.testing.assert_array_equal(upsamp.read(name), [[1]])


def test_a_picture_keeps_its_frames_and_its_metadata() -> None:
    animation = upsamp.read("anim.gif")
    upsamp.write("anim.png", animation)
    again = upsamp.read("anim.png")
    assert isinstance(animation, upsamp.Picture)
    assert isinstance(again, upsamp.Picture)
    assert again.metadata["duration"] == 70
    for first, second in zip(animation.frames, again.frames, strict=True):
        np.testing.assert_array_equal(first.pixels, second.pixels)


def test_what_is_lost_is_a_warning_at_the_line_of_the_caller() -> None:
    animation = upsamp.read("anim.gif")
    with pytest.warns(UserWarning, match="only the first of 3 frames is written") as caught:
        upsamp.write("anim.jpg", animation)
    with pytest.warns(UserWarning, match="only the first of 3 frames is written") as more:
        facts = upsamp.enlarge_file("anim.gif", "large.jpg")
    assert {one.filename for one in (*caught, *more)} == {__file__}
    assert facts.notes == tuple(str(one.message) for one in more)
    with pytest.warns(UserWarning, match="rounded to whole pixels; a target such as FILE.npy"):
        upsamp.write("rounded.png", [[0.5, 2.0]])


def test_nothing_is_replaced_unasked() -> None:
    before = Path("a.png").read_bytes()
    for call in (
        lambda: upsamp.write("a.png", [[1]]),
        lambda: upsamp.enlarge_file("b.jpg", "a.png"),
        lambda: upsamp.enlarge_file("a.png", "a.png"),
    ):
        with pytest.raises(FileError) as raised:
            call()
        assert str(raised.value) == (
            "'a.png' exists already. Use overwrite=True to overwrite it, or another name."
        )
    assert Path("a.png").read_bytes() == before
    upsamp.write("a.png", [[7]], overwrite=True)
    np.testing.assert_array_equal(upsamp.read("a.png").pixels, [[7]])  # type: ignore[union-attr]


# --- enlarging

SAME: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"size": 3, "interpolation": "bicubic"}, ["--size", "3", "--interp", "bicubic"]),
    ({"size": (1.1, 2.5)}, ["--size", "1.1", "2.5"]),
    ({"size": np.float32(1.5), "interpolation": "area"}, ["--size", "1.5", "--interp", "area"]),
    ({"output_shape": (30, 40), "interpolation": "area"}, ["--to", "40x30", "--interp", "area"]),
    ({"output_shape": (None, 40)}, ["--to", "40x"]),
    ({"output_shape": [21, None]}, ["--to", "x21"]),
    (
        {"interpolation": "bilinear", "convention": "torch", "align_corners": True},
        ["--interp", "bilinear", "--convention", "torch", "--align-corners"],
    ),
    ({"interpolation": "lanczos3", "linear": True}, ["--interp", "lanczos3", "--linear"]),
    ({"strip": True, "max_memory": 200 << 20}, ["--strip", "--max-memory", "200MB"]),
]


@pytest.mark.parametrize(("arguments", "options"), SAME, ids=str)
@pytest.mark.parametrize("name", ["a.png", "b.jpg", "c.tif", "anim.gif"])
def test_a_file_becomes_what_the_command_makes_of_it(
    name: str, arguments: dict[str, Any], options: list[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of colours of a GIF
        facts = upsamp.enlarge_file(name, f"python_{name}", **arguments)
    words = ["upsample", name, *options, "-o", f"command_{name}"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert Path(f"python_{name}").read_bytes() == Path(f"command_{name}").read_bytes()
    with Image.open(f"python_{name}") as image:
        assert facts.after[:2] == (image.height, image.width)


def test_numbers_are_enlarged_too() -> None:
    facts = upsamp.enlarge_file("m.npy", "large.json", (2, 1), "bilinear")
    assert facts == ((2, 3), (4, 3), (), False)
    expected = upsamp.upsample(np.load("m.npy"), (2, 1), "bilinear")
    np.testing.assert_array_equal(json.loads(Path("large.json").read_text()), expected)
    np.savez("two.npz", x=np.ones((2, 2, 2)), y=np.zeros((1, 1)))
    upsamp.enlarge_file("two.npz:x", "x.npy", data_format="channels_first")
    assert np.load("x.npy").shape == (2, 4, 4)


def test_paths_may_be_remote_or_have_the_protocol_of_files(place: Path) -> None:
    files = fsspec.filesystem("memory")
    files.store.clear()
    upsamp.write("memory://a.png", upsamp.read("a.png"))
    upsamp.enlarge_file("memory://a.png", f"file://{place}/large%20a.png")
    upsamp.enlarge_file("a.png", "memory://large.png")
    upsamp.enlarge_file("a.png", "here.png")
    assert files.cat_file("/large.png") == Path("here.png").read_bytes()
    assert Path("large a.png").read_bytes() == Path("here.png").read_bytes()
    assert isinstance(upsamp.read("memory://large.png"), upsamp.Picture)
    with pytest.raises(FileError, match=r"exists already\. Use overwrite=True"):
        upsamp.write("memory://large.png", [[1]])
    files.store.clear()


# --- refusals

REFUSED: list[tuple[dict[str, Any], type[UpsampError], str]] = [
    ({"source": "none.png"}, FileError, r"There is no file 'none\.png'\. Give the path"),
    ({"source": "1 2; 3 4"}, FileError, r"There is no file '1 2; 3 4'\."),
    ({"source": "-"}, FileError, r"There is no file '\./-'\."),
    ({"source": "."}, FileError, "Cannot read"),
    ({"source": b"a.png"}, ArgumentError, "`source` must be the path of a file"),
    ({"target": "out"}, FileError, r"Cannot tell the format of 'out' .* or `format_name`\."),
    ({"target": "none/out.png"}, FileError, "its directory does not exist"),
    ({"size": 0.5}, ArgumentError, r"`size` must be one factor of at least 1.*size=0\.5\."),
    ({"size": (2, 2, 2)}, ArgumentError, "`size` must be one factor"),
    ({"size": "2"}, ArgumentError, "`size` must be one factor"),
    ({"size": float("nan")}, ArgumentError, "`size` must be one factor"),
    ({"output_shape": (None, None)}, ArgumentError, r"`output_shape` must be \(rows, columns\)"),
    ({"output_shape": (1, 1)}, ArgumentError, "must be at least as large as the input, 7x5"),
    ({"interpolation": "cubic"}, ArgumentError, "`interpolation` must be"),
    ({"align_corners": True}, ArgumentError, "convention='torch'"),
    ({"data_format": "channels_first"}, ArgumentError, "`data_format` is for matrices"),
    (
        {"source": "m.npy", "target": "o.npy", "linear": True},
        ArgumentError,
        "`linear` is for images",
    ),
    *(
        ({"source": "m.npy", "target": "o.npy", name: value}, ArgumentError, f"`{name}` is for im")
        for name, value in (("frame", 0), ("depth", 8), ("auto_orient", False), ("strip", True))
    ),
    ({"format_name": "docx"}, ArgumentError, "`format_name` must be"),
    ({"frame": 5}, FormatError, "`frame`"),
    ({"depth": 16}, ArgumentError, r"`depth` must be 8 or None\. Received: depth=16\."),
    ({"compression": 10}, ArgumentError, "`compression` must be 0 to 9"),
    (
        {"quality": 90},
        ArgumentError,
        "`quality` must be for jpeg, webp, avif. Received: quality=90",
    ),
    ({"target": "o.jpg", "quality": 101}, ArgumentError, "`quality` must be 1 to 100"),
    ({"target": "o.jpg", "compression": 1}, ArgumentError, "`compression` must be for png"),
    ({"max_pixels": 9}, FormatError, "`max_pixels`"),
    ({"max_pixels": 40, "size": 5}, ArgumentError, "or `max_pixels` to allow more"),
    ({"max_memory": 1}, MemoryLimitError, "Use `max_memory` [0-9]+MB or more"),
]


@pytest.mark.parametrize(("arguments", "error", "told"), REFUSED)
def test_what_is_wrong_is_told_by_the_names_of_the_arguments(
    arguments: dict[str, Any], error: type[UpsampError], told: str
) -> None:
    before = {path.name for path in Path().iterdir()}
    with pytest.raises(error, match=told) as raised:
        upsamp.enlarge_file(**{"source": "a.png", "target": "out.png", **arguments})
    assert "--" not in str(raised.value)
    assert {path.name for path in Path().iterdir()} == before


def test_options_of_images_are_refused_for_an_array_that_is_read() -> None:
    with pytest.raises(ArgumentError, match=r"`frame` is for images; an array of several is named"):
        upsamp.read("m.npy", frame=0)


def test_frames_of_several_modes_are_refused_by_the_names_of_the_arguments() -> None:
    first = upsamp.Picture(np.zeros((2, 3), np.uint8), "L")
    deep = upsamp.Picture(np.zeros((2, 3), np.uint16), "I;16")
    several = replace(first, rest=Frames(1, lambda: iter((deep,))))
    with pytest.raises(FormatError, match="Use interpolation='bilinear', a target such as"):
        upsamp.write("o.png", several)


def test_what_no_file_holds_is_not_written() -> None:
    for name, x, told in (
        ("o.png", [[300.5]], "Pixels must be numbers from 0 to 255"),
        ("o.csv", np.ones((2, 2, 2)), "CSV must be given a matrix of rows"),
        ("o.png", np.ones((2, 2, 5)), "must have the shape"),
        ("o.jpg", upsamp.read(SAMPLES / "sprite.png"), "holds no transparency"),
    ):
        with pytest.raises(UpsampError, match=told) as raised:
            upsamp.write(name, x)
        assert " -o " not in str(raised.value)
        assert not Path(name).exists()


@in_one_test(
    ("pixels", "mode"),
    [
        (np.zeros((2, 2, 3), np.uint8), "L"),
        (np.zeros((2, 2), np.uint8), "RGB"),
        (np.zeros((2, 2)), "L"),
        (np.zeros((2, 2), np.int32), "F"),
        (np.zeros((2, 2), np.uint8), "LAB"),
        (np.zeros((2, 2), np.uint8), "L;12"),
        (np.zeros((2, 2, 3), np.int16), "RGB;16"),
        (np.zeros((2, 2, 3), np.uint16), "RGB"),
        (np.zeros((2, 2, 4), np.uint32), "CMYK;16"),
    ],
)
def test_a_picture_that_was_made_by_hand_is_checked(pixels: Any, mode: str) -> None:
    with pytest.raises(ArgumentError, match=rf"pixels of its mode\. Received: mode='{mode}' for"):
        upsamp.write("o.tif", upsamp.Picture(pixels, mode))
    assert not Path("o.tif").exists()


@in_one_test(
    ("dtype", "mode"),
    [("int16", "RGB;16S"), ("uint32", "RGB;32"), ("float16", "RGB;F"), ("int8", "L+2;8S")],
)
def test_a_picture_of_rare_numbers_is_written_and_read_again(dtype: str, mode: str) -> None:
    pixels = np.arange(12).reshape(2, 2, 3).astype(dtype)
    upsamp.write("rare.tif", upsamp.Picture(pixels, mode))
    again = upsamp.read("rare.tif")
    assert isinstance(again, upsamp.Picture)
    assert again.mode == mode
    np.testing.assert_array_equal(again.pixels, pixels, strict=True)
    upsamp.write("again.tif", again)


@pytest.mark.parametrize("colour", ["#80ff00", (128, 255, 0), np.array([128, 255, 0])])
def test_transparent_pixels_are_laid_on_a_colour(colour: Any) -> None:
    clear = np.zeros((2, 2, 4), np.uint8)
    upsamp.write("clear.png", clear)
    upsamp.write("written.png", upsamp.read("clear.png"), background=colour)
    upsamp.write("array.png", clear, background=colour)
    upsamp.enlarge_file("clear.png", "large.png", 1, background=colour)
    for name in ("written.png", "array.png", "large.png"):
        picture = upsamp.read(name)
        assert isinstance(picture, upsamp.Picture)
        np.testing.assert_array_equal(picture.pixels, np.full((2, 2, 3), (128, 255, 0), np.uint8))
    with pytest.raises(FormatError, match=r"Use png, webp or tiff, or `background`\."):
        upsamp.write("clear.jpg", clear)


@in_one_test("colour", ["whitish", (1, 2), (1, 2, 256), (0.5, 0, 0), 7])
def test_what_is_no_colour_is_no_background(colour: Any) -> None:
    with pytest.raises(ArgumentError, match="`background` must be the name of a colour"):
        upsamp.write("o.png", np.zeros((2, 2, 4), np.uint8), background=colour)
    with pytest.raises(ArgumentError, match="`background` must be for png"):
        upsamp.write("o.npy", np.zeros((2, 2, 4), np.uint8), background="white")


def test_what_is_larger_is_kept_where_that_is_asked() -> None:
    facts = upsamp.enlarge_file("a.png", "kept.png", output_shape=(1, 1), keep_larger=True)
    assert facts.kept
    assert facts.before == facts.after
    assert Path("kept.png").read_bytes() == Path("a.png").read_bytes()
    with pytest.raises(ArgumentError, match="`keep_larger` goes with `output_shape`"):
        upsamp.enlarge_file("a.png", "more.png", keep_larger=True)
    with pytest.raises(ArgumentError, match="Use a larger size, or keep_larger=True"):
        upsamp.enlarge_file("a.png", "more.png", output_shape=(1, 1))


def test_any_numbers_are_spread_over_black_to_white() -> None:
    upsamp.write("spread.png", np.array([[-1.0, 0.0, 1.0]]), value_range=(-1, 1))
    with Image.open("spread.png") as image:
        np.testing.assert_array_equal(np.asarray(image), [[0, 128, 255]])
    np.save("floats.npy", np.array([[0.25, 0.5]], np.float32))
    with pytest.warns(UserWarning, match="value_range='auto' is 0.25 to 0.5"):
        upsamp.enlarge_file("floats.npy", "auto.png", 1, value_range="auto")
    with Image.open("auto.png") as image:
        np.testing.assert_array_equal(np.asarray(image), [[0, 255]])
    with pytest.warns(UserWarning, match=r"nearly black; value_range=\(0, 1\) makes white of 1"):
        upsamp.write("black.png", np.array([[0.0, 0.5]]))
    for wrong in ("full", 1, (1, 0), (0, None), (0, 10**400), (1, 2, 3)):
        with pytest.raises(ArgumentError, match="`value_range` must be"):
            upsamp.write("wrong.png", np.array([[0.5]]), value_range=wrong)
    with pytest.raises(ArgumentError, match="`value_range` must be for png"):
        upsamp.write("wrong.npy", np.array([[0.5]]), value_range="auto")
    assert not list(Path().glob("wrong*"))
