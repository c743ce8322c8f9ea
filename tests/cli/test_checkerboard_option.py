"""Checkerboards of trained models: in the columns of a summary, and in real samples."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from golden_files import checkered_model
from PIL import Image

from upsamp import load_model
from upsamp.core.kernels.gains import kernel_unevenness

Invoke = Callable[..., Result]
COLUMNS = ("--columns", "layer,overlap,checkerboard")


@pytest.fixture
def checkered(tmp_path: Path) -> str:
    """Return a generator whose strides do not divide its kernels."""
    return checkered_model("transposed", tmp_path).name


def test_a_summary_measures_each_layer(invoke: Invoke, checkered: str) -> None:
    layers = ["conv2d_transpose", "conv2d_transpose_1"]
    model = load_model(checkered)
    expected = [
        kernel_unevenness(model.get_layer(name).weight("kernel"), (2, 2)) for name in layers
    ]
    told = json.loads(invoke("summary", checkered, *COLUMNS, "--format", "json").stdout)
    assert [row["checkerboard"] for row in told["layers"]] == [None, None, *expected]
    rows = csv.DictReader(
        invoke("summary", checkered, *COLUMNS, "--format", "csv").stdout.splitlines()
    )
    assert [float(row["checkerboard"] or -1) for row in rows] == [-1, -1, *expected]
    shown = invoke("summary", checkered, *COLUMNS).stdout
    longer = invoke("summary", checkered, *COLUMNS, "--digits", 9, "--format", "markdown").stdout
    for name, share in zip(layers, expected, strict=True):
        assert f"{name} (Conv2DTranspose)" in shown
        assert f"{share:.3g}\n" in shown
        assert f"{share:.9g} |\n" in longer


def test_layers_without_weights_or_strides_have_no_number(invoke: Invoke) -> None:
    layers = ("Conv2DTranspose(2, 3, strides=2, input_shape=(4, 4, 1))", "Conv2DTranspose(1, 3)")
    told = json.loads(invoke("summary", *layers, *COLUMNS, "--format", "json").stdout)
    assert [row["checkerboard"] for row in told["layers"]] == [None, None]
    shown = invoke("summary", *layers, *COLUMNS).stdout.splitlines()
    assert [line.split()[-1] for line in shown[4:6]] == ["?", "-"]


def test_samples_are_measured(invoke: Invoke, checkered: str) -> None:
    result = invoke("generator", checkered, "--checkerboard", "--format", "json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["samples"], told["shape"], told["checkerboard"]) == (16, [32, 32, 1], True)
    assert [period["period"] for period in told["periods"]] == [[4, 4], [2, 2]]
    for period in told["periods"]:
        assert period["ratio"] == pytest.approx(period["energy"] / period["neighbours"])
        assert period["ratio"] > period["threshold"] == 2
    shown = invoke("generator", "--model", checkered, "--checkerboard", "--digits", 5).stdout
    assert shown.endswith("checkerboard, every 4 x 4 and every 2 x 2 pixels\n")
    assert f"  {told['periods'][0]['ratio']:.5g}  checkerboard\n" in shown


def test_a_model_without_the_fault_is_told_so(invoke: Invoke, tmp_path: Path) -> None:
    even = checkered_model("resized", tmp_path).name
    shown = invoke("generator", even, "--checkerboard", "--samples", 4, "--seed", 1).stdout
    assert shown.endswith("\nno checkerboard\n")
    nothing = ("Conv2D(1, 3, input_shape=(8, 8, 1))",)
    assert invoke("summary", *nothing, *COLUMNS).exit_code == 0


def test_the_spectrum_is_drawn_with_its_frequencies_in_frames(
    invoke: Invoke, checkered: str, tmp_path: Path
) -> None:
    assert invoke("generator", checkered, "--checkerboard", "mean.png").exit_code == 0
    with Image.open(tmp_path / "mean.png") as image:
        pixels = np.asarray(image).astype(int)
    # 12 pixels for each of 32 frequencies, below a title; the brightest is beside the mean.
    squares = pixels[42 + 6 : 42 + 384 : 12, 24 + 6 : 24 + 384 : 12]
    assert squares.shape == (32, 32, 3)
    brightest = np.argwhere((squares == (250, 230, 60)).all(axis=2))
    assert len(brightest) > 0
    assert np.abs(brightest - 16).max() <= 1
    framed = (pixels[42 - 1 : 42 + 383 : 12, 30 : 24 + 384 : 12] == (215, 40, 40)).all(axis=2)
    assert framed.sum() == 12  # what comes every 4 pixels, and not every 2
    assert framed[8, 8]
    assert not framed[16, 0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--checkerboard", "x.txt"), "--checkerboard must name an image, such as grid.png."),
        (("--checkerboard", "-o", "x.png"), "measures samples, and writes none. Leave -o out."),
        (("--checkerboard", "--code", "torch"), "Leave --code out."),
        (("--checkerboard", "--grid", "2"), "--grid is for the picture."),
        (("--checkerboard", "--format", "json", "--digits", "2"), "json keeps all digits."),
        (("--checkerboard", "m.keras"), "Received: m.keras. Give the model before it."),
        (("--format", "json"), "--format goes with --checkerboard."),
        (("--digits", "3", "-o", "x.png"), "--digits goes with --checkerboard."),
        (("--checkerboard", "--compress", "3"), "--compress is for the picture."),
    ],
)
def test_what_does_not_go_together_is_refused(
    invoke: Invoke, checkered: str, words: tuple[str, ...], said: str
) -> None:
    result = invoke("generator", checkered, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_samples_that_are_no_images_are_refused(invoke: Invoke, checkered: str) -> None:
    result = invoke("generator", checkered, "--checkerboard", "--layer", "dense")
    assert result.exit_code == 1
    assert "A checkerboard must be looked for in images." in result.stderr
