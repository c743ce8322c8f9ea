"""Formats: their names, suffixes that disagree, and what they cannot hold, refused before work."""

import struct
from collections.abc import Callable
from pathlib import Path
from shutil import copy
from typing import Any, NoReturn

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from image_files import SAMPLES
from PIL import Image

from upsamp.bulk.worker import do_task
from upsamp.cli import generator
from upsamp.io import npy_files
from upsamp.io.formats import FORMATS, NAMES
from upsamp.models.transposed_convolution import Convolution
from upsamp.resizing.enlarging import Enlarging, Settings

Invoke = Callable[..., Result]


@in_one_test(
    ("name", "begin"),
    [
        ("jpg", b"\xff\xd8\xff"),
        ("JPG", b"\xff\xd8\xff"),
        ("tif", b"II*\0"),
        ("apng", b"\x89PNG"),
        ("pgm", b"P5"),
        ("jp2", b"\0\0\0\x0cjP"),
    ],
)
def test_a_format_has_the_names_that_people_call_it(
    invoke: Invoke, name: str, begin: bytes
) -> None:
    result = invoke("upsample", "7", "--format", name, "-o", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout_bytes.startswith(begin)


@in_one_test(
    ("name", "remedy"),
    [
        ("jgp", "Did you mean jpg?"),
        (".png", "Did you mean png?"),
        ("TIFFF", "Did you mean tiff?"),
        ("jpeg200", "Did you mean jpeg2000?"),
        ("avi", "Did you mean avif?"),
        ("xyz", f"Use one of table, plain, markdown, {', '.join(NAMES)}."),
        ("9" * 9999, "Use one of table, plain, "),
    ],
)
def test_an_unknown_format_names_the_nearest(invoke: Invoke, name: str, remedy: str) -> None:
    for command in ("upsample", "transpose-conv"):
        result = invoke(command, "7", "--format", name)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"must name a format to write. Received: {name[:60]}. {remedy}" in result.stderr
        assert result.stderr.count("\n") == 1


@in_one_test(
    ("format_name", "output"),
    [
        ("json", "g.png"),
        ("png", "g.json"),
        ("jpg", "g.png"),
        ("plain", "g.csv"),
        ("csv", "g.txt"),
        ("npz", "g.npy"),
    ],
)
def test_a_suffix_that_disagrees_is_refused(invoke: Invoke, format_name: str, output: str) -> None:
    for command in ("upsample", "transpose-conv"):
        result = invoke(command, "7", "--format", format_name, "-o", output)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"and '{output}' disagree. Leave --format out, or use a name in ." in result.stderr
        assert not Path(output).exists()


@in_one_test(
    ("format_name", "output"),
    [("jpeg", "a.JPG"), ("tif", "a.tiff"), ("png", "a.apng"), ("plain", "a.txt"), ("csv", "a.x")],
)
def test_a_suffix_that_agrees_or_tells_nothing_is_taken(
    invoke: Invoke, format_name: str, output: str
) -> None:
    assert invoke("upsample", "7", "--format", format_name, "-o", output).exit_code == 0
    assert Path(output).exists()


@pytest.mark.usefixtures("here_engine")
def test_a_name_of_many_files_must_agree_too(invoke: Invoke) -> None:
    copy(SAMPLES / "sprite.png", "a.png")
    args = ("upsample", "a.png", "--out-dir", "o", "--jobs", "1", "--format", "webp", "--name")
    result = invoke(*args, "{stem}.png")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--format and the suffix of --name must agree. Received: webp" in result.stderr
    assert invoke(*args, "{stem}.webp").exit_code == 0
    assert invoke(*args, "{stem}2{suffix}").exit_code == 0
    assert sorted(path.name for path in Path("o").iterdir()) == ["a.webp", "a2.webp"]


# --- what a format cannot hold


def not_to_be_called(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError


@pytest.fixture
def _no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let neither the values of an .npy file be read, nor a result be computed."""
    monkeypatch.setattr(Enlarging, "apply", not_to_be_called)
    monkeypatch.setattr(Convolution, "make", not_to_be_called)
    monkeypatch.setattr(npy_files, "read_npy", not_to_be_called)


SIDES = {
    "ico": "ICO holds at most 256 pixels a side",
    "webp": "WEBP holds at most 16,383 pixels a side",
    "avif": "AVIF holds at most 32,768 pixels a side",
    "jpg": "JPEG holds at most 65,500 pixels a side",
    "gif": "GIF holds at most 65,535 pixels a side",
    "tga": "TGA holds at most 65,535 pixels a side",
}


@pytest.mark.usefixtures("_no_work")
@pytest.mark.parametrize("suffix", SIDES)
@in_one_test(
    "command",
    [
        ("upsample", "a.npy", "--size", "1", "2"),
        ("upsample", "a.npy", "--size", "1", "2", "--max-memory", "500MB"),
        ("transpose-conv", "a.npy", "--kernel", "1", "--stride", "1", "2"),
        ("upsample", "a.png", "--size", "1", "300"),
        ("transpose-conv", "a.png", "--kernel", "1", "--stride", "1", "300"),
    ],
)
def test_a_side_that_is_too_long_is_refused_before_work(
    invoke: Invoke, command: tuple[str, ...], suffix: str
) -> None:
    np.save("a.npy", np.zeros((1, 40_000), np.uint8))
    copy(SAMPLES / "lake.png", "a.png")
    for output in (("-o", f"b.{suffix}"), ("-o", "-", "--format", suffix)):
        result = invoke(*command, *output)
        assert (result.exit_code, result.stdout) == (1, "")
        assert SIDES[suffix] in result.stderr
    assert not Path(f"b.{suffix}").exists()


def test_every_format_with_a_limit_is_held_to_it() -> None:
    limits = {NAMES[name]: told for name, told in SIDES.items()}
    for name, record in FORMATS.items():
        if record.largest_side is not None and record.largest_side < 2**17:
            assert f" {record.largest_side:,} " in limits[name]


@pytest.mark.usefixtures("_no_work")
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("float.tif", "JPEG holds 8 bits a channel, and float32 pixels would lose the rest"),
        ("deep.png", "JPEG holds 8 bits a channel, and uint16 pixels would lose the rest"),
        ("deep.npy", "JPEG holds 8 bits a channel, and uint16 pixels would lose the rest"),
        ("many.npy", "with 1 to 4 channels. Received: shape (8, 8, 5)"),
    ],
)
def test_a_depth_that_a_format_lacks_is_refused_before_work(
    invoke: Invoke, name: str, error: str
) -> None:
    Image.new("F", (4, 4)).save("float.tif")
    Image.new("I;16", (4, 4)).save("deep.png")
    np.save("deep.npy", np.zeros((4, 4), np.uint16))
    np.save("many.npy", np.zeros((4, 4, 5)))
    result = invoke("upsample", name, "-o", "b.jpg")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error in result.stderr
    if "channels" not in error:
        assert result.stderr.endswith(" Or use --range LOW HIGH.\n")


def test_a_run_over_many_files_asks_before_work(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke()  # in a directory of its own
    monkeypatch.setattr(Enlarging, "apply", not_to_be_called)
    copy(SAMPLES / "lake.png", "a.png")
    told = do_task("a.png", "b.ico", Settings(format_name="ico"))
    assert told["error"].startswith("ICO holds at most 256 pixels a side. Received: 480 x 320.")


def test_a_sheet_and_samples_ask_before_work(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(SAMPLES / "lake.png", "a.png")
    result = invoke("upsample", "a.png", "--sheet", "s.ico")
    assert result.exit_code == 2
    assert "--sheet must be a picture, such as sheet.png. Received: s.ico" in result.stderr
    monkeypatch.setattr(generator, "draw_samples", not_to_be_called)
    result = invoke("generator", "--kind", "dcgan", "--samples", "100", "-o", "g.ico")
    assert result.exit_code == 1
    assert "ICO holds at most 256 pixels a side. Received: 289 x 289." in result.stderr


def test_a_file_of_many_bytes_is_not_read_for_a_format_that_cannot_hold_it(
    invoke: Invoke,
) -> None:
    invoke()
    head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (100000, 20000), }"
    with Path("a.npy").open("wb") as file:  # two gigabytes of holes
        file.write(b"\x93NUMPY\x01\0" + struct.pack("<H", len(head) + 1) + head + b"\n")
        file.truncate(file.tell() + 100_000 * 20_000)
    result = invoke("upsample", "a.npy", "--size", "1", "-o", "b.jpg")
    assert result.exit_code == 1
    assert "JPEG holds at most 65,500 pixels a side. Received: 20,000 x 100,000" in result.stderr
