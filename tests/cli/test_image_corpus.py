"""The command enlarges a file of each format that there is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from corpus.make_corpus import corpus
from PIL import Image

# One file of each format through the command, in this process.
FIRST = {file.format: file for file in reversed(corpus())}


@pytest.mark.parametrize("name", sorted(FIRST))
def test_the_command_enlarges_each_format(
    invoke: Callable[..., Result], tmp_path: Path, name: str
) -> None:
    file = FIRST[name]
    (tmp_path / file.name).write_bytes(file.data)
    done = invoke("upsample", file.name, "--size", "2", "3", "--interp", "bicubic")
    if name == "spider":  # its floats would be cut in a PNG, and Pillow writes no other such file
        assert done.exit_code == 1
        assert "float32 pixels would lose the rest. Use one of tiff." in done.stderr
        done = invoke("upsample", file.name, "--size", "2", "3", "-o", "made.tif")
    assert (done.exit_code, done.stderr) == (0, "")
    (made,) = [path for path in tmp_path.iterdir() if path.name != file.name]
    with Image.open(made) as image:
        assert image.size == (3 * file.upright[1], 2 * file.upright[0])
