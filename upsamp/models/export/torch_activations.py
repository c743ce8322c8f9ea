"""Activations as programs of PyTorch write them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from upsamp.models.export.program import Step, Value
from upsamp.models.export.program_parts import places_of, write_activation
from upsamp.models.export.source_text import literal

# By Keras' names, of a variable {x}; those of several values along the axis {axis}.
ACTIVATIONS: Mapping[str, str] = {
    "relu": "F.relu({x})",
    "leaky_relu": "F.leaky_relu({x}, 0.2)",
    "elu": "F.elu({x})",
    "sigmoid": "torch.sigmoid({x})",
    "tanh": "torch.tanh({x})",
    "softmax": "F.softmax({x}, dim={axis})",
    "softplus": "F.softplus({x})",
    "swish": "F.silu({x})",
    "silu": "F.silu({x})",
    "gelu": "F.gelu({x})",
    "relu6": "F.relu6({x})",
    "selu": "F.selu({x})",
    "celu": "F.celu({x})",
    "exponential": "torch.exp({x})",
    "hard_sigmoid": "F.hardsigmoid({x})",
    "hard_sigmoid_keras2": "(0.2 * {x} + 0.5).clamp(0.0, 1.0)",
    "hard_silu": "F.hardswish({x})",
    "hard_swish": "F.hardswish({x})",
    "hard_tanh": "F.hardtanh({x})",
    "hard_shrink": "F.hardshrink({x})",
    "log_sigmoid": "F.logsigmoid({x})",
    "log_softmax": "F.log_softmax({x}, dim={axis})",
    "mish": "F.mish({x})",
    "soft_shrink": "F.softshrink({x})",
    "softsign": "F.softsign({x})",
    "sparse_plus": "torch.where({x} < 1, ({x}.clamp(min=-1.0) + 1) ** 2 / 4, {x})",
    "sparse_sigmoid": "(({x} + 1) / 2).clamp(0.0, 1.0)",
    "sparsemax": "sparsemax({x}, dim={axis})",
    "squareplus": "({x} + torch.sqrt({x} * {x} + 4)) / 2",
    "tanh_shrink": "F.tanhshrink({x})",
}


def activate(step: Step, activation: Any, value: Value | None = None) -> None:
    """Write an activation of what the step gave, or of another value."""
    layers: Mapping[str, Callable[..., None]]
    layers = {"LeakyReLU": leaky_relu, "ReLU": rectify, "ELU": elu, "Softmax": softmax}
    write_activation(step, activation, value, ACTIVATIONS, layers)


def leaky_relu(step: Step, value: Value, negative_slope: float) -> None:
    """Write a leaky ReLU."""
    step.give(f"F.leaky_relu({value.text}, {literal(negative_slope)})", moved=value.moved)


def elu(step: Step, value: Value, alpha: float) -> None:
    """Write an ELU."""
    step.give(f"F.elu({value.text}, {literal(alpha)})", moved=value.moved)


def softmax(step: Step, value: Value, axis: int | Sequence[int]) -> None:
    """Write a softmax along axes of Keras."""
    dims = places_of(step, value, axis)
    if len(dims) == 1:
        step.give(f"F.softmax({value.text}, dim={dims[0]})", moved=value.moved)
    else:
        step.give(f"{step.use('softmax')}({value.text}, {dims})", moved=value.moved)


def rectify(
    step: Step,
    value: Value,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> None:
    """Write a ReLU with its options."""
    x = value.text
    if not threshold and max_value is None and not negative_slope:
        step.give(f"F.relu({x})", moved=value.moved)
    elif not threshold and max_value is None:
        leaky_relu(step, value, negative_slope)
    elif not threshold and not negative_slope:
        step.give(f"F.hardtanh({x}, 0.0, {literal(max_value)})", moved=value.moved)
    else:
        options = {"negative_slope": negative_slope, "threshold": threshold}
        if max_value is not None:
            options["max_value"] = max_value
        arguments = [x, *(f"{name}={literal(number)}" for name, number in options.items())]
        step.give_call(f"{step.use('rectify')}(", arguments, moved=value.moved)
