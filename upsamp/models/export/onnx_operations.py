"""Operations between layers as nodes of ONNX: arithmetic, and arrays of other shapes."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from upsamp.layers.get_item import GetItem
from upsamp.layers.layer import Shape
from upsamp.layers.operation import COMPARISONS, Operation
from upsamp.models.export.onnx_activations import clip, gelu, leaky_relu, operator
from upsamp.models.export.onnx_nodes import Nodes, Operand, Value, plain_value, refusal

END = np.iinfo(np.int64).max


def operation(
    nodes: Nodes, layer: Operation, inputs: Sequence[Value], shape: Shape
) -> Value | list[Value]:
    """Add an operation by its name."""
    if layer.function in SHAPED:
        names = [nodes.plain(x) for x in inputs]
        found = SHAPED[layer.function](nodes, layer, names, inputs[0].shape)
        if isinstance(found, str):
            return plain_value(found, shape)
        shapes = layer.merged_shapes([x.shape for x in inputs])
        return [plain_value(one, part) for one, part in zip(found, shapes, strict=True)]
    if layer.function not in OPERATIONS:
        raise refusal(layer, "this operation is not written as nodes")
    # Arrays of fewer axes get axes of length 1 before all others, as ONNX does it.
    alike = all(len(x.axes) == len(shape) for x in inputs)
    kind = inputs[0] if alike else plain_value("", shape)
    given = iter(nodes.arrange(x, kind.axes) if alike else nodes.plain(x) for x in inputs)
    values = [next(given) if one is None else _constant(nodes, kind, one) for one in layer.operands]
    return Value(OPERATIONS[layer.function](nodes, *values, **layer.options), shape, kind.axes)


def _constant(nodes: Nodes, kind: Value, operand: Any) -> Operand:
    """Return a number, or the name of an array of numbers."""
    if isinstance(operand, int | float):
        return operand
    return nodes.along(kind, np.asarray(operand))


# --- value by value


def _mod(nodes: Nodes, x: Operand, y: Operand) -> str:
    """Add the remainder that has the sign of the divisor."""
    rest = nodes.add("Mod", x, y, fmod=1)
    signs = nodes.add("Less", nodes.add("Mul", rest, y), 0, dtype=np.bool_)
    return nodes.add("Where", signs, nodes.add("Add", rest, y), rest, dtype=nodes.dtype)


def _floor_divide(nodes: Nodes, x: Operand, y: Operand) -> str:
    whole = nodes.add("Sub", x, _mod(nodes, x, y))
    return nodes.add("Round", nodes.add("Div", whole, y))


def _round(nodes: Nodes, x: str, decimals: int = 0) -> str:
    if not decimals:
        return nodes.add("Round", x)
    factor = 10.0**decimals
    return nodes.add("Div", nodes.add("Round", nodes.add("Mul", x, factor)), factor)


def _cast(nodes: Nodes, x: str, dtype: str) -> str:
    if dtype.startswith(("float", "bool")):
        return nodes.cast(nodes.cast(x, dtype), nodes.dtype)
    return nodes.add("Mul", nodes.add("Sign", x), nodes.add("Floor", nodes.add("Abs", x)))


def _gelu(nodes: Nodes, x: str, approximate: bool = True) -> str:
    if not approximate:
        return gelu(nodes, x)
    cube = nodes.add("Mul", nodes.add("Mul", x, x), nodes.add("Mul", x, 0.044715))
    inner = nodes.add("Mul", nodes.add("Add", x, cube), math.sqrt(2 / math.pi))
    bent = nodes.add("Add", nodes.add("Tanh", inner), 1)
    return nodes.add("Div", nodes.add("Mul", x, bent), 2)


def _compared(operator_name: str) -> Callable[..., str]:
    """Return what adds 1 where it is true, and 0 elsewhere."""

    def add(nodes: Nodes, x: Operand, y: Operand) -> str:
        return nodes.cast(nodes.add(operator_name, x, y, dtype=np.bool_), nodes.dtype)

    return add


def _where(nodes: Nodes, condition: Operand, x: Operand, y: Operand) -> str:
    if isinstance(condition, str):
        condition = nodes.cast(condition, np.bool_)
    else:
        condition = nodes.constant(np.asarray(condition) != 0)
    return nodes.add("Where", condition, x, y, dtype=nodes.dtype)


# The operations of `upsamp.layers.operation`, by their names there.
OPERATIONS: Mapping[str, Callable[..., str]] = {
    "Add": operator("Add"),
    "Subtract": operator("Sub"),
    "Multiply": operator("Mul"),
    "Divide": operator("Div"),
    "TrueDivide": operator("Div"),
    "Maximum": operator("Max"),
    "Minimum": operator("Min"),
    "Power": operator("Pow"),
    "FloorDivide": _floor_divide,
    "Mod": _mod,
    **{name: _compared(name.replace("Equal", "OrEqual")) for name in COMPARISONS},
    "Where": _where,
    "Tan": operator("Tan"),
    "Arctan": operator("Atan"),
    "Sinh": operator("Sinh"),
    "Cosh": operator("Cosh"),
    "Expm1": lambda nodes, x: nodes.add("Sub", nodes.add("Exp", x), 1),
    "Log2": lambda nodes, x: nodes.add("Div", nodes.add("Log", x), float(np.log(2))),
    "Log10": lambda nodes, x: nodes.add("Div", nodes.add("Log", x), float(np.log(10))),
    "Negative": operator("Neg"),
    "Abs": operator("Abs"),
    "Absolute": operator("Abs"),
    "Square": lambda nodes, x: nodes.add("Mul", x, x),
    "Sqrt": operator("Sqrt"),
    "Rsqrt": lambda nodes, x: nodes.add("Div", 1, nodes.add("Sqrt", x)),
    "Reciprocal": lambda nodes, x: nodes.add("Div", 1, x),
    "Exp": operator("Exp"),
    "Log": operator("Log"),
    "Log1p": lambda nodes, x: nodes.add("Log", nodes.add("Add", x, 1)),
    "Sin": operator("Sin"),
    "Cos": operator("Cos"),
    "Sign": operator("Sign"),
    "Floor": operator("Floor"),
    "Ceil": operator("Ceil"),
    "Round": _round,
    "Clip": clip,
    "Cast": _cast,
    "Tanh": operator("Tanh"),
    "Sigmoid": operator("Sigmoid"),
    "Relu": operator("Relu"),
    "LeakyRelu": leaky_relu,
    "Gelu": _gelu,
}


# --- other shapes, of arrays that are stored as the layers have them

Shaped = Callable[[Nodes, Operation, Sequence[str], Shape], str | list[str]]


def _places(axis: Any, rank: int) -> list[int]:
    """Return axes counted from the start; None is all of them."""
    axes = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    return [one % rank for one in axes]


def _reduced(operator_name: str) -> Shaped:
    def add(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
        axes = _places(layer.options.get("axis"), len(shape))
        kept = int(layer.options.get("keepdims", False))
        return nodes.add(operator_name, inputs[0], nodes.integers(*axes), keepdims=kept)

    return add


def _variance(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    axes = nodes.integers(*_places(layer.options.get("axis"), len(shape)))
    centred = nodes.add("Sub", inputs[0], nodes.add("ReduceMean", inputs[0], axes))
    kept = int(layer.options.get("keepdims", False))
    return nodes.add("ReduceMean", nodes.add("Mul", centred, centred), axes, keepdims=kept)


def _deviation(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    return nodes.add("Sqrt", _variance(nodes, layer, inputs, shape))


def _pad(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    width, mode = layer.options["pad_width"], layer.options.get("mode", "constant")
    pairs = [(width, width)] * len(shape) if isinstance(width, int) else width
    if mode != "symmetric":
        begins, ends = ([pair[side] for pair in pairs] for side in (0, 1))
        pads = nodes.integers(*begins, *ends)
        fill = (layer.options.get("constant_values") or 0,) if mode == "constant" else ()
        return nodes.add("Pad", inputs[0], pads, *fill, mode=mode)
    found = inputs[0]
    for axis, (length, pair) in enumerate(zip(shape, pairs, strict=True)):
        if not any(pair):
            continue
        if length is None:
            raise refusal(layer, "to pad symmetrically ONNX needs a known length")
        places = np.pad(np.arange(length), pair, mode="symmetric")
        found = nodes.add("Gather", found, nodes.constant(places.astype(np.int64)), axis=axis)
    return found


def _squeeze(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    axis = layer.options.get("axis")
    ones = [place for place, length in enumerate(shape) if place and length == 1]
    axes = ones if axis is None else _places(axis, len(shape))
    return nodes.add("Squeeze", inputs[0], nodes.integers(*axes))


def _expand_dims(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    axis = layer.options["axis"]
    return nodes.add("Unsqueeze", inputs[0], nodes.integers(*np.atleast_1d(axis).tolist()))


def _tile(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    repeats = layer.options["repeats"]
    several = [repeats] if isinstance(repeats, int) else list(repeats)
    counts = [1] * (len(shape) - len(several)) + several
    return nodes.add("Tile", inputs[0], nodes.integers(*counts))


def _repeat(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    (axis,) = _places(layer.options["axis"], len(shape))
    count = layer.options["repeats"]
    ones = [1] * len(shape)
    single = nodes.add("Unsqueeze", inputs[0], nodes.integers(axis + 1))
    several = nodes.add("Tile", single, nodes.integers(*ones[: axis + 1], count, *ones[axis + 1 :]))
    ones[axis] = count
    sides = nodes.add("Shape", inputs[0], dtype=np.int64)
    return nodes.add("Reshape", several, nodes.add("Mul", sides, nodes.integers(*ones)))


def _flip(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    return _slice(
        nodes,
        inputs[0],
        {axis: slice(None, None, -1) for axis in _places(layer.options["axis"], len(shape))},
    )


def _stack(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    (axis,) = _places(layer.options["axis"], len(shape) + 1)
    several = [nodes.add("Unsqueeze", one, nodes.integers(axis)) for one in inputs]
    return nodes.add("Concat", *several, axis=axis)


def _unstack(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> list[str]:
    (axis,) = _places(layer.options["axis"], len(shape))
    count = len(layer.merged_shapes([shape]))
    return [_taken(nodes, inputs[0], place, axis) for place in range(count)]


def _taken(nodes: Nodes, x: str, place: int, axis: int) -> str:
    """Add one position of an axis, which is gone then."""
    return nodes.add("Gather", x, nodes.constant(np.int64(place)), axis=axis)


def _split(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> list[str]:
    (axis,) = _places(layer.options.get("axis", 0), len(shape))
    parts = layer.options["indices_or_sections"]
    if isinstance(parts, int):
        length = shape[axis]
        if length is None:
            raise refusal(layer, "to split in equal parts ONNX needs a known length")
        parts = [length // parts * number for number in range(1, parts)]
    ends = [0, *parts, END]
    return [_slice(nodes, inputs[0], {axis: slice(begin, end)}) for begin, end in pairwise(ends)]


def _slice(nodes: Nodes, x: str, slices: Mapping[int, slice]) -> str:
    """Add a part of an array, by slices of some of its axes."""
    steps = [1 if one.step is None else one.step for one in slices.values()]
    begins = [
        (0 if step > 0 else END) if one.start is None else one.start
        for one, step in zip(slices.values(), steps, strict=True)
    ]
    ends = [
        (END if step > 0 else -END) if one.stop is None else one.stop
        for one, step in zip(slices.values(), steps, strict=True)
    ]
    lists = (begins, ends, [*slices], steps)
    return nodes.add("Slice", x, *(nodes.integers(*one) for one in lists))


def get_item(nodes: Nodes, layer: GetItem, inputs: Sequence[Value], shape: Shape) -> Value:
    """Add slices, positions and new axes."""
    items = layer.per_axis(len(inputs[0].shape))
    found = nodes.plain(inputs[0])
    kept = [one for one in items if one is not None]
    slices = {axis: one for axis, one in enumerate(kept) if isinstance(one, slice)}
    slices = {axis: one for axis, one in slices.items() if one != slice(None)}
    if slices:
        found = _slice(nodes, found, slices)
    for axis in reversed(range(len(kept))):
        position = kept[axis]
        if isinstance(position, int):
            found = _taken(nodes, found, position, axis)
    left = [one for one in items if not isinstance(one, int)]
    new = [axis for axis, one in enumerate(left) if one is None]
    if new:
        found = nodes.add("Unsqueeze", found, nodes.integers(*new))
    return plain_value(found, shape)


def _matmul(nodes: Nodes, layer: Operation, inputs: Sequence[str], shape: Shape) -> str:
    given = iter(inputs)
    operands = [
        next(given) if one is None else nodes.numbers(np.asarray(one)) for one in layer.operands
    ]
    return nodes.add("MatMul", *operands)


SHAPED: Mapping[str, Shaped] = {
    "Matmul": _matmul,
    "Mean": _reduced("ReduceMean"),
    "Sum": _reduced("ReduceSum"),
    "Var": _variance,
    "Std": _deviation,
    "Max": _reduced("ReduceMax"),
    "Amax": _reduced("ReduceMax"),
    "Min": _reduced("ReduceMin"),
    "Amin": _reduced("ReduceMin"),
    "Pad": _pad,
    "Squeeze": _squeeze,
    "ExpandDims": _expand_dims,
    "Tile": _tile,
    "Repeat": _repeat,
    "Flip": _flip,
    "Stack": _stack,
    "Unstack": _unstack,
    "Split": _split,
}
