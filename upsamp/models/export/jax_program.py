"""Models as programs of JAX: a pure function `predict(weights, x)`.

Images are (N, H, W, C) in every layer that is for images, which is Keras' own order by default.
"""

from collections.abc import Callable, Mapping
from typing import Any

from upsamp.models.export.arithmetic import arithmetic, chosen, clipped, concatenated, joined, leaky
from upsamp.models.export.array_operations import (
    array_operations,
    cast,
    gelu,
    get_item,
    rounded,
)
from upsamp.models.export.jax_functions import FUNCTIONS, NEEDS
from upsamp.models.export.jax_images import (
    center_crop,
    cropping,
    flatten,
    global_pooling,
    permute,
    pixel_shuffle,
    pixel_unshuffle,
    pooling,
    repeat_vector,
    rescaling,
    reshape,
    resizing,
    upsampling,
    zero_padding,
)
from upsamp.models.export.jax_layers import (
    activate,
    batch_normalization,
    convolution,
    dense,
    depthwise,
    elu,
    embedding,
    group_normalization,
    instance_normalization,
    layer_normalization,
    leaky_relu,
    normalization,
    prelu,
    rectify,
    separable,
    softmax,
    spectral,
    thresholded,
    transposed,
    unit_normalization,
)
from upsamp.models.export.jax_operations import SIGNS, WORDS
from upsamp.models.export.program import (
    UNCHANGED,
    Function,
    Library,
    Record,
    Step,
    write_functions,
)
from upsamp.models.export.program_parts import (
    MOMENTS,
    POOLING,
    RESIZING,
    WINDOW,
    draw_inputs,
    helper_lines,
    same,
    time_distributed,
)
from upsamp.models.export.source_text import call, quote
from upsamp.models.model import Model

# What the program itself names: no nested model may be called so.
RESERVED = frozenset(
    [
        "np",
        "jnp",
        "jax",
        "sys",
        "load_file",
        "weights",
        "random",
        "predict",
        "x",
        "y",
        "print",
        "len",
        "zip",
        "enumerate",
        "range",
    ]
) | frozenset(FUNCTIONS)


# --- the table


def activation(step: Step, layer: Any) -> None:
    """Write Activation."""
    activate(step, layer.activation, same(step))


def _function(function: Callable[..., None], *options: str) -> Record:
    """Return the record of a layer that is a function of each value, with options."""

    def tell(step: Step, layer: Any) -> None:
        function(step, same(step), **{option: getattr(layer, option) for option in options})

    return Record(tell, options)


RECORDS: Mapping[str, Record] = {
    "Dense": Record(dense, ("units", "activation", "use_bias")),
    "Conv2D": Record(convolution, (*WINDOW, "groups")),
    "Conv2DTranspose": Record(transposed, (*WINDOW, "groups", "output_padding")),
    "DepthwiseConv2D": Record(depthwise, (*WINDOW, "depth_multiplier")),
    "SeparableConv2D": Record(separable, (*WINDOW, "depth_multiplier")),
    "Embedding": Record(embedding, ("input_dim", "output_dim", "mask_zero", "input_length")),
    "SpectralNormalization": Record(spectral, ("layer", "power_iterations")),
    "BatchNormalization": Record(batch_normalization, (*MOMENTS, "momentum")),
    "LayerNormalization": Record(layer_normalization, MOMENTS),
    "GroupNormalization": Record(group_normalization, (*MOMENTS, "groups")),
    "UnitNormalization": Record(unit_normalization, ("axis",)),
    "Activation": Record(activation, ("activation",)),
    "LeakyReLU": _function(leaky_relu, "negative_slope"),
    "ReLU": _function(rectify, "max_value", "negative_slope", "threshold"),
    "ThresholdedReLU": Record(thresholded, ("theta",)),
    "ELU": _function(elu, "alpha"),
    "Softmax": _function(softmax, "axis"),
    "PReLU": Record(prelu, ("shared_axes",)),
    "UpSampling2D": Record(upsampling, ("size", "data_format", "interpolation")),
    "Resizing": Record(resizing, RESIZING),
    "Cropping2D": Record(cropping, ("cropping", "data_format")),
    "ZeroPadding2D": Record(zero_padding, ("padding", "data_format")),
    "PixelShuffle": Record(pixel_shuffle, ("upscale_factor", "order", "data_format")),
    "MaxPooling2D": Record(pooling("max_pool"), POOLING),
    "AveragePooling2D": Record(pooling("average_pool"), POOLING),
    "GlobalAveragePooling2D": Record(global_pooling, ("data_format", "keepdims")),
    "GlobalMaxPooling2D": Record(global_pooling, ("data_format", "keepdims")),
    "Flatten": Record(flatten, ("data_format",)),
    "Reshape": Record(reshape, ("target_shape",)),
    "Permute": Record(permute, ("dims",)),
    "RepeatVector": Record(repeat_vector, ("n",)),
    "Rescaling": Record(rescaling, ("scale", "offset")),
    "CenterCrop": Record(center_crop, ("height", "width", "data_format")),
    "PixelUnshuffle": Record(pixel_unshuffle, ("downscale_factor", "order", "data_format")),
    "InstanceNormalization": Record(instance_normalization, (*MOMENTS, "groups")),
    "Normalization": Record(normalization, ("axis", "mean", "variance", "invert")),
    "TimeDistributed": Record(
        time_distributed("{x}.reshape(-1, *{x}.shape[2:])", "{x}.reshape(-1, {steps}{rest})"),
        ("layer",),
    ),
    "Concatenate": concatenated("jnp.concatenate", "axis"),
    "Add": joined("+"),
    "Subtract": joined("-"),
    "Multiply": joined("*"),
    "Average": joined("+"),
    "Maximum": chosen("jnp.maximum"),
    "Minimum": chosen("jnp.minimum"),
}
OPERATIONS: Mapping[str, Record] = {
    **dict.fromkeys(SIGNS, arithmetic(SIGNS, "jnp.array")),
    "Clip": clipped("jnp.clip({x}, {low}, {high})"),
    "LeakyRelu": leaky(leaky_relu),
    "Round": rounded("jnp.round({x}, {decimals})"),
    "Gelu": gelu("jax.nn.gelu({x}, approximate=False)", "jax.nn.gelu({x})"),
    "Cast": cast(
        "jnp.trunc({x})",
        '({x} != 0).astype("float32")',
        '{x}.astype("float16").astype("float32")',
    ),
    "GetItem": Record(get_item),
    **array_operations(WORDS),
}


def _tell_model(step: Step, model: Model) -> tuple[str, list[str]]:
    """Return the call of a nested model: its function, and its weights."""
    path = quote(step.path)
    return f"{step.program.functions[id(model)].name}(", [f"{step.use('below')}(weights, {path})"]


JAX = Library(
    name="JAX",
    records=RECORDS,
    operations=OPERATIONS,
    refused={},
    unchanged=UNCHANGED,
    move=(0, 2, 3, 1),
    swaps=False,
    keeps_inputs=False,
    indent=4,
    main="predict",
    permute="{}.transpose{}",
    cast="{}.astype(jnp.float32)",
    tell_model=_tell_model,
    reserved=RESERVED.__contains__,
)


def write_jax(model: Model, weights: str) -> list[str]:
    """Return the lines of a program of JAX that computes a model.

    weights: the file that they are loaded from, as `Model.save` writes it.
    """
    program = write_functions(model, JAX)
    function = program.functions[id(model)]
    body = [line for one in program.functions.values() for line in _function_lines(one)]
    helpers = helper_lines(program, FUNCTIONS, NEEDS)
    text = "\n".join([*body, *helpers])
    lines = ["import sys", ""]
    lines += ["import jax"] if "jax." in text else []
    lines += ["import jax.numpy as jnp"] if "jnp." in text else []
    lines += ["import numpy as np"]
    has_weights = bool(model.weights)
    lines += ["from safetensors.numpy import load_file"] if has_weights else []
    lines += [*helpers, *body, "", ""]
    lines += call("weights = load_file(", [quote(weights)]) if has_weights else ["weights = {}"]
    if any(weight.dtype != "float32" for weight in model.weights):
        lines += ['weights = {name: one.astype("f4") for name, one in weights.items()}']
    lines += ["", *draw_inputs(function)]
    arguments = ["weights", *(value.text for value in function.inputs)]
    if len(function.outputs) > 1:
        lines += [*call("y = predict(", arguments), "y = [np.asarray(one) for one in y]"]
    else:
        lines += call("y = np.asarray(predict(", arguments, 0, "))")
    return [*lines, "print(y)"]


def _function_lines(function: Function) -> list[str]:
    """Return the lines of one model's function."""
    names = ", ".join(["weights", *(value.text for value in function.inputs)])
    outputs = ", ".join(value.text for value in function.outputs)
    return ["", "", f"def {function.name}({names}):", *function.lines, f"    return {outputs}"]
