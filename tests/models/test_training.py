"""Layers that a file calls with training=True: what Keras 2 computes then, and what is told."""

from typing import Any

import numpy as np
import pytest
from config_entries import Entry, called, entry, functional, image, tensor
from effort import in_one_test

from upsamp.errors import UpsampError
from upsamp.layers import Dense, SpectralNormalization
from upsamp.models.config.keras2_config import modernize
from upsamp.models.files.loading import model_from_config
from upsamp.models.functional import Functional
from upsamp.models.sampling.features import feature_model
from upsamp.models.training import saving_notes, training_notes

X = np.random.default_rng(3).normal(1, 2, (6, 4, 4, 2)).astype(np.float32)


def training(layer: Entry, value: Any = True) -> Entry:
    """Return a layer, each of its calls with an argument, as a file of Keras 2 says it."""
    nodes = [{**node, "training": value} for node in layer["inbound_nodes"]]
    return {**layer, "inbound_nodes": nodes}


def normalized(name: str, *calls: list[Any], **config: Any) -> Entry:
    """Return a BatchNormalization."""
    return entry("BatchNormalization", name, *calls, **config)


def by_batch(x: Any, axis: int = -1) -> Any:
    """Return x with the mean 0 and the variance 1 along an axis, in float64."""
    axes = tuple(one for one in range(x.ndim) if one != axis % x.ndim)
    wide = x.astype(np.float64)
    mean, variance = wide.mean(axes, keepdims=True), wide.var(axes, keepdims=True)
    return (wide - mean) / np.sqrt(variance + 1e-3)


def run(*layers: Entry, x: Any = X, **ends: Any) -> Any:
    """Run a model that is read from a config, and the one that its own config makes."""
    model = model_from_config(functional(image(), *layers, **ends))
    result = model.predict(x)
    np.testing.assert_array_equal(Functional.from_config(model.get_config()).predict(x), result)
    return result


@in_one_test("axis", [-1, 1, 2])
def test_a_normalisation_uses_the_statistics_of_the_batch(axis: int) -> None:
    layer = training(normalized("b", [tensor("x")], axis=axis))
    np.testing.assert_allclose(run(layer), by_batch(X, axis), atol=2e-6)
    # Of each batch that is predicted.
    model = model_from_config(functional(image(), layer))
    parts = np.concatenate([by_batch(X[:4], axis), by_batch(X[4:], axis)])
    np.testing.assert_allclose(model.predict(X, batch_size=4), parts, atol=3e-6)


def test_gamma_and_beta_are_used_and_a_frozen_layer_keeps_its_statistics() -> None:
    config = functional(image(), training(normalized("b", [tensor("x")])))
    model = model_from_config(config)
    gamma, beta, mean, variance = np.array([[2, -1], [0.5, 3], [9, 9], [4, 4]], np.float32)
    model.layers[1].set_weights([gamma, beta, mean, variance])
    np.testing.assert_allclose(model.predict(X), by_batch(X) * gamma + beta, atol=5e-6)
    model.layers[1].trainable = False
    frozen = model_from_config(
        functional(image(), training(normalized("b", [tensor("x")], trainable=False)))
    )
    np.testing.assert_allclose(frozen.predict(X), X / np.sqrt(1.001), rtol=1e-6)
    assert training_notes(frozen) == []


def test_a_chain_of_layers_is_broken_where_one_trains() -> None:
    conv = entry("Conv2D", "c", [tensor("x")], filters=2, kernel_size=1)
    between = training(normalized("b", [tensor("c")]))
    plain = [entry("ReLU", "r", [tensor("b")]), entry("ReLU", "end", [tensor("r")])]
    model = model_from_config(functional(image(), conv, between, *plain))
    kernel, bias = model.layers[1].get_weights()
    convolved = X @ kernel[0, 0] + bias
    np.testing.assert_allclose(model.predict(X), np.maximum(by_batch(convolved), 0), atol=5e-6)


@in_one_test(
    ("inside", "outside", "trains"),
    [
        (None, True, True),
        (None, False, False),
        (None, None, False),
        (True, False, True),
        (True, None, True),
        (False, True, False),
    ],
)
def test_a_layer_does_as_its_call_says_and_else_as_the_model_around(
    inside: bool | None, outside: bool | None, trains: bool
) -> None:
    layer = normalized("b", [tensor("x")])
    layer = layer if inside is None else training(layer, inside)
    inner = called(functional(image(), layer, name="g"), [tensor("x")])
    inner = inner if outside is None else training(inner, outside)
    result = run(inner, outputs=["g", 1, 0])
    expected = by_batch(X) if trains else X / np.sqrt(1.001)
    np.testing.assert_allclose(result, expected, atol=3e-6)


def test_a_layer_for_each_step_acts_as_in_training_on_all_steps() -> None:
    inner = {"module": "keras.layers", "class_name": "BatchNormalization", "config": {"name": "b"}}
    layer = training(entry("TimeDistributed", "t", [tensor("x")], layer=inner))
    np.testing.assert_allclose(run(layer), by_batch(X), atol=2e-6)
    assert "layer 't' (TimeDistributed) is called with training=True" in told(layer)[0]


def test_one_model_is_called_with_training_and_without() -> None:
    inner = called(
        functional(image(), normalized("b", [tensor("x")]), name="g"), [tensor("x")], [tensor("x")]
    )
    inner["inbound_nodes"][1]["training"] = True
    plain, trained = run(inner, outputs=[["g", 1, 0], ["g", 2, 0]])
    np.testing.assert_allclose(plain, X / np.sqrt(1.001), rtol=1e-6)
    np.testing.assert_allclose(trained, by_batch(X), atol=2e-6)
    # A layer within is cut off as it was called.
    model = model_from_config(functional(image(), inner, outputs=["g", 2, 0]))
    np.testing.assert_allclose(feature_model(model, "g/b").predict(X), by_batch(X), atol=2e-6)


# --- random layers

MANY = np.random.default_rng(4).normal(0, 1, (50, 16, 16, 4)).astype(np.float32)


def drawn(class_name: str, seed: int = 0, **config: Any) -> Any:
    """Run a layer that draws random values."""
    layer = training(entry(class_name, "d", [tensor("x")], **config))
    model = model_from_config(functional(image(shape=(None, 16, 16, 4)), layer))
    model.seed_noise(seed)
    return model.predict(MANY, batch_size=25)


def test_dropped_values_are_a_share_and_the_others_are_larger() -> None:
    result = drawn("Dropout", rate=0.25)
    kept = result != 0
    assert abs(kept.mean() - 0.75) < 0.01
    np.testing.assert_allclose(result[kept], MANY[kept] / 0.75, rtol=1e-6)
    wholes = drawn("Dropout", rate=0.5, noise_shape=[None, 1, 1, None]) != 0
    for found in (wholes, drawn("SpatialDropout2D", rate=0.5) != 0):
        assert np.all(found == found[:, :1, :1])
        assert 0.3 < found[:, 0, 0].mean() < 0.7
    assert not drawn("Dropout", rate=1.0).any()


@in_one_test("shape", [[None, 2, 1, None], [None, 1], "a", 3, [None, 1, 1, 1.5]])
def test_what_is_drawn_broadcasts_to_the_input(shape: Any) -> None:
    with pytest.raises(UpsampError, match=r"^Layer 'd' \(Dropout.*`noise_shape`"):
        drawn("Dropout", rate=0.5, noise_shape=shape)


def test_noise_has_the_deviation_that_is_said() -> None:
    noise = drawn("GaussianNoise", stddev=0.5) - MANY
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 0.5) < 0.01
    factors = drawn("GaussianDropout", rate=0.2) / MANY
    assert abs(factors.mean() - 1) < 0.01
    assert abs(factors.std() - 0.5) < 0.01
    alpha = drawn("AlphaDropout", rate=0.3)  # which keeps mean and variance
    assert abs(alpha.mean()) < 0.02
    assert abs(alpha.std() - 1) < 0.02


def test_the_same_seed_draws_the_same_and_each_batch_anew() -> None:
    result = drawn("GaussianNoise", stddev=0.5)
    np.testing.assert_array_equal(drawn("GaussianNoise", stddev=0.5), result)
    noise = result - MANY
    for other in (drawn("GaussianNoise", seed=1, stddev=0.5) - MANY, np.roll(noise, 25, 0)):
        assert abs(np.corrcoef(noise.ravel(), other.ravel())[0, 1]) < 0.02


# --- what is told


def told(*layers: Entry) -> list[str]:
    """Return the notes of a model."""
    return training_notes(model_from_config(functional(image(), *layers)))


def test_what_training_changes_is_told_once_for_each_kind() -> None:
    drops = [
        training(entry("Dropout", f"d{n}", [tensor(f"d{n - 1}" if n else "x")], rate=0.5))
        for n in range(5)
    ]
    random, batch = told(*drops, training(normalized("b", [tensor("d4")])))
    assert random == (
        "layers 'd0' (Dropout), 'd1' (Dropout), 'd2' (Dropout) and 2 more are called with "
        "training=True, so random values are drawn, from --seed of upsamp generator"
    )
    assert batch == (
        "layer 'b' (BatchNormalization) is called with training=True, so the mean and the "
        "variance are those of the batch: samples depend on each other"
    )
    assert told(training(entry("ReLU", "r", [tensor("x")]))) == []
    wrapped = SpectralNormalization(Dense(2))
    assert wrapped.training_effect == "weights"


def test_a_prediction_of_keras_3_passes_over_training() -> None:
    layer = normalized("b", [tensor("x")])
    layer["inbound_nodes"][0]["kwargs"] = {"training": True}
    model = model_from_config(functional(image(), layer))
    np.testing.assert_allclose(model.predict(X), X / np.sqrt(1.001), rtol=1e-6)
    [note] = training_notes(model)
    assert note == (
        "layer 'b' (BatchNormalization) is called with training=True, which is left out, as "
        "Keras 3 leaves it out of predict()"
    )
    written = model.get_config()["layers"][1]["inbound_nodes"][0]
    assert written["kwargs"] == {"training": True}
    assert "training" not in written


def test_files_of_keras_2_go_by_training_and_what_is_saved_says_so() -> None:
    old = {
        **normalized("b"),
        "inbound_nodes": [[["x", 0, 0, {"training": True}]]],
    }
    config = functional(image(), old, inputs=[["x", 0, 0]], outputs=[["b", 0, 0]])
    model = model_from_config(modernize(config, "2.9.0"))
    np.testing.assert_allclose(model.predict(X), by_batch(X), atol=2e-6)
    [note] = saving_notes(model, "g.keras")
    assert note.startswith("predict() of Keras 3 passes over training=True")
    assert saving_notes(model, "g.npz") == []
    written = model.get_config()["layers"][1]["inbound_nodes"][0]
    assert written["kwargs"] == {"training": True}


def test_no_receptive_field_goes_through_the_statistics_of_a_batch() -> None:
    layers = [training(normalized("b", [tensor("x")])), entry("ReLU", "r", [tensor("b")])]
    model = model_from_config(functional(image(), *layers))
    rows = model.summarize(["receptive_field"]).rows
    assert [str(row.measure.receptive_field) for row in rows] == ["1x1", "None", "None"]


@pytest.mark.parametrize("wrong", [-1, 0.5, "a"])
def test_a_seed_is_a_whole_number(wrong: Any) -> None:
    model = model_from_config(functional(image(), normalized("b", [tensor("x")])))
    with pytest.raises(ValueError, match=r"`seed` must be an integer"):
        model.seed_noise(wrong)
