"""Every public function, class and method, each with right arguments for all that it takes."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from layers.layer_cases import CASES, Case

import upsamp
from upsamp import layers, translate
from upsamp.core import activations, initializers, latent, pooling, shuffle
from upsamp.core.convolution import convolve
from upsamp.core.geometry import size_solver
from upsamp.core.kernels import fit, presets
from upsamp.core.upsampling import resample
from upsamp.layers.merge_layer import MergeLayer
from upsamp.models import expression
from upsamp.models.files.loading import model_from_config
from upsamp.models.graph import Call, Source

__all__ = ["CALLBACKS", "PublicCall", "function_calls", "layer_calls", "model_calls"]

# Functions of the caller's own: what they raise is theirs.
CALLBACKS = ("finish", "print_fn")
# What every layer takes besides its own arguments.
COMMON: dict[str, Any] = {
    "name": None,
    "dtype": "float32",
    "trainable": True,
    "kernel_regularizer": None,
    "input_shape": None,
    "batch_input_shape": None,
    "input_dim": None,
    "lora_rank": None,
}
WITHOUT_ARGUMENTS = ("get_weights", "count_params", "get_config")


class PublicCall(NamedTuple):
    """What is called by the names of its arguments, and right values for them."""

    name: str
    function: Callable[..., object]
    right: dict[str, Any]


def call_of(function: Callable[..., object], **right: Any) -> PublicCall:
    """Return a call with these arguments, and with the defaults of all others."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    return PublicCall(function.__qualname__, function, {**defaults, **right})


def method_of(make: Callable[[], Any], method: str, **right: Any) -> PublicCall:
    """Return a call of a method of an object that is made anew for each call."""

    def run(**arguments: Any) -> object:
        result = getattr(make(), method)(**arguments)
        return [*result] if inspect.isgenerator(result) else result

    return call_of(getattr(make(), method), **right)._replace(function=run)


# --- functions


def function_calls() -> Iterator[PublicCall]:
    """Yield the functions of arrays, integers and text."""
    image, kernel, small = [[1.0, 2.0], [3.0, 4.0]], np.ones((3, 3, 1, 1)), np.ones((4, 4))
    yield call_of(resample.upsample, x=image)
    yield call_of(resample.resize, x=image, size=(3, 3))
    yield call_of(convolve.conv2d, x=np.ones((5, 5)), kernel=kernel)
    yield call_of(convolve.conv2d_transpose, x=image, kernel=kernel)
    yield call_of(shuffle.depth_to_space, x=np.ones((2, 2, 4)))
    yield call_of(shuffle.space_to_depth, x=np.ones((2, 2, 4)))
    yield call_of(pooling.max_pool, x=small, pool_size=2)
    yield call_of(pooling.average_pool, x=small, pool_size=2)
    yield call_of(latent.interpolate_points, a=[1.0, 0.0], b=[0.0, 1.0], steps=3)
    pair = {"small": small, "large": np.ones((8, 8))}
    yield call_of(fit.fit_kernel, pairs=[tuple(pair.values())], kernel_size=4, strides=2)
    learnt = {"kernel": np.ones((4, 4, 1, 1)), "strides": 2, "padding": "same", "peak": 255}
    yield call_of(fit.compare_methods, **pair, **learnt)
    yield call_of(fit.psnr, actual=image, expected=[[1.0, 2.0], [3.0, 5.0]], peak=255)
    yield call_of(fit.box_downsample, large=small, strides=2)
    yield call_of(presets.make_kernel, name="bilinear", shape=(3, 3, 1, 1))
    yield call_of(size_solver.solve_layer, size=7, target=14)
    yield call_of(size_solver.solve_chain, size=7, target=28)
    yield call_of(size_solver.nearest_targets, size=256, target=300)
    yield call_of(activations.get_activation, value="relu")
    yield call_of(initializers.get_initializer, value="zeros")
    yield call_of(expression.parse_layer, text="Dense(3)")
    yield call_of(expression.parse_layers, text="Dense(3)")
    yield call_of(expression.parse_shape, text="2,2")
    yield call_of(translate.parse_torch, text="nn.Upsample(scale_factor=2)")
    yield call_of(translate.array_source, array=small, shape=(16,))
    convolution: dict[str, Any] = {"input_shape": (1, 2, 2, 1), "kernel_shape": (3, 3, 1, 1)}
    yield call_of(translate.TransposedConvolution.of, **convolution)
    yield call_of(translate.Upsampling.of, input_shape=(1, 2, 2, 1), size=(4, 4))
    yield call_of(
        translate.transposed_convolution_program,
        settings=translate.TransposedConvolution.of(**convolution),
        library="torch",
        x="x",
        kernel="kernel",
    )
    upsampling = translate.Upsampling.of((1, 2, 2, 1), (4, 4))
    yield call_of(translate.upsampling_program, settings=upsampling, library="torch", x="x")


# --- models


def chain() -> upsamp.Sequential:
    """Return a small Sequential model."""
    return upsamp.Sequential([layers.Dense(3, input_dim=2), layers.Activation("relu")])


def graph() -> upsamp.Functional:
    """Return a small functional model."""
    calls = [Call(layers.InputLayer((2,))), Call(layers.Dense(3, name="dense"), (Source(0),))]
    return upsamp.Functional.from_calls(calls, [0], [Source(1)])


def graph_of(layer: Any, sources: Any, node: Any, call: Any, output: Any) -> object:
    """Return a functional model whose parts are these."""
    calls = [Call(layers.InputLayer((2,))), Call(layer, sources, node)]
    return upsamp.Functional.from_calls(calls, [0], [Source(call, output)])


def write_picture(path: Path, **fields: Any) -> None:
    """Write a picture that a caller made."""
    upsamp.write(path, upsamp.Picture(**fields), overwrite=True)


def model_calls(folder: Path) -> Iterator[PublicCall]:
    """Yield models and what they do: those that are built, and those that are empty."""
    file, other = folder / "model.keras", folder / "other.keras"
    chain().save(file)
    config = {"class_name": "Sequential", "config": chain().get_config()}
    yield call_of(upsamp.load_model, path=file)
    yield call_of(upsamp.load_model, path=file, weights=file)
    yield call_of(model_from_config, config=config)
    image, small, large = folder / "image.png", folder / "small.png", folder / "large.png"
    upsamp.write(small, [[1, 2], [3, 4]], overwrite=True)
    yield call_of(upsamp.write, path=image, x=[[1, 2]], overwrite=True)
    yield call_of(upsamp.read, path=small)
    yield call_of(upsamp.enlarge_file, source=small, target=large, overwrite=True)
    picture = upsamp.Picture(np.zeros((2, 2), np.uint8), "L")
    right = {"pixels": picture.pixels, "mode": "L"}
    yield PublicCall("Picture", partial(write_picture, image), right)
    yield method_of(lambda: picture, "with_pixels", pixels=picture.pixels)
    yield call_of(upsamp.make_generator)
    yield call_of(upsamp.Sequential, layers=[])
    calls = [Call(layers.InputLayer((2,))), Call(layers.Dense(2), (Source(0),))]
    yield call_of(upsamp.Functional.from_calls, calls=calls, inputs=[0], outputs=[Source(1)])
    start = layers.Input((2,))
    yield call_of(upsamp.Model, inputs=start, outputs=layers.Dense(2)(start))
    sources = (Source(0),)
    yield call_of(graph_of, layer=layers.Dense(2), sources=sources, node=0, call=1, output=0)
    yield method_of(chain, "add", layer=layers.Dense(3))
    x, silent = np.ones((2, 2)), {"print_fn": str}
    for make in (chain, graph, upsamp.Sequential):
        yield method_of(make, "predict", x=x)
        yield method_of(make, "predict_batches", x=x)
        yield method_of(make, "__call__", inputs=x)
        yield method_of(make, "call", x=x)
        yield method_of(make, "summary", **silent)
        yield method_of(make, "summarize", columns=("layer", "output_shape", "multiply_adds"))
        yield method_of(make, "build", input_shape=(None, 2))
        yield method_of(make, "compute_output_shape", input_shape=(None, 2))
        yield method_of(make, "get_layer", name="dense")
        yield method_of(make, "set_weights", weights=[np.ones((2, 3)), np.ones(3)])
        yield method_of(make, "save", path=other, overwrite=True)
        yield method_of(make, "from_config", config=config["config"])
        for method in (*WITHOUT_ARGUMENTS, "to_json"):
            yield method_of(make, method)


# --- layers


def make_and_run(case: Case, **arguments: Any) -> None:
    """Make a layer, and do all that it does: what it took must not fail later."""
    made = {key: v() if isinstance(v, partial) else v for key, v in arguments.items()}
    layer, x = case.layer(**made), case.batch()
    layer(x)
    layer.call(x)
    layer.from_config(layer.get_config())
    for method in WITHOUT_ARGUMENTS:
        getattr(layer, method)()


def built(case: Case) -> layers.Layer:
    """Return the layer of a case, built."""
    layer = case.make()
    layer.build((None, *case.sample))
    return layer


def layer_calls() -> Iterator[PublicCall]:
    """Yield the layers and what they do: those that are built, and those that are not."""
    for case in {case.layer: case for case in CASES}.values():
        right = call_of(case.layer, **case.arguments).right
        name, shape = case.layer.__name__, (None, *case.sample)
        yield PublicCall(name, partial(make_and_run, case), {**COMMON, **right})
        for make in (partial(built, case), case.make):
            yield method_of(make, "__call__", inputs=case.batch())
            yield method_of(make, "call", x=case.batch())
            yield method_of(make, "build", input_shape=shape)
            yield method_of(make, "compute_output_shape", input_shape=shape)
            yield method_of(make, "set_weights", weights=case.values())
            yield method_of(make, "from_config", config=case.make().get_config())
            yield method_of(make, "weight", name="kernel")
            for method in WITHOUT_ARGUMENTS:
                yield method_of(make, method)
    yield call_of(layers.Input, shape=(2,))
    unknown: dict[str, Any] = {"class_name": "Mine", "module": None, "config": {}, "reason": ""}
    yield call_of(layers.UnknownLayer, **unknown)
    yield method_of(layers.Layer, "__call__", inputs=[[1.0]])
    yield method_of(layers.Layer, "call", x=[[1.0]])
    for name in layers.__all__:
        layer = getattr(layers, name)
        if isinstance(layer, type) and issubclass(layer, MergeLayer):
            yield PublicCall(name, layer, COMMON)
            yield method_of(layer, "__call__", inputs=[[[1.0]], [[2.0]]])
            yield method_of(layer, "call", x=[[1.0]])
            yield method_of(layer, "build", input_shape=(None, 2))
            yield method_of(layer, "compute_output_shape", input_shape=(None, 2))
    yield call_of(layers.Concatenate)
