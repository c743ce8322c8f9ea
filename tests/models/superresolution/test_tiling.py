"""Tiles of a picture: put together, they are what the whole gives at once."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from effort import choose, in_one_test
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from layers.layer_cases import CASES, Case
from networks import Array, fsrcnn, graph_of, put_together, tiles_of, with_values

from upsamp import Sequential
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import (
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GaussianNoise,
    GlobalAveragePooling2D,
    GroupNormalization,
    InputLayer,
    Layer,
    MaxPooling2D,
    Multiply,
    PixelShuffle,
    PReLU,
    Reshape,
    Resizing,
    SeparableConv2D,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.layers.operation import BINARY, OPERATIONS, OPTIONS, Operation
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.superresolution.tiling import AxisTiling

# The largest difference from the whole, as a part of the range of its values.
TOLERANCE = 2e-6

PADDINGS = st.sampled_from(["same", "valid"])
SIDES = st.tuples(st.integers(1, 4), st.integers(1, 4))
STRIDES = st.tuples(st.integers(1, 3), st.integers(1, 3))
EDGES = st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2)


def one(layer: Any, **arguments: Any) -> "st.SearchStrategy[tuple[Layer, ...]]":
    """Draw a layer, of arguments that are drawn or are as they are."""
    drawn = {
        name: value if isinstance(value, st.SearchStrategy) else st.just(value)
        for name, value in arguments.items()
    }
    return st.builds(layer, **drawn).map(lambda made: (made,))


FEW, ALIKE = st.integers(1, 3), st.integers(1, 2)
LAYERS = [
    one(
        Conv2D,
        filters=FEW,
        kernel_size=SIDES,
        padding=PADDINGS,
        activation=st.sampled_from(["relu", "tanh", None]),
    ),
    one(Conv2D, filters=2, kernel_size=SIDES, dilation_rate=STRIDES, padding=PADDINGS),
    one(Conv2D, filters=2, kernel_size=SIDES, strides=STRIDES, padding=PADDINGS),
    one(Conv2DTranspose, filters=2, kernel_size=SIDES, strides=STRIDES, padding=PADDINGS),
    one(UpSampling2D, size=STRIDES, interpolation=st.sampled_from([*METHODS])),
    one(MaxPooling2D, pool_size=SIDES, strides=STRIDES, padding=PADDINGS),
    one(AveragePooling2D, pool_size=SIDES, strides=STRIDES, padding=PADDINGS),
    one(DepthwiseConv2D, kernel_size=SIDES, strides=ALIKE, padding=PADDINGS),
    one(SeparableConv2D, filters=2, kernel_size=SIDES, strides=ALIKE, padding=PADDINGS),
    st.builds(lambda factor: (Conv2D(factor**2, 1), PixelShuffle(factor)), st.integers(2, 3)),
    one(Cropping2D, cropping=EDGES),
    one(ZeroPadding2D, padding=EDGES),
    st.sampled_from([Add, Multiply, Concatenate]).map(lambda merge: (merge(),)),
]


@st.composite
def networks(draw: Any) -> Functional:
    """Draw a network of an image, which may have skip connections."""
    calls = [Call(InputLayer((None, None, 1)))]

    def call(layer: Layer, *sources: int) -> int:
        layer.automatic_name = f"layer_{len(calls)}"
        calls.append(Call(layer, tuple(map(Source, sources))))
        return len(calls) - 1

    last = 0
    for layers in draw(st.lists(st.one_of(LAYERS), min_size=1, max_size=6)):
        for layer in layers:
            if isinstance(layer, Add | Multiply | Concatenate):
                branch = call(Conv2D(2, 3, padding="same", activation="tanh"), last)
                last = call(layer, branch, call(Conv2D(2, 1), last))
            else:
                last = call(layer, last)
    return Functional.from_calls(calls, [0], [Source(call(Conv2D(1, 1), last))])


@settings(max_examples=choose(12, 1000), deadline=None)
@given(networks(), st.tuples(*[st.integers(30, 70)] * 2), st.integers(6, 40), st.integers(0, 99))
def test_tiles_of_any_network_are_those_of_the_whole(
    model: Functional, size: tuple[int, int], longest: int, seed: int
) -> None:
    graph = graph_of(with_values(model, seed))
    image = np.random.default_rng(seed).random((*size, 1)).astype(np.float32)
    try:
        whole = graph.run(image)
    except ShapeError:  # of an image that became too small
        assume(False)
    assume(min(whole.shape) > 0)
    tiles = [
        next(
            cut
            for times in (1, 2, 99)
            if (cut := AxisTiling(graph, size, axis).cut(longest * times))
        )
        for axis in (0, 1)
    ]
    assert_close(put_together(graph, image, tiles), whole)


def assert_close(made: Array, whole: Array) -> None:
    # The images lie between 0 and 1; what comes out may cancel, and is rounded as it was before.
    span = max(1.0, float(np.abs(whole).max()))
    np.testing.assert_allclose(made, whole, rtol=0, atol=TOLERANCE * span)


@in_one_test("case", [case for case in CASES if len(case.sample) == 3])
def test_tiles_of_each_layer_are_those_of_the_whole_or_there_are_none(case: Case) -> None:
    first = case.arguments.get("data_format") == "channels_first"
    channels = case.sample[0 if first else 2]
    shape = (channels, None, None) if first else (None, None, channels)
    try:
        layer = case.make()
        graph = graph_of(with_values(Sequential([InputLayer(shape), layer]), 1))
        rates = graph.rates[-1]
    except ShapeError:  # of a layer that takes images of one size alone
        return
    if rates is None or 0 in rates:
        return
    image = np.random.default_rng(0).random((24, 36, channels)).astype(np.float32)
    tiles = tiles_of(graph, (24, 36), 18)
    if all(tiles):
        assert_close(put_together(graph, image, tiles), graph.run(image))


def test_tiles_of_each_operation_are_those_of_the_whole_or_there_are_none() -> None:
    image = np.random.default_rng(0).random((24, 36, 4)).astype(np.float32)
    tried = []
    for function in OPERATIONS:
        operands = (None, 0.5) if function in BINARY else (None,)
        options = {name: number + 0.25 for number, name in enumerate(OPTIONS.get(function, ()))}
        try:
            layer = Operation(function, operands, options)
            graph = graph_of(Sequential([InputLayer((None, None, 4)), layer]))
            tiles = tiles_of(graph, (24, 36), 18) if graph.rates[-1] else [[]]
        except (ArgumentError, ShapeError):  # of one that needs other operands
            continue
        if all(tiles):
            tried.append(function)
            assert_close(put_together(graph, image, tiles), graph.run(image))
    assert len(tried) >= 15


def test_tiles_share_what_a_pixel_depends_on_and_no_more() -> None:
    graph = graph_of(fsrcnn())
    rows = AxisTiling(graph, (200, 9), 0).cut(50)
    # Kernels of 5, 3 and 3 reach 2, 1 and 1 pixels, and one of 9 by a stride of 2 reaches 2.
    shared = [before.stop - after.start for before, after in pairwise(rows)]
    assert max(shared[:-1]) <= 2 * (2 + 1 + 1 + 2) + 1
    assert {tile.stop - tile.start for tile in rows} == {50}
    assert [tile.kept.start for tile in rows[1:]] == [tile.kept.stop for tile in rows[:-1]]


@in_one_test(
    ("layer", "expected"),
    [
        (GlobalAveragePooling2D(keepdims=True), "layer 'a' (GlobalAveragePooling2D) reads all"),
        (GroupNormalization(1), "layer 'a' (GroupNormalization) reads all"),
        (Conv2D(2, 3, padding="same"), ""),
    ],
)
def test_a_layer_that_reads_all_has_no_tiles_and_is_named(layer: Layer, expected: str) -> None:
    layer.automatic_name = "a"
    calls = [
        Call(InputLayer((None, None, 1))),
        Call(Conv2D(2, 3, padding="same", name="b"), (Source(0),)),
        Call(layer, (Source(1),)),
        Call(Multiply(name="c"), (Source(1), Source(2))),
    ]
    graph = graph_of(Functional.from_calls(calls, [0], [Source(3)]))
    tiling = AxisTiling(graph, (64, 64), 0)
    assert tiling.obstacle().startswith(expected)
    assert bool(tiling.obstacle()) == (not tiling.cut(40))


@in_one_test(
    "layers",
    [
        (PReLU(),),
        (Flatten(), Dense(64), Reshape((8, 8, 1))),
    ],
)
def test_what_has_weights_for_places_takes_images_of_one_size(layers: tuple[Layer, ...]) -> None:
    graph = graph_of(Sequential([InputLayer((8, 8, 1)), Conv2D(1, 3, padding="same"), *layers]))
    with pytest.raises(ShapeError, match="must have"):
        _ = graph.rates
    assert graph.run(np.ones((8, 8, 1), np.float32)).shape == (8, 8, 1)


def test_a_network_of_one_size_runs_on_others_as_if_it_had_none() -> None:
    fixed, free = with_values(fsrcnn((16, 24))), with_values(fsrcnn())
    image = np.random.default_rng(0).random((30, 20, 1)).astype(np.float32)
    np.testing.assert_array_equal(graph_of(fixed).run(image), free(image[np.newaxis])[0])


def test_nested_models_are_part_of_the_graph() -> None:
    inner = Sequential([Conv2D(2, 3, padding="same"), Resizing(9, 9)], name="inner")
    inner.build((None, 5, 5, 1))
    graph = graph_of(Sequential([InputLayer((5, 5, 1)), inner, Conv2D(1, 1)]))
    assert [call.layer.type_name for call in graph.calls] == [
        "InputLayer", "Conv2D", "Resizing", "Conv2D"
    ]  # fmt: skip


@in_one_test("within", [False, True])
def test_what_is_called_as_in_training_takes_no_tiles(within: bool) -> None:
    for layer in (BatchNormalization(), GaussianNoise(0.1)):
        calls = [Call(InputLayer((None, None, 3))), Call(layer, (Source(0),), training=True)]
        model = Functional.from_calls(calls, [0], [Source(1)])
        if within:
            inner = Functional.from_calls([calls[0], Call(layer, (Source(0),))], [0], [Source(1)])
            outer = [Call(InputLayer((None, None, 3))), Call(inner, (Source(0),), training=True)]
            model = Functional.from_calls(outer, [0], [Source(1)])
        tiling = AxisTiling(graph_of(model), (200, 200), 0)
        name = f"'{layer.name}' ({layer.type_name})"
        assert tiling.obstacle() == f"layer {name} reads all of a picture"
        assert not tiling.cut(64)
    plain = Functional.from_calls([calls[0], Call(layer, (Source(0),))], [0], [Source(1)])
    assert len(AxisTiling(graph_of(plain), (200, 200), 0).cut(64)) == 4  # as in a prediction
