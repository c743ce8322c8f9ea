"""The command enlarges a file of each format that there is, and refuses damage by every door."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from corpus.make_corpus import corpus
from corpus.pixel_damage import damaged_pixels
from effort import in_one_test
from image_files import read
from PIL import Image

from upsamp import Sequential, layers
from upsamp.errors import FormatError

# One file of each format through the command, in this process.
FIRST = {file.format: file for file in reversed(corpus())}


@in_one_test("name", sorted(FIRST))
def test_the_command_enlarges_each_format(
    invoke: Callable[..., Result], tmp_path: Path, name: str
) -> None:
    file = FIRST[name]
    (tmp_path / file.name).write_bytes(file.data)
    limit = ("--max-memory", "500MB")  # for which more is asked of a file
    done = invoke("upsample", file.name, "--size", "2", "3", "--interp", "bicubic", *limit)
    if name == "spider":  # its floats would be cut in a PNG, and Pillow writes no other such file
        assert done.exit_code == 1
        assert "float32 pixels would lose the rest. Use one of tiff." in done.stderr
        done = invoke("upsample", file.name, "--size", "2", "3", "-o", "made.tif")
    assert done.exit_code == 0
    assert ("other images in the file" if name == "mpo" else "") in done.stderr
    assert not done.stderr or name == "mpo"
    (made,) = [path for path in tmp_path.iterdir() if path.name != file.name]
    with Image.open(made) as image:
        assert image.size == (3 * file.upright[1], 2 * file.upright[0])


# Of these, most damage of pixels is found out.
PROVEN = (
    *("png_orientation6.png", "png_type2_16bit.png", "gif_P.gif", "ico_RGBA.ico"),
    *("tiff_RGB_tiff_adobe_deflate.tif", "tiff_RGBA_lzma.tif", "jpeg2000_RGB_lossy.jp2"),
)


def damaged(data: bytes) -> bytes:
    """Return a file whose pixels are damaged so that it is refused."""
    for seed in range(100):
        changed = damaged_pixels(data, np.random.default_rng(seed))
        try:
            read(BytesIO(changed), every_frame=True)
        except FormatError:
            return changed
    raise AssertionError


DAMAGED = {file.name: damaged(file.data) for file in corpus() if file.name in PROVEN}
DOORS = (
    ("upsample", "FILE", "-o", "out.png"),
    ("upsample", "FILE", "-o", "out.npy", "--max-memory", "300MB"),
    ("upsample", "FILE", "-o", "out.tiff", "--frame", "0", "--strip"),
    ("upsample", "FILE", "-o", "out.tiff", "--no-auto-orient", "--depth", "8"),
    ("upsample", "FILE", "-o", "out.png", "--linear", "--interp", "bicubic"),
    ("upsample", "FILE", "-o", "out.png", "--preview"),
    ("upsample", "FILE", "--sheet", "out.png"),
    ("upsample", "FILE", "--compare"),
    ("upsample", "FILE", "--code", "torch"),
    ("upsample", "-", "-o", "out.png"),
    ("transpose-conv", "FILE", "-o", "out.npy", "--stride", "2"),
    ("transpose-conv", "whole.png", "--fit", "FILE", "--save-weights", "out.npy"),
    ("transpose-conv", "FILE", "--fit", "whole.png", "--save-weights", "out.npy"),
    ("generator", "--model", "any.keras", "--image", "FILE", "-o", "out.png"),
    ("generator", "--model", "any.keras", "--image", "whole.png", "--image", "FILE", "-o", "o.png"),
)


@pytest.mark.parametrize("words", DOORS, ids=" ".join)
def test_damage_is_refused_in_one_line_by_every_door(
    invoke: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("upsamp.cli.render.preview.check_preview", lambda: None)
    Image.new("RGB", (44, 34)).save("whole.png")
    convolution = layers.Conv2D(3, 1, input_shape=(None, None, 3))
    Sequential([convolution]).save("any.keras")
    for name, data in DAMAGED.items():
        Path(name).write_bytes(data)
        before = sorted(Path().iterdir())
        line = [word.replace("FILE", name) for word in words]
        done = invoke(*line, stdin=data if "-" in words else None)
        assert (done.exit_code, done.stdout) == (1, ""), (name, done.stderr)
        last = done.stderr.splitlines()[-1]
        assert done.stderr.count("Error: ") == 1, (name, done.stderr)
        assert "cannot be decoded" in last or "is no image" in last, (name, last)
        assert sorted(Path().iterdir()) == before, name


@pytest.mark.usefixtures("here_engine")
def test_damaged_files_among_others_fail_alone(invoke: Callable[..., Result]) -> None:
    Path("in").mkdir()
    for name, data in DAMAGED.items():
        Path("in", name).write_bytes(data)
    Image.new("RGB", (4, 3)).save("in/whole.png")
    done = invoke("upsample", "in", "--out-dir", "out", "--report", "report.json")
    assert done.exit_code == 1
    assert f"{len(DAMAGED)} of {len(DAMAGED) + 1} files could not be enlarged." in done.stderr
    assert [path.name for path in Path("out").iterdir()] == ["whole_2x2_nearest.png"]
