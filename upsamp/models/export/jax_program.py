"""Models as programs of JAX: a pure function `predict(weights, x)`.

Images are (N, H, W, C) in every layer that is for images, which is Keras' own order by default.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from upsamp.core.upsampling.methods import METHODS
from upsamp.layers import Layer
from upsamp.layers.operation import Operation
from upsamp.models.export.array_operations import (
    Words,
    array_operations,
    cast,
    gelu,
    get_item,
    rounded,
)
from upsamp.models.export.jax_functions import FUNCTIONS, NEEDS
from upsamp.models.export.program import (
    UNCHANGED,
    Function,
    Library,
    Record,
    Step,
    Value,
    write_functions,
)
from upsamp.models.export.program_parts import (
    MOMENTS,
    POOLING,
    RESIZING,
    WINDOW,
    aligned,
    bound_options,
    draw_inputs,
    fold,
    helper_lines,
    lengths,
    merged,
    middle,
    number_lists,
    operands,
    places_of,
    same,
)
from upsamp.models.export.source_text import call, literal, quote
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


def images(step: Step, layer: Any) -> Value:
    """Return the input as (N, H, W, C)."""
    return step.take(moved=layer.data_format == "channels_first")


def give(
    step: Step, function: str, value: Value, *arguments: str, moved: bool | None = None
) -> None:
    """Write a call of one of the program's own functions on a value."""
    kept = value.moved if moved is None else moved
    step.give_call(f"{step.use(function)}(", [value.text, *arguments], moved=kept)


def named(**options: tuple[object, object]) -> list[str]:
    """Return the options that are not at their defaults, each given with that."""
    return [f"{name}={literal(one)}" for name, (one, default) in options.items() if one != default]


def of_layer(step: Step) -> list[str]:
    """Return the arguments by which a layer finds its weights."""
    return ["weights", quote(step.path)]


# --- layers with kernels


def _settings(layer: Any) -> list[str]:
    padding = layer.padding
    shown = padding.upper() if isinstance(padding, str) else [*map(tuple, padding)]
    return named(
        strides=(layer.strides, (1, 1)),
        padding=(shown, "VALID"),
        dilation=(layer.dilation_rate, (1, 1)),
    )


def convolution(step: Step, layer: Any) -> None:
    """Write Conv2D."""
    value = images(step, layer)
    groups = named(groups=(layer.groups, 1))
    give(step, "conv2d", value, *of_layer(step), *_settings(layer), *groups)
    activate(step, layer.activation)


def depthwise(step: Step, layer: Any) -> None:
    """Write DepthwiseConv2D."""
    value = images(step, layer)
    kernel = named(kernel=(layer.kernel_name, "depthwise_kernel"))
    give(step, "depthwise_conv2d", value, *of_layer(step), *kernel, *_settings(layer))
    activate(step, layer.activation)


def separable(step: Step, layer: Any) -> None:
    """Write SeparableConv2D."""
    give(step, "separable_conv2d", images(step, layer), *of_layer(step), *_settings(layer))
    activate(step, layer.activation)


def transposed(step: Step, layer: Any) -> None:
    """Write Conv2DTranspose."""
    value = images(step, layer)
    padding = []
    # What is cropped does not depend on the length, so that any will do.
    for axis, length in enumerate(lengths(layer, value.shape)):
        plan = layer.transposed_plan(axis, length or 8)
        span = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1
        padding.append((span - 1 - plan.before, span - 1 - plan.after))
    more = named(dilation=(layer.dilation_rate, (1, 1)), groups=(layer.groups, 1))
    arguments = [*of_layer(step), literal(layer.strides), literal(padding), *more]
    give(step, "conv2d_transpose", value, *arguments)
    activate(step, layer.activation)


def dense(step: Step, layer: Any) -> None:
    """Write Dense."""
    give(step, "dense", step.take(), *of_layer(step))
    activate(step, layer.activation)


def embedding(step: Step, _layer: Layer) -> None:
    """Write Embedding."""
    value = step.take(integers=True)
    name = quote(f"{step.path}/embeddings")
    step.give_call(f"jnp.take(weights[{name}], ", [f"{value.text}.astype(int)", "axis=0"])


def spectral(step: Step, layer: Any) -> None:
    """Write the layer that SpectralNormalization wraps, whose kernel is divided already."""
    step.tell_within(layer.layer)


# --- normalisations


def batch_normalization(step: Step, layer: Any) -> None:
    """Write BatchNormalization."""
    value = same(step)
    (axis,) = places_of(step, value, layer.axis)
    arguments = [*of_layer(step), str(axis), literal(layer.epsilon)]
    give(step, "batch_normalization", value, *arguments)


def layer_normalization(step: Step, layer: Any) -> None:
    """Write LayerNormalization, whose weights are along Keras' axes in their order."""
    value = step.take()
    axes = tuple(sorted(places_of(step, value, layer.axis)))
    give(step, "layer_normalization", value, *of_layer(step), literal(axes), literal(layer.epsilon))


def group_normalization(step: Step, layer: Any) -> None:
    """Write GroupNormalization."""
    value = same(step)
    (axis,) = places_of(step, value, layer.axis)
    channels = value.shape[layer.axis % len(value.shape)]
    groups = channels if layer.groups == -1 else layer.groups
    if groups is None:
        step.refuse("its channels are not known")
    arguments = [*of_layer(step), str(axis), str(groups), literal(layer.epsilon)]
    give(step, "group_normalization", value, *arguments)


def instance_normalization(step: Step, layer: Any) -> None:
    """Write InstanceNormalization, whose epsilon is added to the deviation or to the variance."""
    value = step.take()
    rank = len(value.shape)
    kept = [] if layer.axis is None else [layer.axis % rank]
    axes = literal(tuple(axis for axis in range(1, rank) if axis not in kept))
    more = [] if layer.groups == -1 else ["by_deviation=True"]
    arguments = [*of_layer(step), axes, literal(layer.epsilon), *more]
    give(step, "instance_normalization", value, *arguments)


def normalization(step: Step, layer: Any) -> None:
    """Write Normalization, by numbers that a layer has found in data."""
    value = step.take()
    if layer.mean is not None:
        step.refuse("its mean and variance are numbers of its config")
    kept = () if layer.axis is None else layer.axis
    kept = [axis % len(value.shape) for axis in ([kept] if isinstance(kept, int) else kept)]
    more = ["invert=True"] if layer.invert else []
    give(step, "normalization", value, *of_layer(step), literal(tuple(kept)), *more)


def unit_normalization(step: Step, layer: Any) -> None:
    """Write UnitNormalization."""
    value = same(step)
    give(step, "unit_normalization", value, literal(places_of(step, value, layer.axis)))


# --- activations

# By Keras' names, of a variable {x}; those of several values along an {axis}.
ACTIVATIONS: Mapping[str, str] = {
    "relu": "jax.nn.relu({x})",
    "leaky_relu": "jax.nn.leaky_relu({x}, 0.2)",
    "elu": "jax.nn.elu({x})",
    "sigmoid": "jax.nn.sigmoid({x})",
    "tanh": "jnp.tanh({x})",
    "softmax": "jax.nn.softmax({x}, {axis})",
    "softplus": "jax.nn.softplus({x})",
    "swish": "jax.nn.silu({x})",
    "silu": "jax.nn.silu({x})",
    "gelu": "jax.nn.gelu({x}, approximate=False)",
    "relu6": "jax.nn.relu6({x})",
    "selu": "jax.nn.selu({x})",
    "celu": "jax.nn.celu({x})",
    "exponential": "jnp.exp({x})",
    "hard_sigmoid": "jax.nn.hard_sigmoid({x})",
    "hard_sigmoid_keras2": "jnp.clip(0.2 * {x} + 0.5, 0.0, 1.0)",
    "hard_silu": "jax.nn.hard_silu({x})",
    "hard_swish": "jax.nn.hard_silu({x})",
    "hard_tanh": "jax.nn.hard_tanh({x})",
    "hard_shrink": "jnp.where(jnp.abs({x}) > 0.5, {x}, 0.0)",
    "log_sigmoid": "jax.nn.log_sigmoid({x})",
    "log_softmax": "jax.nn.log_softmax({x}, {axis})",
    "mish": "jax.nn.mish({x})",
    "soft_shrink": "{x} - jnp.clip({x}, -0.5, 0.5)",
    "softsign": "jax.nn.soft_sign({x})",
    "sparse_plus": "jax.nn.sparse_plus({x})",
    "sparse_sigmoid": "jax.nn.sparse_sigmoid({x})",
    "sparsemax": "sparsemax({x}, {axis})",
    "squareplus": "jax.nn.squareplus({x})",
    "tanh_shrink": "{x} - jnp.tanh({x})",
}


def activate(step: Step, activation: Any, value: Value | None = None) -> None:
    """Write an activation of what the step gave, or of another value."""
    value = step.result() if value is None else value
    if activation in (None, "linear"):
        step.pass_on(value)
    elif isinstance(activation, str):
        if activation == "sparsemax":
            step.use("sparsemax")
        (axis,) = places_of(step, value, -1)
        step.give(ACTIVATIONS[activation].format(x=value.text, axis=axis), moved=value.moved)
    else:
        functions: Mapping[str, Callable[..., None]]
        functions = {"LeakyReLU": leaky_relu, "ReLU": rectify, "ELU": elu, "Softmax": softmax}
        functions[activation["class_name"]](step, value, **activation["config"])


def leaky_relu(step: Step, value: Value, negative_slope: float) -> None:
    """Write a leaky ReLU."""
    text = f"jax.nn.leaky_relu({value.text}, {literal(negative_slope)})"
    step.give(text, moved=value.moved)


def elu(step: Step, value: Value, alpha: float) -> None:
    """Write an ELU."""
    step.give(f"jax.nn.elu({value.text}, {literal(alpha)})", moved=value.moved)


def softmax(step: Step, value: Value, axis: int | Sequence[int]) -> None:
    """Write a softmax along axes of Keras."""
    axes = places_of(step, value, axis)
    shown = literal(axes[0] if len(axes) == 1 else axes)
    step.give(f"jax.nn.softmax({value.text}, {shown})", moved=value.moved)


def rectify(
    step: Step,
    value: Value,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> None:
    """Write a ReLU with its options."""
    if max_value is None and not negative_slope and not threshold:
        step.give(f"jax.nn.relu({value.text})", moved=value.moved)
        return
    options = named(negative_slope=(negative_slope, 0.0), threshold=(threshold, 0.0))
    options = named(max_value=(max_value, None)) + options
    give(step, "rectify", value, *options)


def prelu(step: Step, _layer: Layer) -> None:
    """Write PReLU."""
    give(step, "prelu", step.take(), *of_layer(step))


def thresholded(step: Step, layer: Any) -> None:
    """Write ThresholdedReLU."""
    value, theta = same(step), literal(layer.theta)
    x = value.text
    step.give(f"jnp.where({x} > {theta}, {x}, 0.0)", moved=value.moved)


# --- images


def upsampling(step: Step, layer: Any) -> None:
    """Write UpSampling2D."""
    value = images(step, layer)
    x, (rows, columns) = value.text, layer.size
    if METHODS[layer.interpolation].copies(layer.size):
        step.give(f"{x}.repeat({rows}, axis=1).repeat({columns}, axis=2)", moved=value.moved)
        return
    _interpolate(step, value, layer, f"({x}.shape[1] * {rows}, {x}.shape[2] * {columns})")


def resizing(step: Step, layer: Any) -> None:
    """Write Resizing."""
    value = images(step, layer)
    wanted = layer.height, layer.width
    sizes = lengths(layer, value.shape)
    if any(one is None or one > other for one, other in zip(sizes, wanted, strict=True)):
        step.refuse("whether it enlarges is not known")
    if METHODS[layer.interpolation].only_copies:
        give(step, "copy_nearest", value, literal(wanted))
        return
    _interpolate(step, value, layer, literal(wanted))


def _interpolate(step: Step, value: Value, layer: Any, size: str) -> None:
    """Write an interpolation: JAX's, or by weights of rows and columns."""
    own = METHODS[layer.interpolation].jax.get("keras")
    # JAX has area since 0.10 alone.
    if own is not None and layer.interpolation != "area":
        give(step, "resize", value, size, quote(own.name))
        return
    give(step, f"resize_{layer.interpolation}", value, size)


def cropping(step: Step, layer: Any) -> None:
    """Write Cropping2D."""
    value = images(step, layer)
    rows, columns = (
        f"{before or ''}:{-after if after else ''}" for before, after in layer.cropping
    )
    step.give(f"{value.text}[:, {rows}, {columns}]", moved=value.moved)


def zero_padding(step: Step, layer: Any) -> None:
    """Write ZeroPadding2D."""
    value = images(step, layer)
    margins = ((0, 0), *map(tuple, layer.padding), (0, 0))
    step.give(f"jnp.pad({value.text}, {literal(margins)})", moved=value.moved)


def pixel_shuffle(step: Step, layer: Any) -> None:
    """Write PixelShuffle."""
    value = images(step, layer)
    give(step, "pixel_shuffle", value, str(layer.upscale_factor), quote(layer.order))


def center_crop(step: Step, layer: Any) -> None:
    """Write CenterCrop, of images that are large enough."""
    value = images(step, layer)
    rows, columns = middle(step, layer, lengths(layer, value.shape))
    step.give(f"{value.text}[:, {rows}, {columns}]", moved=value.moved)


def pixel_unshuffle(step: Step, layer: Any) -> None:
    """Write PixelUnshuffle."""
    value = images(step, layer)
    give(step, "pixel_unshuffle", value, str(layer.downscale_factor), quote(layer.order))


def _pooling(function: str) -> Callable[[Step, Any], None]:
    def tell(step: Step, layer: Any) -> None:
        value = images(step, layer)
        settings = (layer.pool_size, layer.strides, layer.padding.upper())
        give(step, function, value, *map(literal, settings))

    return tell


def global_pooling(step: Step, layer: Any) -> None:
    """Write either pooling of whole images."""
    value = images(step, layer)
    keep = ", keepdims=True" if layer.keepdims else ""
    method = "mean" if layer.type_name == "GlobalAveragePooling2D" else "max"
    step.give(f"{value.text}.{method}((1, 2){keep})", moved=value.moved and layer.keepdims)


# --- shapes


def flatten(step: Step, layer: Any) -> None:
    """Write Flatten, which lays out channels last."""
    value = step.take()
    if layer.data_format == "channels_first" and len(value.shape) > 2:
        text = f"jnp.moveaxis({value.text}, 1, -1).reshape(len({value.text}), -1)"
    else:
        text = f"{value.text}.reshape(len({value.text}), -1)"
    step.give(text)


def reshape(step: Step, layer: Any) -> None:
    """Write Reshape."""
    x = step.take().text
    step.give_call(f"{x}.reshape(", [f"len({x})", *map(str, layer.target_shape)])


def permute(step: Step, layer: Any) -> None:
    """Write Permute."""
    step.give(f"{step.take().text}.transpose{literal((0, *layer.dims))}")


def repeat_vector(step: Step, layer: Any) -> None:
    """Write RepeatVector."""
    step.give(f"{step.take().text}[:, None].repeat({layer.n}, axis=1)")


def rescaling(step: Step, layer: Any) -> None:
    """Write Rescaling."""
    number_lists(step, layer, "jnp.array")


# --- several inputs


def _joined(sign: str) -> Record:
    def tell(step: Step, layer: Layer) -> None:
        values = merged(step)
        fold(step, aligned(values), lambda one, other: f"{one} {sign} {other}", values[0].moved)
        if layer.type_name == "Average":
            step.give(f"{step.target} / {len(values)}", moved=values[0].moved)

    return Record(tell)


def _chosen(function: str) -> Record:
    def tell(step: Step, _layer: Layer) -> None:
        values = merged(step)
        moved = values[0].moved
        fold(step, aligned(values), lambda one, other: f"{function}({one}, {other})", moved)

    return Record(tell)


def concatenate(step: Step, layer: Any) -> None:
    """Write Concatenate."""
    values = merged(step)
    (axis,) = places_of(step, values[0], layer.axis)
    inputs = ", ".join(value.text for value in values)
    step.give_call("jnp.concatenate(", [f"[{inputs}]", f"axis={axis}"], moved=values[0].moved)


# --- operations

SIGNS: Mapping[str, str] = {
    "Add": "{} + {}",
    "Subtract": "{} - {}",
    "Multiply": "{} * {}",
    "Divide": "{} / {}",
    "TrueDivide": "{} / {}",
    "Power": "jnp.power({}, {})",
    "Maximum": "jnp.maximum({}, {})",
    "Minimum": "jnp.minimum({}, {})",
    "Negative": "-{}",
    "Abs": "jnp.abs({})",
    "Absolute": "jnp.abs({})",
    "Square": "jnp.square({})",
    "Sqrt": "jnp.sqrt({})",
    "Exp": "jnp.exp({})",
    "Log": "jnp.log({})",
    "Tanh": "jnp.tanh({})",
    "Sigmoid": "jax.nn.sigmoid({})",
    "Relu": "jax.nn.relu({})",
    "FloorDivide": "{} // {}",
    "Mod": "{} % {}",
    "Rsqrt": "jax.lax.rsqrt({})",
    "Reciprocal": "1 / {}",
    "Log1p": "jnp.log1p({})",
    "Sin": "jnp.sin({})",
    "Cos": "jnp.cos({})",
    "Sign": "jnp.sign({})",
    "Floor": "jnp.floor({})",
    "Ceil": "jnp.ceil({})",
}
WORDS = Words(
    reductions={
        **{
            name: f"{{x}}.{name.lower()}({{axes}}{{keep}})"
            for name in ("Mean", "Sum", "Var", "Std", "Max", "Min")
        },
        "Amax": "{x}.max({axes}{keep})",
        "Amin": "{x}.min({axes}{keep})",
    },
    keepdims=", keepdims=True",
    tile="jnp.tile({x}, {counts})",
    repeat="{x}.repeat({count}, axis={axis})",
    flip="jnp.flip({x}, {axes})",
    pad="jnp.pad({x}, {pairs}, constant_values={value})",
    mirror="jnp.pad({x}, {pairs}, mode={mode})",
    stack=("jnp.stack(", "axis"),
    unstack=("jnp.unstack(", "axis"),
    split=("jnp.split(", "axis"),
    at=True,
)


def operation(step: Step, layer: Operation) -> None:
    """Write arithmetic on inputs and numbers."""
    texts, moved = operands(step, layer, "jnp.array")
    step.give(SIGNS[layer.function].format(*texts), moved=moved)


def clip(step: Step, layer: Operation) -> None:
    """Write Clip."""
    value = same(step)
    low, high = (literal(float(one)) for one in bound_options(step, layer).values())
    step.give(f"jnp.clip({value.text}, {low}, {high})", moved=value.moved)


def leaky_relu_operation(step: Step, layer: Operation) -> None:
    """Write LeakyRelu."""
    options = {"negative_slope": 0.2} | bound_options(step, layer)
    leaky_relu(step, same(step), float(options["negative_slope"]))


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
    "MaxPooling2D": Record(_pooling("max_pool"), POOLING),
    "AveragePooling2D": Record(_pooling("average_pool"), POOLING),
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
    "Concatenate": Record(concatenate, ("axis",)),
    "Add": _joined("+"),
    "Subtract": _joined("-"),
    "Multiply": _joined("*"),
    "Average": _joined("+"),
    "Maximum": _chosen("jnp.maximum"),
    "Minimum": _chosen("jnp.minimum"),
}
OPERATIONS: Mapping[str, Record] = {
    **dict.fromkeys(SIGNS, Record(operation)),
    "Clip": Record(clip),
    "LeakyRelu": Record(leaky_relu_operation),
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
    refused={"TimeDistributed": "a layer for each step is not written for it"},
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
