"""The difference of two models: which layers are beside each other, and what changed in them."""

import json
from collections.abc import Sequence

import numpy as np
from effort import in_one_test
from golden_files import GoldenModel, golden_models, model_file

from upsamp import Sequential, load_model, make_generator
from upsamp.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Input,
    Layer,
    LeakyReLU,
    ReLU,
    UpSampling2D,
)
from upsamp.models.summary.difference import Difference, compare


def between(one: Sequence[Layer], other: Sequence[Layer], *, weights: bool = False) -> Difference:
    """Compare two chains of layers on a small image."""
    models = [Sequential([Input((4, 4, 2)), *layers]) for layers in (one, other)]
    return compare(models[0].summarize(), models[1].summarize(), weights=weights)


def told(difference: Difference) -> list[tuple[str, str, list[str]]]:
    """Return the mark, the layer and the changes of each row."""
    return [(row.mark, row.label, [*map(str, row.changes)]) for row in difference.rows]


@in_one_test("golden", golden_models())
def test_each_model_is_the_same_as_itself(golden: GoldenModel) -> None:
    files = [name for name in golden.files if ".weights." not in name]
    summaries = [
        load_model(model_file(name), values=False).summarize(expand_nested=True)
        for name in files
        if name.endswith((".keras", ".json"))
    ]
    for other in summaries:
        difference = compare(summaries[0], other)
        assert difference.same
        assert difference.verdict == "The models are the same."


def test_arguments_that_differ_are_told_with_both_values() -> None:
    difference = between([Conv2D(4, 3)], [Conv2D(8, 3, trainable=False)])
    assert told(difference) == [
        (
            "~",
            "conv2d (Conv2D)",
            [
                "trainable True -> False",
                "filters 4 -> 8",
                "output shape (None, 2, 2, 4) -> (None, 2, 2, 8)",
                "params 76 -> 152",
            ],
        )
    ]
    assert difference.rows[0].cells()[-1] == "trainable True -> False; filters 4 -> 8"
    assert not difference.same
    assert difference.verdict == (
        "Layers that changed: 1; in the first alone: 0; in the second alone: 0."
    )


def test_layers_that_came_and_went_stand_alone() -> None:
    difference = between(
        [Conv2D(2, 1), LeakyReLU(), UpSampling2D()],
        [Conv2D(2, 1), BatchNormalization(), UpSampling2D()],
    )
    assert told(difference) == [
        ("=", "conv2d (Conv2D)", []),
        ("-", "leaky_re_lu (LeakyReLU)", []),
        ("+", "batch_normalization (BatchNormalization)", []),
        ("=", "up_sampling2d (UpSampling2D)", []),
    ]


def test_renamed_layers_stand_beside_each_other() -> None:
    difference = between([Conv2D(2, 1), ReLU()], [Conv2D(2, 1, name="first"), ReLU(name="second")])
    assert [row[:2] for row in told(difference)] == [
        ("=", "conv2d (Conv2D) -> first (Conv2D)"),
        ("=", "re_lu (ReLU) -> second (ReLU)"),
    ]
    assert difference.verdict == "The models are the same but for the names of layers (2)."


def test_the_same_in_other_words_is_no_change() -> None:
    difference = between(
        [Conv2D(2, 1, activation="swish"), BatchNormalization(), LeakyReLU(0.3)],
        [
            Conv2D(2, 1, activation="silu"),
            BatchNormalization(axis=3),
            LeakyReLU(float(np.float32(0.3))),
        ],
    )
    assert difference.same


def test_values_of_weights_are_compared_when_that_is_asked() -> None:
    layers = [[Conv2D(1, 1)], [Conv2D(1, 1)]]
    for (layer,) in layers:
        layer.build((None, 4, 4, 2))
        layer.set_weights([np.ones((1, 1, 2, 1)), np.zeros(1)])
    assert between(*layers, weights=True).same
    layers[1][0].set_weights([np.ones((1, 1, 2, 1)), np.ones(1)])
    assert between(*layers).same
    assert told(between(*layers, weights=True))[0][2] == ["the values of bias"]


def test_other_connections_are_a_change() -> None:
    one = load_model(model_file("keras/shared.keras"), values=False).summarize()
    rows = list(one.rows)
    connection = rows[4].connected_to[0]._replace(node=0)
    object.__setattr__(rows[4], "connected_to", (connection,))
    other = load_model(model_file("keras/shared.keras"), values=False).summarize()
    changed = [row for row in compare(one, other).rows if row.changes]
    assert [str(change) for row in changed for change in row.changes] == [
        "connected to tower[0][0] -> tower[1][0]"
    ]


def test_models_that_share_nothing_are_shown_one_after_the_other() -> None:
    difference = between([UpSampling2D()], [Conv2DTranspose(1, 2), ReLU()])
    assert [row.mark for row in difference.rows] == ["-", "+", "+"]


def test_the_difference_is_json() -> None:
    one, other = (make_generator("dcgan", channels=count).summarize() for count in (1, 3))
    content = json.loads(json.dumps(compare(one, other).to_dict()))
    assert content["same"] is False
    assert content["before"]["total_params"] == one.total_params
    last = content["layers"][-1]
    assert (last["mark"], last["before"]["params"], last["after"]["params"]) == ("~", 1600, 4800)
    assert {"what": "filters", "before": "1", "after": "3"} in last["changes"]


def test_totals_stand_beside_each_other() -> None:
    one, other = (Sequential([Dense(n, input_dim=2)]).summarize() for n in (1, 2))
    assert compare(one, other).totals()[0] == ("Total params", "3 (12.00 B)", "6 (24.00 B)")


def test_thousands_of_layers_of_few_classes_are_aligned_at_their_ends() -> None:
    one = [ReLU(name=f"a{number}") for number in range(1000)]
    # Each name is another one, and the classes are alike at the first and at the last layers.
    other: list[Layer] = [
        UpSampling2D(1, name=f"b{number}") if 400 <= number < 700 else ReLU(name=f"b{number}")
        for number in range(1100)
    ]
    rows = between(one, other).rows
    marks = "".join(row.mark for row in rows)
    assert marks == "=" * 400 + "-" * 200 + "+" * 300 + "=" * 400
    assert [row.label for row in rows[-2:]] == [
        "a998 (ReLU) -> b1098 (ReLU)",
        "a999 (ReLU) -> b1099 (ReLU)",
    ]
