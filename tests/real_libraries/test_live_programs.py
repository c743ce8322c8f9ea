"""Whole models as programs of PyTorch, Keras and JAX, run there: they compute the same numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import choose, in_one_test, sample
from golden_files import GoldenModel, golden_models, goldens_of, model_file
from program_runs import check_program, outputs_of, run_program
from real_libraries import test_live_models

from upsamp import Functional, Model, Sequential, load_model, make_generator
from upsamp.core.activations import ACTIVATIONS, LAYER_ACTIVATIONS
from upsamp.core.policies import normalize_policy
from upsamp.core.upsampling.methods import METHODS
from upsamp.errors import UnknownLayerError
from upsamp.layers import (
    LAYERS,
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    CenterCrop,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Identity,
    InputLayer,
    InstanceNormalization,
    Layer,
    LayerNormalization,
    Maximum,
    MaxPooling2D,
    Multiply,
    Normalization,
    Permute,
    PixelShuffle,
    PixelUnshuffle,
    PReLU,
    ReLU,
    Rescaling,
    Resizing,
    SeparableConv2D,
    Softmax,
    SpectralNormalization,
    Subtract,
    TimeDistributed,
    UnitNormalization,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.layers.get_item import GetItem
from upsamp.layers.operation import COMPARISONS, OPERATIONS, Operation
from upsamp.models.export.programs import WRITERS
from upsamp.models.graph import Call, Source

# Keras and JAX cause it themselves, where they make arrays of their own.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

each_library = pytest.mark.parametrize("library", WRITERS)
MODELS = [one for one in golden_models() if one.runs]


def noise(*shape: int, seed: int = 0) -> Any:
    """Return noise in float32."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@each_library
@pytest.mark.parametrize("golden", sample(MODELS, 3), ids=str)
def test_a_golden_model_is_computed_by_its_program(
    library: str, golden: GoldenModel, tmp_path: Path
) -> None:
    model = load_model(model_file(golden.files[0]))
    for layer in model.layers:
        if layer.dtype == np.float16:
            layer.dtype_policy = normalize_policy("float32")  # as the program says
    names = [layer.name for layer in model.input_layers]
    inputs = [*golden.inputs.values()]
    if set(names) == set(golden.inputs):
        inputs = [golden.inputs[name] for name in names]
    check_program(model, library, inputs, tmp_path)


# Each is compiled anew in JAX.
CASES = [*goldens_of("layers")[:: choose(3, 1)]]
for collection in ("upsampling", "transposed_convolution", "convolution"):
    CASES += goldens_of(collection)[:: choose(29, 1)]


@each_library
@pytest.mark.parametrize("name", sample(test_live_models.LARGER, 4))
def test_a_larger_model_is_computed_by_its_program(name: str, library: str, tmp_path: Path) -> None:
    zoo, settings = test_live_models.model_zoo, test_live_models.LARGER[name]
    model = zoo.fill(zoo.ZOO[name](test_live_models.keras, **settings))
    inputs = test_live_models.inputs_of(model)
    model.save(tmp_path / "model.keras")
    check_program(load_model(tmp_path / "model.keras"), library, inputs, tmp_path)


@each_library
def test_a_layer_of_the_goldens_is_computed_by_its_program(library: str, tmp_path: Path) -> None:
    tried, refused = 0, list[str]()
    for case in CASES:
        layer = LAYERS[case.layer].from_config(dict(case.config))
        if hasattr(layer, "merge") or case.x.dtype == np.uint8:
            continue
        model = Sequential([InputLayer(case.x.shape[1:]), layer])
        layer.set_weights(case.weights)
        try:
            check_program(model, library, [case.x], tmp_path)
        except UnknownLayerError:
            refused.append(case.layer)
        except Exception as error:
            error.add_note(case.name)
            raise
        tried += 1
    assert tried > choose(50, 500)
    assert set(refused) <= ({"Conv2DTranspose", "UpSampling2D"} if library == "keras" else set())


@each_library
def test_every_activation_is_what_it_is_here(library: str, tmp_path: Path) -> None:
    kinds: list[Any] = [name for name in ACTIVATIONS if name != "linear"]
    kinds += [{"class_name": name, "config": {}} for name in LAYER_ACTIVATIONS]
    kinds.append({"class_name": "ReLU", "config": {"max_value": 0.0, "threshold": 0.5}})
    kinds.append({"class_name": "ReLU", "config": {"max_value": 1.0, "negative_slope": 0.5}})
    kinds.append({"class_name": "Softmax", "config": {"axis": [1, -1]}})
    image = InputLayer((3, 4, 2))
    layers: list[Layer] = [Conv2D(5, 2, activation=one) for one in kinds]
    layers += [Activation(one) for one in kinds]
    calls = [Call(image), *(Call(layer, (Source(0),)) for layer in layers)]
    model = Functional.from_calls(calls, [0], [Source(number) for number in range(1, len(calls))])
    check_program(model, library, [noise(2, 3, 4, 2) * 3], tmp_path)


# --- graphs


def one_after_another(*layers: Layer) -> Sequential:
    """Return the layers as a model, its weights such as training gives them."""
    model = Sequential([*layers])
    fill(model)
    return model


def fill(model: Model) -> None:
    """Set all weights to such as training gives them: variances are positive."""
    random = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, Model):
            fill(layer)
        else:
            lowest = {"moving_variance": 0.2, "variance": 0.2}
            layer.set_weights(
                [random.uniform(lowest.get(one.name, -1), 1, one.shape) for one in layer.weights]
            )


FIRST = {"data_format": "channels_first"}


def channels_first() -> list[Layer]:
    """Return layers on images whose channels come first, and what comes after them."""
    return [
        InputLayer((2, 7, 6)),
        Conv2D(4, 3, 2, "same", activation="softmax", **FIRST),
        BatchNormalization(1),
        PReLU(shared_axes=[2, 3]),
        Conv2DTranspose(6, 3, 2, "same", **FIRST),
        LayerNormalization(axis=[1, 2]),
        GroupNormalization(3, axis=1),
        DepthwiseConv2D(2, depth_multiplier=2, **FIRST),
        SeparableConv2D(8, 3, padding="same", **FIRST),
        PixelShuffle(2, **FIRST),
        UpSampling2D((2, 3), interpolation="bicubic", **FIRST),
        Cropping2D(((1, 0), (0, 2)), **FIRST),
        ZeroPadding2D(((0, 1), (2, 0)), **FIRST),
        MaxPooling2D(2, 3, "same", **FIRST),
        AveragePooling2D(3, 2, "same", **FIRST),
        Dense(3, activation="log_softmax"),
        Flatten(**FIRST),
    ]


def channels_last() -> list[Layer]:
    """Return layers along axes that libraries have in other places."""
    return [
        InputLayer((7, 6, 2)),
        Dense(3),
        Softmax(axis=[1, 2]),
        PReLU(),
        Permute((3, 1, 2)),
        Permute((2, 3, 1)),
        UnitNormalization(axis=[1, 3]),
        LayerNormalization(axis=[1, 3], scale=False),
        BatchNormalization(2),
        SpectralNormalization(Conv2D(4, 3, 2, "same", kernel_initializer="he_normal")),
        Rescaling([0.5, 1.0, 2.0, -1.0], [0.0, 1e-7, 2.5, 1.0]),
        Normalization(mean=[0.1, 0.2, -0.3, 0.4], variance=[4.0, 0.5, 0.0625, 0.1]),
        Normalization(None, mean=0.25, variance=0.3, invert=True),
        Resizing(9, 11, "nearest"),
        Conv2DTranspose(4, 4, 3, "same", output_padding=1),
        GroupNormalization(-1, scale=False),
        ReLU(2.0, 0.25, 0.125),
        PixelShuffle(2, "dcr"),
        Dropout(0.5),
        Identity(),
    ]


@each_library
@in_one_test("layers", [channels_first, channels_last])
def test_a_chain_of_layers_is_computed(
    library: str, layers: Callable[[], list[Layer]], tmp_path: Path
) -> None:
    model = one_after_another(*layers())
    check_program(model, library, [noise(2, *model.input_shape[1:])], tmp_path)


@each_library
@in_one_test("interpolation", METHODS)
def test_images_of_any_size_are_computed(library: str, interpolation: str, tmp_path: Path) -> None:
    if library == "keras" and "keras" not in METHODS[interpolation].keras:
        return
    layers = [
        InputLayer((None, None, 3)),
        Conv2D(4, 3, 2, "same", activation="relu"),
        DepthwiseConv2D(3, 3, "same"),
        UpSampling2D((2, 3), interpolation=interpolation),
        Conv2DTranspose(8, 5, 2, "same"),
        MaxPooling2D(3, 2, "same"),
        AveragePooling2D(2, 3, "same"),
        PixelShuffle(2),
    ]
    model = one_after_another(*layers)
    for sides in ((13, 12), (16, 21)):
        check_program(model, library, [noise(1, *sides, 3)], tmp_path)
    assert run_program(model, library, [], tmp_path)[0].shape == model.compute_output_shape(
        (1, 32, 32, 3)
    )


def of_merges() -> Model:
    """Return a model that merges arrays of several ranks, and passes one on."""
    image, row, vector = InputLayer((4, 5, 3)), InputLayer((1, 5, 3)), InputLayer((3,))
    wide = Conv2D(3, 3, padding="same")
    calls = [Call(image), Call(row), Call(vector), Call(wide, (Source(0),))]
    sources = (Source(0), Source(3), Source(1))
    calls += [
        Call(Add(), sources),
        Call(Multiply(), (Source(2), Source(3))),
        Call(Maximum(), (Source(3), Source(2), Source(0))),
        Call(Subtract(), (Source(1), Source(3))),
        Call(Concatenate(axis=2), (Source(0), Source(3))),
        Call(Concatenate(), (Source(4), Source(5), Source(6), Source(7))),
        Call(Identity(), (Source(3),)),
        Call(GlobalAveragePooling2D(keepdims=True), (Source(10),)),
        Call(GlobalMaxPooling2D(), (Source(9),)),
    ]
    outputs = [Source(number) for number in (9, 8, 10, 11, 12, 3, 0, 9)]
    return Functional.from_calls(calls, [0, 1, 2], outputs)


def of_nested() -> Model:
    """Return a model with one that is called on two sizes, and has two inputs and two outputs."""
    one, other = InputLayer((None, None, 2)), InputLayer((2,))
    body = Conv2D(2, 3, 2, "same", activation="tanh")
    calls = [Call(one), Call(other), Call(body, (Source(0),)), Call(body, (Source(2),))]
    calls += [Call(Add(), (Source(3), Source(1)))]
    inner = Functional.from_calls(calls, [0, 1], [Source(4), Source(2)], "body")
    chain = Sequential([InputLayer((None, None, 2)), Conv2D(2, 1, name="c"), Identity()], "class")
    image, vector = InputLayer((9, 8, 2)), InputLayer((2,))
    calls = [Call(image), Call(vector), Call(inner, (Source(0), Source(1)))]
    calls += [Call(chain, (Source(2, 1),)), Call(inner, (Source(3), Source(1)))]
    calls += [Call(chain, (Source(4, 1),))]
    return Functional.from_calls(calls, [0, 1], [Source(2), Source(4), Source(5), Source(3)])


def of_labels() -> Model:
    """Return a model that looks up integers, and computes with them."""
    label, noise_ = InputLayer((1,), dtype="int32"), InputLayer((4,))
    calls = [Call(label), Call(noise_), Call(Embedding(5, 4), (Source(0),))]
    calls += [Call(Flatten(), (Source(2),)), Call(Multiply(), (Source(3), Source(1)))]
    calls += [Call(Dense(3), (Source(4),)), Call(Rescaling(0.5), (Source(0),))]
    return Functional.from_calls(calls, [1, 0], [Source(5), Source(6)])


OPTIONS: dict[str, list[dict[str, Any]]] = {
    "Clip": [{"x_min": 0.25, "x_max": 0.5}],
    "LeakyRelu": [{"negative_slope": 0.5}, {}],
    "Gelu": [{}, {"approximate": False}],
    "Cast": [{"dtype": one} for one in ("int32", "bool", "float16", "float32")],
    "Round": [{}, {"decimals": 2}],
    **{
        name: [{"axis": [1, -2]}, {"axis": -1, "keepdims": True}]
        for name in ("Mean", "Sum", "Var", "Std", "Max", "Amax", "Min", "Amin")
    },
    "Pad": [
        {"pad_width": [[0, 0], [1, 2], [0, 1], [0, 0]], "constant_values": 0.5},
        {"pad_width": [[0, 0], [1, 2], [2, 1], [0, 0]], "mode": "reflect"},
        {"pad_width": [[0, 0], [1, 2], [2, 1], [1, 0]], "mode": "symmetric"},
    ],
    "ExpandDims": [{"axis": 1}, {"axis": [-1, 2]}],
    "Tile": [{"repeats": [2, 1, 3]}, {"repeats": 2}],
    "Repeat": [{"repeats": 2, "axis": -2}],
    "Flip": [{"axis": [1, 3]}, {"axis": 2}],
    "Unstack": [{"axis": -1}],
    "Split": [{"indices_or_sections": 2, "axis": 2}, {"indices_or_sections": [1, 3], "axis": 2}],
}
BINARY = ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum", "Power")
BINARY = (*BINARY, "FloorDivide", "Mod", *COMPARISONS)


def of_operations() -> Model:
    """Return a model of every operation, whose operands are numbers too."""
    image = InputLayer((3, 4, 2))
    calls = [Call(image), Call(Activation("sigmoid"), (Source(0),))]
    calls.append(Call(Conv2D(2, 1, activation="softplus"), (Source(1),)))
    several = {"Squeeze", "Stack", "Where", "Matmul", *BINARY}
    for name in sorted(set(OPERATIONS) - several):
        ways = [Operation(name, (None,), options) for options in OPTIONS.get(name, [{}])]
        calls += [Call(one, (Source(2),)) for one in ways]
    for name in BINARY:
        calls.append(Call(Operation(name, (None, None)), (Source(2), Source(1))))
        calls.append(Call(Operation(name, (0.5, None)), (Source(2),)))
        calls.append(Call(Operation(name, (None, [1.5, 0.25])), (Source(2),)))
    calls.append(Call(Operation("Less", (None, 0.7)), (Source(1),)))
    chosen = (Source(len(calls) - 1), Source(1), Source(2))
    calls.append(Call(Operation("Where", (None, None, None)), chosen))
    calls.append(Call(Operation("Where", (None, 0.5, [1.5, 2.5])), chosen[:1]))
    calls.append(Call(Operation("Matmul", (None, [[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]])), chosen[2:]))
    calls.append(Call(Operation("ExpandDims", (None,), {"axis": -1}), chosen[2:]))
    calls.append(Call(Operation("ExpandDims", (None,), {"axis": -2}), chosen[2:]))
    both = (Source(len(calls) - 2), Source(len(calls) - 1))
    calls.append(Call(Operation("Matmul", (None, None)), both))
    calls.append(Call(Operation("Stack", (None, None), {"axis": -2}), (Source(1), Source(2))))
    calls.append(Call(Operation("ExpandDims", (None,), {"axis": 2}), (Source(2),)))
    calls.append(Call(Operation("Squeeze", (None,)), (Source(len(calls) - 1),)))
    calls.append(Call(GetItem([slice(None), slice(None, None, 2), ..., 1]), (Source(2),)))
    parts = ("Split", "Unstack")
    outputs = [
        Source(number, one)
        for number, call in enumerate(calls)
        if number
        for one in range(2 if call.layer.type_name in parts else 1)
    ]
    return Functional.from_calls(calls, [0], outputs)


GRAPHS: list[Callable[[], Model]] = [of_merges, of_nested, of_labels, of_operations]


@each_library
@pytest.mark.parametrize("make", GRAPHS, ids=lambda make: make.__name__)
def test_a_graph_is_computed(library: str, make: Callable[[], Model], tmp_path: Path) -> None:
    model = make()
    fill(model)
    inputs = [
        np.array([[3], [1]], np.int32)
        if layer.input_dtype.kind == "i"  # type: ignore[attr-defined]
        else noise(2, *shape[1:])  # type: ignore[arg-type]
        for layer, shape in zip(model.input_layers, model.input_shapes, strict=True)
    ]
    check_program(model, library, inputs, tmp_path)


def of_real_files() -> list[Layer]:
    """Return layers that are no tutorial's."""
    return [
        Normalization(axis=(-1, 1)),
        Normalization(invert=True),
        CenterCrop(3, 4),
        PixelUnshuffle(2),
        PixelUnshuffle(2, "dcr"),
        InstanceNormalization(-1, groups=-1, epsilon=1e-3),
        InstanceNormalization(1),
        InstanceNormalization(),
        TimeDistributed(Dense(2, activation="relu")),
        CenterCrop(8, 5),
        Resizing(3, 11),
        Resizing(4, 5, antialias=True),
        Resizing(4, 8, "area"),
        Resizing(3, 5, "bicubic", antialias=True),
        Resizing(9, 5, "lanczos3", crop_to_aspect_ratio=True),
        Resizing(9, 5, "nearest", pad_to_aspect_ratio=True, fill_value=0.5),
    ]


@each_library
def test_layers_of_real_files_are_computed_or_refused(library: str, tmp_path: Path) -> None:
    refused = []
    for layer in of_real_files():
        model = one_after_another(InputLayer((6, 8, 3)), layer)
        try:
            check_program(model, library, [noise(2, 6, 8, 3)], tmp_path)
        except UnknownLayerError:
            refused.append(layer.type_name)
    assert refused == (["Resizing"] if library == "keras" else [])  # which has no area


@each_library
def test_images_of_open_sides_shrink(library: str, tmp_path: Path) -> None:
    for layer in (Resizing(5, 7), Resizing(5, 7, "bicubic", antialias=True)):
        model = one_after_another(InputLayer((None, None, 2)), layer)
        for sides in ((9, 8), (4, 12)):
            check_program(model, library, [noise(1, *sides, 2)], tmp_path)


@each_library
def test_layers_on_each_step_are_computed(library: str, tmp_path: Path) -> None:
    wrapped: list[Layer] = [Conv2D(4, 3, 2, activation="relu"), BatchNormalization()]
    wrapped += [MaxPooling2D(2), Dropout(0.5), Flatten(), Dense(3)]
    layers = map(TimeDistributed, wrapped)
    model = one_after_another(InputLayer((3, 9, 8, 2)), *layers)
    check_program(model, library, [noise(2, 3, 9, 8, 2)], tmp_path)


@each_library
def test_the_statistics_of_the_batch_are_computed(library: str, tmp_path: Path) -> None:
    """As in every pix2pix: there is one value for each channel, too."""
    calls = [Call(InputLayer((4, 4, 3))), Call(Conv2D(5, 4), (Source(0),))]
    for source, axis in ((0, -1), (0, 2), (1, -1)):
        normal = BatchNormalization(axis, scale=source == 0)
        calls.append(Call(normal, (Source(source),), training=True))
    model = Functional.from_calls(calls, [0], [Source(2), Source(3), Source(4)])
    fill(model)
    for count in (1, 3):
        check_program(model, library, [noise(count, 4, 4, 3)], tmp_path)


# --- names, and what the program draws


@each_library
def test_names_that_mean_something_to_the_library_do_no_harm(library: str, tmp_path: Path) -> None:
    names = [
        "forward",
        "class",
        '"; x = 1 #',
        "a/b",
        "x",
        "model",
        "train",
        "слой",
        "F",
        "__init__",
    ]
    model = one_after_another(InputLayer((3,)), *(Dense(3, name=name) for name in names))
    check_program(model, library, [noise(2, 3)], tmp_path)


@each_library
def test_models_within_models_of_the_same_name_are_computed(library: str, tmp_path: Path) -> None:
    model = Sequential([InputLayer((3,)), Dense(3, name="same")], name="same")
    for name in ("same", "x_2", "s-ame"):
        model = Sequential([InputLayer((3,)), model, Dense(3, name="other")], name=name)
    check_program(model, library, [noise(2, 3)], tmp_path)


def test_the_public_names_of_a_module_are_known() -> None:
    import torch

    from upsamp.models.export.torch_program import RESERVED

    module = torch.nn.Module()
    public = {name for name in dir(module) if not name.startswith("_")}
    assert public <= RESERVED


@each_library
def test_the_input_is_drawn_where_none_is_given(library: str, tmp_path: Path) -> None:
    model = make_generator("upsampling", latent=5)
    (y,) = run_program(model, library, [], tmp_path)
    x = np.random.default_rng(0).standard_normal((1, 5)).astype(np.float32)
    np.testing.assert_allclose(y, outputs_of(model, [x])[0], rtol=1e-5, atol=1e-6)
    assert y.shape == (1, 10, 10, 1)


def test_what_keras_leaves_out_has_the_same_default_there() -> None:
    import inspect

    import keras

    from upsamp.models.export.keras_program import LEFT_OUT, NOT_SAID, SAME, USUAL

    for name in SAME:
        ours = inspect.signature(LAYERS[name].__init__).parameters
        theirs = inspect.signature(getattr(keras.layers, name).__init__).parameters
        for option, parameter in ours.items():
            if option in NOT_SAID or option.endswith(LEFT_OUT) or option not in theirs:
                continue
            there = theirs[option].default
            assert parameter.default in (there, USUAL.get(option, there)), (name, option)
