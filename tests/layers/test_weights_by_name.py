"""Weights by the names that Keras gives them, and what Keras' users do with them."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from effort import in_one_test

from upsamp import Sequential, make_generator
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    GroupNormalization,
    Layer,
    LayerNormalization,
    PReLU,
    SeparableConv2D,
    SpectralNormalization,
    UpSampling2D,
)
from upsamp.layers.weight import Weight

NAMED: list[tuple[Layer, tuple[str, ...], tuple[str, ...]]] = [
    (Dense(3), ("kernel", "bias"), ()),
    (Conv2D(3, 2, use_bias=False), ("kernel",), ("bias",)),
    (SeparableConv2D(3, 2), ("depthwise_kernel", "pointwise_kernel", "bias"), ()),
    (BatchNormalization(), ("gamma", "beta", "moving_mean", "moving_variance"), ()),
    (BatchNormalization(scale=False), ("beta", "moving_mean"), ("gamma",)),
    (LayerNormalization(center=False), ("gamma",), ("beta",)),
    (GroupNormalization(2, scale=False, center=False), (), ("gamma", "beta")),
    (PReLU(), ("alpha",), ()),
    (SpectralNormalization(Dense(3)), ("kernel", "vector_u", "bias"), ()),
]


@in_one_test(("layer", "names", "none"), NAMED)
def test_a_weight_has_its_name(layer: Layer, names: tuple[str, ...], none: tuple[str, ...]) -> None:
    layer.build((None, 4, 4, 4))
    values = dict(zip([one.name for one in layer.weights], layer.get_weights(), strict=True))
    for name in names:
        weight = getattr(layer, name)
        assert isinstance(weight, Weight)
        assert weight.shape == values[name].shape
        np.testing.assert_array_equal(weight, values[name])
        np.testing.assert_array_equal(weight.numpy(), values[name], strict=True)
    assert [getattr(layer, name) for name in none] == [None] * len(none)


def test_a_weight_is_set_by_assign() -> None:
    layer = Dense(2)
    layer.build((None, 3))
    values = np.arange(6.0).reshape(3, 2)
    layer.kernel.assign(values)
    values[:] = 0
    np.testing.assert_array_equal(layer(np.eye(3)), [[0, 1], [2, 3], [4, 5]])
    mine = layer.kernel.numpy()
    mine[:] = 7
    np.testing.assert_array_equal(layer.get_weights()[0][0], [0, 1])
    with pytest.raises(ShapeError, match=r"`values` must have the shape of kernel, \(3, 2\)\."):
        layer.kernel.assign(np.ones((2, 3)))
    with pytest.raises(AttributeError, match=r"Use layer\.kernel\.assign\(values\)\."):
        layer.kernel = np.ones((3, 2))  # type: ignore[assignment]


def test_a_weight_that_there_is_not_says_when_there_is() -> None:
    layer = Dense(2)
    assert not hasattr(layer, "kernel")
    with pytest.raises(AttributeError, match=r"'Dense' has no attribute 'bias'\. Weights are "):
        _ = layer.bias
    layer(np.ones((1, 3)))
    assert hasattr(layer, "kernel")
    assert not hasattr(layer, "gamma")


def test_the_values_do_not_depend_on_who_asks_first() -> None:
    first, second = make_generator("dcgan", seed=5), make_generator("dcgan", seed=5)
    expected = second.get_weights()
    for weight, values in zip(reversed(first.weights), reversed(expected), strict=True):
        np.testing.assert_array_equal(weight.numpy(), values)


def test_weights_are_parted_by_what_training_changes() -> None:
    layer = BatchNormalization()
    layer.build((None, 3))
    assert [one.name for one in layer.trainable_weights] == ["gamma", "beta"]
    assert [one.name for one in layer.non_trainable_weights] == ["moving_mean", "moving_variance"]
    layer.trainable = False
    assert (layer.trainable_weights, layer.non_trainable_weights) == ([], layer.weights)
    assert layer.variables == layer.weights
    model = make_generator("dcgan")
    parts = model.trainable_weights, model.non_trainable_weights
    assert tuple(sum(one.size for one in part) for part in parts) == (
        model.count_trainable_params(),
        model.count_params() - model.count_trainable_params(),
    )


def test_a_copy_has_weights_of_its_own() -> None:
    layer = Dense(2)
    layer.build((None, 3))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other.kernel, layer.kernel)
        other.kernel.assign(np.ones((3, 2)))
        assert np.any(layer.kernel.numpy() != 1)


def test_a_layer_of_ones_own_keeps_its_weight_as_in_keras() -> None:
    class Scaled(Layer):
        def create_weights(self, input_shape: Any) -> None:  # noqa: ARG002 - others ask for it
            self.factor = self.add_weight("factor", (1,), "ones")

        def call(self, x: Any) -> Any:
            return x * self.weight("factor")

    layer = Scaled()
    np.testing.assert_array_equal(layer([[2.0, 3.0]]), [[2, 3]])
    layer.factor.assign([2.0])
    np.testing.assert_array_equal(layer([[2.0, 3.0]]), [[4, 6]])


def test_layers_are_called_as_keras_calls_them() -> None:
    image = np.arange(4.0).reshape(1, 2, 2, 1)
    expected = UpSampling2D()(image)
    for training in (None, False):
        np.testing.assert_array_equal(UpSampling2D()(inputs=image, training=training), expected)
    np.testing.assert_array_equal(UpSampling2D()(image, training=True), expected)
    with pytest.raises(ArgumentError, match=r"`training` must be True or False\."):
        UpSampling2D()(image, training=2)  # type: ignore[arg-type]


def test_layers_act_as_in_training_where_that_is_asked() -> None:
    x = np.random.default_rng(1).normal(3, 2, (8, 5)).astype(np.float32)
    normal = BatchNormalization(epsilon=1e-9)
    expected = (x - x.mean(0)) / x.std(0)
    np.testing.assert_allclose(normal(x, training=True), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(normal(x), x, rtol=1e-6)
    np.testing.assert_array_equal(normal.moving_mean, np.zeros(5))
    dropped = Dropout(0.5)(np.ones((4, 50)), training=True)
    assert set(np.unique(dropped)) == {0.0, 2.0}
    model = Sequential([normal, Dropout(0.0)])
    np.testing.assert_allclose(model(x, training=True), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(model(x), normal(x))
    with pytest.raises(ArgumentError, match=r"`training` must be False, as training would change"):
        SpectralNormalization(Dense(2))(x, training=True)


class Zeros:
    """What Keras' object of that name is."""

    def get_config(self) -> dict[str, object]:
        """Return no arguments."""
        return {}


def test_objects_of_keras_are_taken_by_their_config() -> None:
    foreign: Any = Zeros()
    layer = Embedding(3, 2, embeddings_initializer=foreign, embeddings_regularizer=foreign)
    config = layer.get_config()
    assert config["embeddings_initializer"] == "zeros"
    assert config["embeddings_regularizer"] == {"class_name": "Zeros", "config": {}}
    np.testing.assert_array_equal(layer([[0, 2]]), np.zeros((1, 2, 2)))
    assert layer.dtype_policy.get_config() == {"name": "float32"}
    assert Dense(2, dtype=layer.dtype_policy).dtype_policy is layer.dtype_policy
