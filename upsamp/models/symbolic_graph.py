"""The graph that leads from symbolic inputs to symbolic outputs."""

from collections.abc import Sequence

from upsamp.core.values import spelled
from upsamp.errors import ArgumentError
from upsamp.layers import InputLayer, Layer
from upsamp.layers.symbolic import SymbolicCall, SymbolicTensor, symbols_of
from upsamp.models.config.graph_config import Graph, Structure
from upsamp.models.graph import Call, Source, number_calls


def trace(inputs: object, outputs: object) -> Graph:
    """Return the calls between symbolic tensors, in the order in which they were made.

    The layers stand as Keras has them: those that are farthest from the outputs first.
    Raises `ArgumentError` where an output depends on an input that is not among `inputs`.
    """
    starts, ends = _tensors(inputs, "inputs"), _tensors(outputs, "outputs")
    given = {id(one): _input_call(one) for one in starts}
    if len(given) < len(starts):
        raise ArgumentError("The inputs of a model must differ. Received: one of them twice.")
    found = _walk(ends, given)
    every = {id(call): call for call in (*given.values(), *found)}
    order = sorted(every.values(), key=lambda call: call.place)
    places = {id(call): place for place, call in enumerate(order)}

    def source(tensor: SymbolicTensor) -> Source:
        if id(tensor) in given:
            return Source(places[id(given[id(tensor)])])
        call, output = _origin(tensor)
        return Source(places[id(call)], output)

    # A prediction of Keras 3 passes over what calls say of training.
    calls = number_calls(
        Call(one.layer, tuple(map(source, one.inputs)), 0, one.training, honoured=False)
        for one in order
    )
    layers = _by_depth(calls, [call.layer for call in found])
    numbers = tuple(places[id(call)] for call in given.values())
    keys = tuple(sorted(inputs)) if isinstance(inputs, dict) else ()
    structure: Structure = 0
    if isinstance(outputs, dict):
        structure = {key: place for place, key in enumerate(sorted(outputs))}
    return Graph(calls, numbers, tuple(map(source, ends)), layers, keys, structure)


def _tensors(value: object, name: str) -> Sequence[SymbolicTensor]:
    """Return one symbolic tensor, or those of a list, or of a dictionary by its sorted keys."""
    symbols = symbols_of(
        [value[key] for key in sorted(value)] if isinstance(value, dict) else value
    )
    if symbols is None or any(one.origin is None for one in symbols):
        raise ArgumentError(
            f"`{name}` must be a symbolic tensor, as Input and layers called on it return, or a "
            f"list or dictionary of them. Received: {name}={spelled(value)}."
        )
    return symbols


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


def _walk(ends: Sequence[SymbolicTensor], given: dict[int, SymbolicCall]) -> list[SymbolicCall]:
    """Return the calls that the outputs depend on, each first as it is reached from them."""
    found: dict[int, SymbolicCall] = {}
    waiting = list(reversed(ends))
    while waiting:
        tensor = waiting.pop()
        call = given.get(id(tensor)) or _origin(tensor)[0]
        if id(call) in found:
            continue
        found[id(call)] = call
        if id(tensor) in given:
            continue
        if not call.inputs:
            raise ArgumentError(
                "The outputs of a model must depend on its inputs alone. "
                f"Received: an output that depends on another input, '{call.layer.name}'."
            )
        waiting += reversed(call.inputs)
    return list(found.values())


def _by_depth(calls: Sequence[Call], reached: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the layers as Keras lists them: the deepest first, else as they are reached."""
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
