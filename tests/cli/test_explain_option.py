"""`--explain`: the steps of a computation, as tables, as Markdown and as JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from upsamp import conv2d_transpose, upsample

Invoke = Callable[..., Result]
INPUTS = [(0, 0), (0, 1), (1, 0), (1, 1)]
SAME = ("transpose-conv", "1 2; 3 4", "--kernel", "3", "--stride", "2", "--padding", "same")


def test_the_steps_of_a_transposed_convolution_are_one_object(invoke: Invoke) -> None:
    result = invoke(*SAME, "--explain", "--format", "json", "--cell", "1", "2")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert [*told] == ["command", "input", "kernel", "stages", "cell", "formula", "output"]
    assert told["command"] == "transpose-conv"
    expected = conv2d_transpose([[1, 2], [3, 4]], np.ones((3, 3, 1, 1)), None, 2, "same")
    np.testing.assert_array_equal(told["output"], expected)
    assert [*told["cell"]] == ["row", "column", "terms", "sum"]
    assert told["cell"]["sum"] == expected[1, 2]
    assert {*map(tuple, told["cell"]["terms"])} == {("input", "weight", "product")}
    for stage in told["stages"]:
        assert [*stage] == ["name", "shape", "values", "note"]
        assert list(np.shape(stage["values"])) == stage["shape"]
    assert told["formula"] == "rows: n * s = 2 * 2 = 4; columns: n * s = 2 * 2 = 4"


def test_the_steps_of_an_upsampling_are_one_object(invoke: Invoke) -> None:
    result = invoke(
        *("upsample", "0 4", "--size", "1", "4", "--interp", "bilinear"),
        *("--explain", "--format", "json", "--cell", "0", "3"),
    )
    told = json.loads(result.stdout)
    np.testing.assert_array_equal(told["output"], upsample([[0.0, 4.0]], (1, 4), "bilinear"))
    assert told["cell"] == {
        "row": 0,
        "column": 3,
        "terms": [
            {"input": 0.0, "weight": 0.625, "product": 0.0},
            {"input": 4.0, "weight": 0.375, "product": 1.5},
        ],
        "sum": 1.5,
    }
    assert told["kernel"] is None


def test_tables_show_each_step_and_the_sum(invoke: Invoke) -> None:
    shown = invoke(*SAME, "--explain", "--bias", "1").stdout
    steps = ["input", "kernel", "zeros inserted", "padded", "kernel turned round", "window"]
    steps += ["window times kernel", *(f"input [{i}, {j}] times kernel" for i, j in INPUTS)]
    steps += ["full result", "output", "matrix C", "C transposed"]
    places = [shown.index(f"{number}. {step} (") for number, step in enumerate(steps, start=1)]
    assert places == sorted(places)
    assert "= 1 + 2 + 3 + 4 + 1 = 11\n" in shown
    assert "[4, 2]         [2, 0]      3       1        3\n" in shown
    assert "[1, 0]  [0, 2]      3       1        3\n" in shown
    assert "its [0, 2] is added to output [2, 2]\n" in shown
    assert "cropped by 1 bottom, 1 right; plus the bias\n" in shown


def test_markdown_has_a_table_for_each_step(invoke: Invoke) -> None:
    lines = invoke(*SAME, "--explain", "--format", "markdown").stdout.splitlines()
    start = lines.index("### 13. output")
    assert lines[start + 2 : start + 9] == [
        "cropped by 1 bottom, 1 right",
        "",
        "|  | 0 | 1 | 2 | 3 |",
        "|--:|--:|--:|--:|--:|",
        "| 0 | 1 | 1 | 3 | 2 |",
        "| 1 | 1 | 1 | 3 | 2 |",
        "| 2 | 4 | 4 | 10 | 6 |",
    ]


def test_a_picture_is_explained_by_its_first_channel(invoke: Invoke, tmp_path: Path) -> None:
    pixels = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    path = tmp_path / "x.png"
    Image.fromarray(pixels).save(path)
    result = invoke(
        *("transpose-conv", str(path), "--kernel", "2", "--explain", "--format", "json"),
    )
    told = json.loads(result.stdout)
    np.testing.assert_array_equal(told["input"], pixels[:, :, 0])
    assert "the first channel of 3 is explained" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("upsample", "1 2", "--cell", "0", "0"), "--cell and --format markdown go with --explain"),
        (("upsample", "1 2", "--explain", "--cell", "9", "0"), "--cell must be a row below 2"),
        (("upsample", "1 2", "--explain", "-o", "x.txt"), "--explain is shown, not written."),
        (
            ("upsample", "1 2", "--explain", "--format", "csv"),
            "must be one of table, markdown, json",
        ),
        (("upsample", "1 2", "--explain", "--compare"), "--compare and --explain each compute"),
        (("transpose-conv", "1", "--explain", "--solve", "7", "28"), "--solve and --explain each"),
        (("transpose-conv", "1", "--format", "markdown"), "go with --explain"),
    ],
)
def test_what_does_not_go_together_is_refused(
    invoke: Invoke, arguments: tuple[str, ...], said: str
) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
