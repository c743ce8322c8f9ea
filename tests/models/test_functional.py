"""Functional: a graph of layers built by hand."""

import numpy as np
import pytest
from effort import in_one_test

from upsamp import Functional, Sequential
from upsamp.errors import ArgumentError, FormatError
from upsamp.layers import (
    Add,
    Concatenate,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    InputLayer,
    Layer,
    Multiply,
    UpSampling2D,
)
from upsamp.models.graph import Call, Source

IMAGE = np.arange(8.0, dtype=np.float32).reshape(1, 2, 2, 2)


def skip() -> Functional:
    """Return an image made larger in two ways, one on the other."""
    return Functional.from_calls(
        [
            Call(InputLayer((2, 2, 2), name="image")),
            Call(UpSampling2D(), (Source(0),)),
            Call(UpSampling2D(interpolation="bilinear"), (Source(0),)),
            Call(Concatenate(), (Source(1), Source(2))),
        ],
        [0],
        [Source(3), Source(1)],
        name="skip",
    )


def test_a_graph_has_shapes_names_and_outputs() -> None:
    model = skip()
    assert model.built
    assert model.input_shape == (None, 2, 2, 2)
    assert model.output_shapes == [(None, 4, 4, 4), (None, 4, 4, 2)]
    names = ["image", "up_sampling2d", "up_sampling2d_1", "concatenate"]
    assert [layer.name for layer in model.layers] == names
    joined, large = model.predict(IMAGE)
    np.testing.assert_array_equal(large, IMAGE.repeat(2, 1).repeat(2, 2))
    np.testing.assert_array_equal(joined[..., :2], large)
    assert [row.name for row in model.summarize().rows] == names


def test_names_that_were_given_stay_and_automatic_ones_make_way() -> None:
    layers = [UpSampling2D(name="up_sampling2d"), UpSampling2D(), UpSampling2D()]
    calls = [Call(InputLayer((2, 2, 2))), *(Call(one, (Source(0),)) for one in layers)]
    Functional.from_calls(calls, [0], [Source(1), Source(2), Source(3)])
    assert [one.name for one in layers] == [
        "up_sampling2d",
        "up_sampling2d_1",
        "up_sampling2d_2",
    ]


def test_a_layer_that_is_called_twice_is_one_layer() -> None:
    layer = Dense(3)
    calls = [Call(InputLayer((3,))), Call(layer, (Source(0),)), Call(layer, (Source(1),))]
    model = Functional.from_calls(calls, [0], [Source(2)])
    assert model.count_params() == 12
    assert [call.node for call in model.calls] == [0, 0, 1]
    once = Sequential([InputLayer((3,)), layer])
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(model.predict(x), once.predict(once.predict(x)))


def test_weights_come_from_the_seed_and_do_not_depend_on_what_was_asked_first() -> None:
    def model(seed: int) -> Functional:
        inner = Sequential([Conv2D(2, 3, padding="same"), Conv2D(2, 3, padding="same")])
        calls = [Call(InputLayer((2, 2, 2))), Call(inner, (Source(0),))]
        calls += [Call(Conv2D(2, 3, padding="same"), (Source(1),))]
        return Functional.from_calls(calls, [0], [Source(2)], seed=seed)

    one, other = model(3), model(3)
    other.layers[-1].get_weights()
    for actual, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, expected)
    kernels = [weight for weight in one.get_weights() if weight.ndim == 4]
    assert len({kernel.tobytes() for kernel in kernels}) == 3
    assert kernels[0].tobytes() != model(4).get_weights()[0].tobytes()


def test_a_model_nests_in_others_and_keeps_its_weights() -> None:
    inner = Functional.from_calls(
        [Call(InputLayer((3,))), Call(Dense(3), (Source(0),))], [0], [Source(1)], name="inner"
    )
    alone = inner.predict(np.ones((1, 3)))
    outer = Functional.from_calls(
        [Call(InputLayer((3,))), Call(inner, (Source(0),)), Call(Add(), (Source(0), Source(1)))],
        [0],
        [Source(2)],
    )
    np.testing.assert_array_equal(outer.predict(np.ones((1, 3))), alone + 1)
    assert outer.get_layer("inner/dense").count_params() == 12
    assert Sequential([InputLayer((3,)), outer, Dense(1)]).count_params() == 16


def test_what_is_given_shares_no_memory_with_what_comes_out() -> None:
    calls = [Call(InputLayer((3,))), Call(InputLayer((3,)))]
    model = Functional.from_calls(calls, [0, 1], [Source(1), Source(0)])
    one, other = np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32)
    for results in (model([one, other]), model.predict([one, other])):
        np.testing.assert_array_equal(results[0], other)
        assert not any(np.may_share_memory(x, y) for x in (one, other) for y in results)


def test_labels_stay_integers_up_to_their_layer() -> None:
    calls = [
        Call(InputLayer((1,), dtype="int32", name="label")),
        Call(Embedding(10, 4), (Source(0),)),
        Call(Flatten(), (Source(1),)),
        Call(InputLayer((4,), name="latent")),
        Call(Multiply(), (Source(2), Source(3))),
    ]
    model = Functional.from_calls(calls, [0, 3], [Source(4)])
    table = model.get_layer("embedding").get_weights()[0]
    latent = np.full((2, 4), 2.0)
    result = model.predict({"latent": latent, "label": np.array([[3], [7]])})
    np.testing.assert_allclose(result, 2 * table[[3, 7]], rtol=1e-6)


def test_its_config_makes_it_again() -> None:
    model = skip()
    again = Functional.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    for actual, expected in zip(again.predict(IMAGE), model.predict(IMAGE), strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_a_model_of_unknown_rank_is_refused_in_one_line() -> None:
    with pytest.raises(ArgumentError, match=r"Layer 'up_sampling2d' \(UpSampling2D\) must have"):
        Functional.from_calls(
            [Call(InputLayer((3,))), Call(UpSampling2D(), (Source(0),))], [0], [Source(1)]
        )


@in_one_test(("inputs", "outputs"), [([], [1]), ([0], []), ([5], [1]), ([0], [7]), ([-1], [1])])
def test_ends_that_there_are_not_are_refused(inputs: list[int], outputs: list[int]) -> None:
    calls = [Call(InputLayer((3,))), Call(Dense(3), (Source(0),))]
    with pytest.raises(
        ArgumentError,
        match=r"A model must have inputs and outputs among its 2 calls\. Received: inputs=\[",
    ):
        Functional.from_calls(calls, inputs, [Source(one) for one in outputs])


def test_an_output_of_a_layer_that_it_has_not_is_refused() -> None:
    calls = [Call(InputLayer((3,))), Call(Dense(3), (Source(0),))]
    with pytest.raises(FormatError, match=r"Received: output 1 of a layer that has 1\."):
        Functional.from_calls(calls, [0], [Source(1, 1)])


@pytest.mark.parametrize(
    ("layers", "inputs"),
    [
        ([InputLayer((3,)), InputLayer((3,)), Add()], [0]),
        ([InputLayer((3,)), Dense(3), Add()], [0, 1]),
        ([InputLayer((3,)), Dense(3), Add()], [0]),
    ],
)
def test_inputs_are_all_the_input_layers(layers: list[Layer], inputs: list[int]) -> None:
    calls = [Call(layers[0]), Call(layers[1]), Call(layers[2], (Source(0), Source(1)))]
    with pytest.raises(
        ArgumentError,
        match=r"The inputs of a model must be its input layers, and all other layers must be "
        r"called on something\. Received: <\w+ name=\w+, built=False> as call 1, inputs=\[",
    ):
        Functional.from_calls(calls, inputs, [Source(2)])


def test_names_that_come_twice_are_refused() -> None:
    calls = [Call(InputLayer((3,), name="a")), Call(Dense(3, name="a"), (Source(0),))]
    with pytest.raises(
        ArgumentError,
        match=r"The layers of a model must have names of their own\. Received: 'a' twice\.",
    ):
        Functional.from_calls(calls, [0], [Source(1)])
