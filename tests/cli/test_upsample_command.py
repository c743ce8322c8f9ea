"""`upsamp upsample`, from what a user types to the values and files that come of it."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import oracle
import pytest
from click.testing import Result
from effort import in_one_test
from numpy.typing import NDArray
from PIL import Image

import upsamp

Invoke = Callable[..., Result]
Array = NDArray[Any]

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
SMOOTH = INTERPOLATIONS[1:]
NOTICE = (
    "Note: no input was given, so this is '1 2; 3 4'; give a file, a matrix, or '-' to read "
    "standard input.\n"
)
DOUBLED = "1 1 2 2\n1 1 2 2\n3 3 4 4\n3 3 4 4\n"


def pixels_of(path: Path | BytesIO, mode: str | None = None) -> Array:
    with Image.open(path) as image:
        return np.asarray(image.convert(mode) if mode else image).copy()


# --- matrices


def test_without_input_it_is_the_tutorial_s_matrix_and_the_user_is_told(invoke: Invoke) -> None:
    result = invoke("upsample", stdin=b"9 9; 9 9")
    assert (result.exit_code, result.stdout, result.stderr) == (0, DOUBLED, NOTICE)


@in_one_test("text", ["1 2; 3 4", "[[1,2],[3,4]]", "1,2\n3,4", " 1 2;3 4; "])
def test_a_matrix_may_be_written_out(invoke: Invoke, text: str) -> None:
    result = invoke("upsample", text)
    assert (result.exit_code, result.stdout, result.stderr) == (0, DOUBLED, "")


@in_one_test(
    ("text", "shown"),
    [
        ("1,NA;,2", "1 nan\nnan 2\n"),
        ("[1 2; 3 4]", "1 2\n3 4\n"),
        ("[[1. 2.]\n [3. 4.]]", "1 2\n3 4\n"),
        ("array([[1., null]])", "1 nan\n"),
        ("1.0D+00 \u22122", "1 -2\n"),
        (f"{2**53 + 1} 1", f"{2**53 + 1} 1\n"),
    ],
)
def test_a_matrix_may_be_pasted(invoke: Invoke, text: str, shown: str) -> None:
    result = invoke("upsample", text, "--missing", "nan", "--size", "1")
    assert (result.exit_code, result.stdout, result.stderr) == (0, shown, "")


@pytest.mark.parametrize("command", ["upsample", "transpose-conv"])
def test_what_is_missing_is_nan_only_where_that_is_asked_for(invoke: Invoke, command: str) -> None:
    one = ("--size", "1") if command == "upsample" else ("--kernel", "1")
    for source, stdin in (("1,;2,3", None), ("-", "1,\n2,3\n")):
        refused = invoke(command, source, *one, stdin=stdin)
        assert refused.exit_code == 1
        assert "1, column 2 has nothing in place of a number" in refused.stderr
        assert "use --missing nan" in refused.stderr
        result = invoke(command, source, *one, "--missing", "nan", stdin=stdin)
        assert (result.exit_code, result.stdout.splitlines()[:2]) == (0, ["1 nan", "2 3"])


@pytest.mark.parametrize("command", ["upsample", "transpose-conv"])
def test_an_image_has_no_missing_cells(invoke: Invoke, command: str, samples: Path) -> None:
    copy(samples / "depth16.png", "a.png")
    result = invoke(command, "a.png", "--missing", "nan")
    assert result.exit_code == 2
    assert "--missing is for matrices in text" in result.stderr


@in_one_test(
    "arguments",
    [
        *(("upsample", "--interp", name) for name in SMOOTH),
        ("transpose-conv",),
        ("transpose-conv", "--weights"),
        ("transpose-conv", "--bias"),
    ],
)
def test_integers_that_floats_would_round_are_not_computed_with(
    invoke: Invoke, arguments: tuple[str, ...]
) -> None:
    given = ("1 2", *arguments[1:]) if arguments[1:2] in (("--weights",), ("--bias",)) else ()
    command = (arguments[0], *given, f"{2**53 + 1} 1") if given else (*arguments, f"{2**53 + 1} 1")
    result = invoke(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "row 1, column 1 has '9007199254740993'" in result.stderr


def test_a_pipe_of_two_commands_keeps_every_integer(invoke: Invoke) -> None:
    array = np.array([[-(2**63), 2**63 - 1], [2**53 + 1, 0]])
    np.save("a.npy", array)
    for name in ("txt", "csv", "tsv", "json"):
        first = invoke("upsample", "a.npy", "--size", "1", "--format", name)
        again = invoke("upsample", "-", "--size", "1", "--format", name, stdin=first.stdout)
        assert again.stdout == first.stdout
        last = invoke("upsample", "-", "--size", "1", "-o", f"{name}.npy", stdin=again.stdout)
        assert last.exit_code == 0
        np.testing.assert_array_equal(np.load(f"{name}.npy"), array, strict=True)


def test_a_real_file_wins_over_what_its_name_says(invoke: Invoke) -> None:
    Path("1 2; 3 4").write_text("7 8")
    result = invoke("upsample", "1 2; 3 4", "--size", "1", "2")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "7 7 8 8\n", "")
    Path("5").write_text("6")
    assert invoke("upsample", "--size", "1", "1", "5").stdout == "6\n"


@in_one_test("interpolation", INTERPOLATIONS)
@in_one_test("suffix", ["txt", "csv", "tsv", "json", "npy", "npz"])
def test_a_matrix_file_gives_the_values_of_the_library(
    invoke: Invoke, suffix: str, interpolation: str
) -> None:
    array = np.random.default_rng(20).standard_normal((4, 3))
    match suffix:
        case "npy":
            np.save("a.npy", array)
        case "npz":
            np.savez("a.npz", one=array, two=array + 1)
        case "json":
            Path("a.json").write_text(json.dumps(array.tolist()))
        case _:
            np.savetxt(f"a.{suffix}", array, "%.17g", {"txt": " ", "csv": ",", "tsv": "\t"}[suffix])
    source = "a.npz:one" if suffix == "npz" else f"a.{suffix}"
    expected = upsamp.upsample(array, (2, 3), interpolation)
    options = ("--size", "2", "3", "--interp", interpolation)
    result = invoke("upsample", source, *options, "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    np.testing.assert_array_equal(json.loads(result.stdout), expected)
    result = invoke("upsample", source, *options, "-o", f"b.{suffix}")
    assert (result.exit_code, result.stderr) == (0, "")
    again = invoke("upsample", f"b.{suffix}", "--size", "1", "--format", "npy")
    np.testing.assert_array_equal(np.load(BytesIO(again.stdout_bytes)), expected, strict=True)


def test_one_array_of_an_npz_file_must_be_named(invoke: Invoke) -> None:
    np.savez("a.npz", one=np.ones((1, 1)), two=np.zeros((1, 1)))
    assert invoke("upsample", "a.npz:two", "--size", "1").stdout == "0\n"
    for source in ("a.npz", "a.npz:three"):
        result = invoke("upsample", source)
        assert result.exit_code == 1
        assert "It holds: one, two." in result.stderr


@in_one_test(
    ("format_name", "expected"),
    [
        ("plain", "1.5 -0\n"),
        ("txt", "1.5 -0\n"),
        ("csv", "1.5,-0\n"),
        ("tsv", "1.5\t-0\n"),
        ("CSV", "1.5,-0\n"),
    ],
)
def test_rows_are_printed_in_each_format(invoke: Invoke, format_name: str, expected: str) -> None:
    result = invoke("upsample", "1.5 -0", "--size", "1", "--format", format_name)
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")


def test_json_is_the_bare_nested_list(invoke: Invoke) -> None:
    result = invoke("upsample", "[[1,2],[3,4]]", "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


def test_not_a_number_and_infinity_pass_through(invoke: Invoke) -> None:
    expected = "nan nan inf inf\n-inf -inf 0 0\n"
    result = invoke("upsample", "nan inf; -inf 0", "--size", "1", "2")
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")
    result = invoke("upsample", "-", "--size", "1", stdin=result.stdout)
    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")


@in_one_test("interpolation", ["nearest", "bicubic"])
@in_one_test("dtype", ["?", "u1", "i4", "u8", "f2", "f4", ">f8"])
def test_an_array_keeps_its_type(invoke: Invoke, dtype: str, interpolation: str) -> None:
    array = np.random.default_rng(21).integers(0, 2, (3, 4)).astype(dtype)
    np.save("a.npy", array)
    result = invoke("upsample", "a.npy", "--interp", interpolation, "-o", "b.npy")
    assert (result.exit_code, result.stderr) == (0, "")
    expected = upsamp.upsample(array.astype(array.dtype.newbyteorder("=")), 2, interpolation)
    np.testing.assert_array_equal(np.load("b.npy"), expected, strict=True)


@in_one_test("data_format", ["channels_last", "channels_first"])
@in_one_test("shape", [(3, 4, 2), (2, 3, 4, 5)])
def test_channels_stand_where_the_user_says(
    invoke: Invoke, shape: tuple[int, ...], data_format: str
) -> None:
    array = np.random.default_rng(22).random(shape, np.float32)
    np.save("a.npy", array)
    args = ("--size", "2x3", "--interp", "bilinear", "--data-format", data_format)
    result = invoke("upsample", "a.npy", *args, "-o", "b.npy")
    assert (result.exit_code, result.stderr) == (0, "")
    expected = upsamp.upsample(array, (2, 3), "bilinear", data_format)
    np.testing.assert_array_equal(np.load("b.npy"), expected, strict=True)


def test_a_matrix_can_become_an_image(invoke: Invoke) -> None:
    result = invoke("upsample", "0 255; 128 1", "--size", "2", "-o", "a.png")
    assert (result.exit_code, result.stderr) == (0, "")
    expected = upsamp.upsample(np.array([[0, 255], [128, 1]], np.uint8), 2)
    np.testing.assert_array_equal(pixels_of(Path("a.png")), expected, strict=True)
    result = invoke("upsample", "0 256.5", "-o", "b.png")
    assert result.exit_code == 1
    assert "values from 0 to 256.5" in result.stderr
    assert not Path("b.png").exists()


# --- images


@in_one_test("interpolation", INTERPOLATIONS)
@in_one_test("name", ["lake.png", "zone_plate.png", "depth16.png", "portrait.jpg"])
def test_an_image_gives_the_values_of_the_library(
    invoke: Invoke, samples: Path, name: str, interpolation: str
) -> None:
    with Image.open(samples / name) as image:
        turned = image.transpose(Image.Transpose.ROTATE_270) if name == "portrait.jpg" else image
        expected = upsamp.upsample(np.asarray(turned), (2, 3), interpolation)
    output = "out.npy" if interpolation == "lanczos5" else "out.png"
    args = ("--size", "2", "3", "--interp", interpolation, "-o", output)
    result = invoke("upsample", samples / name, *args)
    assert (result.exit_code, result.stderr) == (0, "")
    actual = np.load(output) if output.endswith("npy") else pixels_of(Path(output))
    np.testing.assert_array_equal(actual, expected, strict=True)


@pytest.mark.parametrize("interpolation", SMOOTH)
def test_transparent_colours_do_not_bleed(
    invoke: Invoke, samples: Path, interpolation: str
) -> None:
    straight = pixels_of(samples / "sprite.png").astype(np.float64)
    alpha = straight[..., 3]
    colours = [
        oracle.upsample(straight[..., channel] * alpha, (2, 3), interpolation)
        for channel in range(3)
    ]
    exact = oracle.upsample(alpha, (2, 3), interpolation)
    args = ("--size", "2", "3", "--interp", interpolation, "-o", "out.png")
    assert invoke("upsample", samples / "sprite.png", *args).exit_code == 0
    actual = pixels_of(Path("out.png"))
    # Half of a level is what rounding may take; a tie falls to either side.
    half = 0.5 + 1e-6
    np.testing.assert_allclose(actual[..., 3], np.clip(exact, 0, 255), rtol=0, atol=half)
    seen = actual[..., 3] > 0
    assert seen.sum() > 1000
    for channel, weighted in enumerate(colours):
        expected = np.clip(weighted[seen] / exact[seen], 0, 255)
        np.testing.assert_allclose(actual[seen][:, channel], expected, rtol=0, atol=half)
    visible = actual[actual[..., 3] > 8].astype(int)
    magenta = (visible[:, 0] > 200) & (visible[:, 1] < 60) & (visible[:, 2] > 200)
    np.testing.assert_array_equal(magenta, np.zeros(len(visible), bool))


def test_nearest_copies_even_what_is_transparent(invoke: Invoke, samples: Path) -> None:
    assert invoke("upsample", samples / "sprite.png", "-o", "out.png").exit_code == 0
    expected = upsamp.upsample(pixels_of(samples / "sprite.png"), 2)
    np.testing.assert_array_equal(pixels_of(Path("out.png")), expected, strict=True)


def test_nearest_keeps_a_palette(invoke: Invoke, samples: Path) -> None:
    for output in ("out.gif", "out.png"):
        result = invoke("upsample", samples / "palette.gif", "--size", "3", "-o", output)
        assert (result.exit_code, result.stderr) == (0, "")
        with Image.open(output) as image:
            assert image.mode == "P"
        expected = upsamp.upsample(pixels_of(samples / "palette.gif", "RGB"), 3)
        np.testing.assert_array_equal(pixels_of(Path(output), "RGB"), expected)


def test_interpolation_turns_a_palette_into_colours(invoke: Invoke, samples: Path) -> None:
    args = ("--interp", "bilinear", "-o", "out.png")
    result = invoke("upsample", samples / "palette.gif", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    expected = upsamp.upsample(pixels_of(samples / "palette.gif", "RGB"), 2, "bilinear")
    np.testing.assert_array_equal(pixels_of(Path("out.png")), expected, strict=True)


def test_sixteen_bits_stay_sixteen_bits(invoke: Invoke, samples: Path) -> None:
    for output in ("out.png", "out.tiff"):
        args = ("--interp", "bicubic", "-o", output)
        assert invoke("upsample", samples / "depth16.png", *args).exit_code == 0
        with Image.open(output) as image:
            assert image.mode == "I;16"
        assert len(np.unique(pixels_of(Path(output)))) > 256
    result = invoke("upsample", samples / "depth16.png", "-o", "out.jpg")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: JPEG holds 8 bits a channel")
    assert not Path("out.jpg").exists()


# --- where the result goes


@in_one_test(
    ("name", "args", "expected"),
    [
        ("lake.png", ["--size", "2", "3", "--interp", "bilinear"], "lake_2x3_bilinear.png"),
        ("lake.png", [], "lake_2x2_nearest.png"),
        ("lake.PNG", ["--size", "1x4"], "lake_1x4_nearest.PNG"),
        ("my.lake.png", ["--interp", "lanczos3"], "my.lake_2x2_lanczos3.png"),
        ("portrait.jpg", [], "portrait_2x2_nearest.jpg"),
        ("portrait.jpg", ["--format", "png"], "portrait_2x2_nearest.png"),
        ("lake.png", ["--format", "npy"], "lake_2x2_nearest.npy"),
        ("palette.gif", [], "palette_2x2_nearest.gif"),
    ],
)
def test_an_image_is_written_beside_its_own(
    invoke: Invoke, samples: Path, name: str, args: list[str], expected: str
) -> None:
    source = name.replace("my.", "").replace("PNG", "png")
    Path("folder").mkdir()
    copy(samples / source, Path("folder") / name)
    before = Path("folder", name).read_bytes()
    result = invoke("upsample", f"folder/{name}", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(path.name for path in Path("folder").iterdir()) == sorted([name, expected])
    assert f"folder/{expected}" in result.stdout
    assert Path("folder", name).read_bytes() == before


def test_what_happened_is_told(invoke: Invoke, samples: Path) -> None:
    copy(samples / "lake.png", "lake.png")
    result = invoke("upsample", "lake.png", "--size", "2", "3", "--interp", "bicubic")
    lines = result.stdout.splitlines()
    assert lines[:-1] == [
        "file: lake.png -> lake_2x3_bicubic.png",
        "shape: 160 x 240 x 3 -> 320 x 720 x 3",
        "dtype: uint8 -> uint8",
        "mode: RGB -> RGB",
        "method: bicubic",
        "size: 2 x 3",
    ]
    assert lines[-1].startswith("seconds: 0.")


@pytest.mark.parametrize("source", ["lake.png", "1 2"])
def test_a_file_is_overwritten_by_force_alone(invoke: Invoke, samples: Path, source: str) -> None:
    copy(samples / "lake.png", "lake.png")
    args = ["upsample", source, *(["-o", "out.txt"] if source == "1 2" else [])]
    output = Path("out.txt" if source == "1 2" else "lake_2x2_nearest.png")
    output.write_bytes(b"precious")
    result = invoke(*args)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: '{output}' exists already. Use --force to overwrite it, or an option such as -o "
        "to name another.\n"
    )
    assert output.read_bytes() == b"precious"
    result = invoke(*args, "--force")
    assert (result.exit_code, result.stderr) == (0, "")
    assert output.read_bytes() != b"precious"
    assert {path.name for path in Path().iterdir()} == {"lake.png", output.name}


def test_an_image_can_take_its_own_place(invoke: Invoke, samples: Path) -> None:
    copy(samples / "lake.png", "lake.png")
    result = invoke("upsample", "lake.png", "-o", "lake.png", "--force")
    assert (result.exit_code, result.stderr) == (0, "")
    assert pixels_of(Path("lake.png")).shape == (320, 480, 3)


@in_one_test(
    ("args", "magic"),
    [
        (["-o", "-"], b"\x89PNG"),
        (["-o", "-", "--format", "png"], b"\x89PNG"),
        (["-o", "-", "--format", "jpeg"], b"\xff\xd8\xff"),
        (["-o", "-", "--format", "webp"], b"RIFF"),
        (["-o", "-", "--format", "tiff"], b"II*\0"),
        (["-o", "-", "--format", "npy"], b"\x93NUMPY"),
        (["-o", "-", "--format", "npz"], b"PK"),
        (["-o", "-", "--format", "json"], b"[["),
    ],
)
def test_an_image_flows_to_standard_output(
    invoke: Invoke, samples: Path, args: list[str], magic: bytes
) -> None:
    with Image.open(samples / "lake.png") as lake:
        lake.crop((0, 0, 60, 40)).save("lake.png")
    result = invoke("upsample", "lake.png", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout_bytes.startswith(magic)
    again = invoke("upsample", "-", "--size", "1", "--format", "npy", stdin=result.stdout_bytes)
    assert (again.exit_code, again.stderr) == (0, "")
    array = np.load(BytesIO(again.stdout_bytes))
    expected = upsamp.upsample(pixels_of(Path("lake.png")), 2)
    tolerance = 60 if "jpeg" in args else 0
    np.testing.assert_allclose(array.astype(float), expected, atol=tolerance, rtol=0)


def test_an_image_from_standard_input_goes_to_standard_output(
    invoke: Invoke, samples: Path
) -> None:
    for name, kind in (("portrait.jpg", "JPEG"), ("sprite.png", "PNG"), ("palette.gif", "GIF")):
        result = invoke("upsample", "-", stdin=(samples / name).read_bytes())
        assert (result.exit_code, result.stderr) == (0, "")
        with Image.open(BytesIO(result.stdout_bytes)) as image:
            assert image.format == kind
    assert list(Path().iterdir()) == []


@in_one_test(
    ("args", "code", "message"),
    [
        (["a.doc"], 1, "There is no file 'a.doc', and it is no matrix either."),
        (["1", "2"], 2, "Received: '1'. Put all of it in quotes, as '1 2; 3 4', or give files."),
        (["IMAGE", "IMAGE", "-o", "a.png"], 2, "--out-dir DIR says where. Leave out -o. "),
        (["1 x; 3 4"], 1, "the matrix, row 1, column 2 has 'x' in place of a number"),
        (["1 2; 3"], 1, "row 2 has 1 number and row 1 has 2 numbers"),
        (["1 2", "-o", "a.doc"], 2, "Cannot tell the format of 'a.doc'"),
        (["1 2", "-o", "a"], 2, "Cannot tell the format of 'a'"),
        (["1 2", "-o", "a.csv.gz"], 2, "A .gz file is read, but not written."),
        (["1 2", "-o", "a.txt", "--format", "table"], 2, "A table is shown, not written."),
        (["[[[1,2]]]", "-o", "a.csv"], 1, "CSV must be given a matrix of rows."),
        (["[[1,2]]", "--data-format", "channels_first"], 1, "must have rank 3 or 4"),
        (["IMAGE", "--data-format", "channels_first"], 2, "--data-format is for matrices"),
        (["IMAGE", "--max-pixels", "100"], 1, "--max-pixels"),
        (["", "-o", "out.png"], 2, "-o writes what is made of INPUT. Received: no INPUT."),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_leaves_nothing(
    invoke: Invoke, samples: Path, args: list[str], code: int, message: str
) -> None:
    source = str(samples / "lake.png")
    result = invoke("upsample", *(source if arg == "IMAGE" else arg for arg in args))
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(Path().iterdir()) == []
