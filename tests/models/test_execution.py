"""A model as it is executed gives what its layers give one by one, however they are joined."""

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from effort import choose, in_one_test
from golden_files import GoldenModel, golden_models, model_file
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_models import compute_plainly, set_statistics

from upsamp import Sequential
from upsamp.core.arguments import Array
from upsamp.layers import (
    ELU,
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    InputLayer,
    Layer,
    LeakyReLU,
    Multiply,
    PReLU,
    ReLU,
    Reshape,
    SeparableConv2D,
    UpSampling2D,
)
from upsamp.layers.effect import Nature
from upsamp.models.files.loading import load_model
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.model import Model

# Of the range of an output.
TOLERANCE = 1e-5
FIRST: Any = {"data_format": "channels_first"}


def check(model: Model, inputs: list[Array], tolerance: float = TOLERANCE) -> None:
    """Compare all outputs of a model with the plain ones, at the first call and at the second."""
    expected = compute_plainly(model, inputs)
    for _ in range(2):
        results = model(inputs if len(inputs) > 1 else inputs[0])
        several = results if isinstance(results, list) else [results]
        for actual, plain in zip(several, expected, strict=True):
            span = float(np.ptp(plain[np.isfinite(plain)])) if np.isfinite(plain).any() else 0
            assert actual.dtype == plain.dtype
            np.testing.assert_allclose(actual, plain, rtol=TOLERANCE, atol=tolerance * span)


def images(*shape: int | None, seed: int = 0) -> Array:
    """Return images of random values."""
    known = [length or 1 for length in shape]
    return np.random.default_rng(seed).standard_normal(known).astype(np.float32)


def calls_of(*layers: Layer) -> list[Call]:
    """Call layers one on the other, the first of which is an input."""
    return [Call(one, (Source(n - 1),) if n else ()) for n, one in enumerate(layers)]


# --- any model

LAYOUTS: list[dict[str, Any]] = [{}, FIRST]
KERNELS: list[Callable[..., Layer]] = [
    partial(Conv2D, 4, 3, padding="same"),
    partial(Conv2D, 6, 2, padding="same", groups=2, use_bias=False),
    partial(Conv2DTranspose, 4, 3, 2, "same"),
    partial(Conv2DTranspose, 2, 2, groups=2, use_bias=False),
    partial(DepthwiseConv2D, 2, padding="same", depth_multiplier=2),
    partial(SeparableConv2D, 4, 2, padding="same"),
]
OTHERS: list[Callable[[], Layer]] = [
    *(partial(BatchNormalization, axis) for axis in (-1, 1, 3, -3)),
    partial(BatchNormalization, scale=False),
    partial(LeakyReLU, 0.2),
    ReLU,
    partial(ReLU, 2.0, 0.1, 0.5),
    ELU,
    *(partial(Activation, name) for name in ("tanh", "linear", "softmax")),
    partial(Dropout, 0.5),
    partial(UpSampling2D, data_format="channels_first"),
]
ACTIVATIONS = [None, None, "relu", "tanh", "softmax"]


@st.composite
def stacks(draw: st.DrawFn) -> Sequential:
    """Draw a model of images: kernels, normalisations and activations in any order."""
    layout = draw(st.sampled_from(LAYOUTS))
    shape = (4, 5, 4) if layout else (5, 4, 4)
    model = Sequential([InputLayer(shape)], seed=draw(st.integers(0, 99)))
    if draw(st.booleans()):
        head = draw(st.sampled_from([Flatten(**layout), Flatten()]))
        units = Dense(80, use_bias=draw(st.booleans()))
        for layer in (head, units, Reshape(shape)):
            model.add(layer)
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            kernel = draw(st.sampled_from(KERNELS))
            model.add(kernel(activation=draw(st.sampled_from(ACTIVATIONS)), **layout))
        else:
            model.add(draw(st.sampled_from(OTHERS))())
    return model


@settings(max_examples=choose(30, 600), deadline=None)
@given(stacks())
def test_any_stack_of_layers_gives_what_its_layers_give_one_by_one(model: Sequential) -> None:
    set_statistics(model)
    check(model, [images(2, *model.input_shape[1:], seed=1)])


@in_one_test("golden", [one for one in golden_models() if one.runs])
def test_models_of_keras_give_what_their_layers_give_one_by_one(golden: GoldenModel) -> None:
    model = load_model(model_file(f"{golden}.keras"))
    model.predict(golden.inputs)
    check(model, [np.asarray(golden.inputs[name]) for name in golden.said["inputs"]])


# --- what is folded, and what is not


class Watched:
    """A watch on how often a method is called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        self.calls = 0
        method = getattr(owner, name)

        def watched(*arguments: Any) -> Any:
            self.calls += 1
            return method(*arguments)

        monkeypatch.setattr(owner, name, watched)


@pytest.fixture
def normalised(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return how many normalisations were computed by themselves, be it in place."""
    watches = [
        Watched(monkeypatch, BatchNormalization, name) for name in ("unchecked_call", "change")
    ]
    return lambda: sum(watch.calls for watch in watches)


FOLDED: list[list[Layer]] = [
    [Conv2D(3, 3, input_shape=(5, 5, 2)), BatchNormalization()],
    [Conv2D(4, 3, groups=2, input_shape=(5, 5, 2)), Dropout(0.5), BatchNormalization(axis=3)],
    [Conv2D(3, 3, input_shape=(2, 5, 5), **FIRST), BatchNormalization(axis=1), ReLU()],
    [Conv2DTranspose(3, 3, 2, use_bias=False, input_shape=(5, 5, 2)), BatchNormalization()],
    [DepthwiseConv2D(3, depth_multiplier=3, input_shape=(5, 5, 2)), BatchNormalization()],
    [SeparableConv2D(3, 3, input_shape=(5, 5, 2)), BatchNormalization()],
]


@pytest.mark.parametrize("layers", FOLDED, ids=str)
def test_a_normalisation_behind_a_window_is_no_step_of_its_own(
    layers: list[Layer], normalised: Callable[[], int]
) -> None:
    model = Sequential(layers)
    set_statistics(model)
    x = images(3, *model.input_shape[1:])
    model(x)
    assert normalised() == 0
    check(model, [x])


NOT_FOLDED: list[list[Layer]] = [
    [Conv2D(3, 3, activation="relu", input_shape=(5, 5, 2)), BatchNormalization()],
    [Conv2D(3, 3, input_shape=(5, 5, 2)), BatchNormalization(axis=1)],
    [Conv2D(3, 3, input_shape=(5, 5, 2)), ReLU(), BatchNormalization()],
    [Conv2DTranspose(4, 3, groups=2, input_shape=(5, 5, 2)), BatchNormalization()],
    [Dense(6, input_dim=4), BatchNormalization(), LeakyReLU()],
    [Dense(6, input_dim=4), BatchNormalization(axis=1), LeakyReLU()],
    [Dense(6, input_shape=(3, 4)), BatchNormalization()],
    [Dense(12, input_dim=4), Reshape((2, 2, 3)), BatchNormalization(), LeakyReLU()],
    [Dense(12, input_dim=4), Reshape((3, 2, 2)), BatchNormalization(axis=1)],
    [Dense(12, input_dim=4), Reshape((2, 6)), Flatten(), BatchNormalization()],
    [Dense(6, input_shape=(3, 4)), BatchNormalization(axis=1)],
    [Conv2D(3, 3, input_shape=(5, 5, 2)), Reshape((9, 3)), BatchNormalization()],
    [Conv2D(3, 3, dtype="mixed_float16", input_shape=(5, 5, 2)), BatchNormalization()],
    [
        Conv2D(3, 3, dtype="float16", input_shape=(5, 5, 2)),
        BatchNormalization(dtype="float16"),
        ReLU(dtype="float16"),
    ],
]


@pytest.mark.parametrize("layers", NOT_FOLDED, ids=str)
def test_any_other_normalisation_is_computed(
    layers: list[Layer], normalised: Callable[[], int]
) -> None:
    model = Sequential(layers)
    set_statistics(model)
    x = images(3, *model.input_shape[1:])
    model(x)
    assert normalised() > 0
    check(model, [x], tolerance=1e-3 if model.layers[0].dtype == np.float16 else TOLERANCE)


@in_one_test("value", [np.nan, np.inf, -np.inf, 1e30, 1e-30])
@in_one_test("name", ["gamma", "beta", "moving_mean", "moving_variance", "kernel"])
def test_numbers_that_are_not_finite_or_far_off_give_what_they_give_one_by_one(
    name: str, value: float
) -> None:
    model = Sequential(
        [Conv2D(3, 2, input_shape=(4, 4, 2)), BatchNormalization(), LeakyReLU(0.5), Flatten()]
    )
    set_statistics(model)
    layer = model.layers[0 if name == "kernel" else 1]
    values = dict(zip([one.name for one in layer.weights], layer.get_weights(), strict=True))
    values[name][..., 1] = value
    layer.set_weights(list(values.values()))
    check(model, [images(2, 4, 4, 2)])


@pytest.mark.parametrize("gamma", [0.0, 0.5])
def test_inputs_that_are_not_finite_give_what_they_give_one_by_one(gamma: float) -> None:
    model = Sequential([Conv2D(3, 2, input_shape=(4, 4, 2)), BatchNormalization(), ReLU()])
    set_statistics(model)
    norm = model.layers[1]
    _, *others = norm.get_weights()
    norm.set_weights([np.array([gamma, 1, 2]), *others])
    x = images(4, 4, 4, 2)
    x[0, 1, 1, 0], x[1, 2, 2, 1], x[2, 0, 0, 0] = np.nan, np.inf, -np.inf
    check(model, [x])


# --- weights that change


def chain() -> Sequential:
    """Return a model whose normalisation is folded."""
    model = Sequential([Conv2D(3, 2, input_shape=(4, 4, 2)), BatchNormalization(), ReLU()])
    set_statistics(model)
    return model


@pytest.mark.parametrize("place", [0, 1])
def test_weights_that_are_set_anew_are_those_that_count(place: int) -> None:
    model, x = chain(), images(2, 4, 4, 2)
    before = model(x)
    layer = model.layers[place]
    layer.set_weights([values + 0.5 for values in layer.get_weights()])
    assert np.abs(model(x) - before).max() > 0.1
    check(model, [x])


def test_weights_are_given_as_they_were_set_and_not_as_they_are_used() -> None:
    model = chain()
    before = model.get_weights()
    model.predict(images(2, 4, 4, 2))
    for values, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(values, expected)


def test_a_copy_of_a_model_has_weights_of_its_own() -> None:
    model, x = chain(), images(2, 4, 4, 2)
    before = model(x)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copied(x), before)
        copied.layers[1].set_weights([values + 0.5 for values in copied.get_weights()[2:]])
        assert np.abs(copied(x) - before).max() > 0.1
        np.testing.assert_array_equal(model(x), before)


def test_a_layer_that_is_added_later_is_computed_too() -> None:
    model, x = chain(), images(2, 4, 4, 2)
    before = model(x)
    model.add(Activation("tanh"))
    np.testing.assert_allclose(model(x), np.tanh(before), rtol=1e-6)


def kept_model() -> Sequential:
    """Return a model whose layers have kept what they make of their weights."""
    model = Sequential([InputLayer((6, 5, 3)), Conv2D(3, 3), BatchNormalization(), Conv2D(2, 1)])
    model.add(DepthwiseConv2D(2))
    model.add(BatchNormalization(axis=1))
    model.add(PReLU())
    model.predict(images(2, 6, 5, 3))
    return model


def test_a_weight_is_changed_by_setting_another_array_alone() -> None:
    model, x = kept_model(), images(2, 6, 5, 3)
    for weight in model.weights:
        assert weight.value is not None
        with pytest.raises(ValueError, match="read-only"):
            weight.value[...] = 7
        changed = weight.value + np.float32(0.25)
        weight.value = changed
        expected = compute_plainly(model, [x])
        np.testing.assert_allclose(model.predict(x), expected[0], rtol=1e-4, atol=1e-5)
        changed[...] = 7  # which is not the layer's
        np.testing.assert_allclose(model.predict(x), expected[0], rtol=1e-4, atol=1e-5)


def test_weights_that_were_set_are_not_those_of_the_caller() -> None:
    model, x = kept_model(), images(2, 6, 5, 3)
    for layer in model.layers:
        given = [np.asarray(values) + 0.25 for values in layer.get_weights()]
        layer.set_weights(given)
        expected = model.predict(x)
        for array in (*given, *layer.get_weights()):
            array[...] = 7
        np.testing.assert_array_equal(model.predict(x), expected)


@pytest.mark.parametrize("renew", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_the_weights_of_a_copy_are_read_only_too(renew: Callable[[Model], Model]) -> None:
    model, x = kept_model(), images(2, 6, 5, 3)
    other = renew(model)
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    for weight in other.weights:
        assert weight.value is not None
        with pytest.raises(ValueError, match="read-only"):
            weight.value[...] = 7


def test_a_normalisation_is_computed_with_the_epsilon_that_it_has() -> None:
    model, x = kept_model(), images(2, 6, 5, 3)
    for layer in model.layers:
        if isinstance(layer, BatchNormalization):
            layer.epsilon = 3.0
            np.testing.assert_allclose(model.predict(x), compute_plainly(model, [x])[0], rtol=1e-4)


# --- graphs


def graph(outputs: list[Source]) -> Functional:
    """Return a model whose kernels, normalisations and activations are read once or more often."""
    shared, norm = Conv2D(3, 3, padding="same"), BatchNormalization()
    calls = [
        Call(InputLayer((6, 6, 3))),
        Call(shared, (Source(0),)),
        Call(norm, (Source(1),)),
        Call(LeakyReLU(), (Source(2),)),
        Call(shared, (Source(3),)),
        Call(ReLU(), (Source(4),)),
        Call(Add(), (Source(4), Source(5))),
        Call(norm, (Source(6),)),
        Call(Activation("tanh"), (Source(7),)),
        Call(Multiply(), (Source(8), Source(8))),
        Call(Concatenate(), (Source(9), Source(3))),
        Call(ReLU(), (Source(10),)),
    ]
    model = Functional.from_calls(calls, [0], outputs)
    set_statistics(model)
    return model


@in_one_test("last", range(12))
def test_an_output_that_is_asked_for_is_given_as_it_is(last: int) -> None:
    check(graph([Source(last)]), [images(2, 6, 6, 3)])
    check(graph([Source(11), Source(last), Source(1)]), [images(2, 6, 6, 3)])


def test_models_in_models_are_computed_as_by_themselves() -> None:
    inner = Sequential([Conv2D(3, 3, padding="same"), BatchNormalization(), Dropout(0.1)])
    model = Sequential(
        [InputLayer((4, 4, 3)), inner, BatchNormalization(), LeakyReLU(), inner.layers[0]]
    )
    set_statistics(model)
    check(model, [images(2, 4, 4, 3)])


def test_images_of_other_sizes_go_the_same_way() -> None:
    model = Sequential(
        [InputLayer((None, None, 2)), Conv2D(3, 3, padding="same"), BatchNormalization(), ReLU()]
    )
    set_statistics(model)
    for rows in (3, 70, 5):
        check(model, [images(1, rows, 300, 2)])


# --- arrays that belong to others


class Constant(Layer):
    """A layer that gives the same array at each call."""

    kept = np.full((1, 3), -1, np.float32)

    def call(self, x: Array) -> Array:  # noqa: ARG002 - the contract of a layer
        """Return the array."""
        return self.kept


class Loud(LeakyReLU):
    """A layer that computes something else than what it is derived from."""

    def call(self, x: Array) -> Array:
        """Return a tenth more."""
        result: Array = super().call(x) * x.dtype.type(1.1)
        return result


class LoudDense(Dense):
    """A layer that computes something else than what it is derived from."""

    def call(self, x: Array) -> Array:
        """Return a tenth more."""
        result: Array = super().call(x) * x.dtype.type(1.1)
        return result


def test_nothing_is_known_of_a_layer_that_computes_by_itself() -> None:
    assert LeakyReLU.nature is Nature.EACH
    assert {Loud.nature, LoudDense.nature, Constant.nature} == {Nature.OTHER}
    model = Sequential([LoudDense(4, input_dim=3), BatchNormalization(), Dense(4), Loud()])
    set_statistics(model)
    check(model, [images(2, 3)])


@in_one_test("first", [Constant(), Activation("linear"), Dropout(0.5), Add()])
def test_what_a_layer_may_have_from_elsewhere_is_not_changed(first: Layer) -> None:
    model = Functional.from_calls(
        calls_of(InputLayer((3,)), first, ReLU(), LeakyReLU()), [0], [Source(3)]
    )
    x = np.array([[-1, 2, -3]], np.float32)
    before = x.copy()
    check(model, [x])
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(Constant.kept, [[-1, -1, -1]])
