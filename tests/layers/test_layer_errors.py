"""Bad arguments of layers: each refusal by its text."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from effort import in_one_test
from layers.layer_cases import Case, one_case_a_layer

from upsamp.errors import ArgumentError, DtypeError, ShapeError, UpsampError
from upsamp.layers import (
    Activation,
    AlphaDropout,
    BatchNormalization,
    CenterCrop,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GroupNormalization,
    InputLayer,
    InstanceNormalization,
    Layer,
    LayerNormalization,
    LeakyReLU,
    MaxPooling2D,
    Normalization,
    Permute,
    PixelShuffle,
    PReLU,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Resizing,
    SeparableConv2D,
    Softmax,
    SpatialDropout2D,
    SpectralNormalization,
    ThresholdedReLU,
    TimeDistributed,
    UnknownLayer,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.layers.convolution_layer import ConvolutionLayer


@in_one_test(
    ("make", "rule"),
    [
        (lambda: Dense(0), r"`units` must be an integer of at least 1\. Received: units=0"),
        (
            lambda: Dense(cast("int", 2.5)),
            r"`units` must be an integer of at least 1\. Received: units=2\.5",
        ),
        (lambda: Dense(True), r"`units` must be .*Received: units=True"),
        (lambda: Dense(1, activation="step"), r"`activation` must be one of .*'step'"),
        (
            lambda: Activation(cast("str", ["relu"])),
            r"`activation` must be one of 'linear', 'relu'.*'relu'",
        ),
        (lambda: Conv2D(0, 1), r"`filters` must be an integer of at least 1"),
        (lambda: Conv2D(1, 0), r"`kernel_size` must be one positive integer, or two.*=0"),
        (lambda: Conv2D(1, 1, (0, 2)), r"`strides` must be one positive .*strides=\(0, 2\)"),
        (lambda: Conv2D(1, 1, padding="full"), r"`padding` must be one of 'valid', 'same'.*'full'"),
        (lambda: Conv2D(1, 1, data_format="NCHW"), r"`data_format` must be one of .*'NCHW'"),
        (lambda: Conv2D(1, 1, dilation_rate=-1), r"`dilation_rate` must be one positive"),
        (lambda: Conv2D(3, 1, groups=0), r"`groups` must be an integer of at least 1"),
        (
            lambda: Conv2D(3, 1, groups=2),
            r"`groups` must divide the filters\. Received: groups=2, filters=3",
        ),
        (
            lambda: Conv2DTranspose(1, 3, strides=2, output_padding=2),
            r"`output_padding` must be smaller than `strides` .*output_padding=2, strides=\(2, 2\)",
        ),
        (
            lambda: Conv2D(1, 1, padding=-1),
            r"`padding` must be 'valid', 'same', an integer of at least 0, .*padding=-1",
        ),
        (lambda: Cropping2D(-1), r"`cropping` must be an integer of at least 0, .*cropping=-1"),
        (
            lambda: ZeroPadding2D((1, 2, 3)),
            r"`padding` must be an integer of at least 0, .*padding=\(1, 2, 3\)",
        ),
        (lambda: PixelShuffle(0), r"`upscale_factor` must be an integer of at least 1"),
        (
            lambda: PixelShuffle(2, "rdc"),
            r"`order` must be one of 'dcr', 'crd'\. Received: .*'rdc'",
        ),
        (lambda: Resizing(0, 1), r"`height` must be an integer of at least 1"),
        (lambda: Resizing(1, 0), r"`width` must be an integer of at least 1"),
        (lambda: Resizing(1, 1, "cubic"), r"`interpolation` must be one of .*'cubic'"),
        (
            lambda: Resizing(1, 1, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            r"`crop_to_aspect_ratio` and `pad_to_aspect_ratio` must not both be True",
        ),
        (lambda: Resizing(1, 1, antialias=cast("bool", "x")), r"`antialias` must be True or False"),
        (lambda: Resizing(1, 1, fill_mode="nearest"), r"`fill_mode` must be one of 'constant'"),
        (lambda: CenterCrop(0, 1), r"`height` must be an integer of at least 1"),
        (lambda: InstanceNormalization(groups=2), r"`groups` must be None or -1\. Received: gro"),
        (
            lambda: InstanceNormalization.from_config({"epsilon": 1e-5}),
            r"`config` must have axis and epsilon, as keras-contrib and TensorFlow Addons write",
        ),
        (lambda: Normalization(mean=1.0), r"`mean` and `variance` must be given together"),
        (
            lambda: Normalization(mean=cast("float", "a"), variance=1.0),
            r"`mean` must be a number or a list of n",
        ),
        (lambda: TimeDistributed(cast("Dense", 3)), r"`layer` must be a layer\. Received: layer=3"),
        (
            lambda: TimeDistributed(UnknownLayer("Mine", None, {}, "")),
            r"TimeDistributed must wrap a layer that upsamp has\. Received: 'Mine'",
        ),
        (
            lambda: Dense(1, quantization_config={"class_name": "Other", "config": {}}),
            r"`quantization_config` must be an Int8QuantizationConfig with an AbsMaxQuantizer or",
        ),
        (lambda: Conv2D(1, 1, dtype="int8_from_float32"), r"`dtype` of Conv2D must be a float ty"),
        (lambda: Dense(1, lora_alpha="x"), r"`lora_alpha` must be"),
        (lambda: UpSampling2D(0), r"`size` must be one positive integer.*size=0"),
        (lambda: UpSampling2D(interpolation="cubic"), r"`interpolation` must be one of .*'cubic'"),
        (lambda: Flatten("NCHW"), r"`data_format` must be one of .*'NCHW'"),
        (lambda: Reshape((-1, 2, -1)), r"`target_shape` must have -1 for one axis at the most\. R"),
        (lambda: Reshape((2, 0)), r"`target_shape` must be an integer of at least 1.*=0"),
        (lambda: Reshape((2, -2)), r"`target_shape` must be an integer of at least 1.*=-2"),
        (
            lambda: BatchNormalization(epsilon=0),
            r"`epsilon` must be positive\. Received: epsilon=0",
        ),
        (lambda: LeakyReLU(-0.1), r"`negative_slope` must not be negative.*negative_slope=-0\.1"),
        (lambda: LeakyReLU(alpha=-1), r"`negative_slope` must not be negative"),
        (lambda: ReLU(max_value=-1), r"`max_value` must not be negative\. Received: max_value=-1"),
        (lambda: ReLU(negative_slope=-1), r"`negative_slope` must not be negative.*=-1"),
        (lambda: ReLU(threshold=-1), r"`threshold` must not be negative\. Received: threshold=-1"),
        (lambda: Dropout(1.5), r"`rate` must be from 0 to 1\. Received: rate=1\.5"),
        *(
            (make, r"`rate` must be from 0 to 1\. Received: rate=2")
            for make in (
                lambda: AlphaDropout(2),
                lambda: GaussianDropout(2),
                lambda: SpatialDropout2D(2),
            )
        ),
        (lambda: GaussianNoise(-1), r"`stddev` must be from 0 to 1\. Received: stddev=-1"),
        (lambda: DepthwiseConv2D(0), r"`kernel_size` must be one positive integer, or two.*=0"),
        (
            lambda: DepthwiseConv2D(1, depth_multiplier=0),
            r"`depth_multiplier` must be an integer of at least 1",
        ),
        (lambda: SeparableConv2D(0, 1), r"`filters` must be an integer of at least 1"),
        (lambda: LayerNormalization(epsilon=0), r"`epsilon` must be positive\. Rec.*epsilon=0"),
        (
            lambda: LayerNormalization(cast("int", "a")),
            r"`axis` must be an integer\. Received: axis='a'",
        ),
        (
            lambda: LayerNormalization(rms_scaling=True),
            r"`rms_scaling` of LayerNormalization must be False or None, as .*rms_scaling=True",
        ),
        (
            lambda: BatchNormalization(renorm=True),
            r"`renorm` of BatchNormalization must be None or False, as .*renorm=True",
        ),
        (
            lambda: Conv2DTranspose(1, 1, lora_rank=4),
            r"`lora_rank` of Conv2DTranspose must be None, as .*Received: lora_rank=4",
        ),
        (lambda: GroupNormalization(0), r"`groups` must be an integer of at least 1"),
        (
            lambda: SpectralNormalization(cast("Layer", "dense")),
            r"`layer` must be a layer\. Received: layer='dense'",
        ),
        (
            lambda: SpectralNormalization.from_config(
                {"layer": {"class_name": "Lambda", "config": {}}}
            ),
            r"SpectralNormalization must wrap a layer that upsamp has\. Received: 'Lambda'",
        ),
        (lambda: PReLU(shared_axes=(0,)), r"`shared_axes` must be an integer of at least 1"),
        (lambda: ThresholdedReLU(-1), r"`theta` must not be negative\. Received: theta=-1"),
        (lambda: Softmax(cast("int", "a")), r"`axis` must be an integer\. Received: axis='a'"),
        (lambda: MaxPooling2D(0), r"`pool_size` must be one positive integer"),
        (lambda: MaxPooling2D(strides=0), r"`strides` must be one positive integer"),
        (lambda: MaxPooling2D(padding="full"), r"`padding` must be one of 'valid', 'same'"),
        (lambda: Embedding(0, 1), r"`input_dim` must be an integer of at least 1"),
        (lambda: Embedding(1, 0), r"`output_dim` must be an integer of at least 1"),
        (
            lambda: Rescaling(cast("float", "a")),
            r"`scale` must be a number or a list of numbers\. .*'a'",
        ),
        (
            lambda: Rescaling(1, cast("Any", [[1], [2, 3]])),
            r"`offset` must be a number or a list of numbers",
        ),
        (
            lambda: Rescaling(1, cast("Any", None)),
            r"`offset` must be a number or a list of numbers\. .*None",
        ),
        (lambda: Permute((1, 3)), r"`dims` must be the axes from 1 on, each once\. .*\(1, 3\)"),
        (lambda: Permute(cast("tuple[int]", 1)), r"`dims` must be the axes from 1 on"),
        (lambda: RepeatVector(0), r"`n` must be an integer of at least 1"),
        (lambda: Concatenate(cast("int", "a")), r"`axis` must be an integer\. Received: axis='a'"),
        (lambda: Dropout(-0.5), r"`rate` must be from 0 to 1\. Received: rate=-0\.5"),
        (InputLayer, r"InputLayer must be given `shape` .*Received: neither"),
        (lambda: InputLayer((3, 0)), r"must be an integer of at least 1\. Received: .*=0"),
        (lambda: Dense(1, input_dim=0), r"`input_dim` must be an integer of at least 1"),
        (lambda: Dense(1, input_shape=(2.5,)), r"`input_shape` must be an integer .*=2\.5"),
        (
            lambda: Dense(1, input_shape=5),
            r"`input_shape` must be a tuple of positive integers .*5",
        ),
        (lambda: Dense(1, input_shape="5"), r"`input_shape` must be a tuple of positive .*'5'"),
        (lambda: Dense(1, batch_input_shape=5), r"`batch_input_shape` must be a tuple of positive"),
        (lambda: Dense(1, dtype="int8"), r"`dtype` must be a float type.*Received: dtype='int8'"),
        (lambda: Dense(1, dtype="word"), r"`dtype` must be a float type.*Received: dtype='word'"),
        (lambda: Dense(1, dtype="f4,("), r"`dtype` must be a float type.*Received: dtype='f4,\('"),
    ],
)
def test_a_bad_argument_is_refused_by_name(make: Callable[[], Layer], rule: str) -> None:
    with pytest.raises(ArgumentError, match=rule):
        make()


@in_one_test("name", [5, ["a"], "", "a\nb", "a" * 1001])
def test_a_name_that_cannot_be_shown_on_a_line_is_refused(name: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`name` must be .*Received: name="):
        Dense(1, name=name)


def test_an_unknown_initializer_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ArgumentError,
        match=r"`kernel_initializer` must be one of 'glorot_uniform', .*'orthogonal_ish'",
    ):
        Dense(1, kernel_initializer="orthogonal_ish")


@pytest.mark.parametrize("axis", ["x", 1.5, None])
def test_an_axis_that_is_no_integer_is_refused(axis: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`axis` must be an integer.*Received: axis="):
        BatchNormalization(axis=axis)


@in_one_test(
    "weights",
    [
        [],
        [np.ones((2, 3))],
        [np.ones((3, 2)), np.ones(3)],
        [np.ones((2, 3)), np.ones(3), 1],
        [1, 2],
    ],
)
def test_weights_of_other_shapes_are_refused_and_nothing_is_set(weights: list[Any]) -> None:
    layer = Dense(3, name="here")
    layer.build((None, 2))
    before = layer.get_weights()
    with pytest.raises(
        ShapeError,
        match=r"The weights of 'here' must be arrays of the shapes \[\(2, 3\), \(3,\)\]\. "
        r"Received: arrays of the shapes \[",
    ):
        layer.set_weights(weights)
    for values, expected in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("kernel", [[[1, 2, 3], [4]], [["a"] * 3] * 2, np.ones((2, 3)) * 1j])
def test_weights_that_are_no_arrays_of_numbers_are_refused(kernel: Any) -> None:
    layer = Dense(3)
    layer.build((None, 2))
    with pytest.raises(UpsampError, match=r"must "):
        layer.set_weights([kernel, [0, 0, 0]])


@one_case_a_layer
def test_inputs_that_are_no_numbers_or_none_at_all_are_refused(case: Case) -> None:
    layer = case.make()
    with pytest.raises(DtypeError, match=r"`inputs` must hold real numbers"):
        layer(np.full((2, *case.sample), "a"))
    with pytest.raises(ShapeError, match=r"`inputs` must not be empty"):
        layer(np.ones((0, *case.sample)))


def test_a_layer_without_its_computation_says_what_it_lacks() -> None:
    with pytest.raises(NotImplementedError, match=r"Layer must define `call`\."):
        Layer()([[1.0]])
    with pytest.raises(NotImplementedError, match=r"ConvolutionLayer must define `kernel_shape`\."):
        ConvolutionLayer(1, 1).kernel_shape(3)
