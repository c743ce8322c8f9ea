"""Models that are made of symbolic tensors, as Keras' users write them."""

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from golden_files import golden_model, model_file
from goldens import gan_zoo

import upsamp
from upsamp import Functional, Model, Sequential, layers, load_model, make_generator
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    Input,
    InputLayer,
    LeakyReLU,
    MaxPooling2D,
    UnknownLayer,
    UpSampling2D,
)
from upsamp.layers.symbolic import SymbolicTensor
from upsamp.models.graph import Call, Source


def random_normal(mean: float, stddev: float) -> dict[str, Any]:
    """Return an initializer by its config."""
    return {"class_name": "RandomNormal", "config": {"mean": mean, "stddev": stddev}}


KERAS = SimpleNamespace(
    Input=Input,
    Model=Model,
    Sequential=Sequential,
    layers=upsamp.layers,
    initializers=SimpleNamespace(RandomNormal=random_normal),
)


NESTED = ("pix2pix", "nested")


@in_one_test(
    "name",
    [
        "conditional_gan",
        "conditional_gan_one_hot",
        "pix2pix",
        "wgan_gp",
        "srgan",
        "nested",
        "shared",
    ],
)
def test_code_for_keras_makes_the_model_that_keras_saved(name: str) -> None:
    golden = golden_model("keras", name)
    expected = load_model(model_file(f"{golden}.keras"))
    model = getattr(gan_zoo, name)(KERAS)
    shown, wanted = (
        # Keras counts names on from what stands in models within.
        [
            (row.name if name not in NESTED else "", row.type, row.output_shape, row.params)
            for row in one.summarize().rows
        ]
        for one in (model, expected)
    )
    assert shown == wanted
    model.set_weights(expected.get_weights())
    given = list(golden.inputs.values())
    results = model(given)
    results = results if isinstance(results, list) else [results]
    for actual, output in zip(results, golden.outputs, strict=True):
        np.testing.assert_allclose(actual, output, rtol=1e-5, atol=1e-5 * float(np.ptp(output)))


def skip_network() -> Model:
    """Return a small network with a way around its middle."""
    image = Input((8, 8, 3), name="image")
    first = Conv2D(4, 3, padding="same")(image)
    deep = Conv2DTranspose(4, 3, strides=2, padding="same")(MaxPooling2D()(first))
    joined = Concatenate()([first, LeakyReLU()(deep)])
    return Model(image, [Conv2D(1, 1)(joined), joined], name="skip")


def test_a_model_of_symbols_is_the_one_of_its_calls(tmp_path: Path) -> None:
    model = skip_network()
    assert type(model) is Functional
    assert [layer.name for layer in model.layers] == [
        *("image", "conv2d", "max_pooling2d", "conv2d_transpose"),
        *("leaky_re_lu", "concatenate", "conv2d_1"),
    ]
    assert model.output_shapes == [(None, 8, 8, 1), (None, 8, 8, 8)]
    x = np.random.default_rng(1).random((2, 8, 8, 3), np.float32)
    model.save(tmp_path / "model.keras")
    again = Functional.from_config(model.get_config())
    again.set_weights(model.get_weights())
    for other in (load_model(tmp_path / "model.keras"), copy.deepcopy(model), again):
        for actual, expected in zip(other(x), model(x), strict=True):
            np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model))(x)[0], model(x)[0])


def test_symbols_have_the_axes_that_are_not_known() -> None:
    image = Input((None, None, 3))
    enlarged = UpSampling2D()(Conv2D(4, 3, padding="same")(image))
    assert enlarged.shape == (None, None, None, 4)
    assert UpSampling2D()(Input(batch_shape=(2, 3, None, 1))).shape == (2, 6, None, 1)
    assert Model(image, enlarged)(np.ones((1, 5, 4, 3))).shape == (1, 10, 8, 4)


def test_a_layer_that_is_called_twice_has_its_weights_once() -> None:
    dense, start = Dense(3, name="shared"), Input((3,))
    model = Model(start, dense(dense(start)))
    assert (model.count_params(), len(model.calls)) == (12, 3)
    x = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(model(x), dense(dense(x)))


def test_models_are_called_on_symbols_by_place_and_by_name() -> None:
    one, other = Input((3,), name="one"), Input((3,), name="other")
    inner = Model([one, other], one - 2 * other, name="inner")
    a, b = Input((3,), name="a"), Input((3,), name="b")
    outer = Model([a, b], [inner([b, a]), inner({"other": b, "one": a})])
    x = {"a": np.full((1, 3), 5.0), "b": np.full((1, 3), 1.0)}
    np.testing.assert_array_equal(outer(x), [[[-9.0] * 3], [[3.0] * 3]])
    chain = Sequential([Dense(2), LeakyReLU()])
    assert chain(Input((4,))).shape == (None, 2)


def test_arithmetic_makes_operations() -> None:
    x, y = Input((2,)), Input((2,))
    results = [x + y, 1 + x, x - 1, 1 - x, x * y, 3 * x, x / 2, 1 / x, x**2, -x, abs(-x)]
    model = Model([x, y], results)
    assert [layer.name for layer in model.layers if layer.type_name == "Add"] == ["add", "add_1"]
    a, b = np.array([[1.0, 4.0]], np.float32), np.array([[2.0, -8.0]], np.float32)
    expected = [a + b, 1 + a, a - 1, 1 - a, a * b, 3 * a, a / 2, 1 / a, a**2, -a, a]
    for actual, wanted in zip(model([a, b]), expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)


def test_slices_are_calls() -> None:
    image = Input((4, 6, 3))
    x = np.random.default_rng(2).random((2, 4, 6, 3), np.float32)
    for part, expected in (
        (image[:, ::2, 1:], x[:, ::2, 1:]),
        (image[..., 0], x[..., 0]),
        (image[:, :, ::-1, -1:], x[:, :, ::-1, -1:]),
    ):
        np.testing.assert_array_equal(Model(image, part)(x), expected)
    with pytest.raises(TypeError, match="not iterable"):
        list(image)  # type: ignore[call-overload]


def test_inputs_and_outputs_may_have_keys(tmp_path: Path) -> None:
    a, b = Input((2,), name="first"), Input((2,), name="second")
    model = Model({"b": b, "a": a}, {"sum": a + b, "difference": a - b})
    model.save(tmp_path / "model.keras")
    x = {"a": np.array([[5.0, 2.0]], np.float32), "b": np.array([[1.0, 4.0]], np.float32)}
    for one in (model, load_model(tmp_path / "model.keras")):
        results = one(x)
        np.testing.assert_array_equal(results["sum"], [[6, 6]])
        np.testing.assert_array_equal(results["difference"], [[4, -2]])


def test_what_calls_say_of_training_is_written() -> None:
    image = Input((4, 4, 2))
    model = Model(image, BatchNormalization()(image, training=True))
    assert [call.training for call in model.calls] == [None, True]
    entry = json.loads(model.to_json())["config"]["layers"][1]
    assert entry["inbound_nodes"][0]["kwargs"] == {"training": True}


def test_a_part_of_a_graph_begins_at_what_was_computed() -> None:
    start = Input((4,))
    middle = Dense(3)(start)
    end = Dense(2)(middle)
    whole, part = Model(start, end), Model(middle, end)
    assert [layer.type_name for layer in part.layers] == ["InputLayer", "Dense"]
    x = np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(part(Model(start, middle)(x)), whole(x))


def test_what_upsamp_does_not_have_has_no_shape() -> None:
    start = Input((4,))
    unknown = UnknownLayer("Lambda", None, {}, "")(start)
    assert Dense(3)(unknown).shape is None
    assert Model(start, unknown).output_shapes == [None]


def test_a_chain_begins_with_an_input() -> None:
    model = Sequential([Input((4,), name="start"), Dense(3)])
    assert (model.built, model.input_layers[0].name) == (True, "start")
    assert isinstance(model.input_layers[0], InputLayer)


START, OTHER = Input((3,)), Input((4,), name="other")


@in_one_test(
    ("run", "error", "said"),
    [
        (lambda: Model(START, Dense(2)(OTHER)), ArgumentError, "another input, 'other'"),
        (lambda: Model([START, START], START), ArgumentError, "must differ"),
        (lambda: Model(START, np.ones(3)), ArgumentError, "`outputs` must be a symbolic tensor"),
        (lambda: Model(np.ones(3), START), ArgumentError, "`inputs` must be a symbolic tensor"),
        (lambda: Model(SymbolicTensor((None, 3)), START), ArgumentError, "`inputs` must be a symb"),
        (lambda: Model({"x": START, "y": 1}, START), ArgumentError, "must be symbolic, or none"),
        (lambda: START[0], ShapeError, "must leave the batch as it is"),
        (lambda: Add()([START, np.ones((1, 3))]), ArgumentError, "must be symbolic, or none"),
        (lambda: Add()([START, OTHER]), ShapeError, "Layer 'add"),
        (lambda: UpSampling2D()(START), ShapeError, "must have an input of rank 4"),
        (lambda: START + np.array(["a"]), ArgumentError, "`operands` must be numbers"),
        (lambda: np.asarray(START), ArgumentError, "must be given values first"),
        (lambda: Sequential([Dense(2)(START)]), ArgumentError, "Make a Model"),
    ],
)
def test_symbols_that_make_no_model_are_refused(
    run: Callable[[], object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        run()


def test_the_calls_that_a_model_is_made_of_may_be_given() -> None:
    calls = [Call(InputLayer((3,))), Call(Dense(3), (Source(0),))]
    model = Functional.from_calls(calls, [0], [Source(1)], "given", seed=4)
    assert (model.name, model.seed, model.output_shape) == ("given", (4,), (None, 3))


# --- models made of other models


def test_a_model_is_made_of_the_inputs_and_outputs_of_another(tmp_path: Path) -> None:
    base = make_generator("dcgan", seed=3)
    z = np.random.default_rng(0).normal(size=(2, 100)).astype(np.float32)
    expected = make_generator("dcgan", seed=3).predict(z)  # whose weights are not drawn before
    head = Model(base.inputs, base.get_layer("conv2d_transpose").output)
    assert (head.input_shape, head.output_shape) == ((None, 100), (None, 7, 7, 128))
    for model in (Functional(base.inputs, base.outputs), Model(base.input, [base.output])):
        np.testing.assert_allclose(model.predict(z), expected, atol=1e-6)
    base.save(tmp_path / "base.keras")
    again = load_model(tmp_path / "base.keras")
    tail = Flatten()(again.get_layer("conv2d_transpose").output)
    np.testing.assert_array_equal(
        Model(again.inputs, tail).predict(z).reshape(2, 7, 7, 128), head.predict(z)
    )


def test_symbolic_ends_of_a_model_are_those_of_its_layers() -> None:
    start = Input((4,))
    hidden = Dense(3, name="hidden")(start)
    model = Model(start, Dense(2)(hidden))
    layer = model.get_layer("hidden")
    assert (layer.output, layer.input) == (hidden, start)
    for begin in (start, model.input):  # which is the same input, though another tensor
        assert Model(begin, [layer.output, model.output]).output_shapes == [(None, 3), (None, 2)]
    assert pickle.loads(pickle.dumps(model)).output.shape == (None, 2)
    with pytest.raises(ArgumentError, match=r"must be called, or be in a model.*layer 'alone'"):
        _ = Dense(1, name="alone").output


def test_training_of_a_call_stays_with_it_in_another_model() -> None:
    calls = [Call(InputLayer((3,))), Call(BatchNormalization(), (Source(0),), training=True)]
    base = Functional.from_calls(calls, [0], [Source(1)])
    again = Model(base.inputs, base.outputs)
    x = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 5.0]], np.float32)
    np.testing.assert_array_equal(again.predict(x), base.predict(x))
    np.testing.assert_allclose(again.predict(x)[:, 1:], [[0, -1], [0, 1]], atol=1e-3)


def test_inputs_may_be_lists_in_lists(tmp_path: Path) -> None:
    one, other, last = (Input((3,)) for _ in range(3))
    model = Model([[one, other], last], {"sum": layers.add([one, last]), "both": [[other], one]})
    x, y, z = (np.full((2, 3), value, np.float32) for value in (1, 2, 4))
    model.save(tmp_path / "model.keras")
    outer = Model([one, other, last], model([[one, other], last])[-1])
    outer.save(tmp_path / "outer.keras")
    for made in (model, load_model(tmp_path / "model.keras")):
        for given in ([[x, y], z], [x, y, z]):
            found = made.predict(given)
            np.testing.assert_array_equal(found["sum"], x + z)
            np.testing.assert_array_equal(found["both"][0][0], y)
    np.testing.assert_array_equal(load_model(tmp_path / "outer.keras").predict([x, y, z]), x + z)


def test_merges_are_functions_as_well() -> None:
    one, other = Input((3,)), Input((3,))
    x, y = np.array([[1.0, 5.0, 2.0]]), np.array([[4.0, 2.0, 2.0]])
    for name in ("add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate"):
        function, layer = getattr(layers, name), getattr(layers, name.capitalize())
        np.testing.assert_array_equal(function([x, y]), layer()([x, y]))
        made = function([one, other], name="merged")
        assert Model([one, other], made).get_layer("merged").type_name == name.capitalize()
    assert layers.concatenate([x, y], axis=0).shape == (2, 3)
