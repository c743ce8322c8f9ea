"""Models written to files and read back: the same config, the same weights, the same numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from config_entries import entry, functional, image, sequential, tensor
from effort import in_one_test, sample
from golden_files import GoldenModel, golden_models, model_file
from numpy.typing import NDArray

from upsamp import Functional, Sequential, layers, load_model, make_generator
from upsamp.errors import ArgumentError, FileError, UnknownLayerError, UpsampError
from upsamp.layers import (
    Activation,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Input,
    InstanceNormalization,
    Layer,
    PixelShuffle,
    PixelUnshuffle,
    SpectralNormalization,
    UpSampling2D,
)
from upsamp.models.files.loading import model_from_config
from upsamp.models.graph import Source
from upsamp.models.model import Model

MODELS = [pytest.param(golden, id=str(golden)) for golden in golden_models()]
RUNNING = [pytest.param(golden, id=str(golden)) for golden in golden_models() if golden.runs]
SUFFIXES = (".keras", ".weights.h5", ".npz", ".safetensors")
KINDS = ("dcgan", "transpose", "upsampling")


def outputs_of(model: Model, inputs: Any) -> list[NDArray[Any]]:
    """Return all outputs of a model."""
    results = model.predict(inputs)
    return results if isinstance(results, list) else [results]


def check_same(one: Model, other: Model) -> None:
    """Check that two models have the same weights, bit by bit."""
    for actual, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected)


# --- what was read is written


@in_one_test("golden", MODELS)
def test_a_config_that_was_written_is_read_as_the_same(golden: GoldenModel) -> None:
    model = load_model(model_file(f"{golden}.keras"), values=False)
    again = model_from_config(json.loads(model.to_json()))
    assert again.to_json() == model.to_json()
    assert again.get_config() == model.get_config()
    shown, expected = again.summarize().rows, model.summarize().rows
    assert [row.name for row in shown] == [row.name for row in expected]
    assert [row.type for row in shown] == [row.type for row in expected]
    if golden.runs:
        assert str(again.summarize()) == str(model.summarize())


@pytest.mark.parametrize("golden", sample(RUNNING, 3))
def test_a_model_that_was_saved_is_read_as_the_same(golden: GoldenModel, tmp_path: Path) -> None:
    for end in ("keras", "h5"):
        model = load_model(model_file(f"{golden}.{end}"))
        model.save(tmp_path / f"{end}.keras")
        again = load_model(tmp_path / f"{end}.keras")
        check_same(again, model)
        assert again.to_json() == model.to_json()
        inputs = dict(
            zip([one.name for one in again.input_layers], golden.inputs.values(), strict=True)
        )
        given = inputs if len(inputs) > 1 else next(iter(inputs.values()))
        for actual, expected in zip(
            outputs_of(again, given), outputs_of(model, list(golden.inputs.values())), strict=True
        ):
            np.testing.assert_array_equal(actual, expected)


@in_one_test("name", ["nested", "shared", "every_layer", "bfloat16", "float16"])
@in_one_test("suffix", SUFFIXES[1:])
def test_weights_alone_go_back_into_their_model(name: str, suffix: str, tmp_path: Path) -> None:
    model = load_model(model_file(f"keras/{name}.keras"))
    path = tmp_path / f"weights{suffix}"
    model.save(path)
    check_same(load_model(model_file(f"keras/{name}.keras"), path), model)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_model_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in ("one", "other")]
    for path in paths:
        load_model(model_file("keras/shared.keras")).save(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_an_untrained_generator_is_saved_with_what_it_draws(kind: Any, tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        path = tmp_path / f"model{suffix}"
        make_generator(kind, seed=3).save(path)
        (tmp_path / "model.json").write_text(make_generator(kind, seed=3).to_json(), "utf-8")
        model = load_model(path if suffix == ".keras" else tmp_path / "model.json", path)
        check_same(model, make_generator(kind, seed=3))


def test_a_name_with_a_slash_is_written_without() -> None:
    model = Sequential(name="my/model")
    for layer in (Input((2,)), Dense(2, name="g/dense"), Dense(2, name="g/other")):
        model.add(layer)
    written = json.loads(model.to_json())["config"]
    assert written["name"] == "my_model"
    assert [one["config"]["name"] for one in written["layers"]][1:] == ["g_dense", "g_other"]


def test_names_in_calls_are_written_without_a_slash_too() -> None:
    config = functional(
        image("x"), entry("ReLU", "g/a", [tensor("x")]), entry("ReLU", "b", [tensor("g/a")])
    )
    again = model_from_config(json.loads(model_from_config(config).to_json()))
    assert [layer.name for layer in again.layers] == ["x", "g_a", "b"]


def test_weights_of_unknown_layers_are_kept_where_they_were(tmp_path: Path) -> None:
    for golden in ("keras/attention", "tf_keras/with_custom_layer"):
        architecture = model_file(f"{golden}.keras")
        model = load_model(architecture)
        for suffix in SUFFIXES[1:]:
            path = tmp_path / f"weights{suffix}"
            model.save(path, overwrite=True)
            again = load_model(architecture, path)
            assert again.count_params() == model.count_params()
            for weights in zip(again.layers, model.layers, strict=True):
                one, other = (sorted(x.get_weights(), key=np.ndarray.tobytes) for x in weights)
                for actual, expected in zip(one, other, strict=True):
                    np.testing.assert_array_equal(actual, expected)


# --- what is refused


def refused(model: Model, path: Path, text: str, kind: type[UpsampError] = ArgumentError) -> None:
    """Check the text that saving is refused with, and that there is no file."""
    with pytest.raises(kind, match=text):
        model.save(path)
    assert not path.exists()


@in_one_test("name", ["model", "model.h5", "model.pt", "keras", "model.keras.zip"])
def test_the_suffix_says_the_format(name: str, tmp_path: Path) -> None:
    refused(
        make_generator("transpose"),
        tmp_path / name,
        r"The name of a file must say how a model is saved: \.keras, \.onnx, \.weights\.h5, "
        rf"\.npz, \.safetensors\. Received: .*{name}\.",
    )


@in_one_test("suffix", SUFFIXES)
def test_a_file_that_exists_is_kept(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"mine")
    with pytest.raises(FileError, match=r"exists"):
        make_generator("transpose").save(path)
    assert path.read_bytes() == b"mine"
    make_generator("transpose").save(path, overwrite=True)
    assert path.stat().st_size > 1000


@in_one_test(
    ("layer", "why"),
    [
        (PixelShuffle(2), r"\(PixelShuffle\): Keras has no PixelShuffle"),
        (PixelUnshuffle(2), r"\(PixelUnshuffle\): Keras has no PixelUnshuffle"),
        (InstanceNormalization(-1), r"\(\w+\): Keras has no InstanceNormalization"),
        (
            SpectralNormalization(Conv2D(4, 3, padding=1)),
            r"\(SpectralNormalization\): Keras has no padding by margins",
        ),
        (Conv2D(4, 3, padding=1), r"\(Conv2D\): Keras has no padding by margins"),
        (Conv2DTranspose(4, 3, padding=1), r"\(\w+\): Keras has no padding by margins"),
        (Conv2DTranspose(4, 3, groups=2), r"\(\w+\): Keras has no groups of a Conv2DTranspose"),
        (UpSampling2D(interpolation="area"), r"\(\w+\): Keras has no interpolation='area'"),
        (Activation("hard_sigmoid_keras2"), r"\(Activation\): Keras has no activation='hard_sig"),
    ],
)
def test_what_keras_does_not_have_is_not_saved_for_it(
    layer: Layer, why: str, tmp_path: Path
) -> None:
    model = Sequential([Input((4, 4, 4)), Sequential([layer])])
    refused(
        model,
        tmp_path / "model.keras",
        rf"A layer must be one of Keras' to be saved for it\. Received: '\w+' {why}.*\. Save the "
        r"weights alone, as \.npz\.",
        UnknownLayerError,
    )
    model.save(tmp_path / "weights.npz")
    # Its JSON is read by upsamp.
    again = model_from_config(json.loads(model.to_json()))
    assert again.to_json() == model.to_json()
    assert again.output_shape == model.output_shape


def test_an_unknown_layer_is_not_saved_for_keras(tmp_path: Path) -> None:
    model = load_model(model_file("keras/attention.h5"))
    refused(
        model,
        tmp_path / "model.keras",
        r"Received: 'lstm' \(LSTM\): upsamp does not have LSTM\. Save the weights alone, as \.npz",
        UnknownLayerError,
    )
    refused(
        model,
        tmp_path / "model.weights.h5",
        r"A layer must be known to be saved for Keras\. Received: 'lstm' \(LSTM\), whose weights "
        r"have other names, 'lstm/lstm_cell/kernel'\. Save the weights as \.npz\.",
        UnknownLayerError,
    )
    bare = load_model(model_file("keras/attention.keras"), values=False)
    refused(bare, tmp_path / "w.npz", r"of layer 'lstm' must have values to be read\. Received: ")


def test_names_that_would_be_one_are_refused(tmp_path: Path) -> None:
    layers = [entry("Dense", "a/b", units=2), entry("Dense", "a_b", units=2)]
    model = model_from_config(sequential(image(shape=(None, 2)), *layers))
    refused(
        model,
        tmp_path / "model.keras",
        r"The layers of a model must have names that differ when / is _ to be saved\. Received: "
        r"'a_b' 2 times\. Save the weights alone, as \.npz\.",
    )
    inner = sequential(image(shape=(None, 2)), entry("Dense", "b", units=2), name="a")
    model = model_from_config(
        sequential(image(shape=(None, 2)), inner, entry("Dense", "a/b", units=2))
    )
    refused(
        model,
        tmp_path / "model.npz",
        r"The weights of a model must have names of their own to be saved by name\. Received: "
        r"'a/b/kernel' twice\. Save the model as \.keras\.",
    )


def test_a_model_that_is_not_built_is_not_saved(tmp_path: Path) -> None:
    refused(Sequential([Dense(2)]), tmp_path / "model.keras", r"must know the shape of its input")


# --- what users make of the classes


class Doubled(Layer):
    """A layer that Keras has not."""

    def call(self, x: Any) -> Any:
        """Return twice the input."""
        return 2 * x


def test_a_layer_of_ones_own_is_written_by_its_module(tmp_path: Path) -> None:
    class Dense(layers.Dense):  # which is not Keras'
        pass

    model = Sequential([Dense(3, input_dim=2), Doubled(), layers.Dense(2)])
    model.save(tmp_path / "model.keras")
    written = json.loads(model.to_json())["config"]["layers"]
    assert [(one["module"], one["class_name"], one["registered_name"]) for one in written[1:]] == [
        (__name__, "Dense", "Dense"),
        (__name__, "Doubled", "Doubled"),
        ("keras.layers", "Dense", None),
    ]
    # Nothing that a file names is imported: it can be listed, and says what it lacks.
    again = load_model(tmp_path / "model.keras")
    assert again.count_params() == model.count_params()
    with pytest.raises(UnknownLayerError, match=rf"it comes from {__name__}"):
        again(np.ones((1, 2)))


def test_a_model_of_ones_own_is_written_as_what_it_is(tmp_path: Path) -> None:
    class Chain(Sequential):
        pass

    class Graph(Functional):
        pass

    start = layers.Input((2,))
    inner = Chain([layers.Dense(2)])
    model = Graph(start, inner(start))
    model.save(tmp_path / "model.keras")
    assert json.loads(model.to_json())["class_name"] == "Functional"
    x = np.ones((1, 2))
    again = load_model(tmp_path / "model.keras")
    assert [layer.type_name for layer in again.layers] == ["InputLayer", "Sequential"]
    np.testing.assert_array_equal(again(x), model(x))


def test_a_model_of_ones_own_calls_is_not_written(tmp_path: Path) -> None:
    class Bare(Model):
        """A model whose layers its code alone knows."""

        calls = make_generator("transpose").calls
        input_calls = (0,)
        output_sources = (Source(3),)

    model = Bare()
    model.build((None, 100))
    with pytest.raises(UnknownLayerError, match="Bare is neither Sequential nor Functional"):
        model.save(tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []
