"""What each layer of a model gives for one sample: a few of its maps, and the range of all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.core.memory import check_memory
from upsamp.errors import ArgumentError
from upsamp.models.execution import Execution
from upsamp.models.graph import Call, Source, needed_calls
from upsamp.models.model import Model
from upsamp.models.sampling.features import input_layer_of
from upsamp.models.sampling.image_layout import channels_first, layout_of, takes_channels_first
from upsamp.models.sampling.value_ranges import Range
from upsamp.models.summary.summary_row import type_of

# More would be a picture that no one can look at.
MAX_LAYERS = 400
# How many maps of a layer are kept, of how many values together; and values of a vector.
MAX_MAPS, MAX_VALUES, MAX_VECTOR = 16, 2**20, 2**14
# How many channels make one picture.
COLOURS = (1, 3)


class LayerValues(NamedTuple):
    """What one call of a layer gives for one sample.

    name: OUTER/INNER within a nested model, NAME[1] of a second output, "NAME (call 2)" of a second
    call. takes: the names of what it
    is called on. shape: without the batch, the channels of an image last. values: the first maps,
    (H, W, n); of what is no image the first values, (n,). low, high: of all finite values, both 0
    where there is none. not_finite: how many are not. picture: what is black and white in an image
    that goes in or comes out; None: it is no such image.
    """

    name: str
    type: str
    takes: tuple[str, ...]
    shape: tuple[int, ...]
    values: Array
    low: float
    high: float
    not_finite: int
    picture: Range | None = None


def trace_sample(
    model: Model,
    inputs: Sequence[Array],
    seed: int = 0,
    *,
    input_ranges: Mapping[int, Range] | None = None,
    output_range: Range | None = None,
) -> list[LayerValues]:
    """Return what all layers give that the first output depends on, in the order of their calls.

    inputs: one row for each input of the model. seed: of what layers draw that act as in training.
    input_ranges: of the inputs that are images, by their numbers; output_range: of the output.
    Layers of nested models stand for these. No more than one layer's values are held besides those
    that others still need. Raises `ArgumentError` for more layers than can be looked at.

    >>> from upsamp.models.generator import make_generator
    >>> found = trace_sample(make_generator("upsampling"), [np.ones((1, 100), np.float32)])
    >>> [(one.name, one.shape) for one in found][-2:]
    [('up_sampling2d', (10, 10, 128)), ('conv2d', (10, 10, 1))]
    """
    flat = _FlatCalls.of(model)
    found: dict[tuple[int, int], LayerValues] = {}
    kept = 0
    pictures = {number: one for number, one in (input_ranges or {}).items() if one is not None}
    if output_range is not None:
        pictures[flat.output.call] = output_range

    def watch(number: int, results: Sequence[Array]) -> None:
        nonlocal kept
        for place, array in enumerate(results):
            name = flat.names[number] + (f"[{place}]" if len(results) > 1 else "")
            picture = pictures.get(number)
            one = flat.look(number, name, array, picture)
            kept += one.values.nbytes
            check_memory((kept,), np.uint8, "What is kept of all layers")
            found[number, place] = one

    shapes = [array.shape for array in inputs]
    execution = Execution(flat.calls, range(len(inputs)), [flat.output], shapes, watch=watch)
    with np.errstate(invalid="ignore", over="ignore"):
        execution.run(inputs, np.random.default_rng(seed))
    return [found[place] for place in sorted(found)]


@dataclass
class _FlatCalls:
    """The calls of a model and of those in it in one row, with their names and layouts."""

    calls: list[Call] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    layouts: list[str] = field(default_factory=list)
    output: Source = field(default_factory=lambda: Source(0))

    @classmethod
    def of(cls, model: Model) -> "_FlatCalls":
        """Return the calls that the first output of a model depends on, after all its inputs."""
        flat = cls()
        ends = zip(model.input_calls, model.input_shapes, strict=True)
        for place, (number, shape) in enumerate(ends):
            layer = model.calls[number].layer
            flat.calls.append(Call(input_layer_of(layer, shape)))
            flat.names.append(layer.name)
            first = takes_channels_first(model, place)
            flat.layouts.append("channels_first" if first else "channels_last")
        given = [Source(number) for number in range(len(flat.calls))]
        (flat.output,) = flat.add(model, given, model.output_sources[:1])
        if channels_first(model):
            flat.layouts[flat.output.call] = "channels_first"
        return flat

    def add(
        self,
        model: Model,
        given: Sequence[Source],
        wanted: Sequence[Source],
        prefix: str = "",
        *,
        training: bool = False,
    ) -> list[Source]:
        """Add the calls that some outputs of a model depend on; return where those come from.

        given: where its inputs come from. training: whether it acts as in training, where calls in
        it do not say.
        """
        places = dict(zip(map(Source, model.input_calls), given, strict=True))
        for number in needed_calls(model.calls, wanted):
            if Source(number) in places:
                continue
            call = model.calls[number]
            sources = [_placed(places, source) for source in call.sources]
            trains = call.trains(training)
            name = f"{prefix}{call.layer.name}"
            if isinstance(call.layer, Model):
                inner = call.layer
                ends = self.add(inner, sources, inner.output_sources, f"{name}/", training=trains)
                places |= {Source(number, place): end for place, end in enumerate(ends)}
                continue
            if len(self.calls) >= MAX_LAYERS:
                raise ArgumentError(
                    f"A model whose layers are drawn one by one must have at most {MAX_LAYERS}. "
                    "Received: more. Use --layer NAME -o FILE.png for one of them."
                )
            places[Source(number)] = Source(len(self.calls))
            self.calls.append(Call(call.layer, tuple(sources), 0, trains or None))
            # A layer that is called again, or is in a model that is.
            again = sum(one.partition(" (call ")[0] == name for one in self.names)
            self.names.append(f"{name} (call {again + 1})" if again else name)
            before = self.layouts[sources[0].call]
            self.layouts.append(layout_of(call.layer) or before)
        return [_placed(places, source) for source in wanted]

    def look(self, number: int, name: str, array: Array, picture: Range | None) -> LayerValues:
        """Return what is kept of an array of one sample."""
        sample = array[0]
        if sample.ndim == 3 and self.layouts[number] == "channels_first":
            sample = np.moveaxis(sample, 0, 2)
        finite = sample[np.isfinite(sample)]
        image = sample.reshape(*sample.shape, 1) if sample.ndim == 2 else sample
        drawn = picture is not None and image.ndim == 3 and image.shape[2] in COLOURS
        kept = image[:, :, : _most_maps(image.shape)] if image.ndim == 3 else None
        return LayerValues(
            name,
            type_of(self.calls[number].layer),
            tuple(self.names[source.call] for source in self.calls[number].sources),
            sample.shape,
            (image.reshape(-1)[:MAX_VECTOR] if kept is None else kept).copy(),
            float(finite.min()) if finite.size else 0.0,
            float(finite.max()) if finite.size else 0.0,
            sample.size - finite.size,
            picture if drawn else None,
        )


def _placed(places: Mapping[Source, Source], source: Source) -> Source:
    """Return where an output of a call stands among the flat calls."""
    if source in places:
        return places[source]
    place = places[Source(source.call)]
    return Source(place.call, place.output + source.output)


def _most_maps(shape: tuple[int, ...]) -> int:
    """Return how many maps of an image are kept; all of a picture."""
    if shape[2] in COLOURS:
        return shape[2]
    return max(1, min(MAX_MAPS, MAX_VALUES // max(1, math.prod(shape[:2]))))
