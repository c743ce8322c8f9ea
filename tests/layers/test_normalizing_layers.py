"""InstanceNormalization and Normalization by their formulas, TimeDistributed by its steps."""

from typing import Any

import numpy as np
from effort import in_one_test

from upsamp.layers import Conv2D, Dense, InstanceNormalization, Normalization, TimeDistributed

X = np.random.default_rng(5).normal(size=(2, 3, 4, 5)).astype(np.float32)


@in_one_test("groups", [None, -1])
@in_one_test(("axis", "positions"), [(3, (1, 2)), (-3, (2, 3)), (None, (1, 2, 3))])
def test_instances_are_normalised_as_the_library_of_the_file_does(
    axis: int | None, positions: tuple[int, ...], groups: int | None
) -> None:
    layer = InstanceNormalization(axis, epsilon=0.25, groups=groups)
    layer.build((None, 3, 4, 5))
    along = [1 if place in (0, *positions) else length for place, length in enumerate(X.shape)]
    gamma, beta = (np.arange(1.0, 1 + np.prod(along)) * factor for factor in (0.5, -2))
    layer.set_weights([gamma, beta])
    centred = X - X.mean(positions, keepdims=True)
    variance = X.var(positions, keepdims=True)
    # keras-contrib adds epsilon to the deviation, and TensorFlow Addons to the variance.
    deviation = np.sqrt(variance) + 0.25 if groups is None else np.sqrt(variance + 0.25)
    expected = centred / deviation * gamma.reshape(along) + beta.reshape(along)
    np.testing.assert_allclose(layer(X), expected, rtol=1e-5, atol=1e-5)


@in_one_test(
    ("axis", "mean", "variance"),
    [
        (-1, [1, 2, 3, 4, 5], [1, 4, 9, 16, 25]),
        (-1, 2.0, 4.0),
        ([1, 3], np.arange(15.0).reshape(3, 5).tolist(), np.full((3, 5), 4.0).tolist()),
        (None, 2.0, 4.0),
        (-1, [[[[1, 2, 3, 4, 5]]]], [[[[1, 4, 9, 16, 25]]]]),
    ],
)
def test_means_are_of_the_axes_that_are_kept(axis: Any, mean: Any, variance: Any) -> None:
    along = (1, 3, 1, 5) if axis == [1, 3] else (-1,)
    means, deviations = np.reshape(mean, along), np.sqrt(np.reshape(variance, along))
    layer = Normalization(axis, mean, variance)
    np.testing.assert_allclose(layer(X), (X - means) / deviations, rtol=1e-5, atol=1e-6)
    back = Normalization(axis, mean, variance, invert=True)
    np.testing.assert_allclose(back(layer(X)), X, rtol=1e-4, atol=1e-5)
    assert layer.count_params() == 0


def test_means_that_were_found_are_weights_that_are_not_trained() -> None:
    layer = Normalization()
    layer.build((None, 3, 4, 5))
    assert (layer.count_params(), layer.count_trainable_params()) == (11, 0)
    layer.set_weights([np.arange(5.0), [0.0, 1.0, 4.0, 9.0, 16.0], 7])
    result = layer(X)
    np.testing.assert_allclose(result[..., 4], (X[..., 4] - 4) / 4, rtol=1e-5)
    np.testing.assert_allclose(result[..., 0], X[..., 0] * 1e7, rtol=1e-5)


def test_every_step_is_computed_alone() -> None:
    steps = np.random.default_rng(6).normal(size=(2, 3, 5, 6, 2)).astype(np.float32)
    inner = Conv2D(4, 3, activation="relu")
    layer = TimeDistributed(inner)
    result = layer(steps)
    for step in range(3):
        np.testing.assert_allclose(result[:, step], inner(steps[:, step]), rtol=1e-6, atol=1e-6)
    assert layer.weight_paths == ["layer/vars/0", "layer/vars/1"]
    assert layer.multiply_adds((None, 3, 5, 6, 2), (None, 3, 3, 4, 4)) == 3 * 12 * 9 * 2 * 4
    assert layer.multiply_adds((None, None, 5, 6, 2), (None, None, 3, 4, 4)) is None


def test_a_frozen_layer_in_another_is_not_trained() -> None:
    layer = TimeDistributed(Dense(3, trainable=False))
    layer.build((None, 2, 5))
    assert (layer.count_params(), layer.count_trainable_params()) == (18, 0)
