"""Layers that scale and normalise as nodes of ONNX."""

from collections.abc import Sequence

import numpy as np

from upsamp import layers
from upsamp.core.arguments import Array
from upsamp.layers.layer import Shape
from upsamp.layers.normalization_layer import NormalizationLayer
from upsamp.models.export.onnx_activations import stored_axes
from upsamp.models.export.onnx_nodes import Nodes, Value


def scaled(
    nodes: Nodes, x: Value, factor: Array | None, offset: Array | None, names: tuple[str, str]
) -> Value:
    """Add a product and a sum with arrays that broadcast to the layers' axes."""
    name = x.name
    if factor is not None:
        name = nodes.add("Mul", name, nodes.along(x, factor, names[0]))
    if offset is not None:
        name = nodes.add("Add", name, nodes.along(x, offset, names[1]))
    return x._replace(name=name)


def batch_normalization(
    nodes: Nodes, layer: layers.BatchNormalization, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a normalisation with the moving statistics: one product and one sum."""
    x = inputs[0]
    along = [1] * len(x.shape)
    along[layer.axis] = -1
    factor, offset = (values.reshape(along) for values in layer.find_scaling())
    return scaled(nodes, x, factor, offset, ("factor", "offset"))


def batch_statistics(
    nodes: Nodes, layer: layers.BatchNormalization, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a normalisation with the mean and variance of the batch, as in training."""
    x = inputs[0]
    (axis,) = x.stored([layer.axis])
    others = [place for place in range(len(x.axes)) if place != axis]
    name = _moments(nodes, x.name, others, layer.epsilon)
    along = [1] * len(x.axes)
    along[layer.axis] = -1
    gamma = layer.weight("gamma").reshape(along) if layer.scale else None
    beta = layer.weight("beta").reshape(along) if layer.center else None
    return scaled(nodes, x._replace(name=name), gamma, beta, ("gamma", "beta"))


def _moments(
    nodes: Nodes, x: str, axes: Sequence[int], epsilon: float, *, to_deviation: bool = False
) -> str:
    """Add (x - mean) / sqrt(variance + epsilon), of stored axes; or epsilon besides the root."""
    along = nodes.integers(*axes)
    centred = nodes.add("Sub", x, nodes.add("ReduceMean", x, along))
    variance = nodes.add("ReduceMean", nodes.add("Mul", centred, centred), along)
    if to_deviation:
        return nodes.add("Div", centred, nodes.add("Add", nodes.add("Sqrt", variance), epsilon))
    return nodes.add("Div", centred, nodes.add("Sqrt", nodes.add("Add", variance, epsilon)))


def _scaled_by(nodes: Nodes, layer: NormalizationLayer, x: Value, along: Sequence[int]) -> Value:
    """Add gamma and beta of a layer, each of the shape `along`."""
    gamma, beta = (
        None if values is None else values.reshape(along)
        for values in (layer.gamma_values(), layer.beta_values())
    )
    return scaled(nodes, x, gamma, beta, ("gamma", "beta"))


def layer_normalization(
    nodes: Nodes, layer: layers.LayerNormalization, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a normalisation of each sample along some axes."""
    x = inputs[0]
    axes = stored_axes(x, layer.axis)
    name = _moments(nodes, x.name, axes, layer.epsilon)
    along = [1] * len(x.shape)
    normal = [layer.axis] if isinstance(layer.axis, int) else sorted(layer.axis)
    for weight in layer.weights:  # whose lengths are known where those of images are not
        for axis, length in zip(normal, weight.shape, strict=True):
            along[axis] = length
    return _scaled_by(nodes, layer, x._replace(name=name), along)


def group_normalization(
    nodes: Nodes, layer: layers.GroupNormalization, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a normalisation of groups of channels, over all positions."""
    x = inputs[0]
    rank, axis = len(x.shape), layer.axis % len(x.shape)
    others = [other for other in range(1, rank) if other != axis]
    # The channels of a group side by side, with all their positions; 0 keeps the channels.
    groups = 0 if layer.groups == -1 else layer.groups
    first = (0, axis, *others)
    stored = nodes.arrange(x, first)
    rows = nodes.add("Reshape", stored, nodes.integers(0, groups, -1))
    normal = _moments(nodes, rows, (2,), layer.epsilon)
    sides = nodes.add("Shape", stored, dtype=np.int64)
    result = Value(nodes.add("Reshape", normal, sides), x.shape, first)
    along = [-1 if place == axis else 1 for place in range(rank)]
    return _scaled_by(nodes, layer, result, along)


def instance_normalization(
    nodes: Nodes, layer: layers.InstanceNormalization, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a normalisation of each channel by itself."""
    x, rank = inputs[0], len(shape)
    axis = None if layer.axis is None else layer.axis % rank
    positions = x.stored([place for place in range(1, rank) if place != axis])
    at = layer.groups is None
    name = _moments(nodes, x.name, positions, layer.epsilon, to_deviation=at)
    along = [-1 if place == axis else 1 for place in range(rank)]
    return _scaled_by(nodes, layer, x._replace(name=name), along)


def normalization(
    nodes: Nodes, layer: layers.Normalization, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a normalisation by means and variances of the data."""
    x = inputs[0]
    # Of an axis of unknown length there is one mean for all.
    mean, deviation = layer.moments([length or 1 for length in shape])
    if layer.invert:
        return scaled(nodes, x, deviation, mean, ("deviation", "mean"))
    centred = nodes.add("Sub", x.name, nodes.along(x, mean, "mean"))
    return x._replace(name=nodes.add("Div", centred, nodes.along(x, deviation, "deviation")))


def unit_normalization(
    nodes: Nodes, layer: layers.UnitNormalization, inputs: Sequence[Value], shape: Shape
) -> Value:
    """Add a division by the Euclidean length."""
    x = inputs[0]
    along = nodes.integers(*stored_axes(x, layer.axis))
    squares = nodes.add("ReduceSum", nodes.add("Mul", x.name, x.name), along)
    length = nodes.add("Max", nodes.add("Sqrt", squares), 1e-12)
    return x._replace(name=nodes.add("Div", x.name, length))
