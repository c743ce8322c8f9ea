"""Configs of models: what is read, in which order, under which names, and with which numbers."""

from typing import Any

import numpy as np
from config_checks import X, relu
from config_entries import Entry, entry, functional, image, operation, tensor
from effort import in_one_test

from upsamp.models.files.loading import model_from_config
from upsamp.models.model import Model


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


@in_one_test(
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


def test_a_config_is_not_changed() -> None:
    config = functional(image(), relu("a", [tensor("x")]))
    before = repr(config)
    assert isinstance(model_from_config(config), Model)
    assert repr(config) == before
