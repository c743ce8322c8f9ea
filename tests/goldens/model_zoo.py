"""Architectures that people train and save, small enough to store, for Keras 3 and for tf_keras.

    model_zoo.dcgan(keras, width=8, side=16)

Each function takes the module `keras` or `tf_keras`, and `width`, which multiplies its channels: 1
makes the models of models/, which make_models.py writes, and more makes those that the tests
against the real libraries run. The layers are those of the well-known tutorials: TensorFlow's DCGAN
and pix2pix, Keras' WGAN-GP, and the conditional and upsampling GANs of books and blogs. `fill`
gives a model its weights, from a seed, alike under every backend.

ZOO lists all of them; OF_KERAS_2 those that tf_keras can make too; UNKNOWN those with a layer that
can be listed and not run.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from goldens.gan_zoo import (
    BIASED,
    PLAIN,
    conditional_gan,
    conditional_gan_multiply,
    conditional_gan_one_hot,
    dcgan,
    every_layer,
    nested,
    pix2pix,
    shared,
    srgan,
    upsampling_generator,
    wgan_gp,
)
from numpy.typing import NDArray

POSITIVE = ("gamma", "moving_variance")


def weight(name: str, shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Draw one weight of few bits: a kernel so that the values of a deep model keep their size."""
    sixteenths = random.integers(-16, 17, shape) / 16
    if name.startswith(POSITIVE):
        sixteenths = 0.25 + (sixteenths + 1) * 0.75
    elif name.startswith(("alpha", "bias")):
        sixteenths = sixteenths / 4
    elif len(shape) > 1:
        inputs = np.prod(shape) / min(shape[-2:])
        sixteenths = sixteenths * 2.0 ** np.round(np.log2(2 / np.sqrt(inputs)))
    return sixteenths.astype(np.float32)


def fill(model: Any, seed: int = 0) -> Any:
    """Set every weight of a model, in the order of get_weights()."""
    random = np.random.default_rng(seed)
    values = []
    for variable in model.weights:
        name = variable.name.split("/")[-1]
        values.append(weight(name, tuple(int(n) for n in variable.shape), random))
    model.set_weights(values)
    return model


def small_generator(keras: Any, width: int = 1) -> Any:
    """The generator that the policies of fewer bits are tried on."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6 * width,)),
            layers.Dense(4 * 4 * 4 * width, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape((4, 4, 4 * width)),
            layers.Conv2DTranspose(3, 4, strides=2, activation="tanh", **BIASED),
        ],
        name="small_generator",
    )


def under_policy(policy: str) -> Callable[..., Any]:
    """Return the maker of small_generator under one dtype policy."""

    def make(keras: Any, width: int = 1) -> Any:
        keras.mixed_precision.set_global_policy(policy)
        try:
            return small_generator(keras, width)
        finally:
            keras.mixed_precision.set_global_policy("float32")

    return make


def attention(keras: Any, width: int = 1) -> Any:
    """A generator with MultiHeadAttention and LSTM inside, which upsamp does not run."""
    layers = keras.layers
    noise = keras.Input((4, 6 * width), name="noise")
    x = layers.LSTM(6 * width, return_sequences=True)(noise)
    x = layers.MultiHeadAttention(num_heads=2, key_dim=3)(x, x, attention_mask=None)
    x = layers.Reshape((4, 4, -1))(layers.Dense(16)(x))
    x = layers.Conv2DTranspose(2, 4, strides=2, activation="tanh", **BIASED)(x)
    return keras.Model(noise, x, name="attention")


def with_lambda(keras: Any, width: int = 1) -> Any:
    """A model with a Lambda, whose code is stored in the file."""
    # Code compiled from text names no file of the machine that made it.
    double = eval(compile("lambda x: x * 2.0", "<lambda>", "eval"))
    layers = keras.layers
    stack = [keras.Input((4, 4, 2 * width)), layers.UpSampling2D(), layers.Lambda(double)]
    return keras.Sequential([*stack, layers.Conv2D(1, 3)], name="with_lambda")


def with_custom_layer(keras: Any, width: int = 1) -> Any:
    """A model with a layer that its maker registered as "my>Noise"."""

    class Noise(keras.layers.Layer):  # type: ignore[misc]  # keras is known when this runs
        def __init__(self, strength: float = 0.5, **more: Any) -> None:
            super().__init__(**more)
            self.strength = strength

        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(input_shape[-1],), name="scale")
            self.built = True

        def call(self, inputs: Any) -> Any:
            return inputs * (1 + self.strength * self.scale)

        def get_config(self) -> dict[str, Any]:
            config: dict[str, Any] = super().get_config()
            return config | {"strength": self.strength}

    registered = keras.saving.register_keras_serializable(package="my")(Noise)
    layers = keras.layers
    image = keras.Input((4, 4, 2 * width))
    x = registered(0.25)(layers.UpSampling2D()(image))
    return keras.Model(image, layers.Conv2D(1, 3, name="to_image")(x), name="with_custom_layer")


def operators(keras: Any, width: int = 1) -> Any:
    """Arithmetic on Keras' tensors, by Python's operators: stored as operations, not layers."""
    layers = keras.layers
    image = keras.Input((4, 4, 2 * width), name="image")
    x = layers.Conv2D(3 * width, 3, **BIASED)(image)
    y = layers.Conv2D(3 * width, 1)(image)
    x = (x + y * 2.0) - 0.5
    x = x / 4.0 - (1.0 - y) * x
    return keras.Model(image, layers.UpSampling2D()(-x), name="operators")


def operations(keras: Any, width: int = 1) -> Any:
    """Functions of keras.ops called on Keras' tensors."""
    layers = keras.layers
    ops = keras.ops
    image = keras.Input((4, 4, 2 * width), name="image")
    x = ops.leaky_relu(layers.Conv2D(3, 3, **BIASED)(image), negative_slope=0.1)
    x = ops.concatenate([x, ops.relu(image), ops.nn.sigmoid(x)], axis=-1)
    x = ops.reshape(ops.image.resize(x, (8, 8), interpolation="bilinear"), (-1, 8, 4, 16))
    x = ops.transpose(x, (0, 2, 1, 3))
    x = ops.clip(layers.Dense(3)(x), -1.5, 1.5)
    return keras.Model(image, ops.tanh(ops.multiply(x, 0.5)), name="operations")


def frozen(keras: Any, width: int = 1) -> Any:
    """A layer, a nested model and a batch normalisation that were not to be trained."""
    layers = keras.layers
    body = keras.Sequential(
        [
            keras.Input((4, 4, 3 * width)),
            layers.Conv2DTranspose(3 * width, 4, strides=2, **PLAIN),
            layers.BatchNormalization(trainable=False),
        ],
        name="body",
    )
    head = keras.Sequential([keras.Input((8, 8, 3 * width)), layers.Conv2D(2, 3)], name="head")
    stem = layers.Conv2D(3 * width, 3, padding="same", name="stem")
    image = keras.Input((4, 4, 2), name="image")
    x = layers.PReLU(shared_axes=[1, 2])(stem(image))
    model = keras.Model(image, layers.Conv2D(1, 1, name="last")(head(body(x))), name="frozen")
    stem.trainable = False
    head.trainable = False
    return model


def compiled(keras: Any, width: int = 1) -> Any:
    """A trained model, with its loss, its metrics and the state of Adam."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5 * width,)),
            layers.Dense(32, activation="relu"),
            layers.BatchNormalization(),
            layers.Reshape((4, 4, 2)),
            layers.Dropout(0.3),
            layers.Conv2DTranspose(1, 3, strides=2, activation="sigmoid", **BIASED),
        ],
        name="compiled",
    )
    adam = keras.optimizers.Adam(2e-4, beta_1=0.5)
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["mae"])
    x, y = np.zeros((4, 5 * width), "float32"), np.ones((4, 8, 8, 1), "float32")
    model.fit(x, y, epochs=1, batch_size=4, verbose=0)
    return model


GANS = {
    "dcgan": dcgan,
    "upsampling_generator": upsampling_generator,
    "conditional_gan": conditional_gan,
    "conditional_gan_multiply": conditional_gan_multiply,
    "conditional_gan_one_hot": conditional_gan_one_hot,
    "pix2pix": pix2pix,
    "wgan_gp": wgan_gp,
    "srgan": srgan,
    "nested": nested,
    "shared": shared,
    "every_layer": every_layer,
}
UNKNOWN = {
    "attention": attention,
    "with_lambda": with_lambda,
    "with_custom_layer": with_custom_layer,
}
POLICIES = ("mixed_float16", "mixed_bfloat16", "bfloat16", "float16")
OF_KERAS_2 = (
    GANS
    | UNKNOWN
    | {"operators": operators, "frozen": frozen, "compiled": compiled}
    | {"mixed_float16": under_policy("mixed_float16")}
)
ZOO = OF_KERAS_2 | {"operations": operations} | {name: under_policy(name) for name in POLICIES}
