"""`--solve`: the layers from one size to another, each column of the table put to the test."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test, sample
from numpy.typing import NDArray

import upsamp
from upsamp.core.geometry.size_solver import solve_layer

Invoke = Callable[..., Result]
Array = NDArray[Any]
Pair = tuple[int, int]


def pair(text: str) -> Pair:
    numbers = [int(part) for part in text.split("x")]
    return numbers[0], numbers[-1]


def tables(text: str) -> dict[str, list[list[str]]]:
    """Return the rows of each table by the first word of its title."""
    found: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        if line.endswith(":"):
            rows = found.setdefault(line.split()[0], [])
        else:
            rows.append(re.split(r" {2,}", line.strip()))
    return {name: rows[1:] for name, rows in found.items()}


def by_pytorch(x: Array, kernel: Array, strides: Pair, cell: str) -> Array:
    """Do what the column of PyTorch says."""
    crop, _, zeros = cell.partition(", then zeros ")
    cropped = re.fullmatch(r"padding=0, then crop \[(\d+),(\d+),(\d+),(\d+)\]", crop)
    if cropped:
        whole = upsamp.conv2d_transpose(x, kernel, None, strides, 0)
        top, left, bottom, right = map(int, cropped.groups())
        part = whole[top : whole.shape[0] - bottom, left : whole.shape[1] - right]
        below, beside = map(int, re.findall(r"\d+", zeros) or (0, 0))
        return np.pad(part, ((0, below), (0, beside)))
    match = re.fullmatch(r"padding=([\dx]+), output_padding=([\dx]+)", cell)
    assert match
    padding, extra = map(pair, match.groups())
    assert all(each < stride for each, stride in zip(extra, strides, strict=True))
    return upsamp.conv2d_transpose(x, kernel, None, strides, padding, extra)


def by_onnx(x: Array, kernel: Array, strides: Pair, cell: str) -> Array:
    """Do what the column of ONNX says."""
    match = re.fullmatch(r"pads=\[(\d+),(\d+),(\d+),(\d+)\](?:, output_padding=([\dx]+))?", cell)
    assert match
    top, left, bottom, right = map(int, match.groups()[:4])
    extra = pair(match[5] or "0")
    margins = ((top, bottom), (left, right))
    return upsamp.conv2d_transpose(x, kernel, None, strides, margins, extra)


@pytest.mark.parametrize(
    ("size", "target"),
    sample(
        (
            ("7", "28"),
            ("5x7", "10x28"),
            ("7", "14"),
            ("7", "15"),
            ("7", "16"),
            ("4", "7"),
            ("4x5", "7x10"),
            ("4x5", "9x10"),
            ("4x5", "8x11"),
            ("3", "25"),
            ("3x4", "25x32"),
            ("1", "9"),
            ("1x2", "3x9"),
            ("6", "6"),
            ("5", "7"),
            ("3x2", "3x16"),
        ),
        3,
    ),
)
def test_every_layer_gives_the_target_and_its_translations_the_same_numbers(
    invoke: Invoke, size: str, target: str
) -> None:
    result = invoke("transpose-conv", "--solve", size, target)
    assert result.exit_code == 0
    generator = np.random.default_rng(60)
    rows = tables(result.stdout)["One"]
    assert rows
    for kernel_cell, stride_cell, padding, extra, overlap, torch, onnx in sample(rows, 3):
        strides, taps = pair(stride_cell), pair(kernel_cell)
        x, kernel = generator.random(pair(size)), generator.random((*taps, 1, 1))
        added = None if extra == "-" else pair(extra)
        expected = upsamp.conv2d_transpose(x, kernel, None, strides, padding, added)
        assert expected.shape == pair(target)
        np.testing.assert_allclose(by_pytorch(x, kernel, strides, torch), expected, rtol=1e-12)
        np.testing.assert_allclose(by_onnx(x, kernel, strides, onnx), expected, rtol=1e-12)
        even = all(tap % stride == 0 for tap, stride in zip(taps, strides, strict=True))
        if overlap != "holes":
            assert overlap == ("even" if even else "uneven")


def test_even_overlap_stands_first(invoke: Invoke) -> None:
    rows = tables(invoke("transpose-conv", "--solve", "256", "512").stdout)["One"]
    assert rows[1] == ["4", "2", "same", "-", "even", *rows[1][5:]]
    overlaps = [row[4] for row in rows]
    assert overlaps == sorted(overlaps, key=["even", "uneven", "holes"].index)


def test_every_setting_is_shown_through_a_pipe(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "--solve", "7", "28")
    assert len(tables(result.stdout)["One"]) == len(solve_layer((7, 7), (28, 28)))
    assert result.stderr == ""


@in_one_test(
    ("size", "target"), [("7", "28"), ("5x7", "10x28"), ("7", "1000"), ("1", "11"), ("4", "64")]
)
def test_every_chain_gives_the_target(invoke: Invoke, size: str, target: str) -> None:
    result = invoke("transpose-conv", "--solve", size, target)
    assert result.exit_code == 0
    rows = tables(result.stdout)["Chains"]
    for count, sizes, layers in rows:
        steps = [pair(step) for step in sizes.split(" -> ")]
        assert (steps[0], steps[-1]) == (pair(size), pair(target))
        spelled = layers.split(", ")
        assert len(steps) - 1 == len(spelled) == int(count)
        for before, after, layer in zip(steps, steps[1:], spelled, strict=False):
            match = re.fullmatch(r"k([\dx]+) s([\dx]+) (same|valid)(?: op([\dx]+))?", layer)
            assert match
            taps, strides = pair(match[1]), pair(match[2])
            extra = pair(match[4]) if match[4] else None
            kernel = np.ones((*taps, 1, 1), np.float32)
            x = np.zeros(before, np.float32)
            result_shape = upsamp.conv2d_transpose(x, kernel, None, strides, match[3], extra).shape
            assert result_shape == after
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_a_far_target_has_chains_alone(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "--solve", "7", "1000")
    assert (result.exit_code, result.stderr) == (0, "")
    assert list(tables(result.stdout)) == ["Chains"]


@pytest.mark.parametrize(("size", "target"), [("7", "100003"), ("5x7", "5x1000000007")])
def test_an_impossible_target_names_the_nearest_sizes(
    invoke: Invoke, size: str, target: str
) -> None:
    result = invoke("transpose-conv", "--solve", size, target)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    match = re.search(r"Nearest with one layer: (\d+x\d+)( or \d+x\d+)?\.$", result.stderr.strip())
    assert match
    assert invoke("transpose-conv", "--solve", size, match[1]).exit_code == 0


def test_a_smaller_target_is_an_error_of_one_line(invoke: Invoke) -> None:
    for size, target in (("28", "7"), ("7x7", "6x14")):
        result = invoke("transpose-conv", "--solve", size, target)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "as upsampling never shrinks" in result.stderr
        assert result.stderr.count("\n") == 1


@in_one_test("words", [("7",), ("7", "x"), ("0", "7"), ("7", "1.5")])
def test_a_malformed_size_is_an_error_of_the_command_line(
    invoke: Invoke, words: tuple[str, ...]
) -> None:
    result = invoke("transpose-conv", "--solve", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--solve" in result.stderr
    assert result.stderr.count("\n") == 1


@in_one_test("words", [("7", "-1"), ("7", "-1x5"), ("-7", "7"), ("7", "-1", "28")])
def test_a_negative_size_is_refused_as_one(invoke: Invoke, words: tuple[str, ...]) -> None:
    result = invoke("transpose-conv", "--solve", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert re.search(r"'--solve': must be one positive integer.* Received: -\d", result.stderr)
    assert "Try 'upsamp transpose-conv --help'." in result.stderr


def test_a_size_that_is_missing_names_the_help_of_the_command(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "--solve", "7")
    assert result.exit_code == 2
    assert "requires 2 arguments. Try 'upsamp transpose-conv --help'." in result.stderr


@pytest.mark.parametrize("target", ["10000000", "9" * 99])
def test_sizes_beyond_any_image_are_answered(invoke: Invoke, target: str) -> None:
    result = invoke("transpose-conv", "--solve", "5", target)
    assert result.exit_code == 1
    assert "Nearest with one layer: 46x46." in result.stderr
    assert result.stderr.count("\n") == 1
    layer = "Conv2DTranspose(1, 3, strides=1000, input_shape=(5, 5, 1))"
    advice = invoke("summary", layer, "--solve", target)
    assert (advice.exit_code, advice.stderr.count("\n")) == (1, 1)
    assert "which no layer alone gives" in advice.stderr


# --- models


def test_the_layers_of_a_model_to_change_are_named(invoke: Invoke) -> None:
    for target in ("32", "32x32"):
        result = invoke("summary", "dcgan", "--solve", target)
        assert (result.exit_code, result.stderr) == (0, "")
        summary, _, advice = result.stdout.partition("To make the output 32x32, change one of:\n")
        assert 'Model: "dcgan"' in summary
        rows = [re.split(r" {2,}", line) for line in advice.splitlines()[1:]]
        names = [row[0] for row in rows]
        assert "conv2d_transpose_2" in names
        assert "dense, reshape" in names
        assert all(name in summary for row in names for name in row.split(", "))
        assert all(row[-1] == "32x32" and row[1] != row[2] for row in rows)


def test_following_the_advice_gives_the_size(invoke: Invoke) -> None:
    layer = 'Conv2DTranspose(1, 3, strides=2, padding="same", input_shape=(7, 7, 8))'
    result = invoke("summary", layer, "--solve", "28")
    assert result.exit_code == 0
    name, now, then, output = re.split(r" {2,}", result.stdout.splitlines()[-1])
    assert (name, output) == ("conv2d_transpose", "28x28")
    assert "strides=(2, 2)" in now
    assert "(None, 28, 28, 1)" in invoke("summary", then).stdout


def test_a_model_that_has_the_size_already_is_left_alone(invoke: Invoke) -> None:
    result = invoke("summary", "dcgan", "--solve", "28")
    assert (result.exit_code, result.stderr) == (0, "Note: the output is 28x28 already.\n")
    assert result.stdout == invoke("summary", "dcgan").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("dcgan", "--solve", "1"), "which no layer alone gives"),
        (("dcgan", "--solve", "100003"), "which no layer alone gives"),
        (("Dense(3, input_dim=4)", "--solve", "3"), "images of known rows and columns"),
    ],
)
def test_where_no_layer_helps_it_is_an_error_of_one_line(
    invoke: Invoke, words: tuple[str, ...], message: str
) -> None:
    result = invoke("summary", *words)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
