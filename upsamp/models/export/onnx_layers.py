"""How each layer becomes nodes of ONNX: a record for each class."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from upsamp import layers
from upsamp.layers.get_item import GetItem
from upsamp.layers.layer import Layer, Shape
from upsamp.layers.operation import Operation
from upsamp.models.export import onnx_activations as activations
from upsamp.models.export import onnx_images as images
from upsamp.models.export import onnx_interpolation as interpolation
from upsamp.models.export import onnx_normalization as normalization
from upsamp.models.export import onnx_operations as operations
from upsamp.models.export.onnx_nodes import Nodes, Value, plain_value, refusal

# What adds a layer: called with the layer, its inputs and the shape of its first output.
Export: TypeAlias = Callable[[Nodes, Any, Sequence[Value], Shape], Value | list[Value]]


def _same(nodes: Nodes, layer: Layer, inputs: Sequence[Value], shape: Shape) -> Value:
    """Return the input: what acts in training alone."""
    return inputs[0]


# --- vectors and shapes


def _dense(nodes: Nodes, layer: layers.Dense, inputs: Sequence[Value], shape: Shape) -> Value:
    kernel = nodes.numbers(layer.mixture().kernel.array, "kernel")
    x = nodes.plain(inputs[0])
    if layer.dtype_policy.quantized and layer.rounds_inputs:
        x = _in_8_bits(nodes, x)
    name = nodes.add("MatMul", x, kernel)
    if layer.use_bias:
        name = nodes.add("Add", name, nodes.numbers(layer.weight("bias"), "bias"))
    return activations.activate(nodes, layer.activation, plain_value(name, shape))


def _in_8_bits(nodes: Nodes, x: str) -> str:
    """Add vectors with each value rounded to 1/127 of the largest."""
    largest = nodes.add("ReduceMax", nodes.add("Abs", x), nodes.integers(-1))
    scale = nodes.add("Div", 127, nodes.add("Add", largest, 1e-7))
    whole = nodes.add("Round", nodes.add("Mul", x, scale))
    return nodes.add("Div", activations.clip(nodes, whole, -127, 127), scale)


def _embedding(
    nodes: Nodes, layer: layers.Embedding, inputs: Sequence[Value], shape: Shape
) -> Value:
    table = nodes.numbers(layer.weight("embeddings"), "embeddings")
    rows = nodes.cast(nodes.plain(inputs[0]), np.int64)
    return plain_value(nodes.add("Gather", table, rows, axis=0), shape)


def _reshaped(nodes: Nodes, x: Value, wanted: Sequence[int], shape: Shape) -> Value:
    """Add other axes after the batch; -1 is what is left over."""
    if x.shape[0] == 0 or None not in shape[1:]:
        wanted = [axis or 0 for axis in shape[1:]]
    return plain_value(nodes.add("Reshape", nodes.plain(x), nodes.integers(0, *wanted)), shape)


def _reshape(nodes: Nodes, layer: layers.Reshape, inputs: Sequence[Value], shape: Shape) -> Value:
    return _reshaped(nodes, inputs[0], layer.target_shape, shape)


def _flatten(nodes: Nodes, layer: layers.Flatten, inputs: Sequence[Value], shape: Shape) -> Value:
    x = inputs[0]
    if layer.data_format == "channels_first" and len(x.shape) > 2:
        x = _transposed(x, (0, *range(2, len(x.shape)), 1))
    return _reshaped(nodes, x, (-1,), shape)


def _transposed(x: Value, order: Sequence[int]) -> Value:
    """Return an array with its axes in another order: it is stored as it was."""
    axes = tuple(order.index(axis) for axis in x.axes)
    return Value(x.name, tuple(x.shape[axis] for axis in order), axes)


def _permute(nodes: Nodes, layer: layers.Permute, inputs: Sequence[Value], shape: Shape) -> Value:
    return _transposed(inputs[0], (0, *layer.dims))


def _repeat_vector(
    nodes: Nodes, layer: layers.RepeatVector, inputs: Sequence[Value], shape: Shape
) -> Value:
    row = nodes.add("Unsqueeze", nodes.plain(inputs[0]), nodes.integers(1))
    return plain_value(nodes.add("Tile", row, nodes.integers(1, layer.n, 1)), shape)


# --- values, one by one


def _pointwise(function: Callable[..., str], *options: str) -> Export:
    """Return what adds a function of each value; options: the layer's attributes that it takes."""

    def add(nodes: Nodes, layer: Any, inputs: Sequence[Value], shape: Shape) -> Value:
        arguments = [getattr(layer, name) for name in options]
        return inputs[0]._replace(name=function(nodes, inputs[0].name, *arguments))

    return add


def _activation(
    nodes: Nodes, layer: layers.Activation, inputs: Sequence[Value], shape: Shape
) -> Value:
    return activations.activate(nodes, layer.activation, inputs[0])


def _above(nodes: Nodes, x: str, theta: float) -> str:
    low = nodes.add("LessOrEqual", x, theta, dtype=np.bool_)
    return activations.where(nodes, low, 0, x)


def _prelu(nodes: Nodes, layer: layers.PReLU, inputs: Sequence[Value], shape: Shape) -> Value:
    x = inputs[0]
    alpha = nodes.along(x, layer.weight("alpha"), "alpha")
    sloped = nodes.add("Mul", nodes.add("Min", x.name, 0), alpha)
    return x._replace(name=nodes.add("Add", nodes.add("Relu", x.name), sloped))


def _softmax(nodes: Nodes, layer: layers.Softmax, inputs: Sequence[Value], shape: Shape) -> Value:
    x = inputs[0]
    return x._replace(
        name=activations.softmax(nodes, x.name, activations.stored_axes(x, layer.axis))
    )


def _rescaling(
    nodes: Nodes, layer: layers.Rescaling, inputs: Sequence[Value], shape: Shape
) -> Value:
    factor, offset = np.asarray(layer.scale), np.asarray(layer.offset)
    return normalization.scaled(nodes, inputs[0], factor, offset, ("scale", "offset"))


# --- layers around others


def _time_distributed(
    nodes: Nodes, layer: layers.TimeDistributed, inputs: Sequence[Value], shape: Shape
) -> Value:
    x, inner = inputs[0], layer.layer
    steps = nodes.plain(x)
    sides = nodes.add("Shape", steps, dtype=np.int64, start=2)
    whole = nodes.add("Concat", nodes.integers(-1), sides, axis=0)
    one = plain_value(nodes.add("Reshape", steps, whole), (None, *x.shape[2:]))
    found = record_of(inner)(nodes, inner, [one], (None, *shape[2:]))
    result = nodes.plain(found if isinstance(found, Value) else found[0])
    outer = nodes.add("Shape", steps, dtype=np.int64, start=0, end=2)
    rest = nodes.add("Shape", result, dtype=np.int64, start=1)
    return plain_value(
        nodes.add("Reshape", result, nodes.add("Concat", outer, rest, axis=0)), shape
    )


def _spectral_normalization(
    nodes: Nodes, layer: layers.SpectralNormalization, inputs: Sequence[Value], shape: Shape
) -> Value | list[Value]:
    return record_of(layer.layer)(nodes, layer.layer, inputs, shape)


# --- several inputs


def _together(nodes: Nodes, inputs: Sequence[Value], rank: int) -> tuple[list[str], Value]:
    """Return arrays of the same rank as they broadcast, and one of them for its axes.

    Those of fewer axes get axes of length 1 after the batch.
    """
    if all(len(x.axes) == rank for x in inputs):
        return [nodes.arrange(x, inputs[0].axes) for x in inputs], inputs[0]
    names = [nodes.plain(x) for x in inputs]
    for place, x in enumerate(inputs):
        if len(x.axes) < rank:
            new = nodes.integers(*range(1, 1 + rank - len(x.axes)))
            names[place] = nodes.add("Unsqueeze", names[place], new)
    return names, plain_value("", (None,) * rank)


def _merge(operator: str) -> Export:
    """Return what combines arrays two by two."""

    def add(nodes: Nodes, layer: Layer, inputs: Sequence[Value], shape: Shape) -> Value:
        names, kind = _together(nodes, inputs, len(shape))
        name = reduce(lambda one, other: nodes.add(operator, one, other), names)
        return Value(name, shape, kind.axes)

    return add


def _average(nodes: Nodes, layer: layers.Average, inputs: Sequence[Value], shape: Shape) -> Value:
    names, kind = _together(nodes, inputs, len(shape))
    total = reduce(lambda one, other: nodes.add("Add", one, other), names)
    return Value(nodes.add("Div", total, len(inputs)), shape, kind.axes)


def _concatenate(
    nodes: Nodes, layer: layers.Concatenate, inputs: Sequence[Value], shape: Shape
) -> Value:
    names, kind = _together(nodes, inputs, len(shape))
    (axis,) = kind.stored([layer.axis])
    return Value(nodes.add("Concat", *names, axis=axis), shape, kind.axes)


# --- the table

RECORDS: Mapping[type[Layer], Export] = {
    layers.InputLayer: _same,
    layers.Dense: _dense,
    layers.Reshape: _reshape,
    layers.Flatten: _flatten,
    layers.UpSampling2D: interpolation.up_sampling2d,
    layers.Conv2D: images.conv2d,
    layers.Conv2DTranspose: images.conv2d_transpose,
    layers.DepthwiseConv2D: images.depthwise_conv2d,
    layers.SeparableConv2D: images.separable_conv2d,
    layers.BatchNormalization: normalization.batch_normalization,
    layers.LayerNormalization: normalization.layer_normalization,
    layers.GroupNormalization: normalization.group_normalization,
    layers.UnitNormalization: normalization.unit_normalization,
    layers.SpectralNormalization: _spectral_normalization,
    layers.LeakyReLU: _pointwise(activations.leaky_relu, "negative_slope"),
    layers.ReLU: _pointwise(activations.rectify, "max_value", "negative_slope", "threshold"),
    layers.PReLU: _prelu,
    layers.ELU: _pointwise(activations.elu, "alpha"),
    layers.ThresholdedReLU: _pointwise(_above, "theta"),
    layers.Softmax: _softmax,
    layers.Activation: _activation,
    layers.Embedding: _embedding,
    layers.Add: _merge("Add"),
    layers.Subtract: _merge("Sub"),
    layers.Multiply: _merge("Mul"),
    layers.Average: _average,
    layers.Maximum: _merge("Max"),
    layers.Minimum: _merge("Min"),
    layers.Concatenate: _concatenate,
    layers.MaxPooling2D: images.max_pooling2d,
    layers.AveragePooling2D: images.average_pooling2d,
    layers.GlobalAveragePooling2D: images.global_pooling2d("ReduceMean"),
    layers.GlobalMaxPooling2D: images.global_pooling2d("ReduceMax"),
    layers.Dropout: _same,
    layers.SpatialDropout2D: _same,
    layers.GaussianDropout: _same,
    layers.GaussianNoise: _same,
    layers.AlphaDropout: _same,
    layers.ActivityRegularization: _same,
    layers.Identity: _same,
    layers.Rescaling: _rescaling,
    layers.Permute: _permute,
    layers.RepeatVector: _repeat_vector,
    layers.Cropping2D: images.cropping2d,
    layers.PixelShuffle: images.pixel_shuffle,
    layers.Resizing: interpolation.resizing,
    layers.ZeroPadding2D: images.zero_padding2d,
    layers.CenterCrop: interpolation.center_crop,
    layers.InstanceNormalization: normalization.instance_normalization,
    layers.Normalization: normalization.normalization,
    layers.PixelUnshuffle: images.pixel_unshuffle,
    layers.TimeDistributed: _time_distributed,
    GetItem: operations.get_item,
    Operation: operations.operation,
}
# The layers that are not written, each with the reason.
REFUSED: Mapping[type[Layer], str] = {
    layers.UnknownLayer: "it is none of upsamp's layers, and nothing that a file names is run",
}


def record_of(layer: Layer) -> Export:
    """Return what adds a layer; raise `UnknownLayerError` where nothing does.

    A class of somebody else's, derived from one of the table, may compute anything.
    """
    if type(layer) not in RECORDS:
        raise refusal(layer, REFUSED.get(type(layer), "its class is not one of upsamp's"))
    return RECORDS[type(layer)]


def trained_record_of(layer: Layer) -> Export:
    """Return what adds a layer that acts as in training; random values are refused."""
    if layer.training_effect == "random":
        raise refusal(layer, "it is called with training=True, and draws random values")
    if layer.training_effect == "batch":
        if type(layer) is not layers.BatchNormalization:
            raise refusal(layer, "what it wraps is called with training=True")
        return normalization.batch_statistics
    return record_of(layer)
