"""A network of images without nested models, whose input may have any rows and columns."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from upsamp.core.arguments import Array, Pair
from upsamp.errors import ShapeError
from upsamp.layers import InputLayer
from upsamp.layers.layer import MaybeShape, Shape
from upsamp.models.execution import Execution
from upsamp.models.graph import Call, Source, infer, needed_calls
from upsamp.models.model import Model

# Rows and columns at which rates are asked, a multiple of all strides that networks have together.
PROBE = 2**8 * math.lcm(*range(1, 65)) ** 2
# What the layers take besides their inputs and outputs, as a part of those.
SCRATCH = 1.5
# Sizes of images whose shapes are remembered.
KEPT = 64

Rates = tuple[Fraction, Fraction] | None


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """The calls that the one output of a network of images depends on.

    calls: the first is the input, which takes any rows and columns. first: whether the channels of
    the input and of the output are before the rows.
    """

    calls: tuple[Call, ...]
    output: Source
    channels: int | None
    first: tuple[bool, bool]
    _known: dict[Pair, list[list[MaybeShape]]] = field(default_factory=dict)
    _executions: list[Execution] = field(default_factory=list)

    def shapes(self, size: Pair) -> list[list[MaybeShape]]:
        """Return the shapes of all calls for an image of this many rows and columns.

        Raises `ShapeError` where a layer does not take what comes of it.
        """
        found = self._known.get(size)
        if found is None:
            found = infer(self.calls, {0: self.input_shape(size)})
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[size] = found
        return found

    def input_shape(self, size: Pair) -> Shape:
        """Return the shape of an image of this many rows and columns as the network takes it."""
        return (1, self.channels, *size) if self.first[0] else (1, *size, self.channels)

    def lengths(self, shape: MaybeShape) -> Pair | None:
        """Return the rows and columns of an array, where it is one of images."""
        if shape is None or len(shape) != 4:
            return None
        rows, columns = shape[2:] if self.first[0] else shape[1:3]
        return None if rows is None or columns is None else (rows, columns)

    def size_of(self, size: Pair) -> Pair:
        """Return the rows and columns of the output for an image of these.

        Raises `ShapeError` where that is none.
        """
        found = self.lengths(self.shapes(size)[self.output.call][self.output.output])
        if found is None:
            raise ShapeError("A network of pictures must give a picture. Received: another output.")
        return found

    @cached_property
    def rates(self) -> list[Rates]:
        """How many rows and columns each call has for each of the input's; None for no image.

        Raises `ShapeError` where a layer takes images of one size alone.
        """
        some, more = (self.shapes((size, size)) for size in (PROBE, 2 * PROBE))
        rates: list[Rates] = []
        for before, after in zip(some, more, strict=True):
            low, high = self.lengths(before[0]), self.lengths(after[0])
            if low is None or high is None:
                rates.append(None)
            else:
                rows, columns = (Fraction(high[axis] - low[axis], PROBE) for axis in (0, 1))
                # By a stride that does not divide it, they are rounded.
                rates.append((rows.limit_denominator(), columns.limit_denominator()))
        return rates

    def peak(self, size: Pair) -> int:
        """Return about how many bytes the arrays take that are in memory at a time."""
        sizes = [
            sum(math.prod(axis or 1 for axis in shape or ()) for shape in made)
            * call.layer.dtype.itemsize
            for call, made in zip(self.calls, self.shapes(size), strict=True)
        ]
        read = [{source.call for source in call.sources} for call in self.calls]
        last = {one: number for number, several in enumerate(read) for one in several}
        held = peak = 0
        for number in range(len(self.calls)):
            held += sizes[number]
            peak = max(peak, held)
            held -= sum(sizes[one] for one in read[number] if last[one] == number)
        return int(SCRATCH * peak)

    def run(self, image: Array) -> Array:
        """Compute the output (H, W, C) of an image (H, W, C)."""
        batch = image[np.newaxis]
        batch = np.moveaxis(batch, 3, 1) if self.first[0] else batch
        head = self.calls[0].layer
        if getattr(head, "input_dtype", head.dtype).kind != "f":  # which would cut what is rounded
            batch = np.rint(batch)
        batch = np.ascontiguousarray(batch)
        if not self._executions:  # which later images have, too, of any size
            self._executions.append(Execution(self.calls, [0], [self.output], [batch.shape]))
        with np.errstate(invalid="ignore", over="ignore"):
            noise = np.random.default_rng(0)  # of layers that are called as in training
            result: Array = self._executions[0].run([batch], noise)[0][0]
        return np.moveaxis(result, 0, 2) if self.first[1] else result


def flatten(model: Model, place: int, first: tuple[bool, bool]) -> FlatGraph:
    """Return the calls that a model's first output depends on, those of nested models among them.

    place: which input takes the image. first: see `FlatGraph`.
    """
    shape = model.input_shapes[place]
    channels = shape[1] if first[0] else shape[3]
    free = (None, channels, None, None) if first[0] else (None, None, None, channels)
    layer = model.calls[model.input_calls[place]].layer
    dtype = getattr(layer, "input_dtype", layer.dtype)
    head = InputLayer(batch_shape=free, dtype=dtype.name, name=layer.name)
    calls = [Call(head)]
    given = [Source(0)] * len(model.input_calls)
    output = _extend(calls, model, given)[0]
    needed = needed_calls(calls, [output])
    numbers = {number: place for place, number in enumerate([0, *(n for n in needed if n)])}

    def moved(source: Source) -> Source:
        return Source(numbers[source.call], source.output)

    kept = tuple(replace(calls[n], sources=tuple(map(moved, calls[n].sources))) for n in numbers)
    return FlatGraph(kept, moved(output), channels, first)


def _extend(
    calls: list[Call], model: Model, given: Sequence[Source], *, training: bool = False
) -> list[Source]:
    """Add the calls of a model to others, and return where its outputs come from.

    training: whether layers act as in training where their calls do not say.
    """
    places: dict[int, list[Source]] = {}

    def placed(source: Source) -> Source:
        known = places[source.call]
        if source.output < len(known):
            return known[source.output]
        return Source(known[0].call, source.output)

    for number, call in enumerate(model.calls):
        sources = [placed(source) for source in call.sources]
        if number in model.input_calls:
            source = given[list(model.input_calls).index(number)]
            if isinstance(call.layer, InputLayer):
                places[number] = [source]
                continue
            sources = [source]
        if isinstance(call.layer, Model):
            trains = call.trains(training)
            places[number] = _extend(calls, call.layer, sources, training=trains)
            continue
        places[number] = [Source(len(calls))]
        moved = replace(call, sources=tuple(sources))
        trains = call.trains(training)
        calls.append(replace(moved, training=True, honoured=True) if trains else moved)
    return [placed(source) for source in model.output_sources]
