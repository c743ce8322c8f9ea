"""Whole generators beside Keras, on TensorFlow and on JAX, and PyTorch."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from keras_process import keras_process
from timing import OWN, Row, Turn, take_turns, turn_of
from torch_networks import torch_call

from upsamp import Sequential, make_generator
from upsamp.layers import (
    Activation,
    BatchNormalization,
    Conv2DTranspose,
    Dense,
    LeakyReLU,
    ReLU,
    Reshape,
)

BACKENDS = {"TensorFlow": "tensorflow", "JAX": "jax"}
# What a process of Keras is told to call.
CALLS = ("predict", "predict_on_batch", "model(x)")


class Case(NamedTuple):
    """A generator of latent vectors of 100 values, and how many images it makes at once."""

    name: str
    images: int
    make: Callable[[], Sequential]

    @property
    def group(self) -> str:
        """The cases that have one mean."""
        return f"generators, batch {self.images}"


def dcgan64() -> Sequential:
    """Return a DCGAN's generator of 64x64x3 images, with 3.6 million parameters."""
    model = Sequential([Dense(4 * 4 * 512, use_bias=False, input_dim=100), Reshape((4, 4, 512))])
    model.add(BatchNormalization())
    model.add(ReLU())
    for filters in (256, 128, 64):
        model.add(Conv2DTranspose(filters, 4, 2, padding="same", use_bias=False))
        model.add(BatchNormalization())
        model.add(LeakyReLU(0.2))
    model.add(Conv2DTranspose(3, 4, 2, padding="same"))
    model.add(Activation("tanh"))
    return model


MAKERS: dict[str, Callable[[], Sequential]] = {
    "DCGAN 64x64x3": dcgan64,
    "DCGAN 28x28x1": lambda: make_generator("dcgan"),
    "tutorial, UpSampling2D": lambda: make_generator("upsampling"),
    "tutorial, Conv2DTranspose": lambda: make_generator("transpose"),
}
CASES = tuple(Case(name, images, make) for name, make in MAKERS.items() for images in (1, 64))


def rows(*, quick: bool) -> Iterator[Row]:
    """Time every case, or the first ones."""
    for case in CASES[: 2 if quick else None]:
        model = case.make()
        random = np.random.default_rng(0)
        for layer in model.layers:
            if isinstance(layer, BatchNormalization):
                shapes = [weight.shape for weight in layer.weights]
                layer.set_weights([random.uniform(0.5, 1.5, shape) for shape in shapes])
        x = random.standard_normal((case.images, 100)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            file = Path(folder, "model.keras")
            model.save(file)
            np.save(file.with_name("x.npy"), x)
            turns: dict[str, Turn] = {
                OWN: turn_of(partial(model, x)),
                "PyTorch": turn_of(torch_call(model, x)),
            }
            for name, backend in BACKENDS.items():
                ask = stack.enter_context(keras_process(backend, file, model(x)))
                for call in CALLS:
                    turns[f"Keras {name} {call}"] = partial(ask, call)
            times = take_turns(turns, 5 if quick else 20)
        yield {"group": case.group, "case": case.name, "times": times}
