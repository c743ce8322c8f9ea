"""A walk through all calls of a model and of those in it: what each takes, and what it reaches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from upsamp.errors import FormatError, ShapeError
from upsamp.layers import InputLayer, Layer
from upsamp.layers.layer import MaybeShape, Shape
from upsamp.models.graph import Call, connect
from upsamp.models.nesting import ModelLike, is_model, layers_within
from upsamp.models.summary.receptive_field import Follower, MaybeField
from upsamp.models.summary.summary_row import Measure

# How many rows and columns an image has whose size is not known, while it is followed.
STAND_IN = 512
# The names of a layer and of the models that it is in, from the outermost on.
Path: TypeAlias = tuple[str, ...]
Flow: TypeAlias = tuple[MaybeShape, MaybeField]


@dataclass
class Trace:
    """What was found at each layer, and the shapes of its last call.

    A path is that of a layer within the model that is followed.
    """

    measures: dict[Path, Measure] = field(default_factory=dict)
    inputs: dict[Path, list[MaybeShape]] = field(default_factory=dict)
    outputs: dict[Path, list[MaybeShape]] = field(default_factory=dict)

    def note(
        self, path: Path, measure: Measure, inputs: Sequence[Flow], outputs: Sequence[Flow]
    ) -> None:
        """Add one call of a layer."""
        before = self.measures.get(path, Measure(0, 0))
        self.measures[path] = Measure(
            _sum(before.multiply_adds, measure.multiply_adds),
            _sum(before.activation_bytes, measure.activation_bytes),
            measure.receptive_field,
        )
        self.inputs[path] = [shape for shape, _ in inputs]
        self.outputs[path] = [shape for shape, _ in outputs]

    def add(self, name: str, inner: "Trace") -> None:
        """Add one call of a model of that name: what was found at each layer in it."""
        for path, measure in inner.measures.items():
            inputs, outputs = (
                [(shape, None) for shape in shapes[path]]
                for shapes in (inner.inputs, inner.outputs)
            )
            self.note((name, *path), measure, inputs, outputs)

    def total(self) -> Measure:
        """Sum up what is in the model."""
        adds: int | None = 0
        held: int | None = 0
        for path, one in self.measures.items():
            if len(path) == 1:
                adds, held = _sum(adds, one.multiply_adds), _sum(held, one.activation_bytes)
        return Measure(adds, held)


def trace_model(model: ModelLike, input_shapes: Sequence[Shape]) -> Trace:
    """Follow inputs of these shapes through a model.

    Where the rows or columns of an image are not known, receptive fields are those of an image of
    512, which is as large as nearly all of them. Raises `ShapeError` where the shapes do not fit.
    """
    layers = [layer for one in model.layers for layer in layers_within(one)]
    first = any(getattr(layer, "data_format", "") == "channels_first" for layer in layers)
    first_axis = 2 if first else 1
    trace = _trace(model, input_shapes, Follower(first_axis))
    assumed = [_assumed(shape, first_axis) for shape in input_shapes]
    if assumed != list(input_shapes):
        _follow_assumed(trace, model, assumed, first_axis)
    # Layers that merge remember the shapes that they were last called with.
    _Walk(None).through(model, [(shape, None) for shape in model.input_shapes])
    return trace


def _trace(model: ModelLike, shapes: Sequence[Shape], follower: Follower) -> Trace:
    trace, _ = _Walk(follower).through(model, [(shape, follower.root(shape)) for shape in shapes])
    return trace


def _follow_assumed(
    trace: Trace, model: ModelLike, shapes: Sequence[Shape], first_axis: int
) -> None:
    """Put in the receptive fields of inputs of assumed sizes, where the model takes those."""
    try:
        other = _trace(model, shapes, Follower(first_axis))
    except (FormatError, ShapeError):
        return
    for path, found in other.measures.items():
        trace.measures[path] = replace(trace.measures[path], receptive_field=found.receptive_field)


def _assumed(shape: Shape, first_axis: int) -> Shape:
    if len(shape) != 4:
        return shape
    image = range(first_axis, first_axis + 2)
    return tuple(
        STAND_IN if axis is None and place in image else axis for place, axis in enumerate(shape)
    )


class _Walk:
    """A walk through all calls of a model; one that is called on the same again is walked once.

    follower: finds the receptive fields; None: they are not asked for.
    """

    def __init__(self, follower: Follower | None) -> None:
        self._follower = follower
        self._walked: dict[tuple[object, ...], tuple[Trace, list[Flow]]] = {}

    def through(
        self, model: ModelLike, inputs: list[Flow], *, training: bool = False
    ) -> tuple[Trace, list[Flow]]:
        """Return what was found in a model, and what comes out of it.

        training: whether layers act as in training where their calls do not say.
        """
        given = dict(zip(model.input_calls, inputs, strict=True))
        trace = Trace()
        flows: list[list[Flow]] = []
        for number, call in enumerate(model.calls):
            taken = [given[number]] if number in given else _taken(call, flows)
            flows.append(self._call(trace, call.layer, taken, training=call.trains(training)))
        return trace, [
            _output(flows, source.call, source.output) for source in model.output_sources
        ]

    def _call(
        self, trace: Trace, layer: Layer, inputs: list[Flow], *, training: bool
    ) -> list[Flow]:
        """Follow the inputs of one call."""
        if is_model(layer) and all(shape is not None for shape, _ in inputs):
            inner, outputs = self._model(layer, inputs, training=training)
            trace.add(layer.name, inner)
            measure = inner.total()
        else:
            shapes = [shape for shape, _ in inputs]
            if None in shapes and len(layer.recorded_shapes) == len(shapes):
                shapes = list(layer.recorded_shapes)
            inputs = [(shape, known) for shape, (_, known) in zip(shapes, inputs, strict=True)]
            outputs = self._layer(layer, inputs)
            if training and layer.training_effect == "batch":  # which all positions go into
                outputs = [(shape, None) for shape, _ in outputs]
            measure = _measure(layer, inputs, outputs)
        known = outputs[0][1]
        size = None if known is None else known.size
        trace.note((layer.name,), replace(measure, receptive_field=size), inputs, outputs)
        return outputs

    def _model(
        self, model: ModelLike, inputs: list[Flow], *, training: bool
    ) -> tuple[Trace, list[Flow]]:
        """Return what was found in a model within the model, and what comes out of it."""
        key = (id(model), training, *((shape, known and known.key) for shape, known in inputs))
        if key not in self._walked:
            trace, outputs = self.through(model, inputs, training=training)
            for number in model.input_calls:  # what is handed to a model is there already
                path = (model.calls[number].layer.name,)
                trace.measures[path] = replace(trace.measures[path], activation_bytes=0)
            self._walked[key] = trace, outputs
        return self._walked[key]

    def _layer(self, layer: Layer, inputs: list[Flow]) -> list[Flow]:
        """Return the outputs of a layer that is no model."""
        shapes, fields = [shape for shape, _ in inputs], [known for _, known in inputs]
        results = connect(layer, shapes)
        if self._follower is None:
            return [(result, None) for result in results]
        if isinstance(layer, InputLayer):
            return [(results[0], fields[0])]
        return [
            (result, self._follower.follow(layer, shapes, result, fields)) for result in results
        ]


def _measure(layer: Layer, inputs: Sequence[Flow], outputs: Sequence[Flow]) -> Measure:
    """Return what one call of a layer takes."""
    adds = multiply_adds(layer, [shape for shape, _ in inputs], outputs[0][0])
    sizes = [compute_bytes(layer, shape) for shape, _ in outputs]
    return Measure(adds, None if None in sizes else sum(size or 0 for size in sizes))


def _taken(call: Call, flows: Sequence[Sequence[Flow]]) -> list[Flow]:
    return [_output(flows, source.call, source.output) for source in call.sources]


def _output(flows: Sequence[Sequence[Flow]], call: int, output: int) -> Flow:
    """Return one output; an unknown layer may have more of them than are known."""
    found = flows[call]
    return found[output] if output < len(found) else (None, None)


def multiply_adds(layer: Layer, inputs: Sequence[MaybeShape], output: MaybeShape) -> int | None:
    """Count the products of one call; None where that cannot be known."""
    if type(layer).multiply_adds is Layer.multiply_adds and not is_model(layer):
        return 0
    if not inputs or inputs[0] is None or output is None or is_model(layer):
        return None
    return layer.multiply_adds(inputs[0], output)


def compute_bytes(layer: Layer, shape: MaybeShape) -> int | None:
    """Return the bytes of one sample of an output in the type that Keras computes it in.

    >>> compute_bytes(Layer(dtype="mixed_bfloat16"), (None, 28, 28, 1))
    1568
    """
    if shape is None:
        return None
    axes = [axis for axis in shape[1:] if axis is not None]
    if len(axes) < len(shape) - 1:
        return None
    return math.prod(axes) * compute_size(layer)


def compute_size(layer: Layer) -> int:
    """Return the bytes of one value that a layer gives."""
    if isinstance(layer, InputLayer) and layer.input_dtype.kind != "f":
        return layer.input_dtype.itemsize
    name = layer.dtype_policy.name.removeprefix("mixed_").rpartition("_from_")[2]
    return {"float64": 8, "float32": 4}.get(name, 2)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
