"""The columns of a summary: what each tells, as text and as data."""

import json
from typing import Any

import pytest
from effort import in_one_test
from golden_files import golden_models, model_file

from upsamp import Sequential, load_model, make_generator
from upsamp.errors import ArgumentError
from upsamp.layers import (
    Activation,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Input,
    Layer,
    MaxPooling2D,
    Reshape,
    ZeroPadding2D,
)
from upsamp.models.summary.columns import COLUMNS, choose_columns


def cells_of(*layers: Layer, batch: int | None = None) -> list[dict[str, str]]:
    """Return every column of a model's rows."""
    summary = Sequential(layers).summarize(tuple(COLUMNS), batch=batch)
    return [dict(zip(COLUMNS, row, strict=True)) for row in summary.cells()]


def test_a_transposed_convolution_is_counted_on_its_input() -> None:
    (row,) = cells_of(
        Conv2DTranspose(6, 4, strides=2, padding="same", activation="relu", input_shape=(7, 7, 8))
    )
    assert row["multiply_adds"] == "37,632"
    assert row["activation_memory"] == "4.59 KB"
    assert row["weights_memory"] == "3.02 KB"
    assert (row["kernel"], row["strides"], row["dilation"]) == ("4x4", "2x2", "1x1")
    assert (row["padding"], row["activation"], row["overlap"]) == ("same", "relu", "even")
    assert (row["input_shape"], row["groups"]) == ("(None, 7, 7, 8)", "1")


@pytest.mark.parametrize(
    ("kernel", "strides", "verdict"), [(4, 2, "even"), (3, 2, "uneven"), (1, 2, "holes")]
)
def test_the_verdict_on_the_checkerboard(kernel: int, strides: int, verdict: str) -> None:
    assert cells_of(Conv2DTranspose(1, kernel, strides, input_shape=(4, 4, 1)))[0]["overlap"] == (
        verdict
    )


def test_measures_are_for_a_batch_where_one_is_given() -> None:
    layers = Dense(3, input_dim=5), Dense(2)
    one, many = (cells_of(*layers), cells_of(Dense(3, input_dim=5), Dense(2), batch=10))
    assert [row["multiply_adds"] for row in one] == ["15", "6"]
    assert [row["multiply_adds"] for row in many] == ["150", "60"]
    assert [row["output_shape"] for row in many] == ["(10, 3)", "(10, 2)"]
    assert many[0]["activation_memory"] == "120.00 B"
    totals = Sequential([Dense(3, input_dim=5)]).summarize(
        ("multiply_adds", "activation_memory"), batch=1000
    )
    assert totals.totals()[3:] == (
        "Multiply-adds: 15,000 for a batch of 1,000",
        "Activation memory: 11.72 KB for a batch of 1,000",
    )


def test_what_a_layer_has_not_is_a_dash() -> None:
    row = cells_of(Reshape((2, 2, 1), input_shape=(4,)))[0]
    for name in ("kernel", "strides", "padding", "dilation", "groups", "activation", "overlap"):
        assert row[name] == "-"
    assert row["trainable"] == "-"


def test_windows_margins_and_activations_of_every_kind() -> None:
    rows = cells_of(
        ZeroPadding2D(((1, 2), (3, 4)), input_shape=(8, 8, 1)),
        MaxPooling2D((2, 3)),
        Activation("tanh"),
    )
    assert rows[0]["padding"] == "1 2 3 4"
    assert (rows[1]["kernel"], rows[1]["strides"]) == ("2x3", "2x3")
    assert rows[2]["activation"] == "tanh"


def test_memory_is_that_of_the_types_of_the_policy() -> None:
    rows = cells_of(Dense(4, input_dim=2, dtype="mixed_bfloat16"), Dense(4, dtype="bfloat16"))
    assert [row["dtype"] for row in rows] == ["mixed_bfloat16", "bfloat16"]
    assert [row["weights_memory"] for row in rows] == ["48.00 B", "40.00 B"]
    assert [row["activation_memory"] for row in rows] == ["8.00 B", "8.00 B"]


def test_labels_take_the_bytes_of_their_type() -> None:
    model = load_model(model_file("keras/conditional_gan_multiply.keras"), values=False)
    rows = {row.name: row for row in model.summarize(tuple(COLUMNS)).rows}
    assert COLUMNS["dtype"].text(rows["label"]) == "int32"
    assert COLUMNS["activation_memory"].text(rows["label"]) == "4.00 B"


def test_a_layer_that_is_called_twice_counts_twice_and_a_model_what_is_in_it() -> None:
    model = load_model(model_file("keras/shared.keras"), values=False)
    summary = model.summarize(("layer", "multiply_adds"), expand_nested=True)
    found = {row.name: row.measure.multiply_adds for row in summary.rows}
    assert found["siamese"] == 2 * 36 * 9 * 2 * 3
    assert found["tower"] == found["conv2d_transpose"] == 2 * 36 * 16 * 3 * 2
    assert summary.to_dict()["total_multiply_adds"] == (
        found["siamese"] + found["tower"] + (found["score"] or 0)
    )


def test_what_nobody_knows_is_a_question_mark_and_is_told_under_the_table() -> None:
    model = load_model(model_file("keras/with_custom_layer.keras"), values=False)
    summary = model.summarize(("layer", "multiply_adds", "receptive_field"))
    assert summary.cells()[2] == ["noise (Noise)", "?", "-"]
    assert summary.totals()[3].endswith("per sample, and those of 1 layer that cannot be known")
    assert summary.to_dict()["total_multiply_adds"] is None


@in_one_test("golden", golden_models())
def test_every_column_of_every_model_is_text_and_json(golden: Any) -> None:
    model = load_model(model_file(golden.files[0]), values=False)
    summary = model.summarize(tuple(COLUMNS), expand_nested=True, batch=2)
    content = json.loads(json.dumps(summary.to_dict()))
    assert len(content["layers"]) == len(summary.rows)
    assert {"name", "type", *COLUMNS} - {"layer"} <= set(content["layers"][0])
    assert all(cell and cell.isprintable() for row in summary.cells() for cell in row)


def test_columns_are_chosen_added_or_all() -> None:
    default = ("layer", "params")
    assert choose_columns(None, default) == default
    assert choose_columns("all", default) == tuple(COLUMNS)
    assert choose_columns("+kernel,+strides", default) == (*default, "kernel", "strides")
    assert choose_columns("params, Multiply-Adds", default) == ("params", "multiply_adds")
    rule = r"`columns` must name columns, or be all\. Received: 'foo'\. Use one of layer"
    with pytest.raises(ArgumentError, match=rule):
        choose_columns("foo", default)


def test_every_column_says_what_it_is() -> None:
    for name, column in COLUMNS.items():
        assert column.name == name
        assert column.about
        assert column.side in "<>^"


def test_following_a_model_changes_nothing_in_it() -> None:
    model = make_generator("dcgan")
    before = model.summarize()
    model.summarize(tuple(COLUMNS))
    assert model.summarize() == before
    twice = Sequential([Input((4, 4, 1)), Conv2D(1, 3)])
    assert twice.summarize(tuple(COLUMNS)) == twice.summarize(tuple(COLUMNS))
