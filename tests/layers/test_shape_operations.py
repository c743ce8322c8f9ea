"""Operations that make other shapes: results, declared shapes, reach, and what is refused."""

import math
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from numpy.typing import NDArray

from upsamp.errors import ArgumentError, ShapeError, UpsampError
from upsamp.layers.operation import OPTIONS, Operation
from upsamp.layers.shape_operations import SHAPE_OPERATIONS

X = np.random.default_rng(3).integers(-8, 9, (2, 4, 6, 3)).astype(np.float32)
ROW = X[:, :1]
PADS = [[0, 0], [1, 2], [2, 1], [0, 1]]
CASES: list[tuple[str, dict[str, Any], NDArray[Any], Any]] = [
    ("Mean", {"axis": [1, 2], "keepdims": True}, X, X.mean((1, 2), keepdims=True)),
    ("Mean", {"axis": -1}, X, X.mean(-1)),
    ("Sum", {"axis": 2, "keepdims": False}, X, X.sum(2)),
    ("Var", {"axis": -1, "keepdims": True}, X, X.var(-1, keepdims=True)),
    ("Std", {"axis": [1]}, X, X.std(1)),
    ("Max", {"axis": 1, "keepdims": True, "initial": None}, X, X.max(1, keepdims=True)),
    ("Amax", {"axis": [1, 2]}, X, X.max((1, 2))),
    ("Min", {"axis": -1, "keepdims": True}, X, X.min(-1, keepdims=True)),
    ("Amin", {"axis": 1}, X, X.min(1)),
    ("Pad", {"pad_width": PADS}, X, np.pad(X, PADS)),
    ("Pad", {"pad_width": 0, "mode": "constant"}, X, X),
    ("Pad", {"pad_width": PADS, "constant_values": 0.5}, X, np.pad(X, PADS, constant_values=0.5)),
    ("Pad", {"pad_width": PADS, "mode": "REFLECT"}, X, np.pad(X, PADS, mode="reflect")),
    ("Pad", {"pad_width": PADS, "mode": "symmetric"}, X, np.pad(X, PADS, mode="symmetric")),
    ("Squeeze", {"axis": 1}, ROW, X[:, 0]),
    ("Squeeze", {"axis": [-3]}, ROW, X[:, 0]),
    ("Squeeze", {}, ROW, X[:, 0]),
    ("ExpandDims", {"axis": 1}, X, X[:, None]),
    ("ExpandDims", {"axis": -1}, X, X[..., None]),
    ("ExpandDims", {"axis": [1, -1]}, X, X[:, None, ..., None]),
    ("Tile", {"repeats": [1, 2, 1, 3]}, X, np.tile(X, (1, 2, 1, 3))),
    ("Tile", {"repeats": 2}, X, np.tile(X, 2)),
    ("Repeat", {"repeats": 2, "axis": 1}, X, X.repeat(2, 1)),
    ("Flip", {"axis": 1}, X, X[:, ::-1]),
    ("Flip", {"axis": [-1, 2]}, X, X[:, :, ::-1, ::-1]),
    ("Stack", {"axis": 1}, X, np.stack([X, X], 1)),
    ("Stack", {"axis": -1}, X, np.stack([X, X], -1)),
    ("Unstack", {"axis": -1, "num": None}, X, [X[..., place] for place in range(3)]),
    ("Unstack", {"axis": 1, "num": 4}, X, [X[:, place] for place in range(4)]),
    ("Split", {"indices_or_sections": 2, "axis": 1}, X, [X[:, :2], X[:, 2:]]),
    ("Split", {"indices_or_sections": [1], "axis": -1}, X, [X[..., :1], X[..., 1:]]),
]


def operation(name: str, options: dict[str, Any]) -> Operation:
    """Return an operation on one array, or on two where it joins several."""
    return Operation(name, (None,) * (1 + SHAPE_OPERATIONS[name].several), options)


def results(layer: Operation, x: NDArray[Any]) -> list[NDArray[Any]]:
    """Return all outputs."""
    return layer.compute([x] * len(layer.operands))


def test_every_operation_is_tried() -> None:
    assert {name for name, *_ in CASES} | {"Matmul"} == set(SHAPE_OPERATIONS)


@in_one_test(("name", "options", "x", "expected"), CASES)
def test_results_and_declared_shapes_are_those_of_numpy(
    name: str, options: dict[str, Any], x: NDArray[Any], expected: Any
) -> None:
    layer = operation(name, options)
    expected = expected if isinstance(expected, list) else [expected]
    shapes = layer.connect([x.shape] * len(layer.operands))
    for actual, one, shape in zip(results(layer, x), expected, shapes, strict=True):
        assert actual.dtype == np.float32
        assert actual.shape == one.shape == shape
        np.testing.assert_allclose(actual, one, rtol=1e-6)
    again = Operation.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@in_one_test(("name", "options", "expected"), [(*case[:2], case[3]) for case in CASES])
def test_lengths_that_are_not_known_yet_are_none(
    name: str, options: dict[str, Any], expected: Any
) -> None:
    layer = operation(name, options)
    known = [one.shape for one in (expected if isinstance(expected, list) else [expected])]
    partly = (None, 1 if name == "Squeeze" else 4, None, 3)
    for one, other in zip(layer.connect([partly] * len(layer.operands)), known, strict=True):
        assert one is not None
        assert len(one) == len(other)
        assert one[0] is None
        assert all(a in (None, b) for a, b in zip(one, other, strict=True))


@in_one_test(("name", "options", "x", "expected"), CASES)
@in_one_test("axis", [0, 1])
def test_the_reach_is_where_a_change_shows(
    name: str, options: dict[str, Any], x: NDArray[Any], expected: Any, axis: int
) -> None:
    layer = operation(name, options)
    found = layer.reach(axis, x.shape[axis + 1])
    if found is None:
        several = isinstance(expected, list)
        rank = (expected[0] if several else expected).ndim
        assert rank != 4 or (name == "Split" and layer.options["axis"] == axis + 1)
        return
    plain = results(layer, x)[0]
    for place in range(x.shape[axis + 1]):
        changed = x.copy()
        changed[(slice(None),) * (axis + 1) + (place,)] += 50
        other = tuple(one for one in range(4) if one != axis + 1)
        differs = (results(layer, changed)[0] != plain).any(other)
        inside = (found[0] <= place) & (place <= found[1])
        assert inside.shape == differs.shape
        assert not (differs & ~inside).any()


@in_one_test(
    ("name", "options", "says"),
    [
        ("Mean", {}, r"must leave the batch, axis 0, as it is\. Received: axis=None\."),
        ("Mean", {"axis": [0, 1]}, r"must leave the batch, axis 0, as it is\. Received: axis=\[0"),
        ("Mean", {"axis": 4}, r"must have an input with axis 4\. Received: rank 4\."),
        ("Flip", {"axis": -4}, r"must leave the batch"),
        ("Pad", {"pad_width": 1}, r"must have a `pad_width` for each axis"),
        ("Pad", {"pad_width": [[0, 0]]}, r"must have a `pad_width` for each axis"),
        (
            "Pad",
            {"pad_width": [[0, 0], [0, 4], [0, 0], [0, 0]], "mode": "reflect"},
            r"must be at least as long as what is padded by mode='reflect'",
        ),
        (
            "Pad",
            {"pad_width": [[0, 0], [0, 5], [0, 0], [0, 0]], "mode": "symmetric"},
            r"must be at least as long as what is padded by mode='symmetric'",
        ),
        ("Squeeze", {"axis": 1}, r"must have axes of length 1\. Received: shape \(2, 4, 6, 3\)"),
        ("Squeeze", {"axis": 0}, r"must leave the batch"),
        ("ExpandDims", {"axis": 0}, r"must leave the batch"),
        ("ExpandDims", {"axis": [1, 1]}, r"must have each axis once\. Received: axis=\[1, 1\]\."),
        ("Tile", {"repeats": [2, 1, 1, 1]}, r"must leave the batch, axis 0, as it is, and the ra"),
        ("Tile", {"repeats": [1, 1, 1, 1, 1]}, r"must leave the batch, axis 0, as it is, and"),
        ("Repeat", {"repeats": 2, "axis": 0}, r"must leave the batch"),
        ("Stack", {"axis": 0}, r"must leave the batch"),
        ("Unstack", {"axis": 1, "num": 3}, r"must know how many parts there are"),
        ("Split", {"indices_or_sections": 3, "axis": 1}, r"must be split into equal parts"),
        ("Split", {"indices_or_sections": 10**9, "axis": 1}, r"must be split into equal parts"),
        ("Split", {"indices_or_sections": [2, 1], "axis": 1}, r"must be split at places within"),
        ("Split", {"indices_or_sections": [4], "axis": 1}, r"must be split at places within"),
    ],
)
def test_what_mixes_the_batch_or_does_not_fit_is_refused(
    name: str, options: dict[str, Any], says: str
) -> None:
    layer = operation(name, options)
    with pytest.raises(ShapeError, match=rf"^Layer '[a-z_]+' \({name}\) {says}"):
        layer.connect([X.shape] * len(layer.operands))


@in_one_test(
    ("name", "options", "says"),
    [
        ("Mean", {"axis": "x"}, "`axis` must be an integer"),
        ("Mean", {"axis": 1, "keepdims": 2}, "`keepdims` must be True or False"),
        ("Mean", {"where": 1}, "`options` of Mean must be: axis, keepdims"),
        ("Max", {"initial": 3}, r"`initial` must be None\. Received: initial=3"),
        ("Pad", {"pad_width": [[1], [2]]}, "`pad_width` must be two numbers for each axis"),
        ("Pad", {"pad_width": -1}, "`pad_width` must be an integer of at least 0"),
        ("Pad", {"pad_width": 0, "mode": "empty"}, "`mode` must be one of 'constant', 'reflect'"),
        ("Pad", {"pad_width": 0, "constant_values": "a"}, "`constant_values` must be"),
        ("Pad", {}, "`options` of Pad must be: pad_width, mode, constant_values"),
        ("Tile", {"repeats": 0}, "`repeats` must be an integer of at least 1"),
        ("Split", {"axis": 1}, "`options` of Split must be: indices_or_sections, axis"),
        ("Round", {"decimals": 19}, "`decimals` must be at most 18"),
        ("Flip", {}, "`options` of Flip must be: axis"),
        ("Cast", {"dtype": "complex64"}, "`dtype` must be one of 'float16'"),
        ("Cast", {"dtype": "object"}, "`dtype` must be one of 'float16'"),
    ],
)
def test_options_that_are_none_are_refused(name: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        Operation(name, (None,), options)


VALUES: list[Any] = [
    *(None, 0, 1, 2, -1, 3, 10**9, 2**63, 10**30, 0.5, np.inf, True, "reflect", "int32", "x"),
    *([], [1], [1, 2], [-1, 1], [[0, 0], [1, 2], [0, 1], [0, 0]], [[1], [2, 3]], [1, 1, 2, 1], {}),
]
SHAPES = [(2, 4, 6, 3), (2, 5), (1, 1, 1, 1), (2, 1, 4, 1), (3, 2, 2)]


@in_one_test("seed", range(400))
def test_any_options_end_in_what_was_declared_or_in_an_error(seed: int) -> None:
    random = np.random.default_rng(seed)

    def one_of(values: Any) -> Any:
        return values[random.integers(len(values))]

    name = one_of([*SHAPE_OPERATIONS, "Cast", "Round", "Clip", "Gelu", "Add", "Mod"])
    options = {key: one_of(VALUES) for key in OPTIONS.get(name, {}) if random.random() < 0.8}
    operands = one_of([(None,), (None, None), (None, one_of(VALUES)), (None, [1.0, 2.0, 3.0])])
    shape = one_of(SHAPES)
    with suppress(UpsampError):
        layer = Operation(name, operands, options)
        inputs = [random.normal(size=shape).astype(np.float32) for one in operands if one is None]
        declared = layer.connect([shape] * len(inputs))
        if all(math.prod(filter(None, one or ())) < 10**6 for one in declared):
            results = layer.compute(inputs)
            assert [one.shape for one in results] == declared


def test_an_array_of_too_many_axes_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"must have an output of 32 axes at most\."):
        Operation("ExpandDims", (None,), {"axis": 1}).connect([(1,) * 32])


def test_arrays_of_other_shapes_are_not_stacked() -> None:
    with pytest.raises(ShapeError, match=r"must have inputs of one shape\. Received: \[\(None, 3"):
        Operation("Stack", (None, None), {"axis": 1}).connect([(None, 3), (None, 4)])
    with pytest.raises(ArgumentError, match=r"`operands` of Stack must be inputs, an input among"):
        Operation("Stack", (None, 1.0), {"axis": 1})
