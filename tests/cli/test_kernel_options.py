"""The options of `upsamp transpose-conv` that say what is cropped, grouped and weighed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from effort import in_one_test
from numpy.typing import NDArray

import upsamp
from upsamp.core.kernels.presets import KERNEL_PRESETS, make_kernel

Invoke = Callable[..., Result]
Array = NDArray[Any]


def random(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).standard_normal(shape)


def convolved(invoke: Invoke, x: Array, kernel: Array, *options: str) -> Array:
    """Run the command on two files, and give what it wrote."""
    np.save("x.npy", x)
    np.save("k.npy", kernel)
    result = invoke(
        "transpose-conv", *options, "x.npy", "--weights", "k.npy", "-o", "y.npy", "--force"
    )
    assert result.exit_code == 0, result.stderr
    return np.asarray(np.load("y.npy"))


@in_one_test("strides", [(1, 1), (2, 3)])
@in_one_test(
    ("words", "padding"),
    [
        (("--padding", "1"), 1),
        (("--padding=0",), 0),
        (("--padding", "1", "2"), (1, 2)),
        (("--padding", "1x2"), (1, 2)),
        (("--padding", "0", "1", "2", "3"), ((0, 1), (2, 3))),
        (("--padding=0,1,2,3",), ((0, 1), (2, 3))),
        (("--padding", "same"), "same"),
        (("--padding", "SAME"), "same"),
        (("--padding", "valid"), "valid"),
        ((), "valid"),
    ],
)
def test_padding_is_that_of_the_library(
    invoke: Invoke, words: tuple[str, ...], padding: Any, strides: tuple[int, int]
) -> None:
    x, kernel = random(2, 5, 6, 3), random(4, 5, 2, 3)
    y = convolved(invoke, x, kernel, "--stride", *map(str, strides), *words)
    expected = upsamp.conv2d_transpose(x, kernel, None, strides, padding)
    np.testing.assert_array_equal(y, expected, strict=True)


@in_one_test("padding", ["1 2 3", "-1", "half", "1.5", "1,2,3,4,5", "", "same 1"])
def test_padding_of_another_form_is_an_error_of_the_command_line(
    invoke: Invoke, padding: str
) -> None:
    result = invoke("transpose-conv", "1 2; 3 4", "--padding", padding)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--padding must be valid, same, or 1, 2 or 4" in result.stderr
    assert result.stderr.count("\n") == 1


def test_three_words_of_padding_are_an_error_of_the_command_line(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "1 2; 3 4", "--padding", "1", "2", "3")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "must be valid, same, or 1, 2 or 4" in result.stderr


def test_padding_that_leaves_nothing_gives_the_formula_with_its_numbers(invoke: Invoke) -> None:
    result = invoke("transpose-conv", "1 2; 3 4", "--padding", "9")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "(2 - 1) * 1 + 3 - 9 - 9 + 0 = -14" in result.stderr
    assert result.stderr.count("\n") == 1


@in_one_test(
    ("words", "padding", "extra"),
    [
        (("--padding", "1", "--output-padding", "1"), 1, 1),
        (("--padding", "1", "--output-padding", "0", "2"), 1, (0, 2)),
        (("--padding", "0", "--output-padding", "0"), 0, 0),
        (("--padding", "same", "--output-padding", "0"), "same", 0),
        (("--output-padding", "1"), "valid", 1),
    ],
)
def test_output_padding_is_that_of_the_library(
    invoke: Invoke, words: tuple[str, ...], padding: Any, extra: Any
) -> None:
    x, kernel = random(4, 5, 1), random(4, 5, 1, 1)
    y = convolved(invoke, x, kernel, "--stride", "2", "3", *words)
    expected = upsamp.conv2d_transpose(x, kernel, None, (2, 3), padding, extra)
    np.testing.assert_array_equal(y, expected, strict=True)


@in_one_test("padding", ["same", "valid", "1"])
@in_one_test("words", [("9", "16"), ("9x16",)])
def test_the_shape_of_the_output_may_be_given(
    invoke: Invoke, words: tuple[str, ...], padding: str
) -> None:
    x, kernel = random(4, 5, 2), random(4, 5, 1, 2)
    shape = {"same": (8, 14), "valid": (10, 18), "1": (9, 16)}[padding]
    spelled = words if padding == "1" else ("x".join(map(str, shape)),)
    options = ("--stride", "2", "3", "--padding", padding, "--output-shape", *spelled)
    y = convolved(invoke, x, kernel, *options)
    crop = int(padding) if padding.isdigit() else padding
    expected = upsamp.conv2d_transpose(x, kernel, None, (2, 3), crop, output_shape=shape)
    assert y.shape[:2] == shape
    np.testing.assert_array_equal(y, expected, strict=True)


def test_the_shape_of_the_output_stands_alone(invoke: Invoke) -> None:
    options = ("--stride", "2", "--output-shape", "6", "--output-padding", "1")
    result = invoke("transpose-conv", "1 2; 3 4", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--output-shape must stand alone" in result.stderr


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_are_convolved_apart(invoke: Invoke, groups: int) -> None:
    x, kernel = random(3, 4, 4), random(3, 3, 8 // groups, 4)
    y = convolved(invoke, x, kernel, "--stride", "2", "--groups", str(groups))
    expected = upsamp.conv2d_transpose(x, kernel, None, 2, groups=groups)
    np.testing.assert_array_equal(y, expected, strict=True)
    parts = [
        upsamp.conv2d_transpose(part, weights, None, 2)
        for part, weights in zip(
            np.split(x, groups, axis=2), np.split(kernel, groups, axis=3), strict=True
        )
    ]
    np.testing.assert_allclose(y, np.concatenate(parts, axis=2), atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        ("--groups", "3"),
        ("--groups", "0"),
    ],
)
def test_groups_that_do_not_divide_are_refused(invoke: Invoke, options: tuple[str, ...]) -> None:
    np.save("x.npy", random(3, 4, 4))
    result = invoke("transpose-conv", "x.npy", *options)
    assert (result.exit_code, result.stdout) == (2 if "0" in options else 1, "")
    assert "groups" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("groups", [1, 2])
def test_a_kernel_may_have_the_layout_of_pytorch(invoke: Invoke, groups: int) -> None:
    x, weight = random(3, 4, 4), random(4, 6 // groups, 3, 5)
    options = ("--stride", "2", "--groups", str(groups), "--kernel-layout", "torch")
    y = convolved(invoke, x, weight, *options)
    expected = upsamp.conv2d_transpose(x, weight, None, 2, groups=groups, kernel_layout="torch")
    np.testing.assert_array_equal(y, expected, strict=True)
    same = convolved(invoke, x, weight.transpose(2, 3, 1, 0), *options[:4])
    np.testing.assert_array_equal(same, expected)


@in_one_test("padding", ["same", "valid", "2"])
@in_one_test(("dilation", "strides"), [((2, 2), (3, 3)), ((3, 1), (2, 1))])
def test_dilation_goes_with_a_stride(
    invoke: Invoke, dilation: tuple[int, int], strides: tuple[int, int], padding: str
) -> None:
    x, kernel = random(4, 5, 2), random(3, 3, 2, 2)
    words = ("--stride", *map(str, strides), "--dilation", *map(str, dilation))
    y = convolved(invoke, x, kernel, *words, "--padding", padding)
    crop = int(padding) if padding.isdigit() else padding
    expected = upsamp.conv2d_transpose(x, kernel, None, strides, crop, None, dilation)
    np.testing.assert_array_equal(y, expected, strict=True)


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 4, 5)])
def test_channels_may_come_first(invoke: Invoke, shape: tuple[int, ...]) -> None:
    x, kernel = random(*shape), random(3, 2, 4, 3)
    options = ("--stride", "2", "--padding", "1", "0", "--data-format", "channels_first")
    y = convolved(invoke, x, kernel, *options)
    expected = upsamp.conv2d_transpose(x, kernel, None, 2, (1, 0), data_format="channels_first")
    np.testing.assert_array_equal(y, expected, strict=True)


@in_one_test("groups", [1, 3])
@in_one_test("name", list(KERNEL_PRESETS))
def test_every_preset_is_that_of_the_library(invoke: Invoke, name: str, groups: int) -> None:
    x = random(4, 5, 3)
    np.save("x.npy", x)
    options = ("--kernel", "4", "5", "--stride", "2", "3", "--seed", "7", "--padding", "same")
    more = ("--filters", "3", "--groups", str(groups), "--weights", name)
    result = invoke("transpose-conv", "x.npy", *options, *more, "-o", "y.npy")
    assert result.exit_code == 0
    if groups == 1:
        kernel = make_kernel(name, (4, 5, 3, 3), (2, 3), 7)
    else:
        kernel = np.tile(make_kernel(name, (4, 5, 1, 1), (2, 3), 7), (1, 1, 1, 3))
    expected = upsamp.conv2d_transpose(x, kernel, None, (2, 3), "same", groups=groups)
    np.testing.assert_array_equal(np.load("y.npy"), expected, strict=True)


@pytest.mark.parametrize("name", ["random", "glorot", "icnr"])
def test_the_seed_decides_what_is_drawn(invoke: Invoke, name: str) -> None:
    outputs = [
        invoke("transpose-conv", "1 2; 3 4", "--weights", name, "--seed", seed).stdout
        for seed in (1, 1, 2)
    ]
    assert outputs[0] == outputs[1] != outputs[2]


@in_one_test(
    ("kernel", "stride", "name"),
    [(4, 2, "bilinear"), (5, 3, "bilinear"), (8, 2, "bicubic"), (11, 3, "bicubic")],
)
def test_an_interpolating_preset_equals_upsampling_in_the_interior(
    invoke: Invoke, kernel: int, stride: int, name: str
) -> None:
    x = random(9, 10)
    np.save("x.npy", x)
    options = ("--kernel", str(kernel), "--stride", str(stride), "--padding", "same")
    result = invoke("transpose-conv", "x.npy", *options, "--weights", name, "-o", "y.npy")
    assert result.exit_code == 0
    inside = (slice(2 * stride, -2 * stride),) * 2
    expected = upsamp.upsample(x, stride, name)
    np.testing.assert_allclose(np.load("y.npy")[inside], expected[inside], atol=1e-12)


@in_one_test("name", ["nearest", "bilinear", "bicubic", "gaussian", "identity"])
def test_a_preset_that_upsamples_wants_a_filter_for_each_channel(invoke: Invoke, name: str) -> None:
    options = ("--kernel", "4", "--filters", "2", "--weights", name)
    result = invoke("transpose-conv", "1 2; 3 4", *options)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Received: 2 filters for 1 channels." in result.stderr


def test_the_nearest_kernel_repeats_every_input_and_is_no_smaller_than_the_stride(
    invoke: Invoke,
) -> None:
    options = ("--stride", "2", "--weights", "nearest", "--padding", "same")
    result = invoke("transpose-conv", "1 2; 3 4", *options, "--kernel", "2")
    assert result.stdout == "1 1 2 2\n1 1 2 2\n3 3 4 4\n3 3 4 4\n"
    result = invoke("transpose-conv", "1 2; 3 4", *options, "--kernel", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Received: kernel 1, stride 2." in result.stderr


def test_what_does_not_fit_the_input_is_refused_in_one_line(invoke: Invoke) -> None:
    np.save("c4.npy", np.ones((3, 3, 4)))
    for options, code, message in (
        (("--groups", "9" * 18), 1, "The groups must divide the channels and the filters"),
        (
            ("--groups", "3"),
            1,
            (
                "The groups must divide the channels and the filters. Received: --groups 3, and an "
                "input of 4 channels."
            ),
        ),
        (("--groups", "2", "--filters", "3"), 2, "--groups must divide --filters"),
        (("--depth", "8"), 2, "--depth is for images; a matrix keeps its type."),
    ):
        result = invoke("transpose-conv", "c4.npy", *options)
        assert (result.exit_code, result.stdout) == (code, "")
        assert result.stderr.startswith(f"Error: {message}")
        assert result.stderr.count("\n") == 1


@in_one_test(
    ("options", "most"),
    [
        (("--kernel", "3", "--stride", "2"), (6, 6)),
        (("--kernel", "1", "--stride", "3"), (6, 6)),
        (("--kernel", "4", "3", "--stride", "2", "1", "--padding", "same"), (6, 4)),
        (("--kernel", "1", "--stride", "3", "--padding", "same"), (6, 6)),
        (("--kernel", "3", "--stride", "2", "--padding", "1"), (4, 4)),
        (("--kernel", "2", "--stride", "2", "--dilation", "3", "--padding", "1"), (6, 6)),
    ],
)
def test_a_shape_of_zeros_alone_is_refused_with_those_that_may_be(
    invoke: Invoke, options: tuple[str, ...], most: tuple[int, int]
) -> None:
    words = ("transpose-conv", "1 2; 3 4", *options, "--output-shape")
    assert invoke(*words, *most).exit_code == 0
    for rows, columns in ((most[0] + 1, 1), (1, most[1] + 1), (900, 900)):
        for code in ((), ("--code", "torch")):
            result = invoke(*words, rows, columns, *code)
            assert (result.exit_code, result.stdout) == (2, "")
            assert (
                f"--output-shape must be 1 to {most[0]} rows and 1 to {most[1]} columns for an "
                "input of 2 x 2, as a larger one adds rows of zeros alone. "
                f"Received: --output-shape {rows} {columns}." in result.stderr
            )


@pytest.mark.parametrize("padding", ["valid", "0", "1"])
def test_the_longest_shape_is_that_of_the_largest_output_padding(
    invoke: Invoke, padding: str
) -> None:
    options = ("--stride", "2", "--padding", padding)
    padded = invoke("transpose-conv", "1 2; 3 4", *options, "--output-padding", "1")
    rows = len(padded.stdout.split("\n\n")[-1].strip().splitlines())
    shaped = invoke("transpose-conv", "1 2; 3 4", *options, "--output-shape", rows)
    assert shaped.stdout == padded.stdout
    assert invoke("transpose-conv", "1 2; 3 4", *options, "--output-shape", rows + 1).exit_code == 2
