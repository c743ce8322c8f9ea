"""The graph of a model: what is called on what, which shapes and values come out."""

import weakref
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pytest
from effort import in_one_test

from upsamp.core.arguments import Array
from upsamp.errors import ArgumentError, FormatError, ShapeError
from upsamp.layers import Add, Dense, InputLayer, Layer, UnknownLayer, UpSampling2D
from upsamp.layers.layer import MaybeShape, Shape
from upsamp.models.execution import Execution
from upsamp.models.graph import (
    Call,
    Source,
    connect,
    infer,
    needed_calls,
    number_calls,
    output_of,
)


class Halves(Layer):
    """A layer of two outputs: the first half of the last axis, and the second."""

    def connect(self, input_shapes: Sequence[Shape]) -> list[MaybeShape]:
        """Return both shapes."""
        self.built = True
        *batch, length = input_shapes[0]
        assert length is not None
        return [(*batch, length // 2)] * 2

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """Return both halves."""
        return np.split(inputs[0], 2, axis=-1)


def halves() -> list[Call]:
    """Return the calls of a model that adds the second half of a vector to its first."""
    return [
        Call(InputLayer((4,))),
        Call(Halves(), (Source(0),)),
        Call(Add(), (Source(1, 1), Source(1, 0))),
        Call(Dense(3), (Source(1, 1),)),
    ]


def test_shapes_are_inferred_and_layers_built_on_the_way() -> None:
    calls = halves()
    assert infer(calls, {0: (None, 4)}) == [
        [(None, 4)],
        [(None, 2), (None, 2)],
        [(None, 2)],
        [(None, 3)],
    ]
    assert calls[3].layer.count_params() == 2 * 3 + 3


def run(calls: Sequence[Call], x: Array, outputs: Sequence[Source]) -> list[Array]:
    """Compute outputs of calls, of which the first alone is an input."""
    return Execution(calls, [0], outputs, [x.shape]).run([x], np.random.default_rng(0))


def test_any_output_of_a_layer_is_taken() -> None:
    calls = halves()
    infer(calls, {0: (None, 4)})
    x = np.arange(8.0, dtype=np.float32).reshape(2, 4)
    outputs = [Source(2), Source(1, 1), Source(0)]
    added, second, given = run(calls, x, outputs)
    np.testing.assert_array_equal(added, x[:, 2:] + x[:, :2])
    np.testing.assert_array_equal(second, x[:, 2:])
    np.testing.assert_array_equal(given, x)


def test_an_output_is_given_as_often_as_it_is_asked_for() -> None:
    calls = halves()
    x = np.ones((1, 4), np.float32)
    one, other = run(calls, x, [Source(1), Source(1)])
    np.testing.assert_array_equal(one, other)


class Counting(Layer):
    """A layer that tells how many arrays of `seen` are alive when it is called."""

    seen: ClassVar[list[weakref.ref[Array]]] = []
    alive = 0

    def call(self, x: Array) -> Array:
        """Return a new array."""
        self.alive = sum(reference() is not None for reference in self.seen)
        result: Array = x + 1
        self.seen.append(weakref.ref(result))
        return result


def test_an_array_is_let_go_after_its_last_use() -> None:
    Counting.seen.clear()
    layers = [Counting() for _ in range(5)]
    calls = [Call(InputLayer((1,))), *(Call(one, (Source(n),)) for n, one in enumerate(layers))]
    infer(calls, {0: (None, 1)})
    [result] = run(calls, np.zeros((1, 1), np.float32), [Source(5)])
    np.testing.assert_array_equal(result, [[5]])
    # Its own input is all that a layer of a chain finds.
    assert [layer.alive for layer in layers] == [0, 1, 1, 1, 1]


def test_only_what_outputs_depend_on_is_computed() -> None:
    calls = [*halves(), Call(UnknownLayer("Lambda", None, {}, ""), (Source(0),))]
    assert needed_calls(calls, [Source(2)]) == [0, 1, 2]
    assert needed_calls(calls, [Source(4)]) == [0, 4]
    assert needed_calls(calls, []) == []
    infer(calls, {0: (None, 4)})
    [added] = run(calls, np.ones((1, 4), np.float32), [Source(2)])
    np.testing.assert_array_equal(added, [[2, 2]])


# --- behind a layer of nobody knows


def test_behind_an_unknown_layer_no_shape_is_known() -> None:
    unknown = UnknownLayer("Lambda", None, {}, "")
    calls = [
        Call(InputLayer((4, 4, 1))),
        Call(unknown, (Source(0),)),
        Call(UpSampling2D(), (Source(1, 5),)),
        Call(Add(), (Source(0), Source(2))),
    ]
    assert infer(calls, {0: (None, 4, 4, 1)}) == [[(None, 4, 4, 1)], [None], [None], [None]]


def test_behind_an_unknown_layer_the_shape_is_what_the_file_tells() -> None:
    layer = Dense(3)
    layer.recorded_shapes = ((None, 2),)
    assert connect(layer, [None]) == [(None, 3)]
    assert layer.count_params() == 9
    both = Add()
    both.recorded_shapes = ((None, 2), (None, 2))
    assert connect(both, [None, (None, 2)]) == [(None, 2)]
    # Shapes for another number of inputs tell nothing.
    other = Add()
    other.recorded_shapes = ((None, 2),)
    assert connect(other, [None, (None, 2)]) == [None]


# --- what cannot be


def test_an_input_without_a_batch_is_refused() -> None:
    with pytest.raises(
        ShapeError,
        match=r"Layer 'dense' \(Dense\) must have an input with a batch\. Received: shape \(\)\.",
    ):
        connect(Dense(3), [()])


def test_an_output_that_is_too_large_to_count_is_refused() -> None:
    layer = UpSampling2D(2**900, name="vast")
    [shape] = connect(layer, [(None, 1, 1, 2**100)])
    assert shape == (None, 2**900, 2**900, 2**100)
    with pytest.raises(
        ShapeError,
        match=r"Layer 'vast' \(UpSampling2D\) must give fewer than 2\*\*2000 values\. Received: "
        r"more, for shapes \(None, 2, 1, \d+\)\.",
    ):
        connect(layer, [(None, 2, 1, 2**200)])


def test_an_output_that_there_is_not_is_refused() -> None:
    shapes: list[list[MaybeShape]] = [[(None, 2), (None, 2)], [None]]
    assert output_of(shapes, Source(0, 1)) == (None, 2)
    assert output_of(shapes, Source(1, 3)) is None
    with pytest.raises(
        FormatError,
        match=r"An output must be one that the layer has\. Received: output 2 of a layer that has "
        r"2\.",
    ):
        output_of(shapes, Source(0, 2))


# --- numbers of calls


def test_calls_of_a_layer_are_numbered() -> None:
    shared, head = UpSampling2D(), InputLayer((2, 2, 1))
    calls = [Call(head), Call(shared, (Source(0),)), Call(shared, (Source(1),))]
    assert [call.node for call in number_calls(calls)] == [0, 0, 1]
    given = [calls[0], Call(shared, (Source(0),), 1), Call(shared, (Source(1),), 0)]
    assert number_calls(given) == tuple(given)


@in_one_test("source", [Source(1), Source(2), Source(-1), Source(0, -1)])
def test_a_call_on_what_comes_later_is_refused(source: Source) -> None:
    with pytest.raises(
        ArgumentError,
        match=r"The sources of a call must be calls before it\. "
        r"Received: \[\(-?\d, -?\d\)\] of call 1\.",
    ):
        number_calls([Call(InputLayer((2, 2, 1))), Call(UpSampling2D(), (source,))])
