"""What every layer keeps: shapes, weights, and configs that make it again."""

import json

import numpy as np
from effort import in_one_test
from layers.keras_defaults import KERAS_DEFAULTS
from layers.layer_cases import CASES, FIRST, Case, every_case, one_case_a_layer

from upsamp.layers import (
    LAYERS,
    Add,
    Average,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Embedding,
    Flatten,
    GlobalMaxPooling2D,
    InputLayer,
    Layer,
    LayerNormalization,
    Maximum,
    MaxPooling2D,
    Minimum,
    Multiply,
    Permute,
    PixelShuffle,
    PReLU,
    RepeatVector,
    Reshape,
    Resizing,
    SeparableConv2D,
    SpectralNormalization,
    Subtract,
    UpSampling2D,
    ZeroPadding2D,
)

MERGING = {Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate}


def test_every_layer_stands_in_the_tables() -> None:
    assert {case.layer for case in CASES} | MERGING == set(LAYERS.values())
    assert set(KERAS_DEFAULTS) == set(LAYERS)
    assert all(name == layer.__name__ for name, layer in LAYERS.items())


# --- shapes and weights


@every_case
def test_the_declared_shape_is_the_shape_of_the_output(case: Case) -> None:
    layer = case.make()
    assert layer.compute_output_shape((None, *case.sample)) == (None, *case.output)
    x = case.batch(3)
    assert layer(x).shape == layer.compute_output_shape(x.shape) == (3, *case.output)


@every_case
def test_the_weights_have_the_shapes_that_keras_gives_them(case: Case) -> None:
    layer = case.make()
    layer.build((None, *case.sample))
    assert [values.shape for values in layer.get_weights()] == list(case.weights)
    assert [weight.shape for weight in layer.weights] == list(case.weights)
    assert all(values.dtype == np.float32 for values in layer.get_weights())


@every_case
def test_the_count_is_the_sum_of_the_sizes_of_the_weights(case: Case) -> None:
    layer = case.make()
    assert layer.count_params() == 0
    layer.build((None, *case.sample))
    assert layer.count_params() == sum(values.size for values in layer.get_weights())


@every_case
def test_building_twice_changes_nothing(case: Case) -> None:
    layer = case.make()
    layer.build((None, *case.sample))
    layer.build((None, *case.sample))
    assert [weight.shape for weight in layer.weights] == list(case.weights)


@every_case
def test_weights_that_are_set_are_given_back_as_copies(case: Case) -> None:
    layer = case.make()
    layer.build((None, *case.sample))
    layer.set_weights([values.tolist() for values in case.values()])
    for values, expected in zip(layer.get_weights(), case.values(), strict=True):
        np.testing.assert_array_equal(values, expected)
        values[...] = -1
    for values, expected in zip(layer.get_weights(), case.values(), strict=True):
        np.testing.assert_array_equal(values, expected)


@in_one_test(
    ("case", "shape", "expected"),
    [
        (UpSampling2D(3), (None, None, 5, None), (None, None, 15, None)),
        (Conv2D(4, 3), (None, None, 5, 2), (None, None, 3, 4)),
        (Conv2DTranspose(4, 3, strides=2), (None, 5, None, 2), (None, 11, None, 4)),
        (Conv2D(4, 3, **FIRST), (None, 2, None, 5), (None, 4, None, 3)),
        (Cropping2D(1), (None, None, 5, None), (None, None, 3, None)),
        (ZeroPadding2D(), (None, 5, None, None), (None, 7, None, None)),
        (PixelShuffle(2), (None, None, 5, None), (None, None, 10, None)),
        (Resizing(8, 9), (None, None, 5, None), (None, 8, 9, None)),
        (Flatten(), (None, None, 2), (None, None)),
        (Reshape((2, -1)), (None, None), (None, 2, None)),
        (Reshape((2, 3)), (None, None), (None, 2, 3)),
        (Dense(3), (None, None, 2), (None, None, 3)),
        (BatchNormalization(), (None, None, 2), (None, None, 2)),
        (DepthwiseConv2D(3), (None, None, 5, None), (None, None, 3, None)),
        (SeparableConv2D(4, 3), (None, None, 5, 2), (None, None, 3, 4)),
        (MaxPooling2D(), (None, None, 5, None), (None, None, 2, None)),
        (AveragePooling2D(2, **FIRST), (None, 2, None, 5), (None, 2, None, 2)),
        (GlobalMaxPooling2D(), (None, None, None, 3), (None, 3)),
        (LayerNormalization(), (None, None, 2), (None, None, 2)),
        (PReLU(shared_axes=1), (None, None, 2), (None, None, 2)),
        (Embedding(3, 4), (None, None), (None, None, 4)),
        (Permute((2, 1)), (None, None, 2), (None, 2, None)),
        (RepeatVector(3), (None, None), (None, 3, None)),
        (SpectralNormalization(Conv2D(4, 3)), (None, None, 5, 2), (None, None, 3, 4)),
    ],
)
def test_an_axis_of_any_length_stays_one(
    case: Layer, shape: tuple[int | None, ...], expected: tuple[int | None, ...]
) -> None:
    assert case.compute_output_shape(shape) == expected


def test_only_the_moving_statistics_are_not_trainable() -> None:
    layer = BatchNormalization()
    layer.build((None, 3))
    assert [(weight.name, weight.trainable) for weight in layer.weights] == [
        ("gamma", True),
        ("beta", True),
        ("moving_mean", False),
        ("moving_variance", False),
    ]
    values = [value.tolist() for value in layer.get_weights()]
    assert values == [[1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1]]


def test_nothing_is_trainable_in_a_layer_that_is_not() -> None:
    layer = Dense(3, trainable=False)
    layer.build((None, 2))
    assert layer.count_trainable_params() == 0


# --- configs


@every_case
def test_a_config_makes_the_same_layer_again(case: Case) -> None:
    layer = case.make(name="mine")
    config = layer.get_config()
    again = case.layer.from_config(config)
    assert type(again) is case.layer
    assert again.get_config() == config
    assert again.name == "mine"
    x = case.batch()
    for one in (layer, again):
        one.build((None, *case.sample))
        one.set_weights(case.values())
    np.testing.assert_array_equal(again(x), layer(x))


@every_case
def test_a_config_holds_every_argument_and_can_be_written_as_json(case: Case) -> None:
    config = case.make().get_config()
    names = [name for name in KERAS_DEFAULTS[case.layer.__name__] if case.layer is not InputLayer]
    assert set(names) <= set(config)
    again = case.layer.from_config(json.loads(json.dumps(config)))
    assert again.compute_output_shape((None, *case.sample)) == (None, *case.output)


@one_case_a_layer
def test_a_config_keeps_name_dtype_trainable_and_the_input_shape(case: Case) -> None:
    given = {} if case.layer is InputLayer else {"input_shape": case.sample}
    layer = case.make(name="mine", dtype="float64", trainable=False, **given)
    again = case.layer.from_config(layer.get_config())
    assert (again.name, again.dtype.name, again.trainable) == ("mine", "float64", False)
    assert again.batch_input_shape == layer.batch_input_shape is not None
