"""`upsamp transpose-conv --fit`: a kernel learnt from images, its worth, and its use."""

from collections.abc import Callable
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray
from PIL import Image

import upsamp
from upsamp.models.fitting import compare_inside, fit_inside, make_pair, mean_of

Invoke = Callable[..., Result]
Array = NDArray[Any]

METHODS = ["fitted", "nearest", "bilinear", "bicubic", "lanczos3"]
OPTIONS = ("--kernel", "6", "--stride", "2")


def pixels_of(path: Path) -> Array:
    with Image.open(path) as image:
        return np.asarray(image).copy()


def ratios(result: Result) -> dict[str, float]:
    assert result.exit_code == 0, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()[2:]]
    return {name: float(decibels) for name, decibels in rows}


def lower(image: Image.Image) -> Image.Image:
    """Halve an image by the mean of each block."""
    return image.reduce(2)


@pytest.fixture
def lake(invoke: Invoke, samples: Path, tmp_path: Path) -> Path:
    """Put large.png and its half, small.png, where the command runs."""
    assert invoke("--version").exit_code == 0
    with Image.open(samples / "lake.png") as image:
        lower(image).save(tmp_path / "small.png")
    copy(samples / "lake.png", tmp_path / "large.png")
    return tmp_path


@pytest.fixture
def folder(invoke: Invoke, samples: Path, tmp_path: Path) -> list[Path]:
    """Make a folder of seven pictures, and two files that are none."""
    assert invoke("--version").exit_code == 0
    (tmp_path / "set").mkdir()
    pixels = pixels_of(samples / "lake.png")
    paths = []
    for number in range(7):
        part = pixels[8 * number : 8 * number + 61, 20 * number : 20 * number + 71]
        paths.append(tmp_path / "set" / f"{number}.png")
        Image.fromarray(part).save(paths[-1])
    (tmp_path / "set" / "notes.txt").write_text("1 2")
    (tmp_path / "set" / "more.png").mkdir()
    return paths


@pytest.mark.usefixtures("lake")
def test_a_pair_gives_a_table_and_a_kernel_that_beats_bilinear(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "small.png", "--fit", "large.png", *OPTIONS)
    table = ratios(result)
    assert list(table) == METHODS
    assert table["fitted"] > table["bilinear"]
    assert table["fitted"] == max(table.values())
    assert result.stdout.startswith("Fitted kernel 6 x 6, stride 2 x 2, away from the edges:\n")
    assert result.stderr == (
        "Note: --save-weights FILE.npy keeps the kernel, for --weights FILE.npy.\n"
    )
    assert sorted(path.name for path in Path().iterdir()) == ["large.png", "small.png"]


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize("apart", [False, True])
def test_a_saved_kernel_is_applied_by_its_name(invoke: Invoke, apart: bool) -> None:
    more = ("--apart",) if apart else ()
    options = (*OPTIONS, "--save-weights", "k.npy", *more)
    result = invoke("transpose-conv", "small.png", "--fit", "large.png", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    kernel = np.load("k.npy")
    assert kernel.shape == ((6, 6, 3, 3) if apart else (6, 6, 1, 1))
    small, large = pixels_of(Path("small.png")), pixels_of(Path("large.png"))
    expected = fit_inside([(small, large)], (6, 6), (2, 2), shared=not apart, ridge=1e-4)
    np.testing.assert_array_equal(kernel, expected)
    measured = compare_inside(small, large, kernel, (2, 2), 255)
    assert ratios(result) == {name: round(value, 2) for name, value in measured.items()}
    options = ("--weights", "k.npy", "--stride", "2", "--padding", "same", "-o", "y.npy")
    assert invoke("transpose-conv", "small.png", *options).exit_code == 0
    planes = small.astype(np.float32).transpose(2, 0, 1)[..., np.newaxis]
    if apart:
        values = upsamp.conv2d_transpose(
            small.astype(np.float32), kernel.astype(np.float32), None, 2, "same"
        )
        assert not kernel[:, :, ~np.eye(3, dtype=bool)].any()
    else:
        values = upsamp.conv2d_transpose(planes, kernel.astype(np.float32), None, 2, "same")
        values = values[..., 0].transpose(1, 2, 0)
    np.testing.assert_allclose(np.load("y.npy"), values, rtol=1e-5, atol=1e-2)


def test_a_known_kernel_is_recovered_from_what_it_made(invoke: Invoke) -> None:
    generator = np.random.default_rng(70)
    kernel = generator.random((4, 5, 1, 1))
    small = generator.random((30, 31))
    np.save("small.npy", small)
    np.save("large.npy", upsamp.conv2d_transpose(small, kernel, None, (2, 3), "same"))
    options = (
        "--kernel",
        "4",
        "5",
        "--stride",
        "2",
        "3",
        "--ridge",
        "0",
        "--save-weights",
        "k.npy",
    )
    result = invoke("transpose-conv", "small.npy", "--fit", "large.npy", *options)
    assert ratios(result)["fitted"] > 200
    np.testing.assert_allclose(np.load("k.npy"), kernel, atol=1e-10)


@pytest.mark.usefixtures("lake")
def test_more_ridge_gives_a_smaller_kernel(invoke: Invoke) -> None:
    sizes = []
    for ridge in ("0", "0.01", "1", "100"):
        options = (*OPTIONS, "--ridge", ridge, "--save-weights", f"k{ridge}.npy")
        assert invoke("transpose-conv", "small.png", "--fit", "large.png", *options).exit_code == 0
        sizes.append(float(np.sum(np.load(f"k{ridge}.npy") ** 2)))
    assert sizes == sorted(sizes, reverse=True)


def test_alpha_is_dropped(invoke: Invoke, lake: Path) -> None:
    plain = invoke("transpose-conv", "small.png", "--fit", "large.png", *OPTIONS)
    for name in ("small", "large"):
        pixels = pixels_of(lake / f"{name}.png")
        alpha = np.random.default_rng(71).integers(0, 256, (*pixels.shape[:2], 1), np.uint8)
        Image.fromarray(np.concatenate([pixels, alpha], 2)).save(lake / f"{name}_rgba.png")
    for small, large in (("small_rgba", "large_rgba"), ("small", "large_rgba")):
        result = invoke("transpose-conv", f"{small}.png", "--fit", f"{large}.png", *OPTIONS)
        assert (result.exit_code, result.stdout) == (0, plain.stdout)


# --- folders


def test_a_folder_is_judged_by_images_that_were_held_out(
    invoke: Invoke, folder: list[Path]
) -> None:
    options = (*OPTIONS, "--save-weights", "k.npy")
    result = invoke("transpose-conv", "--fit", "set", *options)
    table = ratios(result)
    assert list(table) == METHODS
    assert result.stderr == "Note: learnt from 5 images; the table is of 2 held out.\n"
    pairs = [make_pair(pixels_of(path), (2, 2)) for path in folder]
    learnt, held_out = [*pairs[1:5], pairs[6]], [pairs[0], pairs[5]]
    kernel = fit_inside(learnt, (6, 6), (2, 2), shared=True, ridge=1e-4)
    np.testing.assert_array_equal(np.load("k.npy"), kernel)
    expected = mean_of(compare_inside(*each, kernel, (2, 2), 255) for each in held_out)
    assert table == {name: round(value, 2) for name, value in expected.items()}


@pytest.mark.parametrize("number", range(7))
def test_an_image_is_either_learnt_from_or_judged_by(
    invoke: Invoke, folder: list[Path], number: int
) -> None:
    def kernel(name: str) -> Array:
        result = invoke("transpose-conv", "--fit", "set", *OPTIONS, "--save-weights", name)
        tables.append(ratios(result))
        return np.asarray(np.load(name))

    tables: list[dict[str, float]] = []
    before = kernel("before.npy")
    noise = np.random.default_rng(72).integers(0, 256, pixels_of(folder[number]).shape, np.uint8)
    Image.fromarray(noise).save(folder[number])
    learns = not np.array_equal(kernel("after.npy"), before)
    # The rivals need no learning: their worth changes with what is judged by alone.
    judges = tables[0]["bilinear"] != tables[1]["bilinear"]
    assert learns != judges
    assert judges == (number in {0, 5})


def test_two_images_are_enough(invoke: Invoke, folder: list[Path]) -> None:
    for path in folder[2:]:
        path.unlink()
    result = invoke("transpose-conv", "--fit", "set", *OPTIONS)
    assert list(ratios(result)) == METHODS
    assert "learnt from 1 images; the table is of 1 held out" in result.stderr


@pytest.mark.parametrize("left", [0, 1])
def test_a_folder_with_too_few_images_is_an_error(
    invoke: Invoke, folder: list[Path], left: int
) -> None:
    for path in folder[left:]:
        path.unlink()
    result = invoke("transpose-conv", "--fit", "set", *OPTIONS, "--save-weights", "k.npy")
    assert (result.exit_code, result.stdout) == (1, "")
    message = "Error: 'set' must hold at least 2 images, one to learn from and one to judge by."
    assert result.stderr == f"{message} Received: {left}.\n"
    assert not Path("k.npy").exists()


# --- errors


@pytest.mark.usefixtures("lake")
def test_a_kernel_that_exists_is_kept_unless_forced(invoke: Invoke) -> None:
    Path("k.npy").write_bytes(b"mine")
    options = (*OPTIONS, "--save-weights", "k.npy")
    result = invoke("transpose-conv", "small.png", "--fit", "large.png", *options)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "k.npy" in result.stderr
    assert "--force" in result.stderr
    assert result.stderr.count("\n") == 1
    assert Path("k.npy").read_bytes() == b"mine"
    result = invoke("transpose-conv", "small.png", "--fit", "large.png", *options, "--force")
    assert result.exit_code == 0
    assert np.load("k.npy").shape == (6, 6, 1, 1)


@pytest.mark.usefixtures("lake", "folder")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("small.png", "--fit", "set"), 2, "Leave INPUT out."),
        (("--fit", "large.png"), 2, "--fit with a large image needs its small version as INPUT."),
        (
            ("small.png", "--fit", "small.png"),
            1,
            "Received: (80, 120, 3) and (80, 120, 3) for a stride of (2, 2).",
        ),
        (("small.png", "--fit", "large.png", "--stride", "3"), 1, "for a stride of (3, 3)"),
        (("small.png", "--fit", "nowhere.png"), 1, "nowhere.png"),
        (("nowhere.png", "--fit", "large.png"), 1, "nowhere.png"),
        (("small.png", "--fit", "large.png", "--kernel", "1"), 2, "must not be below --stride"),
        (("1 2; 3 4", "--fit", "1 2 3 4;" * 4), 1, "must be larger than 12 x 12"),
        (("small.png", "--fit", "large.png", "--ridge", "-1"), 2, "--ridge"),
        (("small.png", "--fit", "large.png", "--ridge", "inf"), 2, "--ridge"),
        (("small.png", "--fit", "large.png", "--max-pixels", "9"), 1, "pixels"),
    ],
)
def test_what_does_not_fit_is_an_error_of_one_line(
    invoke: Invoke, words: tuple[str, ...], code: int, message: str
) -> None:
    result = invoke("transpose-conv", *OPTIONS, *words, "--save-weights", "k.npy")
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not Path("k.npy").exists()
