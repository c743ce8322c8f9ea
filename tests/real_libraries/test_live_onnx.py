"""Models that upsamp writes as ONNX, checked by onnx and run in ONNX Runtime.

Those of `test_live_models` are, too, there, where Keras has made them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from effort import choose
from golden_files import Golden, GoldenModel, golden_models, goldens_of, model_file
from numpy.typing import NDArray
from program_runs import run_program

from upsamp import Sequential, load_model, make_generator
from upsamp.core.activations import ACTIVATIONS
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import ShapeError, UpsampError
from upsamp.layers import (
    LAYERS,
    Activation,
    BatchNormalization,
    CenterCrop,
    Conv2D,
    Dense,
    InputLayer,
    InstanceNormalization,
    Layer,
    Normalization,
    PixelUnshuffle,
    Resizing,
    TimeDistributed,
    UpSampling2D,
)
from upsamp.layers.get_item import GetItem
from upsamp.layers.operation import BINARY, Operation
from upsamp.models.export.onnx_operations import OPERATIONS
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source
from upsamp.models.model import Model

TOLERANCE = 1e-5  # of the range of an output
TYPES = ("float32", "float64", "float16")


def run(model: Model, inputs: Sequence[NDArray[Any]], folder: Path) -> list[NDArray[Any]]:
    """Write a model, check the file, and return what ONNX Runtime makes of the inputs."""
    path = folder / "model.onnx"
    model.save(path, overwrite=True)
    written = path.read_bytes()
    model.save(path, overwrite=True)
    assert path.read_bytes() == written
    proto = onnx.load_from_string(written)
    onnx.checker.check_model(proto, full_check=True)
    onnx.shape_inference.infer_shapes(proto, check_type=True, strict_mode=True, data_prop=True)
    check_declared(model, proto)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(written, options, providers=["CPUExecutionProvider"])
    given = zip(session.get_inputs(), model.input_layers, inputs, strict=True)
    feed = {
        tensor.name: array.astype(getattr(layer, "input_dtype", np.float32))
        for tensor, layer, array in given
    }
    found: list[NDArray[Any]] = session.run(None, feed)
    for one, other in zip(run_program(model, "onnx", inputs, folder), found, strict=True):
        assert one.dtype == other.dtype
        reach = float(np.ptp(other)) if one.size else 0.0
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6 * reach)
    return found


def check_declared(model: Model, proto: Any) -> None:
    """Check that a file declares the names and the shapes of its model."""
    assert (proto.producer_name, proto.ir_version, proto.opset_import[0].version) == (
        "upsamp",
        8,
        18,
    )
    assert [tensor.name for tensor in proto.graph.input] == [
        layer.name for layer in model.input_layers
    ]
    shapes = [*model.input_shapes, *model.output_shapes]
    for tensor, shape in zip([*proto.graph.input, *proto.graph.output], shapes, strict=True):
        lengths = tensor.type.tensor_type.shape.dim
        assert [one.dim_value or None for one in lengths] == list(shape or ())
        assert all(one.dim_value or one.dim_param for one in lengths)


def check(actual: Sequence[NDArray[Any]], expected: Any) -> None:
    """Check all outputs: to the tolerance, and no nearer than numbers of 32 bits may come."""
    wanted = expected if isinstance(expected, list) else [expected]
    for one, other in zip(actual, wanted, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        coarse = 2e-3 if one.dtype == np.float16 else 0
        atol = max(coarse, TOLERANCE) * float(np.ptp(other))
        np.testing.assert_allclose(one, other, rtol=max(coarse, 2e-6), atol=atol)


def check_one(model: Model, x: NDArray[Any], folder: Path) -> None:
    """Check a model of one input."""
    check(run(model, [x], folder), model.predict(x))


# --- whole models


@pytest.mark.parametrize("golden", [one for one in golden_models() if one.runs], ids=str)
def test_a_golden_model_gives_what_keras_gave(golden: GoldenModel, tmp_path: Path) -> None:
    model = load_model(model_file(golden.files[0]))
    inputs = [np.asarray(golden.inputs[name]) for name in golden.said["inputs"]]
    found = run(model, inputs, tmp_path)
    check(found, model.predict(inputs if len(inputs) > 1 else inputs[0]))
    if golden.outputs and not golden.as_is:
        for one, other in zip(found, golden.outputs, strict=True):
            np.testing.assert_allclose(
                one, other, rtol=2e-6, atol=2 * TOLERANCE * float(np.ptp(other))
            )


@pytest.mark.parametrize("kind", ["dcgan", "transpose", "upsampling"])
def test_a_generator_is_run_for_any_batch(kind: Any, tmp_path: Path) -> None:
    for count in (1, 5):
        x = np.random.default_rng(count).normal(size=(count, 100)).astype(np.float32)
        check_one(make_generator(kind), x, tmp_path)


# --- layers, as Keras computed them, of known and of open sides

COLLECTIONS = ("upsampling", "transposed_convolution", "convolution", "layers")


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_layer_gives_what_keras_gave(collection: str, tmp_path: Path) -> None:
    goldens = goldens_of(collection)[:: choose(3, 1)]
    tried = sum(_check_layer(golden, open_, tmp_path) for golden in goldens for open_ in (0, 1))
    assert tried > len(goldens)


def _check_layer(golden: Golden, open_sides: int, folder: Path) -> bool:
    """Check one layer; return whether it takes such an input."""
    shape: list[int | None] = list(golden.x.shape[1:])
    if open_sides:
        first = golden.config.get("data_format") == "channels_first"
        for axis in (1, 2) if first else (0, 1):
            shape[axis % len(shape)] = None
    layer = LAYERS[golden.layer].from_config(golden.config)
    try:
        model = Sequential([InputLayer(shape), layer])
        layer.set_weights(golden.weights)
    except ShapeError:
        return False
    x = golden.x.astype(np.float32)
    check_one(model, x, folder)
    return True


@pytest.mark.parametrize("interpolation", METHODS)
def test_large_images_are_interpolated_to_the_tolerance(interpolation: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (1, 150, 401, 2)).astype(np.float32)
    for layer, shape in (
        (UpSampling2D((3, 7), interpolation=interpolation), (None, None, 2)),
        (UpSampling2D((4, 1), interpolation=interpolation), (None, None, None)),
        (Resizing(333, 402, interpolation), (150, 401, 2)),
        (Resizing(333, 402, interpolation), (None, None, 2)),
    ):
        check_one(Sequential([InputLayer(shape), layer]), x, tmp_path)


@pytest.mark.parametrize("dtype", TYPES)
def test_every_activation_and_operation_is_computed(dtype: str, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(0, 3, (4, 5, 6)).astype(np.float32)
    x[np.abs(x) < 0.2] = 0.25
    layers: list[Layer] = [Activation(name, dtype=dtype) for name in ACTIVATIONS]
    options: dict[str, dict[str, Any]] = {
        "Clip": {"x_min": -0.5, "x_max": 1.0},
        "Cast": {"dtype": "int32"},
    }
    array = [0.5, 1.0, -2.0, 3.0, 1.5, 2.5]
    layers.append(Operation("Where", (None, 0.5, array), dtype=dtype))
    for name in set(OPERATIONS) - {"Where"}:
        both = ((None, 2.0), (0.5, None), (None, array)) if name in BINARY else ((None,),)
        layers += [Operation(name, one, options.get(name), dtype=dtype) for one in both]
    calls = [Call(InputLayer((5, 6))), Call(Operation("Abs", (None,)), (Source(0),))]
    for layer in layers:
        # Of positive numbers alone there are roots and logarithms.
        positive = layer.type_name in {"Sqrt", "Rsqrt", "Log", "Log1p", "Log2", "Log10", "Power"}
        calls.append(Call(layer, (Source(int(positive)),)))
    model = Functional.from_calls(calls, [0], [Source(2 + number) for number in range(len(layers))])
    check_one(model, x, tmp_path)


# Operations that make arrays of other shapes, with their options.
SHAPED_CASES: list[tuple[str, dict[str, Any]]] = [
    *[
        (name, {"axis": axis, "keepdims": kept})
        for name in ("Mean", "Sum", "Var", "Std", "Max", "Amax", "Min", "Amin")
        for axis, kept in ((-1, True), ((1, 2), False), (1, False))
    ],
    ("Pad", {"pad_width": [[0, 0], [1, 2], [3, 0], [0, 1]], "constant_values": 2.5}),
    ("Pad", {"pad_width": [[0, 0], [1, 2], [3, 0], [0, 0]], "mode": "reflect"}),
    ("Pad", {"pad_width": [[0, 0], [0, 0], [0, 0], [3, 1]], "mode": "symmetric"}),
    ("ExpandDims", {"axis": (1, -1)}),
    ("Tile", {"repeats": [1, 2, 3, 1]}),
    *[("Repeat", {"repeats": 3, "axis": axis}) for axis in (1, -1)],
    *[("Flip", {"axis": axis}) for axis in (1, (1, -1))],
    ("Unstack", {"axis": -1}),
    ("Split", {"indices_or_sections": 2, "axis": -1}),
    ("Split", {"indices_or_sections": [2, 5], "axis": 1}),
]
ITEMS: list[Any] = [
    [slice(None), slice(None, None, -1), 0],
    [slice(None), slice(1, None), slice(None, -1, 2)],
    [..., slice(1, 3)],
    [slice(None), None, ..., -1],
    [slice(None), slice(4, None, -2), slice(None, 2, -1)],
]


def test_arrays_of_other_shapes_are_computed(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(2, 6, 8, 4)).astype(np.float32)
    for sides in ((6, 8), (None, None)):
        layers: list[Layer] = [Operation(name, (None,), options) for name, options in SHAPED_CASES]
        layers += [GetItem(items) for items in ITEMS]
        layers += [Normalization(mean=[1, 2, 3, 4], variance=[4, 9, 1, 2], invert=True)]
        layers += [InstanceNormalization(axis, groups=one) for axis in (1, -1) for one in (None, -1)
                   if axis == -1 or sides[0]]  # fmt: skip
        layers += [PixelUnshuffle(2, order) for order in ("crd", "dcr")]
        layers += [TimeDistributed(Dense(5, activation="relu"))]
        calls = [Call(InputLayer((*sides, 4))), *(Call(layer, (Source(0),)) for layer in layers)]
        model = Functional.from_calls(calls, [0], [Source(0)])
        outputs = [
            Source(number, output)
            for number in range(1, len(calls))
            for output in range(len(model.shapes_of(number)))
        ]
        check_one(Functional.from_calls(calls, [0], outputs), x, tmp_path)


@pytest.mark.parametrize("interpolation", METHODS)
def test_images_are_brought_to_other_sides(interpolation: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(2, 6, 8, 3)).astype(np.float32)
    for sides in ((3, 4), (6, 4), (9, 4), (9, 12)):
        for antialias in (False, True):
            layer = Resizing(*sides, interpolation=interpolation, antialias=antialias)
            for shape in ((6, 8, 3), (None, None, 3), (6, None, 3)):
                check_one(Sequential([InputLayer(shape), layer]), x, tmp_path)
        for crop in (False, True):
            layer = Resizing(*sides, interpolation, crop, not crop, fill_value=0.5)
            check_one(Sequential([InputLayer((6, 8, 3)), layer]), x, tmp_path)
        check_one(Sequential([InputLayer((6, 8, 3)), CenterCrop(*sides)]), x, tmp_path)


@pytest.mark.parametrize("dtype", TYPES)
def test_statistics_of_a_batch_are_computed(dtype: str, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(3, 6, 8, 4)).astype(np.float32)
    for axis in (1, -1):
        calls = [Call(InputLayer((6, 8, 4))), Call(Conv2D(4, 3, dtype=dtype), (Source(0),))]
        calls.append(Call(BatchNormalization(axis, dtype=dtype), (Source(1),), training=True))
        check_one(Functional.from_calls(calls, [0], [Source(2)]), x, tmp_path)


# --- random graphs


@pytest.mark.parametrize("seed", range(choose(2, 20)))
def test_random_graphs_are_computed_alike(seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    tried = 0
    while tried < 40:
        shape = tuple(int(side) for side in random.choice([4, 6, 8, 12], 3))
        model = _random_graph(random, shape)
        if model is not None:
            check_one(model, random.normal(size=(2, *shape)).astype(np.float32), tmp_path)
            tried += 1


def _random_graph(random: np.random.Generator, shape: tuple[int, ...]) -> Model | None:
    """Return a model of a few layers, each on the one before, and of merges; or None."""
    dtype = str(random.choice(TYPES))
    calls, ends = [Call(InputLayer(shape))], [0]
    for _ in range(4):
        try:
            made = [Call(_random_layer(random, dtype), (Source(ends[-1]),))]
        except UpsampError:
            continue
        if random.random() < 0.4:
            merge = str(random.choice(["Add", "Multiply", "Maximum", "Average", "Concatenate"]))
            other = Source(int(random.choice(ends)))
            made.append(Call(LAYERS[merge](dtype=dtype), (Source(len(calls)), other)))
        try:
            Functional.from_calls([*calls, *made], [0], [Source(len(calls) + len(made) - 1)])
        except UpsampError:
            continue
        calls += made
        ends.append(len(calls) - 1)
    sides = [None if random.random() < 0.5 else side for side in shape[:2]]
    for head in (InputLayer((*sides, shape[2])), InputLayer(shape)):
        try:
            return Functional.from_calls([Call(head), *calls[1:]], [0], [Source(ends[-1])])
        except UpsampError:
            continue
    return None


def _random_layer(random: np.random.Generator, dtype: str) -> Layer:
    """Return one layer on images, whose arguments may not fit."""

    def pair(least: int, most: int) -> list[int]:
        return [int(one) for one in random.integers(least, most + 1, 2)]

    def one_of(*values: Any) -> Any:
        return values[random.integers(len(values))]

    layout = one_of("channels_last", "channels_first")
    window = {"kernel_size": pair(1, 4), "strides": pair(1, 4), "dilation_rate": pair(1, 2)}
    window |= {"padding": one_of("valid", "same", (pair(0, 2), pair(0, 2)))}
    pool = {"pool_size": pair(1, 4), "strides": pair(1, 4), "padding": one_of("valid", "same")}
    drawn = {"gamma_initializer": "random_normal", "beta_initializer": "random_normal"}
    interpolation = one_of(*METHODS)
    choices: dict[str, dict[str, Any]] = {
        "Conv2D": {"filters": 4, "groups": one_of(1, 2), "activation": "relu", **window},
        "Conv2DTranspose": {"filters": 4, "output_padding": one_of(None, pair(0, 4)), **window},
        "DepthwiseConv2D": {"depth_multiplier": one_of(1, 2), **window},
        "SeparableConv2D": {"filters": 3, "activation": "softmax", **window},
        "MaxPooling2D": pool,
        "AveragePooling2D": pool,
        "GlobalAveragePooling2D": {"keepdims": True},
        "UpSampling2D": {"size": pair(1, 4), "interpolation": interpolation},
        "Resizing": {"height": 14, "width": 13, "interpolation": interpolation},
        "Cropping2D": {"cropping": (pair(0, 1), pair(0, 1))},
        "ZeroPadding2D": {"padding": (pair(0, 2), pair(0, 2))},
        "PixelShuffle": {"upscale_factor": 2, "order": one_of("crd", "dcr")},
        "BatchNormalization": {"axis": one_of(1, 2, 3), **drawn},
        "LayerNormalization": {"axis": one_of(-1, (1, 2), (3, 1)), **drawn},
        "GroupNormalization": {"groups": one_of(1, 2, -1), "axis": one_of(1, -1), **drawn},
        "UnitNormalization": {"axis": one_of(-1, (1, 2))},
        "Softmax": {"axis": one_of(-1, 1, (1, 2))},
        "PReLU": {"alpha_initializer": "random_normal", "shared_axes": one_of(None, (1, 2))},
        "ReLU": {"max_value": one_of(None, 1.5), "negative_slope": 0.1, "threshold": 0.2},
        "Permute": {"dims": one_of((3, 1, 2), (2, 3, 1), (2, 1, 3))},
        "Dense": {"units": 4, "activation": "tanh"},
        "Activation": {"activation": one_of("sparsemax", "gelu", "log_softmax")},
    }
    name = one_of(*choices)
    config = choices[name]
    if "data_format" in LAYERS[name](**config).get_config():
        config["data_format"] = layout
    return LAYERS[name](**config, dtype=dtype)
