"""Operation: arithmetic between layers, with numbers among its operands."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from effort import in_one_test

from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers.layer import Shape
from upsamp.layers.operation import BINARY, OPERATIONS, Operation
from upsamp.layers.shape_operations import SHAPE_OPERATIONS

X = np.array([[-2.0, -0.5, 0.0, 0.5, 2.0]], np.float32)
Y = np.array([[1.0, 2.0, -1.0, 0.5, -0.25]], np.float32)
EXPECTED = {
    "Add": X + Y,
    "Subtract": X - Y,
    "Multiply": X * Y,
    "Divide": X / Y,
    "TrueDivide": X / Y,
    "Maximum": np.maximum(X, Y),
    "Minimum": np.minimum(X, Y),
    "Negative": -X,
    "Abs": np.abs(X),
    "Absolute": np.abs(X),
    "Square": X * X,
    "Exp": np.exp(X),
    "Tanh": np.tanh(X),
    "Sigmoid": 1 / (1 + np.exp(-X)),
    "Relu": X * (X > 0),
    "LeakyRelu": np.where(X > 0, X, X * np.float32(0.2)),
    "FloorDivide": X // Y,
    "Mod": X - np.floor(X / Y) * Y,
    "Sin": np.sin(X),
    "Cos": np.cos(X),
    "Sign": [[-1, -1, 0, 1, 1]],
    "Tan": np.tan(X),
    "Arctan": np.arctan(X),
    "Sinh": (np.exp(X) - np.exp(-X)) / 2,
    "Cosh": (np.exp(X) + np.exp(-X)) / 2,
    "Expm1": np.exp(X) - 1,
    "Greater": [[0, 0, 1, 0, 1]],
    "GreaterEqual": [[0, 0, 1, 1, 1]],
    "Less": [[1, 1, 0, 0, 0]],
    "LessEqual": [[1, 1, 0, 1, 0]],
    "Floor": [[-2, -1, 0, 0, 2]],
    "Ceil": [[-2, 0, 0, 1, 2]],
    "Round": [[-2, 0, 0, 0, 2]],
    # By Python's own functions.
    "Gelu": [
        [
            x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
            for x in X[0].tolist()
        ]
    ],
}
POSITIVE: dict[str, Callable[[], Any]] = {
    "Sqrt": lambda: np.sqrt(np.abs(Y)),
    "Reciprocal": lambda: 1 / np.abs(Y),
    "Rsqrt": lambda: 1 / np.sqrt(np.abs(Y)),
    "Log1p": lambda: np.log(1 + np.abs(Y)),
    "Log": lambda: np.log(np.abs(Y)),
    "Log2": lambda: np.log(np.abs(Y)) / math.log(2),
    "Log10": lambda: np.log(np.abs(Y)) / math.log(10),
    "Power": lambda: np.abs(Y) ** X,
}


@in_one_test("name", EXPECTED)
def test_each_operation_computes_its_function(name: str) -> None:
    operands = (None, None) if name in BINARY else (None,)
    result = Operation(name, operands)([X, Y] if name in BINARY else [X])
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, EXPECTED[name], rtol=1e-6)


@pytest.mark.parametrize("name", POSITIVE)
def test_operations_on_positive_values(name: str) -> None:
    arrays = [np.abs(Y), X] if name == "Power" else [np.abs(Y)]
    result = Operation(name, (None,) * len(arrays))(arrays)
    np.testing.assert_allclose(result, POSITIVE[name](), rtol=1e-6)


def test_all_operations_are_tested() -> None:
    assert {*EXPECTED, *POSITIVE, "Clip", "Cast", "Where", *SHAPE_OPERATIONS} == set(OPERATIONS)
    assert set(BINARY) <= set(OPERATIONS)


def test_numbers_stand_where_they_are_given() -> None:
    np.testing.assert_array_equal(Operation("Subtract", (1.0, None))([X]), 1 - X)
    np.testing.assert_array_equal(Operation("Subtract", (None, 1))([X]), X - 1)
    np.testing.assert_array_equal(Operation("Clip", (None, -1.0, 1.0))([X]), np.clip(X, -1, 1))
    clip = Operation("Clip", (None,), {"x_min": -1.0, "x_max": 0.25})
    np.testing.assert_array_equal(clip([X]), np.clip(X, -1, 0.25))
    for leaky in (Operation("LeakyRelu", (None, 0.5)), Operation("LeakyRelu", (None,), SLOPE)):
        np.testing.assert_array_equal(leaky([X]), np.where(X > 0, X, X / 2))


SLOPE = {"negative_slope": 0.5}


@in_one_test("constant", [[1.0, 2.0, 3.0, 4.0, 5.0], [[1], [2]], np.full(5, 0.5)])
def test_arrays_stand_where_they_are_given(constant: Any) -> None:
    layer = Operation("Subtract", (constant, None))
    expected = np.asarray(constant, np.float32) - X
    np.testing.assert_array_equal(layer([X]), expected)
    assert layer.connect([(None, 5)]) == [(2 if len(expected) == 2 else None, 5)]
    assert Operation.from_config(layer.get_config()).operands == layer.operands


@in_one_test(
    ("dtype", "expected"),
    [
        ("float32", [[-2.75, 0.0, 1.0001, 2.5]]),
        ("float16", [[-2.75, 0.0, 1.0, 2.5]]),
        ("int32", [[-2.0, 0.0, 1.0, 2.0]]),
        ("uint8", [[-2.0, 0.0, 1.0, 2.0]]),
        ("bool", [[1.0, 0.0, 1.0, 1.0]]),
    ],
)
def test_a_cast_keeps_what_the_type_holds(dtype: str, expected: Any) -> None:
    x = np.array([[-2.75, 0.0, 1.0001, 2.5]], np.float32)
    result = Operation("Cast", (None,), {"dtype": dtype})([x])
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, np.asarray(expected, np.float32))


def test_infinities_are_no_cause_for_a_warning() -> None:
    zeros = np.zeros((1, 2))
    np.testing.assert_array_equal(Operation("Divide", (1.0, None))([zeros]), [[np.inf, np.inf]])
    np.testing.assert_array_equal(Operation("Log", (None,))([zeros]), [[-np.inf, -np.inf]])
    assert np.isnan(Operation("Sqrt", (None,))([[[-1.0]]])).all()
    np.testing.assert_array_equal(Operation("Add", (None, 1e300))([zeros]), [[np.inf, np.inf]])
    assert Operation("Exp", (None,))([[[1e30]]]).item() == np.inf


@in_one_test(
    ("shapes", "expected"),
    [
        ([(None, 4), (None, 4)], (None, 4)),
        ([(None, 4, 4, 2), (None, 1, 1, 2)], (None, 4, 4, 2)),
        ([(None, 4, 4, 2), (4, 2)], (None, 4, 4, 2)),
        ([(2, 4), (None, 4)], (2, 4)),
        ([(1, None), (3, 1)], (3, None)),
        ([(1, 1), (1, 1)], (1, 1)),
    ],
)
def test_shapes_broadcast_as_arrays_do(shapes: list[Shape], expected: Shape) -> None:
    assert Operation("Add").connect(shapes) == [expected]
    assert Operation("Add").connect(shapes[::-1]) == [expected]


def test_an_operation_keeps_its_arguments() -> None:
    layer = Operation("Clip", (None,), {"x_min": 0, "x_max": 1}, name="cut")
    config = layer.get_config()
    assert (config["function"], config["operands"]) == ("Clip", [None])
    assert config["options"] == {"x_min": 0, "x_max": 1}
    assert layer.type_name == "Clip"
    assert Operation.from_config(config).get_config() == config
    assert (layer.count_params(), layer.weights) == (0, [])


def test_shapes_that_do_not_broadcast_are_refused() -> None:
    with pytest.raises(
        ShapeError,
        match=r"Layer 'add' \(Add\) must have inputs whose shapes broadcast\. Received: "
        r"\[\(None, 3\), \(None, 4\)\]\.",
    ):
        Operation("Add").connect([(None, 3), (None, 4)])
    with pytest.raises(ShapeError, match=r"Layer 'add' \(Add\) must have 1 inputs\. Received: 2\."):
        Operation("Add", (None, 2.0)).connect([(None, 3), (None, 3)])


def test_an_operation_that_there_is_not_is_refused() -> None:
    with pytest.raises(
        ArgumentError, match=r"`function` must be one of Add, .*Split\. Received: 'Einsum'\."
    ):
        Operation("Einsum")


@in_one_test(
    "wrong", ["1", True, ["a"], [None], [[1], [1, 2]], [], {}, 10**400, -(10**400), math.nan.hex]
)
def test_operands_that_are_no_numbers_are_refused(wrong: Any) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`operands` must be numbers, arrays of numbers, or None for an input\. Received: ",
    ):
        Operation("Add", (None, wrong))


@in_one_test(
    ("name", "operands"),
    [
        ("Add", (None,)),
        ("Add", ()),
        ("Add", (None, None, None)),
        ("Add", (1.0, 2.0)),
        ("Tanh", (None, None)),
        ("Tanh", (1.0,)),
        ("LeakyRelu", (None, 0.1, 0.1)),
        ("Clip", (None, 0.0, 1.0, 2.0)),
    ],
)
def test_as_many_operands_as_an_operation_takes(
    name: str, operands: tuple[float | None, ...]
) -> None:
    count = 2 if name == "Add" else 1
    with pytest.raises(
        ArgumentError,
        match=rf"`operands` of {name} must be {count}, an input among them\. Received: operands=\(",
    ):
        Operation(name, operands)


@in_one_test(
    ("name", "options"),
    [("Clip", {"x_min": 0.0, "x_max": None}), ("LeakyRelu", {"negative_slope": "x"})],
)
def test_options_that_are_no_numbers_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=r"`(x_max|negative_slope)` must be a number\. Rec"):
        Operation(name, (None,), options)


@in_one_test(
    ("name", "operands", "options", "wanted"),
    [
        ("Add", (None, None), {"out": 1}, "none"),
        ("Add", (None, None), {"dtype": "object"}, "none"),
        ("Relu", (None,), {"where": False}, "none"),
        ("LeakyRelu", (None, 0.1), {"negative_slope": 0.1}, "none"),
        ("Clip", (None,), {}, "x_min, x_max"),
        ("Clip", (None,), {"x_min": 0.0}, "x_min, x_max"),
        ("Clip", (None, 0.0), {"x_min": 1.0}, "x_max"),
    ],
)
def test_options_of_other_functions_are_refused(
    name: str, operands: tuple[float | None, ...], options: dict[str, Any], wanted: str
) -> None:
    with pytest.raises(
        ArgumentError,
        match=rf"`options` of {name} must be: {wanted}\. Received: options=\{{",
    ):
        Operation(name, operands, options)


def test_where_chooses_by_a_condition_of_its_own_shape() -> None:
    x, y = np.arange(6.0, dtype=np.float32).reshape(1, 2, 3), np.full((1, 1, 3), -1, np.float32)
    condition = np.array([[[1.0], [0.0]]], np.float32)
    found = Operation("Where", (None, None, None))([condition, x, y])
    np.testing.assert_array_equal(found, [[[0, 1, 2], [-1, -1, -1]]])
    found = Operation("Where", (None, 0.5, [1.0, 2.0, 3.0]))([x])
    np.testing.assert_array_equal(found, [[[1, 0.5, 0.5], [0.5, 0.5, 0.5]]])
    with pytest.raises(ArgumentError, match="`operands` of Where must be 3"):
        Operation("Where", (None, None))


def test_matrices_are_multiplied() -> None:
    x, y = np.arange(12.0).reshape(2, 2, 3), np.arange(24.0).reshape(2, 3, 4)
    product = Operation("Matmul", (None, None))
    assert product.connect([(None, 5, 3), (None, 3, None)]) == [(None, 5, None)]
    expected = [[[sum(x[n, i, k] * y[n, k, j] for k in range(3)) for j in range(4)]
                 for i in range(2)] for n in range(2)]  # fmt: skip
    np.testing.assert_allclose(product([x, y]), expected)
    mixed = Operation("Matmul", (None, [[1.0], [0.0], [2.0]]))([x])
    np.testing.assert_allclose(mixed, x[..., :1] + 2 * x[..., 2:])
    for shapes in ([(None, 2, 3), (None, 2, 3)], [(None, 3), (3,)], [(None, 5, 3), (None, 3)]):
        with pytest.raises(ShapeError):
            product.connect(shapes)
