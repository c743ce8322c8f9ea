"""Layers against what real Keras computed with the same arguments and weights."""

import json
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from golden_files import Golden, arrays_of, goldens_of
from numpy.typing import NDArray

from upsamp.core.activations import ACTIVATIONS
from upsamp.layers import LAYERS, Layer

AGREEMENT = 1e-5  # of the data's range
TABLE = json.loads(str(arrays_of("layers")["cases"]))
CASES = list(zip(goldens_of("layers"), TABLE, strict=True))
SINGLE = [case for case, row in CASES if "others" not in row]
MERGING = [(case, row["others"]) for case, row in CASES if "others" in row]
# These have collections or tests of their own, or are no layers of Keras 3.
ELSEWHERE = {"UpSampling2D", "Conv2D", "Conv2DTranspose", "Resizing", "PixelShuffle"}
ELSEWHERE |= {"PixelUnshuffle", "InputLayer", "ThresholdedReLU", "InstanceNormalization"}
ELSEWHERE |= {"CenterCrop", "Normalization", "TimeDistributed"}


def layer_of(case: Golden) -> Layer:
    """Make the layer of a case, with its weights; JSON has lists where Keras has tuples."""
    arguments: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in case.config.items()
    }
    layer = LAYERS[case.layer].from_config(arguments)
    layer.build((None, *case.x.shape[1:]))
    layer.set_weights(case.weights)
    return layer


def tolerance(values: NDArray[Any]) -> float:
    """Say how far float32 may be off: a constant has no range, so its size is taken."""
    wide = values.astype(np.float64)
    return AGREEMENT * float(np.ptp(wide) or np.max(np.abs(wide)))


def test_every_activation_is_compared_alone_and_in_a_dense_layer() -> None:
    for layer in ("Activation", "Dense"):
        compared = {case.config.get("activation") for case in SINGLE if case.layer == layer}
        assert compared >= set(ACTIVATIONS) - {"hard_sigmoid_keras2"}


def test_every_layer_is_compared() -> None:
    assert {case.layer for case, _ in CASES} == set(LAYERS) - ELSEWHERE


@in_one_test("case", SINGLE)
def test_a_layer_agrees_with_keras(case: Golden) -> None:
    actual = layer_of(case)(case.x)
    assert actual.dtype == case.output.dtype == np.float32
    np.testing.assert_allclose(actual, case.output, rtol=0, atol=tolerance(case.output))


@in_one_test(("case", "others"), MERGING)
def test_a_layer_of_several_inputs_agrees_with_keras(case: Golden, others: list[str]) -> None:
    arrays = arrays_of("layers")
    inputs = [case.x, *(arrays[name] for name in others)]
    layer = LAYERS[case.layer](**case.config)
    actual = layer(inputs)
    assert layer.connect([one.shape for one in inputs]) == [case.output.shape]
    np.testing.assert_allclose(actual, case.output, rtol=0, atol=tolerance(case.output))


@pytest.mark.parametrize("collection", ["upsampling", "convolution", "transposed_convolution"])
def test_layers_on_images_hand_their_arguments_on_as_keras_does(collection: str) -> None:
    cases = [case for case in goldens_of(collection) if case.output.dtype == np.float32]
    assert len(cases) > 60
    for case in cases:
        layer = layer_of(case)
        assert layer.compute_output_shape(case.x.shape) == case.output.shape, case.name
        scale = tolerance(case.x if collection == "upsampling" else case.output)
        np.testing.assert_allclose(
            layer(case.x), case.output, rtol=0, atol=scale, err_msg=case.name
        )
