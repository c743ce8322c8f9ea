"""Activations: names, layers that stand for them, ranges, and Keras 2's hard sigmoid."""

import math
from typing import Any

import numpy as np
import pytest
from effort import in_one_test

from upsamp.core.activations import (
    ACTIVATIONS,
    activation_mapping,
    activation_range,
    get_activation,
    normalize_activation,
)
from upsamp.errors import ArgumentError

X = np.linspace(-4, 4, 33)


def mapping(class_name: str, **config: Any) -> dict[str, Any]:
    """Spell a layer as Keras' files do."""
    return {"class_name": class_name, "config": config}


@in_one_test(
    ("given", "normal"),
    [
        (None, None),
        ("Tanh", "tanh"),
        ({"class_name": "Softmax", "config": None}, mapping("Softmax", axis=-1)),
        (mapping("LeakyReLU"), mapping("LeakyReLU", negative_slope=0.3)),
        (
            mapping("LeakyReLU", alpha=0.1, name="a", trainable=True, dtype="float32"),
            mapping("LeakyReLU", negative_slope=0.1),
        ),
        (mapping("ELU", alpha=0.5), mapping("ELU", alpha=0.5)),
        (mapping("Softmax", axis=[1, 2]), mapping("Softmax", axis=[1, 2])),
        (
            {**mapping("ReLU", max_value=6), "module": "keras.layers"},
            mapping("ReLU", max_value=6, negative_slope=0.0, threshold=0.0),
        ),
        (mapping("Activation", activation="relu"), "relu"),
    ],
)
def test_an_activation_has_one_canonical_form(given: Any, normal: Any) -> None:
    assert normalize_activation(given) == normal
    assert normalize_activation(normal) == normal


@in_one_test(
    ("given", "rule"),
    [
        ("step", r"`activation` must be one of 'linear', .*'step'"),
        (3, r"`activation` must be one of .*activation=3"),
        (mapping("PReLU"), r"`activation` must be a name, or a layer without weights: LeakyReLU"),
        (mapping("ELU", beta=1), r"ELU must be given the arguments that it has, each once: alpha"),
        (mapping("ELU", alpha="a"), r"`alpha` must not be negative\. Received: alpha='a'"),
        (mapping("LeakyReLU", alpha=-1), r"`negative_slope` must not be negative\. .*=-1"),
        ({"class_name": "ReLU", "config": "a"}, r"`activation` must be a name, or a layer"),
        ({}, r"`activation` must be a name, or a layer"),
    ],
)
def test_what_is_no_activation_is_refused(given: Any, rule: str) -> None:
    with pytest.raises(ArgumentError, match=rule):
        get_activation(given)


def test_a_layer_computes_what_its_function_does() -> None:
    np.testing.assert_allclose(
        get_activation(mapping("LeakyReLU", negative_slope=0.5))(X), np.where(X > 0, X, X / 2)
    )
    np.testing.assert_allclose(get_activation(mapping("ReLU", max_value=2))(X), np.clip(X, 0, 2))
    np.testing.assert_allclose(get_activation(mapping("Softmax", axis=0))(X).sum(), 1)
    np.testing.assert_allclose(
        get_activation(mapping("ELU", alpha=2.0))(X), np.where(X > 0, X, 2 * np.expm1(X))
    )


def test_the_hard_sigmoid_of_keras_2_is_the_steeper_one() -> None:
    actual = get_activation("hard_sigmoid_keras2")(X)
    np.testing.assert_allclose(actual, np.clip(0.2 * X + 0.5, 0, 1))
    np.testing.assert_allclose(get_activation("hard_sigmoid")(X), np.clip(X / 6 + 0.5, 0, 1))


@in_one_test("name", ACTIVATIONS)
@in_one_test("dtype", ["float32", "float64"])
def test_the_type_stays_and_the_input_too(name: str, dtype: str) -> None:
    x = X.astype(dtype)
    x.flags.writeable = False
    assert get_activation(name)(x).dtype == dtype


@in_one_test("name", ACTIVATIONS)
def test_float16_is_rounded_once(name: str) -> None:
    x = np.array([-60000, -300, -1, -1e-3, -1e-6, 0, 1e-6, 1e-3, 1, 300, 60000], np.float16)
    with np.errstate(over="ignore", invalid="ignore"):
        actual = get_activation(name)(x)
        expected = get_activation(name)(x.astype(np.float64)).astype(np.float16)
    assert actual.dtype == np.float16
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=6e-8)


@in_one_test("name", ACTIVATIONS)
def test_values_lie_in_the_range_that_is_told(name: str) -> None:
    values = get_activation(name)(10 * X)
    bounds = activation_range(name)
    if bounds is None:
        assert values.max() > 10 or values.min() < -1
    else:
        assert bounds[0] <= values.min() <= values.max() <= bounds[1]


def test_layers_have_ranges_too() -> None:
    assert activation_range(mapping("ReLU", max_value=2)) == (0, 2)
    assert activation_range(mapping("ReLU", max_value=2, negative_slope=0.5)) is None
    assert activation_range(mapping("Softmax")) == (0, 1)
    assert activation_range(mapping("LeakyReLU")) is None
    assert activation_range(None) is None


def test_a_call_means_the_same_as_its_mapping() -> None:
    assert activation_mapping("LeakyReLU", [0.2], {}) == mapping("LeakyReLU", negative_slope=0.2)
    assert activation_mapping("LeakyReLU", [], {"alpha": 0.2}) == mapping("LeakyReLU", alpha=0.2)
    assert activation_mapping("PReLU", [], {}) is None


# --- the fast forms beside the definitions, which choose value by value

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, 1e-30, -1e-30, 88.0, -88.0, -104.0, 745.0, -745.0, 3e38]


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)) as NumPy has it."""
    return np.logaddexp(x, 0)


DEFINITIONS: list[tuple[Any, Any]] = [
    ("relu", lambda x: np.maximum(x, 0)),
    *(
        (mapping("LeakyReLU", negative_slope=slope), lambda x, a=slope: np.where(x > 0, x, a * x))
        for slope in (0.0, 0.25, 1.0, 1.5, 3.0)
    ),
    (mapping("ReLU", max_value=6), lambda x: np.minimum(np.maximum(x, 0), 6)),
    *(
        (
            mapping("ELU", alpha=alpha),
            lambda x, a=alpha: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0))),
        )
        for alpha in (0.0, 0.5, 2.0)
    ),
    ("sigmoid", lambda x: np.where(x < 0, 1 - 1 / (1 + np.exp(x)), 1 / (1 + np.exp(-x)))),
    ("softplus", softplus),
    ("log_sigmoid", lambda x: -softplus(-x)),
    ("gelu", lambda x: x * np.vectorize(math.erfc)(-x / math.sqrt(2)) / 2),
    ("squareplus", lambda x: np.where(x > 0, (x + np.hypot(x, 2)) / 2, 2 / (np.hypot(x, 2) - x))),
]


@in_one_test(
    ("activation", "definition"),
    DEFINITIONS,
)
@in_one_test("dtype", ["float32", "float64"])
def test_a_fast_form_gives_what_its_definition_gives(
    activation: Any, definition: Any, dtype: str
) -> None:
    x = np.concatenate([SPECIAL, np.linspace(-20, 20, 4001)]).astype(dtype)
    with np.errstate(all="ignore"):
        expected = definition(x.astype(np.float64))
        actual = get_activation(activation)(x)
    assert actual.dtype == dtype
    tolerance = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
