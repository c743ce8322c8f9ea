"""Whole models as ONNX files; the only importer of the package onnx."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, cast

import numpy as np

from upsamp.core.dtypes import compute_dtype
from upsamp.errors import ArgumentError, UnknownLayerError
from upsamp.io.atomic import open_output
from upsamp.io.extras import check_extra
from upsamp.layers import Embedding, InputLayer, Layer
from upsamp.layers.layer import MaybeShape, Shape
from upsamp.layers.wrapper_layer import WrapperLayer
from upsamp.models.export.onnx_layers import record_of, trained_record_of
from upsamp.models.export.onnx_nodes import Node, Nodes, Value, plain_value
from upsamp.models.export.recorded_array import record_weights
from upsamp.models.graph import Source, connect, needed_calls
from upsamp.models.nesting import ModelLike, is_model, layers_within

# ONNX 1.13 of 2022, and the form of files of that time.
OPSET, IR_VERSION = 18, 8
# A file of Protocol Buffers has less than 2 GB, nodes included.
MAX_BYTES = 2**31 - 2**24


def write_onnx(model: Layer, name: str, *, overwrite: bool) -> None:
    """Write a built model to an ONNX file; the same model always gives the same bytes.

    Raises `MissingExtraError` without the package onnx, `UnknownLayerError` for a layer that is not
    written, and `ArgumentError` for 2 GB of weights; then there is no file.
    """
    check_extra("onnx", "Writing an .onnx file")
    weights = {id(one): one for layer in layers_within(model) for one in layer.weights}
    size = sum(one.nbytes for one in weights.values())
    if size > MAX_BYTES:
        raise ArgumentError(
            "A model must have less than 2 GB of weights to be one .onnx file. "
            f"Received: {size:,} bytes. Save it as .keras."
        )
    data = format_onnx(model)
    with open_output(name, overwrite=overwrite) as stream:
        stream.write(data)


def format_onnx(model: Layer) -> bytes:
    """Return a model as the bytes of an ONNX file."""
    nodes, inputs, outputs = trace(cast("ModelLike", model))
    return _serialize(model.name, nodes, inputs, outputs)


def trace(model: ModelLike, *, recording: bool = False) -> tuple[Nodes, list[Value], list[Value]]:
    """Return a model as nodes, with its inputs and outputs, which are called as its layers are."""
    nodes = Nodes(recording=recording)
    inputs = []
    for number, shape in zip(model.input_calls, model.input_shapes, strict=True):
        layer = model.calls[number].layer
        name = nodes.unique(layer.name)
        nodes.dtypes[name] = getattr(layer, "input_dtype", layer.dtype)
        inputs.append(plain_value(name, shape))
    results = _add_model(nodes, model, inputs, "")
    outputs = []
    for source, value in zip(model.output_sources, results, strict=True):
        nodes.prefix = model.calls[source.call].layer.name
        plain, name = nodes.plain(value), nodes.unique(nodes.prefix)
        nodes.dtypes[name] = nodes.dtypes[plain]
        nodes.nodes.append(Node("Identity", (plain,), (name,), {}, nodes.prefix))
        outputs.append(plain_value(name, value.shape))
    return nodes, inputs, outputs


def _add_model(
    nodes: Nodes, model: ModelLike, inputs: Sequence[Value], prefix: str, *, training: bool = False
) -> list[Value]:
    """Add the calls of a model that its outputs need; training: whether they act as in training."""
    values: dict[Source, Value] = {}
    given = dict(zip(model.input_calls, inputs, strict=True))
    for number in needed_calls(model.calls, model.output_sources):
        call = model.calls[number]
        read = [given[number]] if number in given else [values[one] for one in call.sources]
        path, trains = f"{prefix}{call.layer.name}", call.trains(training)
        for output, value in enumerate(_add_layer(nodes, call.layer, read, path, training=trains)):
            values[Source(number, output)] = value
    return [values[source] for source in model.output_sources]


def _add_layer(
    nodes: Nodes, layer: Layer, inputs: Sequence[Value], path: str, *, training: bool
) -> list[Value]:
    """Add a layer, in the type that it computes in."""
    if is_model(layer):
        return _add_model(nodes, layer, inputs, f"{path}/", training=training)
    layer.check_runs()
    shape = _known(connect(layer, [value.shape for value in inputs])[0])
    nodes.prefix, nodes.dtype = path, compute_dtype(layer.dtype)
    kept = layer.input_dtype if isinstance(layer, InputLayer) else layer.dtype
    if not isinstance(layer, Embedding | InputLayer):
        inputs = [_cast(nodes, _cast(nodes, one, kept), nodes.dtype) for one in inputs]
    if isinstance(layer, WrapperLayer):
        layer.layer.seed = layer.seed
    record = trained_record_of(layer) if training else record_of(layer)
    if nodes.recording:
        layer = record_weights(layer, path)
    found = record(nodes, layer, inputs, shape)
    return [_cast(nodes, one, kept) for one in ([found] if isinstance(found, Value) else found)]


def _cast(nodes: Nodes, value: Value, dtype: Any) -> Value:
    return value._replace(name=nodes.cast(value.name, dtype))


def _known(shape: MaybeShape) -> Shape:
    """Return the shape of a layer's output, which an unknown layer only does not tell."""
    if shape is None:
        raise UnknownLayerError("A shape must be known to be written.")
    return shape


# --- the file


def _serialize(name: str, nodes: Nodes, inputs: Sequence[Value], outputs: Sequence[Value]) -> bytes:
    from onnx import helper, numpy_helper

    kept, constants = needed_nodes(nodes, outputs)
    graph = helper.make_graph(
        [_node(node) for node in kept],
        name,
        [_tensor_info(nodes, value) for value in inputs],
        [_tensor_info(nodes, value) for value in outputs],
        [numpy_helper.from_array(nodes.constants[one], one) for one in constants],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="upsamp",
        producer_version=version("upsamp"),
    )
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def needed_nodes(nodes: Nodes, outputs: Sequence[Value]) -> tuple[list[Node], list[str]]:
    """Return the nodes and the constants that the outputs depend on."""
    needed, kept = {value.name for value in outputs}, []
    for node in reversed(nodes.nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            kept.append(node)
    return kept[::-1], [name for name in nodes.constants if name in needed]


def _node(node: Node) -> Any:
    from onnx import helper, numpy_helper

    def attribute(value: Any) -> Any:
        if isinstance(value, np.dtype):
            return helper.np_dtype_to_tensor_dtype(value)
        return numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value

    attributes: Mapping[str, Any] = {
        key: attribute(value) for key, value in node.attributes.items()
    }
    return helper.make_node(
        node.operator, node.inputs, node.outputs, name=node.outputs[0], **attributes
    )


def _tensor_info(nodes: Nodes, value: Value) -> Any:
    """Return the type and the shape of an input or output."""
    from onnx import helper

    kind = helper.np_dtype_to_tensor_dtype(nodes.dtypes[value.name])
    return helper.make_tensor_value_info(value.name, kind, declared_shape(value))


def declared_shape(value: Value) -> list[int | str]:
    """Return the lengths of an input or output, names for those that are not known."""
    return [
        length if length is not None else f"{value.name}_{axis}" if axis else "batch"
        for axis, length in enumerate(value.shape)
    ]
