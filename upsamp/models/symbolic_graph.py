"""The graph that leads from symbolic inputs to symbolic outputs."""

from collections.abc import Sequence

from upsamp.core.values import spelled
from upsamp.errors import ArgumentError
from upsamp.layers import InputLayer, Layer
from upsamp.layers.shapes import MaybeShape
from upsamp.layers.symbolic import SymbolicCall, SymbolicTensor, outputs_of, symbols_of
from upsamp.models.config.graph_config import Graph, Structure
from upsamp.models.graph import Call, Source, number_calls

# Of lists within lists: one that holds itself has no end.
MAX_DEPTH = 8


def trace(inputs: object, outputs: object) -> Graph:
    """Return the calls between symbolic tensors, in the order in which they were made.

    The layers stand as Keras has them: those that are farthest from the outputs first.
    Raises `ArgumentError` where an output depends on an input that is not among `inputs`.
    """
    (starts, nested), (ends, structure) = _tensors(inputs, "inputs"), _tensors(outputs, "outputs")
    given = {_key(one): _input_call(one) for one in starts}
    if len(given) < len(starts):
        raise ArgumentError("The inputs of a model must differ. Received: one of them twice.")
    found = _walk(ends, given)
    every = {id(call): call for call in (*given.values(), *found)}
    order = sorted(every.values(), key=lambda call: (bool(call.inputs), call.place))
    places = {id(call): place for place, call in enumerate(order)}

    def source(tensor: SymbolicTensor) -> Source:
        if _key(tensor) in given:
            return Source(places[id(given[_key(tensor)])])
        call, output = _origin(tensor)
        return Source(places[id(call)], output)

    calls = number_calls(
        Call(one.layer, tuple(map(source, one.inputs)), 0, one.training, honoured=one.honoured)
        for one in order
    )
    layers = _by_depth(calls, [call.layer for call in found])
    numbers = tuple(places[id(call)] for call in given.values())
    keys = tuple(sorted(inputs)) if isinstance(inputs, dict) else ()
    nested = 0 if keys else nested
    return Graph(calls, numbers, tuple(map(source, ends)), layers, keys, structure, nested)


def symbols_of_calls(
    calls: Sequence[Call], shapes: Sequence[Sequence[MaybeShape]]
) -> list[list[SymbolicTensor]]:
    """Return symbolic outputs of all calls; shapes: those that they have."""
    found: list[list[SymbolicTensor]] = []
    for call, own in zip(calls, shapes, strict=True):
        layer, kind = call.layer, getattr(call.layer, "input_dtype", call.layer.dtype)
        if not call.sources and layer.batch_input_shape != own[0]:
            layer = InputLayer(batch_shape=own[0], dtype=kind.name)  # of a Sequential that has none
        inputs = tuple(found[one.call][one.output] for one in call.sources)
        one = SymbolicCall(layer, inputs, call.training, call.honoured)
        found.append(outputs_of(one, own, kind))
    return found


def _key(tensor: SymbolicTensor) -> tuple[int, int]:
    """Return what tells a tensor from others: a model makes those of its inputs again."""
    call, output = _origin(tensor)
    return id(call if call.inputs else call.layer), output


def _tensors(value: object, name: str) -> tuple[Sequence[SymbolicTensor], Structure]:
    """Return one symbolic tensor, or those of lists and dictionaries, and how those hold them."""
    flat: list[object] = []
    structure = _numbered(value, flat)
    plain = isinstance(structure, list) and all(isinstance(one, int) for one in structure)
    symbols = symbols_of(flat)
    if symbols is None or any(one.origin is None for one in symbols):
        raise ArgumentError(
            f"`{name}` must be a symbolic tensor, as Input and layers called on it return, or a "
            f"list or dictionary of them. Received: {name}={spelled(value)}."
        )
    return symbols, 0 if plain else structure


def _numbered(value: object, flat: list[object], depth: int = 0) -> Structure:
    """Return the lists and dictionaries of a value with numbers in the place of what they hold.

    A dictionary is in the order of its keys, as Keras takes it.
    """
    if isinstance(value, dict):
        return {key: _numbered(value[key], flat, depth + 1) for key in sorted(value)}
    if isinstance(value, list | tuple) and depth < MAX_DEPTH:
        return [_numbered(one, flat, depth + 1) for one in value]
    flat.append(value)
    return len(flat) - 1


def _origin(tensor: SymbolicTensor) -> tuple[SymbolicCall, int]:
    """Return the call that a tensor comes from, and which of its outputs it is."""
    if tensor.origin is None:
        raise ArgumentError(f"A tensor of a model must begin at an Input. Received: {tensor}.")
    return tensor.origin


def _input_call(tensor: SymbolicTensor) -> SymbolicCall:
    """Return the call of the InputLayer of an input; of a new one in place of what was computed."""
    call, _ = _origin(tensor)
    if not call.inputs:
        return call
    layer = InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype.name)
    return SymbolicCall(layer, (), place=call.place)


def _walk(
    ends: Sequence[SymbolicTensor], given: dict[tuple[int, int], SymbolicCall]
) -> list[SymbolicCall]:
    """Return the calls that the outputs depend on, each first as it is reached from them."""
    found: dict[int, SymbolicCall] = {}
    waiting = list(reversed(ends))
    while waiting:
        tensor = waiting.pop()
        call = given.get(_key(tensor)) or _origin(tensor)[0]
        if id(call) in found:
            continue
        found[id(call)] = call
        if _key(tensor) in given:
            continue
        if not call.inputs:
            raise ArgumentError(
                "The outputs of a model must depend on its inputs alone. "
                f"Received: an output that depends on another input, '{call.layer.name}'."
            )
        waiting += reversed(call.inputs)
    return list(found.values())


def _by_depth(calls: Sequence[Call], reached: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the layers as Keras lists them: the deepest first, otherwise as they are reached."""
    depths = [0] * len(calls)
    deepest: dict[int, int] = {}
    for number in range(len(calls) - 1, -1, -1):
        call = calls[number]
        layer = id(call.layer)
        deepest[layer] = depths[number] = max(depths[number], deepest.get(layer, 0))
        for source in call.sources:
            depths[source.call] = max(depths[source.call], depths[number] + 1)
    layers = {id(layer): layer for layer in (*reached, *(call.layer for call in calls))}
    return tuple(sorted(layers.values(), key=lambda layer: -deepest[id(layer)]))
