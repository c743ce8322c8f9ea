"""One table of layers, and the contract that every layer in it keeps."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from upsamp import Sequential
from upsamp.core.activations import ACTIVATIONS
from upsamp.errors import ArgumentError, DtypeError, MemoryLimitError, ShapeError, UpsampError
from upsamp.layers import (
    LAYERS,
    Activation,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    InputLayer,
    Layer,
    LeakyReLU,
    PixelShuffle,
    ReLU,
    Reshape,
    Resizing,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.layers.convolution_layer import ConvolutionLayer
from upsamp.layers.layer import snake_case

Shape = tuple[int, ...]
Arrays = list[NDArray[Any]]


@dataclass(frozen=True)
class Case:
    """A layer, the shape of one sample that it takes, and what must come of it."""

    layer: type[Layer]
    arguments: dict[str, Any]
    sample: Shape
    output: Shape
    weights: tuple[Shape, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Give the layer as it is spelled, for pytest's list of cases."""
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{self.layer.__name__}({arguments})"

    def make(self, **options: Any) -> Layer:
        """Give the layer, not yet built."""
        return self.layer(**self.arguments, **options)

    def batch(self, count: int = 2, dtype: str = "float32") -> NDArray[Any]:
        """Give samples with values of both signs."""
        return np.random.default_rng(7).integers(-9, 10, (count, *self.sample)).astype(dtype)

    def values(self) -> Arrays:
        """Give values for the weights, positive as variances are."""
        generator = np.random.default_rng(11)
        return [generator.uniform(0.5, 2, shape).astype(np.float32) for shape in self.weights]


FIRST: dict[str, Any] = {"data_format": "channels_first"}
CASES = [
    Case(InputLayer, {"shape": (3, 2)}, (3, 2), (3, 2)),
    Case(InputLayer, {"batch_shape": (None, None, 2)}, (3, 2), (3, 2)),
    Case(Dense, {"units": 4}, (5,), (4,), ((5, 4), (4,))),
    Case(Dense, {"units": 4, "activation": "softmax"}, (5,), (4,), ((5, 4), (4,))),
    Case(Dense, {"units": 4, "use_bias": False}, (2, 3), (2, 4), ((3, 4),)),
    Case(Reshape, {"target_shape": (2, 3)}, (6,), (2, 3)),
    Case(Reshape, {"target_shape": (2, -1, 2)}, (3, 4), (2, 3, 2)),
    Case(Reshape, {"target_shape": [12]}, (3, 4), (12,)),
    Case(Flatten, {}, (2, 3, 4), (24,)),
    Case(Flatten, FIRST, (2, 3, 4), (24,)),
    Case(UpSampling2D, {}, (2, 3, 4), (4, 6, 4)),
    Case(UpSampling2D, {"size": (2, 3), "interpolation": "bilinear"}, (2, 3, 4), (4, 9, 4)),
    Case(UpSampling2D, {"size": (2, 3), "interpolation": "lanczos3"}, (1, 3, 4), (2, 9, 4)),
    Case(UpSampling2D, {"size": (2, 3), **FIRST}, (4, 2, 3), (4, 4, 9)),
    Case(Conv2D, {"filters": 5, "kernel_size": 3}, (4, 6, 2), (2, 4, 5), ((3, 3, 2, 5), (5,))),
    Case(
        Conv2D,
        {"filters": 4, "kernel_size": (2, 3), "strides": (2, 1), "padding": "same", "groups": 2},
        (5, 6, 6),
        (3, 6, 4),
        ((2, 3, 3, 4), (4,)),
    ),
    Case(
        Conv2D,
        {"filters": 2, "kernel_size": 2, "dilation_rate": (2, 3), "use_bias": False, **FIRST},
        (3, 5, 6),
        (2, 3, 3),
        ((2, 2, 3, 2),),
    ),
    Case(
        Conv2D,
        {"filters": 3, "kernel_size": 2, "padding": ((1, 0), (0, 2))},
        (4, 5, 1),
        (4, 6, 3),
        ((2, 2, 1, 3), (3,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 4, "kernel_size": 2, "groups": 2},
        (2, 3, 6),
        (3, 4, 4),
        ((2, 2, 2, 6), (4,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 1, "kernel_size": 3, "strides": 2, "padding": ((1, 0), (0, 1))},
        (2, 3, 1),
        (4, 6, 1),
        ((3, 3, 1, 1), (1,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 5, "kernel_size": (3, 1), "strides": 2},
        (2, 3, 4),
        (5, 6, 5),
        ((3, 1, 5, 4), (5,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 1, "kernel_size": 3, "strides": (2, 3), "padding": "same", "use_bias": False},
        (2, 3, 4),
        (4, 9, 1),
        ((3, 3, 1, 4),),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 1, "kernel_size": 3, "strides": 2, "output_padding": (0, 1)},
        (2, 3, 1),
        (5, 8, 1),
        ((3, 3, 1, 1), (1,)),
    ),
    Case(
        Conv2DTranspose,
        {"filters": 2, "kernel_size": (2, 3), "dilation_rate": 2, "activation": "relu", **FIRST},
        (3, 2, 4),
        (2, 4, 8),
        ((2, 3, 2, 3), (2,)),
    ),
    Case(BatchNormalization, {}, (2, 3, 4), (2, 3, 4), ((4,),) * 4),
    Case(BatchNormalization, {"axis": 1, "scale": False}, (2, 3, 4), (2, 3, 4), ((2,),) * 3),
    Case(
        BatchNormalization,
        {"scale": False, "center": False, "epsilon": 0.5, "momentum": 0.9},
        (5,),
        (5,),
        ((5,), (5,)),
    ),
    Case(LeakyReLU, {}, (5,), (5,)),
    Case(LeakyReLU, {"negative_slope": 0.1}, (2, 3, 4), (2, 3, 4)),
    Case(ReLU, {}, (5,), (5,)),
    Case(ReLU, {"max_value": 6, "negative_slope": 0.5, "threshold": 1}, (2, 3, 4), (2, 3, 4)),
    *(Case(Activation, {"activation": name}, (2, 5), (2, 5)) for name in (None, *ACTIVATIONS)),
    Case(Cropping2D, {}, (4, 5, 3), (4, 5, 3)),
    Case(Cropping2D, {"cropping": ((1, 0), (0, 2)), **FIRST}, (3, 4, 5), (3, 3, 3)),
    Case(PixelShuffle, {"upscale_factor": 2}, (2, 3, 8), (4, 6, 2)),
    Case(PixelShuffle, {"upscale_factor": 3, "order": "dcr", **FIRST}, (9, 2, 3), (1, 6, 9)),
    Case(Resizing, {"height": 5, "width": 7}, (2, 3, 4), (5, 7, 4)),
    Case(
        Resizing,
        {"height": 2, "width": 5, "interpolation": "bicubic", **FIRST},
        (4, 2, 3),
        (4, 2, 5),
    ),
    Case(ZeroPadding2D, {}, (2, 3, 4), (4, 5, 4)),
    Case(ZeroPadding2D, {"padding": ((1, 0), (0, 2)), **FIRST}, (4, 2, 3), (4, 3, 5)),
    Case(Dropout, {"rate": 0.5}, (2, 3, 4), (2, 3, 4)),
    Case(Dropout, {"rate": 1, "noise_shape": (None, 1, 3, 4), "seed": 3}, (2, 3, 4), (2, 3, 4)),
]

every_case = pytest.mark.parametrize("case", CASES, ids=str)
one_case_a_layer = pytest.mark.parametrize(
    "case", {case.layer: case for case in CASES}.values(), ids=str
)

# What Keras 3 gives when an argument is left out, in the order of its positional arguments.
REQUIRED = inspect.Parameter.empty
WEIGHTS = {"kernel_initializer": "glorot_uniform", "bias_initializer": "zeros"}
KERAS_DEFAULTS: dict[str, dict[str, Any]] = {
    "InputLayer": {"shape": None, "batch_size": None},
    "Dense": {"units": REQUIRED, "activation": None, "use_bias": True, **WEIGHTS},
    "Reshape": {"target_shape": REQUIRED},
    "Flatten": {"data_format": None},
    "UpSampling2D": {"size": (2, 2), "data_format": None, "interpolation": "nearest"},
    "Conv2D": {
        "filters": REQUIRED,
        "kernel_size": REQUIRED,
        "strides": (1, 1),
        "padding": "valid",
        "data_format": None,
        "dilation_rate": (1, 1),
        "groups": 1,
        "activation": None,
        "use_bias": True,
        **WEIGHTS,
    },
    "Conv2DTranspose": {
        "filters": REQUIRED,
        "kernel_size": REQUIRED,
        "strides": (1, 1),
        "padding": "valid",
        "output_padding": None,
        "data_format": None,
        "dilation_rate": (1, 1),
        "activation": None,
        "use_bias": True,
        **WEIGHTS,
    },
    "BatchNormalization": {
        "axis": -1,
        "momentum": 0.99,
        "epsilon": 0.001,
        "center": True,
        "scale": True,
        "beta_initializer": "zeros",
        "gamma_initializer": "ones",
        "moving_mean_initializer": "zeros",
        "moving_variance_initializer": "ones",
    },
    "LeakyReLU": {"negative_slope": 0.3},
    "ReLU": {"max_value": None, "negative_slope": 0.0, "threshold": 0.0},
    "Activation": {"activation": REQUIRED},
    "Dropout": {"rate": REQUIRED, "noise_shape": None, "seed": None},
    "Cropping2D": {"cropping": ((0, 0), (0, 0)), "data_format": None},
    # Keras has none; the name of the argument is PyTorch's, and so is the order.
    "PixelShuffle": {"upscale_factor": REQUIRED, "order": "crd", "data_format": None},
    "Resizing": {
        "height": REQUIRED,
        "width": REQUIRED,
        "interpolation": "bilinear",
        "crop_to_aspect_ratio": False,
        "pad_to_aspect_ratio": False,
        "fill_mode": "constant",
        "fill_value": 0.0,
        "antialias": False,
        "data_format": None,
    },
    "ZeroPadding2D": {"padding": (1, 1), "data_format": None},
}
# Arguments that can have one value alone, and so need no place in a config.
FIXED = {"crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"}

TRAINING_OPTIONS = [
    *("kernel_regularizer", "bias_regularizer", "activity_regularizer"),
    *("kernel_constraint", "bias_constraint"),
    *("beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"),
]


def test_every_layer_stands_in_the_tables() -> None:
    assert {case.layer for case in CASES} == set(LAYERS.values())
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


@pytest.mark.parametrize(
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
    ],
    ids=repr,
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
    assert set(names) - FIXED <= set(config)
    again = case.layer.from_config(json.loads(json.dumps(config)))
    assert again.compute_output_shape((None, *case.sample)) == (None, *case.output)


@one_case_a_layer
def test_a_config_keeps_name_dtype_trainable_and_the_input_shape(case: Case) -> None:
    given = {} if case.layer is InputLayer else {"input_shape": case.sample}
    layer = case.make(name="mine", dtype="float64", trainable=False, **given)
    again = case.layer.from_config(layer.get_config())
    assert (again.name, again.dtype.name, again.trainable) == ("mine", "float64", False)
    assert again.batch_input_shape == layer.batch_input_shape is not None


# --- arguments


@pytest.mark.parametrize("name", KERAS_DEFAULTS)
def test_arguments_and_defaults_are_those_of_keras(name: str) -> None:
    parameters = inspect.signature(LAYERS[name]).parameters
    expected = KERAS_DEFAULTS[name]
    assert list(parameters)[: len(expected)] == list(expected)
    assert {key: parameters[key].default for key in expected} == expected


@one_case_a_layer
def test_a_layer_is_float32_and_trainable_by_default(case: Case) -> None:
    layer = case.make()
    assert (layer.dtype.name, layer.trainable, layer.built) == ("float32", True, False)


def test_no_dtype_is_the_default_dtype_as_in_keras() -> None:
    options: dict[str, Any] = {"dtype": None}
    assert Dense(1, **options).dtype == InputLayer((3,), **options).dtype == np.float32


@one_case_a_layer
def test_an_unknown_option_is_refused_by_name(case: Case) -> None:
    with pytest.raises(
        ArgumentError,
        match=rf"^{case.layer.__name__} must be given options that it knows\. "
        r"Received: colour='red'\.",
    ):
        case.make(colour="red")


@pytest.mark.parametrize("option", TRAINING_OPTIONS)
def test_options_of_training_are_kept_for_keras_and_change_nothing(option: str) -> None:
    for case in CASES:
        layer = case.make(**{option: "l2"})
        assert layer.get_config() == {**case.make().get_config(), option: "l2"}
        np.testing.assert_array_equal(layer(case.batch()), case.make()(case.batch()))
        assert case.make(**{option: None}).get_config() == case.make().get_config()


@every_case
def test_the_input_shape_can_be_given_to_the_first_layer(case: Case) -> None:
    if case.layer is InputLayer:
        model = Sequential([case.make(), Flatten()])
        assert model.layers[0].name == "flatten"
        return
    spellings: list[dict[str, Any]] = [
        {"input_shape": case.sample},
        {"input_shape": list(case.sample)},
        {"batch_input_shape": (None, *case.sample)},
    ]
    if len(case.sample) == 1:
        spellings.append({"input_dim": case.sample[0]})
    for spelling in spellings:
        model = Sequential([case.make(**spelling)])
        assert model.input_shape == (None, *case.sample)
        assert model.output_shape == (None, *case.output)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ("InputLayer", "input_layer"),
        ("Dense", "dense"),
        ("UpSampling2D", "up_sampling2d"),
        ("Conv2D", "conv2d"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("BatchNormalization", "batch_normalization"),
        ("LeakyReLU", "leaky_re_lu"),
        ("ReLU", "re_lu"),
    ],
)
def test_automatic_names_are_those_of_keras(layer: str, name: str) -> None:
    assert snake_case(layer) == name


@one_case_a_layer
def test_a_layer_shows_its_name(case: Case) -> None:
    assert repr(case.make(name="mine")) == f"<{case.layer.__name__} name=mine, built=False>"


def test_input_is_an_input_layer() -> None:
    layer = Input((28, 28, 1), 5, name="mine")
    assert isinstance(layer, InputLayer)
    assert (layer.batch_input_shape, layer.name) == ((5, 28, 28, 1), "mine")
    assert Input(batch_shape=(None, 3)).batch_input_shape == (None, 3)


def test_the_old_name_of_the_negative_slope_is_taken() -> None:
    layer = LeakyReLU(alpha=0.2)
    assert layer.get_config() == LeakyReLU(negative_slope=0.2).get_config()


# --- values


@every_case
@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "uint8", "bool"])
def test_outputs_are_float32_whatever_the_input_is(case: Case, dtype: str) -> None:
    x = np.abs(case.batch(dtype="int8")).astype(dtype)
    layer = case.make()
    result = layer(x)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, layer(x.astype(np.float32)))


@one_case_a_layer
def test_outputs_have_the_dtype_that_the_layer_was_given(case: Case) -> None:
    layer = case.make(dtype="float64")
    assert layer(case.batch()).dtype == np.float64
    assert all(values.dtype == np.float64 for values in layer.get_weights())


@every_case
def test_the_input_is_never_changed(case: Case) -> None:
    x = case.batch()
    before = x.copy()
    x.flags.writeable = False
    layer = case.make()
    layer(x)
    layer.set_weights(case.values())
    layer(x)
    np.testing.assert_array_equal(x, before)


@every_case
def test_nested_lists_are_taken_as_arrays(case: Case) -> None:
    layer = case.make()
    np.testing.assert_array_equal(layer(case.batch().tolist()), layer(case.batch()))


def test_channels_first_gives_the_same_values_in_another_order() -> None:
    makers: list[Callable[..., Layer]] = [
        lambda **format_: UpSampling2D((2, 3), interpolation="bicubic", **format_),
        lambda **format_: Conv2D(4, (3, 2), (2, 1), "same", groups=2, **format_),
        lambda **format_: Conv2DTranspose(4, (3, 2), (2, 1), "same", groups=2, **format_),
        lambda **format_: Conv2D(4, 2, padding=((1, 0), (0, 2)), **format_),
        lambda **format_: Cropping2D(((1, 0), (0, 2)), **format_),
        lambda **format_: ZeroPadding2D(((1, 0), (0, 2)), **format_),
        lambda **format_: Resizing(7, 8, "lanczos3", **format_),
    ]
    x = np.random.default_rng(1).integers(-4, 5, (2, 4, 5, 6)).astype(np.float32)
    for make in makers:
        last, first = make(data_format="channels_last"), make(**FIRST)
        expected = last(x)
        first.build((None, 6, 4, 5))
        first.set_weights(last.get_weights())
        actual = np.moveaxis(first(np.moveaxis(x, 3, 1)), 1, 3)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-4)


# Of the image [[1, 2], [3, 4]], as Keras 3 computes it; PixelShuffle as PyTorch and TensorFlow do.
@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (ZeroPadding2D(((1, 0), (0, 2))), [[0, 0, 0, 0], [1, 2, 0, 0], [3, 4, 0, 0]]),
        (Cropping2D(((1, 0), (0, 1))), [[3]]),
        (
            Resizing(3, 5),
            [[1, 1.1, 1.5, 1.9, 2], [2, 2.1, 2.5, 2.9, 3], [3, 3.1, 3.5, 3.9, 4]],
        ),
        (Resizing(3, 4, "nearest"), [[1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]),
    ],
    ids=repr,
)
def test_images_are_padded_cropped_and_resized(layer: Layer, expected: list[list[float]]) -> None:
    result = layer(np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1))
    np.testing.assert_allclose(result[0, :, :, 0], expected, rtol=1e-6)


def test_pixel_shuffle_has_the_orders_of_pytorch_and_tensorflow() -> None:
    x = np.arange(8).reshape(1, 1, 1, 8)
    pytorch, tensorflow = PixelShuffle(2)(x), PixelShuffle(2, "dcr")(x)
    np.testing.assert_array_equal(pytorch[0, :, :, 0], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(pytorch[0, :, :, 1], [[4, 5], [6, 7]])
    np.testing.assert_array_equal(tensorflow[0, :, :, 0], [[0, 2], [4, 6]])
    np.testing.assert_array_equal(tensorflow[0, :, :, 1], [[1, 3], [5, 7]])


def test_flatten_lays_out_channels_last_from_either_format() -> None:
    x = np.arange(24).reshape(1, 2, 3, 4)
    np.testing.assert_array_equal(Flatten()(x), np.arange(24.0)[np.newaxis])
    np.testing.assert_array_equal(Flatten(**FIRST)(np.moveaxis(x, 3, 1)), Flatten()(x))


def test_the_activation_is_applied_after_the_bias() -> None:
    for layer, shape in (
        (Dense(1, activation="relu"), (1, 1)),
        (Conv2D(1, 1, activation="relu"), (1, 1, 1, 1)),
        (Conv2DTranspose(1, 1, activation="relu"), (1, 1, 1, 1)),
    ):
        layer.build(shape)
        layer.set_weights([np.ones([1] * len(shape)), [-3]])
        assert layer(np.full(shape, 2)).item() == 0
        assert layer(np.full(shape, 5)).item() == 2


NAN, INF = np.nan, np.inf


# What Keras 3 gives for these inputs on JAX.
@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Activation("linear"), [NAN, INF, -INF, -1, 1, 2]),
        (Activation("relu"), [NAN, INF, 0, 0, 1, 2]),
        (Activation("leaky_relu"), [NAN, INF, -INF, -0.2, 1, 2]),
        (Activation("elu"), [NAN, INF, -1, -0.63212055, 1, 2]),
        (Activation("sigmoid"), [NAN, 1, 0, 0.26894143, 0.7310586, 0.880797]),
        (Activation("tanh"), [NAN, 1, -1, -0.7615942, 0.7615942, 0.9640276]),
        (Activation("softplus"), [NAN, INF, 0, 0.3132617, 1.3132617, 2.126928]),
        (Activation("silu"), [NAN, INF, NAN, -0.26894143, 0.7310586, 1.761594]),
        (Activation("gelu"), [NAN, INF, NAN, -0.15865527, 0.8413447, 1.9544997]),
        (LeakyReLU(), [NAN, INF, -INF, -0.3, 1, 2]),
        (LeakyReLU(0.0), [NAN, INF, NAN, 0, 1, 2]),
        (ReLU(), [NAN, INF, 0, 0, 1, 2]),
        (ReLU(max_value=6), [NAN, 6, 0, 0, 1, 2]),
        (ReLU(negative_slope=0.25), [NAN, INF, -INF, -0.25, 1, 2]),
        (ReLU(negative_slope=0.5, threshold=1), [NAN, INF, -INF, -1, 0, 2]),
        (ReLU(2, 0.5, 0.75), [NAN, 2, -INF, -0.875, 1, 2]),
    ],
    ids=lambda value: "" if isinstance(value, list) else type(value).__name__,
)
def test_nan_and_infinities_pass_as_in_keras_and_without_a_warning(
    layer: Layer, expected: list[float]
) -> None:
    x = np.array([[NAN, INF, -INF, -1, 1, 2]], np.float32)
    np.testing.assert_allclose(layer(x), [expected], rtol=1e-6)


def test_at_its_threshold_a_relu_is_zero_as_in_keras() -> None:
    np.testing.assert_array_equal(ReLU(threshold=1)([[0.5, 1, 1.5]]), [[0, 0, 1.5]])


def test_a_weight_that_would_not_fit_in_memory_is_refused_when_it_is_wanted() -> None:
    layer = Dense(10**9, name="giant")
    layer.build((None, 10**9))
    assert layer.count_params() == 10**18 + 10**9
    with pytest.raises(MemoryLimitError, match=r"The kernel of layer 'giant' would be 1,000,000,0"):
        layer.get_weights()


# --- refusals, each by its text


@dataclass(frozen=True)
class Misfit:
    """A layer of the name "here", inputs that do not fit it, and how it says so."""

    make: Callable[[], Layer]
    shape: Shape
    rule: str
    built: tuple[int | None, ...] | None = None


def here(layer: type[Layer], *arguments: Any, **options: Any) -> Callable[[], Layer]:
    """Give what makes a layer of the name "here"."""
    return lambda: layer(*arguments, **options, name="here")


def declare(layer: Layer, shape: Shape) -> None:
    """Hand a shape to a layer as a model does, without any data."""
    if not layer.built:
        layer.build(shape)
    layer.compute_output_shape(shape)


RANK = r"must have an input of rank 4, the batch included\. Received: shape \("
CHANNELS = r"must have 3 channels, as it was built\. Received: shape \("
MISFITS = [
    Misfit(here(UpSampling2D), (1, 2, 3), RANK),
    Misfit(here(Conv2D, 1, 1), (1, 2, 3), RANK),
    Misfit(here(Conv2D, 1, 1), (1, 2, 2, 3, 1), RANK),
    Misfit(here(Conv2DTranspose, 1, 1), (2, 2), RANK),
    Misfit(here(Conv2D, 1, 1), (1, 2, 2, 4), CHANNELS, (None, 2, 2, 3)),
    Misfit(here(Conv2D, 1, 1, **FIRST), (1, 4, 2, 3), CHANNELS, (None, 3, 2, 3)),
    Misfit(here(Conv2DTranspose, 1, 1), (1, 2, 2, 4), CHANNELS, (None, 2, 2, 3)),
    Misfit(here(Conv2D, 2, 1, groups=2), (1, 2, 2, 3), "`groups` must divide the channels.*3 chan"),
    *(
        Misfit(here(layer, *arguments), (2, 3, 4), RANK)
        for layer, arguments in (
            (Cropping2D, (1,)),
            (PixelShuffle, (2,)),
            (Resizing, (8, 8)),
            (ZeroPadding2D, (1,)),
        )
    ),
    Misfit(
        here(Cropping2D, 2),
        (1, 4, 5, 1),
        r"must leave something\. .* cropping=\(\(2, 2\), \(2, 2\)",
    ),
    Misfit(here(PixelShuffle, 2), (1, 2, 2, 3), r"must have a multiple of 4 channels\. Received: "),
    Misfit(here(Resizing, 4, 4), (1, 5, 4, 1), r"must not shrink its input\. .* for \(4, 4\)\."),
    Misfit(
        here(Conv2DTranspose, 2, 1, groups=2), (1, 2, 2, 3), "`groups` must divide the channels"
    ),
    Misfit(here(Conv2D, 1, 3), (1, 2, 2, 3), r"covers 3 does not fit into an input of length 2"),
    Misfit(
        here(Conv2DTranspose, 1, 2, padding="same", output_padding=0),
        (1, 1, 3, 3),
        r"The output must not be empty\. Received: .* = 0\. ",
    ),
    Misfit(here(Dense, 2), (3,), r"must have an input of rank 2 or more, the batch included\. Rec"),
    Misfit(here(Dense, 2), (1, 4), r"must have 3 inputs, as it was built.*\(1, 4\)", (None, 3)),
    Misfit(
        here(BatchNormalization, axis=3),
        (2, 3),
        r"must have an input with axis 3\. Received: shape \(",
    ),
    Misfit(
        here(BatchNormalization),
        (1, 4),
        r"must have 3 values on axis -1, as it was built\. Received: shape \(1, 4\)",
        (None, 3),
    ),
    Misfit(
        here(Reshape, (5, 5)),
        (2, 24),
        r"must keep the number of values\. Received: 24 values, shape \(.*24\), for target_shape=",
    ),
    Misfit(here(Reshape, (5, -1)), (2, 24), r"must keep the number of values.*=\(5, -1\)"),
    Misfit(here(InputLayer, (3, 2)), (2, 4, 2), r"\(None, 3, 2\).*Received: shape \("),
]


@pytest.mark.parametrize("misfit", MISFITS, ids=lambda misfit: misfit.rule[:40])
def test_inputs_that_do_not_fit_are_refused_with_the_name_of_the_layer(misfit: Misfit) -> None:
    def make() -> Layer:
        layer = misfit.make()
        if misfit.built is not None:
            layer.build(misfit.built)
        return layer

    rule = f"'here'.*{misfit.rule}"
    with pytest.raises(ShapeError, match=rule):
        make()(np.ones(misfit.shape))
    with pytest.raises(ShapeError, match=rule):
        declare(make(), misfit.shape)


@pytest.mark.parametrize(
    "layer", [Dense(2), Conv2D(2, 1), Conv2DTranspose(2, 1), BatchNormalization()], ids=repr
)
def test_weights_need_an_axis_of_known_length(layer: Layer) -> None:
    with pytest.raises(
        ShapeError,
        match=rf"Layer '{layer.name}' \({type(layer).__name__}\) must know axis (-1|3) of its "
        r"input to size its weights\. Received: shape \(None, 2, 2, None\)",
    ):
        layer.build((None, 2, 2, None))


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Dense(0), r"`units` must be an integer of at least 1\. Received: units=0"),
        (
            lambda: Dense(cast("int", 2.5)),
            r"`units` must be an integer of at least 1\. Received: units=2\.5",
        ),
        (lambda: Dense(True), r"`units` must be .*Received: units=True"),
        (lambda: Dense(1, activation="step"), r"`activation` must be one of .*'step'"),
        (
            lambda: Activation(cast("str", ["relu"])),
            r"`activation` must be one of 'linear', 'relu'.*'relu'",
        ),
        (lambda: Conv2D(0, 1), r"`filters` must be an integer of at least 1"),
        (lambda: Conv2D(1, 0), r"`kernel_size` must be one positive integer, or two.*=0"),
        (lambda: Conv2D(1, 1, (0, 2)), r"`strides` must be one positive .*strides=\(0, 2\)"),
        (lambda: Conv2D(1, 1, padding="full"), r"`padding` must be one of 'valid', 'same'.*'full'"),
        (lambda: Conv2D(1, 1, data_format="NCHW"), r"`data_format` must be one of .*'NCHW'"),
        (lambda: Conv2D(1, 1, dilation_rate=-1), r"`dilation_rate` must be one positive"),
        (lambda: Conv2D(3, 1, groups=0), r"`groups` must be an integer of at least 1"),
        (
            lambda: Conv2D(3, 1, groups=2),
            r"`groups` must divide the filters\. Received: groups=2, filters=3",
        ),
        (
            lambda: Conv2DTranspose(1, 3, strides=2, output_padding=2),
            r"`output_padding` must be smaller than `strides` .*output_padding=2, strides=\(2, 2\)",
        ),
        (
            lambda: Conv2D(1, 1, padding=-1),
            r"`padding` must be 'valid', 'same', an integer of at least 0, .*padding=-1",
        ),
        (lambda: Cropping2D(-1), r"`cropping` must be an integer of at least 0, .*cropping=-1"),
        (
            lambda: ZeroPadding2D((1, 2, 3)),
            r"`padding` must be an integer of at least 0, .*padding=\(1, 2, 3\)",
        ),
        (lambda: PixelShuffle(0), r"`upscale_factor` must be an integer of at least 1"),
        (
            lambda: PixelShuffle(2, "rdc"),
            r"`order` must be one of 'dcr', 'crd'\. Received: .*'rdc'",
        ),
        (lambda: Resizing(0, 1), r"`height` must be an integer of at least 1"),
        (lambda: Resizing(1, 0), r"`width` must be an integer of at least 1"),
        (lambda: Resizing(1, 1, "cubic"), r"`interpolation` must be one of .*'cubic'"),
        (
            lambda: Resizing(1, 1, crop_to_aspect_ratio=True),
            r"`crop_to_aspect_ratio` must be False, as Resizing here only enlarges\. Received: ",
        ),
        (lambda: Resizing(1, 1, pad_to_aspect_ratio=True), r"`pad_to_aspect_ratio` must be False"),
        (lambda: Resizing(1, 1, antialias=True), r"`antialias` must be False.*antialias=True"),
        (lambda: UpSampling2D(0), r"`size` must be one positive integer.*size=0"),
        (lambda: UpSampling2D(interpolation="cubic"), r"`interpolation` must be one of .*'cubic'"),
        (lambda: Flatten("NCHW"), r"`data_format` must be one of .*'NCHW'"),
        (lambda: Reshape((-1, 2, -1)), r"`target_shape` must have -1 for one axis at the most\. R"),
        (lambda: Reshape((2, 0)), r"`target_shape` must be an integer of at least 1.*=0"),
        (lambda: Reshape((2, -2)), r"`target_shape` must be an integer of at least 1.*=-2"),
        (
            lambda: BatchNormalization(epsilon=0),
            r"`epsilon` must be positive\. Received: epsilon=0",
        ),
        (lambda: LeakyReLU(-0.1), r"`negative_slope` must not be negative.*negative_slope=-0\.1"),
        (lambda: LeakyReLU(alpha=-1), r"`negative_slope` must not be negative"),
        (lambda: ReLU(max_value=-1), r"`max_value` must not be negative\. Received: max_value=-1"),
        (lambda: ReLU(negative_slope=-1), r"`negative_slope` must not be negative.*=-1"),
        (lambda: ReLU(threshold=-1), r"`threshold` must not be negative\. Received: threshold=-1"),
        (lambda: Dropout(1.5), r"`rate` must be from 0 to 1\. Received: rate=1\.5"),
        (lambda: Dropout(-0.5), r"`rate` must be from 0 to 1\. Received: rate=-0\.5"),
        (InputLayer, r"InputLayer must be given `shape` .*Received: neither"),
        (lambda: InputLayer((3, 0)), r"must be an integer of at least 1\. Received: .*=0"),
        (lambda: Dense(1, input_dim=0), r"`input_dim` must be an integer of at least 1"),
        (lambda: Dense(1, input_shape=(2.5,)), r"`input_shape` must be an integer .*=2\.5"),
        (
            lambda: Dense(1, input_shape=5),
            r"`input_shape` must be a tuple of positive integers .*5",
        ),
        (lambda: Dense(1, input_shape="5"), r"`input_shape` must be a tuple of positive .*'5'"),
        (lambda: Dense(1, batch_input_shape=5), r"`batch_input_shape` must be a tuple of positive"),
        (lambda: Dense(1, dtype="int8"), r"`dtype` must be a float type.*Received: dtype='int8'"),
        (lambda: Dense(1, dtype="word"), r"`dtype` must be a float type.*Received: dtype='word'"),
        (lambda: Dense(1, dtype="f4,("), r"`dtype` must be a float type.*Received: dtype='f4,\('"),
    ],
)
def test_a_bad_argument_is_refused_by_name(make: Callable[[], Layer], rule: str) -> None:
    with pytest.raises(ArgumentError, match=rule):
        make()


@pytest.mark.parametrize("name", [5, ["a"], "a/b"])
def test_a_name_that_keras_would_refuse_is_refused(name: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`name` must be .*Received: name="):
        Dense(1, name=name)


def test_an_unknown_initializer_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`kernel_initializer` must be one of 'glorot_uniform', .*'orthogonal_ish'",
    ):
        Dense(1, kernel_initializer="orthogonal_ish")


@pytest.mark.parametrize("axis", ["x", 1.5, None])
def test_an_axis_that_is_no_integer_is_refused(axis: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`axis` must be an integer.*Received: axis="):
        BatchNormalization(axis=axis)


@pytest.mark.parametrize(
    "weights",
    [
        [],
        [np.ones((2, 3))],
        [np.ones((3, 2)), np.ones(3)],
        [np.ones((2, 3)), np.ones(3), 1],
        [1, 2],
    ],
)
def test_weights_of_other_shapes_are_refused_and_nothing_is_set(weights: list[Any]) -> None:
    layer = Dense(3, name="here")
    layer.build((None, 2))
    before = layer.get_weights()
    with pytest.raises(
        ShapeError,
        match=r"The weights of 'here' must be arrays of the shapes \[\(2, 3\), \(3,\)\]\. "
        r"Received: arrays of the shapes \[",
    ):
        layer.set_weights(weights)
    for values, expected in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("kernel", [[[1, 2, 3], [4]], [["a"] * 3] * 2, np.ones((2, 3)) * 1j])
def test_weights_that_are_no_arrays_of_numbers_are_refused(kernel: Any) -> None:
    layer = Dense(3)
    layer.build((None, 2))
    with pytest.raises(UpsampError, match=r"must "):
        layer.set_weights([kernel, [0, 0, 0]])


@one_case_a_layer
def test_inputs_that_are_no_numbers_or_none_at_all_are_refused(case: Case) -> None:
    layer = case.make()
    with pytest.raises(DtypeError, match=r"`x` must hold real numbers"):
        layer(np.full((2, *case.sample), "a"))
    with pytest.raises(ShapeError, match=r"`x` must not be empty"):
        layer(np.ones((0, *case.sample)))


def test_a_layer_without_its_computation_says_what_it_lacks() -> None:
    with pytest.raises(NotImplementedError, match=r"Layer must define `call`\."):
        Layer()([[1.0]])
    with pytest.raises(NotImplementedError, match=r"ConvolutionLayer must define `kernel_shape`\."):
        ConvolutionLayer(1, 1).kernel_shape(3)
