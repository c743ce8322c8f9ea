"""Train checkerboards.zip with real Keras 3: generators with and without a checkerboard.

    pip install "keras>=3.15" jax numpy
    cd tests && KERAS_BACKEND=jax python -m goldens.make_checkerboards

Each learns for a short time to draw the same smooth pictures, (32, 32, 1), of a latent vector:
"transposed" by transposed convolutions whose stride does not divide the kernel, "divided" by such
whose stride does, "resized" by UpSampling2D and convolutions. Weights are kept in the precision of
float16, so that the files are small.
"""

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

TARGET = Path(__file__).with_name("checkerboards.zip")
# Of the transposed convolutions, where there are any.
KERNELS = {"transposed": 3, "divided": 4, "resized": None}
LATENT, SIDE, STEPS, BATCH = 6, 32, 400, 32


def pictures(latent: NDArray[np.float32]) -> NDArray[np.float32]:
    """Draw two soft spots for each vector, in -1 to 1."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    spots = np.zeros((len(latent), SIDE, SIDE))
    for first, strength in ((0, 1.2), (3, 0.8)):
        places = 0.5 + 0.2 * np.tanh(latent[:, first : first + 2])
        width = 0.02 + 0.01 * np.tanh(latent[:, first + 2])
        distance = (rows - places[:, 0, None, None]) ** 2
        distance = distance + (columns - places[:, 1, None, None]) ** 2
        spots += strength * np.exp(-distance / width[:, None, None])
    return np.tanh(2 * spots - 1)[..., np.newaxis].astype(np.float32)


def transposed(kernel: int) -> list[Any]:
    """Return layers that double the size twice by transposed convolutions."""
    return [
        layers.Conv2DTranspose(6, kernel, 2, padding="same", activation="relu"),
        layers.Conv2DTranspose(1, kernel, 2, padding="same", activation="tanh"),
    ]


def resized() -> list[Any]:
    """Return layers that double the size twice by repeating pixels, and convolve."""
    return [
        layers.UpSampling2D(2),
        layers.Conv2D(6, 3, padding="same", activation="relu"),
        layers.UpSampling2D(2),
        layers.Conv2D(1, 3, padding="same", activation="tanh"),
    ]


def train(name: str, tail: list[Any]) -> keras.Model:
    """Return a generator that was trained."""
    head = [
        keras.Input((LATENT,)),
        layers.Dense(8 * 8 * 4, activation="relu"),
        layers.Reshape((8, 8, 4)),
    ]
    model = keras.Sequential([*head, *tail], name=name)
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    generator = np.random.default_rng(0)
    for _ in range(STEPS):
        latent = generator.standard_normal((BATCH, LATENT)).astype(np.float32)
        model.train_on_batch(latent, pictures(latent))
    model.set_weights(
        [weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()]
    )
    plain = keras.Sequential.from_config(model.get_config())  # without the optimizer
    plain.set_weights(model.get_weights())
    return plain


def main() -> None:
    """Train all, and write them."""
    memory = io.BytesIO()
    with (
        tempfile.TemporaryDirectory() as scratch,
        zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for name, kernel in KERNELS.items():
            keras.backend.clear_session()  # so that the names of layers begin without a number
            keras.utils.set_random_seed(1)
            path = Path(scratch, f"{name}.keras")
            train(name, transposed(kernel) if kernel else resized()).save(str(path))
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    TARGET.write_bytes(memory.getvalue())


if __name__ == "__main__":
    main()
