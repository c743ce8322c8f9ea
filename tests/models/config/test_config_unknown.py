"""Configs with what upsamp does not know: it is listed, says why, and is never imported."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from config_checks import X, relu
from config_entries import Entry, called, entry, functional, image, operation, sequential, tensor
from effort import in_one_test

from upsamp.errors import ArgumentError, UnknownLayerError
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.files.loading import model_from_config
from upsamp.models.model import unknown_layers


def reason_of(config: Entry) -> str:
    """Return why the only unknown layer of a model is not known; the model is listed."""
    model = model_from_config(config)
    str(model.summarize())
    layer = next(one for one in model.layers if isinstance(one, UnknownLayer))
    with pytest.raises(UnknownLayerError, match=rf"^Layer '{layer.name}' \("):
        model.predict(X)
    return layer.reason


def test_nothing_that_a_config_names_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "trace"
    package = tmp_path / "trap_package"
    package.mkdir()
    for file in (tmp_path / "trap.py", package / "__init__.py", package / "layers.py"):
        file.write_text(f"open({str(trace)!r}, 'a').write('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    function: Entry = {
        "class_name": "function",
        "config": "run",
        "module": "trap",
        "registered_name": "f",
    }
    activation = {"class_name": "ReLU", "config": {}}
    registered = {"registered_name": "trap>ReLU"}
    wrong: list[Entry] = [
        {"module": "trap"},
        {"module": "trap_package.layers", "class_name": "Dense"},
        {"module": "trap.keras"},
        {"class_name": "trap.Dense"},
        {"registered_name": "trap>Dense"},
        {"module": "keras.layers", "class_name": "trap"},
        {"class_name": "Lambda", "config": {"name": "a", "function": function}},
        {"class_name": "Activation", "config": {"name": "a", "activation": function}},
        {"config": {"name": "a", "units": 2, "kernel_initializer": function}},
        {"config": {"name": "a", "units": 2, "activation": {**activation, "module": "trap"}}},
        {"config": {"name": "a", "units": 2, "activation": {**activation, **registered}}},
        {"config": {"name": "a", "units": 2, "dtype": function}},
        {"class_name": "TimeDistributed", "config": {"name": "a", "layer": {"module": "trap"}}},
        {"class_name": "__import__", "config": {"name": "a"}},
        {"module": "os", "class_name": "system", "config": {"name": "a", "command": "true"}},
    ]
    for changed in wrong:
        config = functional(image(), {**entry("Dense", "a", [tensor("x")], units=2), **changed})
        assert reason_of(config)
    # What is for training, or draws weights that a file brings, may be anyone's.
    mine = {"class_name": "Mine", "module": "trap", "config": {"x": 1}}
    options = {"kernel_initializer": mine, "kernel_regularizer": mine, "bias_constraint": mine}
    known = entry("Dense", "a", [tensor("x")], units=2, **options)
    assert model_from_config(functional(image(), known)).count_params() == 6
    compiled = {**functional(image(), relu("a", [tensor("x")])), "compile_config": function}
    model_from_config({**compiled, "module": "trap", "registered_name": "trap>Model"})
    assert not trace.exists()
    new = {name for name in set(sys.modules) - before if not name.startswith(("upsamp", "numpy"))}
    assert not {name for name in new if name.startswith(("trap", "keras", "tensorflow"))}


@in_one_test(
    ("changed", "reason"),
    [
        ({"module": "my.code"}, "it comes from my.code"),
        ({"registered_name": "my>Dense"}, "it is registered as my>Dense"),
        ({"class_name": "LSTM"}, "there is no LSTM in upsamp"),
        ({"config": {"name": "a"}}, "missing a required argument: 'units'"),
        ({"config": {"name": "a", "units": "3"}}, "`units` must be an integer of at least 1"),
        ({"config": {"name": "a", "units": 2, "size": 3}}, "Received: size=3"),
        ({"config": {"name": "a", "units": 2, "activation": []}}, "activation"),
        ({"config": {"name": "a", "units": 10**400}}, "it holds a number that is larger than any "),
        ({"config": {"name": "a", "units": 2, "use_bias": 7}}, "`use_bias` must be True or False"),
        ({"class_name": "ELU", "config": {"name": "a", "alpha": "x"}}, "`alpha` must be a number"),
        ({"class_name": "ELU", "config": {"name": "a", "alpha": True}}, "`alpha` must be a number"),
    ],
)
def test_a_layer_that_is_not_known_says_why(changed: Entry, reason: str) -> None:
    config = functional(image(), {**entry("Dense", "a", [tensor("x")], units=2), **changed})
    assert reason in reason_of(config)


def test_what_a_layer_takes_in_python_it_takes_from_a_config() -> None:
    scaling = entry("Rescaling", "a", [tensor("x")], scale=2.0, offset=[1.0])
    model = model_from_config(functional(image(), scaling))
    np.testing.assert_array_equal(model.predict(X), 2 * X + 1)


@in_one_test(
    ("class_name", "call", "config"),
    [
        ("Add", [tensor("x")], {}),
        ("Add", [tensor("x"), tensor("x")], {"out": 1}),
        ("Add", [tensor("x"), 10**400], {}),
        ("Add", [tensor("x"), "y"], {}),
        ("Clip", [tensor("x")], {"x_min": 0}),
        ("LeakyRelu", [tensor("x")], {"negative_slope": "x"}),
        ("Transpose", [tensor("x")], {"axes": []}),
        ("Transpose", [tensor("x")], {"axes": [1, 0, 2, 3]}),
        ("Resize", [tensor("x")], {"size": []}),
        ("Reshape", [tensor("x")], {"newshape": 4}),
        ("Einsum", [tensor("x")], {"subscripts": "ij->i"}),
    ],
)
def test_an_operation_with_other_arguments_is_not_known(
    class_name: str, call: list[Any], config: Entry
) -> None:
    assert reason_of(functional(image(), operation(class_name, "a", call, **config)))


def test_an_operation_that_is_called_with_other_numbers_is_not_known() -> None:
    twice = operation("Add", "a", [tensor("x"), 1.0], [tensor("x"), 2.0])
    assert reason_of(functional(image(), twice)) == "it is called with other numbers each time"
    same = operation("Add", "a", [tensor("x"), 1.0], [tensor("a"), 1.0])
    model = model_from_config(functional(image(), same, outputs=["a", 1, 0]))
    np.testing.assert_array_equal(model.predict(X), X + 2)


def test_a_model_in_an_argument_is_not_read() -> None:
    inner = sequential(entry("Dense", "d", units=2))
    wrapper = entry("SpectralNormalization", "a", [tensor("x")], layer=inner)
    assert reason_of(functional(image(), wrapper)) == "it holds a model, Sequential, in an argument"


# --- layers that are known, and cannot be run here


def test_a_layer_that_does_not_take_its_input_is_listed() -> None:
    layers = [
        entry("Conv2D", "a", [tensor("x")], filters=3, kernel_size=1),
        {
            **entry("ReLU", "b", [tensor("a")]),
            "build_config": {"input_shape": [None, 4, 4, 3]},
        },
    ]
    config = functional(image(shape=(None, 2, 4, 4, 2)), *layers)
    model = model_from_config(config)
    assert [row.output_shape for row in model.summarize().rows] == [
        (None, 2, 4, 4, 2),
        (None, 4, 4, 3),
        (None, 4, 4, 3),
    ]
    [layer] = unknown_layers(model)
    assert layer.refusal.startswith("must have an input of rank 4, the batch included. Received: ")
    with pytest.raises(UnknownLayerError, match=r"^Layer 'a' \(Conv2D\) must take its input to be"):
        model.predict(np.zeros((1, 2, 4, 4, 2)))
    listed = sequential(image(shape=(None, 3)), entry("Conv2D", "a", filters=3, kernel_size=1))
    assert [one.name for one in unknown_layers(model_from_config(listed))] == ["a"]


def test_a_layer_that_took_its_input_refuses_another_one() -> None:
    model = model_from_config(
        functional(image(shape=(None, None, 4, 2)), entry("Flatten", "f", [tensor("x")]))
    )
    with pytest.raises(ArgumentError):
        model.predict(np.zeros((1, 4)))
    assert not unknown_layers(model)
    assert model.predict(np.zeros((1, 2, 4, 2))).shape == (1, 16)


@in_one_test(
    "told",
    [{"batch_input_shape": [None, 6, 4]}, {"batch_shape": [None, 6, 4]}, {"input_shape": [6, 4]}],
)
def test_an_unknown_first_layer_tells_the_shape_of_the_input(told: Entry) -> None:
    model = model_from_config(sequential(entry("LSTM", "l", units=3, **told), relu("r")))
    assert model.input_shape == (None, 6, 4)
    assert [row.name for row in model.summarize().rows] == ["l", "r"]
    wrong = sequential(entry("LSTM", "l", units=3, **{name: [None, "6", -1] for name in told}))
    assert not model_from_config(wrong).built


def test_an_input_of_text_is_listed() -> None:
    words = entry("InputLayer", "x", batch_shape=[None, 1], dtype="string")
    model = model_from_config(functional(words, relu("a", [tensor("x")])))
    assert [one.name for one in unknown_layers(model)] == ["x"]
    assert len(model.summarize().rows) == 2
    with pytest.raises(UnknownLayerError, match=r"^Layer 'x' \(InputLayer\) must take its input"):
        model.predict(np.zeros((1, 1)))


def test_a_model_of_code_within_a_model_is_listed() -> None:
    mine = called({"class_name": "Model", "config": {"name": "mine"}}, [tensor("x")])
    reason = reason_of(functional(image(), mine))
    assert reason == "a subclass of Model, whose layers its code alone knows"


def test_a_model_without_a_shape_behind_an_unknown_layer_is_listed_with_its_layers() -> None:
    inner = called(sequential(relu("r"), name="s"), [tensor("u")])
    config = functional(image(), entry("Mine", "u", [tensor("x")]), inner, outputs=["s", 0, 0])
    rows = model_from_config(config).summarize(expand_nested=True).rows
    assert [(row.name, row.output_shape) for row in rows[1:]] == [
        ("u", None),
        ("s", None),
        ("r", None),
    ]
