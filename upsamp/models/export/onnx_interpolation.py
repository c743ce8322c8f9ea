"""Interpolation as nodes of ONNX, with the weights of Keras' convention."""

import ast
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import numpy as np

from upsamp.core.arguments import Array, Interpolation, Pair
from upsamp.core.upsampling.any_size import axis_taps
from upsamp.core.upsampling.methods import METHODS, kernel_of
from upsamp.layers import CenterCrop, Resizing, UpSampling2D
from upsamp.layers.layer import Shape
from upsamp.models.export.onnx_images import STORED, image_value, images, lengths
from upsamp.models.export.onnx_nodes import Nodes, Operand, Value, refusal
from upsamp.models.export.recorded_array import record_call

# Inputs of an axis of which the middle one is far enough from the edges for every method.
INNER = 33


def up_sampling2d(
    nodes: Nodes, layer: UpSampling2D, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add an interpolation by whole factors, for images of any size."""
    stored, method = images(nodes, layer, inputs[0]), METHODS[layer.interpolation]
    if method.copies(layer.size):
        options = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        stored = _resize(nodes, stored, layer.size, mode="nearest", **options)
    elif layer.interpolation == "bilinear" and all(map(_is_power_of_two, layer.size)):
        # Positions of other factors ONNX Runtime rounds, the more the larger the image is.
        stored = _resize(nodes, stored, layer.size, mode="linear")
    else:
        channels = shape[layer.channel_axis]
        for axis, factor in enumerate(layer.size, start=2):
            if not method.copies((factor, factor)):
                stored = _enlarge(nodes, stored, layer.interpolation, axis, factor, channels)
    return image_value(layer, stored, shape)


def _is_power_of_two(number: int) -> bool:
    return not number & (number - 1)


def _resize(nodes: Nodes, stored: str, factors: Sequence[int], **options: Any) -> str:
    scales = nodes.constant(np.array((1, 1, *factors), np.float32))
    return nodes.add("Resize", stored, "", scales, **options)


def _enlarge(
    nodes: Nodes,
    stored: str,
    interpolation: Interpolation,
    axis: int,
    factor: int,
    channels: int | None,
) -> str:
    """Enlarge a stored axis: each input scatters its weights, as in a transposed convolution.

    At the edges, where an output lacks inputs, the sum of its weights is not one: it is divided by.
    """
    kernel, before, after = scattered_weights(interpolation, factor)
    across = axis == 3
    options: Mapping[str, Any] = {
        "strides": [1, factor] if across else [factor, 1],
        "pads": [0, before, 0, after] if across else [before, 0, after, 0],
    }
    weights = nodes.numbers(kernel.reshape(1, 1, 1, -1) if across else kernel.reshape(1, 1, -1, 1))
    one, kept = nodes.integers(1), nodes.integers(0, 0)
    length = nodes.length(stored, axis)
    sides = (one, length) if across else (length, one)
    ones = nodes.ones(nodes.add("Concat", one, one, *sides, axis=0))
    planes = nodes.add("Reshape", stored, nodes.integers(-1, 1, 0, 0))
    sums = nodes.add("ConvTranspose", planes, weights, **options)
    totals = nodes.add("ConvTranspose", ones, weights, **options)
    first = nodes.integers(-1, channels or 0)
    if channels is None:
        first = nodes.add("Shape", stored, dtype=np.int64, start=0, end=2)
    shape = nodes.add("Concat", first, kept, axis=0)
    return nodes.add("Reshape", nodes.add("Div", sums, totals), shape)


@lru_cache(maxsize=16)
def scattered_weights(interpolation: Interpolation, factor: int) -> tuple[Array, int, int]:
    """Return the weights that an input away from the edges has, and the crops on both sides.

    >>> scattered_weights("bilinear", 2)[0].tolist()
    [0.25, 0.75, 0.75, 0.25]
    """
    middle = INNER // 2
    weights = weight_matrix(INNER, INNER * factor, interpolation)[:, middle]
    reached = np.flatnonzero(weights)
    first, last = int(reached[0]), int(reached[-1]) + 1
    before = middle * factor - first
    return weights[first:last], before, last - first - before - factor


def weight_matrix(
    length: int, target: int, interpolation: Interpolation, *, antialias: bool = False
) -> Array:
    """Return the weights of all inputs of an axis for each output, (outputs, inputs)."""
    inputs, weights = axis_taps(length, target, interpolation, antialias=antialias)
    matrix = np.zeros((target, length))
    np.add.at(matrix, (np.arange(target)[:, np.newaxis], inputs), weights)
    return matrix


def resizing(nodes: Nodes, layer: Resizing, inputs: Sequence[Value], shape: Shape) -> Value:
    """Add an interpolation to a given size: products with the weights of rows and of columns."""
    x = inputs[0]
    if layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio:
        x = _with_ratio(nodes, layer, x)
    stored, known = images(nodes, layer, x), lengths(layer, x.shape)
    whole, wanted = stored, (layer.height, layer.width)
    # What smooths at an unchanged length does not where the other axis shrinks.
    smooths = METHODS[layer.interpolation].copied == "never" and None in known
    shrinks = any(a is not None and b < a for a, b in zip(known, wanted, strict=True))
    for axis, length, target in zip((2, 3), known, wanted, strict=True):
        if layer.interpolation == "nearest":
            stored = nodes.add("Gather", stored, _copied(nodes, stored, axis, target), axis=axis)
            continue
        if length == target and shrinks:
            continue
        if length is None:
            weights = _weights(nodes, nodes.length(stored, axis), target, layer)
        else:
            matrix = weight_matrix(length, target, layer.interpolation, antialias=layer.antialias)
            function = f"{layer.interpolation}{'_antialiased' * layer.antialias}_weights"
            weights = nodes.numbers(record_call(matrix, function, f"{length}, {target}"))
        if smooths and length in {None, target}:
            other = nodes.length(whole, 5 - axis), wanted[3 - axis]
            weights = _kept_where_the_other_shrinks(nodes, weights, target, other)
        if axis == 2:
            stored = nodes.add("MatMul", weights, stored)
        else:
            stored = nodes.add("MatMul", stored, nodes.add("Transpose", weights, perm=[1, 0]))
    return image_value(layer, stored, shape)


def _with_ratio(nodes: Nodes, layer: Resizing, x: Value) -> Value:
    """Add a crop or margins that give images the ratio of the result."""
    rows, columns = lengths(layer, x.shape)
    if rows is None or columns is None:
        raise refusal(layer, "to keep the ratio of images ONNX needs to know their sides")
    stored = images(nodes, layer, x)
    (above, below), (before, after) = layer.margins(rows, columns)
    # A Pad of ONNX cuts off what is negative.
    pads = nodes.integers(0, 0, above, before, 0, 0, below, after)
    stored = nodes.add("Pad", stored, pads, float(layer.fill_value))
    rows, columns = rows + above + below, columns + before + after
    shape = list(x.shape)
    for axis, length in zip(STORED[layer.data_format][2:], (rows, columns), strict=True):
        shape[axis] = length
    return image_value(layer, stored, tuple(shape))


def _middle(nodes: Nodes, stored: str, sides: Pair, wanted: Pair) -> str:
    """Add the middle of images, which are stored (N, C, H, W)."""
    begins = [(a - b) // 2 for a, b in zip(sides, wanted, strict=True)]
    ends = [begin + length for begin, length in zip(begins, wanted, strict=True)]
    lists = (begins, ends, (2, 3))
    return nodes.add("Slice", stored, *(nodes.integers(*one) for one in lists))


def center_crop(nodes: Nodes, layer: CenterCrop, inputs: Sequence[Value], shape: Shape) -> Value:
    """Add the middle of images, or an enlargement of those that are smaller."""
    rows, columns = lengths(layer, inputs[0].shape)
    if rows is None or columns is None:
        raise refusal(layer, "whether it crops or enlarges is decided by sides that are not known")
    if rows < layer.height or columns < layer.width:
        return resizing(nodes, layer.enlarging(), inputs, shape)
    stored = images(nodes, layer, inputs[0])
    wanted = layer.height, layer.width
    return image_value(layer, _middle(nodes, stored, (rows, columns), wanted), shape)


def _copied(nodes: Nodes, stored: str, axis: int, target: int) -> str:
    """Return the input that each output of an axis copies, in integers."""
    centres = nodes.constant(2 * np.arange(target, dtype=np.int64) + 1)
    products = nodes.add("Mul", centres, nodes.length(stored, axis))
    return nodes.add("Div", products, nodes.integers(2 * target))


# --- weights of an axis whose length is known when the graph is run


def _weights(nodes: Nodes, length: str, target: int, layer: Resizing) -> str:
    """Return the weights of all inputs of an axis for each output, (outputs, inputs)."""
    interpolation = layer.interpolation
    dtype, nodes.dtype = nodes.dtype, np.dtype(np.float64)
    none = nodes.constant(np.int64(0))
    inputs = nodes.cast(
        nodes.add("Range", none, nodes.add("Squeeze", length), nodes.constant(np.int64(1))),
        np.float64,
    )
    outputs = np.arange(target, dtype=np.float64)[:, np.newaxis]
    wide = nodes.cast(length, np.float64)
    if interpolation == "area":
        begin, tap = nodes.add("Mul", outputs, wide), nodes.add("Mul", inputs, target)
        end = nodes.add("Min", nodes.add("Add", begin, wide), nodes.add("Add", tap, target))
        weights = nodes.add("Max", nodes.add("Sub", end, nodes.add("Max", begin, tap)), 0)
    else:
        scaled = nodes.add("Div", nodes.add("Mul", outputs + 0.5, wide), target)
        distances = nodes.add("Abs", nodes.add("Sub", nodes.add("Sub", scaled, 0.5), inputs))
        if layer.antialias:  # a kernel that is as wide as an output
            stretch = nodes.add("Max", nodes.add("Div", wide, target), 1)
            distances = nodes.add("Div", distances, stretch)
        weights = _kernel(nodes, distances, interpolation)
    total = nodes.add("ReduceSum", weights, nodes.integers(1))
    result = nodes.add("Div", weights, total)
    nodes.dtype = dtype
    return nodes.cast(result, dtype)


def _kept_where_the_other_shrinks(
    nodes: Nodes, weights: str, target: int, other: tuple[str, int]
) -> str:
    """Return weights, or those of copies where this axis keeps its length and the other shrinks."""
    columns = nodes.add("Shape", weights, dtype=np.int64, start=1, end=2)
    same = nodes.add("Equal", columns, nodes.integers(target), dtype=np.bool_)
    shrinks = nodes.add("Greater", other[0], nodes.integers(other[1]), dtype=np.bool_)
    copies = nodes.add("EyeLike", weights)
    return nodes.add(
        "Where", nodes.add("And", same, shrinks), copies, weights, dtype=nodes.dtypes[weights]
    )


def _kernel(nodes: Nodes, t: str, interpolation: Interpolation) -> str:
    """Return the weights of inputs at the distances `t`."""
    kernel = kernel_of(interpolation)
    parts = [formula(nodes, source, t) for source in kernel.source]
    if len(parts) == 1:
        return parts[0]
    near, far = parts
    beyond = nodes.add("Less", t, kernel.support, dtype=np.bool_)
    inner = nodes.add("Less", t, 1, dtype=np.bool_)
    outer = nodes.add("Where", beyond, far, 0, dtype=nodes.dtype)
    return nodes.add("Where", inner, near, outer, dtype=nodes.dtype)


ARITHMETIC = {ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul", ast.Div: "Div", ast.Pow: "Pow"}
FUNCTIONS = {"maximum": "Max", "exp": "Exp"}


def formula(nodes: Nodes, source: str, t: str) -> str:
    """Add a formula of `t`, spelled for NumPy as a kernel's source is."""
    return cast("str", _formula(nodes, ast.parse(source, mode="eval").body, t))


def _formula(nodes: Nodes, tree: ast.expr, t: str) -> Operand:
    if isinstance(tree, ast.Name):
        return t
    if isinstance(tree, ast.BinOp):
        pair = (_formula(nodes, side, t) for side in (tree.left, tree.right))
        return nodes.add(ARITHMETIC[type(tree.op)], *pair)
    if isinstance(tree, ast.Compare):
        pair = (_formula(nodes, side, t) for side in (tree.left, tree.comparators[0]))
        return nodes.add("Less", *pair, dtype=np.bool_)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute):
        operands = [_formula(nodes, operand, t) for operand in tree.args]
        return _function(nodes, tree.func.attr, operands)
    return float(ast.literal_eval(tree))


def _function(nodes: Nodes, name: str, operands: Sequence[Operand]) -> str:
    """Add a function by NumPy's name."""
    if name == "where":
        return nodes.add("Where", *operands, dtype=nodes.dtype)
    if name == "sinc":
        angle = nodes.add("Mul", operands[0], np.pi)
        middle = nodes.add("Equal", angle, 0, dtype=np.bool_)
        sine = nodes.add("Div", nodes.add("Sin", angle), angle)
        return nodes.add("Where", middle, 1, sine, dtype=nodes.dtype)
    return nodes.add(FUNCTIONS[name], *operands)
