"""Networks of real Keras, run tile by tile by upsamp, beside Keras on the whole picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from upsamp import Network

# Keras and JAX cause it themselves, where they make arrays of their own.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TOLERANCE = 1e-5  # of the range of the result


def fsrcnn(size: int | None = None) -> Any:
    """Return an FSRCNN of 2."""
    image = keras.Input((size, size, 1))
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(16, 5, padding="same")(image))
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(6, 3, padding="same")(x))
    return keras.Model(image, layers.Conv2DTranspose(1, 9, strides=2, padding="same")(x))


def edsr() -> Any:
    """Return an EDSR of 4, of bytes, which interpolates at its end."""
    image = keras.Input((None, None, 3))
    x = first = layers.Conv2D(8, 3, padding="same")(layers.Rescaling(1 / 255)(image))
    for _ in range(2):
        branch = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
        x = layers.Add()([x, layers.Conv2D(8, 3, padding="same")(branch)])
    x = layers.UpSampling2D(2, interpolation="bicubic")(layers.Add()([x, first]))
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.Conv2D(8, 3, padding="same")(x))
    return keras.Model(image, layers.Rescaling(255.0)(layers.Conv2D(3, 3, padding="same")(x)))


def unet() -> Any:
    """Return a U-Net that keeps the size, with strides, pooling and dilation."""
    image = keras.Input((None, None, 3))
    wide = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    small = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(wide)
    least = layers.Conv2D(8, 3, dilation_rate=2, padding="same")(layers.MaxPooling2D(2)(small))
    x = layers.Conv2DTranspose(8, 2, strides=2)(layers.BatchNormalization()(least))
    x = layers.UpSampling2D(2)(layers.Concatenate()([x, small]))
    x = layers.Conv2D(3, 1, activation="sigmoid")(layers.Concatenate()([x, wide]))
    return keras.Model(image, x)


@pytest.mark.parametrize("make", [fsrcnn, edsr, unet])
def test_tiles_give_what_keras_gives_of_the_whole(tmp_path: Path, make: Callable[[], Any]) -> None:
    keras.utils.set_random_seed(2)
    model = make()
    model.save(tmp_path / "net.keras")
    network = Network(tmp_path / "net.keras", tile=44)
    low, high = network.ranges[0]
    size = (84, 100)
    image = np.random.default_rng(0).uniform(low, high, (*size, network.channels))
    plan = network.plan(size)
    assert len(plan.rows) > 1 < len(plan.columns)
    made = np.concatenate([band for _, band in plan.bands(lambda rows: image[rows].astype("f4"))])
    expected = model.predict(image[np.newaxis], verbose=0)[0]
    np.testing.assert_allclose(made, expected, rtol=0, atol=TOLERANCE * np.ptp(expected))


def test_a_network_of_one_size_gives_what_keras_gives_of_one_of_any(tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    fixed, free = fsrcnn(32), fsrcnn()
    free.set_weights(fixed.get_weights())
    fixed.save(tmp_path / "net.keras")
    image = np.random.default_rng(0).random((50, 21, 1)).astype("f4")
    bands = Network(tmp_path / "net.keras").plan((50, 21)).bands(lambda rows: image[rows])
    made = np.concatenate([band for _, band in bands])
    expected = free.predict(image[np.newaxis], verbose=0)[0]
    np.testing.assert_allclose(made, expected, rtol=0, atol=TOLERANCE * np.ptp(expected))
