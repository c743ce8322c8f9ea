"""What layers compute, besides the goldens: types, layouts, order, and odd values."""

from typing import TYPE_CHECKING

import numpy as np
import oracle
import pytest
from effort import in_one_test
from layers.layer_cases import FIRST, Case, every_case, one_case_a_layer

from upsamp.errors import ArgumentError, MemoryLimitError
from upsamp.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Embedding,
    Flatten,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    PixelShuffle,
    ReLU,
    Resizing,
    SeparableConv2D,
    SpectralNormalization,
    UpSampling2D,
    ZeroPadding2D,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@every_case
@in_one_test("dtype", ["float64", "float16", "int64", "uint8", "bool"])
def test_outputs_are_float32_whatever_the_input_is(case: Case, dtype: str) -> None:
    x = np.abs(case.batch(dtype="int8")).astype(dtype)
    layer = case.make()
    result = layer(x)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, layer(x.astype(np.float32)))


@one_case_a_layer
def test_outputs_have_the_dtype_that_the_layer_was_given(case: Case) -> None:
    if case.layer is SpectralNormalization:  # its weights are of the layer that it wraps
        return
    layer = case.make(dtype="float64")
    assert layer(case.batch()).dtype == np.float64
    assert all(values.dtype == np.float64 for values in layer.get_weights())


@every_case
@in_one_test("scale", [1e-4, 1.0, 300.0, 3000.0])
def test_float16_is_as_exact_as_float16_can_be(case: Case, scale: float) -> None:
    if case.layer in (SpectralNormalization, Embedding):  # a layer in it; and integers
        return
    x = (scale * case.batch()).astype(np.float16)
    weights = [values.astype(np.float16) for values in case.values()]
    results = []
    for dtype in ("float16", "float64"):
        layer = case.make(dtype=dtype)
        layer(x)
        layer.set_weights(weights)
        results.append(layer(x))
    with np.errstate(over="ignore"):
        expected = results[1].astype(np.float16)
    assert results[0].dtype == np.float16
    spread = np.abs(expected[np.isfinite(expected)]).max(initial=0)
    np.testing.assert_allclose(
        results[0].astype(np.float64), expected, rtol=1e-3, atol=1e-5 * spread + 6e-8
    )


@every_case
def test_the_input_is_never_changed(case: Case) -> None:
    x = case.batch()
    before = x.copy()
    x.flags.writeable = False
    layer = case.make()
    layer(x)
    layer.set_weights(case.values())
    layer(x)
    np.testing.assert_array_equal(x, before)


@every_case
def test_nested_lists_are_taken_as_arrays(case: Case) -> None:
    layer = case.make()
    np.testing.assert_array_equal(layer(case.batch().tolist()), layer(case.batch()))


def test_channels_first_gives_the_same_values_in_another_order() -> None:
    makers: list[Callable[..., Layer]] = [
        lambda **format_: UpSampling2D((2, 3), interpolation="bicubic", **format_),
        lambda **format_: Conv2D(4, (3, 2), (2, 1), "same", groups=2, **format_),
        lambda **format_: Conv2DTranspose(4, (3, 2), (2, 1), "same", groups=2, **format_),
        lambda **format_: Conv2D(4, 2, padding=((1, 0), (0, 2)), **format_),
        lambda **format_: DepthwiseConv2D((3, 2), 2, "same", 2, **format_),
        lambda **format_: SeparableConv2D(4, (3, 2), depth_multiplier=2, **format_),
        lambda **format_: MaxPooling2D((2, 3), (1, 2), "same", **format_),
        lambda **format_: AveragePooling2D((2, 3), (1, 2), "same", **format_),
        lambda **format_: Cropping2D(((1, 0), (0, 2)), **format_),
        lambda **format_: ZeroPadding2D(((1, 0), (0, 2)), **format_),
        lambda **format_: Resizing(7, 8, "lanczos3", **format_),
    ]
    x = np.random.default_rng(1).integers(-4, 5, (2, 4, 5, 6)).astype(np.float32)
    for make in makers:
        last, first = make(data_format="channels_last"), make(**FIRST)
        expected = last(x)
        first.build((None, 6, 4, 5))
        first.set_weights(last.get_weights())
        actual = np.moveaxis(first(np.moveaxis(x, 3, 1)), 1, 3)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-4)


# Of the image [[1, 2], [3, 4]], as Keras 3 computes it; PixelShuffle as PyTorch and TensorFlow do.
@in_one_test(
    ("layer", "expected"),
    [
        (ZeroPadding2D(((1, 0), (0, 2))), [[0, 0, 0, 0], [1, 2, 0, 0], [3, 4, 0, 0]]),
        (Cropping2D(((1, 0), (0, 1))), [[3]]),
        (
            Resizing(3, 5),
            [[1, 1.1, 1.5, 1.9, 2], [2, 2.1, 2.5, 2.9, 3], [3, 3.1, 3.5, 3.9, 4]],
        ),
        (Resizing(3, 4, "nearest"), [[1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]),
    ],
)
def test_images_are_padded_cropped_and_resized(layer: Layer, expected: list[list[float]]) -> None:
    result = layer(np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1))
    np.testing.assert_allclose(result[0, :, :, 0], expected, rtol=1e-6)


def test_pixel_shuffle_has_the_orders_of_pytorch_and_tensorflow() -> None:
    x = np.arange(8).reshape(1, 1, 1, 8)
    pytorch, tensorflow = PixelShuffle(2)(x), PixelShuffle(2, "dcr")(x)
    np.testing.assert_array_equal(pytorch[0, :, :, 0], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(pytorch[0, :, :, 1], [[4, 5], [6, 7]])
    np.testing.assert_array_equal(tensorflow[0, :, :, 0], [[0, 2], [4, 6]])
    np.testing.assert_array_equal(tensorflow[0, :, :, 1], [[1, 3], [5, 7]])


def test_flatten_lays_out_channels_last_from_either_format() -> None:
    x = np.arange(24).reshape(1, 2, 3, 4)
    np.testing.assert_array_equal(Flatten()(x), np.arange(24.0)[np.newaxis])
    np.testing.assert_array_equal(Flatten(**FIRST)(np.moveaxis(x, 3, 1)), Flatten()(x))


def test_the_activation_is_applied_after_the_bias() -> None:
    for layer, shape in (
        (Dense(1, activation="relu"), (1, 1)),
        (Conv2D(1, 1, activation="relu"), (1, 1, 1, 1)),
        (Conv2DTranspose(1, 1, activation="relu"), (1, 1, 1, 1)),
    ):
        layer.build(shape)
        layer.set_weights([np.ones([1] * len(shape)), [-3]])
        assert layer(np.full(shape, 2)).item() == 0
        assert layer(np.full(shape, 5)).item() == 2


NAN, INF = np.nan, np.inf


# What Keras 3 gives for these inputs on JAX.
@in_one_test(
    ("layer", "expected"),
    [
        (Activation("linear"), [NAN, INF, -INF, -1, 1, 2]),
        (Activation("relu"), [NAN, INF, 0, 0, 1, 2]),
        (Activation("leaky_relu"), [NAN, INF, -INF, -0.2, 1, 2]),
        (Activation("elu"), [NAN, INF, -1, -0.63212055, 1, 2]),
        (Activation("sigmoid"), [NAN, 1, 0, 0.26894143, 0.7310586, 0.880797]),
        (Activation("tanh"), [NAN, 1, -1, -0.7615942, 0.7615942, 0.9640276]),
        (Activation("softplus"), [NAN, INF, 0, 0.3132617, 1.3132617, 2.126928]),
        (Activation("silu"), [NAN, INF, NAN, -0.26894143, 0.7310586, 1.761594]),
        (Activation("gelu"), [NAN, INF, NAN, -0.15865527, 0.8413447, 1.9544997]),
        (LeakyReLU(), [NAN, INF, -INF, -0.3, 1, 2]),
        (LeakyReLU(0.0), [NAN, INF, NAN, 0, 1, 2]),
        (ReLU(), [NAN, INF, 0, 0, 1, 2]),
        (ReLU(max_value=6), [NAN, 6, 0, 0, 1, 2]),
        (ReLU(negative_slope=0.25), [NAN, INF, -INF, -0.25, 1, 2]),
        (ReLU(negative_slope=0.5, threshold=1), [NAN, INF, -INF, -1, 0, 2]),
        (ReLU(2, 0.5, 0.75), [NAN, 2, -INF, -0.875, 1, 2]),
    ],
)
def test_nan_and_infinities_pass_as_in_keras_and_without_a_warning(
    layer: Layer, expected: list[float]
) -> None:
    x = np.array([[NAN, INF, -INF, -1, 1, 2]], np.float32)
    np.testing.assert_allclose(layer(x), [expected], rtol=1e-6)


def test_at_its_threshold_a_relu_is_zero_as_in_keras() -> None:
    np.testing.assert_array_equal(ReLU(threshold=1)([[0.5, 1, 1.5]]), [[0, 0, 1.5]])


def test_a_weight_that_would_not_fit_in_memory_is_refused_when_it_is_wanted() -> None:
    layer = Dense(10**9, name="giant")
    layer.build((None, 10**9))
    assert layer.count_params() == 10**18 + 10**9
    with pytest.raises(MemoryLimitError, match=r"The kernel of layer 'giant' would be 1,000,000,0"):
        layer.get_weights()


@in_one_test("multiplier", [1, 3])
@in_one_test(
    ("strides", "dilation", "padding"),
    [((1, 1), (1, 1), "valid"), ((2, 3), (1, 1), "same"), ((1, 1), (2, 1), "same")],
)
def test_a_depthwise_convolution_is_that_of_the_loops(
    multiplier: int, strides: tuple[int, int], dilation: tuple[int, int], padding: str
) -> None:
    layer = DepthwiseConv2D((3, 2), strides, padding, multiplier, dilation_rate=dilation)
    x = np.random.default_rng(1).integers(-4, 5, (1, 6, 5, 3)).astype(np.float32)
    actual = layer(x)[0]
    kernel, _ = layer.get_weights()
    expected = oracle.depthwise_conv2d(x[0], kernel, strides, padding, dilation)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)


def test_a_wrapped_layer_has_its_weights_whoever_asks_first() -> None:
    x = np.ones((1, 4))
    layers = [SpectralNormalization(Dense(3, bias_initializer="ones")) for _ in range(2)]
    for layer in layers:
        layer.seed = (7, 1)
        layer.build((None, 4))
    asked = layers[0].get_weights()
    output = layers[1](x)
    for values, expected in zip(layers[1].get_weights(), asked, strict=True):
        np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(layers[0](x), output)
    assert layers[0].weight_paths == ["layer/vars/0", "vars/1", "layer/vars/1"]
    assert [one.trainable for one in layers[0].weights] == [True, False, True]


def test_embeddings_can_be_wrapped_and_what_has_no_kernel_can_not() -> None:
    layer = SpectralNormalization(Embedding(2**25, 1, "zeros"))
    layer.build((None, 2))
    np.testing.assert_array_equal(layer.compute([np.array([[2**24 + 1, 0]])])[0], [[[0], [0]]])
    with pytest.raises(ArgumentError, match=r"'spectral_normalization' .* must wrap a layer with"):
        SpectralNormalization(BatchNormalization()).build((None, 2))


def test_each_weight_is_drawn_from_a_seed_of_its_own_in_any_order() -> None:
    def built() -> Layer:
        layer = SeparableConv2D(
            1, 1, depthwise_initializer="normal", pointwise_initializer="normal"
        )
        layer.seed = (7,)
        layer.build((None, 4, 4, 5))
        return layer

    depthwise, pointwise, _ = built().get_weights()
    assert depthwise.shape == pointwise.shape == (1, 1, 5, 1)
    assert not np.intersect1d(depthwise, pointwise).size
    later = built()
    np.testing.assert_array_equal(later.weight("pointwise_kernel"), pointwise)
    np.testing.assert_array_equal(later.weight("depthwise_kernel"), depthwise)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_not_mixed_with_a_layer(value: float) -> None:
    layer = Conv2D(2, 3)
    layer.build((None, 5, 5, 1))
    kernel, factors, offsets = np.ones((3, 3, 1, 2), np.float32), np.ones(2), np.zeros(2)
    layer.set_weights([kernel, offsets])
    assert layer.scaled_mixture(factors, offsets) is not None
    assert layer.scaled_mixture(factors, np.array([0, value])) is None
    kernel[1, 1, 0, 0] = value
    layer.set_weights([kernel, offsets])
    assert layer.scaled_mixture(factors, offsets) is None
