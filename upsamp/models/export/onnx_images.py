"""Convolutions, pools and margins as nodes of ONNX: images are stored (N, C, H, W)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.core.geometry.sizes import TransposedAxis
from upsamp.layers import (
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    DepthwiseConv2D,
    PixelShuffle,
    PixelUnshuffle,
    SeparableConv2D,
    ZeroPadding2D,
)
from upsamp.layers.global_pooling_layer import GlobalPoolingLayer
from upsamp.layers.image_layer import ImageLayer
from upsamp.layers.layer import Shape
from upsamp.layers.pooling_layer import PoolingLayer
from upsamp.layers.window_layer import WindowLayer
from upsamp.models.export.onnx_activations import activate
from upsamp.models.export.onnx_nodes import Nodes, Value

# How images are stored: as (N, C, H, W).
STORED = {"channels_last": (0, 3, 1, 2), "channels_first": (0, 1, 2, 3)}
# An axis of an unknown length is planned as one of this: pads and crops do not depend on it.
NOMINAL = 2**20


def images(nodes: Nodes, layer: ImageLayer, x: Value) -> str:
    """Return images as they are stored."""
    return nodes.arrange(x, STORED[layer.data_format])


def image_value(layer: ImageLayer, name: str, shape: Shape) -> Value:
    """Return images that are stored so."""
    return Value(name, shape, STORED[layer.data_format])


def lengths(layer: ImageLayer, shape: Shape) -> tuple[int | None, int | None]:
    """Return the rows and columns of a shape, None where they are not known."""
    _, _, rows, columns = (shape[axis] for axis in STORED[layer.data_format])
    return rows, columns


# --- convolutions


def conv2d(nodes: Nodes, layer: Conv2D, inputs: Sequence[Value], shape: Shape) -> Value:
    """Add a convolution."""
    kernel = nodes.numbers(layer.weight("kernel").transpose(3, 2, 0, 1), "kernel")
    operands = [kernel, *_bias(nodes, layer)]
    return _finished(
        nodes, layer, _convolve(nodes, layer, inputs[0], operands, layer.groups), shape
    )


def depthwise_conv2d(
    nodes: Nodes, layer: DepthwiseConv2D, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a convolution with a group for each channel."""
    kernel = layer.weight("kernel")
    operands = [_depthwise(nodes, "kernel", kernel), *_bias(nodes, layer)]
    result = _convolve(nodes, layer, inputs[0], operands, kernel.shape[2])
    return _finished(nodes, layer, result, shape)


def separable_conv2d(
    nodes: Nodes, layer: SeparableConv2D, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a convolution with a group for each channel, and one that mixes them."""
    kernel, mix = layer.weight("depthwise_kernel"), layer.weight("pointwise_kernel")
    operand = _depthwise(nodes, "depthwise_kernel", kernel)
    middle = _convolve(nodes, layer, inputs[0], [operand], kernel.shape[2])
    pointwise = nodes.numbers(mix.transpose(3, 2, 0, 1), "pointwise_kernel")
    result = nodes.add("Conv", middle, pointwise, *_bias(nodes, layer))
    return _finished(nodes, layer, result, shape)


def _depthwise(nodes: Nodes, name: str, kernel: Array) -> str:
    """Return the kernels of single channels, (rows, columns, C, multiplier), as those of groups."""
    rows, columns, *_ = kernel.shape
    return nodes.numbers(kernel.reshape(rows, columns, 1, -1).transpose(3, 2, 0, 1), name)


def _bias(nodes: Nodes, layer: WindowLayer) -> list[str]:
    return [nodes.numbers(layer.weight("bias"), "bias")] if layer.use_bias else []


def _finished(nodes: Nodes, layer: WindowLayer, name: str, shape: Shape) -> Value:
    return activate(nodes, layer.activation, image_value(layer, name, shape))


def _convolve(
    nodes: Nodes, layer: WindowLayer, x: Value, operands: Sequence[str], groups: int
) -> str:
    """Add a Conv that pads as the layer does."""
    sliding = Sliding(layer.kernel_size, layer.strides, layer.dilation_rate)
    stored, padding = _padded(nodes, layer, x, sliding, 0.0)
    return nodes.add(
        "Conv",
        stored,
        *operands,
        strides=[*layer.strides],
        dilations=[*layer.dilation_rate],
        group=groups,
        **padding,
    )


class Sliding(NamedTuple):
    """A window that slides over rows and columns."""

    size: Pair
    strides: Pair
    dilations: Pair = (1, 1)


def _padded(
    nodes: Nodes, layer: WindowLayer | PoolingLayer, x: Value, sliding: Sliding, fill: float
) -> tuple[str, dict[str, Any]]:
    """Return images as they are stored, and the attributes that pad them as the layer does.

    Where ONNX Runtime cannot, they are padded with `fill` already.
    """
    stored, known = images(nodes, layer, x), lengths(layer, x.shape)
    axes = [*zip(known, *sliding, strict=True)]
    if layer.padding != "same" or all(
        length is not None or stride == 1 or size == 1 for length, size, stride, _ in axes
    ):
        plans = [layer.plan(axis, length or NOMINAL) for axis, length in enumerate(known)]
        pads = [*(plan.before for plan in plans), *(plan.after for plan in plans)]
        return stored, {"pads": pads}
    if all(size >= stride and dilation == 1 for _, size, stride, dilation in axes):
        return stored, {"auto_pad": "SAME_UPPER"}
    return _same(nodes, stored, sliding, fill), {}


def _same(nodes: Nodes, stored: str, sliding: Sliding, fill: float) -> str:
    """Pad images of unknown sides as TensorFlow does for padding="same"."""
    spans = [
        (size - 1) * dilation
        for size, dilation in zip(sliding.size, sliding.dilations, strict=True)
    ]
    none = nodes.integers(0, 0)
    sides = nodes.add("Shape", stored, dtype=np.int64, start=2, end=4)
    last = nodes.add("Sub", sides, nodes.integers(1, 1))
    # The last output begins at the last multiple of the stride.
    rest = nodes.add("Mod", last, nodes.integers(*sliding.strides))
    missing = nodes.add("Max", nodes.add("Sub", nodes.integers(*spans), rest), none)
    before = nodes.add("Div", missing, nodes.integers(2, 2))
    after = nodes.add("Sub", missing, before)
    pads = nodes.add("Concat", none, before, none, after, axis=0)
    return nodes.add("Pad", stored, pads, fill)


class _Crop(NamedTuple):
    """How an axis of a transposed convolution is cropped: by its operator, and after it.

    begin, end, extra: what ConvTranspose cuts off, and the zeros that it adds at the end. cut,
    rest: what is left to cut off at both ends; negative where zeros are to be added.
    """

    begin: int
    end: int
    extra: int
    cut: int
    rest: int


def _crop(plan: TransposedAxis) -> _Crop:
    """Crop by ConvTranspose: ONNX Runtime's leaves something, and adds less than the stride."""
    if plan.full <= plan.before + max(0, plan.after):
        return _Crop(0, 0, 0, plan.before, plan.after)
    extra = min(max(0, -plan.after), plan.stride - 1)
    end = max(0, plan.after)
    return _Crop(plan.before, end, extra, 0, plan.after - end + extra)


def conv2d_transpose(
    nodes: Nodes, layer: Conv2DTranspose, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a transposed convolution, and what ONNX Runtime's cannot crop or add."""
    x = inputs[0]
    kernel = nodes.numbers(layer.weight("kernel").transpose(3, 2, 0, 1), "kernel")
    known = lengths(layer, x.shape)
    plans = [layer.transposed_plan(axis, length or NOMINAL) for axis, length in enumerate(known)]
    rows, columns = map(_crop, plans)
    at_once = not any((rows.cut, rows.rest, columns.cut, columns.rest))
    bias = _bias(nodes, layer)
    stored = nodes.add(
        "ConvTranspose",
        images(nodes, layer, x),
        kernel,
        *(bias if at_once else ()),
        strides=[*layer.strides],
        dilations=[*layer.dilation_rate],
        group=layer.groups,
        pads=[rows.begin, columns.begin, rows.end, columns.end],
        output_padding=[rows.extra, columns.extra],
    )
    if not at_once:
        zeros = max(0, -rows.rest), max(0, -columns.rest)
        stored = nodes.add("Pad", stored, nodes.integers(0, 0, 0, 0, 0, 0, *zeros))
        margins = [(one.cut, max(0, one.rest)) for one in (rows, columns)]
        stored = _slice(nodes, stored, (2, 3), margins)
        for values in bias:
            along = nodes.add("Unsqueeze", values, nodes.integers(1, 2))
            stored = nodes.add("Add", stored, along)
    return _finished(nodes, layer, stored, shape)


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
    sliding = Sliding(layer.pool_size, layer.strides)
    stored, padding = _padded(nodes, layer, inputs[0], sliding, -np.inf)
    return image_value(layer, _pool(nodes, "MaxPool", stored, sliding, padding), shape)


def average_pooling2d(
    nodes: Nodes, layer: PoolingLayer, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add the mean of each window, of the values that exist."""
    sliding = Sliding(layer.pool_size, layer.strides)
    stored, padding = _padded(nodes, layer, inputs[0], sliding, 0.0)
    result = _pool(nodes, "AveragePool", stored, sliding, padding)
    if not padding:  # the zeros are among the values
        sides = nodes.add("Shape", images(nodes, layer, inputs[0]), dtype=np.int64)
        exist = _same(nodes, nodes.ones(sides), sliding, 0.0)
        result = nodes.add("Div", result, _pool(nodes, "AveragePool", exist, sliding, padding))
    return image_value(layer, result, shape)


def _pool(
    nodes: Nodes, operator: str, stored: str, sliding: Sliding, padding: Mapping[str, Any]
) -> str:
    return nodes.add(
        operator, stored, kernel_shape=[*sliding.size], strides=[*sliding.strides], **padding
    )


def global_pooling2d(operator: str) -> Any:
    """Return what adds one value for each channel."""

    def add(
        nodes: Nodes, layer: GlobalPoolingLayer, inputs: Sequence[Value], shape: Shape
    ) -> Value:
        stored = images(nodes, layer, inputs[0])
        kept = int(layer.keepdims)
        name = nodes.add(operator, stored, nodes.integers(2, 3), keepdims=kept)
        return image_value(layer, name, shape) if kept else Value(name, shape, (0, 1))

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
    return image_value(layer, stored, shape)


def pixel_unshuffle(
    nodes: Nodes, layer: PixelUnshuffle, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add what lays out blocks of pixels as channels."""
    stored, block = images(nodes, layer, inputs[0]), layer.downscale_factor
    result = nodes.add("SpaceToDepth", stored, blocksize=block)  # the block before the channels
    if layer.order == "crd":
        sides = nodes.add("Shape", result, dtype=np.int64, start=2)
        apart = nodes.add("Concat", nodes.integers(0, block**2, -1), sides, axis=0)
        parts = nodes.add("Transpose", nodes.add("Reshape", result, apart), perm=[0, 2, 1, 3, 4])
        whole = nodes.add("Shape", result, dtype=np.int64)
        result = nodes.add("Reshape", parts, whole)
    return image_value(layer, result, shape)
