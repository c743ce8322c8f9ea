"""Layers against what real Keras computed with the same arguments and weights."""

from typing import Any

import numpy as np
import pytest
from golden_files import Golden, goldens_of
from numpy.typing import NDArray

from upsamp.core.activations import ACTIVATIONS
from upsamp.layers import LAYERS, InputLayer, Layer
from upsamp.layers.image_layer import ImageLayer

AGREEMENT = 2e-5  # of the data's range
CASES = goldens_of("layers")


def layer_of(case: Golden) -> Layer:
    """Make the layer of a case, with its weights; JSON has lists where Keras has tuples."""
    arguments: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in case.config.items()
    }
    layer = LAYERS[case.layer](**arguments)
    layer.build((None, *case.x.shape[1:]))
    layer.set_weights(case.weights)
    return layer


def tolerance(values: NDArray[Any]) -> float:
    """Say how far float32 may be off: a constant has no range, so its size is taken."""
    wide = values.astype(np.float64)
    return AGREEMENT * float(np.ptp(wide) or np.max(np.abs(wide)))


def test_every_activation_is_compared_alone_and_in_a_dense_layer() -> None:
    for layer in ("Activation", "Dense"):
        compared = {case.config.get("activation") for case in CASES if case.layer == layer}
        assert compared >= set(ACTIVATIONS)


def test_every_layer_that_is_not_for_images_alone_is_compared() -> None:
    assert {case.layer for case in CASES} == {
        name for name, layer in LAYERS.items() if not issubclass(layer, ImageLayer | InputLayer)
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_layer_agrees_with_keras(case: Golden) -> None:
    actual = layer_of(case)(case.x)
    assert actual.dtype == case.output.dtype == np.float32
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
