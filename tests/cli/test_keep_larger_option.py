"""`--keep-larger`: what is larger than `--to` keeps its size, byte for byte where that can be."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from image_files import SAMPLES
from PIL import Image, ImageSequence

Invoke = Callable[..., Result]


def noise(name: str, width: int, height: int, **options: Any) -> bytes:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(name, **options)
    return Path(name).read_bytes()


def pages(name: str, *sides: int) -> bytes:
    first, *rest = (Image.new("L", (side, side), side) for side in sides)
    first.save(name, save_all=True, append_images=rest)
    return Path(name).read_bytes()


@in_one_test("to", ["30x", "x20", "30x20", "29x", "45x10", "10x90"])
@in_one_test("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.tif", "a.bmp"])
def test_what_is_no_smaller_is_copied_byte_for_byte(invoke: Invoke, name: str, to: str) -> None:
    given = noise(name, 30, 20)
    # By a method that would blur it.
    args = (name, "--to", to, "--keep-larger", "--interp", "mitchellcubic", "-o", f"b{name}")
    result = invoke("upsample", *args)
    assert result.exit_code == 0
    assert result.stderr == f"Note: the input is not smaller than --to {to}, and kept in size.\n"
    assert Path(f"b{name}").read_bytes() == given


@pytest.mark.parametrize(("to", "size"), [("31x", (31, 21)), ("30x21", (30, 21))])
def test_what_is_smaller_is_enlarged_as_without_it(
    invoke: Invoke, to: str, size: tuple[int, int]
) -> None:
    noise("a.png", 30, 20)
    for name, more in (("b.png", ()), ("c.png", ("--keep-larger",))):
        result = invoke("upsample", "a.png", "--to", to, "--interp", "bicubic", "-o", name, *more)
        assert (result.exit_code, result.stderr) == (0, "")
    assert Path("b.png").read_bytes() == Path("c.png").read_bytes()
    with Image.open("c.png") as image:
        assert image.size == size


def test_without_it_the_error_names_it(invoke: Invoke) -> None:
    noise("a.png", 30, 20)
    result = invoke("upsample", "a.png", "--to", "20x")
    assert result.exit_code == 1
    assert result.stderr.endswith("Received: 20x. Use a larger size, or --keep-larger.\n")


@pytest.mark.parametrize("bound", [(), ("--max-memory", "500MB")])
def test_another_format_gets_the_same_pixels(invoke: Invoke, bound: tuple[str, ...]) -> None:
    noise("a.png", 30, 20)
    args = ("--to", "20x", "--keep-larger", "--interp", "gaussian", "--linear", *bound)
    for name in ("b.tif", "b.bmp"):
        assert invoke("upsample", "a.png", *args, "-o", name).exit_code == 0
        with Image.open(name) as image, Image.open("a.png") as given:
            np.testing.assert_array_equal(np.asarray(image), np.asarray(given))


def test_what_is_asked_besides_is_done(invoke: Invoke) -> None:
    tags = Image.Exif()
    tags[0x013B] = "somebody"
    given = noise("a.jpg", 30, 20, exif=tags)
    args = ("upsample", "a.jpg", "--to", "20x", "--keep-larger", "--quality", "90")
    assert invoke(*args, "-o", "same.jpg").exit_code == 0
    assert invoke(*args, "-o", "bare.jpg", "--strip").exit_code == 0
    assert Path("same.jpg").read_bytes() == given  # whose quality no other can better
    assert b"somebody" not in Path("bare.jpg").read_bytes()
    with Image.open("bare.jpg") as image:
        assert image.size == (30, 20)


def test_each_page_goes_by_its_own_size(invoke: Invoke) -> None:
    given = pages("a.tif", 4, 30, 8)
    args = ("upsample", "a.tif", "--keep-larger")
    result = invoke(*args, "--to", "16x", "-o", "b.tif")
    assert result.exit_code == 0
    assert result.stderr == "Note: 1 of 3 frames are not smaller than --to 16x, and kept in size.\n"
    with Image.open("b.tif") as image:
        assert [page.size[0] for page in ImageSequence.Iterator(image)] == [16, 30, 16]
    assert invoke(*args, "--to", "4x", "-o", "c.tif").exit_code == 0
    assert Path("c.tif").read_bytes() == given
    assert invoke(*args, "--to", "4x", "--frame", "1", "-o", "d.tif").exit_code == 0
    with Image.open("d.tif") as image:
        assert [page.size for page in ImageSequence.Iterator(image)] == [(30, 30)]


def test_what_could_not_be_written_is_copied_all_the_same(invoke: Invoke) -> None:
    # Floats are read from PPM, and written to it by nothing here.
    given = b"Pf\n3 2\n-1.0\n" + np.arange(6, dtype="<f4").tobytes()
    Path("a.ppm").write_bytes(given)
    args = ("upsample", "a.ppm", "--to", "3x", "-o", "b.ppm")
    assert "would lose the rest" in invoke(*args).stderr
    assert invoke(*args, "--keep-larger").exit_code == 0
    assert Path("b.ppm").read_bytes() == given


def test_an_image_goes_by_the_size_that_it_is_shown_in(invoke: Invoke) -> None:
    tags = Image.Exif()
    tags[0x0112] = 6  # the first row of pixels is its right side
    given = noise("a.jpg", 30, 20, exif=tags)
    args = ("upsample", "a.jpg", "--keep-larger", "--to")
    assert invoke(*args, "20x", "-o", "b.jpg").exit_code == 0
    assert Path("b.jpg").read_bytes() == given
    assert invoke(*args, "25x", "-o", "c.jpg").exit_code == 0
    with Image.open("c.jpg") as image:
        assert image.size == (25, 38)


def test_a_pipe_is_copied_too(invoke: Invoke) -> None:
    given = noise("a.jpg", 30, 20)
    result = invoke("upsample", "-", "--to", "20x", "--keep-larger", stdin=given)
    assert (result.exit_code, result.stdout_bytes) == (0, given)
    animation = BytesIO()
    frames = [Image.new("L", (9, 9), grey) for grey in (0, 200)]
    frames[0].save(animation, "gif", save_all=True, append_images=frames[1:])
    result = invoke("upsample", "-", "--to", "9x", "--keep-larger", stdin=animation.getvalue())
    assert (result.exit_code, result.stdout_bytes) == (0, animation.getvalue())


def test_a_matrix_stays_as_it_is(invoke: Invoke) -> None:
    args = ("--keep-larger", "--interp", "mitchellcubic")
    result = invoke("upsample", "1 2 3; 4 5 6", "--to", "2x", *args)
    assert (result.exit_code, result.stdout) == (0, "1 2 3\n4 5 6\n")
    np.save("a.npy", np.arange(12.0).reshape(3, 4))
    invoke("upsample", "a.npy", "--to", "x2", *args, "--max-memory", "500MB", "-o", "b.npy")
    np.testing.assert_array_equal(np.load("b.npy"), np.load("a.npy"), strict=True)


@pytest.mark.usefixtures("here_engine")
def test_many_files_are_kept_or_enlarged_and_counted(invoke: Invoke) -> None:
    Path("photos").mkdir()
    large = {f"photos/{name}": noise(f"photos/{name}", 40, 30) for name in ("a.png", "b.jpg")}
    noise("photos/small.png", 8, 6)
    tall = pages("photos/tall.tif", 30, 50)
    copy(SAMPLES / "palette.gif", "photos/c.gif")
    args = ("upsample", "photos", "--to", "30x", "--keep-larger", "--interp", "bicubic")
    result = invoke(*args, "--out-dir", "out", "--report", "told.json", "--jobs", "1")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("enlarged: 1\nkept: 4\n")
    told = json.loads(Path("told.json").read_text("utf-8"))
    assert told["totals"]["kept"] == 4
    assert told["totals"]["written"] == 1
    statuses = {entry["source"]: entry["status"] for entry in told["files"]}
    assert [name for name, status in statuses.items() if status == "written"] == [
        "photos/small.png"
    ]
    large |= {"photos/tall.tif": tall, "photos/c.gif": Path("photos/c.gif").read_bytes()}
    for entry in told["files"]:
        if entry["status"] == "kept":
            assert Path(entry["target"]).read_bytes() == large[entry["source"]]
            assert entry["shape"] == entry["result_shape"]


@pytest.mark.usefixtures("here_engine")
def test_a_dry_run_tells_what_is_kept(invoke: Invoke) -> None:
    Path("photos").mkdir()
    noise("photos/a.png", 40, 30)
    noise("photos/b.png", 8, 6)
    args = ("--to", "30x", "--keep-larger", "--dry-run")
    result = invoke("upsample", "photos", *args, "--out-dir", "out", "--jobs", "1")
    assert result.stdout.startswith(
        "photos/a.png -> out/a_30x_nearest.png: 40x30\n"
        "photos/b.png -> out/b_30x_nearest.png: 30x23\n"
        "to be enlarged: 1\nto be kept: 1\n"
    )
    assert not Path("out").exists()
    result = invoke("upsample", "photos/a.png", *args, "-o", "c.png")
    assert result.stdout == "photos/a.png -> c.png: 40x30\n"
    assert not Path("c.png").exists()


def test_another_background_is_no_copy(invoke: Invoke) -> None:
    Image.new("RGBA", (30, 20), (255, 0, 0, 0)).save("a.png")
    args = ("--to", "20x", "--keep-larger", "--background", "white", "-o", "b.png")
    assert invoke("upsample", "a.png", *args).exit_code == 0
    with Image.open("b.png") as image:
        assert (image.mode, image.getpixel((0, 0))) == ("RGB", (255, 255, 255))


@pytest.mark.usefixtures("here_engine")
def test_many_files_of_another_format_are_kept_in_size(invoke: Invoke) -> None:
    Path("photos").mkdir()
    noise("photos/a.png", 40, 30)
    pages("photos/b.tif", 8, 50)
    args = ("upsample", "photos", "--to", "30x", "--keep-larger", "--interp", "bicubic")
    result = invoke(*args, "--format", "tif", "--out-dir", "out", "--jobs", "1")
    assert result.exit_code == 0
    assert "Note: 1 of 2 frames are kept in size (1 file)" in result.stderr
    assert result.stdout.startswith("enlarged: 1\nkept: 1\n")
    with Image.open("out/a_30x_bicubic.tif") as image, Image.open("photos/a.png") as given:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(given))


@in_one_test(
    "args",
    [(), ("--size", "2"), ("--to", "9x", "--compare"), ("--to", "9x", "--sheet", "s.png")],
)
def test_it_goes_with_to(invoke: Invoke, args: tuple[str, ...]) -> None:
    noise("a.png", 30, 20)
    result = invoke("upsample", "a.png", "--keep-larger", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--keep-larger goes with --to" in result.stderr
