"""Ranges of values as the layers of a model tell them, and the layout of its images."""

from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from golden_files import model_file

from upsamp import Sequential
from upsamp.errors import ShapeError
from upsamp.layers import (
    Activation,
    Add,
    BatchNormalization,
    CenterCrop,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    Dropout,
    Flatten,
    InputLayer,
    Layer,
    LeakyReLU,
    Permute,
    PixelUnshuffle,
    ReLU,
    Rescaling,
    Reshape,
    Resizing,
    Softmax,
    SpectralNormalization,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.layers.operation import Operation
from upsamp.models.files.loading import load_model
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.sampling.image_layout import (
    as_images,
    channels_first,
    channels_last,
    image_shape,
    takes_channels_first,
)
from upsamp.models.sampling.value_ranges import image_ranges, output_range

PADDING = {"pad_width": [[0, 0], [1, 1], [0, 0], [0, 0]]}
SIGNED, UNIT, BYTES = (-1.0, 1.0), (0.0, 1.0), (0.0, 255.0)


def behind(*layers: Layer) -> Sequential:
    return Sequential([InputLayer((4, 4, 2)), *layers])


@in_one_test(
    ("last", "expected"),
    [
        ("tanh", SIGNED),
        ("sigmoid", UNIT),
        ("softmax", UNIT),
        ("relu6", (0.0, 6.0)),
        ("linear", None),
        ("relu", None),
        (None, None),
    ],
)
def test_the_last_activation_tells_the_range(
    last: str | None, expected: tuple[float, float] | None
) -> None:
    assert output_range(behind(Conv2D(1, 1, activation=last))) == expected
    assert output_range(behind(Conv2D(1, 1), Activation(last))) == expected
    wrapped = SpectralNormalization(Conv2D(1, 1, activation=last))
    assert output_range(behind(wrapped)) == expected


@in_one_test(
    ("layers", "expected"),
    [
        ((Reshape((8, 4, 1)), Permute((2, 1, 3)), Cropping2D(1), Dropout(0.5)), SIGNED),
        ((Activation("linear"), UpSampling2D(2), Flatten()), SIGNED),
        ((UpSampling2D(2, interpolation="bilinear"),), SIGNED),
        ((UpSampling2D(2, interpolation="gaussian"),), SIGNED),
        ((UpSampling2D(2, interpolation="bicubic"),), None),
        ((Rescaling(127.5, 127.5),), (0.0, 255.0)),
        ((Rescaling(-2.0, [1.0, 3.0]),), (-1.0, 5.0)),
        ((Rescaling(0.5, 0.5), ZeroPadding2D(1)), UNIT),
        ((Rescaling(1.0, 2.0), ZeroPadding2D(1)), (0.0, 3.0)),
        ((BatchNormalization(),), None),
        ((LeakyReLU(),), None),
        ((ReLU(),), None),
        ((ReLU(max_value=2.0),), (0.0, 2.0)),
        ((Softmax(),), UNIT),
        ((Operation("Add", (None, 1.0)), Operation("Multiply", (0.5, None))), UNIT),
        ((Operation("Subtract", (1.0, None)), Operation("TrueDivide", (None, 2.0))), UNIT),
        ((Operation("Divide", (1.0, None)),), None),
        ((BatchNormalization(), Operation("Tanh", (None,))), SIGNED),
        ((BatchNormalization(), Operation("Square", (None,))), None),
        ((Rescaling(0.0, 1.0),), None),
        ((PixelUnshuffle(2), CenterCrop(1, 1)), SIGNED),
        ((Resizing(2, 3, antialias=True), CenterCrop(6, 6)), SIGNED),
        ((Resizing(2, 3, "lanczos3", antialias=True),), None),
        ((Resizing(2, 4, pad_to_aspect_ratio=True, fill_value=2.0),), (-1.0, 2.0)),
        ((Operation("Mean", (None,), {"axis": 3, "keepdims": True}),), SIGNED),
        ((Operation("Tile", (None,), {"repeats": [1, 2, 1, 1]}),), SIGNED),
        ((Operation("Pad", (None,), PADDING | {"constant_values": 2}),), (-1.0, 2.0)),
        ((Operation("Sum", (None,), {"axis": 3, "keepdims": True}),), None),
        ((Operation("Multiply", (None, [0.5, -2.0])),), (-2.0, 2.0)),
    ],
)
def test_layers_behind_it_keep_the_range_or_change_it(
    layers: tuple[Layer, ...], expected: Any
) -> None:
    tanh = Conv2D(2, 1, activation="tanh")
    model = behind(tanh, *layers)
    assert output_range(model) == expected
    if expected is not None:
        given = 50 * np.random.default_rng(0).standard_normal((9, 4, 4, 2))
        values = model.predict(given)
        assert expected[0] - 1e-5 <= values.min() <= values.max() <= expected[1] + 1e-5


def test_nested_models_are_looked_into_and_through() -> None:
    inner = Sequential([Reshape((8, 2, 2))], name="inner")
    assert output_range(behind(Conv2D(2, 1, activation="tanh"), inner)) == SIGNED
    inner = Sequential([Conv2D(2, 1, activation="sigmoid")], name="inner")
    assert output_range(behind(inner, Cropping2D(1))) == UNIT
    assert output_range(behind(Sequential([Reshape((8, 2, 2))], name="inner"))) is None


def test_joined_arrays_have_the_range_of_all() -> None:
    calls = [
        Call(InputLayer((4, 4, 2))),
        Call(Conv2D(1, 1, activation="tanh"), (Source(0),)),
        Call(Conv2D(1, 1, activation="relu6", name="other"), (Source(0),)),
        Call(Concatenate(), (Source(1), Source(2))),
    ]
    assert output_range(Functional.from_calls(calls, [0], [Source(3)])) == (-1.0, 6.0)
    calls[2] = Call(Conv2D(1, 1, name="unbounded"), (Source(0),))
    assert output_range(Functional.from_calls(calls, [0], [Source(3)])) is None


@in_one_test(
    ("layers", "expected"),
    [
        (("linear",), (UNIT, UNIT, False)),
        (("tanh",), (SIGNED, SIGNED, True)),
        (("sigmoid",), (UNIT, UNIT, True)),
        ((Rescaling(1 / 255), "linear"), (BYTES, UNIT, True)),
        ((Rescaling(1 / 255), "linear", Rescaling(255)), (BYTES, BYTES, True)),
        ((UpSampling2D(2), Rescaling(1 / 255), "linear", Rescaling(255.0)), (BYTES, BYTES, True)),
        ((Rescaling(1 / 127.5, -1.0), "linear"), (BYTES, SIGNED, True)),
        ((Rescaling(1 / 127.5, -1.0), "tanh", Rescaling(127.5, 127.5)), (BYTES, BYTES, True)),
        (("linear", Rescaling(255.0)), (UNIT, BYTES, True)),
        (("linear", Rescaling(127.5, 127.5)), (SIGNED, BYTES, True)),
        (("tanh", Rescaling(127.5, 127.5)), (SIGNED, BYTES, True)),
        ((Rescaling(2.0, -1.0), "tanh"), (UNIT, SIGNED, True)),
        ((Rescaling(0.5), "tanh"), (SIGNED, SIGNED, True)),
        (("linear", ReLU(max_value=255.0)), (BYTES, BYTES, True)),
        (
            (
                Operation("Subtract", (None, 127.5)),
                Operation("TrueDivide", (None, 127.5)),
                "linear",
                Operation("Multiply", (127.5, None)),
                Operation("Add", (None, 127.5)),
            ),
            (BYTES, BYTES, True),
        ),
        ((Operation("TrueDivide", (None, 255.0)), "relu"), (BYTES, UNIT, True)),
        ((Rescaling([1 / 255] * 2, [-0.4, -0.5]), "linear"), (BYTES, (-0.5, 0.6), True)),
        ((Rescaling(1 / 255, [-0.4, -0.5]), "linear", Rescaling(255, [102, 127.5])), None),
    ],
)
def test_images_go_in_and_come_out_as_the_layers_say(
    layers: tuple[Layer | str, ...], expected: Any
) -> None:
    made = [Conv2D(2, 1, activation=one) if isinstance(one, str) else one for one in layers]
    found = image_ranges(behind(*made), 0)
    assert found == approximately(expected or (BYTES, BYTES, True))


def approximately(expected: tuple[Any, Any, bool]) -> Any:
    return tuple(one if one is None else pytest.approx(one, abs=1e-6) for one in expected)


def test_images_go_through_nested_models_and_skip_connections() -> None:
    assert image_ranges(load_model(model_file("keras/srgan.keras")), 0)[0] == BYTES
    pix2pix = load_model(model_file("keras/pix2pix.keras"))
    assert image_ranges(pix2pix, 0) == (SIGNED, SIGNED, True)
    inner = Sequential([InputLayer((4, 4, 2)), Rescaling(1 / 255), Conv2D(2, 1)], name="inner")
    assert image_ranges(behind(inner), 0)[:2] == (BYTES, UNIT)
    calls = [
        Call(InputLayer((4, 4, 2))),
        Call(Conv2D(2, 1), (Source(0),)),
        Call(Operation("Multiply", (None, 0.1)), (Source(1),)),
        Call(Add(), (Source(2), Source(0))),
    ]
    assert image_ranges(Functional.from_calls(calls, [0], [Source(3)]), 0) == (UNIT, UNIT, False)


# --- channels first


def turned(*layers: Layer) -> Sequential:
    return Sequential([Dense(24, input_dim=3), Reshape((2, 3, 4)), *layers])


def test_the_last_layer_of_images_tells_the_layout() -> None:
    first: dict[str, Any] = {"data_format": "channels_first"}
    assert channels_first(turned(Conv2D(5, 1, **first))) is True
    assert channels_first(turned(Conv2D(5, 1, **first), Activation("tanh"), LeakyReLU())) is True
    assert channels_first(turned(Conv2D(5, 1, **first), Permute((2, 3, 1)))) is False
    assert channels_first(turned(Conv2D(5, 1, **first), UpSampling2D())) is False
    assert channels_first(turned(Conv2DTranspose(5, 1))) is False
    assert channels_first(turned()) is False
    inner = Sequential([Conv2D(5, 1, **first)], name="inner")
    assert channels_first(turned(inner, Dropout(0.1))) is True


def test_the_first_layer_of_images_tells_the_layout_of_the_input() -> None:
    assert takes_channels_first(behind(Conv2D(1, 1)), 0) is False
    assert takes_channels_first(behind(Activation("relu")), 0) is False
    first = behind(Activation("relu"), Conv2D(1, 1, data_format="channels_first"))
    assert takes_channels_first(first, 0) is True
    assert takes_channels_first(behind(first), 0) is True


def test_outputs_of_any_rank_are_seen_as_images() -> None:
    assert image_shape((5, 2, 3, 4)) == (5, 2, 3, 4)
    values = np.arange(6).reshape(1, 2, 3)
    np.testing.assert_array_equal(as_images(values)[0, :, :, 0], values[0])
    np.testing.assert_array_equal(as_images(values.reshape(1, 6))[0, 0, :, 0], np.arange(6))
    for length in (257, 289, 400, 3136):
        vector = np.arange(2.0 * length).reshape(2, length)
        folded = as_images(vector)
        assert abs(folded.shape[1] - folded.shape[2]) <= 1
        flat = folded.reshape(2, -1)
        np.testing.assert_array_equal(flat[:, :length], vector)
        assert np.isnan(flat[:, length:]).all()
    moved = channels_last(np.zeros((2, 3, 4, 5)), first=True)
    assert moved.shape == (2, 4, 5, 3)
    assert channels_last(values, first=True) is values
    for shape in ((3,), (1, 2, 3, 4, 5)):
        with pytest.raises(ShapeError, match=r"must be of rank 2, 3 or 4.*Use --samples-out"):
            image_shape(shape)
