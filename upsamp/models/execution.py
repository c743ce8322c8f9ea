"""How a model is computed: from its calls to the steps that run, planned once and kept."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.layers import Layer
from upsamp.layers.layer import MaybeShape, Shape
from upsamp.models.chain import Chain, begins, goes_on
from upsamp.models.graph import Call, Source, connect, needed_calls, output_of
from upsamp.models.nesting import is_model

# To ask the system for its memory takes time: a smaller output is made without.
MANY = 2**26
# For how many shapes of inputs it is kept which outputs are large.
KEPT = 64


@dataclass(frozen=True)
class _Step:
    """One layer, or a chain of them, and the number of the call whose outputs that gives.

    training: whether the layer acts as in training.
    """

    number: int
    sources: tuple[Source, ...]
    layer: Layer
    chain: Chain | None
    training: bool


class Execution:
    """The computation of the arrays that `outputs` name.

    calls: whose layers are built. inputs: the numbers of the calls that are inputs. shapes: of the
    inputs, the batch included; later inputs have the same ranks, and may be longer or shorter.
    training: whether layers act as in training where their calls do not say. watch: is told the
    number of each call and what it gives, which it must not change.

    Layers that only one other layer reads are computed with it: see `upsamp.models.chain`;
    but each layer by itself where somebody watches.
    """

    def __init__(
        self,
        calls: Sequence[Call],
        inputs: Sequence[int],
        outputs: Sequence[Source],
        shapes: Sequence[Shape],
        *,
        training: bool = False,
        watch: Callable[[int, Sequence[Array]], None] | None = None,
    ) -> None:
        self._calls = calls
        self._watch = watch
        self._inputs = tuple(inputs)
        self._outputs = tuple(outputs)
        self._training = training
        self._needed = needed_calls(calls, outputs)
        for number in self._needed:
            calls[number].layer.check_runs()
        self._uses = Counter(source for number in self._needed for source in calls[number].sources)
        self._uses.update(self._outputs)
        self._large: dict[tuple[Shape, ...], list[tuple[Layer, list[int]]]] = {}
        self._steps = self._plan(self._infer(shapes))

    def _infer(self, shapes: Sequence[Shape]) -> dict[int, list[MaybeShape]]:
        """Return the shapes of the outputs of all calls that are needed."""
        given = dict(zip(self._inputs, shapes, strict=True))
        found: dict[int, list[MaybeShape]] = {}
        for number in self._needed:
            call = self._calls[number]
            read = [given[number]] if number in given else _shapes_of(found, call)
            found[number] = connect(call.layer, read)
        return found

    def _plan(self, shapes: Mapping[int, list[MaybeShape]]) -> list[_Step]:
        """Return the steps: the calls in their order, those of a chain with its first one."""
        readers = {
            self._calls[number].sources[0]: number
            for number in self._needed
            if len(self._calls[number].sources) == 1
        }
        done: set[int] = set()
        steps = []
        for number in self._needed:
            if number in done:
                continue
            call = self._calls[number]
            numbers = [number]
            training = self._trains(call)
            alone = number in self._inputs or training or self._watch is not None
            if not alone and begins(call.layer, len(call.sources)):
                numbers += self._followers(number, readers, shapes)
            done.update(numbers)
            chain = self._chain(numbers, shapes)
            steps.append(_Step(numbers[-1], call.sources, call.layer, chain, training))
        return steps

    def _trains(self, call: Call) -> bool:
        """Tell whether a call differs from one in a prediction."""
        acts = is_model(call.layer) or call.layer.training_effect
        return bool(acts) and call.trains(self._training)

    def _followers(
        self,
        number: int,
        readers: Mapping[Source, int],
        shapes: Mapping[int, list[MaybeShape]],
    ) -> list[int]:
        """Return the calls that go on with the array of one call, which nobody else reads."""
        found: list[int] = []
        head = self._calls[number].layer
        source = Source(number)
        while self._uses[source] == 1 and source in readers:
            reader = readers[source]
            call = self._calls[reader]
            # Behind a layer that upsamp does not have, no shape is known.
            if None in shapes[source.call] or not goes_on(head, call.layer) or self._trains(call):
                break
            found.append(reader)
            source = Source(reader)
        return found

    def _chain(
        self, numbers: Sequence[int], shapes: Mapping[int, list[MaybeShape]]
    ) -> Chain | None:
        if len(numbers) == 1:
            return None
        known = [shapes[number][0] or () for number in numbers]
        return Chain([self._calls[number].layer for number in numbers], known)

    def run(self, inputs: Sequence[Array], generator: np.random.Generator) -> list[Array]:
        """Compute the outputs; each array is let go after its last use.

        generator: what is drawn from that layers add in training. Raises `MemoryLimitError` where
        what a layer gives cannot be held.
        """
        self._check_sizes(tuple(array.shape for array in inputs))
        given = dict(zip(self._inputs, inputs, strict=True))
        uses = self._uses.copy()
        values: dict[Source, Array] = {}
        for step in self._steps:
            first = given.get(step.number)
            read = [values[one] for one in step.sources] if first is None else [first]
            results = _compute(step, read, generator)
            del read, first
            if self._watch is not None:
                self._watch(step.number, results)
            for source in step.sources:
                uses[source] -= 1
                if not uses[source]:
                    values.pop(source, None)
            for output, array in enumerate(results):
                if uses[Source(step.number, output)]:
                    values[Source(step.number, output)] = array
            del results
        return [values[source] for source in self._outputs]

    def _check_sizes(self, shapes: tuple[Shape, ...]) -> None:
        """Raise `MemoryLimitError` where what a layer gives cannot be held."""
        if shapes not in self._large:
            if len(self._large) >= KEPT:
                self._large.clear()
            self._large[shapes] = [
                (self._calls[number].layer, [axis for axis in shape or () if axis is not None])
                for number, outputs in self._infer(shapes).items()
                for shape in outputs
                if math.prod(axis for axis in shape or () if axis is not None) > MANY
            ]
        for layer, lengths in self._large[shapes]:
            check_memory(lengths, layer.dtype, f"The output of layer '{layer.name}'")


def _compute(step: _Step, read: Sequence[Array], generator: np.random.Generator) -> list[Array]:
    """Return the outputs of a step."""
    if step.chain is not None:
        return [step.chain(read)]
    if is_model(step.layer):
        return step.layer.run(read, generator, training=step.training)
    return step.layer.train(read, generator) if step.training else step.layer.compute(read)


def _shapes_of(found: Mapping[int, list[MaybeShape]], call: Call) -> list[MaybeShape]:
    return [output_of(found, source) for source in call.sources]
