"""Receptive fields: what changes in the output when one position of the root does."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from golden_files import model_file
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from upsamp import Sequential, load_model
from upsamp.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    GlobalAveragePooling2D,
    InputLayer,
    Layer,
    MaxPooling2D,
    Reshape,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.model import Model
from upsamp.models.summary.receptive_field import AxisField, FieldSize, Follower

Array = NDArray[Any]
COLUMNS = ("layer", "receptive_field")


def fields_of(model: Model, **options: Any) -> dict[str, str]:
    """Return the text of each layer's receptive field."""
    summary = model.summarize(COLUMNS, **options)
    return {row.name: cells[1] for row, cells in zip(summary.rows, summary.cells(), strict=True)}


def extents(model: Model, rows: int, columns: int) -> tuple[int, int]:
    """Measure the largest field: which positions of the input move each position of the output."""
    rng = np.random.default_rng(0)
    positive = [np.abs(one) + 0.1 for one in model.get_weights()]
    model_weights = iter(positive)
    for weight in model.weights:
        weight.value = next(model_weights)
    base: Array = rng.random((1, rows, columns, 1)) + 1
    before = model.predict(base)
    moved = np.zeros((*before.shape[1:3], rows, columns), bool)
    for row in range(rows):
        for column in range(columns):
            changed = base.copy()
            changed[0, row, column] += 100
            difference = model.predict(changed) != before
            moved[..., row, column] = difference[0].any(axis=-1)
    return largest(np.any(moved, axis=3)), largest(np.any(moved, axis=2))


def largest(moved: Array) -> int:
    """Return the most positions from the first to the last that move one output."""
    found = [0]
    for line in moved.reshape(-1, moved.shape[-1]):
        places = np.flatnonzero(line)
        if len(places):
            found.append(int(places[-1] - places[0]) + 1)
    return max(found)


def chain(*layers: Layer, rows: int = 9, columns: int = 8) -> Sequential:
    """Return a model of layers on a grey image."""
    return Sequential([InputLayer((rows, columns, 1)), *layers])


def skip() -> Functional:
    """Return a U of two ways that meet again."""
    layers = [
        InputLayer((9, 8, 1)),
        Conv2D(1, 3, padding="same"),
        Conv2D(1, 5, padding="same"),
        Add(),
    ]
    calls = [
        Call(layers[0]),
        Call(layers[1], (Source(0),)),
        Call(layers[2], (Source(1),)),
        Call(layers[3], (Source(2), Source(0))),
    ]
    return Functional.from_calls(calls, [0], [Source(3)])


MODELS: dict[str, Callable[[], Model]] = {
    "convolutions": lambda: chain(Conv2D(2, 3), Conv2D(1, (1, 3), padding="same")),
    "strides": lambda: chain(Conv2D(1, 3, strides=2, padding="same"), Conv2D(1, 2)),
    "dilation": lambda: chain(Conv2D(1, 3, dilation_rate=(2, 1), padding="same")),
    "transposed": lambda: chain(
        Conv2DTranspose(1, 4, strides=2, padding="same"), Conv2D(1, 3, padding="same")
    ),
    "holes": lambda: chain(Conv2DTranspose(1, 2, strides=3), Conv2D(1, 4)),
    "upsampling": lambda: chain(UpSampling2D(interpolation="bilinear"), Conv2D(1, 3)),
    "margins": lambda: chain(ZeroPadding2D(3), Conv2D(1, 3), Cropping2D(((1, 2), (0, 3)))),
    "pooling": lambda: chain(
        Conv2D(1, 2, padding="same"), MaxPooling2D(2), BatchNormalization(), UpSampling2D()
    ),
    "nested": lambda: chain(chain(Conv2D(1, 3, padding="same")), Conv2D(1, (2, 3))),
    "skip": skip,
}


@pytest.mark.parametrize("name", [name for name in MODELS if name != "pooling"])
def test_the_field_is_what_moves_an_output(name: str) -> None:
    model = MODELS[name]()
    rows, columns = extents(model, 9, 8)
    last = model.summarize(COLUMNS).rows[-1].measure.receptive_field
    assert last is not None
    assert last.size == (rows, columns)


def test_a_maximum_depends_on_all_of_its_window() -> None:
    # What is not the largest moves nothing, so the definition is counted by hand.
    assert fields_of(MODELS["pooling"]())["up_sampling2d"] == "3x3"


def test_the_field_of_a_dcgan_begins_at_its_first_image() -> None:
    model = load_model(model_file("keras/dcgan.keras"), values=False)
    found = fields_of(model)
    assert [found["dense"], found["reshape"]] == ["-", "1x1"]
    assert found["conv2d_transpose_2"] == "all"


def test_two_branches_of_one_size_are_followed_together() -> None:
    model = load_model(model_file("keras/conditional_gan.keras"), values=False)
    assert fields_of(model)["concatenate"] == "1x1"
    assert fields_of(model)["conv2d_transpose"] == "2x2"


def test_an_image_of_unknown_size_is_followed_as_one_that_is_large() -> None:
    model = load_model(model_file("keras/srgan.keras"), values=False)
    unknown = fields_of(model)
    known = fields_of(model, input_shapes=[(None, 64, 64, 3)])
    assert unknown == known
    assert unknown["conv2d"] == "9x9"
    assert fields_of(model, input_shapes=[(None, 5, 5, 3)])["conv2d_2"] == "all"


def test_layers_within_models_are_followed_from_the_outermost_root() -> None:
    found = fields_of(
        load_model(model_file("keras/nested.keras"), values=False), expand_nested=True
    )
    assert found["core"] == found["add"]
    assert [found["core"], found["conv2d"], found["conv2d_1"]] == ["2x2", "3x3", "3x3"]


def test_what_is_no_image_has_no_field() -> None:
    model = chain(Conv2D(1, 3), GlobalAveragePooling2D(), Dense(4), Reshape((2, 2, 1)))
    found = fields_of(model)
    assert found["global_average_pooling2d"] == found["dense"] == "-"
    assert found["reshape"] == "1x1"


def test_channels_may_come_first() -> None:
    first = Conv2D(2, 3, data_format="channels_first")
    model = Sequential([InputLayer((1, 9, 8)), first, Conv2D(1, 3, data_format="channels_first")])
    assert list(fields_of(model).values()) == ["3x3", "5x5"]


def test_sizes_beyond_measure_are_not_followed() -> None:
    model = Sequential([InputLayer((2**40, 4, 1)), UpSampling2D(2**20)])
    assert fields_of(model)["up_sampling2d"] == "-"


def test_what_depends_on_nothing_has_no_extent() -> None:
    field = AxisField(np.array([3]), np.array([-1]), 3)
    assert field.extent == 0
    assert Follower(1).root((None, 3)) is None


def listed(field: AxisField, begin: Array, end: Array) -> list[tuple[int, int]]:
    """Return the field of outputs that reach from `begin` to `end`, position by position."""
    stretches = [slice(first, last + 1) for first, last in zip(begin, end, strict=True)]
    return [
        (
            min(field.first[part].tolist(), default=field.length),
            max(field.last[part].tolist(), default=-1),
        )
        for part in stretches
    ]


@given(count=st.integers(1, 40), outputs=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_a_field_is_that_of_each_stretch_of_positions(count: int, outputs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    field = AxisField(rng.integers(0, 51, count), rng.integers(-1, 50, count), 50)
    begin, end = rng.integers(0, count, outputs), rng.integers(-1, count, outputs)
    actual = field.through((begin, end))
    assert list(zip(actual.first, actual.last, strict=True)) == listed(field, begin, end)


def test_what_is_too_large_to_be_followed_is_no_root_of_what_it_becomes() -> None:
    model = Sequential([InputLayer((2**15, 8, 1)), Conv2D(1, 3, strides=4), Conv2D(1, 2)])
    assert list(fields_of(model).values()) == ["-", "-"]


def test_a_model_that_is_called_again_and_again_is_followed_to_its_end() -> None:
    model: Model = chain(Conv2D(1, 3, padding="same"), rows=99, columns=97)
    for level in range(5):
        calls = [Call(InputLayer((99, 97, 1))), *(Call(model, (Source(one),)) for one in (0, 1))]
        model = Functional.from_calls(calls, [0], [Source(2)], name=f"level{level}")
    summary = model.summarize((*COLUMNS, "multiply_adds"), expand_nested=True)
    # 32 convolutions, each of which adds one on every side.
    field = summary.rows[-1].measure.receptive_field
    assert field == FieldSize((65, 65), whole=False)
    known = {row.measure.multiply_adds for row in summary.rows if row.type != "InputLayer"}
    assert known == {32 * 9 * 99 * 97}
