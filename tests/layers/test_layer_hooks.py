"""What a class of layers is given, and what a summary asks: products, reach and overlap."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from effort import in_one_test
from layers.layer_cases import FIRST

from upsamp.errors import DtypeError
from upsamp.layers import (
    LAYERS,
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    GroupNormalization,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    Multiply,
    Permute,
    PixelShuffle,
    PReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Resizing,
    SeparableConv2D,
    Softmax,
    SpectralNormalization,
    UnitNormalization,
    UpSampling2D,
    ZeroPadding2D,
)

# --- layers of one's own


def test_a_layer_of_ones_own_is_given_what_fits() -> None:
    class Doubled(Layer):
        def output_shape_for(self, input_shape: Any) -> Any:
            return input_shape

        def call(self, x: Any) -> Any:
            return 2 * x

    expected = np.array([[2, 4]], np.float32)
    np.testing.assert_array_equal(Doubled().call([[1, 2]]), expected, strict=True)
    with pytest.raises(DtypeError, match=r"^Layer 'doubled' .*`inputs` must hold real numbers"):
        Doubled().call([["text"]])


# --- products


@in_one_test(
    ("layer", "sample", "expected"),
    [
        (Dense(10), (5,), 50),
        (Dense(10), (7, 3, 5), 1050),
        (Conv2D(6, 3), (7, 7, 8), 5 * 5 * 3 * 3 * 8 * 6),
        (Conv2D(6, (3, 1), 2, "same", groups=2), (7, 7, 8), 4 * 4 * 3 * 4 * 6),
        (Conv2D(6, 3, **FIRST), (8, 7, 5), 5 * 3 * 9 * 8 * 6),
        (Conv2DTranspose(6, 4, 2, "same"), (7, 7, 8), 37_632),
        (Conv2DTranspose(6, 4, 2, groups=2, **FIRST), (8, 7, 7), 37_632 // 2),
        (DepthwiseConv2D(3, depth_multiplier=2), (7, 7, 8), 5 * 5 * 9 * 16),
        (SeparableConv2D(6, 3, depth_multiplier=2), (7, 7, 8), 25 * (9 * 16 + 16 * 6)),
        (SpectralNormalization(Conv2D(6, 3)), (7, 7, 8), 5 * 5 * 3 * 3 * 8 * 6),
        (UpSampling2D(interpolation="bicubic"), (7, 7, 8), 0),
        (BatchNormalization(), (7, 7, 8), 0),
        (MaxPooling2D(), (7, 7, 8), 0),
        (Embedding(10, 8), (7,), 0),
    ],
)
def test_products_of_kernels_are_counted(
    layer: Layer, sample: tuple[int, ...], expected: int
) -> None:
    shape = (None, *sample)
    assert layer.multiply_adds(shape, layer.compute_output_shape(shape)) == expected


@in_one_test(
    "layer", [Conv2D(1, 3), Conv2DTranspose(1, 3), DepthwiseConv2D(3), SeparableConv2D(1, 3)]
)
def test_images_of_any_size_have_no_count(layer: Layer) -> None:
    for shape in ((None, None, 7, 8), (None, 7, 7, None)):
        assert layer.multiply_adds(shape, layer.compute_output_shape(shape)) is None
    assert Dense(3).multiply_adds((None, None, 3), (None, None, 3)) is None


# --- overlap


def test_the_overlap_is_that_of_the_worse_axis_and_of_transposed_convolutions_alone() -> None:
    assert Conv2DTranspose(1, (4, 3), strides=2).overlap() == "uneven"
    assert Conv2DTranspose(1, (4, 1), strides=2).overlap() == "holes"
    assert Conv2DTranspose(1, (3, 5)).overlap() == "even"
    assert SpectralNormalization(Conv2DTranspose(1, 3, strides=2)).overlap() == "uneven"
    assert Conv2D(1, 3, strides=2).overlap() is UpSampling2D().overlap() is None


# --- reach


MAKERS: list[Callable[[], Layer]] = [
    lambda: Conv2D(3, (3, 2), (2, 1), "same"),
    lambda: Conv2D(3, 2, dilation_rate=(2, 3)),
    lambda: Conv2D(3, 2, padding=((1, 2), (0, 3))),
    lambda: Conv2D(3, (3, 2), **FIRST),
    lambda: Conv2DTranspose(3, (3, 1), (2, 3), "same"),
    lambda: Conv2DTranspose(3, (5, 2), 2, output_padding=1),
    lambda: Conv2DTranspose(3, (2, 3), (1, 2), **FIRST),
    lambda: DepthwiseConv2D((3, 2), 2, "same"),
    lambda: SeparableConv2D(3, (3, 2), padding="same"),
    lambda: SpectralNormalization(Conv2D(3, (3, 2))),
    lambda: MaxPooling2D((3, 2), (2, 1), "same"),
    lambda: AveragePooling2D((2, 3)),
    lambda: UpSampling2D((2, 3)),
    lambda: UpSampling2D((2, 3), None, "bicubic"),
    lambda: UpSampling2D((2, 3), "channels_first", "lanczos3"),
    lambda: Resizing(9, 7),
    lambda: Resizing(9, 7, "nearest"),
    lambda: Cropping2D(((1, 0), (0, 2))),
    lambda: ZeroPadding2D(((1, 0), (0, 2))),
    lambda: PixelShuffle(2),
    BatchNormalization,
    LayerNormalization,
    lambda: LayerNormalization(axis=(1, 3)),
    lambda: GroupNormalization(2),
    lambda: UnitNormalization((1, 2)),
    Softmax,
    lambda: Softmax(2),
    lambda: Activation("tanh"),
    PReLU,
    lambda: Rescaling(2),
    lambda: Dropout(0.5),
    lambda: Dense(3),
]
SHAPE = (5, 6, 4)


@in_one_test("make", MAKERS)
@in_one_test("axis", [0, 1])
def test_the_reach_is_where_a_nan_in_one_input_turns_up(
    make: Callable[[], Layer], axis: int
) -> None:
    first_format = getattr(make(), "data_format", "") == "channels_first"
    place = axis + (2 if first_format else 1)
    x = np.ones((1, SHAPE[2], *SHAPE[:2]) if first_format else (1, *SHAPE), np.float32)
    layer = make()
    outputs = layer(x)
    reach = layer.reach(axis, SHAPE[axis])
    assert reach is not None
    table = []
    for position in range(SHAPE[axis]):
        spoilt = x.copy()
        np.moveaxis(spoilt, place, 0)[position] = np.nan
        others = tuple(one for one in range(4) if one != place)
        table.append(np.isnan(layer(spoilt)).any(axis=others))
    depends = np.array(table)
    positions = np.arange(SHAPE[axis])[:, np.newaxis]
    expected_first = np.where(depends, positions, 99).min(axis=0)
    expected_last = np.where(depends, positions, -99).max(axis=0)
    first, last = reach
    assert first.shape == last.shape == (outputs.shape[place],)
    some = depends.any(axis=0)
    np.testing.assert_array_equal(first <= last, some)
    np.testing.assert_array_equal(first[some], expected_first[some])
    np.testing.assert_array_equal(last[some], expected_last[some])


@in_one_test(
    "layer",
    [
        Flatten(),
        Reshape((3,)),
        Permute((2, 1)),
        RepeatVector(2),
        Embedding(3, 2),
        GlobalAveragePooling2D(),
    ],
)
def test_without_positions_there_is_no_reach(layer: Layer) -> None:
    assert layer.reach(0, 4) is layer.reach(1, 4) is None


def test_a_dense_layer_on_vectors_has_none() -> None:
    layer = Dense(3)
    layer.build((None, 4))
    assert layer.reach(0, 4) is None


def test_merging_keeps_positions_and_repeats_a_single_one() -> None:
    layer = Multiply()
    layer.connect([(None, 4, 5, 3), (None, 1, 1, 3)])
    assert [part.tolist() for part in layer.reach(1, 1) or ()] == [[0] * 5, [0] * 5]
    assert [part.tolist() for part in layer.reach(0, 4) or ()] == [[0, 1, 2, 3]] * 2
    assert Add().reach(0, 1) is not None
    vectors = Add()
    vectors.connect([(None, 3), (None, 3)])
    assert vectors.reach(0, 1) is not None


def test_joining_keeps_positions_but_on_its_own_axis() -> None:
    layer = Concatenate()
    assert layer.reach(0, 4) is not None
    assert Concatenate(1).reach(0, 4) is None
    assert Concatenate(-2).reach(1, 4) is None
    assert Concatenate(-2).reach(0, 4) is not None


def test_every_layer_has_answers_for_a_summary() -> None:
    names: set[Any] = {name for name, kind in LAYERS.items() if not callable(kind.reach)}
    assert names == set()
