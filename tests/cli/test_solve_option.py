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
# A number for rows and columns, or as Python spells two.
PAIR = r"(\d+|\(\d+, \d+\))"


def pair(text: str) -> Pair:
    numbers = [int(part) for part in re.split(r"x|, ", text.strip("()"))]
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
    match = re.fullmatch(rf"padding={PAIR}, output_padding={PAIR}", cell)
    assert match
    padding, extra = map(pair, match.groups())
    assert all(each < stride for each, stride in zip(extra, strides, strict=True))
    return upsamp.conv2d_transpose(x, kernel, None, strides, padding, extra)


def by_onnx(x: Array, kernel: Array, strides: Pair, cell: str) -> Array:
    """Do what the column of ONNX says."""
    match = re.fullmatch(rf"pads=\[(\d+),(\d+),(\d+),(\d+)\](?:, output_padding={PAIR})?", cell)
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
        crop = padding if padding.isalpha() else pair(padding)
        expected = upsamp.conv2d_transpose(x, kernel, None, strides, crop, added)
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


@in_one_test(("size", "target"), [((7, 7), (28, 28)), ((5, 7), (10, 14)), ((4, 4), (7, 7))])
def test_every_layer_is_shown_once_through_a_pipe(invoke: Invoke, size: Pair, target: Pair) -> None:
    words = ("x".join(map(str, one)) for one in (size, target))
    result = invoke("transpose-conv", "--solve", *words)
    assert result.stderr == ""
    rows = tables(result.stdout)["One"]
    computed = {(row[0], row[1], row[5]) for row in rows}
    assert len(computed) == len(rows)
    # All of Keras' layers, and those of PyTorch.
    made = set()
    for each in solve_layer(size, target):
        x, taps = np.arange(1.0, 1 + size[0] * size[1]).reshape(size), np.arange(49.0) + 1
        kernel = taps[: each.kernel[0] * each.kernel[1]].reshape(*each.kernel, 1, 1)
        result_of = upsamp.conv2d_transpose(
            x, kernel, None, each.strides, each.padding, each.output_padding
        )
        made.add((each.kernel, each.strides, result_of.tobytes()))
    assert len(made) == len([row for row in rows if row[2].isalpha()])


def test_layers_of_pytorch_are_listed(invoke: Invoke) -> None:
    rows = tables(invoke("transpose-conv", "--solve", "7", "14").stdout)["One"]
    expected = ["3", "2", "1", "1", "uneven", "padding=1, output_padding=1", "pads=[1,1,0,0]"]
    assert expected in rows
    rows = tables(invoke("transpose-conv", "--solve", "5x7", "10x28").stdout)["One"]
    assert ["(2, 7)", "(2, 4)", "(0, 2)", "(0, 1)", "uneven"] in [row[:5] for row in rows]


@in_one_test(
    ("size", "target", "chain"),
    [
        ("7", "28", "k4 s2 p1; k4 s2 p1"),
        ("7", "28", "k3 s2 p1 op1; k3 s2 p1 op1"),
        ("4", "64", "k4 s2 p1; k4 s2 p1; k4 s2 p1; k4 s2 p1"),
        ("1", "16", "k4 s1 p0; k4 s2 p1; k4 s2 p1"),
        ("5x7", "20x28", "k4 s2 p1; k4 s2 p1"),
    ],
)
def test_chains_repeat_one_layer_as_dcgan_does(
    invoke: Invoke, size: str, target: str, chain: str
) -> None:
    rows = tables(invoke("transpose-conv", "--solve", size, target).stdout)["Chains"]
    assert chain in [row[3] for row in rows]
    assert len({(row[1], row[2]) for row in rows}) == len(rows)


def made_by(layer: str, size: Pair) -> Array:
    """Return what a layer of a chain, as it is spelled, makes of an input."""
    match = re.fullmatch(rf"k{PAIR} s{PAIR} (same|valid|p{PAIR})(?: op{PAIR})?", layer)
    assert match
    taps, strides = pair(match[1]), pair(match[2])
    padding = match[3] if match[4] is None else pair(match[4])
    kernel = np.arange(1.0, 1 + taps[0] * taps[1]).reshape(*taps, 1, 1)
    x = np.arange(1.0, 1 + size[0] * size[1]).reshape(size)
    extra = pair(match[5]) if match[5] else None
    result: Array = upsamp.conv2d_transpose(x, kernel, None, strides, padding, extra)
    return result


@in_one_test(
    ("size", "target"), [("7", "28"), ("5x7", "10x28"), ("7", "1000"), ("1", "11"), ("4", "64")]
)
def test_every_chain_gives_the_target(invoke: Invoke, size: str, target: str) -> None:
    result = invoke("transpose-conv", "--solve", size, target)
    assert result.exit_code == 0
    rows = tables(result.stdout)["Chains"]
    for count, sizes, layers, in_torch in rows:
        steps = [pair(step) for step in sizes.split(" -> ")]
        assert (steps[0], steps[-1]) == (pair(size), pair(target))
        spelled = layers.split("; ")
        own = [None] * len(spelled) if in_torch == "-" else in_torch.split("; ")
        assert len(steps) - 1 == len(spelled) == len(own) == int(count)
        for before, after, *layer in zip(steps, steps[1:], spelled, own, strict=False):
            results = [made_by(one, before) for one in layer if one is not None]
            assert results[0].shape == after
            np.testing.assert_allclose(results[-1], results[0])
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
    assert re.search(r"--solve must be one positive integer.* Received: -\d", result.stderr)
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
