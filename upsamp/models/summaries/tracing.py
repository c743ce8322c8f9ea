"""A walk through all calls of a model and of those in it: what each takes, and what it reaches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from upsamp.errors import FormatError, ShapeError
from upsamp.layers import InputLayer, Layer
from upsamp.layers.layer import MaybeShape, Shape
from upsamp.models.graph import Call, connect
from upsamp.models.nesting import ModelLike, is_model, layers_within
from upsamp.models.summaries.receptive_field import MaybeField, follow, root_field
from upsamp.models.summaries.summary_row import Measure

__all__ = ["Trace", "compute_bytes", "trace_model"]

# How many rows and columns an image has whose size is not known, while it is followed.
STAND_IN = 512
# The names of a layer and of the models that it is in, from the outermost on.
Path: TypeAlias = tuple[str, ...]
Flow: TypeAlias = tuple[MaybeShape, MaybeField]


@dataclass
class Trace:
    """What was found at each layer, and the shapes of its last call.

    first_axis: the axis of the rows: 1, or 2 where channels come first.
    """

    first_axis: int = 1
    measures: dict[Path, Measure] = field(default_factory=dict)
    inputs: dict[Path, list[MaybeShape]] = field(default_factory=dict)
    outputs: dict[Path, list[MaybeShape]] = field(default_factory=dict)

    def note(
        self, path: Path, layer: Layer, inputs: Sequence[Flow], outputs: Sequence[Flow]
    ) -> None:
        """Add one call of a layer that is no model."""
        before = self.measures.get(path, Measure(0, 0))
        known = multiply_adds(layer, [shape for shape, _ in inputs], outputs[0][0])
        held = None
        if len(path) == 1 or not isinstance(layer, InputLayer):
            sizes = [compute_bytes(layer, shape) for shape, _ in outputs]
            held = None if None in sizes else sum(size or 0 for size in sizes)
        else:
            held = 0  # what is handed to a model is there already
        self.measures[path] = Measure(
            _sum(before.multiply_adds, known), _sum(before.activation_bytes, held), outputs[0][1]
        )
        self._keep_shapes(path, inputs, outputs)

    def total(self, path: Path, inputs: Sequence[Flow], outputs: Sequence[Flow]) -> None:
        """Sum up what is in a model."""
        inner = [one for key, one in self.measures.items() if key[:-1] == path]
        adds: int | None = 0
        held: int | None = 0
        for one in inner:
            adds, held = _sum(adds, one.multiply_adds), _sum(held, one.activation_bytes)
        self.measures[path] = Measure(adds, held, outputs[0][1])
        self._keep_shapes(path, inputs, outputs)

    def _keep_shapes(self, path: Path, inputs: Sequence[Flow], outputs: Sequence[Flow]) -> None:
        self.inputs[path] = [shape for shape, _ in inputs]
        self.outputs[path] = [shape for shape, _ in outputs]


def trace_model(model: ModelLike, input_shapes: Sequence[Shape]) -> Trace:
    """Follow inputs of these shapes through a model.

    Where the rows or columns of an image are not known, receptive fields are those of an image of
    512, which is as large as nearly all of them. Raises `ShapeError` where the shapes do not fit.
    """
    layers = [layer for one in model.layers for layer in layers_within(one)]
    first = any(getattr(layer, "data_format", "") == "channels_first" for layer in layers)
    trace = Trace(2 if first else 1)
    flows = [(shape, root_field(shape, trace.first_axis)) for shape in input_shapes]
    _walk(trace, model, flows, ())
    assumed = [_assumed(shape, trace.first_axis) for shape in input_shapes]
    if assumed != list(input_shapes):
        _follow_assumed(trace, model, assumed)
    # Layers that merge remember the shapes that they were last called with.
    _walk(Trace(trace.first_axis), model, [(shape, None) for shape in model.input_shapes], ())
    return trace


def _follow_assumed(trace: Trace, model: ModelLike, shapes: Sequence[Shape]) -> None:
    """Put in the receptive fields of inputs of assumed sizes, where the model takes those."""
    other = Trace(trace.first_axis)
    flows = [(shape, root_field(shape, trace.first_axis)) for shape in shapes]
    try:
        _walk(other, model, flows, ())
    except (FormatError, ShapeError):
        return
    for path, found in other.measures.items():
        known = trace.measures[path]
        trace.measures[path] = Measure(
            known.multiply_adds, known.activation_bytes, found.receptive_field
        )


def _assumed(shape: Shape, first_axis: int) -> Shape:
    if len(shape) != 4:
        return shape
    image = range(first_axis, first_axis + 2)
    return tuple(
        STAND_IN if axis is None and place in image else axis for place, axis in enumerate(shape)
    )


def _walk(trace: Trace, model: ModelLike, inputs: Sequence[Flow], path: Path) -> list[Flow]:
    """Follow the inputs through a model, and give what comes out."""
    given = dict(zip(model.input_calls, inputs, strict=True))
    flows: list[list[Flow]] = []
    for number, call in enumerate(model.calls):
        taken = [given[number]] if number in given else _taken(call, flows)
        flows.append(_step(trace, call.layer, taken, (*path, call.layer.name)))
    outputs = [_output(flows, source.call, source.output) for source in model.outputs]
    if path:
        trace.total(path, inputs, outputs)
    return outputs


def _step(trace: Trace, layer: Layer, inputs: list[Flow], path: Path) -> list[Flow]:
    """Follow the inputs of one call."""
    if is_model(layer) and all(shape is not None for shape, _ in inputs):
        return _walk(trace, layer, inputs, path)
    shapes = [shape for shape, _ in inputs]
    if None in shapes and len(layer.recorded_shapes) == len(shapes):
        shapes = list(layer.recorded_shapes)
    inputs = [(shape, field) for shape, (_, field) in zip(shapes, inputs, strict=True)]
    results = connect(layer, shapes)
    if isinstance(layer, InputLayer):
        outputs = [(results[0], inputs[0][1])]
    else:
        fields = [one for _, one in inputs]
        outputs = [
            (result, follow(layer, shapes, result, fields, trace.first_axis)) for result in results
        ]
    trace.note(path, layer, inputs, outputs)
    return outputs


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
    name = layer.dtype_policy.name.removeprefix("mixed_")
    return {"float64": 8, "float32": 4}.get(name, 2)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
