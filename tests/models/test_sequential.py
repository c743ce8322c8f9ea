"""Sequential: layers in a row, given at once or one by one, and models among them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from small_models import latent, small_model

from upsamp import Sequential
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    Input,
    InputLayer,
    Reshape,
    UpSampling2D,
)

# --- add and build


def test_layers_are_the_same_given_at_once_or_added_one_by_one() -> None:
    added = Sequential(name="mine")
    added.add(Dense(8, input_dim=3))
    added.add(Reshape((2, 2, 2)))
    given = Sequential([Dense(8, input_dim=3), Reshape((2, 2, 2))], name="mine")
    assert added.get_config() == given.get_config()
    assert added.summarize() == given.summarize()
    assert [type(layer) for layer in added.layers] == [Dense, Reshape]


def test_a_model_is_built_as_soon_as_its_input_is_known() -> None:
    model = Sequential()
    assert not model.built
    model.add(Dense(4, input_dim=3))
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 4))
    model.add(Reshape((2, 2)))
    assert model.output_shape == (None, 2, 2)


@pytest.mark.parametrize(
    "first", [InputLayer((3,)), Input((3,)), InputLayer(batch_shape=(None, 3))]
)
def test_an_input_layer_builds_the_model_and_is_not_one_of_its_layers(first: InputLayer) -> None:
    model = Sequential([first, Dense(4)])
    assert [type(layer) for layer in model.layers] == [Dense]
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 4))
    assert [row.name for row in model.summarize().rows] == ["dense"]
    assert model.predict(np.ones((2, 3))).shape == (2, 4)


def test_build_gives_a_model_its_input_shape_later() -> None:
    model = Sequential([Flatten(), Dense(4)])
    model.build((None, 2, 3))
    assert (model.input_shape, model.output_shape) == ((None, 2, 3), (None, 4))
    assert model.count_params() == 6 * 4 + 4


def test_the_first_call_builds_a_model() -> None:
    for call in (Sequential.__call__, Sequential.predict):
        model = Sequential([Flatten(), Dense(4)])
        assert call(model, np.ones((5, 2, 3))).shape == (5, 4)
        assert (model.input_shape, model.output_shape) == ((None, 2, 3), (None, 4))


@in_one_test("what", ["input_shape", "output_shape", "summary", "summarize"])
def test_what_depends_on_the_input_is_refused_before_it_is_known(what: str) -> None:
    model = Sequential([Dense(4)], name="mine")
    with pytest.raises(
        ArgumentError,
        match=r"Model 'mine' must know the shape of its input\. Received: no layer with "
        r"`input_shape`\. Give it to the first layer, or call `build\(\(None, \.\.\.\)\)`\.",
    ):
        getattr(model, what)()


@in_one_test(
    "use",
    [
        lambda model: model.predict(np.ones((2, 3))),
        lambda model: model([[1.0]]),
        lambda model: [*model.predict_batches(np.ones((2, 3)))],
        lambda model: model.build((None, 3)),
        lambda model: model.compute_output_shape((None, 3)),
        lambda model: model.summary(),
        lambda model: model.save("none.keras"),
        lambda model: model.count_params(),
        lambda model: model.get_layer("none"),
        lambda model: model.input_layers,
        lambda model: Sequential([Dense(2, input_dim=3), model]),
    ],
)
def test_a_model_without_layers_says_that_it_has_none(use: Callable[[Sequential], object]) -> None:
    model = Sequential(name="mine")
    with pytest.raises(ArgumentError, match=r"^Model 'mine' must have a layer\. Received: none\."):
        use(model)
    model.add(Dense(4))
    assert model.predict(np.ones((5, 3))).shape == (5, 4)


def test_automatic_names_are_numbered_as_in_keras() -> None:
    model = Sequential([Input((4, 4, 1)), *(Conv2D(1, 1) for _ in range(3)), Flatten(), Dense(2)])
    model.add(Dense(2))
    names = [layer.name for layer in model.layers]
    assert names == ["conv2d", "conv2d_1", "conv2d_2", "flatten", "dense", "dense_1"]


def test_a_name_that_was_given_takes_no_number() -> None:
    model = Sequential([Dense(2, name="mine", input_dim=3), Dense(2), Dense(2, name="x"), Dense(2)])
    assert [layer.name for layer in model.layers] == ["mine", "dense", "x", "dense_1"]


def test_a_given_name_that_looks_automatic_is_no_obstacle_to_another() -> None:
    model = Sequential([Dense(2, name="dense_1", input_dim=3), Dense(2)])
    assert [layer.name for layer in model.layers] == ["dense_1", "dense"]


def test_two_layers_of_one_name_are_refused() -> None:
    model = Sequential([Dense(2, name="mine", input_dim=3)])
    with pytest.raises(
        ArgumentError, match=r"must have names of their own\. Received: 'mine' twice\."
    ):
        model.add(Dense(2, name="mine"))


def test_one_layer_in_two_places_is_refused() -> None:
    layer = Dense(3, input_dim=3)
    with pytest.raises(
        ArgumentError, match=r"must be a layer of its own\. Received: <Dense name=dense, .* twice\."
    ):
        Sequential([layer, layer])


def test_a_model_inside_itself_is_refused() -> None:
    model = Sequential([Dense(3, input_dim=3)])
    with pytest.raises(ArgumentError, match=r"Received: .*"):
        model.add(model)


@in_one_test("thing", ["relu", None, Dense, np.tanh, 3])
def test_what_is_no_layer_is_refused(thing: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"(?s)A model must be made of layers\. Received: .* of type \w+; put an activation "
        r"function in Activation\(name\)\.",
    ):
        Sequential().add(thing)


def test_an_input_layer_that_contradicts_the_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"Received: "):
        Sequential([Dense(4, input_dim=3), InputLayer((5,))])


def test_a_layer_that_does_not_fit_leaves_the_model_as_it_was() -> None:
    model = small_model()
    before = model.summarize()
    with pytest.raises(ShapeError, match=r"'reshape_1' \(Reshape\) must keep the number of values"):
        model.add(Reshape((7,)))
    assert model.summarize() == before
    model.add(Reshape((32,)))
    assert model.predict(latent(2)).shape == (2, 32)


def test_a_shape_that_does_not_fit_leaves_the_model_unbuilt_and_whole() -> None:
    model = Sequential([Flatten(), Reshape((2, 3)), UpSampling2D.from_config({}), Flatten()])
    with pytest.raises(ShapeError, match=r"'reshape' \(Reshape\) must keep the number of values"):
        model.build((None, 5))
    assert not model.built
    assert len(model.layers) == 4


def test_a_layer_that_says_another_input_than_it_gets_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"must get the input that it says, \(None, 2\)\. Rec"):
        Sequential([Input((5,)), Dense(3, input_dim=2)])


# --- models in models


def test_a_model_is_a_layer_of_another_model() -> None:
    inner = Sequential([Dense(12), Reshape((2, 2, 3))], name="inner")
    outer = Sequential([Input((3,)), inner, UpSampling2D(), Sequential([Conv2D(2, 3)])])
    flat = Sequential([Dense(12, input_dim=3), Reshape((2, 2, 3)), UpSampling2D(), Conv2D(2, 3)])
    assert outer.output_shape == flat.output_shape == (None, 2, 2, 2)
    assert outer.count_params() == flat.count_params()
    flat.set_weights(outer.get_weights())
    np.testing.assert_array_equal(outer.predict(latent(2)), flat.predict(latent(2)))
    rows = [(row.name, row.type, row.params) for row in outer.summarize().rows]
    assert rows == [
        ("inner", "Sequential", 48),
        ("up_sampling2d", "UpSampling2D", 0),
        ("sequential", "Sequential", 56),
    ]


def test_a_first_model_gives_the_shape_of_the_input() -> None:
    outer = Sequential([small_model(), Flatten()])
    assert (outer.input_shape, outer.output_shape) == ((None, 3), (None, 32))
    expected = small_model().predict(latent(2)).reshape(2, -1)
    np.testing.assert_array_equal(outer.predict(latent(2)), expected)


@pytest.mark.parametrize("outermost", [False, True])
def test_a_model_that_another_depends_on_cannot_be_added_to(outermost: bool) -> None:
    inner = Sequential([Conv2D(4, 3, input_shape=(8, 8, 3))], name="inner")
    outer = Sequential([inner, Flatten()])
    model = Sequential([outer]) if outermost else outer
    with pytest.raises(ArgumentError, match=r"must stay as it is.*Sequential\(\[model, layer\]\)"):
        inner.add(UpSampling2D())
    images = np.zeros((2, 8, 8, 3))
    assert model.predict(images).shape[1:] == model.output_shape[1:] == (144,)
    assert Sequential([inner, UpSampling2D()]).output_shape == (None, 12, 12, 4)


def test_a_model_whose_shapes_nobody_knows_yet_can_be_added_to_in_another() -> None:
    inner = Sequential([Conv2D(4, 3)])
    outer = Sequential([inner, Flatten()])
    inner.add(UpSampling2D())
    outer.build((None, 8, 8, 3))
    assert outer.output_shape == (None, 576)


def test_like_models_in_one_model_have_weights_of_their_own() -> None:
    model = Sequential(
        [Sequential([Dense(5, input_dim=5)]), Sequential([Sequential([Dense(5)])]), Dense(5)]
    )
    kernels = [values.tobytes() for values in model.get_weights()[::2]]
    assert len(set(kernels)) == 3


def test_moving_statistics_are_counted_apart_in_nested_models_too() -> None:
    model = Sequential([Sequential([Dense(5, input_dim=4), BatchNormalization()]), Dense(1)])
    summary = model.summarize()
    assert (summary.trainable_params, summary.non_trainable_params) == (25 + 10 + 6, 10)
