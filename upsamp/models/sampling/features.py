"""What a layer inside a model gives: the model cut off behind that layer, with its own weights."""

from collections.abc import Sequence
from dataclasses import replace

from upsamp.layers import InputLayer, Layer
from upsamp.layers.layer import Shape
from upsamp.models.functional import Functional
from upsamp.models.graph import Call, Source, needed_calls
from upsamp.models.model import Model


def feature_model(model: Model, name: str) -> Functional:
    """Return a model of the same inputs whose output is that of the layer `name`, at its last call.

    name: "outer/inner" is a layer of a nested model, at the last call of that model. The layers
    and their weights are those of `model`, which is not changed; what is behind the layer is
    left out, so that a layer that upsamp does not have is no obstacle there.

    >>> from upsamp.models.generator import make_generator
    >>> feature_model(make_generator("dcgan"), "leaky_re_lu_1").output_shape
    (None, 7, 7, 128)
    """
    model.require_built()
    model.get_layer(name)
    return _cut(model, _path(model, name))


def output_model(model: Model) -> Model:
    """Return the model itself where it has one output, else the part that gives the first one."""
    model.require_built()
    return model if len(model.output_sources) == 1 else _cut(model, (), model.output_sources[0])


def check_known(model: Model) -> None:
    """Raise `UnknownLayerError` where an output depends on a layer that cannot be run."""
    for number in needed_calls(model.calls, model.output_sources):
        layer = model.calls[number].layer
        if isinstance(layer, Model):
            check_known(layer)
        else:
            layer.check_runs()


def _path(model: Model, name: str) -> tuple[int, ...]:
    """Return the call that is wanted of each model on the way to a layer."""
    head, _, rest = name.partition("/")
    number = max(place for place, call in enumerate(model.calls) if call.layer.name == head)
    layer = model.calls[number].layer
    return (number, *_path(layer, rest)) if rest and isinstance(layer, Model) else (number,)


def _cut(model: Model, path: Sequence[int], output: Source | None = None) -> Functional:
    """Return the part of a model that one output of one call depends on."""
    calls = [
        Call(input_layer_of(model.calls[number].layer, shape))
        for number, shape in zip(model.input_calls, model.input_shapes, strict=True)
    ]
    inputs = list(range(len(calls)))
    wanted = _extend(calls, model, [Source(number) for number in inputs], path, output)
    seeds = _seeds(model)
    part = Functional.from_calls(calls, inputs, [wanted], model.name, seed=model.seed[0])
    # A model hands its seed on to its layers; these go on drawing what they drew before.
    for layer, seed in seeds:
        layer.seed = seed
    return part


def _extend(
    calls: list[Call],
    model: Model,
    given: Sequence[Source],
    path: Sequence[int],
    output: Source | None = None,
    *,
    training: bool = False,
) -> Source:
    """Add the calls of `model` that are needed for the end of `path`; give where that comes from.

    given: where the model's inputs come from, among `calls`. training: whether the model acts as in
    training, where calls in it do not say.
    """
    target = output or Source(path[0])
    places = dict(zip(model.input_calls, given, strict=True))
    for number in needed_calls(model.calls, [target]):
        if number in places:
            continue
        call = model.calls[number]
        sources = [_placed(places, source) for source in call.sources]
        if number == target.call and len(path) > 1 and isinstance(call.layer, Model):
            return _extend(calls, call.layer, sources, path[1:], training=call.trains(training))
        places[number] = Source(len(calls))
        trains = call.trains(training)
        call = replace(call, sources=tuple(sources))
        calls.append(replace(call, training=True, honoured=True) if trains else call)
    return _placed(places, target)


def _placed(places: dict[int, Source], source: Source) -> Source:
    """Return where an output of a model's call stands among the new calls."""
    place = places[source.call]
    return Source(place.call, place.output + source.output)


def input_layer_of(layer: Layer, shape: Shape) -> Layer:
    """Return the layer of an input, or one that knows the shape where it does not."""
    if isinstance(layer, InputLayer) and layer.batch_input_shape == shape:
        return layer
    dtype = getattr(layer, "input_dtype", layer.dtype)
    return InputLayer(batch_shape=shape, dtype=dtype.name, name=layer.name)


def _seeds(model: Model) -> list[tuple[Layer, tuple[int, ...]]]:
    """Return every layer of a model, and of those in it, with its seed."""
    found: list[tuple[Layer, tuple[int, ...]]] = []
    for layer in model.all_layers:
        found.append((layer, layer.seed))
        if isinstance(layer, Model):
            found += _seeds(layer)
    return found
