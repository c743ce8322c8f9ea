"""Summaries as data and as text: what real Keras 3 counts, and every digit of it."""

import json
import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from effort import in_one_test
from golden_files import document

from upsamp import Sequential, make_generator
from upsamp.core.memory import format_bytes
from upsamp.errors import MemoryLimitError
from upsamp.layers import (
    LAYERS,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    Input,
    InputLayer,
    Layer,
    UpSampling2D,
)
from upsamp.models.summary.summary import Summary, SummaryRow, layer_row

MODELS: dict[str, Any] = document("summaries")["models"]
GENERATORS = {
    "upsampling": "upsampling_generator",
    "transpose": "transpose_generator",
    "dcgan": "dcgan",
}


def spelled(entry: dict[str, Any]) -> Layer:
    """Make a layer of a golden model; JSON has lists where Keras has tuples."""
    config = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in entry["config"].items()
    }
    make: Any = LAYERS[entry["layer"]]
    layer: Layer = make(**config)
    return layer


def model_of(golden: dict[str, Any]) -> Sequential:
    """Make a golden model."""
    return Sequential(
        [Input(golden["input_shape"]), *map(spelled, golden["model"])], name=golden["name"]
    )


def assert_same_as_keras(summary: Summary, golden: dict[str, Any]) -> None:
    """Assert the rows, the totals and their sizes."""
    assert summary.to_dict()["layers"] == golden["rows"]
    assert list(summary.totals()) == golden["totals"]
    assert summary.total_params == sum(row["params"] for row in golden["rows"])


@in_one_test("name", MODELS)
def test_rows_totals_and_sizes_are_those_of_keras(name: str) -> None:
    golden = MODELS[name]
    summary = model_of(golden).summarize()
    assert summary.name == golden["name"]
    assert_same_as_keras(summary, golden)


@pytest.mark.parametrize(("kind", "name"), GENERATORS.items())
def test_the_generators_are_the_models_that_keras_summarised(kind: str, name: str) -> None:
    assert_same_as_keras(make_generator(kind).summarize(), MODELS[name])


@in_one_test("name", MODELS)
def test_the_text_holds_every_number_and_word_that_keras_prints(name: str) -> None:
    golden = MODELS[name]
    text = str(model_of(golden).summarize())
    words = {
        word for word in re.split(r"[\s┏┓┗┛┡┩├┤┳┴┇╇┼│┃━─└┘┬╋┻╂┿┷]+", golden["texts"]["80"]) if word
    }
    assert len(words) > 15
    assert words <= set(text.split())


def test_the_dictionary_has_the_keys_of_the_json_form_and_no_others() -> None:
    model = Sequential([Dense(3, input_shape=(None, 2)), BatchNormalization()], name="mine")
    expected = {
        "name": "mine",
        "layers": [
            {"name": "dense", "type": "Dense", "output_shape": [None, None, 3], "params": 9},
            {
                "name": "batch_normalization",
                "type": "BatchNormalization",
                "output_shape": [None, None, 3],
                "params": 12,
            },
        ],
        "total_params": 21,
        "trainable_params": 15,
        "non_trainable_params": 6,
    }
    content = model.summarize().to_dict()
    assert content == expected
    assert json.loads(json.dumps(content)) == expected
    assert list(content) == list(expected)


def test_a_model_of_an_input_alone_has_no_rows() -> None:
    summary = Sequential([InputLayer((3,))]).summarize()
    assert summary.to_dict()["layers"] == []
    assert summary.totals() == (
        "Total params: 0 (0.00 B)",
        "Trainable params: 0 (0.00 B)",
        "Non-trainable params: 0 (0.00 B)",
    )


def test_the_text_is_a_table_as_wide_as_its_content() -> None:
    rows = (
        SummaryRow("a" * 40, "Dense", (None, 10**20), 10**15),
        SummaryRow("b", "ReLU", (None, 3), 0),
    )
    lines = str(Summary("wide", rows, 10**15, 5)).splitlines()
    assert lines == [
        'Model: "wide"',
        "",
        f"{'Layer (type)':<48}  {'Output Shape':<29}  {'Param #':>21}",
        "-" * 102,
        f"{'a' * 40} (Dense)  (None, 100000000000000000000)  1,000,000,000,000,000",
        f"{'b (ReLU)':<48}  {'(None, 3)':<29}  {'0':>21}",
        "-" * 102,
        "Total params: 1,000,000,000,000,005 (3.55 PB)",
        "Trainable params: 1,000,000,000,000,000 (3.55 PB)",
        "Non-trainable params: 5 (20.00 B)",
    ]


def test_no_digit_is_cut_however_large_the_model_is() -> None:
    model = Sequential([Dense(2**62, input_dim=2**62), Dense(2**61)])
    first, second = 2**124 + 2**62, 2**123 + 2**61
    text = str(model.summarize())
    for number in (first, second, first + second):
        assert f"{number:,}" in text
    assert f"(None, {2**62})" in text
    assert "…" not in text
    assert "..." not in text


def enormous_model() -> Sequential:
    """Return a model with more parameters than a float can count."""
    growing = [UpSampling2D(2**62) for _ in range(8)]
    return Sequential([Input((1, 1, 1)), *growing, Flatten(), Dense(2**60)])


def test_a_model_with_more_parameters_than_a_float_can_count_has_a_summary() -> None:
    summary = enormous_model().summarize()
    assert summary.total_params == 2 ** (62 * 16 + 60) + 2**60
    assert f"{summary.total_params:,}" in str(summary)


def test_the_weights_of_such_a_model_are_refused() -> None:
    with pytest.raises(MemoryLimitError, match=r"The kernel of layer 'dense' would be "):
        enormous_model().get_weights()


def test_sizes_follow_the_bytes_of_a_parameter() -> None:
    assert Summary("a", (), 512, 0).totals()[0] == "Total params: 512 (2.00 KB)"
    assert Summary("a", (), 512, 0, 4096, 0).totals()[0] == "Total params: 512 (4.00 KB)"
    assert Summary("a", (), 1, 1, 2, 8).totals()[0] == "Total params: 2 (10.00 B)"


@in_one_test(
    ("count", "text"),
    [
        (0, "0.00 B"),
        (4, "4.00 B"),
        (1023, "1023.00 B"),
        (1024, "1.00 KB"),
        (7741, "7.56 KB"),
        (2**20, "1.00 MB"),
        (2**30, "1.00 GB"),
        (2**40, "1.00 TB"),
        (2**50, "1.00 PB"),
    ],
)
def test_sizes_are_in_steps_of_1024_with_two_decimals(count: int, text: str) -> None:
    assert format_bytes(count) == text


def test_a_layer_gives_a_row_of_its_own() -> None:
    layer = Conv2D(16, 3, name="mine")
    layer.build((None, 8, 8, 3))
    row = layer_row(layer, layer.compute_output_shape((5, 8, 8, 3)))
    assert row == SummaryRow("mine", "Conv2D", (None, 6, 6, 16), 448)
    assert row.cells() == ("mine (Conv2D)", "(None, 6, 6, 16)", "448")


def test_a_summary_cannot_be_changed() -> None:
    summary = model_of(MODELS["dcgan"]).summarize()
    with pytest.raises(FrozenInstanceError, match=r"cannot assign to field 'name'"):
        summary.name = "other"  # type: ignore[misc]  # it is frozen: that is what is tested


def test_a_layer_that_is_not_trainable_is_counted_among_the_others() -> None:
    model = Sequential([Dense(3, input_dim=2), Dense(2)])
    model.layers[0].trainable = False
    summary = model.summarize()
    assert (summary.trainable_params, summary.non_trainable_params) == (8, 9)
    model.trainable = False
    assert model.summarize().trainable_params == 0
