"""Layers of several inputs, and operations, as programs of JAX write them."""

from collections.abc import Mapping
from typing import Any

from upsamp.layers import Layer
from upsamp.layers.operation import Operation
from upsamp.models.export.array_operations import (
    Words,
)
from upsamp.models.export.jax_layers import (
    leaky_relu,
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
