"""Layers with kernels, normalisations and activations, as programs of JAX write them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from upsamp.layers import Layer
from upsamp.models.export.program import (
    Step,
    Value,
)
from upsamp.models.export.program_parts import (
    given_moments,
    lengths,
    places_of,
    same,
    write_activation,
)
from upsamp.models.export.source_text import literal, quote


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
    trains = step.trains and layer.training_effect
    give(step, "batch_statistics" if trains else "batch_normalization", value, *arguments)


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
    """Write Normalization, by numbers of its config or those that were found in data."""
    if layer.mean is not None:
        given_moments(step, layer, "jnp.array")
        return
    value = step.take()
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
    layers: Mapping[str, Callable[..., None]]
    layers = {"LeakyReLU": leaky_relu, "ReLU": rectify, "ELU": elu, "Softmax": softmax}
    write_activation(step, activation, value, ACTIVATIONS, layers)


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
