"""load_model: every golden file has the layers, the shapes and the counts that Keras says."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from golden_files import GoldenModel, golden_model, golden_models, model_file, model_folder
from numpy.typing import NDArray

from upsamp.errors import ArgumentError, FileError, FormatError, UnknownLayerError
from upsamp.io import model_sources
from upsamp.io.hdf5 import reading
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.files import loading
from upsamp.models.files.loading import load_model
from upsamp.models.functional import Functional
from upsamp.models.model import Model, unknown_layers
from upsamp.models.sequential import Sequential

MODELS = [pytest.param(golden, id=str(golden)) for golden in golden_models()]
# Operators of TensorFlow, which tf_keras lists under one name.
OPERATORS = {"Multiply", "Add", "Subtract", "TrueDivide", "Negative"}


def load(golden: GoldenModel, name: str) -> Model:
    """Read a model; weights alone go into the layers of its .keras file."""
    if name.endswith(".weights.h5"):
        return load_model(model_file(f"{golden}.keras"), model_file(name))
    return load_model(model_file(name))


# --- what a summary says


def check_rows(golden: GoldenModel, model: Model) -> None:
    """Hold the rows of the summary against those that Keras shows."""
    rows = model.summarize().rows
    expected = [row for row in golden.said["rows"] if row["level"] == 0]
    assert [row.name for row in rows] == [row["name"] for row in expected]
    behind_unknown = False
    for row, said in zip(rows, expected, strict=True):
        if said["type"] == "TFOpLambda":
            assert row.type in OPERATORS
        else:
            assert row.type == said["type"]
        behind_unknown |= isinstance(row.layer, UnknownLayer)
        shape = None if row.output_shape is None else list(row.output_shape)
        # Behind a layer of nobody knows, only .keras files tell shapes and whether there are
        # weights; an unknown layer without any may have some that were not saved.
        assert shape == said["output_shape"] or (shape is None and behind_unknown)
        uncounted = row.params is None and behind_unknown and said["params"] == 0
        assert row.params == said["params"] or uncounted
    assert behind_unknown is not golden.runs


def check_counts(golden: GoldenModel, model: Model) -> None:
    """Hold the counts, and the inputs and outputs, against what Keras says."""
    trainable, others = golden.said["trainable"], golden.said["non_trainable"]
    assert model.count_trainable_params() == trainable
    assert model.count_params() == trainable + others
    summary = model.summarize()
    assert (summary.trainable_params, summary.non_trainable_params) == (trainable, others)
    if isinstance(model, Functional):
        assert [layer.name for layer in model.input_layers] == golden.said["inputs"]
        ends = [model.calls[source.call].layer.name for source in model.output_sources]
        assert ends == golden.said["outputs"]


def check_weights(golden: GoldenModel, model: Model, expected: list[NDArray[Any]]) -> None:
    """Hold the weights against those of another file, array by array."""
    actual = model.get_weights()
    if not golden.runs:  # an unknown layer has its weights in the order of the file
        actual, expected = (sorted(arrays, key=np.ndarray.tobytes) for arrays in (actual, expected))
    assert len(actual) > 0
    for one, other in zip(actual, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_there_are_all_files() -> None:
    assert sum(len(golden.files) for golden in golden_models()) == 126


@in_one_test("golden", MODELS)
def test_every_file_has_the_layers_counts_and_weights_of_keras(
    golden: GoldenModel, tmp_path: Path
) -> None:
    expected = load_model(model_folder(f"{golden}.keras", tmp_path)).get_weights()
    for name in golden.files:
        model = load(golden, name)
        check_rows(golden, model)
        check_counts(golden, model)
        if not name.endswith(".json"):
            check_weights(golden, model, expected)


@in_one_test("golden", MODELS)
def test_an_architecture_alone_has_no_values_and_the_same_counts(golden: GoldenModel) -> None:
    for end in ("keras", "h5"):
        model = load_model(model_file(f"{golden}.{end}"), values=False)
        check_rows(golden, model)
        check_counts(golden, model)
        assert all(weight.value is None for weight in model.weights)


def test_json_has_an_architecture_whose_weights_are_drawn() -> None:
    one, other = (load_model(model_file("keras/dcgan.json")) for _ in range(2))
    assert all(weight.value is None for weight in one.weights)
    for actual, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, expected)
    kernel = one.get_layer("dense").get_weights()[0]
    assert 0.05 < np.std(kernel) < 0.5


@pytest.mark.parametrize("end", ["keras", "weights.h5", "h5"])
def test_weights_of_another_file_go_into_an_architecture(end: str) -> None:
    for library in ("keras", "tf_keras"):
        golden = golden_model(library, "shared")
        model = load_model(
            model_file(f"{library}/shared.json"), model_file(f"{library}/shared.{end}")
        )
        results = model.predict(golden.inputs)
        for actual, expected in zip(results, golden.outputs, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-5)


def test_weights_of_keras_2_go_into_the_same_model_of_keras_3() -> None:
    for end in ("keras", "weights.h5", "h5"):
        model = load_model(model_file("keras/pix2pix.keras"), model_file(f"tf_keras/pix2pix.{end}"))
        expected = load_model(model_file("tf_keras/pix2pix.keras"))
        for one, other in zip(model.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


# --- layers by name, and what is shared


def test_a_layer_of_a_nested_model_is_found_by_its_path() -> None:
    model = load_model(model_file("keras/nested.keras"))
    layer = model.get_layer("outer/sequence/core/conv2d_transpose")
    assert layer.type_name == "Conv2DTranspose"
    assert layer.count_params() == 3 * 3 * 2 * 2 + 2
    assert isinstance(model.get_layer("outer"), Functional)
    assert isinstance(model.get_layer("outer/sequence"), Sequential)
    for name in ("outer/none", "none", "dense/kernel", "outer/", "", "/outer"):
        if name == "outer/":
            assert model.get_layer(name) is model.get_layer("outer")
            continue
        with pytest.raises(ArgumentError, match=r"`name` must be that of a layer of model '"):
            model.get_layer(name)
    with pytest.raises(
        ArgumentError,
        match=r"`name` must be that of a layer of model 'outer'\. Received: name='none'\. Use one "
        r"of .*sequence",
    ):
        model.get_layer("outer/none")


def test_a_layer_is_found_by_its_place() -> None:
    model = load_model(model_file("keras/nested.keras"))
    assert model.get_layer(index=0) is model.layers[0]
    assert model.get_layer(index=-1) is model.layers[-1]
    with pytest.raises(
        ArgumentError,
        match=r"`index` must be less than the 4 layers of model 'sequential'\. Received: index=4\.",
    ):
        model.get_layer(index=4)


def test_a_layer_that_is_called_twice_counts_once() -> None:
    model = load_model(model_file("keras/shared.keras"))
    assert isinstance(model, Functional)
    calls = [call for call in model.calls if call.layer.name == "siamese"]
    assert [call.node for call in calls] == [0, 1]
    assert calls[0].layer is calls[1].layer
    assert [layer.name for layer in model.layers].count("siamese") == 1
    assert model.count_params() == sum(layer.count_params() for layer in model.layers)
    assert len(model.weights) == len({id(weight) for weight in model.weights})


# --- what is put in


def test_inputs_are_given_as_a_list_a_tuple_or_a_dictionary() -> None:
    golden = golden_model("keras", "shared")
    model = load_model(model_file("keras/shared.keras"))
    left, right = golden.inputs["left"], golden.inputs["right"]
    expected = model.predict({"right": right, "left": left})
    assert [one.shape for one in expected] == [one.shape for one in golden.outputs]
    for given in ([left, right], (left, right), {"left": left.tolist(), "right": right}):
        for actual, one in zip(model.predict(given), expected, strict=True):
            np.testing.assert_array_equal(actual, one)
        for actual, one in zip(model(given), expected, strict=True):
            np.testing.assert_array_equal(actual, one)
    swapped = model.predict([right, left])
    assert not np.array_equal(swapped[1], expected[1])


def test_one_input_is_given_as_an_array_a_list_or_a_dictionary() -> None:
    golden = golden_model("keras", "srgan")
    model = load_model(model_file("keras/srgan.keras"))
    [(name, image)] = golden.inputs.items()
    expected = model.predict(image)
    for given in ([image], (image,), {name: image}, image.tolist(), image.astype(np.float64)):
        np.testing.assert_array_equal(model.predict(given), expected)


def test_batches_come_one_by_one() -> None:
    golden = golden_model("keras", "shared")
    model = load_model(model_file("keras/shared.keras"))
    several = [np.concatenate([value] * 3) for value in golden.inputs.values()]
    batches = list(model.predict_batches(several, batch_size=4))
    assert [[len(part) for part in batch] for batch in batches] == [[4, 4, 4], [2, 2, 2]]
    joined = [np.concatenate(parts) for parts in zip(*batches, strict=True)]
    for actual, expected in zip(joined, model.predict(several, batch_size=1), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_inputs_that_do_not_fit_are_refused() -> None:
    model = load_model(model_file("keras/shared.keras"))
    side = np.zeros((2, 6, 6, 2))
    for given, count in (([side], 1), ([side] * 3, 3), (side, 1), ({"left": side}, 1)):
        with pytest.raises(
            ValueError,
            match=rf"Model '\w+' must have 2 inputs: left, right\. Received: {count}\.",
        ):
            model.predict(given)
    with pytest.raises(
        ArgumentError,
        match=r"`x` must have the names of the inputs of model '\w+'\. Received: 'Left'\. Use "
        r"left, right\.",
    ):
        model.predict({"Left": side, "right": side})
    with pytest.raises(
        ArgumentError, match=r"All inputs must have as many samples\. Received: \[2, 1\]\."
    ):
        model.predict([side, side[:1]])
    with pytest.raises(
        ArgumentError,
        match=r"must have shape \(None, 6, 6, 2\)\. Received: shape \(2, 6, 5, 2\)\.",
    ):
        model.predict([side, side[:, :, 1:]])


# --- layers of nobody knows


@in_one_test("library", ["keras", "tf_keras"])
@in_one_test(
    ("model", "layer"),
    [("attention", "lstm"), ("with_lambda", "lambda"), ("with_custom_layer", "noise")],
)
def test_an_unknown_layer_is_named_when_its_model_is_run(
    library: str, model: str, layer: str
) -> None:
    for end in ("keras", "h5"):
        loaded = load_model(model_file(f"{library}/{model}.{end}"))
        assert layer in [one.name for one in unknown_layers(loaded)]
        shapes = [[2, *(axis or 3 for axis in shape[1:])] for shape in loaded.input_shapes]
        with pytest.raises(
            UnknownLayerError,
            match=rf"^Layer '{layer}' \(.+\) must be known to be run\. Received: a class that "
            r"upsamp does not have \(.+\)\. Nothing that a file names is ever run; put a layer of "
            r"upsamp in its place, or run the model in Keras\.$",
        ):
            loaded.predict([np.zeros(shape) for shape in shapes])


def test_what_does_not_depend_on_an_unknown_layer_is_computed() -> None:
    model = load_model(model_file("keras/with_custom_layer.keras"))
    assert isinstance(model, Functional)
    upsampled = next(
        number for number, call in enumerate(model.calls) if call.layer.name == "up_sampling2d"
    )
    part = Functional.from_calls(
        model.calls,
        model.input_calls,
        [type(model.output_sources[0])(upsampled)],
        layers=model.layers,
    )
    image = np.arange(32.0).reshape(1, 4, 4, 2)
    expected = image.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(part.predict(image), expected)


# --- what is no model


def test_what_is_no_file_and_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no such file|No such file|there is no"):
        load_model(tmp_path / "none.keras")
    with pytest.raises(FormatError, match=r"must hold a model\. Received: weights alone"):
        load_model(model_file("keras/dcgan.weights.h5"))
    layer = tmp_path / "layer.json"
    layer.write_text(json.dumps({"class_name": "Flatten", "config": {}}), encoding="utf-8")
    with pytest.raises(
        FormatError,
        match=r"The architecture must be that of a model, Sequential or functional\. Received: a "
        r"Flatten\.",
    ):
        load_model(layer)


def test_weights_of_another_model_are_refused() -> None:
    for other in ("nested.weights.h5", "nested.h5", "nested.keras"):
        with pytest.raises(
            FormatError,
            match=r"The file must hold the weights of layer 'dense' \(Dense\), \(10, 96\)\. "
            r"Received: \(5, 32\)(, \(32,\))?\. Give the weights that belong to this model\.",
        ):
            load_model(model_file("keras/dcgan.keras"), model_file(f"keras/{other}"))


@pytest.mark.parametrize("file", ["keras/dcgan.keras", "keras/dcgan.h5"])
def test_a_model_is_read_by_one_process(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    start = reading._start

    def count(name: str) -> subprocess.Popen[bytes]:
        started.append(name)
        return start(name)

    monkeypatch.setattr(reading, "_start", count)
    for module in (model_sources, loading):  # and not by the one that the other tests share
        monkeypatch.setattr(module, "Hdf5Reader", reading.Hdf5Reader)
    load_model(model_file(file))
    assert len(started) == 1
