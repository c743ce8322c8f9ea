"""`--animate`: the steps of a computation as a moving picture, written where it says."""

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import parse

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

Invoke = Callable[..., Result]
SAME = ("transpose-conv", "1 2; 3 4", "--kernel", 3, "--stride", 2, "--padding", "same")
SVG = "{http://www.w3.org/2000/svg}"


def test_a_gif_has_a_frame_for_each_step(invoke: Invoke, tmp_path: Path) -> None:
    words = (*SAME, "--view", "scatter", "--fps", 4, "--cell-pixels", 20, "--theme", "dark")
    result = invoke(*words, "--animate", "a.gif")
    assert result.exit_code == 0
    assert result.stdout == "file: a.gif\nframes: 5\nlasts: 1.75 s\n"
    with Image.open(tmp_path / "a.gif") as read:
        assert getattr(read, "n_frames", 1) == 5
        assert read.info["duration"] == 250
        assert read.convert("RGB").getpixel((0, 0)) == (13, 17, 23)
    again = invoke(*words, "--animate", "a.gif")
    assert again.exit_code == 1
    assert "--force" in again.stderr


def test_an_svg_is_a_file_of_its_own(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("upsample", "0 4", "--interp", "bilinear", "--animate", "a.svg", "-q")
    assert result.exit_code == 0
    assert result.stdout == ""
    root = parse(tmp_path / "a.svg").getroot()
    assert root.findtext(f"{SVG}title") == "upsample 1 x 2 to 2 x 4: bilinear, convention keras"
    shown = {one.text for one in root.iter(f"{SVG}text")}
    assert {"0.75", "0.25", "output [0, 1] = 0 * 0.75 + 4 * 0.25 = 1"} <= shown


def test_a_pipe_is_written_a_png(invoke: Invoke) -> None:
    result = invoke(*SAME, "--animate", "-")
    assert result.exit_code == 0
    assert result.stdout_bytes.startswith(b"\x89PNG")
    assert b"acTL" in result.stdout_bytes


def test_what_is_not_drawn_is_told(invoke: Invoke, tmp_path: Path) -> None:
    Image.fromarray(np.arange(12, dtype=np.uint8).reshape(2, 2, 3)).save(tmp_path / "x.png")
    result = invoke("upsample", "x.png", "--animate", "a.svg")
    assert "the first channel of 3 is animated; the others are computed alike" in result.stderr
    result = invoke("transpose-conv", "x.png", "--kernel", 2, "--animate", "b.svg")
    assert "the first channel of 3 is animated; the others are computed alike" in result.stderr
    result = invoke("transpose-conv", "1 2", "--filters", 2, "--animate", "c.svg")
    assert "the first filter of 2 is animated" in result.stderr


def test_a_layer_of_another_library_is_animated_as_it_is_computed(
    invoke: Invoke, tmp_path: Path
) -> None:
    layer = ("--from", "torch", "Upsample(scale_factor=2)")
    assert invoke("transpose-conv", "1 2", *layer, "--animate", "a.svg").exit_code == 0
    title = parse(tmp_path / "a.svg").getroot().findtext(f"{SVG}title")
    assert title == "upsample 1 x 2 to 2 x 4: nearest, convention torch"
    refused = invoke("transpose-conv", *layer, "--animate", "b.svg")
    assert "--animate needs INPUT, such as '1 2; 3 4'." in refused.stderr
    refused = invoke("transpose-conv", *layer, "--explain")
    assert "--explain of a layer needs INPUT" in refused.stderr
    refused = invoke(
        *("transpose-conv", "1 2", "--from", "torch", "Conv2d(1, 1, 1)", "--animate", "b.svg")
    )
    assert "--animate is for transposed convolutions and interpolation" in refused.stderr
    assert not (tmp_path / "b.svg").exists()


@pytest.mark.parametrize("wanted", [("--animate", "a.svg"), ("--explain",)])
def test_the_steps_of_a_layer_are_those_before_its_activation(
    invoke: Invoke, wanted: tuple[str, ...]
) -> None:
    layer = ("--from", "keras", "Conv2DTranspose(1, 3, activation='relu')")
    result = invoke("transpose-conv", "-1 2", *layer, *wanted)
    assert result.exit_code == 0
    assert "the steps are those before the layer's activation" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("upsample", "1 2", "--view", "scatter"), 2, "--view goes with --animate. Give"),
        (("upsample", "--animate", "a.gif"), 2, "--animate needs INPUT, such as '1 2; 3 4'."),
        ((*SAME, "--animate", "a.gif", "--digits", "3"), 2, "Leave --digits out, or --animate."),
        (("upsample", "1 2", "--fps", "1"), 2, "--fps goes with --animate. Give"),
        (("upsample", "1 2", "--animate", "a.jpg"), 2, "in .gif, .webp, .png or .svg. Received"),
        (
            ("upsample", "1 2", "--animate", "a.gif", "-o", "b.txt", "--explain"),
            2,
            "in the place of a result. Leave -o and --explain out, or --animate.",
        ),
        ((*SAME, "--animate", "a.gif", "--overlap"), 2, "Leave --overlap out, or --animate."),
        ((*SAME, "--animate", "a.svg", "--compress", "9"), 2, "an SVG has none. Leave it out."),
        ((*SAME, "--animate", "a.gif", "--compress", "9"), 2, "--compress is for PNG"),
        ((*SAME, "--animate", "a.gif", "--cell-pixels", "999"), 2, "must be at most 128"),
        ((*SAME, "--animate", "a.gif", "--fps", "nan"), 2, "must be a number, 0.1 to 50."),
        (
            ("upsample", "1 2", "--animate", "a.gif", "--size", "200"),
            1,
            "Received: 80,000 steps of 80,004 cells. Animate a small example, such as '1 2; 3 4'.",
        ),
        (
            ("transpose-conv", "1 2", "--kernel", "90000", "--animate", "a.svg"),
            1,
            "Animate a small example",
        ),
    ],
)
def test_what_cannot_be_animated_is_refused(
    invoke: Invoke, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = invoke(*arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert not [*tmp_path.iterdir()]
