"""ONNX without the package: each layer has its record, and what is refused is told."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click.testing
import numpy as np
import pytest

from upsamp import Sequential, make_generator
from upsamp.cli import main
from upsamp.core.activations import ACTIVATIONS, LAYER_ACTIVATIONS
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ArgumentError, MissingExtraError, UnknownLayerError
from upsamp.io import extras
from upsamp.layers import (
    LAYERS,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    InputLayer,
    InstanceNormalization,
    Layer,
    Normalization,
    Resizing,
    UnknownLayer,
    UpSampling2D,
)
from upsamp.layers import operation as layer_operations
from upsamp.layers.get_item import GetItem
from upsamp.models.export import onnx_activations as activations
from upsamp.models.export.onnx_file import trace
from upsamp.models.export.onnx_interpolation import scattered_weights, weight_matrix
from upsamp.models.export.onnx_layers import RECORDS, REFUSED, record_of
from upsamp.models.export.onnx_operations import OPERATIONS, SHAPED
from upsamp.models.export.programs import model_program
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.model import Model


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package onnx seem to be there; none of these tests loads it."""
    monkeypatch.setattr(extras, "find_spec", lambda _package: True)


class Mine(Conv2D):
    """A layer of somebody else, which may compute anything."""


def operators(model: Model) -> list[str]:
    """Return the operators of a model's nodes."""
    return [node.operator for node in trace(model)[0].nodes]


# --- the tables


def test_every_layer_has_a_record_or_is_refused() -> None:
    known = {*LAYERS.values(), layer_operations.Operation, GetItem, UnknownLayer}
    assert known == RECORDS.keys() | REFUSED.keys()
    assert not RECORDS.keys() & REFUSED.keys()


def test_every_activation_and_operation_has_nodes() -> None:
    assert ACTIVATIONS.keys() == activations.POINTWISE.keys() | activations.MIXING.keys()
    assert LAYER_ACTIVATIONS.keys() == activations.LAYERS.keys() | {"Softmax"}
    assert layer_operations.OPERATIONS.keys() == OPERATIONS.keys() | SHAPED.keys()


# --- nodes


def test_images_stay_channels_first_between_the_layers() -> None:
    nodes, (latent,), (images,) = trace(make_generator("dcgan"))
    assert [node.operator for node in nodes.nodes].count("Transpose") == 2
    assert (latent.name, latent.shape) == ("input_layer", (None, 100))
    assert (images.name, images.shape) == ("conv2d_transpose_2", (None, 28, 28, 1))


def test_a_shared_layer_has_its_weights_once() -> None:
    shared = Conv2D(3, 3, padding="same", name="shared")
    calls = [
        Call(InputLayer((None, None, 3))),
        Call(shared, (Source(0),)),
        Call(shared, (Source(1),)),
    ]
    nodes, _, (output,) = trace(Functional.from_calls(calls, [0], [Source(2)]))
    assert [array.shape for array in nodes.constants.values()] == [(3, 3, 3, 3), (3,)]
    assert output.shape == (None, None, None, 3)


def test_zeros_of_open_sides_are_known_where_they_can_be() -> None:
    for stride, dilation, first in ((1, 2, "Conv"), (2, 1, "Conv"), (2, 2, "Shape")):
        layer = Conv2D(1, 3, stride, "same", dilation_rate=dilation)
        assert operators(Sequential([InputLayer((None, None, 1)), layer]))[1] == first


@pytest.mark.parametrize("interpolation", [name for name in METHODS if name != "nearest"])
def test_scattered_weights_are_those_of_every_input(interpolation: Any) -> None:
    """Divided by their sums they make the weights of the edges, too."""
    for length, factor in ((1, 2), (2, 5), (9, 3)):
        kernel, before, after = scattered_weights(interpolation, factor)
        sums = np.zeros((length, length * factor + before + after))
        for number, row in enumerate(sums):
            row[number * factor : number * factor + len(kernel)] = kernel
        kept = sums[:, before : before + length * factor]
        expected = weight_matrix(length, length * factor, interpolation).T
        np.testing.assert_allclose(kept / kept.sum(axis=0), expected, atol=1e-12)


# --- refusals


def test_a_layer_of_somebody_else_is_refused_by_name() -> None:
    with pytest.raises(UnknownLayerError, match=r"'mine' \(Mine\): its class is not one of upsamp"):
        record_of(Mine(1, 1, name="mine"))


@pytest.mark.usefixtures("_installed")
def test_an_unknown_layer_is_refused_by_name_and_nothing_is_written(tmp_path: Path) -> None:
    layer = UnknownLayer("Lambda", "keras.layers", {}, "it is code", name="strange")
    model = Sequential([InputLayer((3,)), Dense(2), layer])
    with pytest.raises(UnknownLayerError, match=r"'strange' \(Lambda"):
        model.save(tmp_path / "model.onnx")
    assert not [*tmp_path.iterdir()]


@pytest.mark.usefixtures("_installed")
def test_two_gigabytes_are_refused_before_they_are_drawn(tmp_path: Path) -> None:
    model = Sequential([InputLayer((2**15,)), Dense(2**14)])
    with pytest.raises(ArgumentError, match=r"less than 2 GB of weights .*Received: 2,147,549,184"):
        model.save(tmp_path / "model.onnx")
    assert not [*tmp_path.iterdir()]


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _package: None)
    path = tmp_path / "model.onnx"
    with pytest.raises(MissingExtraError, match=r"pip install 'upsamp\[onnx\]'"):
        Sequential([InputLayer((2, 2, 1)), UpSampling2D()]).save(path)
    result = click.testing.CliRunner().invoke(main, ["generator", "--save", str(path)])
    assert result.exit_code == 1
    assert "Install it with: pip install 'upsamp[onnx]'." in result.stderr
    assert not [*tmp_path.iterdir()]


def test_random_values_are_refused_by_name_and_statistics_of_a_batch_are_written() -> None:
    def trained(layer: Layer) -> Model:
        calls = [Call(InputLayer((4, 4, 2))), Call(layer, (Source(0),), training=True)]
        return Functional.from_calls(calls, [0], [Source(1)])

    assert "ReduceMean" in operators(trained(BatchNormalization()))
    with pytest.raises(UnknownLayerError, match=r"'drop' \(Dropout\): it is called with training"):
        trace(trained(Dropout(0.5, name="drop")))


def test_a_program_computes_the_constants_from_the_weights(tmp_path: Path) -> None:
    image, normal = InputLayer((4, 4, 3)), BatchNormalization(epsilon=0.5, name="normal")
    calls = [Call(image), Call(Conv2D(3, 3, padding="same", name="c"), (Source(0),))]
    calls += [Call(normal, (Source(1),)), Call(Normalization(), (Source(2),))]
    calls += [Call(normal, (Source(3),)), Call(Dense(5, name="d"), (Source(4),))]
    calls += [Call(normal_of_rows(), (Source(4),)), Call(Flatten(), (Source(5),))]
    calls += [Call(Resizing(3, 9), (Source(6),)), Call(InstanceNormalization(), (Source(8),))]
    model = Functional.from_calls(calls, [0], [Source(7), Source(9)])
    random = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([random.uniform(0.5, 1, one.shape) for one in layer.weights])
    model.save(tmp_path / "w.npz")
    lines = model_program(model, "onnx", "w").partition("\n# the model")[0].splitlines()
    given: dict[str, Any] = {}
    space = {
        "np": np,
        "numpy_helper": SimpleNamespace(from_array=lambda array, name: given.update({name: array})),
        "helper": SimpleNamespace(make_node=lambda *_, **__: None),
        "load_file": lambda _: dict(np.load(tmp_path / "w.npz")),
    }
    exec("\n".join(line for line in lines if not line.startswith(("import", "from"))), space)
    nodes = trace(model, recording=True)[0]
    assert {"normal/factor", "c/kernel", "resizing/constant"} < given.keys()
    for name, array in given.items():
        assert array.dtype == nodes.constants[name].dtype
        np.testing.assert_array_equal(array, np.asarray(nodes.constants[name]))


def normal_of_rows() -> BatchNormalization:
    """Return a layer whose weights are along another axis."""
    return BatchNormalization(1, scale=False, name="rows")
