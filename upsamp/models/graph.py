"""Which layer is called on what: the calls of a model, and their shapes."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from upsamp.core.arguments import LARGEST, normalize_count
from upsamp.core.literals import shorten
from upsamp.core.values import as_integer, as_list, each, spelled
from upsamp.errors import ArgumentError, DtypeError, FormatError, ShapeError
from upsamp.layers import Layer
from upsamp.layers.layer import MaybeShape, Shape


class Source(NamedTuple):
    """Where an array comes from: the number of a call, and which of its outputs."""

    call: int
    output: int = 0


@dataclass(frozen=True)
class Call:
    """A layer called on the outputs of earlier calls; without sources it is an input.

    node: how often the layer was called before, as Keras counts. training: what the call says of
    it; None: it is as in the model around it. honoured: whether a prediction goes by that, as in
    Keras 2; in Keras 3 it passes over it.
    """

    layer: Layer
    sources: tuple[Source, ...] = ()
    node: int = 0
    training: bool | None = None
    honoured: bool = True

    def trains(self, around: bool) -> bool:
        """Tell whether the layer acts as in training; around: whether the model around it does."""
        return self.training if self.training is not None and self.honoured else around


def infer(calls: Sequence[Call], inputs: Mapping[int, Shape]) -> list[list[MaybeShape]]:
    """Build the layers, and return the shapes of the outputs of every call.

    inputs: the shapes of the calls that are inputs, by their numbers. None is a shape that cannot
    be known, as it comes out of a layer that upsamp does not have.
    """
    shapes: list[list[MaybeShape]] = []
    for number, call in enumerate(calls):
        given = [output_of(shapes, source) for source in call.sources]
        shapes.append(connect(call.layer, [inputs[number]] if number in inputs else given))
    return shapes


def connect(layer: Layer, input_shapes: Sequence[MaybeShape]) -> list[MaybeShape]:
    """Build a layer, and return the shapes of its outputs; [None] where its input is not known.

    Behind a layer that upsamp does not have, the input is as the file tells it, if it does. A layer
    of a file that does not take its input is kept, to be listed, and not run. Raises `ShapeError`
    where the shapes do not fit, and for an output that is too large to count.
    """
    known = [shape for shape in input_shapes if shape is not None]
    if () in known:
        raise ShapeError(
            f"Layer '{layer.name}' ({layer.type_name}) must have an input with a batch. "
            "Received: shape ()."
        )
    if len(known) < len(input_shapes):
        known = list(layer.recorded_shapes)
    if len(known) < len(input_shapes) or layer.refusal:
        return [None]
    try:
        outputs = layer.connect(known)
    except (ArgumentError, DtypeError) as error:
        if not layer.unproven:
            raise
        layer.refuse(error)
        return [None]
    layer.unproven = False
    for shape in outputs:
        if math.prod(axis for axis in shape or () if axis is not None) >= LARGEST**2:
            raise ShapeError(
                f"Layer '{layer.name}' ({layer.type_name}) must give fewer than 2**2000 values. "
                f"Received: more, for shapes {shorten(', '.join(map(str, known)))}."
            )
    return outputs


def output_of(
    shapes: Sequence[Sequence[MaybeShape]] | Mapping[int, Sequence[MaybeShape]], source: Source
) -> MaybeShape:
    """Return one output's shape; an unknown layer may have more outputs than can be known.

    shapes: of all outputs of the calls, by their numbers.
    """
    found = shapes[source.call]
    if source.output < len(found):
        return found[source.output]
    if list(found) == [None]:
        return None
    raise FormatError(
        f"An output must be one that the layer has. Received: output {source.output} of a layer "
        f"that has {len(found)}."
    )


def number_calls(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Return the calls, those of each layer numbered from 0 as Keras does, if they are not yet.

    Raises `ArgumentError` for a call on what comes after it.
    """
    found = tuple(_checked(call) for call in each(calls, "calls", "must be calls of layers"))
    numbers: dict[int, list[int]] = {}
    for place, call in enumerate(found):
        numbers.setdefault(id(call.layer), []).append(call.node)
        if not all(0 <= source.call < place and source.output >= 0 for source in call.sources):
            raise ArgumentError(
                "The sources of a call must be calls before it. "
                f"Received: {[tuple(one) for one in call.sources]} of call {place}."
            )
    if all(sorted(nodes) == list(range(len(nodes))) for nodes in numbers.values()):
        return found
    seen: Counter[int] = Counter()
    renewed = []
    for call in found:
        renewed.append(replace(call, node=seen[id(call.layer)]))
        seen[id(call.layer)] += 1
    return tuple(renewed)


def _checked(call: object) -> Call:
    """Return a call whose parts are what they must be."""
    if not (isinstance(call, Call) and isinstance(call.layer, Layer)):
        raise ArgumentError(f"`calls` must be calls of layers. Received: {spelled(call)}.")
    node = normalize_count(call.node, "node", minimum=0)
    return replace(call, sources=normalize_sources(call.sources, "sources"), node=node)


def normalize_sources(sources: object, name: str) -> tuple[Source, ...]:
    """Return where arrays come from, each a `Source`, or a number or two in a tuple.

    >>> normalize_sources([(0, 1)], "outputs")
    (Source(call=0, output=1),)
    """
    rule = "must be the numbers of calls, each with that of an output"
    found = []
    for one in each(sources, name, rule):
        numbers = [as_integer(number) for number in as_list(one, most=2) or []]
        known = [number for number in numbers if number is not None and abs(number) < LARGEST]
        if not 0 < len(known) == len(numbers) <= 2:
            raise ArgumentError(f"`{name}` {rule}. Received: {spelled(one)}.")
        found.append(Source(*known))
    return tuple(found)


def needed_calls(calls: Sequence[Call], outputs: Iterable[Source]) -> list[int]:
    """Return the numbers of the calls that the outputs depend on, in the order of the calls."""
    needed = {source.call for source in outputs}
    for number in range(len(calls) - 1, -1, -1):
        if number in needed:
            needed.update(source.call for source in calls[number].sources)
    return sorted(needed)
