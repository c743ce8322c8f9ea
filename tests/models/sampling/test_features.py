"""Models cut off behind a layer: what it gives, with the weights where they were."""

import numpy as np
import pytest
from effort import in_one_test
from golden_files import GoldenModel, golden_models, model_file

from upsamp import Sequential, make_generator
from upsamp.errors import ArgumentError, UnknownLayerError
from upsamp.layers import Conv2D, Dense, InputLayer, Reshape, UpSampling2D
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.files.loading import load_model
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.sampling.features import check_known, feature_model, output_model

TAPPED = [
    pytest.param(golden, name, id=f"{golden}-{name}")
    for golden in golden_models()
    for name in golden.layers
]


@in_one_test(("golden", "name"), TAPPED)
def test_the_maps_are_those_of_keras(golden: GoldenModel, name: str) -> None:
    model = load_model(model_file(f"{golden}.keras"))
    expected = golden.layers[name]
    actual = feature_model(model, name).predict(golden.inputs)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5 * float(np.ptp(expected)))


def test_there_are_maps_of_keras_of_nested_models_and_of_merged_layers() -> None:
    assert len(TAPPED) >= 8
    assert {str(case.values[1]) for case in TAPPED} >= {"sequential_1", "concatenate"}


def test_layers_and_weights_are_shared_and_the_model_stays_as_it_was() -> None:
    model = make_generator("dcgan", latent=4, size=1)
    seeds = [layer.seed for layer in model.layers]
    part = feature_model(model, "conv2d_transpose_1")
    assert [layer.seed for layer in model.layers] == seeds
    assert [call.layer for call in part.calls][1:] == model.layers[:8]
    points = np.ones((2, 4), np.float32)
    before = part.predict(points)
    again = make_generator("dcgan", latent=4, size=1)
    np.testing.assert_array_equal(model.predict(points), again.predict(points))
    dense = model.get_layer("dense")
    assert part.get_layer("dense") is dense
    dense.set_weights([2 * values for values in dense.get_weights()])
    assert np.abs(part.predict(points) - before).max() > 1e-3


def test_a_nested_layer_is_named_by_its_model() -> None:
    inner = Sequential([Reshape((2, 2, 1)), UpSampling2D(), Conv2D(2, 1)], name="body")
    model = Sequential([Dense(4, input_dim=3), inner])
    points = np.random.default_rng(0).standard_normal((2, 3))
    expected = model.get_layer("dense")(points).reshape(2, 2, 2, 1).repeat(2, 1).repeat(2, 2)
    part = feature_model(model, "body/up_sampling2d")
    assert part.output_shape == (None, 4, 4, 1)
    np.testing.assert_array_equal(part.predict(points), expected)
    np.testing.assert_array_equal(
        feature_model(model, "body").predict(points), model.predict(points)
    )


def test_the_last_call_of_a_layer_counts() -> None:
    image, double = InputLayer((1, 1, 1)), UpSampling2D(name="double")
    calls = [Call(image), Call(double, (Source(0),)), Call(double, (Source(1),), 1)]
    model = Functional.from_calls(calls, [0], [Source(2)])
    assert feature_model(model, "double").output_shape == (None, 4, 4, 1)


def test_the_layers_of_a_model_of_several_inputs_take_the_same_inputs() -> None:
    model = load_model(model_file("keras/conditional_gan.keras"))
    part = feature_model(model, "embedding")
    assert [layer.name for layer in part.input_layers] == [
        layer.name for layer in model.input_layers
    ]
    out = part.predict([np.zeros((2, 10)), np.array([[3], [4]])])
    np.testing.assert_array_equal(out[:, 0], model.get_layer("embedding").get_weights()[0][3:5])


def test_what_stands_behind_an_unknown_layer_alone_is_out_of_reach() -> None:
    model = load_model(model_file("keras/with_custom_layer.keras"))
    part = feature_model(model, "up_sampling2d")
    check_known(part)
    image = np.arange(32, dtype=np.float32).reshape(1, 4, 4, 2)
    np.testing.assert_array_equal(part.predict(image), image.repeat(2, 1).repeat(2, 2))
    for name in ("noise", "to_image"):
        with pytest.raises(UnknownLayerError, match=r"Layer 'noise' \(Noise of .* must be known"):
            check_known(feature_model(model, name))
    with pytest.raises(UnknownLayerError, match="Layer 'noise'"):
        check_known(Sequential([InputLayer((4, 4, 2)), model]))


def test_an_unknown_layer_that_no_output_needs_is_no_obstacle() -> None:
    calls = [
        Call(InputLayer((4,))),
        Call(Dense(2), (Source(0),)),
        Call(UnknownLayer("X", None, {}, ""), (Source(0),)),
    ]
    check_known(Functional.from_calls(calls, [0], [Source(1)]))


def test_the_first_output_of_several_is_cut_out() -> None:
    model = load_model(model_file("keras/shared.keras"))
    left, right = np.random.default_rng(0).standard_normal((2, 2, 6, 6, 2))
    part = output_model(model)
    assert len(part.output_sources) == 1
    np.testing.assert_array_equal(part.predict([left, right]), model.predict([left, right])[0])
    single = make_generator("transpose", latent=2, size=1)
    assert output_model(single) is single


@in_one_test("name", ["nothing", "dense/kernel", "", "/"])
def test_a_name_that_is_none_is_refused_with_those_that_are(name: str) -> None:
    model = make_generator("transpose", latent=2, size=1)
    with pytest.raises(
        ArgumentError, match=r"`name` must be that of a layer.*Use one of .*dense, reshape"
    ):
        feature_model(model, name)
