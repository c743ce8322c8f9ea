"""The graph of a functional model as Keras 3 writes it, and back."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from upsamp.core.literals import shorten
from upsamp.core.values import spelled
from upsamp.errors import FormatError
from upsamp.layers import InputLayer, Layer
from upsamp.layers.merge_layer import MergeLayer
from upsamp.layers.operation import Operation
from upsamp.layers.shapes import MaybeShape
from upsamp.models.config.layer_config import ARRAYS, TENSOR, history, read_layer, tensors_of
from upsamp.models.config.layer_entries import called_with, keras_name, write_layer
from upsamp.models.graph import Call, Source, output_of

# An output as a file names it: the layer's name and how often it was called before.
Key = tuple[str, int]


class Graph(NamedTuple):
    """The calls of a model, which of them are its inputs, its outputs, its layers in order."""

    calls: tuple[Call, ...]
    inputs: tuple[int, ...]
    outputs: tuple[Source, ...]
    layers: tuple[Layer, ...]


def read_graph(config: Mapping[str, Any]) -> Graph:
    """Return the graph that the config of a functional model describes.

    config: with "layers", "input_layers" and "output_layers". Raises `FormatError` where names
    come twice, where a layer depends on itself, or on an output that there is not.
    """
    entries = config.get("layers")
    if not isinstance(entries, list) or not entries:
        raise FormatError("A model's config must have a list of layers. Received: none.")
    layers: dict[str, Layer] = {}
    wanted: dict[Key, list[tuple[str, int, int]]] = {}
    for entry in entries:
        layer = read_layer(entry)
        if layer.name in layers:
            raise FormatError(
                f"The layers of a model must have names of their own. Received: '{layer.name}' "
                "twice."
            )
        layers[layer.name] = layer
        for node, sources in enumerate(_nodes(entry, layer)):
            wanted[layer.name, node] = sources
    order = _in_order(wanted)
    places = {key: place for place, key in enumerate(order)}
    calls = tuple(
        Call(
            layers[name],
            tuple(Source(places[one[:2]], one[2]) for one in wanted[name, node]),
            node,
        )
        for name, node in order
    )
    inputs = [_place(one, places) for one in _outputs_named(config, "input_layers")]
    for number in inputs:
        if not isinstance(calls[number.call].layer, InputLayer):
            raise FormatError(
                "The inputs of a model must be input layers. "
                f"Received: {calls[number.call].layer!r}."
            )
    outputs = tuple(_place(one, places) for one in _outputs_named(config, "output_layers"))
    called = {name for name, _ in order}  # Keras lets go of a layer that is never called
    kept = tuple(layer for name, layer in layers.items() if name in called)
    return Graph(calls, tuple(one.call for one in inputs), outputs, kept)


def _nodes(entry: dict[str, Any], layer: Layer) -> Iterator[list[tuple[str, int, int]]]:
    """Yield what each call of a layer takes; an input layer is called once, on nothing."""
    nodes = entry.get("inbound_nodes", [])
    if not isinstance(nodes, list):
        raise FormatError(
            f"The calls of layer '{layer.name}' must be a list. Received: {spelled(nodes)}."
        )
    if isinstance(layer, InputLayer):
        yield []
        return
    for node in nodes:
        tensors = tensors_of(node)
        if not tensors:
            raise FormatError(
                f"Layer '{layer.name}' must be called on an output. Received: a call on none."
            )
        yield tensors


def _in_order(wanted: Mapping[Key, Sequence[tuple[str, int, int]]]) -> list[Key]:
    """Return the calls, each after those that it takes, and else as they stand in the file."""
    position = {key: place for place, key in enumerate(wanted)}
    waiting = {key: len({one[:2] for one in sources}) for key, sources in wanted.items()}
    followers: dict[Key, set[Key]] = {key: set() for key in wanted}
    for key, sources in wanted.items():
        for name, node, _ in sources:
            if (name, node) not in followers:
                raise FormatError(
                    f"Layer '{key[0]}' must be called on outputs that there are. Received: call "
                    f"{node} of '{shorten(name)}'."
                )
            followers[name, node].add(key)
    ready = [position[key] for key, count in waiting.items() if not count]
    keys = list(wanted)
    heapify(ready)
    order: list[Key] = []
    while ready:
        key = keys[heappop(ready)]
        order.append(key)
        for follower in followers[key]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heappush(ready, position[follower])
    if len(order) < len(wanted):
        left = next(key for key in wanted if waiting[key])
        raise FormatError(f"A layer must not depend on itself. Received: layer '{left[0]}'.")
    return order


def _outputs_named(config: Mapping[str, Any], key: str) -> list[tuple[str, int, int]]:
    """Return the outputs that a config lists: one, several, or a dictionary of them."""
    value = config.get(key)
    if isinstance(value, dict):
        value = [value[name] for name in sorted(value)]
    if isinstance(value, list) and value and isinstance(value[0], str):
        value = [value]
    if not isinstance(value, list) or not value:
        raise FormatError(f"A model's config must have {key}. Received: {spelled(value)}.")
    return [history(one) for one in value]


def _place(output: tuple[str, int, int], places: Mapping[Key, int]) -> Source:
    if output[:2] not in places:
        raise FormatError(
            "The inputs and outputs of a model must be those of its layers. Received: call "
            f"{output[1]} of '{shorten(output[0])}'."
        )
    return Source(places[output[:2]], output[2])


# --- writing


def write_graph(graph: Graph, shapes: Sequence[Sequence[MaybeShape]]) -> dict[str, Any]:
    """Return "layers", "input_layers" and "output_layers" of a graph, as Keras 3 writes them.

    shapes: of the outputs of every call.
    """
    entries = {id(layer): _with_calls(layer) for layer in graph.layers}
    for call in sorted(graph.calls, key=lambda call: call.node):
        if call.sources:
            tensors = [_tensor(one, graph, shapes) for one in call.sources]
            named = called_with(call.layer)
            node = {"args": _arguments(call.layer, tensors), "kwargs": named}
            entries[id(call.layer)]["inbound_nodes"].append(node)
            recorded = [list(shape) for shape in call.layer.recorded_shapes]
            if recorded and any(output_of(shapes, one) is None for one in call.sources):
                # Behind a layer that upsamp does not have, only this tells the shape.
                told = {"input_shape": recorded if len(recorded) > 1 else recorded[0]}
                entries[id(call.layer)]["build_config"] = told
    return {
        "layers": list(entries.values()),
        "input_layers": _ends([_named(Source(number), graph) for number in graph.inputs]),
        "output_layers": _ends([_named(source, graph) for source in graph.outputs]),
    }


def _with_calls(layer: Layer) -> dict[str, Any]:
    return {**write_layer(layer), "name": keras_name(layer), "inbound_nodes": []}


def _arguments(layer: Layer, tensors: list[dict[str, Any]]) -> list[Any]:
    """Return what a layer is called with: an operation with its numbers, a merge with a list."""
    if isinstance(layer, Operation):
        if layer.is_of_several:
            return [tensors]
        given = iter(tensors)
        return [next(given) if one is None else _constant(one) for one in layer.operands]
    return [tensors] if isinstance(layer, MergeLayer) or len(tensors) > 1 else tensors


def _constant(value: Any) -> Any:
    """Return a number, or an array as Keras writes it."""
    if not isinstance(value, list):
        return value
    return {"class_name": ARRAYS[0], "config": {"value": value, "dtype": "float32"}}


def _named(source: Source, graph: Graph) -> list[Any]:
    call = graph.calls[source.call]
    return [keras_name(call.layer), call.node, source.output]


def _ends(named: list[list[Any]]) -> list[Any]:
    """Return the inputs or outputs of a model: one stands alone, as Keras has it."""
    return named[0] if len(named) == 1 else named


def _tensor(source: Source, graph: Graph, shapes: Sequence[Sequence[MaybeShape]]) -> dict[str, Any]:
    layer = graph.calls[source.call].layer
    kind = layer.input_dtype if isinstance(layer, InputLayer) else layer.dtype
    return {
        "class_name": TENSOR,
        "config": {
            "shape": output_of(shapes, source),
            "dtype": kind.name,
            "keras_history": _named(source, graph),
        },
    }
