"""Layers of several inputs: Keras' broadcasting, and what does not fit together."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from layers.layer_cases import Shape

from upsamp import Sequential
from upsamp.errors import DtypeError, ShapeError
from upsamp.layers import (
    Add,
    Average,
    Concatenate,
    Input,
    Layer,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from upsamp.layers.merge_layer import MergeLayer

HALF: Any = {"dtype": "float16"}
ELEMENTWISE = [Add, Multiply, Average, Maximum, Minimum]
MaybeLengths = tuple[int | None, ...]


def arrays(*shapes: Shape) -> list[Any]:
    """Return arrays of whole numbers."""
    random = np.random.default_rng(3)
    return [random.integers(-9, 10, shape).astype(np.float32) for shape in shapes]


@in_one_test("layer", ELEMENTWISE)
@in_one_test(
    ("shapes", "expected"),
    [
        ([(2, 3)], (2, 3)),
        ([(2, 3), (2, 3)], (2, 3)),
        ([(2, 3), (2, 1), (2, 3)], (2, 3)),
        ([(2, 4, 5, 3), (2, 1, 1, 3)], (2, 4, 5, 3)),
        ([(2, 1, 5, 1), (2, 4, 1, 3)], (2, 4, 5, 3)),
        ([(2, 3), (2, 4, 5, 3)], (2, 4, 5, 3)),
        ([(2,), (2, 3)], (2, 3)),
    ],
)
def test_the_declared_shape_is_that_of_the_result(
    layer: type[MergeLayer], shapes: list[Shape], expected: Shape
) -> None:
    inputs = arrays(*shapes)
    assert layer().connect(shapes) == [expected]
    result = layer()(inputs)
    assert result.shape == expected
    assert result.dtype == np.float32
    kept = [one.copy() for one in inputs]
    result[...] = 99
    for one, before in zip(inputs, kept, strict=True):
        np.testing.assert_array_equal(one, before)


@in_one_test(
    ("layer", "shapes", "expected"),
    [
        (Add(), [(None, None, 3), (None, 5, 3)], (None, None, 3)),
        (Add(), [(None, 5, 3), (4, 5, 1)], (4, 5, 3)),
        (Multiply(), [(None, 7, 7, 8), (None, 8)], (None, 7, 7, 8)),
        (Concatenate(), [(None, 7, 3), (None, 7, 2)], (None, 7, 5)),
        (Concatenate(), [(None, 7, 3), (None, 7, None)], (None, 7, None)),
        (Concatenate(1), [(None, None, 3), (None, 7, 3)], (None, None, 3)),
        (Concatenate(1), [(None, 2, None), (None, 7, 3)], (None, 9, None)),
        (Concatenate(-2), [(None, 2, 3)], (None, 2, 3)),
    ],
)
def test_axes_of_any_length_stay_such(
    layer: MergeLayer, shapes: list[MaybeLengths], expected: MaybeLengths
) -> None:
    assert layer.connect(shapes) == [expected]


def test_values_are_merged_from_the_first_to_the_last() -> None:
    one, two, three = arrays((2, 3), (2, 3), (2, 3))
    np.testing.assert_array_equal(Add()([one, two, three]), one + two + three)
    np.testing.assert_array_equal(Subtract()([one, two]), one - two)
    np.testing.assert_array_equal(Multiply()([one, two, three]), one * two * three)
    np.testing.assert_allclose(Average()([one, two, three]), (one + two + three) / 3, rtol=1e-6)
    np.testing.assert_array_equal(Maximum()([one, two]), np.where(one > two, one, two))
    np.testing.assert_array_equal(Minimum()([one, two]), np.where(one < two, one, two))
    joined = Concatenate(1)([one, two])
    np.testing.assert_array_equal(joined, np.hstack([one, two]))


def test_a_vector_meets_the_channels_of_its_own_sample() -> None:
    image, vector = arrays((2, 3, 3, 4), (2, 4))
    np.testing.assert_array_equal(Multiply()([image, vector]), image * vector[:, None, None])
    np.testing.assert_array_equal(Add()([vector, image]), image + vector[:, None, None])


def test_one_array_alone_may_stand_in_a_chain() -> None:
    model = Sequential([Input((3,)), Add()])
    (x,) = arrays((2, 3))
    np.testing.assert_array_equal(model.predict(x), x)


@in_one_test(
    ("layer", "shapes", "rule"),
    [
        (Add(name="a"), [], r"Layer 'a' \(Add\) must have an input\. Received: none\."),
        (
            Add(name="a"),
            [(2, 3), (2, 4)],
            r"'a' \(Add\) must have inputs of one batch .* 1\. .*: shapes \(2, 3\), \(2, 4\)\.",
        ),
        (Add(), [(2, 3), (3, 3)], r"must have inputs of one batch"),
        (Add(), [(2, 3, 4), (2, 3), (2, 1)], r"must have inputs of one batch"),
        (Subtract(name="a"), [(2, 3)], r"'a' \(Subtract\) must have two inputs\. Received: 1\."),
        (Subtract(), [(2, 3)] * 3, r"must have two inputs\. Received: 3\."),
        (
            Concatenate(name="a"),
            [(2, 3), (3, 3)],
            r"'a' \(Concatenate\) must have inputs that are equal but for axis -1\. .*\(3, 3\)\.",
        ),
        (Concatenate(), [(2, 3), (2, 3, 3)], r"must have inputs that are equal but for axis -1"),
        (Concatenate(2), [(2, 3)], r"must have inputs with axis 2\. Received: shape \(2, 3\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    layer: MergeLayer, shapes: list[Shape], rule: str
) -> None:
    with pytest.raises(ShapeError, match=rule):
        layer.connect(shapes)
    with pytest.raises(ShapeError, match=rule):
        layer(arrays(*shapes))


def test_what_is_no_list_of_arrays_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"must be called with a list of arrays.*ndarray"):
        Add()(np.ones((2, 3)))
    with pytest.raises(ShapeError, match=r"must be called with a list of arrays.*str"):
        Add()("ab")
    with pytest.raises(DtypeError, match=r"`inputs` must hold real numbers"):
        Add()([["a"], ["b"]])


def test_a_layer_of_one_input_refuses_several() -> None:
    with pytest.raises(ShapeError, match=r"Layer 'layer' \(Layer\) must have one input\. .*: 2"):
        Layer().connect([(None, 3), (None, 3)])


def test_a_base_says_what_it_lacks() -> None:
    with pytest.raises(NotImplementedError, match=r"MergeLayer must define `merged_shape`\."):
        MergeLayer().connect([(2, 3)])
    with pytest.raises(NotImplementedError, match=r"MergeLayer must define `merge`\."):
        MergeLayer().merge([])


def test_a_config_makes_the_same_layer_again() -> None:
    for layer in (*(kind(name="a") for kind in ELEMENTWISE), Subtract(), Concatenate(1)):
        config = layer.get_config()
        assert type(layer).from_config(config).get_config() == config


def test_float16_may_pass_its_largest_value_on_the_way() -> None:
    large = np.array([[60000.0]], np.float16)
    np.testing.assert_array_equal(Add(**HALF)([large, large, -large]), large)
    np.testing.assert_array_equal(Average(**HALF)([large, large]), large)
    np.testing.assert_array_equal(
        Multiply(**HALF)([large, large / large * 4, large / large / 4]), large
    )
    np.testing.assert_array_equal(Add(**HALF)([large, large]), [[np.inf]])
