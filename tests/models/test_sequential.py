"""Sequential: layers in a row, built, predicted in batches, and described."""

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from upsamp import Sequential, upsample
from upsamp.errors import ArgumentError, DtypeError, MemoryLimitError, ShapeError
from upsamp.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    Input,
    InputLayer,
    LeakyReLU,
    Reshape,
    UpSampling2D,
)


def small_model(**options: Any) -> Sequential:
    """Give a generator of 4x4x2 images whose sums are exact: its weights are whole numbers."""
    model = Sequential(
        [
            Dense(12, input_dim=3),
            Reshape((2, 2, 3)),
            UpSampling2D(),
            Conv2D(2, 3, padding="same"),
            LeakyReLU(0.5),
        ],
        **options,
    )
    generator = np.random.default_rng(2)
    model.set_weights(
        [generator.integers(-4, 5, values.shape) for values in model.get_weights()],
    )
    return model


def latent(count: int) -> NDArray[np.float32]:
    """Give points for the small model."""
    return np.random.default_rng(3).integers(-4, 5, (count, 3)).astype(np.float32)


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


@pytest.mark.parametrize("what", ["input_shape", "output_shape", "summary", "summarize"])
def test_what_depends_on_the_input_is_refused_before_it_is_known(what: str) -> None:
    model = Sequential([Dense(4)], name="mine")
    with pytest.raises(
        ArgumentError,
        match=r"Model 'mine' must know the shape of its input\. Received: no layer with "
        r"`input_shape`\. Give it to the first layer, or call `build\(\(None, \.\.\.\)\)`\.",
    ):
        getattr(model, what)()


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


@pytest.mark.parametrize("thing", ["relu", None, Dense, np.tanh, 3])
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


# --- predict


@pytest.mark.parametrize("batch_size", [1, 3, 7, 32, 1000])
def test_predictions_are_the_same_in_batches_of_any_size(batch_size: int) -> None:
    model = small_model()
    x = latent(7)
    result = model.predict(x, batch_size=batch_size)
    assert result.shape == (7, 4, 4, 2)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, model(x))


def test_a_model_does_what_its_layers_do_one_after_the_other() -> None:
    model = small_model()
    x = expected = latent(3)
    for layer in model.layers:
        expected = layer(expected)
    np.testing.assert_array_equal(model.predict(x), expected)
    assert np.ptp(expected) > 0


def test_predict_prints_nothing_whatever_verbose_is(capsys: pytest.CaptureFixture[str]) -> None:
    model = small_model()
    for verbose in ("auto", 0, 1, 2):
        np.testing.assert_array_equal(model.predict(latent(2), verbose=verbose), model(latent(2)))
    assert capsys.readouterr() == ("", "")


def test_predict_and_call_take_lists_and_never_change_an_array() -> None:
    model = small_model()
    x = latent(4)
    before = x.copy()
    x.flags.writeable = False
    np.testing.assert_array_equal(model.predict(x.tolist()), model.predict(x))
    np.testing.assert_array_equal(model(x.astype(int)), model(x))
    np.testing.assert_array_equal(x, before)


def test_images_of_any_size_go_through_a_model_that_takes_them() -> None:
    model = Sequential([UpSampling2D(2, input_shape=(None, None, 1))])
    assert model.output_shape == (None, None, None, 1)
    for rows, columns in ((1, 2), (3, 5)):
        x = np.arange(rows * columns, dtype=np.float32).reshape(1, rows, columns, 1)
        np.testing.assert_array_equal(model.predict(x), upsample(x, 2))


def test_nan_and_infinities_go_through_a_model() -> None:
    model = Sequential([UpSampling2D(input_shape=(1, 3, 1)), Activation("relu"), Dropout(0.5)])
    result = model.predict(np.array([np.nan, np.inf, -np.inf]).reshape(1, 1, 3, 1))
    row = [np.nan, np.nan, np.inf, np.inf, 0, 0]
    np.testing.assert_array_equal(result[0, :, :, 0], [row, row])


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 3, 1), (3,)])
def test_inputs_of_another_shape_are_refused_with_the_name_of_the_model(
    shape: tuple[int, ...],
) -> None:
    model = small_model(name="mine")
    for call in (Sequential.__call__, Sequential.predict):
        with pytest.raises(
            ShapeError,
            match=r"The input of model 'mine' must have shape \(None, 3\)\. Received: shape \(",
        ):
            call(model, np.ones(shape))


def test_an_axis_of_any_length_is_checked_when_its_length_is_known() -> None:
    model = Sequential([InputLayer((None,)), Reshape((5, 5))])
    assert model.predict(np.ones((2, 25))).shape == (2, 5, 5)
    for call in (Sequential.__call__, Sequential.predict):
        with pytest.raises(ShapeError, match=r"'reshape' \(Reshape\) must keep the number of val"):
            call(model, np.ones((2, 24)))


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True])
def test_a_batch_size_that_is_no_positive_integer_is_refused(batch_size: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`batch_size` must be an integer of at least 1"):
        small_model().predict(latent(2), batch_size=batch_size)


def test_no_batch_size_is_the_default_one_as_in_keras() -> None:
    options: dict[str, Any] = {"batch_size": None}
    model = small_model()
    np.testing.assert_array_equal(model.predict(latent(2), **options), model(latent(2)))


def test_text_and_ragged_rows_are_refused() -> None:
    with pytest.raises(DtypeError, match=r"`x` must hold real numbers"):
        small_model().predict([["a", "b", "c"]])
    with pytest.raises(ShapeError, match=r"`x` must be a rectangular array"):
        small_model().predict([[1, 2, 3], [1]])


def test_an_output_that_would_not_fit_in_memory_is_refused_before_it_is_tried() -> None:
    model = Sequential([UpSampling2D(10**6, input_shape=(10, 10, 1))])
    with pytest.raises(MemoryLimitError, match=r"The output would be 1 x 10,000,000 x 10,000,000"):
        model.predict(np.ones((1, 10, 10, 1)))


# --- weights


def test_weights_are_those_of_the_layers_in_their_order() -> None:
    model = small_model()
    shapes = [(3, 12), (12,), (3, 3, 3, 2), (2,)]
    assert [values.shape for values in model.get_weights()] == shapes
    assert [weight.shape for weight in model.weights] == shapes
    assert model.count_params() == sum(values.size for values in model.get_weights()) == 104
    layers = [values for layer in model.layers for values in layer.get_weights()]
    for values, expected in zip(model.get_weights(), layers, strict=True):
        np.testing.assert_array_equal(values, expected)


def test_weights_of_one_model_make_another_predict_the_same() -> None:
    model, other = small_model(), Sequential.from_config(small_model().get_config())
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(other.predict(latent(3)), model.predict(latent(3)))


def test_a_config_makes_the_same_model_again() -> None:
    model = Sequential([small_model(), Flatten(), Dense(2, name="last")], name="mine")
    again = Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.summarize() == model.summarize()


def test_weights_that_are_given_are_copies() -> None:
    model = small_model()
    for values in model.get_weights():
        values[...] = 99
    given = model.get_weights()
    model.set_weights(given)
    for values in given:
        values[...] = 99
    np.testing.assert_array_equal(model.predict(latent(2)), small_model().predict(latent(2)))


@pytest.mark.parametrize("change", ["none", "fewer", "more", "transposed"])
def test_weights_of_other_shapes_are_refused_and_none_is_set(change: str) -> None:
    model = small_model(name="mine")
    weights = [values + 1 for values in model.get_weights()]
    weights = {
        "none": [],
        "fewer": weights[:-1],
        "more": [*weights, weights[0]],
        "transposed": [*weights[:2], weights[2].T, weights[3]],
    }[change]
    with pytest.raises(
        ShapeError,
        match=r"The weights of 'mine' must be arrays of the shapes \[\(3, 12\), \(12,\), .*\]\. "
        r"Received: arrays of the shapes \[",
    ):
        model.set_weights(weights)
    np.testing.assert_array_equal(model.predict(latent(2)), small_model().predict(latent(2)))


def seeded(seed: int) -> list[NDArray[Any]]:
    """Give the first weights of a model with two kernels of one shape."""
    model = Sequential([Dense(9, input_dim=9), Dense(9), Dense(9)], seed=seed)
    return model.get_weights()[::2]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    first, again, other = seeded(1), seeded(1), seeded(2)
    for values, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(values, same)
    kernels = [values.tobytes() for values in (*first, *other)]
    assert len(set(kernels)) == 6


def test_weights_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    model = Sequential([Dense(9, input_dim=9), Dense(9), Dense(9)], seed=1)
    backwards = [layer.get_weights()[0] for layer in reversed(model.layers)]
    for values, expected in zip(reversed(backwards), seeded(1), strict=True):
        np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None])
def test_a_seed_that_is_no_natural_number_is_refused(seed: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`seed` must be an integer of at least 0\. Received"):
        Sequential(seed=seed)


def test_kernels_are_uniform_within_glorots_bounds_and_biases_are_zero() -> None:
    model = Sequential([Input((8, 8, 6)), Conv2D(20, (3, 2)), Conv2DTranspose(9, 4), Dense(300)])
    fans = [3 * 2 * (6 + 20), 4 * 4 * (20 + 9), 9 + 300]
    for layer, fan in zip(model.layers, fans, strict=True):
        kernel, bias = layer.get_weights()
        limit = math.sqrt(6 / fan)
        assert 0.97 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6)
        np.testing.assert_allclose(kernel.std(), limit / math.sqrt(3), rtol=0.05)
        np.testing.assert_allclose(kernel.mean(), 0, rtol=0, atol=0.05 * limit)
        np.testing.assert_array_equal(bias, np.zeros(kernel.shape[-2 if fan == fans[1] else -1]))


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


# --- summary


def test_summary_prints_what_summarize_gives(capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential([Dense(3200, input_dim=100), Reshape((5, 5, 128))], name="generator")
    model.summary()
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines() == [
        'Model: "generator"',
        "",
        "Layer (type)       Output Shape       Param #",
        "---------------------------------------------",
        "dense (Dense)      (None, 3200)       323,200",
        "reshape (Reshape)  (None, 5, 5, 128)        0",
        "---------------------------------------------",
        "Total params: 323,200 (1.23 MB)",
        "Trainable params: 323,200 (1.23 MB)",
        "Non-trainable params: 0 (0.00 B)",
    ]


def test_a_gigantic_model_is_counted_without_being_allocated() -> None:
    tracemalloc.start()
    try:
        model = Sequential([Dense(10**9, input_dim=10**9), BatchNormalization()], name="giant")
        summary = model.summarize()
        text = str(summary)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10**6
    assert summary.total_params == model.count_params() == 10**18 + 5 * 10**9
    assert summary.non_trainable_params == 2 * 10**9
    assert "1,000,000,005,000,000,000 (3,552.71 PB)" in text


def test_the_weights_of_a_gigantic_model_are_refused() -> None:
    model = Sequential([Dense(10**9, input_dim=10**9, name="giant")])
    rule = r"The kernel of layer 'giant' would be 1,000,000,000 x 1,000,000,000 float32 values, "
    with pytest.raises(MemoryLimitError, match=rule):
        model.get_weights()
    with pytest.raises(MemoryLimitError, match=rule):
        model.predict(np.broadcast_to(np.float32(0), (1, 10**9)))


def test_a_layer_keeps_its_weights_when_it_joins_another_model() -> None:
    layer = Dense(2, input_dim=2)
    first = Sequential([layer])
    Sequential([layer], seed=9)
    np.testing.assert_array_equal(
        first.get_weights()[0], Sequential([Dense(2, input_dim=2)]).get_weights()[0]
    )


def test_a_layer_that_says_another_input_than_it_gets_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"must get the input that it says, \(None, 2\)\. Rec"):
        Sequential([Input((5,)), Dense(3, input_dim=2)])


def test_no_result_shares_memory_with_the_input() -> None:
    x = np.ones((1, 2), np.float32)
    model = Sequential([Dropout(0.5), Flatten()])
    for result in (model(x), model.predict(x), Dropout(0.5)(x)):
        assert not np.shares_memory(result, x)
