"""Configs of models: what is read, in which order, under which names, and with which numbers."""

import json
import re
from typing import Any

import numpy as np
from config_checks import X, relu
from config_entries import Entry, entry, functional, image, operation, tensor
from effort import in_one_test

from upsamp.core.shuffle import space_to_depth
from upsamp.layers import InstanceNormalization
from upsamp.models.files.loading import model_from_config
from upsamp.models.model import Model

POOL = {"pool_size": 2, "strides": None, "padding": "valid", "data_format": "channels_last"}
ARRAY = {"value": [2.0, -1.0], "dtype": "float32"}
SOFTMAX = np.exp(X) / np.exp(X).sum((1, 2), keepdims=True)


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
        assert [layer.name for layer in model.input_layers] == names
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
        ("DepthToSpace", [tensor("x")], {"block_size": 1, "data_format": "channels_last"}, X),
        ("SpaceToDepth", [tensor("x")], {"block_size": 2}, space_to_depth(X)),
        ("Mean", [tensor("x")], {"axis": [1, 2], "keepdims": True}, X.mean((1, 2), keepdims=True)),
        ("Stack", [[tensor("x"), tensor("x")]], {"axis": 1}, np.stack([X, X], 1)),
        ("Cast", [tensor("x")], {"dtype": "int32"}, np.trunc(X)),
        ("Softmax", [tensor("x")], {"axis": [1, 2]}, SOFTMAX),
        ("LogSoftmax", [tensor("x")], {"axis": -1}, X - np.log(np.exp(X).sum(-1, keepdims=True))),
        ("Silu", [tensor("x")], {}, X / (1 + np.exp(-X))),
        ("Elu", [tensor("x")], {"alpha": 0.5}, np.where(X > 0, X, (np.exp(X) - 1) / 2)),
        ("StopGradient", [tensor("x")], {}, X),
        ("MaxPool", [tensor("x")], POOL, X.reshape(1, 2, 2, 2, 2, 2).max((2, 4))),
        ("AveragePool", [tensor("x")], POOL, X.reshape(1, 2, 2, 2, 2, 2).mean((2, 4))),
        *(
            ("Multiply", [tensor("x"), {"class_name": kind, "config": ARRAY}], {}, X * [2, -1])
            for kind in ("__numpy__", "__tensor__")
        ),
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
        np.testing.assert_allclose(model.predict(X), expected, rtol=1e-6, atol=1e-6)
        again = model_from_config(json.loads(model.to_json()))
        np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_what_an_operation_is_called_with_is_read_and_written() -> None:
    pads = [[0, 0], [1, 0], [0, 0], [0, 0]]
    one = operation("Pad", "a", [tensor("x")], pad_width=pads, mode="constant")
    one["inbound_nodes"][0]["kwargs"] = {"constant_values": 0.5}
    model = model_from_config(functional(image(), one))
    np.testing.assert_array_equal(model.predict(X), np.pad(X, pads, constant_values=0.5))
    config = json.loads(model.to_json())
    written = config["config"]["layers"][1]
    assert written["config"] == {"name": "a", "pad_width": pads, "mode": "constant"}
    assert written["inbound_nodes"][0]["kwargs"] == {"constant_values": 0.5}
    np.testing.assert_array_equal(model_from_config(config).predict(X), model.predict(X))


@in_one_test(
    ("class_name", "config", "reason"),
    [
        ("Reshape", {"newshape": [1, -1]}, "it moves the batch"),
        ("LogSoftmax", {"axis": 1}, "it has another axis than the last"),
        ("Normalize", {"axis": 1, "order": 1}, "it has another norm"),
        ("Einsum", {"subscripts": "ab->b"}, "there is no operation Einsum in upsamp"),
        ("Cast", {"dtype": "complex64"}, "`dtype` must be one of .*"),
    ],
)
def test_operations_that_are_others_are_listed_with_the_reason(
    class_name: str, config: Entry, reason: str
) -> None:
    one = operation(class_name, "a", [tensor("x")], **config)
    layer: Any = model_from_config(functional(image(), one)).layers[1]
    assert re.fullmatch(reason, layer.reason)


@in_one_test(
    ("home", "registered", "known"),
    [
        ("keras_contrib.layers.normalization", "InstanceNormalization", True),
        ("tensorflow_addons.layers.normalizations", "Addons>InstanceNormalization", True),
        (None, None, True),
        ("my.code", "InstanceNormalization", False),
        ("my.code", "Custom>InstanceNormalization", False),
        (None, "Custom>InstanceNormalization", False),
    ],
)
@in_one_test("prefix", ["", "Addons>"])
def test_instance_normalization_is_that_of_two_libraries(
    home: str | None, registered: str | None, known: bool, prefix: str
) -> None:
    name = "InstanceNormalization"
    one = entry(f"{prefix}{name}", "a", [tensor("x")], axis=-1, epsilon=1e-3, groups=-1)
    one |= {"module": home, "registered_name": registered}
    layer = model_from_config(functional(image(), one)).layers[1]
    assert isinstance(layer, InstanceNormalization) == known
    other = entry(name, "a", [tensor("x")])
    assert not isinstance(
        model_from_config(functional(image(), other)).layers[1], InstanceNormalization
    )


def test_other_layers_of_the_addons_are_listed() -> None:
    one = entry("Addons>Dense", "a", [tensor("x")], units=3)
    layer: Any = model_from_config(functional(image(), one)).layers[1]
    assert layer.reason == "it comes from TensorFlow Addons"


def test_a_config_is_not_changed() -> None:
    config = functional(image(), relu("a", [tensor("x")]))
    before = repr(config)
    assert isinstance(model_from_config(config), Model)
    assert repr(config) == before
