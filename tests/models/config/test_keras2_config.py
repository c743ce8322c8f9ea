"""Configs of Keras 2 and tf.keras, in every form that they were written in."""

import math
from typing import Any

import numpy as np
import pytest
from config_entries import Entry
from effort import in_one_test
from golden_files import golden_models, model_file

from upsamp.core.shuffle import depth_to_space, space_to_depth
from upsamp.errors import FormatError
from upsamp.io.model_files import open_model
from upsamp.models.config.keras2_config import modernize
from upsamp.models.config.layer_config import OLD_NAMES
from upsamp.models.config.tensorflow_functions import FUNCTIONS
from upsamp.models.files.loading import model_from_config

X = np.arange(32.0, dtype=np.float32).reshape(1, 4, 4, 2) / 8 - 2


def layer(class_name: str, name: str, *calls: Any, **config: Any) -> Entry:
    """Return a layer as tf.keras writes it; each call is a list of [layer, call, output, {}]."""
    return {
        "class_name": class_name,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "name": name,
        "inbound_nodes": list(calls),
    }


def image(name: str = "x") -> Entry:
    """Return an input layer of tf.keras."""
    return layer("InputLayer", name, batch_input_shape=[None, 4, 4, 2], sparse=False, ragged=False)


def model(*layers: Entry, outputs: Any, inputs: Any = None, name: str = "m") -> Entry:
    """Return a functional model of tf.keras."""
    ends = {"input_layers": inputs or [["x", 0, 0]], "output_layers": outputs}
    return {"class_name": "Functional", "config": {"name": name, "layers": list(layers), **ends}}


def operator(function: str, name: str, call: Any) -> Entry:
    """Return an operator of tf.keras, whose calls have one list less around them."""
    return {
        "class_name": "TFOpLambda",
        "config": {"name": name, "trainable": True, "dtype": "float32", "function": function},
        "name": name,
        "inbound_nodes": [call],
    }


def run(config: Entry, x: Any = X, version: str = "2.21.0") -> Any:
    """Run the model of a config."""
    return model_from_config(config, version).predict(x)


# --- calls


def test_a_call_on_one_output_and_on_several() -> None:
    config = model(
        image(),
        layer("UpSampling2D", "a", [["x", 0, 0, {}]], size=[2, 2]),
        layer("Add", "b", [["a", 0, 0, {}], ["a", 0, 0, {}]]),
        outputs=[["b", 0, 0], ["a", 0, 0]],
    )
    large = X.repeat(2, 1).repeat(2, 2)
    added, given = run(config)
    np.testing.assert_array_equal(added, 2 * large)
    np.testing.assert_array_equal(given, large)


def test_a_shared_layer_is_called_by_number() -> None:
    shared = layer("ReLU", "a", [["x", 0, 0, {}]], [["z", 0, 0, {}]])
    both = layer("Subtract", "b", [["a", 1, 0, {}], ["a", 0, 0, {}]])
    inputs = [["x", 0, 0], ["z", 0, 0]]
    config = model(image(), image("z"), shared, both, outputs=[["b", 0, 0]], inputs=inputs)
    np.testing.assert_array_equal(
        run(config, {"x": X, "z": -X}), np.maximum(-X, 0) - np.maximum(X, 0)
    )


def test_inputs_may_be_a_dictionary() -> None:
    inputs = {"second": ["x", 0, 0], "first": ["z", 0, 0]}
    both = layer("Subtract", "b", [["x", 0, 0, {}], ["z", 0, 0, {}]])
    config = model(image(), image("z"), both, outputs=[["b", 0, 0]], inputs=inputs)
    read = model_from_config(config, "2.21.0")
    assert [one.name for one in read.input_layers] == ["z", "x"]
    np.testing.assert_array_equal(read.predict([X, X * 2]), X)


@pytest.mark.parametrize("first", [0, 1])
def test_calls_of_a_nested_model_begin_at_1_or_at_0(first: int) -> None:
    inner = {
        "class_name": "Sequential",
        "config": {
            "name": "tower",
            "layers": [
                {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4, 4, 2]}},
                {"class_name": "LeakyReLU", "config": {"name": "leaky", "alpha": 0.5}},
            ],
        },
        "name": "tower",
        "inbound_nodes": [[["x", 0, 0, {}]], [["tower", first, 0, {}]]],
    }
    config = model(image(), inner, outputs=[["tower", first + 1, 0]])
    np.testing.assert_array_equal(run(config), np.where(X > 0, X, X / 4))


# --- operators


ALL = {"start": None, "stop": None, "step": None}
PADS = [[0, 0], [1, 0], [0, 2], [0, 0]]
PADDED = np.pad(X, PADS)
SUM = X.sum((1, 3))
CURVES = {"tan": np.tan, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "expm1": np.expm1}
BOUNDS = {
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
}
SELU = 1.0507009873554805 * np.where(X > 0, X, 1.6732632423543772 * (np.exp(X) - 1))
GELU = X / 2 * (1 + np.vectorize(math.erf)(X / math.sqrt(2)))
NEGATIVE = np.where(X > 0, X, X * np.float32(0.2))
OPERATED: list[tuple[str, Any, Any]] = [
    ("math.multiply", ["x", 0, 0, {"y": 2.0, "name": None}], X * 2),
    ("math.multiply", ["x", 0, 0, {"y": ["x", 0, 0], "name": None}], X * X),
    ("math.subtract", ["_CONSTANT_VALUE", -1, 1.0, {"y": ["x", 0, 0], "name": None}], 1 - X),
    ("math.subtract", ["x", 0, 0, {"y": 1, "name": None}], X - 1),
    ("math.truediv", ["x", 0, 0, {"y": 4.0, "name": None}], X / 4),
    ("math.divide", ["x", 0, 0, {"y": 4.0}], X / 4),
    ("math.add", ["x", 0, 0, {"y": 4.0}], X + 4),
    ("__operators__.add", ["x", 0, 0, {"y": ["x", 0, 0], "name": None}], X + X),
    ("math.negative", ["x", 0, 0, {}], -X),
    ("math.negative", ["x", 0, 0], -X),
    ("math.maximum", ["x", 0, 0, {"y": 0.5}], np.maximum(X, 0.5)),
    ("math.minimum", ["x", 0, 0, {"y": 0.5}], np.minimum(X, 0.5)),
    ("math.tanh", ["x", 0, 0, {"name": None}], np.tanh(X)),
    ("nn.tanh", ["x", 0, 0, {"name": None}], np.tanh(X)),
    ("math.sigmoid", ["x", 0, 0, {"name": None}], 1 / (1 + np.exp(-X))),
    ("nn.sigmoid", ["x", 0, 0, {"name": None}], 1 / (1 + np.exp(-X))),
    ("nn.relu", ["x", 0, 0, {"name": None}], np.maximum(X, 0)),
    ("nn.leaky_relu", ["x", 0, 0, {"alpha": 0.5, "name": None}], np.where(X > 0, X, X / 2)),
    ("nn.leaky_relu", ["x", 0, 0, {"name": None}], NEGATIVE),
    (
        "__operators__.getitem",
        ["x", 0, 0, {"slice_spec": [ALL, {"start": 3, "stop": 1, "step": -1}, 0, None]}],
        X[:, 3:1:-1, 0, None],
    ),
    (
        "__operators__.getitem",
        ["x", 0, 0, {"slice_spec": [ALL, {"class_name": "__ellipsis__"}, 1], "name": None}],
        X[..., 1],
    ),
    *(
        (function, ["x", 0, 0, named], expected)
        for function, named, expected in (
            ("math.pow", {"y": 2, "name": None}, X * X),
            ("math.floormod", {"y": 0.5}, X - np.floor(X / 0.5) * 0.5),
            ("math.floordiv", {"y": 0.5}, np.floor(X / 0.5)),
            ("compat.v1.floor_div", {"y": 0.5}, np.floor(X / 0.5)),
            ("math.add", {"y": [0.5, -1.0]}, np.add(X, [0.5, -1.0])),
            ("math.abs", {}, np.abs(X)),
            ("math.square", {"name": None}, X * X),
            ("math.exp", {}, np.exp(X)),
            ("math.sin", {}, np.sin(X)),
            ("math.cos", {}, np.cos(X)),
            ("math.sign", {}, np.sign(X)),
            ("math.floor", {}, np.floor(X)),
            ("math.ceil", {}, np.ceil(X)),
            ("math.round", {}, np.round(X)),
            ("math.softplus", {}, np.log(1 + np.exp(X))),
            ("nn.softsign", {}, X / (1 + np.abs(X))),
            ("nn.relu6", {}, np.clip(X, 0, 6)),
            ("nn.elu", {}, np.where(X > 0, X, np.exp(X) - 1)),
            ("nn.selu", {}, SELU),
            ("nn.silu", {"beta": 1.0}, X / (1 + np.exp(-X))),
            ("nn.swish", {}, X / (1 + np.exp(-X))),
            ("nn.gelu", {}, GELU),
            ("nn.softmax", {}, np.exp(X) / np.exp(X).sum(-1, keepdims=True)),
            ("nn.softmax", {"axis": 1}, np.exp(X) / np.exp(X).sum(1, keepdims=True)),
            ("nn.log_softmax", {}, X - np.log(np.exp(X).sum(-1, keepdims=True))),
            ("math.l2_normalize", {"axis": -1}, X / np.sqrt((X * X).sum(-1, keepdims=True))),
            ("math.reduce_mean", {"axis": [1, 2], "keepdims": True}, X.mean((1, 2), keepdims=True)),
            ("math.reduce_sum", {"axis": -1}, X.sum(-1)),
            ("math.reduce_max", {"axis": 1, "keepdims": False}, X.max(1)),
            ("math.reduce_min", {"axis": [1, 2]}, X.min((1, 2))),
            ("math.reduce_variance", {"axis": -1}, X.var(-1)),
            ("math.reduce_std", {"axis": 1}, X.std(1)),
            ("clip_by_value", {"clip_value_min": -0.5, "clip_value_max": 1}, np.clip(X, -0.5, 1)),
            ("cast", {"dtype": "int32"}, np.trunc(X)),
            ("identity", {}, X),
            ("stop_gradient", {}, X),
            ("reshape", {"shape": [-1, 8, 4]}, X.reshape(1, 8, 4)),
            ("transpose", {"perm": [0, 3, 1, 2]}, X.transpose(0, 3, 1, 2)),
            (
                "compat.v1.transpose",
                {"perm": [0, 2, 1, 3], "name": "t", "conjugate": False},
                X.transpose(0, 2, 1, 3),
            ),
            ("expand_dims", {"axis": 1}, X[:, None]),
            ("pad", {"paddings": [[0, 0], [1, 0], [0, 2], [0, 0]]}, PADDED),
            (
                "compat.v1.pad",
                {"paddings": PADS, "mode": "REFLECT", "name": None, "constant_values": 0},
                np.pad(X, PADS, mode="reflect"),
            ),
            ("tile", {"multiples": [1, 2, 1, 1], "name": None}, np.tile(X, (1, 2, 1, 1))),
            ("repeat", {"repeats": 2, "axis": 1}, X.repeat(2, 1)),
            ("reverse", {"axis": [1], "name": None}, X[:, ::-1]),
            *((f"math.{name}", {}, function(X)) for name, function in CURVES.items()),
            *((f"math.{name}", {"y": 0.5}, function(X, 0.5)) for name, function in BOUNDS.items()),
            ("where", {"x": 2.0, "y": ["x", 0, 0]}, np.where(X != 0, 2, X)),
            ("linalg.matmul", {"b": [[1.0], [2.0]], "transpose_b": False}, X @ [[1.0], [2.0]]),
            ("split", {"num_or_size_splits": [1, 3], "axis": 1}, X[:, :1]),
            ("split", {"num_or_size_splits": 2, "axis": -1, "num": None}, X[..., :1]),
            ("unstack", {"axis": -1}, X[..., 0]),
            ("nn.space_to_depth", {"block_size": 2}, space_to_depth(X)),
            ("image.resize", {"size": [8, 8], "method": "nearest"}, X.repeat(2, 1).repeat(2, 2)),
        )
    ),
    ("concat", [["x", 0, 0, {"axis": 1}], ["x", 0, 0, {"axis": 1}]], np.concatenate([X, X], 1)),
    ("stack", [["x", 0, 0, {"axis": 1}], ["x", 0, 0, {"axis": 1}]], np.stack([X, X], 1)),
]
# Behind another function, for which X itself is nothing.
NESTED: list[tuple[str, Any, tuple[str, Any], Any]] = [
    ("math.abs", {}, ("math.sqrt", {}), np.sqrt(np.abs(X))),
    ("math.add", {"y": 3.0}, ("math.rsqrt", {}), 1 / np.sqrt(X + 3)),
    ("math.add", {"y": 3.0}, ("math.reciprocal", {}), 1 / (X + 3)),
    ("math.add", {"y": 3.0}, ("math.log", {}), np.log(X + 3)),
    ("math.add", {"y": 3.0}, ("math.log1p", {}), np.log(X + 4)),
    *(
        ("math.reduce_sum", {"axis": [1, 3], "keepdims": True}, (name, {"axis": [1, 3]}), SUM)
        for name in ("squeeze", "compat.v1.squeeze")
    ),
    (
        "tile",
        {"multiples": [1, 1, 1, 2]},
        ("nn.depth_to_space", {"block_size": 2, "data_format": "NHWC"}),
        depth_to_space(np.tile(X, 2)),
    ),
]


@in_one_test(("function", "call", "expected"), OPERATED)
def test_operators_of_tensorflow_are_operations(function: str, call: Any, expected: Any) -> None:
    config = model(image(), operator(function, "tf.op", call), outputs=[["tf.op", 0, 0]])
    np.testing.assert_allclose(run(config), expected, rtol=2e-6, atol=1e-6)


@in_one_test(("first", "named", "second", "expected"), NESTED)
def test_operators_of_tensorflow_behind_each_other(
    first: str, named: Any, second: tuple[str, Any], expected: Any
) -> None:
    inner = operator(first, "a", ["x", 0, 0, named])
    outer = operator(second[0], "b", ["a", 0, 0, second[1]])
    config = model(image(), inner, outer, outputs=[["b", 0, 0]])
    np.testing.assert_allclose(run(config), expected, rtol=2e-6)


def test_all_operators_are_tested() -> None:
    tried = {function for function, *_ in OPERATED} | {second[0] for _, _, second, _ in NESTED}
    assert tried == {*FUNCTIONS, "__operators__.getitem"}


def test_all_outputs_of_an_operator_are_known() -> None:
    parts = operator("split", "a", ["x", 0, 0, {"num_or_size_splits": 2, "axis": 1}])
    config = model(image(), parts, outputs=[["a", 0, 1], ["a", 0, 0]])
    second, first = run(config)
    np.testing.assert_array_equal(first, X[:, :2])
    np.testing.assert_array_equal(second, X[:, 2:])


@in_one_test(
    ("function", "named"),
    [
        ("math.reduce_mean", {"axis": 1, "where": True}),
        ("cast", {"dtype": ["x", 0, 0]}),
        ("nn.silu", {"beta": 2.0}),
        ("nn.depth_to_space", {"block_size": 2, "data_format": "NCHW"}),
        ("image.resize", {"size": [8, 8], "preserve_aspect_ratio": True}),
        ("os.system", {"command": "true"}),
    ],
)
def test_arguments_that_have_no_operation_are_refused_by_name(function: str, named: Any) -> None:
    called = operator(function, "a", ["x", 0, 0, named])
    read = model_from_config(model(image(), called, outputs=[["a", 0, 0]]), "2.21.0")
    with pytest.raises(
        NotImplementedError, match=rf"\(there is no operation tf\.{function} in upsamp\)"
    ):
        read.predict(X)


def test_another_operator_is_listed_and_not_run() -> None:
    config = model(
        image(), operator("einsum", "tf.einsum", ["x", 0, 0, {}]), outputs=[["tf.einsum", 0, 0]]
    )
    read = model_from_config(config, "2.21.0")
    assert read.layers[1].type_name == "tf.einsum"
    with pytest.raises(NotImplementedError, match=r"^Layer 'tf\.einsum' \(tf\.einsum"):
        read.predict(X)


# --- what had other names, or meant something else


def test_an_old_sequential_has_a_list_for_its_config() -> None:
    layers = [
        {
            "class_name": "Dense",
            "config": {
                "name": "dense_1",
                "units": 3,
                "batch_input_shape": [None, 2],
                "activation": "linear",
            },
        },
        {"class_name": "LeakyReLU", "config": {"name": "leaky_re_lu_1", "alpha": 0.5}},
    ]
    read = model_from_config({"class_name": "Sequential", "config": layers}, "2.1.6")
    assert [one.name for one in read.layers] == ["dense_1", "leaky_re_lu_1"]
    assert read.output_shape == (None, 3)
    read.set_weights([np.eye(2, 3), np.zeros(3)])
    np.testing.assert_array_equal(read.predict([[-1.0, 2.0]]), [[-0.5, 2, 0]])


@pytest.mark.parametrize(
    ("version", "expected"),
    # Keras 2 has a slope of 0.2 and Keras 3 of 1/6; without a version it is Keras 3's.
    [("2.15.0", 0.7), ("3.4.1", 1 / 6 + 0.5), (None, 1 / 6 + 0.5)],
)
def test_hard_sigmoid_is_that_of_its_keras(version: str | None, expected: float) -> None:
    config = {
        "class_name": "Sequential",
        "config": {
            "name": "s",
            "layers": [
                {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 1]}},
                {"class_name": "Activation", "config": {"name": "a", "activation": "hard_sigmoid"}},
            ],
        },
    }
    result = model_from_config(config, version).predict([[1.0]])
    np.testing.assert_allclose(result, [[expected]], rtol=1e-6)


@in_one_test(
    "entry",
    [
        None,
        3,
        "x",
        [],
        {},
        {"config": 3},
        {"class_name": "Functional", "config": {"layers": [None, 3, {"config": 3}]}},
        {"class_name": "Functional", "config": {"layers": [{"config": 3, "inbound_nodes": [[]]}]}},
        {"config": {"layers": [{"inbound_nodes": [[3], {}, None, [["x"]], [[0, 0, 0]]]}]}},
        {"config": {"layers": [{"class_name": "TFOpLambda", "inbound_nodes": [[], [1, 2, 3]]}]}},
        {"config": {"layers": [{"name": [], "config": {"layers": []}, "inbound_nodes": [[]]}]}},
    ],
)
def test_what_is_not_understood_is_left_to_the_reader(entry: Any) -> None:
    before = repr(entry)
    modernize(entry, "2.15.0")
    assert repr(entry) == before


@in_one_test("golden", [one for one in golden_models() if one.library == "keras"])
def test_a_config_of_keras_3_stays_as_it_is(golden: Any) -> None:
    saved = open_model(str(model_file(f"{golden}.keras")))
    assert modernize(saved.config, "3.15.1") == saved.config


# --- calls of other forms


def test_a_call_on_a_dictionary_and_one_in_arguments() -> None:
    both = [layer("Subtract", "b", [["z", 0, 0, {}], ["x", 0, 0, {}]])]
    ends = {"q": ["x", 0, 0], "p": ["z", 0, 0]}
    inner = model(image(), image("z"), *both, outputs=[["b", 0, 0]], inputs=ends, name="g")
    call = {"q": ["u", 0, 0, {"training": False}], "p": ["v", 0, 0, {"training": False}]}
    nested = {**inner, "name": "g", "inbound_nodes": [call]}
    inputs = [["u", 0, 0], ["v", 0, 0]]
    config = model(image("u"), image("v"), nested, outputs=[["g", 1, 0]], inputs=inputs)
    np.testing.assert_array_equal(run(config, [X, 3 * X]), 2 * X)


def test_outputs_may_be_nested_or_a_dictionary() -> None:
    layers = [layer("ReLU", "a", [["x", 0, 0, {}]]), layer("ReLU", "b", [["a", 0, 0, {}]])]
    nested = [[["a", 0, 0], ["x", 0, 0]], ["b", 0, 0]]
    pair, last = run(model(image(), *layers, outputs=nested))
    for found, expected in ((pair[0], np.maximum(X, 0)), (pair[1], X), (last, np.maximum(X, 0))):
        np.testing.assert_array_equal(found, expected)
    named = run(model(image(), *layers, outputs={"k": ["b", 0, 0], "j": ["x", 0, 0]}))
    assert list(named) == ["j", "k"]
    np.testing.assert_array_equal(named["j"], X)


def test_a_sequential_in_a_list_has_its_name_beside_it() -> None:
    inner = {
        "name": "tower",
        "class_name": "Sequential",
        "config": [{"class_name": "ReLU", "config": {"name": "r", "batch_input_shape": X.shape}}],
        "inbound_nodes": [[["x", 0, 0, {}]]],
    }
    read = model_from_config(model(image(), inner, outputs=[["tower", 1, 0]]), "2.1.6")
    assert [one.name for one in read.layers] == ["x", "tower"]
    np.testing.assert_array_equal(read.predict(X), np.maximum(X, 0))


def test_tuples_and_constants_in_arguments_are_read() -> None:
    axis = {"class_name": "__tuple__", "items": [1]}
    for call, expected in (
        (["_CONSTANT_VALUE", -1, 2, {"y": ["x", 0, 0], "name": None}], 2 * X),
        (["x", 0, 0, {"y": 2.0, "name": None}], 2 * X),
    ):
        config = model(image(), operator("math.multiply", "m", call), outputs=[["m", 0, 0]])
        np.testing.assert_array_equal(run(config), expected)
    squeezed = operator("squeeze", "s", ["x", 0, 0, {"axis": axis, "name": None}])
    str(model_from_config(model(image(), squeezed, outputs=[["s", 0, 0]])).summarize())


def test_operations_called_with_other_options_are_listed() -> None:
    twice = operator("concat", "c", [["x", 0, 0, {"axis": 1}], ["x", 0, 0, {"axis": 1}]])
    twice["inbound_nodes"].append([["c", 0, 0, {"axis": 2}], ["c", 0, 0, {"axis": 2}]])
    read = model_from_config(model(image(), twice, outputs=[["c", 1, 0]]), "2.9.0")
    assert read.layers[1].type_name == "tf.concat"


# --- names and policies of other times


@in_one_test(("old", "new"), list(OLD_NAMES.items()))
def test_layers_are_known_by_their_old_names(old: str, new: str) -> None:
    sizes: Entry = {"filters": 2, "kernel_size": 1} if "Conv" in new else {}
    sizes |= {"pool_size": 2} if new in ("AveragePooling2D", "MaxPooling2D") else {}
    registrations: list[Entry] = [{}, {"registered_name": old}]
    for registered in registrations:
        one = {**layer(old, "a", [["x", 0, 0, {}]], **sizes), **registered}
        read = model_from_config(model(image(), one, outputs=[["a", 0, 0]]), "2.2.4-tf")
        assert read.layers[1].type_name == new
        assert read.predict(X).ndim in (2, 4)


@in_one_test(
    ("policy", "name"),
    [
        ("PolicyV1", "float32"),
        ("Policy", "mixed_float16"),
        ("PolicyV1", "infer"),
        ("Policy", "infer_with_float32_vars"),
    ],
)
def test_policies_of_types_have_had_other_classes(policy: str, name: str) -> None:
    kind = {"class_name": policy, "config": {"name": name}}
    one = {**layer("ReLU", "a", [["x", 0, 0, {}]])}
    one["config"]["dtype"] = kind
    read = model_from_config(model(image(), one, outputs=[["a", 0, 0]]), "2.1.0")
    expected = "float32" if name.startswith("infer") else name
    assert read.layers[1].dtype_policy.name == expected
    np.testing.assert_array_equal(read.predict(X), np.maximum(X, 0))


# --- Keras 1

OLD = {"class_name": "Convolution2D", "config": {"name": "c", "nb_filter": 3, "nb_row": 3}}


@in_one_test(
    ("config", "version"),
    [
        ({"class_name": "Sequential", "config": [OLD]}, None),
        ({"class_name": "Model", "config": {"name": "m", "layers": [OLD]}}, None),
        (
            {"class_name": "Sequential", "config": [{"class_name": "Sequential", "config": [OLD]}]},
            None,
        ),
        ({"class_name": "Sequential", "config": [{"class_name": "Flatten"}]}, "1.2.2"),
    ],
)
def test_a_model_of_keras_1_is_named_in_the_refusal(config: Entry, version: str | None) -> None:
    with pytest.raises(FormatError, match=r"Keras 2 or 3.*Received: a model of Keras 1\."):
        model_from_config(config, version)
