"""`upsamp summary` of models from files, and of two models beside each other."""

import csv
import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from click.testing import Result
from effort import choose, in_one_test, one_of_each
from golden_files import model_file, model_folder

from upsamp.cli.render.summaries import FORMATS
from upsamp.models.summary.columns import COLUMNS

Invoke = Callable[..., Result]
Shell = Callable[..., object]
Terminal = Callable[..., tuple[str, str, int]]
COMPARED = ("table", "plain", "json", "csv", "markdown")


def run(invoke: Invoke, *args: object, stdin: bytes | None = None) -> str:
    """Run the command, which must succeed without a note."""
    result = invoke("summary", *args, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.parametrize("name", ["dcgan.keras", "dcgan.h5", "dcgan.json"])
def test_every_kind_of_file_is_shown(invoke: Invoke, name: str) -> None:
    text = run(invoke, model_file(f"keras/{name}"))
    assert text == run(invoke, model_file("keras/dcgan.keras"))
    assert run(invoke, "-", stdin=model_file(f"keras/{name}").read_bytes()) == text


def test_a_folder_and_a_file_without_a_suffix_are_shown(invoke: Invoke, tmp_path: Path) -> None:
    text = run(invoke, model_file("keras/dcgan.keras"))
    assert run(invoke, model_folder("keras/dcgan.keras", tmp_path / "folder")) == text
    plain = tmp_path / "model"
    plain.write_bytes(model_file("keras/dcgan.keras").read_bytes())
    assert run(invoke, "model") == text


def test_a_model_comes_through_a_pipe(shell: Callable[..., CompletedProcess[str]]) -> None:
    done = shell(f"cat {model_file('keras/dcgan.keras')} | upsamp summary - --format json")
    assert json.loads(done.stdout)["layers"][0]["name"] == "dense"


def test_layers_may_follow_a_sequential_model_of_a_file(invoke: Invoke) -> None:
    text = run(invoke, model_file("keras/dcgan.keras"), "Flatten()", "Dense(1)", "--format", "json")
    assert [row["type"] for row in json.loads(text)["layers"][-2:]] == ["Flatten", "Dense"]


@pytest.mark.parametrize(
    ("format_name", "name"),
    one_of_each(FORMATS, ["pix2pix", "shared", "nested", "every_layer", "operations"]),
)
def test_no_digit_and_no_name_is_lost_in_any_format(
    invoke: Invoke, name: str, format_name: str
) -> None:
    file = model_file(f"keras/{name}.keras")
    args = ("--columns", "all", "--expand-nested", "--format")
    rows = json.loads(run(invoke, file, *args, "json"))["layers"]
    text = run(invoke, file, *args, format_name)
    for row in rows:
        assert row["name"] in text
        number = row["params"]
        assert f"{number:,}" in text or str(number) in text
    assert "…" not in text


@pytest.mark.parametrize("columns", choose((60,), (30, 60, 80, 120)))
def test_no_digit_and_no_name_is_lost_on_a_terminal(terminal: Terminal, columns: int) -> None:
    file = model_file("keras/pix2pix.keras")
    shown, errors, code = terminal(columns, "summary", file, "--columns", "all", "--expand-nested")
    assert (code, errors) == (0, "")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert max(len(line) for line in lines if line[0] not in "M T N A") <= columns
    headings = re.sub(r"\W", "", "".join(line for line in lines if line.startswith("┃")))
    for column in COLUMNS.values():
        if columns >= 60:
            assert re.sub(r"\W", "", column.heading) in headings
    assert "…" not in shown
    joined = re.sub(r"[\s│]", "", shown)
    for number in ("3,091", "12,288", "64.00B"):
        assert number in joined


def test_a_width_folds_a_table_off_a_terminal(invoke: Invoke) -> None:
    text = run(invoke, model_file("keras/shared.keras"), "--width", 44)
    lines = [line for line in text.splitlines() if line.startswith("│")]
    assert {len(line) for line in lines} <= set(range(45))
    assert "siamese" in text


def test_columns_are_chosen_by_name(invoke: Invoke) -> None:
    file = model_file("keras/dcgan.keras")
    rows = list(
        csv.DictReader(
            StringIO(run(invoke, file, "--columns", "layer,kernel,overlap", "--format", "csv"))
        )
    )
    assert list(rows[0]) == ["name", "type", "kernel", "overlap"]
    assert rows[-1]["overlap"] == "uneven"
    content = json.loads(run(invoke, file, "--columns", "+receptive-field", "--format", "json"))
    assert content["layers"][3]["receptive_field"] == {"rows": 1, "columns": 1, "all": False}
    assert content["layers"][-1]["receptive_field"] == {"rows": 4, "columns": 4, "all": True}


def test_batches_multiply_what_is_measured(invoke: Invoke) -> None:
    file = model_file("keras/dcgan.keras")
    one, many = (
        json.loads(run(invoke, file, "--columns", "+multiply_adds", "--format", "json", *more))
        for more in ((), ("--batch", 16))
    )
    assert many["total_multiply_adds"] == 16 * one["total_multiply_adds"]
    assert (one["batch"], many["batch"]) == (None, 16)
    assert many["layers"][-1]["output_shape"] == [16, 16, 16, 3]


def test_an_input_of_another_size_is_shown_where_the_model_takes_it(invoke: Invoke) -> None:
    file = model_file("keras/srgan.keras")
    content = json.loads(run(invoke, file, "--input-shape", 5, 6, 3, "--format", "json"))
    assert content["layers"][-1]["output_shape"] == [None, 20, 24, 3]
    result = invoke("summary", file, "--input-shape", 5, 6, 4)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "must have an input of shape (None, None, None, 3)" in result.stderr


def test_an_unknown_layer_is_listed_and_told(invoke: Invoke) -> None:
    result = invoke("summary", model_file("keras/with_lambda.keras"))
    assert result.exit_code == 0
    assert result.stderr.startswith(
        "Note: layer 'lambda' (Lambda) is not known to upsamp: it is listed, not run ("
    )
    assert "lambda (Lambda)" in result.stdout


def test_weights_of_another_file_are_taken_and_must_fit(invoke: Invoke) -> None:
    model = model_file("keras/dcgan.json")
    weights = model_file("keras/dcgan.weights.h5")
    assert run(invoke, model, "--weights", weights) == run(invoke, model)
    result = invoke("summary", model_file("keras/nested.keras"), "--weights", weights)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The file must hold ")


def test_a_graph_is_written_for_graphviz(invoke: Invoke) -> None:
    text = run(invoke, model_file("keras/nested.keras"), "--format", "dot", "--expand-nested")
    assert text.count("{") == text.count("}")
    assert text.count("subgraph cluster_") == 3
    assert 'label="up_sampling2d\\nUpSampling2D\\n(None, 8, 8, 2)' in text
    text = run(invoke, model_file("keras/shared.keras"), "--format", "dot")
    assert 'n2 -> n3 [label="[0][0]"];' in text
    assert 'n2 -> n3 [label="[1][0]"];' in text


def test_names_are_escaped_in_every_format(invoke: Invoke) -> None:
    name = 'a|b[bold]"c\\d<e>:smile:'
    layer = f"Dense(2, input_dim=2, name={name!r})"
    assert '"a|b[bold]\\"c\\\\d<e>:smile:\\nDense' in run(invoke, layer, "--format", "dot")
    assert r'a\|b[bold]"c\d&lt;e>:smile:' in run(invoke, layer, "--format", "markdown")
    assert name in run(invoke, layer, "--format", "table")
    assert name in run(invoke, layer, "--style", "keras", "--width", 200)


@in_one_test("format_name", COMPARED)
def test_two_models_are_shown_side_by_side(invoke: Invoke, format_name: str) -> None:
    files = (model_file("keras/dcgan.keras"), model_file("keras/small.keras"))
    files = (files[0], model_file("keras/upsampling_generator.keras"))
    text = run(invoke, *files, "--format", format_name)
    for word in ("conv2d_transpose", "up_sampling2d", "(None, 16, 16, 3)", "1,776"):
        words = {word, word.replace("(", "[").replace(")", "]"), word.replace(",", "")}
        spread = "".join(text.split())
        found = any("".join(one.split()).replace("None", "null") in spread for one in words)
        assert word in text or found or format_name == "csv"


def test_a_model_and_its_older_file_are_the_same(invoke: Invoke) -> None:
    text = run(
        invoke,
        model_file("keras/dcgan.keras"),
        model_file("keras/dcgan.h5"),
        "--compare-weights",
    )
    assert text.endswith("The models are the same.\n")
    assert f"First: {model_file('keras/dcgan.keras')}, model " in text


def test_a_model_and_a_generator_can_be_compared(invoke: Invoke) -> None:
    content = json.loads(run(invoke, "dcgan", model_file("keras/dcgan.keras"), "--format", "json"))
    assert content["same"] is False
    assert [row["mark"] for row in content["layers"]] == ["~"] * 11


@in_one_test(
    ("arguments", "message"),
    [
        (["keras/pix2pix.keras", "--solve", 32], "--solve must have layers one after the other."),
        (["keras/pix2pix.keras", "Flatten()"], "Layers must be added to a Sequential model."),
        (["keras/shared.keras", "--input-shape", 4, 4, 2], "a model of one input. Received: 2"),
        (["keras/dcgan.keras"] * 3, "Two models can be compared"),
        (["keras/dcgan.keras", "keras/dcgan.h5", "--batch", 2], "does not use --batch"),
        (["keras/dcgan.keras", "keras/dcgan.h5", "--format", "dot"], "--format dot must be used"),
        (["keras/dcgan.json", "keras/dcgan.h5", "--compare-weights"], "which has none."),
        (["Dense(1, input_dim=1)", "--weights", "a.npz"], "--weights must belong to a model"),
        (["dcgan", "--weights", "a.npz"], "a model from a file. Received: the generator dcgan."),
        (["dcgan", "--name", "mine"], "--name must be used with layers. Received: 'dcgan'."),
        (["dcgan", "--compare-weights"], "--compare-weights must be used with two models."),
        (["keras/dcgan.keras", "--columns", "foo"], "--columns must name columns, or be all. "),
        (["keras/dcgan.keras", "--max-size", "1KB"], "must unpack to at most 1,024 bytes"),
        (["keras/dcgan.keras", "--max-size", "lots"], "must be a number of bytes, as 500MB"),
        (["keras/dcgan.keras", "--format", "csv", "--width", 9], "--width must be that of a table"),
        (["keras/dcgan.weights.h5"], "must hold a model. Received: weights alone"),
        (["missing.keras"], "there is no such file"),
    ],
)
def test_what_is_wrong_with_a_model_is_told_in_one_line(
    invoke: Invoke, arguments: list[object], message: str
) -> None:
    named = [
        model_file(word) if isinstance(word, str) and word.startswith("keras/") else word
        for word in arguments
    ]
    result = invoke("summary", *named)
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@in_one_test(
    ("text", "fits"),
    [("60000", True), ("0.1GB", False), ("1 MB", True), ("2GiB", True), ("0", False)],
)
def test_sizes_are_written_freely(invoke: Invoke, text: str, fits: bool) -> None:
    result = invoke("summary", model_file("keras/dcgan.keras"), "--max-size", text)
    assert (result.exit_code == 0) is fits


def test_every_column_is_told_in_the_help(invoke: Invoke) -> None:
    words = " ".join(invoke("summary", "--help").stdout.split())
    for column in COLUMNS.values():
        assert f"{column.name} {column.about}" in words
