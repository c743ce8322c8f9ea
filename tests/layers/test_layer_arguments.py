"""The arguments of layers: Keras' names, order and defaults, and what is taken besides."""

import inspect
import json
import math
from dataclasses import replace
from typing import Any

import effort
import numpy as np
import pytest
from effort import in_one_test
from layers.keras_defaults import KERAS_DEFAULTS, TRAINING_OPTIONS
from layers.layer_cases import CASES, Case, every_case, one_case_a_layer

from upsamp import Sequential
from upsamp.errors import ArgumentError, UpsampError
from upsamp.layers import LAYERS, Dense, Embedding, Flatten, Input, InputLayer, LeakyReLU
from upsamp.layers.layer import snake_case
from upsamp.models.advice import advise
from upsamp.models.summary.columns import COLUMNS


@in_one_test("name", KERAS_DEFAULTS)
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
    # The input_dim of an Embedding is the length of its table.
    if len(case.sample) == 1 and case.layer is not Embedding:
        spellings.append({"input_dim": case.sample[0]})
    for spelling in spellings:
        model = Sequential([case.make(**spelling)])
        assert model.input_shape == (None, *case.sample)
        assert model.output_shape == (None, *case.output)


@in_one_test(
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
        ("PReLU", "p_re_lu"),
        ("ELU", "elu"),
        ("ThresholdedReLU", "thresholded_re_lu"),
        ("SeparableConv2D", "separable_conv2d"),
        ("DepthwiseConv2D", "depthwise_conv2d"),
        ("LayerNormalization", "layer_normalization"),
        ("MaxPooling2D", "max_pooling2d"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ("SpatialDropout2D", "spatial_dropout2d"),
        ("RepeatVector", "repeat_vector"),
    ],
)
def test_automatic_names_are_those_of_keras(layer: str, name: str) -> None:
    assert snake_case(layer) == name


@one_case_a_layer
def test_a_layer_shows_its_name(case: Case) -> None:
    assert repr(case.make(name="mine")) == f"<{case.layer.__name__} name=mine, built=False>"


def test_input_is_the_output_of_an_input_layer() -> None:
    tensor = Input((28, 28, 1), 5, name="mine")
    assert tensor.origin is not None
    layer = tensor.origin[0].layer
    assert isinstance(layer, InputLayer)
    assert layer.output is tensor
    assert (layer.batch_input_shape, layer.name) == ((5, 28, 28, 1), "mine")
    assert InputLayer(batch_shape=(None, 3)).batch_input_shape == (None, 3)


def test_options_of_configs_that_ask_for_nothing_are_taken_and_forgotten() -> None:
    options: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        (
            "BatchNormalization",
            {"axis": [3]},
            {
                "renorm": False,
                "renorm_clipping": {},
                "renorm_momentum": 0.9,
                "synchronized": False,
                "fused": True,
                "virtual_batch_size": None,
            },
        ),
        ("LayerNormalization", {}, {"rms_scaling": False}),
        ("Dense", {"units": 1}, {"lora_rank": None, "quantization_config": None}),
        ("DepthwiseConv2D", {"kernel_size": 1}, {"groups": 1, "kernel_initializer": "zeros"}),
        ("SpatialDropout2D", {"rate": 0.5}, {"noise_shape": None}),
        ("InputLayer", {"shape": (3,)}, {"sparse": False, "ragged": False, "optional": False}),
        ("Embedding", {"input_dim": 1, "output_dim": 1}, {"weights": None}),
    ]
    for name, arguments, more in options:
        plain = LAYERS[name](**arguments).get_config()
        assert LAYERS[name](**arguments, **more).get_config() == plain
    assert LAYERS["BatchNormalization"](axis=[3]).get_config()["axis"] == 3


def test_an_initializer_that_nobody_knows_stops_only_what_draws_from_it() -> None:
    layer = Dense(2, kernel_initializer={"class_name": "Blob", "config": {"size": 3}}, name="a")
    assert Dense.from_config(layer.get_config()).get_config() == layer.get_config()
    layer.build((None, 3))
    with pytest.raises(ArgumentError, match=r"An initializer must be one that upsamp has .*Blob"):
        layer.get_weights()
    layer.set_weights([np.ones((3, 2)), np.zeros(2)])
    np.testing.assert_array_equal(layer(np.ones((1, 3))), [[3, 3]])


def test_the_old_name_of_the_negative_slope_is_taken() -> None:
    layer = LeakyReLU(alpha=0.2)
    assert layer.get_config() == LeakyReLU(negative_slope=0.2).get_config()


# --- sizes that nobody means

# Of each layer the arguments that are integers, or tuples of them.
INTEGERS = (
    *("filters", "kernel_size", "strides", "padding", "output_padding", "dilation_rate", "groups"),
    *("size", "cropping", "target_shape", "n", "dims", "axis", "units", "shape", "batch_shape"),
    *("batch_size", "input_shape", "batch_input_shape", "input_dim", "output_dim", "input_length"),
    *("upscale_factor", "height", "width", "pool_size", "power_iterations", "depth_multiplier"),
    *("shared_axes", "seed", "trainable"),
)
ABSURD: tuple[Any, ...] = (
    *(0, -1, -2, 2**31, 2**62, 2**63, -(2**63), 10**30, 10**100, 10**400, 10**5000, -(10**5000)),
    *(True, False, 2.5, 1e308, math.nan, math.inf, "3", "", b"3", None, range(3)),
    *((), [], {}, (1, 2, 3), (0, 1), [2.0, 2], (2**62, 2), [10**5000, 1], [[10**5000, 1], [1, 1]]),
    *([[1, 2], [3, 4]], ((10**30, 0), (0, 1)), ((1,), (2,)), [None, 3], {"a": 1}),
)


def tried(case: Case) -> list[tuple[str, Any]]:
    """Return the arguments of a layer that are tried, each with every absurd value."""
    parameters = {*inspect.signature(case.layer).parameters, *case.arguments}
    general = ("input_shape", "batch_input_shape", "input_dim", "trainable")
    names = [name for name in INTEGERS if name in parameters or name in general]
    return [(name, value) for name in names for value in ABSURD]


@one_case_a_layer
def test_absurd_numbers_are_answered_or_refused_by_name(case: Case) -> None:
    refused = []
    pairs = tried(case)
    for name, value in effort.choose(pairs[:: 3 if len(pairs) % 3 else 2], pairs):
        try:
            layer = replace(case, arguments={**case.arguments, name: value}).make()
            first = [] if isinstance(layer, InputLayer) else [Input(case.sample)]
            model = Sequential([*first, layer])
            summary = model.summarize(tuple(COLUMNS), batch=3)
            assert str(summary)
            assert json.dumps(summary.to_dict())
            advise(model, (9, 40))
        except UpsampError as error:
            refused.append(str(error))
    assert len(refused) > len(ABSURD) // 4
    assert "\n" not in "".join(refused)
