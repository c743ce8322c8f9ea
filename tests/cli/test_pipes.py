"""The installed script in pipes: results flow on and lose nothing."""

import json
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import upsamp

Shell = Callable[..., subprocess.CompletedProcess[bytes]]


def test_a_matrix_loses_nothing_in_a_pipe_of_three(shell: Shell) -> None:
    result = shell(
        "upsamp upsample '0.1 1e-300; 3.3333333333333335 -7e22' --interp bicubic"
        " | upsamp transpose-conv - --weights '0.1 0.7; 1e-9 3' --stride 2"
        " | upsamp upsample - --size 3 1 --interp lanczos3 --format json"
    )
    assert result.returncode == 0
    first = upsamp.upsample([[0.1, 1e-300], [3.3333333333333335, -7e22]], 2, "bicubic")
    kernel = np.array([[0.1, 0.7], [1e-9, 3]]).reshape(2, 2, 1, 1)
    second = upsamp.conv2d_transpose(first, kernel, [0.0], 2).reshape(8, 8)
    expected = upsamp.upsample(second, (3, 1), "lanczos3")
    np.testing.assert_array_equal(json.loads(result.stdout), expected)
    assert result.stderr == (
        b"conv2d_transpose (Conv2DTranspose): output shape (None, 8, 8, 1), 5 parameters\n"
    )


@pytest.mark.parametrize("format_name", ["plain", "csv", "tsv", "json", "npy", "npz"])
def test_every_format_flows_from_one_command_to_the_next(shell: Shell, format_name: str) -> None:
    result = shell(
        f"upsamp upsample '0.1 nan; -inf 1e-5' --interp nearest --format {format_name}"
        " | upsamp upsample - --size 1 --format npy"
    )
    assert (result.returncode, result.stderr) == (0, b"")
    expected = np.array([[0.1, np.nan], [-np.inf, 1e-5]]).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(np.load(BytesIO(result.stdout)), expected, strict=True)


def test_an_image_flows_through_a_pipe(shell: Shell, samples: Path, tmp_path: Path) -> None:
    result = shell(
        f"cat '{samples}/sprite.png' | upsamp upsample - --size 2 --interp bilinear"
        " | upsamp transpose-conv - --kernel 3 1 --stride 3 1 > out.png"
    )
    assert (result.returncode, result.stdout) == (0, b"")
    with Image.open(samples / "sprite.png") as image:
        first = upsamp.upsample(np.asarray(image), 2, "bilinear", alpha=True)
    with Image.open(tmp_path / "out.png") as image:
        actual, expected = np.asarray(image), upsamp.upsample(first, (3, 1))
    shown = expected[..., 3:] > 0
    np.testing.assert_array_equal(actual, np.where(shown, expected, 0))


def test_a_process_substitution_is_a_file(shell: Shell, samples: Path) -> None:
    result = shell(f"upsamp upsample <(cat '{samples}/lake.png') -o out.png")
    assert (result.returncode, result.stderr) == (0, b"")
    result = shell("upsamp transpose-conv <(echo 1 2) --weights <(echo 3) --bias -1")
    assert (result.returncode, result.stdout) == (0, b"2 5\n")


@pytest.mark.parametrize("output", ["/dev/stdout", "/dev/fd/1", ">(cat)"])
def test_a_pipe_may_be_named_as_the_output(shell: Shell, output: str) -> None:
    result = shell(f"upsamp upsample '1 2' --size 1 --format csv -o {output} | cat")
    assert result.returncode == 0
    assert b"1,2\n" in result.stdout


def test_a_device_is_written_to_and_stays(shell: Shell) -> None:
    result = shell("upsamp upsample '1 2' --format npy -o /dev/null && test -c /dev/null")
    assert (result.returncode, result.stderr) == (0, b"")
