"""Sequential: the weights of its layers, read, set and drawn from a seed."""

import math
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray
from small_models import latent, small_model

from upsamp import Sequential
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import (
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    Input,
    SpectralNormalization,
)


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


@in_one_test("change", ["none", "fewer", "more", "transposed"])
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
    """Return the first weights of a model with two kernels of one shape."""
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


@in_one_test("seed", [-1, 1.5, "a", None])
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


def test_a_layer_keeps_its_weights_when_it_joins_another_model() -> None:
    layer = Dense(2, input_dim=2)
    first = Sequential([layer])
    Sequential([layer], seed=9)
    np.testing.assert_array_equal(
        first.get_weights()[0], Sequential([Dense(2, input_dim=2)]).get_weights()[0]
    )


@in_one_test("dtype", ["float16", "float32", "float64", "mixed_float16", "bfloat16"])
def test_weights_that_a_model_sets_have_the_types_of_its_layers(dtype: str) -> None:
    layers = [Dense(2, input_dim=1, dtype=dtype), SpectralNormalization(Dense(1, dtype=dtype))]
    model = Sequential(layers)
    drawn = [weight.dtype for weight in model.get_weights()]
    values = [np.full(weight.shape, 1 / 3) for weight in model.weights]
    model.set_weights(values)
    for weight, before, given in zip(model.get_weights(), drawn, values, strict=True):
        np.testing.assert_array_equal(weight, given.astype(before), strict=True)
