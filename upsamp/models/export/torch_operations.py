"""Layers of several inputs, and operations, as programs of PyTorch write them."""

from collections.abc import Mapping
from typing import Any

from upsamp.layers import Layer
from upsamp.layers.operation import Operation
from upsamp.models.export.array_operations import (
    Words,
    get_item,
)
from upsamp.models.export.program import (
    Record,
    Step,
)
from upsamp.models.export.program_parts import (
    aligned,
    bound_options,
    fold,
    merged,
    operands,
    places_of,
    same,
)
from upsamp.models.export.source_text import literal
from upsamp.models.export.torch_activations import leaky_relu


def joined(sign: str) -> Record:
    """Return the record of a layer that joins inputs by a sign."""

    def tell(step: Step, layer: Layer) -> None:
        values = merged(step)
        fold(step, aligned(values), lambda one, other: f"{one} {sign} {other}", values[0].moved)
        if layer.type_name == "Average":
            step.give(f"{step.target} / {len(values)}", moved=values[0].moved)

    return Record(tell)


def chosen(function: str) -> Record:
    """Return the record of a layer that joins inputs by a function."""

    def tell(step: Step, _layer: Layer) -> None:
        values = merged(step)
        moved = values[0].moved
        fold(step, aligned(values), lambda one, other: f"{function}({one}, {other})", moved)

    return Record(tell)


def concatenate(step: Step, layer: Any) -> None:
    """Write Concatenate."""
    values = merged(step)
    (dim,) = places_of(step, values[0], layer.axis)
    inputs = ", ".join(value.text for value in values)
    step.give_call("torch.cat(", [f"[{inputs}]", f"dim={dim}"], moved=values[0].moved)


# --- operations

SIGNS: Mapping[str, str] = {
    "Add": "{} + {}",
    "Subtract": "{} - {}",
    "Multiply": "{} * {}",
    "Divide": "{} / {}",
    "TrueDivide": "{} / {}",
    "Power": "torch.pow({}, {})",
    "Maximum": "torch.maximum({}, {})",
    "Minimum": "torch.minimum({}, {})",
    "Negative": "-{}",
    "Abs": "torch.abs({})",
    "Absolute": "torch.abs({})",
    "Square": "torch.square({})",
    "Sqrt": "torch.sqrt({})",
    "Exp": "torch.exp({})",
    "Log": "torch.log({})",
    "Tanh": "torch.tanh({})",
    "Sigmoid": "torch.sigmoid({})",
    "Relu": "F.relu({})",
    "FloorDivide": "{} // {}",
    "Mod": "{} % {}",
    "Rsqrt": "torch.rsqrt({})",
    "Reciprocal": "1 / {}",
    "Log1p": "torch.log1p({})",
    "Sin": "torch.sin({})",
    "Cos": "torch.cos({})",
    "Sign": "torch.sign({})",
    "Floor": "torch.floor({})",
    "Ceil": "torch.ceil({})",
}
WORDS = Words(
    reductions={
        **{name: f"{{x}}.{name.lower()}({{axes}}{{keep}})" for name in ("Mean", "Sum")},
        **{
            name: f"{{x}}.{name.lower()}({{axes}}, correction=0{{keep}})" for name in ("Var", "Std")
        },
        **dict.fromkeys(("Max", "Amax"), "{x}.amax({axes}{keep})"),
        **dict.fromkeys(("Min", "Amin"), "{x}.amin({axes}{keep})"),
    },
    keepdims=", keepdim=True",
    tile="{x}.tile({counts})",
    repeat="{x}.repeat_interleave({count}, {axis})",
    flip="{x}.flip({axes})",
    pad="F.pad({x}, {backwards}, value={value})",
    mirror="mirror({x}, {pairs}, {mode})",
    stack=("torch.stack(", "dim"),
    unstack=("torch.unbind(", "dim"),
    split=("torch.split(", "dim"),
    at=False,
)
# Those whose operands must both be tensors.
OF_TENSORS = ("Maximum", "Minimum")


def operation(step: Step, layer: Operation) -> None:
    """Write arithmetic on inputs and numbers."""
    texts, moved = operands(step, layer, "torch.tensor")
    if layer.function in OF_TENSORS:
        numbers = [isinstance(one, int | float) for one in layer.operands]
        pairs = zip(texts, numbers, strict=True)
        texts = [f"torch.tensor({text})" if number else text for text, number in pairs]
    step.give(SIGNS[layer.function].format(*texts), moved=moved)


def torch_item(step: Step, layer: Any) -> None:
    """Write a slice; PyTorch has none that runs backwards."""
    if any(isinstance(one, slice) and (one.step or 1) < 0 for one in layer.items):
        step.refuse("PyTorch has no slice that runs backwards")
    get_item(step, layer)


def clip(step: Step, layer: Operation) -> None:
    """Write Clip."""
    value = same(step)
    low, high = (literal(float(one)) for one in bound_options(step, layer).values())
    step.give(f"{value.text}.clamp({low}, {high})", moved=value.moved)


def leaky_relu_operation(step: Step, layer: Operation) -> None:
    """Write LeakyRelu."""
    options = {"negative_slope": 0.2} | bound_options(step, layer)
    leaky_relu(step, same(step), float(options["negative_slope"]))
