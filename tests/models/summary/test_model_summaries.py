"""Summaries of models that are read from files: rows and totals as real Keras has them."""

from dataclasses import replace
from typing import Any

import pytest
from effort import in_one_test
from golden_files import GoldenModel, golden_model, golden_models, model_file

from upsamp import Sequential, load_model
from upsamp.errors import MissingExtraError
from upsamp.layers import Add, Conv2D, Dense, InputLayer
from upsamp.models.files.optimizer import optimizer_size
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.summary.listing import Listing, read_listing
from upsamp.models.summary.summary import Summary, SummaryRow

FILES = [
    pytest.param(golden, file, id=file)
    for golden in golden_models()
    for file in golden.files
    if ".weights." not in file
]


def listed(file: str) -> Listing:
    """Read one file of a golden model."""
    return read_listing(str(model_file(file)))


def summary_of(file: str) -> Summary:
    """Return the summary of a golden file, its nested models expanded."""
    listing = listed(file)
    summary = listing.model.summarize(
        expand_nested=True, show_trainable=True, counted=listing.counted
    )
    return replace(summary, optimizer=listing.optimizer)


def shapes_of(row: SummaryRow) -> Any:
    """Return the shapes as models.json has them."""
    shapes = [None if shape is None else list(shape) for shape in row.output_shapes]
    return shapes[0] if len(shapes) == 1 else shapes


def connections(row: SummaryRow) -> str | None:
    """Write what a layer is called on as models.json has it: nothing of nested layers."""
    return None if row.level else ", ".join(map(str, row.connected_to)) or None


@in_one_test(("golden", "file"), FILES)
def test_every_row_is_that_of_keras(golden: GoldenModel, file: str) -> None:
    summary = summary_of(file)
    expected = golden.said["rows"]
    graph = summary.columns[3] == "connected_to"
    assert len(summary.rows) == len(expected)
    for row, said in zip(summary.rows, expected, strict=True):
        assert (row.level, row.name) == (said["level"], said["name"])
        if golden.library == "keras":
            assert row.type == said["type"]
        assert row.params == said["params"]
        if golden.library == "keras" or row.type != "Sequential":  # of which Keras 2 wrote nothing
            assert row.trainable == {"Y": True, "N": False, None: None}[said["trainable"]]
        if None not in row.output_shapes:
            assert shapes_of(row) == said["output_shape"]
        if graph and golden.library == "keras":
            assert connections(row) == said["connected_to"]


@in_one_test(("golden", "file"), FILES)
def test_the_totals_are_those_of_keras(golden: GoldenModel, file: str) -> None:
    summary = summary_of(file)
    assert summary.trainable_params == golden.said["trainable"]
    assert summary.non_trainable_params == golden.said["non_trainable"]
    if golden.library == "keras" and (summary.optimizer or golden.name != "compiled"):
        assert list(summary.totals()) == golden.said["totals"]


def test_the_files_know_nearly_all_shapes() -> None:
    unknown = {
        file: [row.name for row in summary_of(file).rows if None in row.output_shapes]
        for golden in golden_models()
        for file in golden.files
        if file.endswith(".keras")
    }
    found = {file: names for file, names in unknown.items() if names and file.startswith("keras/")}
    assert set(found) <= {"keras/attention.keras"}


def test_a_model_whose_layers_are_no_chain_shows_what_they_are_called_on() -> None:
    image, one, other = InputLayer((4, 4, 1)), Conv2D(1, 1), Conv2D(1, 1)
    chain = [Call(image), Call(one, (Source(0),)), Call(other, (Source(1),))]
    graph = [*chain[:2], Call(Add(), (Source(1), Source(1)))]
    shared = [*chain[:2], Call(one, (Source(1),), 1)]
    columns = [
        Functional.from_calls(calls, [0], [Source(2)]).summarize().columns
        for calls in (chain, graph, shared)
    ]
    assert [names[3:] for names in columns] == [(), ("connected_to",), ("connected_to",)]


def test_unknown_layers_have_an_unknown_number_of_weights_until_these_are_counted() -> None:
    model = load_model(model_file("keras/with_lambda.keras"))
    assert [row.params for row in model.summarize().rows] == [0, None, 19]
    summary = model.summarize(counted=True)
    assert [row.params for row in summary.rows] == [0, 0, 19]
    assert "uncounted_layers" not in summary.to_dict()
    assert model.summarize().to_dict()["uncounted_layers"] == ["lambda"]


def test_without_h5py_a_model_is_listed_and_what_is_missing_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise MissingExtraError("It needs h5py. Received: none. Install it.")

    monkeypatch.setattr("upsamp.models.summary.listing._weights", missing)
    assert listed("keras/dcgan.keras").remarks == ()
    listing = listed("keras/with_custom_layer.keras")
    assert not listing.counted
    assert [row.params for row in listing.model.summarize().rows] == [0, 0, None, 19]
    assert listing.remarks[0].startswith("layer 'noise' (Noise) is not known to upsamp")
    assert "Install it" in listing.remarks[1]
    with pytest.raises(MissingExtraError, match="It needs h5py"):
        read_listing(str(model_file("keras/dcgan.keras")), values=True)


@in_one_test("kind", [None, {}, {"optimizer": "adam"}, {"optimizer": {"config": {}}}])
def test_what_is_not_compiled_has_no_optimizer(kind: object) -> None:
    assert optimizer_size(kind, []) is None


# What Keras 3.15 counts for 32 trained values in four weights, once the file was loaded.
OPTIMIZERS: list[tuple[str, dict[str, object], int]] = [
    ("Adam", {}, 66),
    ("Adam", {"amsgrad": True}, 98),
    ("Adam", {"gradient_accumulation_steps": 3}, 98),
    ("Adam", {"learning_rate": {"class_name": "ExponentialDecay", "config": {}}}, 65),
    ("AdamW", {"use_ema": True}, 98),
    ("Adamax", {}, 66),
    ("Nadam", {}, 67),
    ("Adagrad", {}, 34),
    ("Adadelta", {}, 66),
    ("Lion", {}, 34),
    ("Ftrl", {}, 66),
    ("SGD", {"momentum": 0.0}, 2),
    ("SGD", {"momentum": 0.9}, 34),
    ("RMSprop", {"momentum": 0.0}, 34),
    ("RMSprop", {"momentum": 0.5, "centered": True}, 98),
]


@in_one_test(("name", "options", "count"), OPTIMIZERS)
def test_optimizers_keep_what_they_keep_in_keras(
    name: str, options: dict[str, object], count: int
) -> None:
    weights = Sequential([Dense(5, input_dim=3), Dense(2)]).trainable_weights
    config = {"learning_rate": 0.1, **options}
    compiled = {"optimizer": {"class_name": name, "config": config}}
    assert optimizer_size(compiled, weights) == (count, count * 4)


def test_the_total_is_the_same_in_text_and_in_json() -> None:
    summary = summary_of("keras/compiled.keras")
    content = summary.to_dict()
    assert f"Total params: {content['total_params']:,} (" in str(summary)
    parts = ("trainable_params", "non_trainable_params", "optimizer_params")
    assert content["total_params"] == sum(content[part] for part in parts) == 891


def test_a_summary_in_python_takes_what_keras_takes(capsys: pytest.CaptureFixture[str]) -> None:
    said = golden_model("keras", "nested").said
    model = load_model(model_file("keras/nested.keras"), values=False)
    model.summary(line_length=60, expand_nested=True, show_trainable=True)
    text = capsys.readouterr().out
    assert all(row["name"] in text for row in said["rows"])
    kept: list[str] = []
    model.summary(print_fn=kept.append)
    assert kept == [str(model.summarize())]
    assert capsys.readouterr().out == ""


def test_a_batch_and_other_sizes_of_the_input_are_shown() -> None:
    model = load_model(model_file("keras/srgan.keras"), values=False)
    summary = model.summarize(batch=8, input_shapes=[(None, 10, 12, 3)])
    assert summary.cells()[0][1] == "(8, 10, 12, 3)"
    assert summary.cells()[-1][1] == "(8, 40, 48, 3)"
    again = model.summarize()
    assert again.cells()[-1][1] == "(None, None, None, 3)"


def test_a_sequential_knows_what_its_layers_are_called_on() -> None:
    rows = Sequential([Dense(3, input_dim=2), Dense(4)]).summarize().rows
    assert [[str(one) for one in row.connected_to] for row in rows] == [[], ["dense[0][0]"]]
