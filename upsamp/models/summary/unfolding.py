"""All calls of a model and of those in it, one after the other, with the shapes to draw."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from upsamp.errors import ArgumentError, FormatError
from upsamp.layers import Layer
from upsamp.layers.layer import MaybeShape
from upsamp.models.graph import Call, Source, infer
from upsamp.models.nesting import ModelLike, is_model
from upsamp.models.sampling.image_layout import layout_of
from upsamp.models.summary.column_values import find_activation, find_pair
from upsamp.models.summary.columns import format_pair
from upsamp.models.summary.layer_kinds import kind_of
from upsamp.models.summary.summarizing import count_layer, told_shape
from upsamp.models.summary.summary_row import SummaryRow, type_of

# More would be a drawing that no one can look at; files of models may say any number.
MAX_LAYERS, MAX_LINKS = 2000, 10_000


class DrawnLayer(NamedTuple):
    """One call of a layer. params: None where they are not counted.

    call: its number, counted from 1, and how often the layer is called. settings: what else a
    reader wants to know, as "5x5, strides 2x2, tanh".
    """

    name: str
    type: str
    kind: str
    params: int | None
    call: tuple[int, int] = (1, 1)
    settings: str = ""


class Frame(NamedTuple):
    """A nested model around the blocks `first` to `last`; level: how many frames it is in."""

    layer: DrawnLayer
    first: int
    last: int
    level: int = 0


@dataclass
class Step:
    """One call: what it gives, and the numbers of the steps that it takes."""

    layer: DrawnLayer
    shapes: list[MaybeShape]
    drawn: MaybeShape
    layout: str
    sources: list[int]
    level: int
    output: bool = False


@dataclass
class Unfolding:
    """A walk through all calls of a model, and where that is wanted of those in it."""

    expand_nested: bool
    counted: bool
    told: bool
    steps: list[Step] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    links: int = 0

    def through(
        self, model: ModelLike, inputs: Sequence[MaybeShape], sources: Sequence[int], level: int = 0
    ) -> list[int]:
        """Add a step for each call, and return the steps that give the outputs.

        inputs: their shapes; sources: the steps that they come from, none of the outermost model.
        """
        drawn = infer_or_keep(model, inputs)
        calls = Counter(id(call.layer) for call in model.calls)
        given = dict(zip(model.input_calls, sources, strict=False))
        places: dict[Source, int] = {}
        for number, call in enumerate(model.calls):
            taken = [places.get(one, places[Source(one.call)]) for one in call.sources]
            if number in given:
                taken = [given[number]]
            made = self._drawn_layer(call, calls[id(call.layer)])
            if self.expand_nested and is_model(call.layer):
                shapes = [_first(drawn[one.call], one.output) for one in call.sources]
                ends = self._nested(call.layer, shapes, taken, made, level)
            else:
                ends = [self._step(model, number, made, drawn[number], taken, level)]
            places.update({Source(number, output): end for output, end in enumerate(ends)})
        return [places.get(one, places[Source(one.call)]) for one in model.output_sources]

    def _drawn_layer(self, call: Call, calls: int) -> DrawnLayer:
        layer = call.layer
        return DrawnLayer(
            layer.name,
            type_of(layer),
            kind_of(layer, len(call.sources)),
            count_layer(layer, counted=self.counted),
            (call.node + 1, calls),
            _settings(layer),
        )

    def _nested(
        self,
        model: ModelLike,
        shapes: list[MaybeShape],
        taken: list[int],
        made: DrawnLayer,
        level: int,
    ) -> list[int]:
        first = len(self.steps)
        place = len(self.frames)
        ends = self.through(model, shapes, taken, level + 1)
        self.frames.insert(place, Frame(made, first, len(self.steps) - 1, level))
        return ends

    def _step(
        self,
        model: ModelLike,
        number: int,
        made: DrawnLayer,
        drawn: list[MaybeShape],
        taken: list[int],
        level: int,
    ) -> int:
        """Add the step of one call, and return its number."""
        self.links += len(taken)
        if len(self.steps) >= MAX_LAYERS or self.links > MAX_LINKS:
            raise ArgumentError(
                f"A drawing must have at most {MAX_LAYERS:,} layers and {MAX_LINKS:,} connections. "
                "Received: more. Leave --expand-nested out, or use --format dot."
            )
        told = [told_shape(model, number, output) for output in range(max(1, len(drawn)))]
        shape = drawn[0] if drawn else None
        own = layout_of(model.calls[number].layer)
        before = self.steps[taken[0]].layout if taken else "channels_last"
        layout = own or (before if taken else _first_layout(model, number))
        shapes = drawn if self.told and shape is not None else told
        shape = told[0] if shape is None else shape
        self.steps.append(Step(made, list(shapes), shape, layout, taken, level))
        return len(self.steps) - 1


def _settings(layer: Layer) -> str:
    """Return the kernel, strides other than one, by how much it upsamples, and the activation."""
    row = SummaryRow(layer.name, "", None, None, layer=layer)
    names = "kernel_size", "pool_size", "strides", "size"
    kernel, pool, strides, size = (format_pair(find_pair(name)(row, None)) for name in names)
    activation = find_activation(row, None)
    words = [
        *(pair for pair in (kernel, pool) if pair != "-"),
        f"strides {strides}" if strides not in ("-", "1x1", pool) else "",
        f"by {size}" if size != "-" else "",
        activation if activation not in (None, "linear") else "",
    ]
    return ", ".join(filter(None, words))


def _first(shapes: Sequence[MaybeShape], output: int) -> MaybeShape:
    return shapes[output] if output < len(shapes) else None


def _first_layout(model: ModelLike, number: int) -> str:
    """Return the layout of an input: that of the first layer behind it which has one."""
    waiting = [Source(number)]
    for place, call in enumerate(model.calls):
        if not any(source in waiting for source in call.sources):
            continue
        inner = call.layer
        if is_model(inner):
            return _first_layout(inner, inner.input_calls[0])
        if layout_of(inner) is not None:
            return layout_of(inner) or ""
        waiting.append(Source(place))
    return "channels_last"


def infer_or_keep(model: ModelLike, shapes: Sequence[MaybeShape]) -> list[list[MaybeShape]]:
    """Return the shapes of all outputs for inputs of these, otherwise those that the model has."""
    pairs = zip(model.input_calls, shapes, strict=False)
    known = {number: shape for number, shape in pairs if shape is not None}
    try:
        if len(known) == len(model.input_calls):
            return infer(model.calls, known)
    except (ArgumentError, FormatError):  # as for sides that must be of another size
        pass
    return [model.shapes_of(number) for number in range(len(model.calls))]
