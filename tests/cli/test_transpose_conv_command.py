"""`upsamp transpose-conv`, from what a user types to the values and the row of the layer."""

import json
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import oracle
import pytest
from click.testing import Result
from effort import in_one_test
from numpy.typing import NDArray
from PIL import Image

import upsamp

Invoke = Callable[..., Result]
Array = NDArray[Any]

MATRIX = np.array([[1.0, 2.0], [3.0, 4.0]])
ROW = "conv2d_transpose (Conv2DTranspose): output shape {}, {} parameters\n"


def pixels_of(path: Path, mode: str | None = None) -> Array:
    with Image.open(path) as image:
        return np.asarray(image.convert(mode) if mode else image).copy()


def by_channel(pixels: Array, kernel: Array, **settings: Any) -> Array:
    """Return each channel convolved alone, rounded half to even and saturated."""
    planes = pixels[..., np.newaxis] if pixels.ndim == 2 else pixels
    values = [
        upsamp.conv2d_transpose(planes[..., channel].astype(float), kernel, **settings)
        for channel in range(planes.shape[2])
    ]
    rounded: Array = np.clip(np.rint(np.stack(values, -1)), 0, 255).astype(np.uint8)
    return rounded[..., 0] if pixels.ndim == 2 else rounded


# --- the tutorial's examples


def test_without_input_it_is_the_tutorial_s_matrix_and_the_user_is_told(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "--kernel", "1", "--stride", "2", stdin=b"9 9")
    assert (result.exit_code, result.stdout) == (0, "1 0 2 0\n0 0 0 0\n3 0 4 0\n0 0 0 0\n")
    notice, row = result.stderr.splitlines(keepends=True)
    assert notice.startswith("Note: no input was given, so this is '1 2; 3 4'")
    assert "'-' to read standard input" in notice
    assert row == ROW.format("(None, 4, 4, 1)", 2)


def test_by_default_the_weights_are_ones_and_the_bias_nothing(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "1 2; 3 4")
    assert result.exit_code == 0
    assert result.stdout == "1 3 3 2\n4 10 10 6\n4 10 10 6\n3 7 7 4\n"
    assert result.stderr == ROW.format("(None, 4, 4, 1)", 10)


@in_one_test(
    ("args", "kernel", "settings"),
    [
        ("--kernel 3 --stride 2", (3, 3), {"strides": (2, 2)}),
        ("--stride 2 --padding same", (3, 3), {"strides": (2, 2), "padding": "same"}),
        (
            "--kernel 2 4 --stride 2 1 --padding SAME",
            (2, 4),
            {"strides": (2, 1), "padding": "same"},
        ),
        ("--kernel 2x3 --dilation 2x1", (2, 3), {"dilation_rate": (2, 1)}),
        (
            "--stride 3 --output-padding 0 2",
            (3, 3),
            {"strides": (3, 3), "output_padding": (0, 2)},
        ),
        (
            "--stride 2 --padding same --output-padding 1",
            (3, 3),
            {"strides": (2, 2), "padding": "same", "output_padding": (1, 1)},
        ),
        ("--kernel-size 5 --strides 3 --dilation-rate 1", (5, 5), {"strides": (3, 3)}),
    ],
)
def test_every_setting_reaches_the_layer(
    invoke: Invoke, args: str, kernel: tuple[int, int], settings: dict[str, Any]
) -> None:
    ones = np.ones((*kernel, 1, 1))
    expected = oracle.conv2d_transpose(MATRIX[..., None], ones, **settings)[..., 0]
    result = invoke("transpose-conv", "1 2; 3 4", *args.split(), "--format", "json")
    assert result.exit_code == 0
    np.testing.assert_array_equal(json.loads(result.stdout), expected)
    assert result.stderr == ROW.format((None, *expected.shape, 1), ones.size + 1)


# --- weights and bias


WEIGHTS = np.array([[1.0, 2.0, 1.0], [2.0, 4.0, 2.5], [1.0, -2.0, 1.0]])


@in_one_test("how", ["inline", "json", "txt", "npy", "npy4", "npz"])
def test_weights_are_given_inline_or_by_a_file(invoke: Invoke, how: str) -> None:
    np.save("npy.npy", WEIGHTS)
    np.save("npy4.npy", WEIGHTS.reshape(3, 3, 1, 1))
    np.savez("all.npz", kernel=WEIGHTS, other=MATRIX)
    np.savetxt("rows.txt", WEIGHTS)
    Path("nested.json").write_text(json.dumps(WEIGHTS.tolist()))
    weights = {
        "inline": "1 2 1; 2 4 2.5; 1 -2 1",
        "json": "nested.json",
        "txt": "rows.txt",
        "npz": "all.npz:kernel",
    }.get(how, f"{how}.npy")
    result = invoke("transpose-conv", "1 2; 3 4", "--weights", weights, "--stride", "2")
    assert result.exit_code == 0
    assert result.stderr == ROW.format("(None, 5, 5, 1)", 10)
    kernel = WEIGHTS.reshape(3, 3, 1, 1)
    expected = oracle.conv2d_transpose(MATRIX[..., None], kernel, strides=(2, 2))[..., 0]
    np.testing.assert_array_equal(np.loadtxt(BytesIO(result.stdout_bytes)), expected)


def test_a_kernel_of_several_filters_mixes_all_channels(invoke: Invoke) -> None:
    generator = np.random.default_rng(30)
    x, kernel = generator.random((3, 4, 2)), generator.random((2, 3, 5, 2))
    np.save("x.npy", x)
    np.save("kernel.npy", kernel)
    args = ("--weights", "kernel.npy", "--stride", "2", "--bias", "1 2 3 4 5", "-o", "out.npy")
    result = invoke("transpose-conv", "x.npy", *args)
    assert result.exit_code == 0
    assert result.stderr == ROW.format("(None, 6, 9, 5)", 65)
    expected = upsamp.conv2d_transpose(x, kernel, np.arange(1.0, 6.0), 2)
    np.testing.assert_array_equal(np.load("out.npy"), expected, strict=True)


def test_filters_of_ones_sum_the_channels(invoke: Invoke) -> None:
    x = np.random.default_rng(31).integers(0, 9, (2, 3, 4, 3)).astype(np.float32)
    np.save("x.npy", x)
    result = invoke("transpose-conv", "x.npy", "--filters", "2", "--kernel", "1", "-o", "out.npy")
    assert result.exit_code == 0
    assert result.stderr == ROW.format("(None, 3, 4, 2)", 8)
    total = x.sum(3, keepdims=True)
    np.testing.assert_array_equal(np.load("out.npy"), np.repeat(total, 2, 3), strict=True)


def test_random_weights_are_drawn_from_the_seed_within_their_bounds(invoke: Invoke) -> None:
    args = ("transpose-conv", "1", "--weights", "random", "--kernel", "4", "--filters", "1")
    first, again, default, other = (
        invoke(*args, *seed).stdout for seed in (["--seed", "7"], ["--seed=7"], [], ["--seed", "8"])
    )
    assert first == again
    assert len({first, default, other}) == 3
    values = np.loadtxt(BytesIO(first.encode()))
    assert values.shape == (4, 4)
    assert np.ptp(values) > 0.1
    assert 0 <= values.min() < values.max() < 1


@in_one_test(
    ("bias", "expected"),
    [("0", "1 2"), ("-1", "0 1"), ("0.5", "1.5 2.5"), ("1e1", "11 12"), ("[3]", "4 5")],
)
def test_a_bias_is_added_to_every_value(invoke: Invoke, bias: str, expected: str) -> None:
    result = invoke("transpose-conv", "1 2", "--kernel", "1", "--bias", bias)
    assert (result.exit_code, result.stdout) == (0, f"{expected}\n")


@in_one_test("dtype", ["f4", "f8", "i4", "u1", "f2"])
def test_an_array_computes_in_its_precision(invoke: Invoke, dtype: str) -> None:
    x = np.random.default_rng(32).integers(0, 100, (3, 4)).astype(dtype)
    np.save("x.npy", x)
    result = invoke("transpose-conv", "x.npy", "--weights", "0.1 0.3", "-o", "out.npy")
    assert result.exit_code == 0
    expected = upsamp.conv2d_transpose(x.astype(float), np.array([[[[0.1]], [[0.3]]]]))
    np.testing.assert_allclose(np.load("out.npy"), expected, rtol=1e-6)


# --- images


@pytest.mark.parametrize("name", ["lake.png", "zone_plate.png", "palette.gif"])
def test_an_image_is_convolved_channel_by_channel(invoke: Invoke, samples: Path, name: str) -> None:
    mode = "RGB" if name == "palette.gif" else None
    kernel = np.array([[0.25, 0.5], [0.125, -0.5]]).reshape(2, 2, 1, 1)
    args = ("--weights", "0.25 0.5; 0.125 -0.5", "--stride", "2", "--bias", "3", "-o", "out.png")
    result = invoke("transpose-conv", samples / name, *args)
    assert result.exit_code == 0
    expected = by_channel(pixels_of(samples / name, mode), kernel, bias=[3.0], strides=2)
    np.testing.assert_array_equal(pixels_of(Path("out.png")), expected, strict=True)


def test_colours_are_weighted_by_alpha_as_it_is_written(invoke: Invoke, samples: Path) -> None:
    kernel = np.array([[0.25, 0.5], [0.125, 0.5]]).reshape(2, 2, 1, 1)
    args = ("--weights", "0.25 0.5; 0.125 0.5", "--stride", "2", "-o", "out.png")
    assert invoke("transpose-conv", samples / "sprite.png", *args).exit_code == 0
    pixels = pixels_of(samples / "sprite.png").astype(np.float64)
    alpha = pixels[..., 3:] / 255
    weighted = np.concatenate([pixels[..., :3] * alpha, pixels[..., 3:]], axis=2)
    expected = np.stack(
        [
            upsamp.conv2d_transpose(plane, kernel, strides=2)
            for plane in np.moveaxis(weighted, 2, 0)
        ],
        axis=2,
    )
    shown = expected[..., 3:].clip(0, 255) / 255
    expected[..., :3] = np.where(shown > 0, expected[..., :3] / np.where(shown > 0, shown, 1), 0)
    actual = pixels_of(Path("out.png")).astype(np.float64)
    np.testing.assert_allclose(actual, expected.clip(0, 255), rtol=0, atol=0.51)


def test_an_image_keeps_sixteen_bits(invoke: Invoke, samples: Path) -> None:
    args = ("--kernel", "2", "--stride", "2", "-o", "out.png")
    result = invoke("transpose-conv", samples / "depth16.png", *args)
    assert result.exit_code == 0
    expected = upsamp.upsample(pixels_of(samples / "depth16.png"), 2)
    np.testing.assert_array_equal(pixels_of(Path("out.png")), expected, strict=True)


def test_what_saturates_is_told_and_a_matrix_keeps_it(invoke: Invoke, samples: Path) -> None:
    result = invoke("transpose-conv", samples / "lake.png", "--kernel", "3", "-o", "out.png")
    assert result.exit_code == 0
    assert "% of the values were below 0 or above 255 and are cut off there" in result.stderr
    kernel = np.ones((3, 3, 1, 1))
    pixels = pixels_of(samples / "lake.png")
    np.testing.assert_array_equal(pixels_of(Path("out.png")), by_channel(pixels, kernel))
    result = invoke("transpose-conv", samples / "lake.png", "--kernel", "3", "-o", "out.npy")
    assert "cut off" not in result.stderr
    expected = upsamp.conv2d_transpose(pixels[..., 1].astype(float), kernel)
    np.testing.assert_array_equal(np.load("out.npy")[..., 1], expected)


def test_filters_mix_the_channels_of_an_image(invoke: Invoke, samples: Path) -> None:
    np.save("kernel.npy", np.array([0.2, 0.3, 0.5]).reshape(1, 1, 1, 3))
    args = ("--weights", "kernel.npy", "-o", "out.png")
    result = invoke("transpose-conv", samples / "lake.png", *args)
    assert result.exit_code == 0
    assert result.stderr.endswith(ROW.format("(None, 160, 240, 1)", 4))
    exact = pixels_of(samples / "lake.png") @ np.array([0.2, 0.3, 0.5])
    np.testing.assert_allclose(pixels_of(Path("out.png")), exact, rtol=0, atol=0.5 + 1e-6)


def test_an_image_is_written_beside_its_own_and_the_user_is_told(
    invoke: Invoke, samples: Path
) -> None:
    copy(samples / "zone_plate.png", "zone.png")
    result = invoke("transpose-conv", "zone.png", "--kernel", "2", "--stride", "2", "3")
    assert result.exit_code == 0
    assert {path.name for path in Path().iterdir()} == {"zone.png", "zone_2x3_transpose.png"}
    assert result.stdout.splitlines()[:-1] == [
        "file: zone.png -> zone_2x3_transpose.png",
        "shape: 128 x 128 -> 256 x 384",
        "dtype: uint8 -> uint8",
        "mode: L -> L",
        "weights: ones",
        "stride: 2 x 3",
        "padding: valid",
    ]
    assert result.stderr == ROW.format("(None, 256, 384, 1)", 5)
    result = invoke("transpose-conv", "zone.png", "--stride", "2", "3")
    assert result.exit_code == 1
    assert "'zone_2x3_transpose.png' exists already. Use --force" in result.stderr


@in_one_test(
    ("args", "message"),
    [
        (["1 2", "--weights", "1 2; 3"], "row 2 has 1 number"),
        (["1 2", "--weights", "kernel.doc"], "There is no file 'kernel.doc'"),
        (["1 2", "--weights", "IMAGE"], "--weights must be numbers. Received: the image"),
        (["1 2", "--weights", "1 2", "--kernel", "3"], "--kernel must agree with --weights"),
        (["1 2", "--weights", "1 2", "--filters", "3"], "--filters must agree with --weights"),
        (["1 2", "--weights", "[[[1]]]"], "--weights must be (rows, columns)"),
        (["1 2", "--bias", "1 2"], "bias"),
        (["IMAGE", "--filters", "5", "-o", "a.png"], "1 to 4 channels"),
        (["1 2", "--kernel", "100000000"], "memory"),
        (["1 2", "--stride", "100000000"], "--max-pixels"),
        (["1 2", "--stride", "100000000", "--max-pixels", "9" * 30], "memory"),
        (["1 2", "--filters", "10000000000000"], "memory"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_leaves_nothing(
    invoke: Invoke, samples: Path, args: list[str], message: str
) -> None:
    image = str(samples / "lake.png")
    result = invoke("transpose-conv", *(image if arg == "IMAGE" else arg for arg in args))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_a_kernel_that_does_not_fit_in_memory_is_never_made(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("transpose-conv", "1 2")  # all modules are loaded
    monkeypatch.setattr("upsamp.core.memory.available_memory", lambda: 2**20)
    tracemalloc.start()
    try:
        result = invoke("transpose-conv", "1 2", "--kernel", "3000")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (result.exit_code, result.stdout) == (1, "")
    assert "of memory are available. Use a smaller" in result.stderr
    assert peak < 2**22
