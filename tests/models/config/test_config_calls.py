"""Calls between the layers of a config: their numbers, their arguments, and their structures."""

from typing import Any

import numpy as np
import pytest
from config_checks import X, relu
from config_entries import Entry, called, entry, functional, image, operation, sequential, tensor
from effort import in_one_test

from upsamp.errors import UnknownLayerError
from upsamp.models.files.loading import model_from_config
from upsamp.models.functional import Functional


def scaling(name: str, *calls: list[Any], scale: float = 2.0) -> Entry:
    """Return a layer that multiplies by a number."""
    return entry("Rescaling", name, *calls, scale=scale)


def doubling(*calls: list[Any]) -> Entry:
    """Return a functional model that doubles its input, as a layer with its calls."""
    inner = functional(image(), scaling("two", [tensor("x")]), name="g")
    return called(inner, *calls)


def again(model: Any) -> Any:
    """Return a model that is made from the config of another."""
    return Functional.from_config(model.get_config())


# --- numbers of calls


@in_one_test(
    ("output", "factor"), [(["g", 1, 0], 2), (["g", 2, 0], 4), (["g", 3, 0], 8), (["g", 0, 0], 8)]
)
def test_outputs_count_the_calls_of_a_nested_functional_model_from_1(
    output: list[Any], factor: int
) -> None:
    inner = doubling([tensor("x")], [tensor("g", 0)], [tensor("g", 1)])
    model = model_from_config(functional(image(), inner, outputs=output))
    np.testing.assert_array_equal(model.predict(X), factor * X)
    np.testing.assert_array_equal(again(model).predict(X), factor * X)


@in_one_test(("node", "factor"), [(0, 2), (1, 4)])
def test_calls_count_those_of_a_nested_functional_model_from_0(node: int, factor: int) -> None:
    inner = doubling([tensor("x")], [tensor("g", 0)])
    config = functional(image(), inner, scaling("n", [tensor("g", node)], scale=-1.0))
    model = model_from_config(config)
    np.testing.assert_array_equal(model.predict(X), -factor * X)
    np.testing.assert_array_equal(again(model).predict(X), -factor * X)


def test_calls_of_layers_and_of_a_nested_sequential_count_from_0_everywhere() -> None:
    inner = called(sequential(scaling("two"), name="g"), [tensor("x")], [tensor("g", 0)])
    config = functional(image(), inner, outputs=[["g", 1, 0], ["g", 0, 0], ["g", 0, 0]])
    model = model_from_config(config)
    for one, factor in zip(model.predict(X), (4, 2, 2), strict=True):
        np.testing.assert_array_equal(one, factor * X)
    assert again(model).get_config()["output_layers"] == [["g", 1, 0], ["g", 0, 0], ["g", 0, 0]]


def test_an_unknown_model_is_listed_wherever_its_calls_count_from() -> None:
    mine = {**doubling([tensor("x")]), "class_name": "Mine", "module": "my.code"}
    for node in (0, 1):
        str(model_from_config(functional(image(), mine, outputs=["g", node, 0])).summarize())


# --- structures


@in_one_test(
    "structure",
    [
        {"b": 0, "a": 1},
        [[0, 1], 2],
        {"b": [0, 2], "a": {"z": 1, "y": 2}},
        [{"k": 0}, {"k": 1}],
        {"only": 0},
    ],
)
def test_outputs_are_given_in_the_structure_that_they_have(structure: Any) -> None:
    layers = [scaling(f"s{n}", [tensor("x")], scale=n + 1.0) for n in range(3)]

    def filled(part: Any, leaf: Any) -> Any:
        if isinstance(part, dict):
            return {key: filled(one, leaf) for key, one in part.items()}
        return [filled(one, leaf) for one in part] if isinstance(part, list) else leaf(part)

    def check(found: Any, part: Any) -> None:
        assert isinstance(found, np.ndarray) or type(found) is type(part)
        if isinstance(part, dict):
            assert list(found) == sorted(part)
        pairs = part.items() if isinstance(part, dict) else enumerate(part)
        for key, one in pairs:
            if isinstance(one, int):
                np.testing.assert_array_equal(found[key], (one + 1) * X)
            else:
                check(found[key], one)

    outputs = filled(structure, lambda n: [f"s{n}", 0, 0])
    model = model_from_config(functional(image(), *layers, outputs=outputs))
    check(model.predict(X), structure)
    assert again(model).get_config()["output_layers"] == outputs
    assert len(model.output_sources) == len(model.output_shapes)


def test_inputs_in_a_dictionary_are_named_by_its_keys() -> None:
    difference = entry("Subtract", "d", [[tensor("x"), tensor("z")]])
    ends = {"second": ["x", 0, 0], "first": ["z", 0, 0]}
    inner = functional(image(), image("z"), difference, inputs=ends, name="g")
    model = model_from_config(inner)
    np.testing.assert_array_equal(model.predict({"second": X, "first": 3 * X}), -2 * X)
    assert again(model).get_config()["input_layers"] == ends
    # Within another model, and by the names of its layers where it has a list.
    by_key = called(inner, [{"first": tensor("u"), "second": tensor("v")}])
    listed = {**inner, "config": {**inner["config"], "input_layers": [["x", 0, 0], ["z", 0, 0]]}}
    by_name = called(listed, [{"z": tensor("u"), "x": tensor("v")}])
    for layer in (by_key, by_name):
        both = functional(
            image("u"), image("v"), layer, inputs=[["u", 0, 0], ["v", 0, 0]], outputs=["g", 1, 0]
        )
        outer = model_from_config(both)
        np.testing.assert_array_equal(outer.predict([X, 3 * X]), 2 * X)
        np.testing.assert_array_equal(again(outer).predict([X, 3 * X]), 2 * X)


# --- slices


def sliced(*items: Any) -> list[Any]:
    """Return what Keras writes of a call of GetItem."""
    parts = ("start", "stop", "step")
    kinds: dict[bool, Any] = {
        False: lambda one: one,
        True: lambda one: {
            "class_name": "__slice__",
            "config": {part: getattr(one, part) for part in parts},
        },
    }
    ellipsis = {"class_name": "__ellipsis__", "config": {}}
    return [ellipsis if one is ... else kinds[isinstance(one, slice)](one) for one in items]


ALL = slice(None)


@in_one_test(
    "items",
    [
        (ALL, -1),
        (ALL, slice(1, 3)),
        (ALL, slice(None, None, -2), 0, None),
        (..., 0),
        (ALL, ..., slice(1, None)),
        (ALL, None, ..., None),
        (ALL, slice(-3, 100)),
    ],
)
def test_slices_are_read_and_written(items: tuple[Any, ...]) -> None:
    config = functional(image(), operation("GetItem", "a", [tensor("x"), sliced(*items)]))
    model = model_from_config(config)
    expected = X[items]
    np.testing.assert_array_equal(model.predict(X), expected)
    assert model.output_shape == (None, *expected.shape[1:])
    np.testing.assert_array_equal(again(model).predict(X), expected)
    if any(one is ... for one in items):
        return
    single = functional(image(), operation("GetItem", "a", [tensor("x"), sliced(items[0])[0]]))
    np.testing.assert_array_equal(model_from_config(single).predict(X), X)


@in_one_test(
    "call",
    [
        [tensor("x")],
        [tensor("x"), ["a"]],
        [tensor("x"), sliced(ALL, 4)],
        [tensor("x"), sliced(0)],
        [tensor("x"), sliced(None, ALL)],
        [tensor("x"), sliced(..., 0, 0, 0, 0)],
        [tensor("x"), sliced(..., ..., 0)],
        [tensor("x"), sliced(ALL, 0, 0, 0, 0)],
        [tensor("x"), sliced(ALL, slice(0, 2, 0))],
        [tensor("x"), sliced(ALL, slice(0, 2.5))],
        [tensor("x"), sliced(ALL, True)],
        [tensor("x"), [tensor("x"), 0]],
    ],
)
def test_slices_that_cannot_be_taken_are_listed(call: list[Any]) -> None:
    model = model_from_config(functional(image(), operation("GetItem", "a", call)))
    str(model.summarize())
    with pytest.raises(UnknownLayerError, match=r"^Layer 'a' \(GetItem"):
        model.predict(X)


# --- other arguments


def test_arguments_that_say_nothing_are_passed_over() -> None:
    layer = relu("a", [tensor("x"), None])
    layer["inbound_nodes"][0]["kwargs"] = {"mask": {"x": None, "z": [None]}, "training": None}
    np.testing.assert_array_equal(
        model_from_config(functional(image(), layer)).predict(X), np.maximum(X, 0)
    )
    by_name = relu("a", [])
    by_name["inbound_nodes"][0]["kwargs"] = {"inputs": tensor("x"), "mask": None}
    np.testing.assert_array_equal(
        model_from_config(functional(image(), by_name)).predict(X), np.maximum(X, 0)
    )


@in_one_test(
    ("args", "kwargs", "reason"),
    [
        ([tensor("x")], {"mask": tensor("x")}, "it is called with mask"),
        ([tensor("x"), tensor("x")], {}, "it is called with argument 2"),
        ([], {"inputs": tensor("x"), "states": 3}, "it is called with states"),
        ([tensor("x")], {"training": 3}, "it is called with a value for training"),
        ([tensor("x")], {"training": tensor("x")}, "it is called with a value for training"),
    ],
)
def test_a_layer_that_is_called_with_more_is_listed(
    args: list[Any], kwargs: Entry, reason: str
) -> None:
    for layer in (relu("a", args), doubling(args)):
        layer["inbound_nodes"][0]["kwargs"] = kwargs
        name = layer["config"]["name"]
        model = model_from_config(functional(image(), layer, outputs=[name, 0, 0]))
        str(model.summarize())
        with pytest.raises(UnknownLayerError, match=rf"^Layer '{name}'.*{reason}"):
            model.predict(X)
