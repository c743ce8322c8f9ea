"""`upsamp upsample --to` and `--size`: any size of the result, in each convention."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from numpy.typing import NDArray
from PIL import Image

import upsamp
from upsamp.errors import ArgumentError
from upsamp.io.picture_options import MAX_PIXELS, check_result

Invoke = Callable[..., Result]
Array = NDArray[Any]


def pixels_of(path: Path) -> Array:
    with Image.open(path) as image:
        return np.asarray(image).copy()


@pytest.fixture
def lake(invoke: Invoke, samples: Path, tmp_path: Path) -> Array:
    """Put lake.png, 240 x 160, where the command runs, and give its pixels."""
    assert invoke("--version").exit_code == 0
    copy(samples / "lake.png", tmp_path)
    return pixels_of(tmp_path / "lake.png")


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("words", "size", "spelled"),
    [
        (("--to", "480x320"), (320, 480), "480x320"),
        (("--to", "480X320"), (320, 480), "480x320"),
        (("--to=480x",), (320, 480), "480x320"),
        (("--to", "480x"), (320, 480), "480x320"),
        (("--to", "x320"), (320, 480), "480x320"),
        (("--to", "301x"), (201, 301), "301x201"),
        (("--to", "x161"), (161, 242), "242x161"),
        (("--to", "241x200"), (200, 241), "241x200"),
        (("--size", "1.5"), (240, 360), "1.5x1.5"),
        (("--size=1.5",), (240, 360), "1.5x1.5"),
        (("--size", "1.5", "2"), (240, 480), "1.5x2"),
        (("--size", "1.5x2"), (240, 480), "1.5x2"),
        (("--size", "1.01", "1"), (161, 240), "1.01x1"),
    ],
)
def test_any_size_may_be_asked_for_before_or_after_the_input(
    invoke: Invoke,
    lake: Array,
    words: tuple[str, ...],
    size: tuple[int, int],
    spelled: str,
    first: bool,
) -> None:
    options = (*words, "--interp", "bilinear")
    result = invoke(
        "upsample", *(options if first else ()), "lake.png", *(() if first else options)
    )
    assert (result.exit_code, result.stderr) == (0, "")
    expected = upsamp.resize(lake, size, "bilinear")
    np.testing.assert_array_equal(pixels_of(Path(f"lake_{spelled}_bilinear.png")), expected)


def test_a_factor_counts_as_it_is_written_and_not_as_a_float_has_it(invoke: Invoke) -> None:
    np.save("a.npy", np.arange(100.0).reshape(1, 100))
    result = invoke("upsample", "a.npy", "--size", "1", "1.15", "-o", "b.npy")
    assert (result.exit_code, result.stderr) == (0, "")
    assert np.load("b.npy").shape == (1, 115)


@pytest.mark.parametrize("interpolation", ["nearest", "area", "bilinear", "bicubic"])
@pytest.mark.parametrize("convention", ["keras", "torch"])
def test_a_convention_is_computed_and_named_in_the_file(
    invoke: Invoke, lake: Array, convention: str, interpolation: str
) -> None:
    options = ("--to", "301x200", "--interp", interpolation, "--convention", convention)
    result = invoke("upsample", "lake.png", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    ending = interpolation if convention == "keras" else f"{interpolation}_torch"
    expected = upsamp.resize(lake, (200, 301), interpolation, convention=convention)
    np.testing.assert_array_equal(pixels_of(Path(f"lake_301x200_{ending}.png")), expected)


@in_one_test("interpolation", ["area", "mitchellcubic", "gaussian", "lanczos5"])
def test_the_methods_of_tensorflow_are_the_library_s(invoke: Invoke, interpolation: str) -> None:
    array = np.random.default_rng(30).random((5, 7))
    np.save("a.npy", array)
    result = invoke("upsample", "--to", "12x11", "--interp", interpolation, "a.npy", "-o", "b.npy")
    assert (result.exit_code, result.stderr) == (0, "")
    expected = upsamp.resize(array, (11, 12), interpolation)
    np.testing.assert_array_equal(np.load("b.npy"), expected, strict=True)


@pytest.mark.parametrize("interpolation", ["mitchellcubic", "gaussian", "lanczos3"])
def test_a_method_that_pytorch_lacks_is_refused_in_its_convention(
    invoke: Invoke, interpolation: str
) -> None:
    result = invoke("upsample", "1 2", "--interp", interpolation, "--convention", "torch")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert f"--interp {interpolation}" in result.stderr


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_corners_are_aligned_in_the_convention_of_pytorch(
    invoke: Invoke, interpolation: str
) -> None:
    array = np.random.default_rng(31).random((4, 5))
    np.save("a.npy", array)
    options = ("--to", "13x10", "--convention", "torch", "--align-corners")
    result = invoke("upsample", "a.npy", *options, "--interp", interpolation, "-o", "b.npy")
    assert (result.exit_code, result.stderr) == (0, "")
    values = np.load("b.npy")
    expected = upsamp.resize(array, (10, 13), interpolation, convention="torch", align_corners=True)
    np.testing.assert_array_equal(values, expected, strict=True)
    corners = np.ix_((0, -1), (0, -1))
    np.testing.assert_allclose(values[corners], array[corners], rtol=1e-12)


@in_one_test(
    "options",
    [
        ("--interp", "bilinear"),
        ("--interp", "bilinear", "--convention", "keras"),
        ("--interp", "nearest", "--convention", "torch"),
        ("--interp", "area", "--convention", "torch"),
    ],
)
def test_corners_are_aligned_nowhere_else(invoke: Invoke, options: tuple[str, ...]) -> None:
    result = invoke("upsample", "1 2; 3 4", "--align-corners", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: --align-corners must go with --convention torch")
    assert result.stderr.count("\n") == 1


def test_channels_first_is_resized_by_its_rows_and_columns(invoke: Invoke) -> None:
    array = np.random.default_rng(32).random((2, 3, 4, 5))
    np.save("a.npy", array)
    options = ("--to", "9x", "--interp", "bicubic", "--data-format", "channels_first")
    result = invoke("upsample", "a.npy", *options, "-o", "b.npy")
    assert (result.exit_code, result.stderr) == (0, "")
    expected = upsamp.resize(array, (7, 9), "bicubic", data_format="channels_first")
    np.testing.assert_array_equal(np.load("b.npy"), expected, strict=True)


def test_a_transparent_picture_is_resized_with_its_colours_weighted(
    invoke: Invoke, samples: Path, tmp_path: Path
) -> None:
    copy(samples / "sprite.png", tmp_path)
    sprite = pixels_of(samples / "sprite.png")
    result = invoke("upsample", "sprite.png", "--to", "x45", "--interp", "bicubic")
    assert (result.exit_code, result.stderr) == (0, "")
    expected = upsamp.resize(sprite, (45, 45), "bicubic", alpha=True)
    np.testing.assert_array_equal(pixels_of(Path("sprite_45x45_bicubic.png")), expected)


@pytest.mark.parametrize("words", [("--size", "2", "--to", "4x4"), ("--to=4x4", "--size=1.5")])
def test_a_factor_and_a_target_together_are_refused(invoke: Invoke, words: tuple[str, ...]) -> None:
    result = invoke("upsample", "1 2; 3 4", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--size and --to both say the size of the result" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("target", ["239x320", "480x159", "1x1", "239x", "x159"])
def test_a_smaller_target_is_an_error_of_one_line(invoke: Invoke, lake: Array, target: str) -> None:
    result = invoke("upsample", "lake.png", "--to", target)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: The result must be at least as large as the input")
    rows, columns = lake.shape[:2]
    assert f"input, {columns}x{rows}, as this is upsampling. Received: {target}." in result.stderr
    assert result.stderr.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["lake.png"]


@in_one_test(
    "words",
    [
        *(
            ("--to", target)
            for target in ("x", "480", "480x320x3", "0x5", "x0", "-5x5", "4.5x5", "axb", "", "9 x9")
        ),
        *(("--size", factor) for factor in ("0.5", "0", "-2", "nan", "inf", "1e3", "1,2,3", "")),
    ],
)
def test_a_malformed_size_is_an_error_of_the_command_line(
    invoke: Invoke, words: tuple[str, str]
) -> None:
    result = invoke("upsample", "1 2; 3 4", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Error: {words[0]} must" in result.stderr
    assert result.stderr.count("\n") == 1


@in_one_test(
    ("more", "message"),
    [
        ((), "A result must have at most 2,863,311,520 pixels, 16 times --max-pixels. Received: "),
        (("--max-pixels", "9" * 90), "of memory"),
        (("--max-pixels", "9" * 90, "--interp", "bicubic"), "of memory"),
        (("--compare",), "A result must have at most 2,863,311,520 pixels"),
        (("--compare", "--max-pixels", "9" * 90), "of memory"),
        (("--sheet", "s.png"), "A result must have at most 2,863,311,520 pixels"),
    ],
)
@in_one_test(
    "words",
    [("--to", "100000000x100000000"), ("--to", f"{'9' * 40}x"), ("--size", "100000000.5")],
)
def test_a_huge_target_is_refused_before_anything_is_allocated(
    invoke: Invoke, words: tuple[str, str], more: tuple[str, ...], message: str
) -> None:
    tracemalloc.start()
    try:
        result = invoke("upsample", "1 2; 3 4", *words, *more)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert len(result.stderr) < 300
    assert result.stderr.count("\n") == 1
    assert peak < 2**25


@in_one_test(("size", "code"), [("4", 0), ("4.1", 1)])
@in_one_test("command", ["upsample", "transpose-conv"])
def test_a_result_may_have_sixteen_times_the_pixels_of_an_image(
    invoke: Invoke, samples: Path, command: str, size: str, code: int
) -> None:
    sizing = ("--size", size)
    if command == "transpose-conv":
        sizing = ("--stride", "4" if code == 0 else "5")
    bound = ("--max-pixels", 32 * 32, "-o", "large.png")
    result = invoke(command, samples / "sprite.png", *sizing, *bound)
    assert result.exit_code == code
    assert Path("large.png").exists() == (code == 0)
    if code:
        assert "A result must have at most 16,384 pixels, 16 times --max-pixels." in result.stderr


def test_a_photo_of_24_megapixels_is_enlarged_by_4_and_a_slip_is_not() -> None:
    check_result(4 * 4000, 4 * 6000, MAX_PIXELS)
    with pytest.raises(ArgumentError, match=r"Received: 240,000 x 160,000\. Use a smaller size"):
        check_result(40 * 4000, 40 * 6000, MAX_PIXELS)


@pytest.mark.parametrize("command", ["upsample", "transpose-conv"])
def test_images_together_have_a_bound(invoke: Invoke, command: str) -> None:
    """Of a batch of arrays, which is known at once."""
    np.save("batch.npy", np.zeros((9, 2, 2, 1), np.uint8))
    size = "--stride" if command == "transpose-conv" else "--size"
    words = (command, "batch.npy", size, "10", *(("--kernel", 10) if size == "--stride" else ()))
    result = invoke(*words, "-o", "out.npy", "--max-pixels", "100")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: All images of a result must have at most 3,200 pixels together, 32 times "
        "--max-pixels. Received: 3,600 or more. Use a smaller size, fewer images, or --max-pixels "
        "to allow more.\n"
    )
    assert not Path("out.npy").exists()
    assert invoke(*words, "-o", "out.npy", "--max-pixels", "113").exit_code == 0


@pytest.mark.parametrize("suffix", [".gif", ".tif"])
def test_frames_together_have_a_bound(invoke: Invoke, suffix: str) -> None:
    """Of a file, each of whose frames may have a size of its own, while they are written."""
    frames = [Image.new("L", (1, 1), number * 20) for number in range(9)]
    frames[0].save(f"in{suffix}", save_all=True, append_images=frames[1:])
    words = ("upsample", f"in{suffix}", "--size", "20")
    result = invoke(*words, "-o", f"out{suffix}", "--max-pixels", "100")
    assert result.exit_code == 1
    assert "at most 3,200 pixels together" in result.stderr
    assert not Path(f"out{suffix}").exists()
    assert invoke(*words, "-o", "out.png", "--frame", "0", "--max-pixels", "100").exit_code == 0
    assert invoke(*words, "-o", "one.bmp", "--max-pixels", "100").exit_code == 0
    assert invoke(*words, "-o", f"out{suffix}", "--max-pixels", "113").exit_code == 0
