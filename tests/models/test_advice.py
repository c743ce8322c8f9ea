"""The advice, followed: every model is made again from the advice's own code, and run."""

from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from hypothesis import given
from hypothesis import strategies as st

from upsamp import Sequential
from upsamp.core.arguments import Pair
from upsamp.core.geometry.size_solver import solve_layer
from upsamp.errors import ArgumentError, ShapeError
from upsamp.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    Permute,
    Reshape,
    Resizing,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.models.advice import Advice, advise
from upsamp.models.expression import parse_layers
from upsamp.models.generator import make_generator


def flat(model: Sequential) -> list[Layer]:
    """Return the layers, those of nested models in their places."""
    return [
        inner
        for layer in model.layers
        for inner in (flat(layer) if isinstance(layer, Sequential) else [layer])
    ]


def follow(model: Sequential, advice: Advice) -> Sequential:
    """Make the model again with the layers that the advice spells, and the others as they are."""
    spelled = dict(zip(advice.names, parse_layers(advice.then), strict=True))
    changed = Sequential()
    for layer in flat(model):
        copy = type(layer).from_config(layer.get_config() | {"name": None})
        changed.add(spelled.get(layer.name, copy))
    if not changed.built:
        changed.build(model.input_shape)
    return changed


def size_of(model: Sequential) -> Pair:
    """Run the model on zeros, and give the rows and columns of its channels_last output."""
    shape = tuple(length or 1 for length in model.input_shape)
    _, rows, columns, _ = model.predict(np.zeros(shape)).shape
    return rows, columns


def check(model: Sequential, target: Pair, found: list[Advice]) -> None:
    """Assert that every advice is true: it says what is, and leads to the target when followed."""
    names = {layer.name: layer for layer in flat(model)}
    for advice in found:
        assert advice.output == target
        assert advice.now != advice.then
        for spelled, name in zip(parse_layers(advice.now), advice.names, strict=True):
            given = names[name].get_config()
            assert spelled.get_config() | {"name": name} == given
        changed = follow(model, advice)
        assert size_of(changed) == target
        position = [layer.name for layer in flat(model)].index(advice.names[-1])
        shape = changed.input_shape
        for layer in changed.layers[: position + 1]:
            shape = layer.compute_output_shape(shape)
        assert shape[1:3] == advice.layer_output


# --- what is advised


def test_a_transposed_convolution_or_the_base_grid_may_change() -> None:
    found = advise(make_generator("transpose"), 20)
    assert found == [
        Advice(
            names=("conv2d_transpose",),
            now='Conv2DTranspose(1, (3, 3), strides=(2, 2), padding="same")',
            then='Conv2DTranspose(1, (4, 4), strides=(4, 4), padding="same")',
            layer_output=(20, 20),
            output=(20, 20),
        ),
        Advice(
            names=("dense", "reshape"),
            now="Dense(3200, input_shape=(100,))\nReshape((5, 5, 128))",
            then="Dense(12800, input_shape=(100,))\nReshape((10, 10, 128))",
            layer_output=(10, 10),
            output=(20, 20),
        ),
    ]


def test_the_size_of_an_upsampling_may_change() -> None:
    found = advise(make_generator("upsampling"), (10, 25))
    assert [advice.then for advice in found] == ["UpSampling2D(size=(2, 5))"]
    assert found[0].now == "UpSampling2D(size=(2, 2))"
    assert found[0].layer_output == (10, 25)


def test_a_convolution_that_shrinks_may_be_padded() -> None:
    model = Sequential([UpSampling2D(input_shape=(7, 7, 2)), Conv2D(1, 3)])
    found = advise(model, 14)
    assert model.output_shape == (None, 12, 12, 1)
    assert [(advice.names, advice.then) for advice in found] == [
        (("conv2d",), 'Conv2D(1, (3, 3), padding="same")')
    ]
    check(model, (14, 14), found)
    back = Sequential([Conv2D(1, 3, padding="same", input_shape=(7, 7, 2))])
    assert [advice.then for advice in advise(back, 5)] == [
        "Conv2D(1, (3, 3), input_shape=(7, 7, 2))"
    ]


@pytest.mark.parametrize("kind", ["transpose", "upsampling", "dcgan"])
@pytest.mark.parametrize("target", [(28, 28), (29, 29), (32, 32), (20, 40), (56, 56), (40, 28)])
def test_advice_that_is_followed_gives_the_target(kind: str, target: Pair) -> None:
    model = make_generator(kind, channels=2)
    found = advise(model, target)
    if model.output_shape[1:3] == target:
        assert found == [Advice((), "", "", target, target)]
    else:
        check(model, target, found)


def test_each_layer_of_a_generator_is_thought_of() -> None:
    names = {advice.names for advice in advise(make_generator("dcgan"), 32)}
    assert names == {
        ("conv2d_transpose",),
        ("conv2d_transpose_1",),
        ("conv2d_transpose_2",),
        ("dense", "reshape"),
    }


def test_a_model_that_gives_the_target_gets_an_empty_change() -> None:
    model = make_generator("dcgan")
    assert advise(model, 28) == [Advice((), "", "", (28, 28), (28, 28))]
    assert advise(model, [28, 28]) == advise(model, 28)


def test_there_may_be_no_advice() -> None:
    model = Sequential([UpSampling2D(input_shape=(7, 7, 1)), LeakyReLU()])
    assert advise(model, 27) == []
    assert advise(model, (3, 28)) == []
    # What comes before a layer of a fixed size makes no difference.
    fixed = Sequential([UpSampling2D(input_shape=(7, 7, 1)), Resizing(28, 28)])
    assert advise(fixed, 30) == []
    assert advise(Sequential([Activation("tanh", input_shape=(4, 4, 1))]), 5) == []


# --- the order


def test_the_smallest_change_comes_first() -> None:
    model = make_generator("dcgan")
    found = advise(model, 56)
    widths = [len(advice.names) for advice in found]
    assert widths == sorted(widths)
    # One argument, of the layer that comes first; no parameter more or less.
    assert found[0].names == ("conv2d_transpose",)
    assert found[0].then == (
        'Conv2DTranspose(128, (5, 5), strides=(2, 2), padding="same", use_bias=False)'
    )
    assert found[-1].names == ("dense", "reshape")
    changes = [
        sum(
            new.get_config()[name] != value
            for new, old in zip(parse_layers(advice.then), parse_layers(advice.now), strict=True)
            for name, value in old.get_config().items()
        )
        for advice in found
    ]
    assert changes == sorted(changes)


def test_of_changes_alike_the_one_with_fewer_parameters_comes_first() -> None:
    model = Sequential(
        [
            Conv2DTranspose(9, 3, 2, padding="same", input_shape=(4, 4, 9)),
            Conv2DTranspose(1, 3, 2, padding="same"),
        ]
    )
    # Both need another kernel and other strides; the second has fewer channels.
    found = advise(model, 32)
    assert [advice.names for advice in found[:2]] == [
        ("conv2d_transpose_1",),
        ("conv2d_transpose",),
    ]


def test_a_layer_may_come_twice_with_the_fewest_arguments_and_with_the_best() -> None:
    model = Sequential([Conv2DTranspose(1, 5, 2, padding="same", input_shape=(7, 7, 1))])
    assert [advice.then for advice in advise(model, 28)] == [
        'Conv2DTranspose(1, (5, 5), strides=(4, 4), padding="same", input_shape=(7, 7, 1))',
        'Conv2DTranspose(1, (4, 4), strides=(4, 4), padding="same", input_shape=(7, 7, 1))',
    ]


# --- layers around, and how they are told


def test_layers_that_shrink_afterwards_are_reckoned_with() -> None:
    model = Sequential(
        [
            Conv2DTranspose(1, 4, 2, padding="same", input_shape=(8, 8, 1)),
            ZeroPadding2D(1),
            Conv2D(1, 3, strides=2),
        ]
    )
    assert model.output_shape == (None, 8, 8, 1)
    found = advise(model, 12)
    assert {advice.names for advice in found} == {("conv2d_transpose",)}
    # 23 and 24 both become 12; what is best by itself and what is least both lead there.
    assert {advice.layer_output for advice in found} <= {(23, 23), (24, 24)}
    check(model, (12, 12), found)


def test_layers_between_a_dense_and_its_reshape_do_not_hide_the_base_grid() -> None:
    model = Sequential(
        [
            Input((10,)),
            Dense(8, use_bias=False),
            BatchNormalization(),
            LeakyReLU(),
            Dropout(0.5),
            Reshape((2, 2, -1)),
            UpSampling2D(3),
        ]
    )
    found = advise(model, (9, 15))
    assert [(advice.names, advice.then) for advice in found] == [
        (("dense", "reshape"), "Dense(30, use_bias=False)\nReshape((3, 5, -1))")
    ]
    check(model, (9, 15), found)


def test_a_layer_that_need_not_change_with_the_base_grid_is_left_out() -> None:
    free = Sequential([Dense(8, input_shape=(3,)), Reshape((-1, 2, 2)), UpSampling2D()])
    assert [(advice.names, advice.then) for advice in advise(free, (6, 4))] == [
        (("up_sampling2d",), "UpSampling2D(size=(3, 2))"),
        (("dense",), "Dense(12, input_shape=(3,))"),
    ]
    turned = Sequential([Dense(12, input_shape=(3,)), Reshape((2, 3, 2)), UpSampling2D()])
    assert [(advice.names, advice.then) for advice in advise(turned, (6, 4))] == [
        (("reshape",), "Reshape((3, 2, 2))")
    ]


def test_a_reshape_without_a_dense_is_no_base_grid() -> None:
    model = Sequential([Reshape((4, 4, 1), input_shape=(16,)), UpSampling2D()])
    assert [advice.names for advice in advise(model, 16)] == [("up_sampling2d",)]
    assert advise(model, 10) == []
    images = Sequential(
        [Dense(2, input_shape=(4, 4, 1)), Reshape((4, 4, 2)), UpSampling2D(2, name="grow")]
    )
    assert [advice.names for advice in advise(images, 12)] == [("grow",)]


def test_what_comes_before_a_dense_cannot_change_what_it_was_built_for() -> None:
    model = Sequential(
        [
            UpSampling2D(input_shape=(2, 2, 1)),
            Flatten(),
            Dense(4),
            Reshape((2, 2, 1)),
            UpSampling2D(),
        ]
    )
    found = advise(model, 8)
    assert {advice.names for advice in found} == {("up_sampling2d_1",), ("dense", "reshape")}
    check(model, (8, 8), found)


def test_the_layers_of_a_nested_model_count() -> None:
    inner = Sequential([UpSampling2D(name="inner")])
    model = Sequential([Conv2D(1, 3, padding="same", input_shape=(4, 4, 1)), inner])
    found = advise(model, 12)
    assert [(advice.names, advice.then) for advice in found] == [
        (("inner",), 'UpSampling2D(size=(3, 3), name="inner")')
    ]
    check(model, (12, 12), found)


def test_channels_first_is_understood() -> None:
    model = Sequential(
        [
            Dense(18, input_shape=(5,)),
            Reshape((2, 3, 3)),
            Conv2DTranspose(4, 3, 2, padding="same", data_format="channels_first"),
        ]
    )
    assert model.output_shape == (None, 4, 6, 6)
    found = advise(model, 12)
    assert {advice.names for advice in found} == {("conv2d_transpose",), ("dense", "reshape")}
    for advice in found:
        assert follow(model, advice).output_shape == (None, 4, 12, 12)
    assert found[-1].then.endswith("Reshape((2, 6, 6))")
    assert 'data_format="channels_first"' in found[0].then


def test_dilation_goes_and_larger_settings_than_the_usual_are_kept() -> None:
    dilated = Sequential([Conv2DTranspose(1, 3, dilation_rate=2, input_shape=(4, 4, 1))])
    found = advise(dilated, 6)
    assert found[0].then == "Conv2DTranspose(1, (3, 3), input_shape=(4, 4, 1))"
    large = Sequential([Conv2DTranspose(1, 32, 16, padding="same", input_shape=(4, 4, 1))])
    assert advise(large, 60)[0].names == advise(large, 36)[0].names == ("conv2d_transpose",)
    check(large, (36, 36), advise(large, 36))


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        (
            UpSampling2D(3, interpolation="bilinear", input_shape=(4, 4, 1)),
            'UpSampling2D(size=(6, 6), interpolation="bilinear", input_shape=(4, 4, 1))',
        ),
        (
            UpSampling2D(input_shape=(4, 4, 1), name="u", dtype="float64"),
            'UpSampling2D(size=(6, 6), dtype="float64", name="u", input_shape=(4, 4, 1))',
        ),
    ],
)
def test_what_was_told_to_the_layer_is_told_again(layer: Layer, code: str) -> None:
    model = Sequential([layer])
    found = advise(model, 24)
    assert [advice.then for advice in found] == [code]
    check(model, (24, 24), found)


@given(
    grid=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    kernels=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    strides=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    target=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_every_advice_is_true(
    grid: Pair, kernels: list[int], strides: int, padding: str, target: Pair
) -> None:
    model = Sequential([Dense(grid[0] * grid[1] * 2, input_shape=(2,)), Reshape((*grid, 2))])
    for kernel in kernels:
        model.add(Conv2DTranspose(2, kernel, strides, padding))
    found = advise(model, target)
    if model.output_shape[1:3] == target:
        assert found == [Advice((), "", "", target, target)]
    else:
        check(model, target, found)


# --- against all that can be tried


def by_trial(model: Sequential, name: str, before: Pair, target: Pair) -> list[str]:
    """Try every setting for every size of a layer, and return the first by changes and the best."""
    layers = flat(model)
    position = [layer.name for layer in layers].index(name)
    shapes = [model.input_shape]
    for layer in layers:
        shapes.append(layer.compute_output_shape(shapes[-1]))
    now = shapes[position + 1]
    square = now[1] == now[2] and target[0] == target[1]
    found = []
    for grid in product(*(range(before[axis], 8 * target[axis] + 8) for axis in (0, 1))):
        if square and grid[0] != grid[1]:
            continue
        shape = (now[0], *grid, now[3])
        with suppress(ShapeError):
            for layer in layers[position + 1 :]:
                shape = layer.compute_output_shape(shape)
            if shape[1:3] == target:
                found += [each for each in solve_layer(before, grid) if not each.holes]
    config = layers[position].get_config()
    changed = [
        {
            key: value
            for key, value in {
                "kernel_size": each.kernel,
                "strides": each.strides,
                "padding": each.padding,
                "output_padding": each.output_padding,
            }.items()
            if config[key] != value
        }
        for each in found
    ]
    best = [min(changed, key=len), changed[0]] if changed else []
    configs = [{**config, **others} for others in best]
    # In the order of the advice, and once where both are the same.
    return list(
        dict.fromkeys(str(layers[position].from_config(one).get_config()) for one in configs)
    )


@given(
    grid=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    after=st.sampled_from(["nothing", "Conv2D", "UpSampling2D", "ZeroPadding2D", "pool"]),
    target=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    square=st.booleans(),
)
def test_the_advice_on_a_layer_is_the_best_of_all(
    grid: Pair, kernel: Pair, stride: int, padding: str, after: str, target: Pair, square: bool
) -> None:
    if square:
        grid, target = (grid[0],) * 2, (target[0],) * 2
    layer = Conv2DTranspose(1, kernel, stride, padding, name="changed", input_shape=(*grid, 1))
    others: dict[str, list[Layer]] = {
        "nothing": [],
        "Conv2D": [Conv2D(1, 2, strides=2, padding="same")],
        "UpSampling2D": [UpSampling2D(2)],
        "ZeroPadding2D": [ZeroPadding2D(1)],
        "pool": [MaxPooling2D(2), LeakyReLU()],
    }
    with suppress(ShapeError):
        model = Sequential([layer, *others[after]])
        if model.output_shape[1:3] != target:
            advice = [one.then for one in advise(model, target) if one.names == ("changed",)]
            spelled = [
                str(parse_layers(code)[0].get_config() | {"name": "changed"}) for code in advice
            ]
            expected = by_trial(model, "changed", grid, target)
            assert sorted(spelled) == sorted(expected)


def test_sizes_without_end_are_answered() -> None:
    model = Sequential(
        [
            Conv2DTranspose(1, 4, 2, padding="same", input_shape=(4, 4, 1)),
            Conv2D(1, 3, strides=10**6, padding="same"),
        ]
    )
    found = advise(model, 2)
    # No size up to eight times what is wanted becomes more than one.
    assert found == []
    wide = Sequential([Conv2DTranspose(1, 3, 10**6, padding="same", input_shape=(4, 4, 1))])
    assert advise(wide, 8)[0].then.startswith("Conv2DTranspose(1, (3, 3), strides=(2, 2)")
    vast = Sequential([UpSampling2D(2, input_shape=(4, 4, 1)), UpSampling2D(3)])
    assert [advice.then for advice in advise(vast, 24 * 10**30)] == [
        f"UpSampling2D(size=({2 * 10**30}, {2 * 10**30}), input_shape=(4, 4, 1))",
        f"UpSampling2D(size=({3 * 10**30}, {3 * 10**30}))",
    ]


def test_of_many_sizes_the_nearest_are_advised() -> None:
    model = Sequential(
        [Dense(400, input_shape=(3,)), Reshape((20, 20, 1)), Conv2D(1, 1, strides=16)]
    )
    assert model.output_shape == (None, 2, 2, 1)
    found = advise(model, 1)
    # From 1 to 15 all do, and 16 is what a stride of 16 takes.
    assert [advice.layer_output[0] for advice in found] == list(range(15, 7, -1))


def test_rows_and_columns_may_change_places() -> None:
    model = Sequential(
        [UpSampling2D((2, 3), input_shape=(4, 5, 1)), Permute((2, 1, 3)), ZeroPadding2D(1)]
    )
    assert model.output_shape == (None, 17, 10, 1)
    found = advise(model, (22, 14))
    assert [advice.then for advice in found] == ["UpSampling2D(size=(3, 4), input_shape=(4, 5, 1))"]
    check(model, (22, 14), found)


# --- what is refused


@in_one_test("target", [0, (28, -1), "28", (1, 2, 3)])
def test_a_target_that_is_no_size_is_refused(target: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`target` must be one positive integer, or two"):
        advise(make_generator("dcgan"), target)


def test_a_model_that_is_not_built_is_refused() -> None:
    with pytest.raises(ArgumentError, match="must know the shape of its input"):
        advise(Sequential([UpSampling2D()]), 28)


@pytest.mark.parametrize(
    "model",
    [
        Sequential([Dense(10, input_shape=(3,))], name="numbers"),
        Sequential([UpSampling2D(input_shape=(None, None, 3))], name="any"),
    ],
)
def test_a_model_without_images_of_known_size_is_refused(model: Sequential) -> None:
    with pytest.raises(
        ShapeError,
        match=rf"`model` must give images of known rows and columns.*Received: model "
        rf"'{model.name}' with output shape \(None, .*Give its first layer",
    ):
        advise(model, 28)
