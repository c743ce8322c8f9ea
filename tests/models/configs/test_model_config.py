"""Configs of models: what is read, what becomes an unknown layer, and what is refused."""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from config_entries import Entry, called, entry, functional, image, operation, sequential, tensor

from upsamp.errors import (
    ArgumentError,
    FormatError,
    MemoryLimitError,
    ShapeError,
    UnknownLayerError,
    UpsampError,
)
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.files.loading import MAX_CALLS, model_from_config
from upsamp.models.model import Model

X = np.arange(32.0, dtype=np.float32).reshape(1, 4, 4, 2) / 8 - 2


def relu(name: str, *calls: list[Any]) -> Entry:
    """Give a layer that changes no shape."""
    return entry("ReLU", name, *calls)


def reason_of(config: Entry) -> str:
    """Give why the only unknown layer of a model is not known; the model is listed."""
    model = model_from_config(config)
    str(model.summarize())
    layer = next(one for one in model.layers if isinstance(one, UnknownLayer))
    with pytest.raises(UnknownLayerError, match=rf"^Layer '{layer.name}' \("):
        model.predict(X)
    return layer.reason


# --- what is read


def test_a_graph_is_read_in_any_order_of_its_layers() -> None:
    layers = [
        entry("Add", "sum", [[tensor("b"), tensor("a")]]),
        relu("b", [tensor("a")]),
        image(),
        entry("UpSampling2D", "a", [tensor("x")]),
    ]
    model = model_from_config(functional(*layers, outputs=["sum", 0, 0]))
    large = X.repeat(2, 1).repeat(2, 2)
    np.testing.assert_array_equal(model.predict(X), large + np.maximum(large, 0))
    # The order of the layers stays, as weights are stored in it.
    assert [layer.name for layer in model.layers] == ["sum", "b", "x", "a"]


def test_inputs_are_named_one_or_several_or_by_a_dictionary() -> None:
    layers = [image("x"), image("z"), entry("Subtract", "d", [[tensor("x"), tensor("z")]])]
    for inputs, names in (
        ([["z", 0, 0], ["x", 0, 0]], ["z", "x"]),
        ({"b": ["z", 0, 0], "a": ["x", 0, 0]}, ["x", "z"]),
    ):
        model = model_from_config(functional(*layers, inputs=inputs))
        assert [layer.name for layer in model.inputs] == names
        np.testing.assert_array_equal(model.predict({"x": X, "z": X / 2}), X / 2)


def test_a_layer_that_is_never_called_is_let_go() -> None:
    model = model_from_config(
        functional(image(), relu("idle"), relu("a", [tensor("x")]), outputs=["a", 0, 0])
    )
    assert [layer.name for layer in model.layers] == ["x", "a"]
    str(model.summarize())


@pytest.mark.parametrize(
    ("class_name", "call", "config", "expected"),
    [
        ("Add", [tensor("x"), 2.0], {}, X + 2),
        ("Subtract", [1, tensor("x")], {}, 1 - X),
        ("Multiply", [tensor("x"), tensor("x")], {}, X * X),
        ("TrueDivide", [tensor("x"), 4.0], {}, X / 4),
        ("Negative", [tensor("x")], {}, -X),
        ("Clip", [tensor("x")], {"x_min": -1.0, "x_max": 1.0}, np.clip(X, -1, 1)),
        ("Concatenate", [[tensor("x"), tensor("x")]], {"axis": 1}, np.concatenate([X, X], 1)),
        ("Reshape", [tensor("x")], {"newshape": [-1, 2, 16]}, X.reshape(1, 2, 16)),
        ("Transpose", [tensor("x")], {"axes": [0, 2, 1, 3]}, X.transpose(0, 2, 1, 3)),
        ("LeakyRelu", [tensor("x")], {"negative_slope": 0.5}, np.where(X > 0, X, X / 2)),
    ],
)
def test_operations_are_read_with_their_numbers(
    class_name: str, call: list[Any], config: Entry, expected: Any
) -> None:
    by_module = operation(class_name, "a", call, **config)
    # The .h5 files of Keras 3 do not say where a class comes from.
    by_form = {key: by_module[key] for key in ("class_name", "config", "name", "inbound_nodes")}
    for one in (by_module, by_form):
        model = model_from_config(functional(image(), one))
        np.testing.assert_allclose(model.predict(X), expected, rtol=1e-6)


# --- what is not known, and is never imported


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


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"module": "my.code"}, "it comes from my.code"),
        ({"registered_name": "my>Dense"}, "it is registered as my>Dense"),
        ({"class_name": "LSTM"}, "there is no LSTM in upsamp"),
        ({"config": {"name": "a"}}, "missing 1 required positional argument: 'units'"),
        ({"config": {"name": "a", "units": "3"}}, "`units` must be an integer of at least 1"),
        ({"config": {"name": "a", "units": 2, "size": 3}}, "Received: size=3"),
        ({"config": {"name": "a", "units": 2, "activation": []}}, "activation"),
        ({"config": {"name": "a", "units": 10**400}}, "it holds a number that is larger than any "),
        ({"config": {"name": "a", "units": 2, "use_bias": 1}}, "`use_bias` must be True or False"),
        ({"class_name": "ELU", "config": {"name": "a", "alpha": "x"}}, "`alpha` must be a number"),
        ({"class_name": "ELU", "config": {"name": "a", "alpha": True}}, "`alpha` must be a number"),
    ],
)
def test_a_layer_that_is_not_known_says_why(changed: Entry, reason: str) -> None:
    config = functional(image(), {**entry("Dense", "a", [tensor("x")], units=2), **changed})
    assert reason in reason_of(config)


@pytest.mark.parametrize(
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


# --- what is refused


def refused(config: object, text: str, kind: type[UpsampError] = FormatError) -> None:
    """Check the text that a config is refused with."""
    with pytest.raises(kind, match=text):
        model_from_config(config)


def test_cycles_are_refused() -> None:
    text = r"A layer must not depend on itself\. Received: layer 'a'\."
    refused(functional(image(), relu("a", [tensor("a")])), text)
    refused(functional(image(), relu("a", [tensor("b")]), relu("b", [tensor("a")])), text)
    refused(functional(image(), relu("a", [tensor("a", 1)], [tensor("a")])), text)


@pytest.mark.parametrize("missing", [tensor("none"), tensor("x", 1), tensor("x", 10**30)])
def test_outputs_that_there_are_not_are_refused(missing: Entry) -> None:
    refused(
        functional(image(), relu("a", [missing])),
        r"Layer 'a' must be called on outputs that there are\. Received: call \d+ of '\w+'\.",
    )


def test_outputs_of_a_layer_are_counted() -> None:
    text = r"An output must be one that the layer has\. Received: output 3 of a layer that has 1\."
    refused(functional(image(), relu("a", [tensor("x", 0, 3)])), text)
    refused(functional(image(), relu("a", [tensor("x")]), outputs=["a", 0, 3]), text)
    inner = called(
        functional(image(), relu("a", [tensor("x")]), outputs=["a", 0, 3], name="n"), [tensor("x")]
    )
    refused(functional(image(), inner), text)


@pytest.mark.parametrize(
    "history",
    [["x", -1, 0], ["x", 0, -1], ["x", 0.0, 0], ["x", "0", 0], ["x"], "x", None, [0, 0, 0], {}],
)
def test_an_output_is_a_name_and_two_numbers(history: Any) -> None:
    text = r"An output in a config must be a layer's name and two numbers\. Received: "
    one = {**tensor("x"), "config": {"keras_history": history}}
    refused(functional(image(), relu("a", [one])), text)
    refused(functional(image(), relu("a", [{**one, "config": history}])), text)


def test_ends_must_be_those_of_the_layers() -> None:
    a = relu("a", [tensor("x")])
    text = r"The inputs and outputs of a model must be those of its layers\. Received: call "
    refused(functional(image(), a, outputs=["b", 0, 0]), rf"{text}0 of 'b'\.")
    refused(functional(image(), a, outputs=["a", 1, 0]), rf"{text}1 of 'a'\.")
    refused(functional(image(), a, inputs=["z", 0, 0]), rf"{text}0 of 'z'\.")
    refused(functional(image(), a, inputs=[]), r"A model's config must have input_layers\.")
    refused(functional(image(), a, outputs="a"), r"must have output_layers\. Received: 'a'\.")
    refused(
        functional(image(), a, inputs=["a", 0, 0]),
        r"The inputs of a model must be input layers\. Received: <ReLU name=a, built=False>\.",
    )
    both = [image(), image("z"), entry("Add", "s", [[tensor("x"), tensor("z")]])]
    refused(functional(*both), r"must be its input layers, .* <InputLayer name=z", ArgumentError)


def test_names_of_layers_come_once() -> None:
    text = r"The layers of a model must have names of their own\. Received: 'a' twice\."
    twice = [relu("a", [tensor("x")]), relu("a", [tensor("x")])]
    refused(functional(image(), *twice), text)
    refused(sequential(image(), *twice), text, ArgumentError)


@pytest.mark.parametrize("layers", [None, {}, [], "layers", 3])
def test_layers_are_a_list(layers: Any) -> None:
    text = r"A model's config must have a list of layers\. Received: none\."
    config = functional(image())
    refused({**config, "config": {**config["config"], "layers": layers}}, text)
    if layers != []:
        refused({"class_name": "Sequential", "config": {"layers": layers}}, text)


def test_entries_have_a_class_and_a_config() -> None:
    nothing: list[Any] = [None, 3, "Dense", []]
    for wrong in nothing:
        refused(sequential(image(), wrong), r"A layer of a config must be an object\. Received: ")
    for name in [*nothing[:2], "", "a\nb", "\x1b[31m", []]:
        refused(
            sequential(image(), {"class_name": name, "config": {}}),
            r"A layer of a config must have a class name on one line\. Received: ",
        )
    refused(
        sequential(image(), {"class_name": "Dense", "config": 3}),
        r"A layer of a config must have a config, an object\. Received: Dense with 3\.",
    )
    refused(
        {"class_name": "Model", "config": {"name": "mine"}},
        r"A model must be Sequential or functional to be read\. Received: a subclass of Model, "
        r"whose layers its code alone knows\.",
    )
    calls = {**relu("a"), "inbound_nodes": {"args": 3}}
    refused(functional(image(), calls), r"The calls of layer 'a' must be a list\. Received: \{")
    refused(
        functional(image(), relu("a", [])),
        r"Layer 'a' must be called on an output\. Received: a call on none\.",
    )


def test_an_input_has_a_batch() -> None:
    for layer in (relu("a", [tensor("x")]), entry("Flatten", "a", [tensor("x")])):
        refused(
            functional(image(shape=()), layer),
            r"Layer 'x' \(InputLayer\) must have an input with a batch\. Received: shape \(\)\.",
            ShapeError,
        )


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "", "x" * 2000, 3, ["a"], {}])
def test_names_that_cannot_be_shown_are_not_shown(name: Any) -> None:
    layer = {**relu("a", [tensor("x")]), "config": {"name": name}}
    model = functional(image(), relu("b", [tensor("x")]), outputs=["b", 0, 0], name=name)
    for config in (functional(image(), layer), sequential(image(), layer), model):
        with pytest.raises(
            ArgumentError, match=r"`name` must be text on one line of at most 1000 characters\."
        ) as caught:
            model_from_config(config)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400


# --- what would take long, or much


def test_a_model_that_is_nested_without_end_is_refused() -> None:
    config: Any = relu("a")
    for _ in range(3000):
        config = sequential(config)
    refused(config, r"A model's layers must not be nested this deep\. Received: more levels than")


def within(seconds: float, config: Entry) -> None:
    """Check that a config with too many calls is refused, and soon."""
    start = time.process_time()
    refused(
        config,
        r"A model must not call its layers more than 100,000 times\. Received: more, those of "
        r"nested models counted at each call\. It is no model that one trains\.",
    )
    assert time.process_time() - start < seconds


def test_a_million_calls_are_refused() -> None:
    within(5, functional(image(), relu("a", *[[tensor("x")]] * 1_000_000)))


def nested(levels: int, class_name: str, calls: int = 10, **config: Any) -> Entry:
    """Give a model that calls a model some times, and so on."""
    model = entry(class_name, "in", **config)
    for _ in range(levels):
        inner = {**model, "name": "in", "inbound_nodes": []}
        for node in range(calls):
            taken = tensor("in", node - 1) if node else tensor("x")
            inner["inbound_nodes"].append({"args": [taken], "kwargs": {}})
        free = image(shape=(None, None, None, 2))
        model = functional(free, inner, outputs=["in", calls - 1, 0], name="in")
    return model


def test_models_that_call_models_are_counted_before_they_are_read() -> None:
    within(1, nested(8, "ReLU"))
    within(1, nested(8, "ZeroPadding2D", padding=1))
    within(1, nested(60, "ReLU", calls=2))


def test_as_many_calls_as_are_allowed_are_read_soon() -> None:
    assert MAX_CALLS == 100_000
    start = time.process_time()
    for levels in (3, 4):
        model = model_from_config(nested(levels, "ReLU"))
        str(model.summarize())
    assert model.output_shape == (None, None, None, 2)
    # Each call makes the image larger, so that no two are alike.
    model = model_from_config(nested(2, "ZeroPadding2D", padding=1))
    assert model.predict(X).shape == (1, 204, 204, 2)
    assert time.process_time() - start < 10


def test_many_layers_are_listed_soon() -> None:
    start = time.process_time()
    model = model_from_config(sequential(image(), *(relu(f"a{one}") for one in range(5000))))
    assert len(model.summarize().rows) == 5000
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("Dense", {"units": 10**15}),
        ("Dense", {"units": 10**300}),
        ("UpSampling2D", {"size": 10**9}),
        ("UpSampling2D", {"size": 10**300}),
        ("UpSampling2D", {"size": 10**9, "interpolation": "bilinear"}),
        ("ZeroPadding2D", {"padding": 10**12}),
        ("Conv2DTranspose", {"filters": 1, "kernel_size": 1, "strides": 10**9}),
        ("Conv2DTranspose", {"filters": 1, "kernel_size": 10**9}),
        ("Conv2D", {"filters": 1, "kernel_size": 10**9, "padding": "same"}),
        ("Conv2D", {"filters": 10**12, "kernel_size": 1}),
        ("Resizing", {"height": 10**10, "width": 10**10}),
    ],
)
def test_absurd_sizes_are_listed_and_not_run(class_name: str, config: Entry) -> None:
    # The size stands inside the model, and at its end.
    for layers in (
        [entry(class_name, "a", [tensor("x")], **config)],
        [
            entry(class_name, "a", [tensor("x")], **config),
            entry("GlobalAveragePooling2D", "b", [tensor("a")]),
        ],
    ):
        model = model_from_config(functional(image(), *layers))
        str(model.summarize())
        start = time.process_time()
        with pytest.raises(MemoryLimitError, match=r"would be .* memory are available"):
            model.predict(X)
        assert time.process_time() - start < 5


def test_a_config_is_not_changed() -> None:
    config = functional(image(), relu("a", [tensor("x")]))
    before = repr(config)
    assert isinstance(model_from_config(config), Model)
    assert repr(config) == before
