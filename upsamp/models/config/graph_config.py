"""The graph of a functional model as Keras 3 writes it, and back."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple, TypeAlias

from upsamp.core.literals import shorten
from upsamp.core.values import spelled
from upsamp.errors import FormatError
from upsamp.layers import InputLayer, Layer
from upsamp.layers.get_item import GetItem
from upsamp.layers.merge_layer import MergeLayer
from upsamp.layers.operation import Operation
from upsamp.layers.shapes import MaybeShape
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.config.layer_config import (
    ARRAYS,
    TENSOR,
    history,
    is_tensor,
    read_layer,
    tensors_of,
)
from upsamp.models.config.layer_entries import called_with, keras_name, write_layer
from upsamp.models.graph import Call, Source, output_of
from upsamp.models.nesting import is_model
from upsamp.models.registry import model_name

# An output as a file names it: the layer's name and how often it was called before.
Key = tuple[str, int]


# What a model is called with or gives: the numbers of arrays, in lists and dictionaries.
Structure: TypeAlias = int | list["Structure"] | dict[str, "Structure"]


class Graph(NamedTuple):
    """The calls of a model, which of them are its inputs, its outputs, its layers in order.

    input_keys: by what a dictionary names the inputs, or none. structure: of the outputs, where
    they are neither one nor a list. input_structure: of the inputs, where a list of them has lists.
    """

    calls: tuple[Call, ...]
    inputs: tuple[int, ...]
    outputs: tuple[Source, ...]
    layers: tuple[Layer, ...]
    input_keys: tuple[str, ...] = ()
    structure: Structure = 0
    input_structure: Structure = 0


class _Node(NamedTuple):
    """A call as a file has it: what it takes, and what it says of training."""

    sources: list[tuple[str, int, int]]
    training: bool | None = None
    honoured: bool = True


def read_graph(config: Mapping[str, Any]) -> Graph:
    """Return the graph that the config of a functional model describes.

    config: with "layers", "input_layers" and "output_layers". Raises `FormatError` where names
    come twice, where a layer depends on itself, or on an output that there is not.
    """
    entries = config.get("layers")
    if not isinstance(entries, list) or not entries:
        raise FormatError("A model's config must have a list of layers. Received: none.")
    layers: dict[str, Layer] = {}
    nodes: dict[Key, _Node] = {}
    for entry in entries:
        layer = read_layer(entry)
        if layer.name in layers:
            raise FormatError(
                f"The layers of a model must have names of their own. Received: '{layer.name}' "
                "twice.",
                rule="unsound-model",
            )
        layers[layer.name] = layer
        for number, node in enumerate(_nodes(entry, layer)):
            nodes[layer.name, number] = node
    order = _in_order({key: node.sources for key, node in nodes.items()})
    places = {key: place for place, key in enumerate(order)}
    calls = tuple(
        Call(
            layers[name],
            tuple(Source(places[one[:2]], one[2]) for one in nodes[name, number].sources),
            number,
            nodes[name, number].training,
            nodes[name, number].honoured,
        )
        for name, number in order
    )
    named, structure = _outputs_named(config, "input_layers")
    inputs = [_place(one, places).call for one in named]
    keys = tuple(structure) if isinstance(structure, dict) and len(structure) == len(named) else ()
    nested = 0 if isinstance(structure, dict) else structure
    for number in inputs:
        if not isinstance(calls[number].layer, InputLayer):
            raise FormatError(
                f"The inputs of a model must be input layers. Received: {calls[number].layer!r}."
            )
    named, structure = _outputs_named(config, "output_layers")
    counts = Counter(name for name, _ in order)
    outputs = tuple(_place(_from_0(one, layers, counts), places) for one in named)
    called = {name for name, _ in order}  # Keras lets go of a layer that is never called
    kept = tuple(layer for name, layer in layers.items() if name in called)
    return Graph(calls, tuple(inputs), outputs, kept, keys, structure, nested)


def _from_0(
    output: tuple[str, int, int], layers: Mapping[str, Layer], counts: Mapping[str, int]
) -> tuple[str, int, int]:
    """Return an output of the model whose call counts from 0.

    Keras 3 counts the calls of a nested functional model from 1 here, and from 0 in calls. In its
    loader call 0 then is the last one. Of a layer that is not known nobody knows what it is.
    """
    name, number, place = output
    layer = layers.get(name)
    if isinstance(layer, UnknownLayer):
        return name, number - (0 < number == counts[name]), place
    if not _counts_from_1(layer):
        return output
    return name, (number or counts[name]) - 1, place


def _counts_from_1(layer: Layer | None) -> bool:
    """Tell whether Keras 3 counts the calls of a layer from 1 where a model's outputs are named."""
    return isinstance(layer, Layer) and model_name(layer) == "Functional"


def _nodes(entry: dict[str, Any], layer: Layer) -> Iterator[_Node]:
    """Yield what each call of a layer takes; an input layer is called once, on nothing."""
    nodes = entry.get("inbound_nodes", [])
    if not isinstance(nodes, list):
        raise FormatError(
            f"The calls of layer '{layer.name}' must be a list. Received: {spelled(nodes)}."
        )
    if isinstance(layer, InputLayer):
        yield _Node([])
        return
    for node in nodes:
        tensors = tensors_of(_by_names(node, layer))
        if not tensors:
            raise FormatError(
                f"Layer '{layer.name}' must be called on an output. Received: a call on none."
            )
        yield _Node(tensors, *_training(node))


def _training(node: Any) -> tuple[bool | None, bool]:
    """Return what a call says of training, and whether a prediction goes by that.

    Keras 3 passes over it when it predicts. Keras 2 does not, nor what it made of files of that:
    there the call itself says it, beside its arguments.
    """
    for where, honoured in ((node, True), (node.get("kwargs"), False)):
        value = where.get("training") if isinstance(where, dict) else None
        if value is not None:
            return bool(value), honoured
    return None, True


def _by_names(node: Any, layer: Layer) -> Any:
    """Return a call of a model with its inputs in the model's order, where names tell them."""
    args = node.get("args") if isinstance(node, dict) else None
    first = args[0] if isinstance(args, list) and args else None
    if not isinstance(first, dict) or is_tensor(first) or not is_model(layer):
        return node
    if set(layer.input_names) != set(first):
        return node
    return {**node, "args": [[first[name] for name in layer.input_names]]}


def _in_order(wanted: Mapping[Key, Sequence[tuple[str, int, int]]]) -> list[Key]:
    """Return the calls, each after those that it takes, and otherwise as they are in the file."""
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
        raise FormatError(
            f"A layer must not depend on itself. Received: layer '{left[0]}'.",
            rule="unsound-model",
        )
    return order


def _outputs_named(
    config: Mapping[str, Any], key: str
) -> tuple[list[tuple[str, int, int]], Structure]:
    """Return the outputs that a config lists, and their structure, in which they are numbers.

    The structure is 0 for one output, and for a plain list.
    """
    value = config.get(key)
    if not isinstance(value, list | dict) or not value:
        raise FormatError(f"A model's config must have {key}. Received: {spelled(value)}.")
    found: list[tuple[str, int, int]] = []
    structure = _numbered(value, found)
    plain = isinstance(structure, list) and all(isinstance(one, int) for one in structure)
    return found, 0 if plain else structure


def _numbered(value: Any, found: list[tuple[str, int, int]]) -> Structure:
    """Return a value with numbers in the place of outputs; those are added to `found`.

    A dictionary is in the order of its keys, as Keras takes it.
    """
    if isinstance(value, dict) and value:
        return {key: _numbered(value[key], found) for key in sorted(value)}
    if isinstance(value, list) and value and isinstance(value[0], list | dict):
        return [_numbered(one, found) for one in value]
    found.append(history(value))
    return len(found) - 1


def pack(structure: Structure, values: Sequence[Any]) -> Any:
    """Return values in the place of their numbers.

    >>> pack({"a": [0, 1], "b": 2}, "xyz")
    {'a': ['x', 'y'], 'b': 'z'}
    """
    if isinstance(structure, dict):
        return {key: pack(one, values) for key, one in structure.items()}
    if isinstance(structure, list):
        return [pack(one, values) for one in structure]
    return values[structure]


def unpack(structure: Structure, value: Any) -> Any:
    """Return the parts of a value in the order of their numbers; a value of no such lists as it is.

    >>> unpack([[0, 1], 2], [["x", "y"], "z"])
    ['x', 'y', 'z']
    """
    parts: list[Any] = []

    def gather(place: Structure, part: Any) -> bool:
        if isinstance(place, int):
            parts.append(part)
            return True
        fits = isinstance(place, list) and isinstance(part, list | tuple)
        return (
            fits
            and len(part) == len(place)
            and all(map(gather, place if isinstance(place, list) else (), part))
        )

    return parts if isinstance(structure, list) and gather(structure, value) else value


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
            node: dict[str, Any] = {"args": _arguments(call.layer, tensors), "kwargs": named}
            if call.training is not None:
                training = {"training": call.training}
                node["kwargs"] = {**named, **training}
                node |= training if call.honoured else {}
            entries[id(call.layer)]["inbound_nodes"].append(node)
            recorded = [list(shape) for shape in call.layer.recorded_shapes]
            if recorded and any(output_of(shapes, one) is None for one in call.sources):
                # Behind a layer that upsamp does not have, only this tells the shape.
                told = {"input_shape": recorded if len(recorded) > 1 else recorded[0]}
                entries[id(call.layer)]["build_config"] = told
    inputs = [_named(Source(number), graph) for number in graph.inputs]
    outputs = [_end(source, graph) for source in graph.outputs]
    keys, nested = graph.input_keys, graph.input_structure
    listed = pack(nested, inputs) if nested else _ends(inputs)
    return {
        "layers": list(entries.values()),
        "input_layers": dict(zip(keys, inputs, strict=True)) if keys else listed,
        "output_layers": pack(graph.structure, outputs) if graph.structure else _ends(outputs),
    }


def _with_calls(layer: Layer) -> dict[str, Any]:
    return {**write_layer(layer), "name": keras_name(layer), "inbound_nodes": []}


def _arguments(layer: Layer, tensors: list[dict[str, Any]]) -> list[Any]:
    """Return what a layer is called with: an operation with its numbers, a merge with a list."""
    if isinstance(layer, GetItem):
        return [tensors[0] if one is None else one for one in layer.operands]
    if isinstance(layer, Operation):
        if layer.is_of_several:
            return [tensors]
        given = iter(tensors)
        return [next(given) if one is None else _constant(one) for one in layer.operands]
    if is_model(layer) and layer.input_keys:
        return [dict(zip(layer.input_names, tensors, strict=True))]
    if is_model(layer) and layer.input_structure:
        return [pack(layer.input_structure, tensors)]
    return [tensors] if isinstance(layer, MergeLayer) or len(tensors) > 1 else tensors


def _constant(value: Any) -> Any:
    """Return a number, or an array as Keras writes it."""
    if not isinstance(value, list):
        return value
    return {"class_name": ARRAYS[0], "config": {"value": value, "dtype": "float32"}}


def _named(source: Source, graph: Graph) -> list[Any]:
    call = graph.calls[source.call]
    return [keras_name(call.layer), call.node, source.output]


def _end(source: Source, graph: Graph) -> list[Any]:
    """Return an output of the model, the calls of a nested functional model counted from 1."""
    name, number, output = _named(source, graph)
    return [name, number + _counts_from_1(graph.calls[source.call].layer), output]


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
