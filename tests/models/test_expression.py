"""Layers and shapes spelled as in Keras code: what is read, and as what."""

from typing import Any

import pytest
from effort import in_one_test

from upsamp.errors import ExpressionError
from upsamp.layers import (
    LAYERS,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    InputLayer,
    Layer,
    LeakyReLU,
    Reshape,
    UpSampling2D,
)
from upsamp.models.expression import parse_layer, parse_layers, parse_shape


def config_of(text: str) -> dict[str, Any]:
    """Return what a spelled layer was made with."""
    layer = parse_layer(text)
    return {"class": type(layer), **layer.get_config()}


def same(layer: Layer) -> dict[str, Any]:
    """Return what a layer was made with."""
    return {"class": type(layer), **layer.get_config()}


NORMAL = {"class_name": "RandomNormal", "config": {"stddev": 0.02}}
LEAKY = {"class_name": "LeakyReLU", "config": {"negative_slope": 0.2}}
SPELLED: list[tuple[str, Layer]] = [
    # the examples of the tutorial and of the command
    ("Dense(128 * 5 * 5, input_dim=100)", Dense(3200, input_dim=100)),
    ("Reshape((5, 5, 128))", Reshape((5, 5, 128))),
    ("UpSampling2D()", UpSampling2D()),
    ("Conv2D(1, (3,3), padding='same')", Conv2D(1, (3, 3), padding="same")),
    (
        'Conv2DTranspose(1, (3,3), strides=2, padding="same")',
        Conv2DTranspose(1, 3, strides=2, padding="same"),
    ),
    ("UpSampling2D(size=(2, 3), interpolation='bilinear')", UpSampling2D((2, 3), None, "bilinear")),
    # paths and lines of a program
    ("keras.layers.Dense(3)", Dense(3)),
    ("tf.keras.layers.Dense(3)", Dense(3)),
    ("layers.Dense(units=3)", Dense(3)),
    ("model.add(Dense(3))", Dense(3)),
    ("model.add(keras.layers.Dense(3))", Dense(3)),
    ("  self.model.add( Dense( 3 ) )  ", Dense(3)),
    ("keras.Input(shape=(28, 28, 1))", InputLayer((28, 28, 1))),
    ("Input((100,), 5)", InputLayer((100,), 5)),
    ("InputLayer(shape=(None, None, 3))", InputLayer((None, None, 3))),
    # commas, comments and white space
    ("Dense(3),", Dense(3)),
    ("Dense(3,),", Dense(3)),
    ("Dense(3) ,", Dense(3)),
    ("Dense(3)  # the head", Dense(3)),
    ("Dense(3),  # the head", Dense(3)),
    ("model.add(Dense(3))  # the head, (of it)", Dense(3)),
    ("Dense(3, name='a # b'),  # 'c'", Dense(3, name="a # b")),
    ("Conv2D(1,\n    (3, 3),  # the kernel\n    padding='same')", Conv2D(1, 3, padding="same")),
    # values
    ("Dense(+3)", Dense(3)),
    ("Reshape((5, -1))", Reshape((5, -1))),
    ("Reshape([5, 2 * -1 + 1, ])", Reshape([5, -1])),
    ("Dense(2 ** 5 + 100 // 3 - 7 % 4)", Dense(62)),
    ("Dense(-(-3))", Dense(3)),
    ("Dense((1 + 2) * 4)", Dense(12)),
    ("Dense(0x10)", Dense(16)),
    ("Dense(1_000)", Dense(1000)),
    ("Dense(2**62 + (2**62 - 1))", Dense(2**63 - 1)),
    ("LeakyReLU(2e-1)", LeakyReLU(0.2)),
    ("LeakyReLU(negative_slope=.2)", LeakyReLU(0.2)),
    ("Dropout(0.5, seed=None)", Dropout(0.5)),
    ("Dense(3, use_bias=False, activation=None)", Dense(3, use_bias=False)),
    ("Dense(3, name='gr\\u00fc\\u00df')", Dense(3, name="gr\u00fc\u00df")),
    ("Dense(3, kernel_regularizer='l2')", Dense(3, kernel_regularizer="l2")),
    # initializers and activations with arguments
    ("Dense(3, kernel_initializer=RandomNormal(0.0, 0.02))", Dense(3, kernel_initializer=NORMAL)),
    (
        "Dense(3, kernel_initializer=keras.initializers.RandomNormal(stddev=2e-2, seed=None))",
        Dense(3, kernel_initializer=NORMAL),
    ),
    ("Dense(3, kernel_initializer=tf.initializers.GlorotUniform())", Dense(3)),
    ("Dense(3, kernel_initializer=GlorotUniform(seed=None))", Dense(3)),
    ("Dense(3, activation=LeakyReLU(0.2))", Dense(3, activation=LEAKY)),
    ("Dense(3, LeakyReLU(alpha=0.2))", Dense(3, activation=LEAKY)),
    ("Dense(3, tf.keras.layers.LeakyReLU(negative_slope=0.2))", Dense(3, activation=LEAKY)),
]


@in_one_test(("text", "layer"), SPELLED)
def test_a_layer_is_read_as_keras_code_means_it(text: str, layer: Layer) -> None:
    assert config_of(text) == same(layer)


@in_one_test("name", LAYERS)
def test_every_layer_can_be_spelled(name: str) -> None:
    arguments = {
        "InputLayer": "(3,)",
        "Dense": "3",
        "Reshape": "(3,)",
        "Conv2D": "1, 3",
        "Conv2DTranspose": "1, 3",
        "Activation": "'tanh'",
        "Dropout": "0.5",
        **dict.fromkeys(("PixelShuffle", "PixelUnshuffle"), "2"),
        **dict.fromkeys(("Resizing", "CenterCrop"), "4, 4"),
        "DepthwiseConv2D": "3",
        "SeparableConv2D": "1, 3",
        **dict.fromkeys(("SpectralNormalization", "TimeDistributed"), "Dense(3)"),
        "AveragePooling2D": "2",
        "Embedding": "10, 3",
        "Rescaling": "1",
        "Permute": "(2, 1)",
        "RepeatVector": "3",
        **dict.fromkeys(("SpatialDropout2D", "GaussianDropout", "AlphaDropout"), "0.5"),
        "GaussianNoise": "0.5",
    }
    assert type(parse_layer(f"{name}({arguments.get(name, '')})")) is LAYERS[name]


def test_lines_are_read_one_a_layer_past_blanks_and_comments() -> None:
    text = (
        "# a generator\n"
        "\n"
        "model.add(Dense(8, input_dim=4))  # grows\r\n"
        "    Reshape((2, 2, 2)),\n"
        "\t# UpSampling2D()\n"
        "UpSampling2D()"
    )
    layers = parse_layers(text)
    assert [type(layer).__name__ for layer in layers] == ["Dense", "Reshape", "UpSampling2D"]
    assert parse_layers("") == parse_layers("\n# nothing\n") == []


def test_a_line_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ExpressionError, match=r"^Line 3: A layer must be one that upsamp has\. Re"):
        parse_layers("Dense(3)\n\nDensity(3)\nDense(4)\n")


# --- shapes


@in_one_test(
    ("text", "shape"),
    [
        ("100", (100,)),
        ("28,28,1", (28, 28, 1)),
        ("(28, 28, 1)", (28, 28, 1)),
        ("[28, 28, 1]", (28, 28, 1)),
        ("28x28x1", (28, 28, 1)),
        (" 28 X 28 ", (28, 28)),
        ("(100,)", (100,)),
    ],
)
def test_shapes_are_read_in_every_spelling(text: str, shape: tuple[int, ...]) -> None:
    assert parse_shape(text) == shape


@in_one_test("text", ["", "x", "()", "0", "28,-1", "2.5", "a", "28,,1", "2**3", "9" * 5000])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(
        ExpressionError, match=r"A shape must be positive integers, as in 28,28,1 .*Received: '"
    ):
        parse_shape(text)
