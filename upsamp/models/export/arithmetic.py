"""Layers of several inputs and arithmetic, as programs of all libraries write them."""

from collections.abc import Callable, Mapping
from typing import Any

from upsamp.layers import Layer
from upsamp.layers.operation import Operation
from upsamp.models.export.program import Record, Step, Value
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

# What Python's own signs say, and the functions that most libraries call as Keras does.
SIGNS: Mapping[str, str] = {
    "Add": "{} + {}",
    "Subtract": "{} - {}",
    "Multiply": "{} * {}",
    "Divide": "{} / {}",
    "TrueDivide": "{} / {}",
    "FloorDivide": "{} // {}",
    "Mod": "{} % {}",
    "Negative": "-{}",
    "Reciprocal": "1 / {}",
}
OF_TWO = ("Power", "Maximum", "Minimum")
OF_ONE = (
    *("Abs", "Square", "Sqrt", "Rsqrt", "Exp", "Log", "Log1p", "Tanh", "Sigmoid", "Relu"),
    *("Sin", "Cos", "Sign", "Floor", "Ceil", "Tan", "Arctan", "Sinh", "Cosh", "Expm1"),
    *("Log2", "Log10"),
)
COMPARED = {"Greater": ">", "GreaterEqual": ">=", "Less": "<", "LessEqual": "<="}


def signs(module: str, floats: str, own: Mapping[str, str]) -> Mapping[str, str]:
    """Return how operations are written: by signs, by functions of a module, or by `own` texts.

    floats: how a comparison is made 1 or 0.

    >>> found = signs("jnp", '({}).astype("float32")', {"Relu": "jax.nn.relu({})"})
    >>> found["Add"], found["Power"], found["Sqrt"], found["Relu"]
    ('{} + {}', 'jnp.power({}, {})', 'jnp.sqrt({})', 'jax.nn.relu({})')
    """
    return {
        **SIGNS,
        **{name: f"{module}.{name.lower()}({{}}, {{}})" for name in OF_TWO},
        **{name: f"{module}.{name.lower()}({{}})" for name in OF_ONE},
        **{name: floats.replace("{}", f"{{}} {sign} {{}}") for name, sign in COMPARED.items()},
        "Where": f"{module}.where({{}} != 0, {{}}, {{}})",
        "Absolute": f"{module}.abs({{}})",
        **own,
    }


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


def concatenated(function: str, axis_name: str) -> Record:
    """Return the record of Concatenate."""

    def tell(step: Step, layer: Any) -> None:
        values = merged(step)
        (axis,) = places_of(step, values[0], layer.axis)
        inputs = ", ".join(value.text for value in values)
        arguments = [f"[{inputs}]", f"{axis_name}={axis}"]
        step.give_call(f"{function}(", arguments, moved=values[0].moved)

    return Record(tell, ("axis",))


def arithmetic(texts: Mapping[str, str], array: str) -> Record:
    """Return the record of arithmetic on inputs and numbers; array: what makes one of a list."""

    def tell(step: Step, layer: Operation) -> None:
        given, moved = operands(step, layer, array)
        step.give(texts[layer.function].format(*given), moved=moved)

    return Record(tell)


def clipped(text: str) -> Record:
    """Return the record of Clip, of {x} from {low} to {high}."""

    def tell(step: Step, layer: Operation) -> None:
        value = same(step)
        low, high = (literal(float(one)) for one in bound_options(step, layer).values())
        step.give(text.format(x=value.text, low=low, high=high), moved=value.moved)

    return Record(tell)


def leaky(write: Callable[[Step, Value, float], None]) -> Record:
    """Return the record of LeakyRelu, which `write` writes with its slope."""

    def tell(step: Step, layer: Operation) -> None:
        options = {"negative_slope": 0.2} | bound_options(step, layer)
        write(step, same(step), float(options["negative_slope"]))

    return Record(tell)
