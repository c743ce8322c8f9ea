"""Layers on images as nodes of ONNX: they are stored (N, C, H, W), whatever the layer has."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from upsamp.core.arguments import Array, Interpolation
from upsamp.core.upsampling.interpolation import plan_axis
from upsamp.core.upsampling.methods import METHODS
from upsamp.core.upsampling.taps import taps_of
from upsamp.errors import UnknownLayerError
from upsamp.layers import (
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    DepthwiseConv2D,
    PixelShuffle,
    Resizing,
    SeparableConv2D,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.layers.global_pooling_layer import GlobalPoolingLayer
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Layer, Shape
from upsamp.layers.pooling_layer import PoolingLayer
from upsamp.layers.window_layer import WindowLayer
from upsamp.models.export.onnx_activations import activate
from upsamp.models.export.onnx_nodes import Nodes, Value

# How images are stored: as (N, C, H, W).
STORED = {"channels_last": (0, 3, 1, 2), "channels_first": (0, 1, 2, 3)}
# An axis of an unknown length is planned as one of this: pads and crops do not depend on it.
NOMINAL = 2**20
# Inputs of an axis of which one in the middle is far enough from the edges for every method.
INNER = 33


def images(nodes: Nodes, layer: ImageLayer, x: Value) -> str:
    """Return images as they are stored."""
    return nodes.arrange(x, STORED[layer.data_format])


def _result(layer: ImageLayer, name: str, shape: Shape) -> Value:
    return Value(name, shape, STORED[layer.data_format])


def lengths(layer: ImageLayer, shape: Shape) -> tuple[int | None, int | None]:
    """Return the rows and columns of a shape, None where they are not known."""
    _, _, rows, columns = (shape[axis] for axis in STORED[layer.data_format])
    return rows, columns


def weight(nodes: Nodes, layer: Layer, name: str, array: Array | None = None) -> str:
    """Return the name of a weight, or of it in another shape."""
    return nodes.numbers(layer.weight(name) if array is None else array, name)


# --- convolutions


def conv2d(nodes: Nodes, layer: Conv2D, inputs: Sequence[Value], shape: Shape) -> Value:
    """Add a convolution."""
    kernel = weight(nodes, layer, "kernel", layer.weight("kernel").transpose(3, 2, 0, 1))
    operands = [kernel, *_bias(nodes, layer)]
    return _finished(
        nodes, layer, _convolve(nodes, layer, inputs[0], operands, layer.groups), shape
    )


def depthwise_conv2d(
    nodes: Nodes, layer: DepthwiseConv2D, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a convolution with a group for each channel."""
    kernel = layer.weight("kernel")
    operands = [_depthwise(nodes, layer, "kernel", kernel), *_bias(nodes, layer)]
    result = _convolve(nodes, layer, inputs[0], operands, kernel.shape[2])
    return _finished(nodes, layer, result, shape)


def separable_conv2d(
    nodes: Nodes, layer: SeparableConv2D, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a convolution with a group for each channel, and one that mixes them."""
    kernel, mix = layer.weight("depthwise_kernel"), layer.weight("pointwise_kernel")
    operand = _depthwise(nodes, layer, "depthwise_kernel", kernel)
    middle = _convolve(nodes, layer, inputs[0], [operand], kernel.shape[2])
    pointwise = weight(nodes, layer, "pointwise_kernel", mix.transpose(3, 2, 0, 1))
    result = nodes.add("Conv", middle, pointwise, *_bias(nodes, layer))
    return _finished(nodes, layer, result, shape)


def _depthwise(nodes: Nodes, layer: WindowLayer, name: str, kernel: Array) -> str:
    """Return the kernels of single channels, (rows, columns, C, multiplier), as those of groups."""
    rows, columns, *_ = kernel.shape
    return weight(nodes, layer, name, kernel.reshape(rows, columns, 1, -1).transpose(3, 2, 0, 1))


def _bias(nodes: Nodes, layer: WindowLayer) -> list[str]:
    return [weight(nodes, layer, "bias")] if layer.use_bias else []


def _finished(nodes: Nodes, layer: WindowLayer, name: str, shape: Shape) -> Value:
    return activate(nodes, layer.activation, _result(layer, name, shape))


def _convolve(
    nodes: Nodes, layer: WindowLayer, x: Value, operands: Sequence[str], groups: int
) -> str:
    """Add a Conv that pads as the layer does."""
    attributes: dict[str, Any] = {
        "strides": [*layer.strides],
        "dilations": [*layer.dilation_rate],
        "group": groups,
    }
    stored = images(nodes, layer, x)
    known = lengths(layer, x.shape)
    if _pads_are_known(layer, known):
        attributes["pads"] = _pads(layer, known)
    elif layer.dilation_rate == (1, 1):
        attributes["auto_pad"] = "SAME_UPPER"
    else:  # which ONNX Runtime does not pad
        stored = _same(nodes, layer, stored)
    return nodes.add("Conv", stored, *operands, **attributes)


def _pads_are_known(layer: WindowLayer | PoolingLayer, known: Sequence[int | None]) -> bool:
    """Tell whether the zeros around images are the same for all lengths that there may be."""
    return layer.padding != "same" or all(
        length is not None or stride == 1
        for length, stride in zip(known, layer.strides, strict=True)
    )


def _pads(layer: WindowLayer | PoolingLayer, known: Sequence[int | None]) -> list[int]:
    """Return the zeros before rows and columns, and those after them."""
    plans = [layer.plan(axis, length or NOMINAL) for axis, length in enumerate(known)]
    return [*(plan.before for plan in plans), *(plan.after for plan in plans)]


def _same(nodes: Nodes, layer: WindowLayer, stored: str) -> str:
    """Pad images of unknown sides as TensorFlow does for padding="same"."""
    spans = [
        (kernel - 1) * dilation
        for kernel, dilation in zip(layer.kernel_size, layer.dilation_rate, strict=True)
    ]
    none = nodes.integers(0, 0)
    sides = nodes.add("Shape", stored, dtype=np.int64, start=2, end=4)
    last = nodes.add("Sub", sides, nodes.integers(1, 1))
    # The last output begins at the last multiple of the stride.
    rest = nodes.add("Mod", last, nodes.integers(*layer.strides))
    zeros = nodes.add("Max", nodes.add("Sub", nodes.integers(*spans), rest), none)
    before = nodes.add("Div", zeros, nodes.integers(2, 2))
    after = nodes.add("Sub", zeros, before)
    return nodes.add("Pad", stored, nodes.add("Concat", none, before, none, after, axis=0))


def conv2d_transpose(
    nodes: Nodes, layer: Conv2DTranspose, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a transposed convolution, and what ONNX Runtime's cannot crop or add."""
    x = inputs[0]
    kernel = weight(nodes, layer, "kernel", layer.weight("kernel").transpose(3, 2, 0, 1))
    known = lengths(layer, x.shape)
    plans = [layer.transposed_plan(axis, length or NOMINAL) for axis, length in enumerate(known)]
    # ONNX Runtime takes no crop that leaves nothing, and adds fewer zeros than the stride.
    whole = [plan.full <= plan.before + max(0, plan.after) for plan in plans]
    begins = [0 if all_ else plan.before for plan, all_ in zip(plans, whole, strict=True)]
    ends = [0 if all_ else max(0, plan.after) for plan, all_ in zip(plans, whole, strict=True)]
    extras = [
        0 if all_ else min(max(0, -plan.after), plan.stride - 1)
        for plan, all_ in zip(plans, whole, strict=True)
    ]
    left = [plan.after - end + extra for plan, end, extra in zip(plans, ends, extras, strict=True)]
    cut = [plan.before - begin for plan, begin in zip(plans, begins, strict=True)]
    at_once = not any([*left, *cut])
    stored = nodes.add(
        "ConvTranspose",
        images(nodes, layer, x),
        kernel,
        *(_bias(nodes, layer) if at_once else ()),
        strides=[*layer.strides],
        dilations=[*layer.dilation_rate],
        group=layer.groups,
        pads=[*begins, *ends],
        output_padding=extras,
    )
    if not at_once:
        stored = _added(nodes, stored, cut, left)
        for bias in _bias(nodes, layer):
            along = nodes.add("Unsqueeze", bias, nodes.integers(1, 2))
            stored = nodes.add("Add", stored, along)
    return _finished(nodes, layer, stored, shape)


def _added(nodes: Nodes, stored: str, cut: Sequence[int], left: Sequence[int]) -> str:
    """Crop so many rows and columns at the beginning and at the end, or add zeros there."""
    zeros = [max(0, -one) for one in left]
    if any(zeros):
        stored = nodes.add("Pad", stored, nodes.integers(0, 0, 0, 0, 0, 0, *zeros))
    if any([*cut, *(max(0, one) for one in left)]):
        stored = _slice(
            nodes, stored, (2, 3), [(a, max(0, b)) for a, b in zip(cut, left, strict=True)]
        )
    return stored


def _slice(
    nodes: Nodes, stored: str, axes: Sequence[int], margins: Sequence[tuple[int, int]]
) -> str:
    """Cut off margins of stored axes."""
    begins = nodes.integers(*(before for before, _ in margins))
    ends = nodes.integers(*(-after if after else np.iinfo(np.int64).max for _, after in margins))
    return nodes.add("Slice", stored, begins, ends, nodes.integers(*axes))


# --- margins and pools


def _image_axes(layer: ImageLayer) -> tuple[int, int]:
    return (1, 2) if layer.data_format == "channels_last" else (2, 3)


def cropping2d(nodes: Nodes, layer: Cropping2D, inputs: Sequence[Value], shape: Shape) -> Value:
    """Add a crop."""
    x = inputs[0]
    axes = x.stored(_image_axes(layer))
    return x._replace(name=_slice(nodes, x.name, axes, layer.cropping), shape=shape)


def zero_padding2d(
    nodes: Nodes, layer: ZeroPadding2D, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add zeros around images."""
    x = inputs[0]
    pads = np.zeros((2, 4), np.int64)
    pads[:, x.stored(_image_axes(layer))] = np.array(layer.padding).T
    return x._replace(name=nodes.add("Pad", x.name, nodes.constant(pads.ravel())), shape=shape)


def max_pooling2d(
    nodes: Nodes, layer: PoolingLayer, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add the largest value of each window."""
    return _pool(nodes, "MaxPool", layer, inputs[0], shape)


def average_pooling2d(
    nodes: Nodes, layer: PoolingLayer, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add the mean of each window, of the values that exist."""
    return _pool(nodes, "AveragePool", layer, inputs[0], shape)


def _pool(nodes: Nodes, operator: str, layer: PoolingLayer, x: Value, shape: Shape) -> Value:
    known = lengths(layer, x.shape)
    padding: dict[str, Any] = {"auto_pad": "SAME_UPPER"}
    if _pads_are_known(layer, known):
        padding = {"pads": _pads(layer, known)}
    stored = nodes.add(
        operator,
        images(nodes, layer, x),
        kernel_shape=[*layer.pool_size],
        strides=[*layer.strides],
        **padding,
    )
    return _result(layer, stored, shape)


def global_pooling2d(operator: str) -> Any:
    """Return what adds one value for each channel."""

    def add(
        nodes: Nodes, layer: GlobalPoolingLayer, inputs: Sequence[Value], shape: Shape
    ) -> Value:
        stored = images(nodes, layer, inputs[0])
        kept = int(layer.keepdims)
        name = nodes.add(operator, stored, nodes.integers(2, 3), keepdims=kept)
        return _result(layer, name, shape) if kept else Value(name, shape, (0, 1))

    return add


def pixel_shuffle(
    nodes: Nodes, layer: PixelShuffle, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add what lays out channels as pixels."""
    stored = nodes.add(
        "DepthToSpace",
        images(nodes, layer, inputs[0]),
        blocksize=layer.upscale_factor,
        mode=layer.order.upper(),
    )
    return _result(layer, stored, shape)


# --- interpolation


def up_sampling2d(
    nodes: Nodes, layer: UpSampling2D, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add an interpolation by whole factors, for images of any size."""
    stored, method = images(nodes, layer, inputs[0]), METHODS[layer.interpolation]
    sizes = [1.0, 1.0, *map(float, layer.size)]
    if method.copies(layer.size):
        stored = _resize(nodes, stored, sizes, "nearest", "asymmetric", nearest_mode="floor")
    elif layer.interpolation == "bilinear" and all(map(_is_power_of_two, layer.size)):
        # Of others ONNX Runtime rounds the positions, the more the larger the image is.
        stored = _resize(nodes, stored, sizes, "linear", "half_pixel")
    else:
        channels = shape[layer.channel_axis]
        if channels is None:
            raise refusal(layer, "ONNX needs to know the channels of what it interpolates")
        for axis, factor in enumerate(layer.size, start=2):
            if not method.copies((factor, factor)):
                stored = _enlarge(nodes, stored, layer.interpolation, axis, factor, channels)
    return _result(layer, stored, shape)


def refusal(layer: Layer, why: str) -> UnknownLayerError:
    """Return the error for a layer that is not written."""
    return UnknownLayerError(
        f"A layer must have operators of ONNX to be saved as .onnx. Received: '{layer.name}' "
        f"({layer.type_name}): {why}. Save the model as .keras."
    )


def _is_power_of_two(number: int) -> bool:
    return not number & (number - 1)


def _resize(
    nodes: Nodes, stored: str, factors: Sequence[float], mode: str, place: str, **options: Any
) -> str:
    scales = nodes.constant(np.array(factors, np.float32))
    return nodes.add(
        "Resize",
        stored,
        "",
        scales,
        mode=mode,
        coordinate_transformation_mode=place,
        **options,
    )


def _enlarge(
    nodes: Nodes, stored: str, interpolation: Interpolation, axis: int, factor: int, channels: int
) -> str:
    """Enlarge a stored axis: each input scatters its weights, as in a transposed convolution.

    At the edges, where an output lacks inputs, the sum of its weights is less than one, and is
    divided by.
    """
    kernel, before, after = scattered_weights(interpolation, factor)
    across = axis == 3
    options: Mapping[str, Any] = {
        "strides": [1, factor] if across else [factor, 1],
        "pads": [0, before, 0, after] if across else [before, 0, after, 0],
    }
    weights = nodes.numbers(kernel.reshape(1, 1, 1, -1) if across else kernel.reshape(1, 1, -1, 1))
    one = nodes.integers(1)
    length = nodes.length(stored, axis)
    sides = (one, length) if across else (length, one)
    ones = nodes.add(
        "ConstantOfShape",
        nodes.add("Concat", one, one, *sides, axis=0),
        dtype=nodes.dtype,
        value=np.ones(1, nodes.dtype),
    )
    planes = nodes.add("Reshape", stored, nodes.integers(-1, 1, 0, 0))
    sums = nodes.add("ConvTranspose", planes, weights, **options)
    totals = nodes.add("ConvTranspose", ones, weights, **options)
    result = nodes.add("Div", sums, totals)
    return nodes.add("Reshape", result, nodes.integers(-1, channels, 0, 0))


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


def weight_matrix(length: int, target: int, interpolation: Interpolation) -> Array:
    """Return the weights of all inputs of an axis for each output, (outputs, inputs)."""
    inputs, weights = taps_of(plan_axis(length, target, interpolation)).at(np.arange(target))
    matrix = np.zeros((target, length))
    np.add.at(matrix, (np.arange(target)[:, np.newaxis], inputs), weights)
    return matrix


def resizing(nodes: Nodes, layer: Resizing, inputs: Sequence[Value], shape: Shape) -> Value:
    """Add an interpolation to a given size: products with the weights of rows and of columns."""
    stored = images(nodes, layer, inputs[0])
    known = lengths(layer, inputs[0].shape)
    for axis, length, target in zip((2, 3), known, (layer.height, layer.width), strict=True):
        if layer.interpolation == "nearest":
            stored = nodes.add("Gather", stored, _copied(nodes, stored, axis, target), axis=axis)
        elif length is None:
            raise refusal(layer, f"the weights of {layer.interpolation} need a known input size")
        else:
            weights = weight_matrix(length, target, layer.interpolation)
            if axis == 2:
                stored = nodes.add("MatMul", nodes.numbers(weights), stored)
            else:
                stored = nodes.add("MatMul", stored, nodes.numbers(weights.T))
    return _result(layer, stored, shape)


def _copied(nodes: Nodes, stored: str, axis: int, target: int) -> str:
    """Return the input that each output of an axis copies, in integers."""
    centres = nodes.constant(2 * np.arange(target, dtype=np.int64) + 1)
    return nodes.add(
        "Div", nodes.add("Mul", centres, nodes.length(stored, axis)), nodes.integers(2 * target)
    )
