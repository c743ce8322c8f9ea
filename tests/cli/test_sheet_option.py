"""`--sheet`: one picture of what every method makes of an input."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from image_files import image_of
from PIL import Image

Invoke = Callable[..., Result]


@pytest.mark.parametrize(
    "name", ["lake.png", "sprite.png", "depth16.png", "palette.gif", "portrait.jpg"]
)
def test_a_sheet_is_drawn_of_an_image_and_nothing_else_is_written(
    invoke: Invoke, samples: Path, tmp_path: Path, name: str
) -> None:
    done = invoke("upsample", samples / name, "--sheet", "sheet.png", "--size", "1.5")
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
    assert f"file: {samples / name} -> sheet.png" in done.stdout
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape[2] == 3
    assert sheet.shape[1] > 1000
    assert np.ptp(sheet) == 255


@pytest.mark.parametrize(
    "options",
    [
        ["--convention", "torch"],
        ["--convention", "torch", "--align-corners"],
        ["--to", "100x"],
        ["--size", "2", "3"],
        ["--data-format", "channels_first"],
    ],
)
def test_the_settings_are_respected(invoke: Invoke, tmp_path: Path, options: list[str]) -> None:
    np.save(tmp_path / "three.npy", np.random.default_rng(0).random((3, 40, 50)))
    done = invoke("upsample", "three.npy", "--sheet", "sheet.webp", *options)
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    other = invoke("upsample", "three.npy", "--sheet", "plain.webp")
    assert other.exit_code == 0
    one, plain = ((tmp_path / name).read_bytes() for name in ("sheet.webp", "plain.webp"))
    assert one != plain


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_a_sheet_is_drawn_of_any_mode(invoke: Invoke, tmp_path: Path, mode: str) -> None:
    image_of(mode).save(tmp_path / "small.tif")
    done = invoke("upsample", "small.tif", "--sheet", "sheet.png")
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr


@pytest.mark.parametrize("suffix", ["jpg", "tif", "bmp", "gif", "jp2"])
def test_a_sheet_is_written_in_the_format_of_its_suffix(
    invoke: Invoke, tmp_path: Path, suffix: str
) -> None:
    done = invoke("upsample", "1 2; 3 4", "--sheet", f"sheet.{suffix}")
    assert done.exit_code == 0, done.stderr
    with Image.open(tmp_path / f"sheet.{suffix}") as image:
        assert image.size[0] > 500


def test_a_sheet_overwrites_only_when_that_is_wanted(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "sheet.png").write_bytes(b"mine")
    done = invoke("upsample", "1 2; 3 4", "--sheet", "sheet.png")
    assert done.exit_code == 1
    assert "'sheet.png' exists already. Use --force" in done.stderr
    assert (tmp_path / "sheet.png").read_bytes() == b"mine"
    assert invoke("upsample", "1 2; 3 4", "--sheet", "sheet.png", "--force").exit_code == 0
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--sheet", "sheet.npy"], 2, "--sheet must be a picture, such as sheet.png."),
        (["--sheet", "sheet"], 2, "--sheet must be a picture, such as sheet.png. Received: sheet."),
        (["--sheet", "none/sheet.png"], 1, "its directory does not exist"),
        (["--sheet", "s.png", "-o", "o.png"], 2, "--sheet is written in the place of a result."),
        (["--sheet", "s.png", "--format", "json"], 2, "--sheet is written in the place of"),
        (["--sheet", "s.png", "--compare"], 2, "--compare, --code and --explain make no"),
        (["--sheet", "s.png", "--code", "jax"], 2, "--compare, --code and --explain make no"),
        (["--sheet", "s.jpg", "--compress", "9"], 2, "--compress is for PNG"),
        (["--sheet", "s.png", "--to", "1x1"], 1, "must be at least as large as the input"),
    ],
)
def test_what_makes_no_sheet_is_refused(
    invoke: Invoke, tmp_path: Path, options: list[str], code: int, message: str
) -> None:
    done = invoke("upsample", "1 2; 3 4", *options)
    assert done.exit_code == code
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [["--sheet", "s.png"], ["--preview"]])
def test_several_images_are_not_looked_at(
    invoke: Invoke, samples: Path, tmp_path: Path, options: list[str]
) -> None:
    done = invoke("upsample", samples / "lake.png", samples / "sprite.png", *options)
    assert done.exit_code == 2
    assert "--preview and --sheet are for one image. Give one alone." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_png_of_a_sheet_is_compressed_as_it_is_wanted(invoke: Invoke, tmp_path: Path) -> None:
    for level in ("0", "9"):
        arguments = ("1 2; 3 4", "--sheet", f"{level}.png", "--compress", level)
        assert invoke("upsample", *arguments).exit_code == 0
    stored, small = ((tmp_path / f"{level}.png").stat().st_size for level in ("0", "9"))
    assert stored > 10 * small
    first, second = (np.asarray(Image.open(tmp_path / f"{level}.png")) for level in ("0", "9"))
    np.testing.assert_array_equal(first, second)
