"""`upsamp generator`: its summary, its samples, and the pictures of them."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from numpy.typing import NDArray
from PIL import Image

from upsamp.models.generator import make_generator
from upsamp.models.sampling.sampled_inputs import sample_latent

Invoke = Callable[..., Result]
Array = NDArray[Any]

UNTRAINED = (
    "Note: the weights are random, so the generator is untrained and its samples are noise.\n"
)
SIDES = {"upsampling": 10, "transpose": 10, "dcgan": 28}


def pixels_of(path: str | BytesIO) -> Array:
    with Image.open(path) as image:
        return np.asarray(image).copy()


def tiles_of(grid: Array, side: int, count: int) -> list[Array]:
    """Cut a picture of samples, laid out with gaps of one pixel, into its samples."""
    columns = (grid.shape[1] + 1) // (side + 1)
    places = [divmod(index, columns) for index in range(count)]
    return [grid[row * (side + 1) :, column * (side + 1) :][:side, :side] for row, column in places]


@pytest.mark.parametrize("kind", SIDES)
def test_the_summary_is_that_of_the_model(invoke: Invoke, kind: str) -> None:
    result = invoke("generator", "--kind", kind)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{make_generator(kind).summarize()}\n"
    assert ("324,353" in result.stdout) == (kind != "dcgan")
    assert f"(None, {SIDES[kind]}, {SIDES[kind]}, 1)" in result.stdout
    assert list(Path().iterdir()) == []


def test_by_default_it_is_the_tutorial_s_first(invoke: Invoke) -> None:
    assert invoke("generator").stdout == invoke("generator", "--kind", "UPSAMPLING").stdout


def test_the_model_is_of_the_size_that_is_wanted(invoke: Invoke) -> None:
    args = ("--kind", "dcgan", "--latent", "64", "--size", "2", "3", "--channels", "3")
    result = invoke("generator", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{make_generator('dcgan', 64, (2, 3), 3).summarize()}\n"
    assert "(None, 8, 12, 3)" in result.stdout


@pytest.mark.parametrize("suffix", ["npy", "npz", "json"])
@pytest.mark.parametrize("kind", SIDES)
def test_the_samples_are_those_of_the_model_and_the_user_is_told_what_they_are(
    invoke: Invoke, kind: str, suffix: str
) -> None:
    output = f"samples.{suffix}"
    args = ("--samples", "3", "--seed", "5", "--samples-out", output)
    result = invoke("generator", "--kind", kind, *args)
    assert (result.exit_code, result.stderr) == (0, UNTRAINED)
    assert result.stdout.startswith(f'Model: "{kind}"')
    model = make_generator(kind, seed=5)
    expected = model.predict(sample_latent(model, 3, 5))
    assert expected.shape == (3, SIDES[kind], SIDES[kind], 1)
    assert np.ptp(expected) > 0
    match suffix:
        case "npy":
            actual = np.load(output)
        case "npz":
            actual = np.load(output)["array"]
        case _:
            actual = np.array(json.loads(Path(output).read_text()), np.float32)
    np.testing.assert_array_equal(actual, expected, strict=True)


@in_one_test("channels", [1, 3, 4])
@in_one_test("count", [1, 2, 5, 9])
def test_the_picture_has_every_sample_scaled_from_the_range_of_the_last_activation(
    invoke: Invoke, count: int, channels: int
) -> None:
    args = ["--kind", "dcgan", "--latent", "8", "--size", "2", "--channels", str(channels)]
    result = invoke("generator", *args, "--samples", count, "-o", "a.png", "--samples-out", "a.npy")
    assert (result.exit_code, result.stderr) == (0, UNTRAINED)
    samples = np.load("a.npy")
    grid = pixels_of("a.png")
    columns = int(np.ceil(np.sqrt(count)))
    rows = int(np.ceil(count / columns))
    assert grid.shape[:2] == (rows * 9 - 1, columns * 9 - 1)
    for tile, sample in zip(tiles_of(grid, 8, count), samples, strict=True):
        exact = (sample.astype(np.float64) + 1) * 127.5
        np.testing.assert_allclose(tile.reshape(exact.shape), exact, rtol=0, atol=0.5 + 1e-4)


def test_without_a_bounded_activation_the_samples_themselves_are_the_range(
    invoke: Invoke,
) -> None:
    result = invoke("generator", "--samples", "4", "-o", "a.png", "--samples-out", "a.npy")
    assert result.exit_code == 0
    samples = np.load("a.npy").astype(np.float64)
    scaled = (samples - samples.min()) * 255 / np.ptp(samples)
    for tile, exact in zip(tiles_of(pixels_of("a.png"), 10, 4), scaled[..., 0], strict=True):
        np.testing.assert_allclose(tile, exact, rtol=0, atol=0.5 + 1e-4)


def test_the_same_seed_gives_the_same_picture_and_zoom_enlarges_it(invoke: Invoke) -> None:
    for name, *args in (
        ("a", "--seed", "1"),
        ("b", "--seed=1"),
        ("c", "--seed", "2"),
        ("d", "--seed", "1", "--zoom", "3"),
    ):
        assert invoke("generator", *args, "-o", f"{name}.png").exit_code == 0
    pictures = {name: pixels_of(f"{name}.png") for name in "abcd"}
    np.testing.assert_array_equal(pictures["a"], pictures["b"])
    assert np.count_nonzero(pictures["a"] != pictures["c"]) > 1000
    enlarged = pictures["a"].repeat(3, axis=0).repeat(3, axis=1)
    np.testing.assert_array_equal(pictures["d"], enlarged)


def test_the_first_samples_do_not_depend_on_how_many_there_are(invoke: Invoke) -> None:
    for count in (2, 40):
        invoke("generator", "--samples", count, "--samples-out", f"{count}.npy")
    np.testing.assert_allclose(np.load("2.npy"), np.load("40.npy")[:2], rtol=1e-5, atol=1e-6)


def test_a_picture_on_standard_output_stands_alone(invoke: Invoke) -> None:
    result = invoke("generator", "--samples", "4", "-o", "-")
    assert (result.exit_code, result.stderr) == (0, UNTRAINED)
    assert invoke("generator", "--samples", "4", "-o", "a.png").exit_code == 0
    np.testing.assert_array_equal(pixels_of(BytesIO(result.stdout_bytes)), pixels_of("a.png"))


def test_samples_on_standard_output_stand_alone(invoke: Invoke) -> None:
    result = invoke("generator", "--samples", "2", "--samples-out", "-")
    assert (result.exit_code, result.stderr) == (0, UNTRAINED)
    assert np.load(BytesIO(result.stdout_bytes)).shape == (2, 10, 10, 1)


UNBOUND = ("--max-pixels", "9" * 18)


@in_one_test(
    ("args", "code", "message"),
    [
        (["-o", "a.npy"], 2, "-o must name an image"),
        (["--samples-out", "a.png"], 2, "--samples-out must name .npy"),
        (["-o", "a.doc"], 2, "-o must name an image, such as grid.png. Received: a.doc"),
        (["-o", "missing/a.png"], 1, "its directory does not exist"),
        (["--samples-out", "missing/a.npy"], 1, "its directory does not exist"),
        (["--samples-out", "a.csv"], 2, "--samples-out must name .npy, .npz or .json"),
        (["-o", "a.png", "--zoom", "1000000"], 1, "16 times --max-pixels"),
        (["-o", "a.png", "--zoom", "1000000", *UNBOUND], 1, "memory"),
        (["-o", "a.png", "--samples", "1000000000000"], 1, "32 times --max-pixels"),
        (["-o", "a.png", "--samples", "1000000000000", *UNBOUND], 1, "memory"),
        (["-o", "a.png", "--latent", "100000000000"], 1, "memory"),
        (["-o", "a.png", "--size", "1000000"], 1, "16 times --max-pixels"),
        (["-o", "a.png", "--size", "1000000", *UNBOUND], 1, "memory"),
        (["-o", "a.png", "--zoom", "10", "--max-pixels", "100"], 1, "at most 1,600 pixels"),
        (["-o", "a.png", "--grid", "100x100", "--max-pixels", "99"], 1, "at most 1,584 pixels"),
        (["--samples-out", "a.npy", "--samples", "33", "--max-pixels", "100"], 1, "3,200 pixels"),
        (["-o", "a.png", "--save", "g.keras", "--zoom", "10", "--max-pixels", "100"], 1, "1,600"),
    ],
)
def test_what_is_wrong_is_told_and_leaves_nothing(
    invoke: Invoke, args: list[str], code: int, message: str
) -> None:
    result = invoke("generator", *args)
    assert result.exit_code == code
    *notes, error = result.stderr.splitlines(keepends=True)
    assert notes in ([], [UNTRAINED])
    assert error.startswith("Error: ")
    assert message in error
    assert list(Path().iterdir()) == []


def test_a_file_is_overwritten_by_force_alone(invoke: Invoke) -> None:
    for option, name in (("-o", "a.png"), ("--samples-out", "a.npy")):
        Path(name).write_bytes(b"precious")
        result = invoke("generator", option, name)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"Error: '{name}' exists already. Use --force")
        assert Path(name).read_bytes() == b"precious"
        assert invoke("generator", option, name, "--force").exit_code == 0
        assert Path(name).read_bytes() != b"precious"
