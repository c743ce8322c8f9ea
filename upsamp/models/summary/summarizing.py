"""The summary of a model: a row for each layer, and what Keras counts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from upsamp.core.arguments import normalize_choice, normalize_count
from upsamp.core.values import each
from upsamp.layers import Layer
from upsamp.layers.layer import MaybeShape, Shape
from upsamp.layers.operation import Operation
from upsamp.layers.unknown_layer import UnknownLayer
from upsamp.models.graph import Call, Source
from upsamp.models.nesting import ModelLike, is_model, layers_within
from upsamp.models.summary.columns import COLUMNS, KERAS_COLUMNS, MEASURED
from upsamp.models.summary.summary import Summary
from upsamp.models.summary.summary_row import Connection, Measure, SummaryRow, type_of
from upsamp.models.summary.tracing import Trace, trace_model

OPERATIONS_HOME = "keras.src.ops"


def default_columns(model: ModelLike, *, show_trainable: bool = False) -> tuple[str, ...]:
    """Return the columns that Keras shows: with "Connected to" where layers are no chain."""
    connected = () if is_chain(model.calls) else ("connected_to",)
    return (*KERAS_COLUMNS, *connected, *(("trainable",) if show_trainable else ()))


def is_chain(calls: Sequence[Call]) -> bool:
    """Tell whether each layer is called once, and on what came before alone."""
    return len({id(call.layer) for call in calls}) == len(calls) and all(
        [source.call for source in call.sources] == ([number - 1] if number else [])
        for number, call in enumerate(calls)
    )


def summarize(
    model: ModelLike,
    columns: Sequence[str] | None = None,
    *,
    expand_nested: bool = False,
    show_trainable: bool = False,
    batch: int | None = None,
    input_shapes: Sequence[Shape] | None = None,
    counted: bool = False,
) -> Summary:
    """Return the summary of a model that is built; see `upsamp.models.model.Model.summarize`."""
    samples = None if batch is None else normalize_count(batch, "batch")
    shown = default_columns(model, show_trainable=show_trainable)
    if columns is not None:
        rule = f"must be names: {', '.join(COLUMNS)}"
        shown = tuple(
            normalize_choice(column, "columns", tuple(COLUMNS))
            for column in each(columns, "columns", rule)
        )
    trace = None
    if input_shapes is not None or set(shown) & set(MEASURED):
        trace = trace_model(model, input_shapes or model.input_shapes)
    rows = tuple(_rows(model, expand_nested=expand_nested, counted=counted))
    if trace is not None:
        rows = tuple(_traced(rows, trace, shapes=input_shapes is not None))
    trainable = model.trainable_weights
    known = {id(weight) for weight in trainable}
    fixed = [weight for weight in model.weights if id(weight) not in known]
    return Summary(
        model.name,
        rows,
        sum(weight.size for weight in trainable),
        sum(weight.size for weight in fixed),
        sum(weight.nbytes for weight in trainable),
        sum(weight.nbytes for weight in fixed),
        shown,
        samples,
    )


def _rows(
    model: ModelLike, *, expand_nested: bool, counted: bool, level: int = 0
) -> Iterator[SummaryRow]:
    calls = model.calls
    layers = model.layers
    listed = {id(layer) for layer in layers}
    places: dict[int, list[int]] = {}
    for number, call in enumerate(calls):
        places.setdefault(id(call.layer), []).append(number)
    for layer in layers:
        numbers = places.get(id(layer), [])
        connections = tuple(
            Connection(calls[source.call].layer.name, calls[source.call].node, source.output)
            for number in numbers
            for source in calls[number].sources
            if id(calls[source.call].layer) in listed
        )
        outputs = [
            told_shape(model, number, output)
            for number in numbers[-1:]
            for output in range(len(model.shapes_of(number)))
        ]
        inputs: list[MaybeShape] = [
            told_shape(model, source.call, source.output)
            for number in numbers[-1:]
            for source in calls[number].sources
        ]
        yield SummaryRow(
            layer.name,
            type_of(layer),
            outputs[0] if outputs else None,
            count_layer(layer, counted=counted),
            level=level,
            more_output_shapes=tuple(outputs[1:]),
            input_shapes=tuple(inputs),
            connected_to=connections,
            trainable=layer.trainable if layer.weights else None,
            operation=_is_operation(layer),
            layer=layer,
        )
        if expand_nested and is_model(layer):
            yield from _rows(layer, expand_nested=True, counted=counted, level=level + 1)


def told_shape(model: ModelLike, number: int, output: int) -> MaybeShape:
    """Return the shape of an output, or if it is unknown, the shape that its reader expects."""
    shapes = model.shapes_of(number)
    if output < len(shapes) and shapes[output] is not None:
        return shapes[output]
    for call in model.calls:
        told = call.layer.recorded_shapes
        if len(told) == len(call.sources) and Source(number, output) in call.sources:
            return told[call.sources.index(Source(number, output))]
    return None


def count_layer(layer: Layer, *, counted: bool) -> int | None:
    """Count the values of the weights, unless those of a layer in it are not known."""
    for one in layers_within(layer):
        known = one.weights or (one.built and not isinstance(one, UnknownLayer))
        if not (known or counted or _is_operation(one)):
            return None
    return sum({id(weight): weight.size for weight in layer.weights}.values())


def _is_operation(layer: Layer) -> bool:
    """Tell whether Keras has an operation and no layer here."""
    if isinstance(layer, UnknownLayer):
        return (layer.module or "").startswith(OPERATIONS_HOME)
    return isinstance(layer, Operation) or layer.operation is not None


def _traced(rows: Sequence[SummaryRow], trace: Trace, *, shapes: bool) -> Iterator[SummaryRow]:
    """Put in what was found at each layer; where shapes are given, those as well."""
    path: tuple[str, ...] = ()
    for row in rows:
        path = (*path[: row.level], row.name)
        found = replace(row, measure=trace.measures.get(path, Measure()))
        outputs = trace.outputs.get(path)
        if shapes and outputs:
            inputs = tuple(trace.inputs.get(path, ()))
            found = replace(
                found,
                output_shape=outputs[0],
                more_output_shapes=tuple(outputs[1:]),
                input_shapes=inputs,
            )
        yield found
