"""Pages of every kind, made by the commands, with names in them that try to do something."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image
from small_models import small_model

from upsamp.cli import main

# What a name would do, were it taken for HTML, for a template or for the direction of text.
HOSTILE = "<img src=x onerror=alert(1)>'\"&{{7*7}}\N{RIGHT-TO-LEFT OVERRIDE}"
KINDS = ("numbers", "picture", "large", "convolution", "model", "models", "samples", "files")


def make_pages(folder: Path) -> None:
    """Write a page of each of `KINDS` to a folder, and what they are made of."""
    photos = folder / "photos"
    photos.mkdir()
    colours = np.random.default_rng(0).integers(0, 256, (20, 24, 4), np.uint8)
    name = HOSTILE.replace("/", "")
    Image.fromarray(colours).save(folder / f"{name}.png")
    Image.fromarray(colours[:, :, :3]).save(photos / f"{name}.png")
    Image.fromarray(colours[:, :, 0]).save(photos / "b.png")
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Image.fromarray(np.zeros((8, 700), np.uint8)).save(folder / "wide.png")
    small_model(name=HOSTILE[:-1]).save(str(folder / "one.keras"))
    small_model(name="other").save(str(folder / "other.keras"))
    picture = str(folder / f"{name}.png")
    convolution = ("1 2; 3 4", "--kernel", "3", "--stride", "2", "--padding", "same")
    lines: dict[str, tuple[str, ...]] = {
        "numbers": ("upsample", "1 2.5; -3 4e9", "--interp", "bilinear", "--size", "3"),
        "picture": ("upsample", picture, "--interp", "bicubic", "-o", str(folder / "out.png")),
        "large": ("upsample", str(folder / "wide.png"), "--size", "2"),
        "convolution": ("transpose-conv", *convolution, "--weights", "random"),
        "model": ("summary", str(folder / "one.keras"), "--columns", "all"),
        "models": ("summary", str(folder / "one.keras"), "dcgan"),
        "samples": ("generator", str(folder / "one.keras"), "--samples", "4"),
        "files": ("upsample", str(photos), "--out-dir", str(folder / "made")),
    }
    assert tuple(lines) == KINDS
    for kind, line in lines.items():
        result = CliRunner().invoke(main, [*line, "--html", str(folder / f"{kind}.html")])
        # One of the files is broken, which the page tells, too.
        assert result.exit_code == (kind == "files"), result.output
