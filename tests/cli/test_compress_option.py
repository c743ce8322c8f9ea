"""`--compress`: how strongly a PNG is compressed, and that it is for PNG alone."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import choose
from PIL import Image
from png_files import read_png

Invoke = Callable[..., Result]

COMMANDS = {
    "upsample": ("upsample", "--interp", "bilinear", "--size", "2"),
    "transpose-conv": ("transpose-conv", "--weights", "bilinear", "--stride", "2"),
}

each_command = pytest.mark.parametrize("command", COMMANDS)


def pixels_of(data: bytes) -> Any:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image)


@each_command
def test_the_levels_change_the_size_and_nothing_else(
    invoke: Invoke, samples: Path, command: str
) -> None:
    arguments = (*COMMANDS[command], samples / "lake.png", "-o")
    files = {}
    for level in ("default", *choose((0, 1, 6, 9), range(10))):
        chosen = () if level == "default" else ("--compress", level)
        result = invoke(*arguments, f"{level}.png", *chosen)
        assert result.exit_code == 0, result.stderr
        files[level] = Path(f"{level}.png").read_bytes()
    assert files["default"] == files[1]
    assert len(files[0]) > 1.2 * len(files[1]) > 1.2 * len(files[9])
    for data in files.values():
        np.testing.assert_array_equal(pixels_of(data), pixels_of(files[1]))


@each_command
def test_a_matrix_and_a_pipe_take_it_too(invoke: Invoke, samples: Path, command: str) -> None:
    png = ("--format", "png", "--compress")
    with Image.open(samples / "lake.png") as lake:
        lake.crop((0, 0, 60, 40)).save(cropped := BytesIO(), "png")
    for arguments, stdin in ((("1 200; 3 40",), None), (("-",), cropped.getvalue())):
        large, small = (
            invoke(*COMMANDS[command], *arguments, *png, level, stdin=stdin).stdout_bytes
            for level in (0, 9)
        )
        assert len(small) < len(large)
        np.testing.assert_array_equal(read_png(small).pixels, read_png(large).pixels)


@each_command
@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("lake.png", "-o", "out.jpg"), "JPEG"),
        (("lake.png", "-o", "out.npy"), "NPY"),
        (("lake.png", "--format", "webp"), "WEBP"),
        (("1 2", "--format", "table"), "a table"),
        (("1 2",), "TXT"),
    ],
)
def test_it_is_refused_for_all_else(
    invoke: Invoke, samples: Path, command: str, arguments: tuple[str, ...], what: str
) -> None:
    Path("lake.png").write_bytes((samples / "lake.png").read_bytes())
    result = invoke(*COMMANDS[command], *arguments, "--compress", "9")
    assert result.exit_code == 2
    assert f"--compress is for PNG, and the result is to be {what}." in result.stderr
    assert [path.name for path in Path().iterdir()] == ["lake.png"]


def test_colour_of_16_bits_is_written_from_a_matrix(invoke: Invoke) -> None:
    colour = np.random.default_rng(1).integers(0, 2**16, (3, 4, 3)).astype(np.uint16)
    np.save("colour.npy", colour)
    assert invoke("upsample", "colour.npy", "--size", "2", "-o", "out.png").exit_code == 0
    file = read_png(Path("out.png").read_bytes())
    assert file.header[2:4] == (16, 2)
    np.testing.assert_array_equal(file.pixels, colour.repeat(2, 0).repeat(2, 1))
