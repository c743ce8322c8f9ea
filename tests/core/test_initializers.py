"""Initializers: their names and mappings, and what they draw."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test

from upsamp.core.initializers import (
    INITIALIZERS,
    get_initializer,
    initializer_mapping,
    normalize_initializer,
)
from upsamp.errors import ArgumentError


def mapping(class_name: str, **config: Any) -> dict[str, Any]:
    """Spell an initializer as Keras' files do."""
    return {"class_name": class_name, "config": config}


@in_one_test(
    ("given", "normal"),
    [
        ("GlorotUniform", "glorot_uniform"),
        ("RandomNormal", "random_normal"),
        ("uniform", "random_uniform"),
        ("normal", "random_normal"),
        ("one", "ones"),
        ("OrthogonalInitializer", "orthogonal"),
        (mapping("Zeros"), "zeros"),
        ({"class_name": "Ones", "config": None}, "ones"),
        ({"class_name": "Ones"}, "ones"),
        (mapping("GlorotUniform", seed=None, input_axes=None), "glorot_uniform"),
        (
            mapping("RandomNormal", mean=0.0, stddev=0.05, seed=None, dtype="float32"),
            "random_normal",
        ),
        (mapping("VarianceScaling", distribution="Normal"), "variance_scaling"),
        (
            mapping("RandomNormal", stddev=0.02),
            mapping("RandomNormal", mean=0.0, stddev=0.02, seed=None),
        ),
        (mapping("HeNormal", seed=3), mapping("HeNormal", seed=3)),
        (mapping("Constant", value=0.5), mapping("Constant", value=0.5)),
        (mapping("Constant", value=[1, 2]), mapping("Constant", value=[1, 2])),
        (
            mapping("TruncatedNormal", stddev=np.float32(0.25)),
            mapping("TruncatedNormal", mean=0.0, stddev=0.25, seed=None),
        ),
        # what upsamp does not know is given back
        (mapping("Blob", size=3), mapping("Blob", size=3)),
        (mapping("HeNormal", input_axes=[0]), mapping("HeNormal", input_axes=[0])),
        ({**mapping("Zeros"), "module": "my.code"}, {**mapping("Zeros"), "module": "my.code"}),
        ({**mapping("Zeros"), "module": "keras.initializers"}, "zeros"),
    ],
)
def test_an_initializer_has_one_canonical_form(given: Any, normal: Any) -> None:
    assert normalize_initializer(given, "kernel_initializer") == normal
    assert normalize_initializer(normal, "kernel_initializer") == normal


@in_one_test(
    ("given", "rule"),
    [
        ("orthogonal_ish", r"`x` must be one of 'glorot_uniform', .*'orthogonal_ish'"),
        (3, r"`x` must be one of .*Received: x=3"),
        (mapping("RandomNormal", stddev="wide"), r"`x` must have numbers .*stddev='wide'"),
        (mapping("RandomNormal", stddev=True), r"`x` must have numbers .*stddev=True"),
        (mapping("VarianceScaling", mode="fan"), r"`x.mode` must be one of 'fan_in', .*'fan'"),
    ],
)
def test_what_is_no_initializer_is_refused(given: Any, rule: str) -> None:
    with pytest.raises(ArgumentError, match=rule):
        normalize_initializer(given, "x")


@in_one_test("name", INITIALIZERS)
def test_values_are_float32_and_those_of_their_seed(name: str) -> None:
    draw = get_initializer(name)
    values = draw((4, 5), (1, 2))
    assert values.dtype == np.float32
    assert values.shape == (4, 5)
    np.testing.assert_array_equal(draw((4, 5), (1, 2)), values)
    np.testing.assert_array_equal(get_initializer(name.upper())((4, 5), (1, 2)), values)


def test_a_seed_of_its_own_goes_before_that_of_the_layer() -> None:
    draw = get_initializer(mapping("RandomNormal", seed=7))
    np.testing.assert_array_equal(draw((9,), 1), draw((9,), 2))
    np.testing.assert_array_equal(draw((9,), 1), get_initializer("random_normal")((9,), 7))


@in_one_test(
    ("given", "mean", "deviation", "bound"),
    [
        (mapping("RandomNormal", mean=3.0, stddev=0.5), 3, 0.5, np.inf),
        (mapping("TruncatedNormal", mean=-1.0, stddev=0.5), -1, 0.5 * 0.8796, 1.0),
        (mapping("RandomUniform", minval=1, maxval=3), 2, 2 / 12**0.5, 1.0),
        (mapping("VarianceScaling", scale=2.0, mode="fan_out"), 0, (2 / 300) ** 0.5, 1),
        (
            mapping("VarianceScaling", mode="fan_avg", distribution="uniform"),
            0,
            (1 / 250) ** 0.5,
            (3 / 250) ** 0.5,
        ),
        (mapping("VarianceScaling", distribution="untruncated_normal"), 0, 200**-0.5, np.inf),
        ("lecun_uniform", 0, 200**-0.5, (3 / 200) ** 0.5),
        ("lecun_normal", 0, 200**-0.5, 1),
        ("he_normal", 0, 100**-0.5, 1),
        ("glorot_normal", 0, 250**-0.5, 1),
    ],
)
def test_what_is_drawn_has_the_moments_that_it_should(
    given: Any, mean: float, deviation: float, bound: float
) -> None:
    values = get_initializer(given)((200, 300), 0)
    np.testing.assert_allclose(values.mean(), mean, atol=0.02 * deviation)
    np.testing.assert_allclose(values.std(), deviation, rtol=0.01)
    assert np.abs(values - mean).max() <= bound * 1.0001


def test_vectors_have_one_fan_as_in_keras() -> None:
    values = get_initializer("glorot_uniform")((200,), 0)
    assert 0.9 * (3 / 200) ** 0.5 < np.abs(values).max() <= (3 / 200) ** 0.5


@in_one_test("shape", [(3, 5), (5, 3), (4, 4), (2, 2, 2, 3)])
def test_an_orthogonal_matrix_keeps_lengths(shape: tuple[int, ...]) -> None:
    values = get_initializer(mapping("Orthogonal", gain=2.0))(shape, 0)
    matrix = values.reshape(-1, shape[-1])
    small = matrix @ matrix.T if len(matrix) < shape[-1] else matrix.T @ matrix
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-5)


def test_constants_are_given_as_they_are() -> None:
    np.testing.assert_array_equal(get_initializer(mapping("Constant", value=2))((2,), 0), [2, 2])
    rows = get_initializer(mapping("Constant", value=[1, 2]))((2, 2), 0)
    np.testing.assert_array_equal(rows, [[1, 2], [1, 2]])
    np.testing.assert_array_equal(
        get_initializer(mapping("Identity", gain=3.0))((2, 3), 0), [[3, 0, 0], [0, 3, 0]]
    )


@in_one_test(
    ("given", "shape", "rule"),
    [
        (mapping("Blob", size=3), (2,), r"must be one that upsamp has to draw values\. .*Blob"),
        (mapping("HeNormal", input_axes=[0]), (2,), r"must be one that upsamp has .*HeNormal"),
        (mapping("Constant", value="a"), (2,), r"must have a number\. Received: value='a'"),
        (mapping("Constant", value=[1, 2]), (3,), r"must have a number\. .*for shape \(3,\)"),
        ("orthogonal", (2,), r"must draw two axes or more\. Received: shape \(2,\)"),
        ("identity", (2, 2, 2), r"must draw a matrix\. Received: shape \(2, 2, 2\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused_when_it_is_drawn(
    given: Any, shape: tuple[int, ...], rule: str
) -> None:
    with pytest.raises(ArgumentError, match=rule):
        get_initializer(given)(shape, 0)


def test_a_call_means_the_same_as_its_mapping() -> None:
    assert initializer_mapping("VarianceScaling", [2.0], {"mode": "fan_out"}) == mapping(
        "VarianceScaling", scale=2.0, mode="fan_out"
    )
    assert initializer_mapping("Blob", [], {}) is None
    with pytest.raises(ArgumentError, match=r"RandomNormal must be given the arguments that it"):
        initializer_mapping("RandomNormal", [0.0], {"mean": 1.0})
    with pytest.raises(ArgumentError, match=r"each once: gain\. Received: Identity\(1, 2\)\."):
        initializer_mapping("Identity", [1, 2], {})
