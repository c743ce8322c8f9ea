"""`--range`: an image of 8 bits of any numbers; and a note where the picture would be black."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from click.testing import Result
from effort import in_one_test
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from upsamp.errors import ArgumentError
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture
from upsamp.io.value_ranges import Spread
from upsamp.io.write import write_result

Invoke = Callable[..., Result]
Array = NDArray[Any]

BLACK = "Note: the values lie in 0 to 1, so the picture is nearly black; --range 0 1 makes white of"
BOUND = ("--max-memory", "500MB")


def shares(*shape: int) -> Array:
    return np.random.default_rng(1).random(shape).astype(np.float32)


def pixels_of(name: str) -> Array:
    with Image.open(name) as image:
        return np.asarray(image)


def spread(values: Array, low: float, high: float) -> Array:
    """Return what the option promises, computed in one line."""
    return np.rint(255 * (np.clip(values, low, high).astype(float) - low) / (high - low))


@in_one_test("bound", [(), BOUND])
@in_one_test("shape", [(5, 6), (5, 6, 2), (5, 6, 3), (5, 6, 4), (1, 5, 6, 1)])
@in_one_test("command", ["upsample", "transpose-conv"])
def test_a_matrix_is_spread_over_black_to_white(
    invoke: Invoke, command: str, shape: tuple[int, ...], bound: tuple[str, ...]
) -> None:
    values = 3 * shares(*shape) - 1
    np.save("a.npy", values)
    args = () if command == "upsample" else ("--kernel", "1", "--weights", "identity")
    size = ("--size", "1") if command == "upsample" else ()
    result = invoke(command, "a.npy", *size, *args, "--range", "-0.5", "1", "-o", "b.png", *bound)
    assert result.exit_code == 0
    outside = int(((values < -0.5) | (values > 1)).sum())
    assert result.stderr.count(f"Note: {outside} values are outside of -0.5 to 1 and cut") == 1
    expected = spread(values.reshape(5, 6, *(shape[2:] if len(shape) == 3 else ())), -0.5, 1)
    np.testing.assert_array_equal(pixels_of("b.png"), expected.astype(np.uint8), strict=True)


@in_one_test("dtype", ["float16", "float64", "uint8", "int16", "uint16", "int64"])
def test_numbers_of_every_type_are_spread(invoke: Invoke, dtype: str) -> None:
    values = np.array([[0, 3, 50, 100, 120]], dtype)
    np.save("a.npy", values)
    args = ("--size", "1", "--range", "3", "100", "-o", "b.png")
    result = invoke("upsample", "a.npy", *args)
    assert result.stderr == "Note: 2 values are outside of 3 to 100 and cut there.\n"
    np.testing.assert_array_equal(pixels_of("b.png"), spread(values, 3, 100))


@pytest.mark.parametrize("value_range", [("auto",), ("0.25", "0.75"), ("=0.25,0.75",)])
def test_an_image_of_floats_becomes_one_of_bytes(
    invoke: Invoke, value_range: tuple[str, ...]
) -> None:
    values = shares(4, 5, 3)
    write_result(Picture(values, "RGB;F"), "tiff", "a.tif")
    joined = value_range[0].startswith("=")
    option = (f"--range{value_range[0]}",) if joined else ("--range", *value_range)
    for name in ("b.png", "b.tif", "b.webp"):
        result = invoke("upsample", "a.tif", "--size", "1", *option, "-o", name)
        assert result.exit_code == 0
        low, high = (values.min(), values.max()) if option[-1] == "auto" else (0.25, 0.75)
        np.testing.assert_array_equal(pixels_of(name), spread(values, float(low), float(high)))
        if option[-1] == "auto":
            assert f"Note: --range auto is {low:.9g} to {high:.9g}.\n" in result.stderr


def test_strips_of_an_image_of_floats_are_the_same(invoke: Invoke) -> None:
    write_result(Picture(shares(30, 20, 3), "RGB;F"), "tiff", "a.tif")
    args = ("upsample", "a.tif", "--interp", "bicubic", "--range", "0.1", "0.8")
    whole = invoke(*args, "-o", "b.tif")
    strips = invoke(*args, "-o", "c.tif", *BOUND)
    np.testing.assert_array_equal(pixels_of("b.tif"), pixels_of("c.tif"), strict=True)
    told = [line for line in whole.stderr.splitlines() if "outside" in line]
    assert len(told) == 1
    assert told[0] in strips.stderr.splitlines()


def test_alpha_is_none_of_the_values() -> None:
    pixels = np.dstack([np.full((1, 2), 5.0), np.array([[0.5, 1.0]])]).astype(np.float32)
    made = Spread(0, 10)
    np.testing.assert_array_equal(
        made.picture(Picture(pixels, "LA;F")).pixels, np.array([[[128, 128], [128, 255]]], np.uint8)
    )
    deep = np.full((1, 1, 4), 65535, np.uint16)
    picture = Spread(0, 2 * 65535).picture(Picture(deep, "RGBA;16"))
    np.testing.assert_array_equal(picture.pixels, np.array([[[128, 128, 128, 255]]], np.uint8))
    assert (picture.mode, made.notes) == ("RGBA", ())


def test_each_page_is_spread_alike(invoke: Invoke) -> None:
    pages = [np.full((2, 2), value, np.float32) for value in (0.0, 1.0, 4.0)]
    first, *rest = (Image.fromarray(page) for page in pages)
    first.save("a.tif", save_all=True, append_images=rest)
    result = invoke("upsample", "a.tif", "--range", "0", "2", "-o", "b.tif")
    assert result.stderr == "Note: 16 values are outside of 0 to 2 and cut there.\n"
    with Image.open("b.tif") as image:
        found = [int(np.asarray(page)[0, 0]) for page in ImageSequence.Iterator(image)]
    assert found == [0, 128, 255]
    result = invoke("upsample", "a.tif", "--range", "auto", "-o", "c.tif")
    assert result.exit_code == 1
    assert "--range auto is found in one image. Received: 3 frames." in result.stderr
    result = invoke("upsample", "a.tif", "--range", "auto", "--frame", "1", "-o", "c.tif")
    assert "Received: values from 1 to 1. Use --range LOW HIGH." in result.stderr


def test_what_is_no_number_is_told(invoke: Invoke) -> None:
    np.save("a.npy", np.array([[np.nan, -np.inf, np.inf, 2.0, 6.0]]))
    result = invoke("upsample", "a.npy", "--size", "1", "--range", "auto", "-o", "b.png")
    assert result.stderr.splitlines() == [
        "Note: --range auto is 2 to 6.",
        "Note: 2 values are outside of 2 to 6 and cut there.",
        "Note: 1 value is no number or no data, and written as 0.",
    ]
    np.testing.assert_array_equal(pixels_of("b.png"), [[0, 0, 255, 0, 255]])
    np.save("a.npy", np.full((2, 2), np.nan))
    result = invoke("upsample", "a.npy", "--range", "auto", "-o", "c.png")
    assert result.exit_code == 1
    assert "must find two values. Received: none that is finite" in result.stderr
    assert not Path("c.png").exists()


@pytest.mark.usefixtures("here_engine")
def test_many_files_are_spread_by_the_same_values(invoke: Invoke) -> None:
    Path("maps").mkdir()
    for number in (1, 2):
        values = np.full((2, 2), number, np.float32)
        Image.fromarray(values).save(f"maps/{number}.tif")
    args = ("upsample", "maps", "--range", "0", "1", "--format", "png", "--out-dir", "o", "-j", "1")
    result = invoke(*args)
    assert result.exit_code == 0
    assert "Note: 16 values are outside of 0 to 1 and cut there (1 file)" in result.stderr
    assert {int(pixels_of(str(path))[0, 0]) for path in Path("o").iterdir()} == {255}


@in_one_test("bound", [(), BOUND])
@in_one_test(
    ("values", "black"),
    [
        (np.array([[0.0, 0.5]]), True),
        (np.array([[0.0, 1.0]], np.float16), True),
        (np.array([[0, 1]], np.uint8), False),  # as labels are
        (np.array([[0.0, 0.0]]), False),
        (np.array([[0.0, 1.5]]), False),
        (np.array([[False, True]]), False),
    ],
)
def test_a_picture_that_is_nearly_black_is_told(
    invoke: Invoke, values: Array, black: bool, bound: tuple[str, ...]
) -> None:
    np.save("a.npy", values)
    result = invoke("upsample", "a.npy", "-o", "b.png", *bound)
    assert result.exit_code == 0
    assert (BLACK in result.stderr) == black
    assert result.stderr.count("Note") == int(bool(black or (values == 1.5).any()))
    result = invoke("upsample", "a.npy", "-o", "c.png", "--range", "0", "2", *bound)
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_matrix_within_0_to_1_in_a_command_is_told(invoke: Invoke) -> None:
    for command in ("upsample", "transpose-conv"):
        result = invoke(command, "0 0.25; 0 0", "-o", f"{command}.png")
        assert BLACK in result.stderr


@in_one_test(
    ("args", "code", "error"),
    [
        (("--range", "1", "0", "-o", "b.png"), 2, "must be LOW HIGH, of which LOW is less"),
        (("--range", "1", "0", "-o", "b.png"), 2, "Received: 1 0."),
        (("--range", "1", "1", "-o", "b.png"), 2, "must be LOW HIGH, of which LOW is less"),
        (("--range", "1", "-o", "b.png"), 2, "must be LOW HIGH, of which LOW is less"),
        (("--range", "0x1x2", "-o", "b.png"), 2, "must be LOW HIGH, of which LOW is less"),
        (("--range", "0", "1e999", "-o", "b.png"), 2, "must be LOW HIGH, of which LOW is less"),
        (("--range", "0", "nan", "-o", "b.png"), 2, "must be LOW HIGH, of which LOW is less"),
        (("--range", "0", "1"), 2, "--range is for images; numbers are written as they are"),
        (("--range", "0", "1", "-o", "b.npy"), 2, "--range is for images"),
        (("--range", "0", "1", "--code", "torch"), 2, "--range is for an image that is written"),
        (("--range", "auto", "-o", "b.png", *BOUND), 1, "a result that is in memory whole"),
        (("-o", "b.png"), 1, "values from -2 to 3. Use --range, or -o FILE.npy."),
    ],
)
def test_what_cannot_be_spread_is_refused(
    invoke: Invoke, args: tuple[str, ...], code: int, error: str
) -> None:
    np.save("a.npy", np.array([[-2.0, 3.0]]))
    result = invoke("upsample", "a.npy", *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert error in result.stderr
    assert [path.name for path in Path().iterdir()] == ["a.npy"]


def test_colours_that_are_no_light_are_refused(invoke: Invoke) -> None:
    Image.new("CMYK", (2, 2)).save("a.jpg")
    result = invoke("upsample", "a.jpg", "--range", "0", "9", "-o", "b.jpg")
    assert result.exit_code == 1
    assert "--range is for grey and RGB. Received: CMYK. Leave it out." in result.stderr
    assert invoke("transpose-conv", "--solve", "7", "28", "--range", "0", "1").exit_code == 2


@pytest.mark.parametrize("value_range", [(1.0, 0.0), (0.0, np.inf), (-1e308, 1e308)])
def test_a_range_must_have_two_finite_ends(value_range: tuple[float, float]) -> None:
    with pytest.raises(ArgumentError, match="`value_range` must be a low and a higher finite"):
        WriteOptions(value_range=value_range)


@in_one_test("value_range", [("auto",), ("2", "6")])
@in_one_test("dtype", ["float32", "int16"])
def test_pixels_without_data_are_none_of_the_values(
    invoke: Invoke, dtype: str, value_range: tuple[str, ...]
) -> None:
    values = np.array([[-9999, 2, 4, 6]], dtype)
    tag = (42113, "s", 0, "-9999", True)
    tifffile.imwrite("a.tif", values, extratags=[tag])
    result = invoke("upsample", "a.tif", "--size", "1", "--range", *value_range, "-o", "b.tif")
    assert result.exit_code == 0
    assert "1 value is no number or no data, and written as 0." in result.stderr
    assert "outside" not in result.stderr
    np.testing.assert_array_equal(pixels_of("b.tif"), [[0, 0, 128, 255]])
    with tifffile.TiffFile("b.tif") as file:
        assert 42113 not in file.pages.first.tags  # now 0 is a value, too


def test_channels_beside_the_colours_are_spread_or_told(invoke: Invoke) -> None:
    values = shares(4, 5, 5)
    options: dict[str, Any] = {"photometric": "rgb", "planarconfig": "contig"}
    tifffile.imwrite("a.tif", values, extrasamples=[0, 0], **options)
    args = ("upsample", "a.tif", "--size", "1", "--range", "0", "1")
    for bound in ((), BOUND):
        result = invoke(*args, "-o", "b.tif", "--force", *bound)
        assert result.exit_code == 0
        np.testing.assert_array_equal(tifffile.imread("b.tif"), spread(values, 0, 1))
    result = invoke(*args, "-o", "b.png")
    assert "2 of 5 channels are neither colour nor alpha and are left out" in result.stderr
    np.testing.assert_array_equal(pixels_of("b.png"), spread(values[..., :3], 0, 1))
