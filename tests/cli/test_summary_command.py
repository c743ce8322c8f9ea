"""`upsamp summary`: layers spelled as in Keras code, and every way to show them."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from click.testing import Result
from effort import in_one_test

from upsamp.models.generator import make_generator

Invoke = Callable[..., Result]

LAYERS = (
    "Dense(128 * 5 * 5, input_dim=100)",
    "Reshape((5, 5, 128))",
    "UpSampling2D()",
    "Conv2D(1, (3,3), padding='same')",
)
FORMATS = ("table", "plain", "json", "csv", "markdown")
GENERATORS = ("upsampling", "transpose", "dcgan")


def test_the_tutorial_s_generator_is_shown_as_keras_counts_it(invoke: Invoke) -> None:
    result = invoke("summary", *LAYERS)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.split() for line in result.stdout.splitlines() if line.strip("-")]
    assert lines == [
        ["Model:", '"sequential"'],
        ["Layer", "(type)", "Output", "Shape", "Param", "#"],
        ["dense", "(Dense)", "(None,", "3200)", "323,200"],
        ["reshape", "(Reshape)", "(None,", "5,", "5,", "128)", "0"],
        ["up_sampling2d", "(UpSampling2D)", "(None,", "10,", "10,", "128)", "0"],
        ["conv2d", "(Conv2D)", "(None,", "10,", "10,", "1)", "1,153"],
        ["Total", "params:", "324,353", "(1.24", "MB)"],
        ["Trainable", "params:", "324,353", "(1.24", "MB)"],
        ["Non-trainable", "params:", "0", "(0.00", "B)"],
    ]


def test_json_has_the_keys_that_are_promised(invoke: Invoke) -> None:
    result = invoke(
        "summary", *LAYERS, "BatchNormalization()", "--format", "json", "--name", "mine"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {
        "name": "mine",
        "layers": [
            {"name": "dense", "type": "Dense", "output_shape": [None, 3200], "params": 323200},
            {
                "name": "reshape",
                "type": "Reshape",
                "output_shape": [None, 5, 5, 128],
                "params": 0,
            },
            {
                "name": "up_sampling2d",
                "type": "UpSampling2D",
                "output_shape": [None, 10, 10, 128],
                "params": 0,
            },
            {
                "name": "conv2d",
                "type": "Conv2D",
                "output_shape": [None, 10, 10, 1],
                "params": 1153,
            },
            {
                "name": "batch_normalization",
                "type": "BatchNormalization",
                "output_shape": [None, 10, 10, 1],
                "params": 4,
            },
        ],
        "total_params": 324357,
        "trainable_params": 324355,
        "non_trainable_params": 2,
    }


def test_csv_has_a_row_for_each_layer(invoke: Invoke) -> None:
    result = invoke("summary", *LAYERS, "--format", "csv")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = list(csv.DictReader(StringIO(result.stdout)))
    assert [row["type"] for row in rows] == ["Dense", "Reshape", "UpSampling2D", "Conv2D"]
    assert [row["params"] for row in rows] == ["323200", "0", "0", "1153"]
    assert rows[3]["output_shape"] == "(None, 10, 10, 1)"


def test_markdown_is_a_table(invoke: Invoke) -> None:
    result = invoke("summary", *LAYERS, "--format", "markdown")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "| Layer (type) | Output Shape | Param # |\n|:--|:--|--:|\n" in result.stdout
    assert "| conv2d (Conv2D) | (None, 10, 10, 1) | 1,153 |\n" in result.stdout
    assert "- Total params: 324,353 (1.24 MB)\n" in result.stdout


@pytest.mark.parametrize("format_name", ["table", "plain", "markdown"])
def test_no_digit_is_cut_whatever_the_size(invoke: Invoke, format_name: str) -> None:
    name = "a_layer_with_a_name_that_is_far_longer_than_any_column_of_eighty_characters_allows"
    layer = f"Dense(10**9, input_dim=10**9, name='{name}')"
    result = invoke("summary", layer, "--format", format_name)
    assert (result.exit_code, result.stderr) == (0, "")
    for whole in (name, "(None, 1000000000)", "1,000,000,001,000,000,000"):
        assert whole in result.stdout


@in_one_test("format_name", FORMATS)
@in_one_test("kind", GENERATORS)
def test_the_generators_have_names(invoke: Invoke, kind: str, format_name: str) -> None:
    result = invoke("summary", kind, "--format", format_name)
    assert (result.exit_code, result.stderr) == (0, "")
    if format_name == "json":
        assert json.loads(result.stdout) == make_generator(kind).summarize().to_dict()
    else:
        assert ("(None, 28, 28, 1)" if kind == "dcgan" else "(None, 10, 10, 1)") in result.stdout


def test_layers_may_follow_a_generator(invoke: Invoke) -> None:
    result = invoke("summary", "upsampling", "Flatten()", "Dense(1)", "--format", "json")
    layers = json.loads(result.stdout)["layers"]
    assert [layer["output_shape"] for layer in layers[-2:]] == [[None, 100], [None, 1]]


@pytest.mark.parametrize("source", ["layers.txt", "-"])
def test_layers_stand_in_a_file_or_on_standard_input_one_a_line(
    invoke: Invoke, source: str
) -> None:
    text = "\ufeff# a generator\r\n\r\n" + ",\r\n".join(LAYERS[:2]) + "\n" + "\n".join(LAYERS[2:])
    Path("layers.txt").write_text(text, encoding="utf-8")
    result = invoke("summary", source, stdin=text if source == "-" else None)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == invoke("summary", *LAYERS).stdout


def test_lines_of_a_keras_program_are_taken(invoke: Invoke) -> None:
    Path("program.txt").write_text("\n".join(f"model.add({layer})" for layer in LAYERS))
    result = invoke("summary", "program.txt")
    assert result.stdout == invoke("summary", *LAYERS).stdout


@in_one_test("shape", [["28", "28", "1"], ["28x28x1"], ["28,28,1"], ["(28, 28, 1)"]])
def test_the_shape_of_the_input_is_spelled_freely(invoke: Invoke, shape: list[str]) -> None:
    for args in (
        ["--input-shape", *shape, "Conv2D(2, 3)"],
        ["Conv2D(2, 3)", "--input-shape", *shape],
    ):
        result = invoke("summary", *args, "--format", "json")
        assert (result.exit_code, result.stderr) == (0, "")
        (layer,) = json.loads(result.stdout)["layers"]
        assert layer["output_shape"] == [None, 26, 26, 2]
        assert layer["params"] == 20


@in_one_test(
    ("layers", "message"),
    [
        (["UpSampling2D()"], "A model must know the shape of its input"),
        (["Dens(1, input_dim=2)"], "Did you mean Dense?"),
        (["Quux()"], "Use one of "),
        (["Dense(1, input_dim=2", "Flatten()"], "spelled as in Keras code"),
        (["Dense"], "spelled with its arguments"),
        (["Dense(__import__('os').system('touch hacked'), input_dim=1)"], "arguments must be"),
        (["Dense(open('hacked', 'w').write('x'), input_dim=1)"], "arguments must be"),
        (["Dense((lambda: 5)(), input_dim=1)"], "arguments must be"),
        (["Dense(1 if True else 2, input_dim=1)"], "arguments must be"),
        (["Dense(10**10**10, input_dim=1)"], "exponent"),
        (["Dense(9**63*9**63, input_dim=1)"], "below 2**63"),
        (["Dense(1//0, input_dim=1)"], "division by zero"),
        (["Dense(-1, input_dim=1)"], "units"),
        (["Dense(0, input_dim=1)"], "units"),
        (["Dense(1.5, input_dim=1)"], "units"),
        (["Dense(1, input_dim=1, nonsense=2)"], "nonsense"),
        (["Dense(1, input_dim=1, **{})"], "without **"),
        (["Dense(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)"], "argument"),
        (["Dense(1, units=1, input_dim=1)"], "units"),
        (["Dense(1, input_dim=1, activation='nope')"], "nope"),
        (["Reshape((2, 3), input_shape=(5,))"], "shape"),
        (["Conv2D(1, 9, input_shape=(4, 4, 1))"], "Error: "),
        (["(" * 5000], "Error: "),
        (["Dense(" + "-" * 5000 + "1, input_dim=1)"], "Error: "),
        (["Dense(" + "1+" * 5000 + "1, input_dim=1)"], "Error: "),
        (["Dense(" + "9" * 5000 + ", input_dim=1)"], "Error: "),
        (["Dense(1, input_dim=1, name='\0')\0"], "Error: "),
        (["missing.txt"], "missing.txt"),
        (["layers.txt"], "Line 2: "),
        (["picture.txt"], "bytes that are no text"),
        (["."], "must be a folder that Keras saved"),
        (["empty.txt"], "A model must have a layer"),
        (["-"], "Standard input is empty"),
    ],
)
def test_what_is_wrong_is_told_in_one_short_line(
    invoke: Invoke, layers: list[str], message: str
) -> None:
    Path("layers.txt").write_text("Dense(1, input_dim=1)\nDense(x)\n")
    Path("picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    Path("empty.txt").write_text("# nothing\n")
    result = invoke("summary", *layers)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 1000
    assert not Path("hacked").exists()


@pytest.mark.parametrize("batch", [str(2**63), "9" * 4000])
def test_a_batch_that_nobody_counts_is_refused(invoke: Invoke, batch: str) -> None:
    result = invoke("summary", "dcgan", "--columns", "all", "--batch", batch)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "Error: --batch must be at most 9,223,372,036,854,775,807. Received: 9"
    )


def test_what_is_no_switch_is_refused(invoke: Invoke) -> None:
    result = invoke("summary", "Dense(3, input_dim=3, trainable=7)", "--show-trainable")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "`trainable` must be True or False. Received: trainable=7." in result.stderr


def test_a_table_of_very_many_cells_is_plain(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "layers.txt").write_text("Dense(1, input_dim=1)\n" + "ReLU()\n" * 600)
    wide = ("summary", "layers.txt", "--columns", "all")
    told = invoke(*wide, "--format", "table")
    assert told.stderr == (
        "Note: 11,419 cells are more than a table may have: they are shown as plain text.\n"
    )
    assert told.stdout == invoke(*wide, "--format", "plain").stdout
    other = invoke("summary", "layers.txt", "--format", "table", "--width", "80")
    assert (other.stderr, other.stdout.count("━┓")) == ("", 1)
