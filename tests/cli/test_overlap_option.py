"""`transpose-conv --overlap`: the checkerboard of a kernel in numbers, as a map, and its cures."""

import json
import shlex
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import choose
from numpy.typing import NDArray
from PIL import Image

from upsamp import Sequential, load_model
from upsamp.layers import Conv2DTranspose
from upsamp.views.heat_map import heat_colours

Invoke = Callable[..., Result]
ONES = "; ".join(["1 1 1 1 1 1 1 1 1"] * 9)
WEIGHTS = [("random", "3"), ("ones", "3x5"), ("1 2 3; 4 5 6; 7 8 9", "3"), ("glorot", "5")]


@pytest.mark.parametrize(("weights", "kernel"), choose(WEIGHTS[1:3], WEIGHTS))
def test_each_cure_is_a_command_that_leaves_what_it_says(
    invoke: Invoke, weights: str, kernel: str
) -> None:
    result = invoke(
        *("transpose-conv", ONES, "--weights", weights, "--kernel", kernel, "--stride", 2),
        *("--padding", "same", "--overlap", "--format", "json"),
    )
    told = json.loads(result.stdout)
    assert len(told["cures"]) == 5
    for cure in told["cures"]:
        made = paste(invoke, cure["command"]).decode()
        values = np.array([line.split() for line in made.splitlines()], float)
        check_gains(values, cure)


def paste(invoke: Invoke, command: str) -> bytes:
    """Run a command as a shell would, and return what it prints."""
    made = None
    for step in command.split(" | "):
        program, *words = shlex.split(step)
        assert program == "upsamp"
        done = invoke(*words, stdin=made)
        assert done.exit_code == 0, done.stderr
        made = done.stdout_bytes
    assert made is not None
    return made


def check_gains(values: NDArray[np.float64], cure: Any, among: float = 1e-5) -> None:
    """Assert that what became of a constant has the gains that a cure leaves."""
    inside = slice(6, 12)
    gains = np.tile(cure["gain"], (10, 10))
    off = [
        np.abs(values[inside, inside] - np.roll(gains, shift, (0, 1))[inside, inside]).max()
        for shift in product(range(2), range(2))
    ]
    assert min(off) < among, cure


def test_cures_keep_what_else_is_asked_for(invoke: Invoke, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((9, 9, 2)))
    line = ("x.npy", "--weights", "random", "--stride", 2, "--filters", 3, "--bias", "4 0 0")
    told = json.loads(invoke("transpose-conv", *line, "--overlap", "--format", "json").stdout)
    names = ["a kernel that the stride divides", "resize, then convolve"]
    assert [cure["name"] for cure in told["cures"]] == [*names, "weights that begin as icnr"]
    for cure in told["cures"]:
        made = np.array(json.loads(paste(invoke, cure["command"])))
        assert made.shape == (18, 18, 3)
        check_gains(made[:, :, 0] - 4, cure)


def test_cures_of_a_picture_are_pictures(invoke: Invoke, tmp_path: Path) -> None:
    Image.new("RGB", (9, 9), (20, 40, 60)).save(tmp_path / "x.png")
    line = ("x.png", "--weights", "random", "--stride", 2, "--seed", 3)
    told = json.loads(invoke("transpose-conv", *line, "--overlap", "--format", "json").stdout)
    assert len(told["cures"]) == 5
    for cure in told["cures"]:
        paste(invoke, f"{cure['command']} --force")
        with Image.open(tmp_path / "even.png") as image:
            made = np.asarray(image)[:, :, 0] / 20
        check_gains(made, cure | {"gain": np.clip(cure["gain"], 0, 255 / 20)}, among=0.1)


def test_the_layer_of_a_trained_model_is_measured(invoke: Invoke) -> None:
    layers = [Conv2DTranspose(2, 5, strides=2, padding="same", input_shape=(4, 4, 3), name="up")]
    Sequential(layers).save("m.keras")
    layer = ("--from", "keras", "m.keras:up", "--overlap", "--format", "json")
    told = json.loads(invoke("transpose-conv", "1 2; 3 4", *layer).stdout)
    kernel = load_model("m.keras").get_layer("up").weight("kernel")
    # 5 x 5 by 2, of which Keras crops one at the beginning: tap 1 comes first.
    sums = kernel[:, :, 0].sum(axis=2)
    expected = [[sums[i::2, j::2].sum() for j in (1, 0)] for i in (1, 0)]
    np.testing.assert_allclose(told["gain"], expected, rtol=1e-5)
    assert [cure["name"] for cure in told["cures"]] == ["weights that begin as icnr"]


def test_a_verdict_tells_the_cause(invoke: Invoke) -> None:
    even = ("transpose-conv", "--kernel", 4, "--stride", 2, "--padding", "same", "--overlap")
    shown = invoke(*even, "--weights", "random").stdout
    assert "checkerboard, every 2 rows and 2 columns: counts of products 0, weights 0.878" in shown
    command = "upsamp transpose-conv '1 2; 3 4' --kernel 4 --weights icnr --stride 2 --padding same"
    assert f"\n\nweights that begin as icnr: 0\n{command}\n" in shown
    shown = invoke(*even).stdout
    assert "\nno checkerboard: counts of products 0, weights 0 " in shown
    assert "lessens" not in shown


def test_a_map_has_a_square_for_each_number(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke(
        *("transpose-conv", "1 2; 3 4", "--kernel", 3, "--stride", 2, "--padding", "same"),
        *("--overlap", "map.png"),
    )
    assert result.exit_code == 0
    with Image.open(tmp_path / "map.png") as image:
        pixels = np.asarray(image)
    taps = np.array([[1, 1, 2, 1], [1, 1, 2, 1], [2, 2, 4, 2], [1, 1, 2, 1]])
    side, top, left = 120, 42, 24
    squares = pixels[top : top + 4 * side : side, left : left + 4 * side : side]
    np.testing.assert_array_equal(squares, heat_colours(taps))
    # What 1 becomes is the same beside it, as the kernel is of ones.
    second = pixels[top : top + 4 * side : side, left + 504 : left + 504 + 4 * side : side]
    np.testing.assert_array_equal(second, squares)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--overlap", "x.txt"), 2, "--overlap must be a picture, such as overlap.png."),
        (("--overlap", "--explain"), 2, "--explain and --overlap each compute nothing else."),
        (("--overlap", "--format", "csv"), 2, "--format of --overlap must be one of table, json"),
        (("--overlap", "-o", "x.txt"), 2, "--overlap is shown, not written. Leave -o out"),
    ],
)
def test_what_cannot_be_is_refused(
    invoke: Invoke, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = invoke("transpose-conv", "1 2; 3 4", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_the_cures_leave_out_what_only_shows(invoke: Invoke) -> None:
    line = ("transpose-conv", "1 2; 3 4", "--kernel", "3", "--stride", "2", "--overlap")
    plain, shown = (invoke(*line, "--format", "json", *more) for more in ((), ("--quiet",)))
    assert json.loads(plain.stdout)["cures"] == json.loads(shown.stdout)["cures"]
