"""Models of real Keras and of upsamp, each saved by the one and loaded by the other; and ONNX."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from real_libraries import test_live_onnx

import upsamp
from upsamp import layers, load_model, make_generator
from upsamp.models.functional import Functional
from upsamp.models.model import Model

# The architectures that the golden files are made of, here in other sizes.
model_zoo: Any = importlib.import_module("goldens.model_zoo")

# Keras and JAX cause it themselves, where they make arrays of their own.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TOLERANCE = 1e-5  # of the range of an output
LARGER: dict[str, dict[str, int]] = {
    "dcgan": {"width": 8, "side": 16},
    "upsampling_generator": {"width": 4, "side": 8},
    "conditional_gan": {"width": 4, "side": 8},
    "conditional_gan_multiply": {"width": 3, "side": 5},
    "conditional_gan_one_hot": {"width": 3, "side": 7},
    "pix2pix": {"width": 1, "side": 128},
    "wgan_gp": {"width": 4},
    "srgan": {"width": 2, "blocks": 3, "side": 20},
    "nested": {"width": 3},
    "shared": {"width": 3},
    "every_layer": {"width": 3},
    "operators": {"width": 2},
    "frozen": {"width": 2},
    "compiled": {"width": 3},
    "operations": {},
}


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)


def inputs_of(model: Any, count: int = 2) -> list[NDArray[Any]]:
    """Draw examples of every input of a Keras model."""
    random = np.random.default_rng(5)
    found = []
    for tensor in model.inputs:
        shape = (count, *(axis or 9 for axis in tensor.shape[1:]))
        if shape[1:] == (1,):
            found.append(random.integers(0, 10, shape).astype(np.float32))
        else:
            found.append(random.uniform(-1, 1, shape).astype(np.float32))
    return found


def outputs_of(model: Any, inputs: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return all outputs of a model of Keras or of upsamp."""
    if isinstance(model, Model):
        results = model.predict(inputs if len(inputs) > 1 else inputs[0])
        return results if isinstance(results, list) else [results]
    named = getattr(model, "_inputs_struct", None)
    given: Any = inputs if len(inputs) > 1 else inputs[0]
    if isinstance(named, dict):
        given = {
            key: inputs[[one is tensor for one in model.inputs].index(True)]
            for key, tensor in named.items()
        }
    results = model.predict(given, verbose=0)
    return [np.asarray(one) for one in (results if isinstance(results, list) else [results])]


def check_outputs(one: Any, other: Any, inputs: list[NDArray[Any]]) -> None:
    """Check that two models give the same, to rounding."""
    pairs = zip(outputs_of(one, inputs), outputs_of(other, inputs), strict=True)
    for actual, expected in pairs:
        assert actual.shape == expected.shape
        assert np.ptp(expected) > 1e-4
        np.testing.assert_allclose(
            actual, expected, rtol=2e-6, atol=TOLERANCE * float(np.ptp(expected))
        )


def check_rows(ours: Model, theirs: Any, *, classes: bool = True) -> None:
    """Check names, classes, shapes and counts of all layers."""
    layers = theirs._operations if isinstance(ours, Functional) else theirs.layers
    rows = ours.summarize().rows
    assert [row.name for row in rows] == [layer.name for layer in layers]
    for row, layer in zip(rows, layers, strict=True):
        assert not classes or row.type == type(layer).__name__
        shape = layer._inbound_nodes[-1].output_tensors[0].shape
        assert row.output_shape == tuple(shape)
        assert row.params == (layer.count_params() if hasattr(layer, "count_params") else 0)
    trainable = sum(int(np.prod(one.shape)) for one in theirs.trainable_weights)
    assert ours.count_params() == theirs.count_params()
    assert ours.count_trainable_params() == trainable


def check_weights(one: Any, other: Any) -> None:
    """Check that two models have the same weights, bit by bit."""
    for actual, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("name", LARGER)
def test_a_model_goes_from_keras_to_upsamp_and_back(name: str, tmp_path: Path) -> None:
    model = model_zoo.fill(model_zoo.ZOO[name](keras, **LARGER[name]))
    inputs = inputs_of(model)
    model.save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    check_outputs(ours, model, inputs)
    check_rows(ours, model)
    model.save_weights(tmp_path / "model.weights.h5")
    check_weights(load_model(tmp_path / "model.keras", tmp_path / "model.weights.h5"), ours)
    test_live_onnx.check(test_live_onnx.run(ours, inputs, tmp_path), outputs_of(ours, inputs))
    # And back.
    ours.save(tmp_path / "ours.keras")
    again = keras.models.load_model(tmp_path / "ours.keras")
    check_weights(again, model)
    check_outputs(again, ours, inputs)
    ours.save(tmp_path / "ours.weights.h5")
    again.set_weights([np.zeros_like(one) for one in again.get_weights()])
    again.load_weights(tmp_path / "ours.weights.h5")
    check_weights(again, model)
    assert keras.models.model_from_json(ours.to_json()).count_params() == model.count_params()


class Doubled(layers.Layer):
    """A layer of a user's own, in upsamp."""

    def call(self, x: Any) -> Any:
        """Return twice the input."""
        return 2 * x


def test_a_layer_of_ones_own_goes_to_keras_as_a_custom_object(tmp_path: Path) -> None:
    class InKeras(keras.layers.Layer):  # type: ignore[misc,name-defined,unused-ignore]
        def call(self, inputs: Any) -> Any:
            return 2 * inputs

    start = layers.Input((5,))
    hidden = layers.Dense(3, name="first")(start)
    ours = upsamp.Model(start, Doubled()(hidden) + hidden)
    ours.save(tmp_path / "own.keras")
    theirs = keras.models.load_model(tmp_path / "own.keras", custom_objects={"Doubled": InKeras})
    check_weights(theirs, ours)
    check_outputs(theirs, ours, inputs_of(theirs))
    check_rows(ours, theirs, classes=False)


@pytest.mark.parametrize("kind", ["dcgan", "transpose", "upsampling"])
def test_a_generator_of_upsamp_is_trained_in_keras(kind: Any, tmp_path: Path) -> None:
    ours = make_generator(kind, seed=2)
    ours.save(tmp_path / "untrained.keras")
    model = keras.models.load_model(tmp_path / "untrained.keras")
    inputs = inputs_of(model)
    check_outputs(ours, model, inputs)
    model.compile(optimizer="adam", loss="mse")
    before = [np.array(one) for one in model.get_weights()]
    target = np.random.default_rng(1).uniform(-1, 1, (2, *model.output_shape[1:]))
    model.fit(inputs[0], target.astype(np.float32), epochs=1, verbose=0)
    assert any(np.any(a != b) for a, b in zip(before, model.get_weights(), strict=True))
    model.save(tmp_path / "trained.keras")
    trained = load_model(tmp_path / "trained.keras")
    check_outputs(trained, model, inputs)
    assert trained.count_params() == ours.count_params()


def operated(x: Any) -> list[Any]:
    """Return what operations of Keras make of images (N, 4, 8, 3)."""
    ops, scale = keras.ops, np.array([0.1, 0.5, -0.3], np.float32)
    pads = [[0, 0], [1, 2], [2, 1], [0, 0]]
    return [
        ops.nn.depth_to_space(ops.concatenate([x, x * 2.0, x, x - 1.0], axis=-1), 2),
        ops.nn.space_to_depth(x, 2),
        *(ops.pad(x, pads, mode=mode) for mode in ("constant", "reflect", "symmetric")),
        ops.pad(x, pads, constant_values=0.5),
        ops.mean(x, axis=[1, 2], keepdims=True),
        ops.sum(x, axis=-1),
        ops.var(x, axis=(1, 2)),
        ops.max(x, axis=1),
        ops.rsqrt(ops.square(x) + 0.5),
        ops.clip(x, -0.5, 0.4),
        ops.cast(ops.cast(x * 10.0, "int32"), "float32"),
        ops.squeeze(ops.mean(x, axis=3, keepdims=True), axis=3),
        ops.expand_dims(x, axis=1),
        *ops.split(x, 2, axis=1),
        *ops.split(x, [1, 2], axis=-1),
        *ops.unstack(x, axis=-1),
        ops.stack([x, x * 2.0], axis=1),
        ops.tile(x, [1, 2, 1, 3]),
        ops.repeat(x, 2, axis=1),
        ops.flip(x, axis=1),
        ops.silu(x),
        ops.gelu(x),
        ops.gelu(x, approximate=False),
        ops.softmax(x, axis=-1),
        ops.softmax(x, axis=(1, 2)),
        ops.log_softmax(x),
        ops.elu(x, alpha=0.7),
        ops.normalize(x, axis=-1),
        x * scale,
        ops.subtract(ops.convert_to_tensor(scale), x),
        ops.max_pool(x, 2, strides=2, padding="same"),
        ops.image.resize(x, (3, 4), antialias=True, interpolation="bicubic"),
        ops.stop_gradient(x) + x // 0.3 + x % 0.3,
    ]


def test_operations_go_from_keras_to_upsamp_and_back(tmp_path: Path) -> None:
    x = keras.layers.Input((4, 8, 3))
    model = keras.Model(x, operated(x))
    inputs = inputs_of(model)
    model.save(tmp_path / "model.keras")
    ours = load_model(tmp_path / "model.keras")
    check_outputs(ours, model, inputs)
    # What becomes a layer that Keras has not, or an operation of one, is saved as it was.
    ours.save(tmp_path / "ours.keras")
    check_outputs(keras.models.load_model(tmp_path / "ours.keras"), ours, inputs)


def test_image_layers_of_any_size_and_of_means_are_computed_alike(tmp_path: Path) -> None:
    layers = keras.layers
    adapted = layers.Normalization()
    adapted.adapt(np.random.default_rng(1).normal(2, 3, (9, 7, 11, 3)))
    chosen = [
        *(layers.Resizing(*size, antialias=True) for size in ((3, 4), (9, 5))),
        layers.Resizing(4, 4, "bicubic", crop_to_aspect_ratio=True),
        layers.Resizing(4, 4, pad_to_aspect_ratio=True, fill_value=0.5, antialias=True),
        layers.CenterCrop(4, 5),
        layers.CenterCrop(9, 4),
        adapted,
        layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0], invert=True),
    ]
    x = layers.Input((7, 11, 3))
    steps = layers.Reshape((1, 7, 11, 3))(x)
    model = keras.Model(
        x,
        [
            *(layer(x) for layer in chosen),
            layers.TimeDistributed(layers.Conv2D(2, 3, activation="relu"))(steps),
        ],
    )
    model.save(tmp_path / "model.keras")
    model.save(tmp_path / "model.h5")
    inputs = inputs_of(model)
    ours = load_model(tmp_path / "model.keras")
    check_outputs(ours, model, inputs)
    check_outputs(load_model(tmp_path / "model.h5"), model, inputs)
    assert ours.count_params() == model.count_params()
    ours.save(tmp_path / "ours.keras")
    check_outputs(keras.models.load_model(tmp_path / "ours.keras"), ours, inputs)


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize`:UserWarning")
@pytest.mark.parametrize("kind", ["lora", "int8", "spectral"])
def test_kernels_that_are_stored_in_parts_are_put_together(kind: str, tmp_path: Path) -> None:
    layers = keras.layers
    dense = layers.Dense(7, activation="relu")
    if kind == "spectral":
        dense = layers.SpectralNormalization(dense)
    model = keras.Sequential(
        [layers.Input((5, 5, 3)), layers.Conv2D(6, 3), layers.Flatten(), dense]
    )
    if kind == "lora":
        model.layers[0].enable_lora(2)
        dense.enable_lora(3, lora_alpha=5)
        model_zoo.fill(model)
    if kind == "int8":
        model.quantize("int8")
    for name in ("model.keras", "model.h5"):
        model.save(tmp_path / name)
        ours = load_model(tmp_path / name)
        check_outputs(ours, model, inputs_of(model))
        if kind != "lora":  # whose small kernels are part of the kernel
            assert ours.count_params() == model.count_params()
        ours.save(tmp_path / "ours.keras", overwrite=True)
        again = keras.models.load_model(tmp_path / "ours.keras")
        check_outputs(again, ours, inputs_of(model))


def test_weights_in_several_files_are_read(tmp_path: Path) -> None:
    layers = [keras.layers.Input((8,)), *(keras.layers.Dense(300) for _ in range(3))]
    model = keras.Sequential(layers)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "m.weights.json", max_shard_size=0.0004)
    assert len([*tmp_path.glob("m_*.weights.h5")]) > 1
    check_weights(load_model(tmp_path / "model.keras", tmp_path / "m.weights.json"), model)


# --- other libraries, each in a process of its own

RUN_KERAS = """
import sys, numpy, keras
model = keras.models.load_model(sys.argv[1])
numpy.save(sys.argv[3], model.predict(numpy.load(sys.argv[2]), verbose=0))
model.save(sys.argv[4])
"""
MAKE_TF_KERAS = """
import sys, numpy, tf_keras
from goldens import model_zoo
model = model_zoo.fill(model_zoo.pix2pix(tf_keras, width=2, side=32))
x = numpy.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
numpy.save(sys.argv[1], x)
numpy.save(sys.argv[2], model.predict(x, verbose=0))
for path in sys.argv[3:]:
    model.save_weights(path) if path.endswith(".weights.h5") else model.save(path)
"""


MAKE_TF_OPERATIONS = """
import sys, numpy, tensorflow as tf, tf_keras
x = tf_keras.layers.Input((4, 8, 3))
scale = numpy.array([0.1, 0.5, -0.3], "float32")
pads = [[0, 0], [1, 2], [2, 1], [0, 0]]
mean = tf_keras.layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0])
steps = tf_keras.layers.Reshape((2, 2, 8, 3))(x)
model = tf_keras.Model(x, [
    tf.nn.depth_to_space(tf.concat([x, x * 2.0, x, x - 1.0], axis=-1), 2),
    tf.nn.space_to_depth(x, 2), tf.reshape(x, (-1, 12, 8)), tf.transpose(x, (0, 3, 1, 2)),
    tf.expand_dims(x, 1),
    *(tf.pad(x, pads, mode=mode) for mode in ("CONSTANT", "REFLECT", "SYMMETRIC")),
    tf.reduce_mean(x, axis=[1, 2], keepdims=True), tf.reduce_sum(x, -1), tf.reduce_max(x, axis=1),
    tf.math.reduce_variance(x, axis=-1), tf.math.rsqrt(tf.square(x) + 0.5), tf.sqrt(tf.abs(x)),
    tf.clip_by_value(x, -0.5, 0.4), tf.cast(tf.cast(x * 10, tf.int32), tf.float32),
    tf.squeeze(tf.reduce_mean(x, axis=3, keepdims=True), axis=3), *tf.split(x, [1, 2], axis=-1),
    tf.stack([x, x * 2.0], axis=1), *tf.unstack(x, axis=-1), tf.tile(x, [1, 2, 1, 3]),
    tf.reverse(x, axis=[1]), tf.nn.silu(x), tf.nn.gelu(x), tf.nn.gelu(x, approximate=True),
    tf.nn.softmax(x), tf.nn.elu(x), tf.nn.selu(x), tf.math.l2_normalize(x, axis=-1), x * scale,
    scale - x, 2.0 ** x, x // 0.3, x % 0.3, tf.image.resize(x, (3, 4)), mean(x),
    tf_keras.layers.CenterCrop(2, 5)(x),
    tf_keras.layers.Resizing(3, 5, crop_to_aspect_ratio=True)(x),
    tf_keras.layers.TimeDistributed(tf_keras.layers.Conv2D(2, 3, padding="same"))(steps),
])
values = numpy.random.default_rng(0).uniform(-1, 1, (2, 4, 8, 3)).astype("float32")
numpy.save(sys.argv[1], values)
numpy.savez(sys.argv[2], *[numpy.asarray(one) for one in model(values)])
for path in sys.argv[3:]:
    model.save(path)
"""


def run(program: str, *arguments: Path) -> None:
    """Run a program in a process of its own, where Keras computes with TensorFlow."""
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=Path(__file__).parents[1],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def check_array(actual: NDArray[Any], expected: NDArray[Any]) -> None:
    """Check one output against another."""
    np.testing.assert_allclose(
        actual, expected, rtol=1e-6, atol=TOLERANCE * float(np.ptp(expected))
    )


def test_keras_on_tensorflow_computes_what_upsamp_saved(tmp_path: Path) -> None:
    ours = make_generator("dcgan", seed=4)
    x = (
        np.random.default_rng(0)
        .normal(size=(2, *filter(None, ours.input_shape)))
        .astype(np.float32)
    )
    np.save(tmp_path / "x.npy", x)
    ours.save(tmp_path / "ours.keras")
    names = ("ours.keras", "x.npy", "y.npy", "again.keras")
    run(RUN_KERAS, *(tmp_path / name for name in names))
    check_array(ours.predict(x), np.load(tmp_path / "y.npy"))
    check_array(load_model(tmp_path / "again.keras").predict(x), np.load(tmp_path / "y.npy"))


def test_every_file_of_tf_keras_is_computed_as_it_was(tmp_path: Path) -> None:
    names = ("x.npy", "y.npy", "model.h5", "model.keras", "model.weights.h5")
    paths = [tmp_path / name for name in names]
    run(MAKE_TF_KERAS, *paths)
    x, y = np.load(paths[0]), np.load(paths[1])
    for model in (
        load_model(paths[2]),
        load_model(paths[3]),
        load_model(paths[3], paths[4]),
        load_model(paths[3], paths[2]),
    ):
        check_array(model.predict(x), y)


def test_functions_of_tensorflow_are_computed_as_they_were(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("x.npy", "y.npz", "model.h5", "model.keras")]
    run(MAKE_TF_OPERATIONS, *paths)
    expected = [*np.load(paths[1]).values()]
    for path in paths[2:]:
        results = load_model(path).predict(np.load(paths[0]))
        for actual, one in zip(results, expected, strict=True):
            assert actual.shape == one.shape
            check_array(actual, one)
