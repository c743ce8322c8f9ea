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
from upsamp import Functional, Model, Sequential, load_model
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Dense,
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


class Layers:
    """upsamp's layers, with Keras' functions of the merging ones."""

    def add(self, inputs: list[SymbolicTensor]) -> Any:
        """Return the sum."""
        return Add()(inputs)

    def __getattr__(self, name: str) -> Any:
        return getattr(upsamp.layers, name)


KERAS = SimpleNamespace(
    Input=Input,
    Model=Model,
    Sequential=Sequential,
    layers=Layers(),
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
    assert (model.built, model.inputs[0].name) == (True, "start")
    assert isinstance(model.inputs[0], InputLayer)


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
