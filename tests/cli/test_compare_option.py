"""`upsamp upsample --compare`: how far other conventions and libraries lie, and no file."""

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from PIL import Image

import upsamp

Invoke = Callable[..., Result]

PACKAGES = {
    "OpenCV": ("cv2", "opencv-python-headless"),
    "PyTorch": ("torch", "torch"),
    "TensorFlow": ("tensorflow", "tensorflow"),
    "JAX": ("jax", "jax"),
}


def rows_of(result: Result) -> dict[str, list[str]]:
    """Return the cells of each row by its first, without the version of a library."""
    assert result.exit_code == 0, result.stderr
    rows = (re.split(r" {2,}", line) for line in result.stdout.splitlines()[2:])
    return {re.sub(r" [\d.]+\S*$", "", first): rest for first, *rest in rows}


def test_it_shows_the_other_convention_and_every_library_and_writes_no_file(
    invoke: Invoke, samples: Path, tmp_path: Path
) -> None:
    copy(samples / "lake.png", tmp_path)
    result = invoke("upsample", "lake.png", "--size", "3", "--interp", "bicubic", "--compare")
    rows = rows_of(result)
    title, headings = result.stdout.splitlines()[:2]
    assert title == "bicubic, convention keras, 480 x 720, beside:"
    assert re.split(r" {2,}", headings) == ["Library", "Largest", "Mean", "PSNR (dB)"]
    assert list(rows) == ["upsamp, convention torch", "Pillow", *PACKAGES]
    assert float(rows["Pillow"][2]) > 120
    assert float(rows["upsamp, convention torch"][2]) < 80
    assert [path.name for path in tmp_path.iterdir()] == ["lake.png"]


def test_what_is_not_installed_is_said_with_the_command_that_installs_it(invoke: Invoke) -> None:
    rows = rows_of(invoke("upsample", "1 2; 3 4", "--interp", "bilinear", "--compare"))
    for library, (module, package) in PACKAGES.items():
        if find_spec(module) is None:
            assert rows[library] == ["-", "-", "-", f"not installed: pip install {package}"]
        else:
            assert float(rows[library][2]) > 0


def test_the_numbers_are_those_of_a_direct_computation(invoke: Invoke) -> None:
    array = np.random.default_rng(40).random((6, 5), np.float32)
    np.save("a.npy", array)
    result = invoke("upsample", "a.npy", "--to", "13x11", "--interp", "bicubic", "--compare")
    rows = rows_of(result)
    chosen = upsamp.resize(array, (11, 13), "bicubic").astype(float)
    image = Image.fromarray(array).resize((13, 11), Image.Resampling.BICUBIC)
    others = {
        "Pillow": np.asarray(image),
        "upsamp, convention torch": upsamp.resize(array, (11, 13), "bicubic", convention="torch"),
    }
    for name, other in others.items():
        difference = np.abs(other.astype(float) - chosen)
        ratio = 10 * np.log10(np.ptp(array) ** 2 / np.mean(difference**2))
        shown = [f"{number:.3g}" for number in (difference.max(), difference.mean(), ratio)]
        assert rows[name][:3] == shown


@pytest.mark.parametrize("interpolation", ["mitchellcubic", "gaussian", "lanczos5"])
def test_what_has_no_such_method_is_said(invoke: Invoke, interpolation: str) -> None:
    rows = rows_of(invoke("upsample", "1 2; 3 4", "--interp", interpolation, "--compare"))
    for name in ("upsamp, convention torch", "Pillow", "OpenCV", "PyTorch"):
        assert rows[name] == ["-", "-", "-", f"has no {interpolation}"]


def test_the_convention_of_pytorch_is_compared_with_that_of_keras(invoke: Invoke) -> None:
    options = ("--interp", "bicubic", "--convention", "torch", "--compare")
    rows = rows_of(invoke("upsample", "1 2 5; 3 4 9", *options))
    assert next(iter(rows)) == "upsamp, convention keras"
    # Pillow has the convention of Keras, and lies as far away.
    assert rows["Pillow"][0] == rows["upsamp, convention keras"][0]


def test_aligned_corners_are_compared_with_both_conventions(invoke: Invoke) -> None:
    options = ("--interp", "bilinear", "--convention", "torch", "--align-corners", "--compare")
    rows = rows_of(invoke("upsample", "1 2 5; 3 4 9", *options))
    assert list(rows)[:2] == ["upsamp, convention keras", "upsamp, convention torch"]
    assert all(float(rows[name][0]) > 0.1 for name in list(rows)[:2])


def test_equal_results_have_an_infinite_ratio(invoke: Invoke) -> None:
    rows = rows_of(invoke("upsample", "1 2; 3 4", "--compare"))
    assert rows["upsamp, convention torch"] == ["0", "0", "inf"]
    assert rows["Pillow"] == ["0", "0", "inf"]


@in_one_test(
    ("words", "code", "message"),
    [
        (("--to", "1x1"), 1, "The result must be at least as large as the input"),
        (("--interp", "gaussian", "--convention", "torch"), 2, "--interp gaussian"),
        (("--align-corners",), 2, "--align-corners must go with"),
        (("--to", "4x4", "--size", "2"), 2, "--size and --to both say the size"),
    ],
)
def test_what_cannot_be_computed_cannot_be_compared(
    invoke: Invoke, words: tuple[str, ...], code: int, message: str
) -> None:
    result = invoke("upsample", "1 2; 3 4", *words, "--compare")
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
