"""The ranges of the values that a model gives and takes, as far as its layers tell them."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.activations import activation_range
from upsamp.core.arguments import Array
from upsamp.core.upsampling.methods import METHODS
from upsamp.layers import (
    Layer,
    ReLU,
    Rescaling,
    Resizing,
    Softmax,
    UpSampling2D,
    ZeroPadding2D,
)
from upsamp.layers.operation import Operation
from upsamp.models.graph import Source
from upsamp.models.model import Model
from upsamp.models.sampling.image_layout import wrapped_layer

Range: TypeAlias = tuple[float, float]

BYTES: Range = (0.0, 255.0)
NAMED_RANGES: Mapping[str, Range] = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "bytes": BYTES}
ANY: Range = (-math.inf, math.inf)

# Layers that move values or leave them out, and do not change them while a model is not trained.
KEEPING = frozenset(
    {
        *("ActivityRegularization", "AlphaDropout", "CenterCrop", "Cropping2D", "Dropout"),
        *("Flatten", "PixelUnshuffle"),
        *("GaussianDropout", "GaussianNoise", "Identity", "MaxPooling2D", "Permute"),
        *("PixelShuffle", "RepeatVector", "Reshape", "SpatialDropout2D"),
    }
)
# Operations on one array that do so, or take the largest, the smallest or the mean of some.
KEEPING_OPERATIONS = frozenset(
    {
        *("Squeeze", "ExpandDims", "Tile", "Repeat", "Flip", "Split", "Unstack"),
        *("Max", "Amax", "Min", "Amin", "Mean"),
    }
)
# Operations on one array and numbers that move and scale all values alike.
AFFINE = frozenset({"Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Negative"})
# And those that keep the order of values, or turn it round.
MONOTONE = AFFINE | {"Clip", "Tanh", "Sigmoid", "Relu", "LeakyRelu", "Maximum", "Minimum"}


# --- what comes out


def output_range(model: Model) -> Range | None:
    """Return the range of the values that a model's first output has by its last activation.

    It is looked for behind layers that keep values, as Reshape and Cropping2D do, or change them
    in a known way, as Rescaling does, and in nested models. None: nothing bounds the values.

    >>> from upsamp.models.generator import make_generator
    >>> output_range(make_generator("dcgan")), output_range(make_generator("transpose"))
    ((-1.0, 1.0), None)
    """
    low, high = _range(model, model.output_sources[0], None)
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def _range(model: Model, source: Source, given: Callable[[int], Range] | None) -> Range:
    """Return the range of an array; `given` tells that of an input of a nested model."""
    call = model.calls[source.call]
    layer = call.layer
    if source.call in model.input_calls:
        return ANY if given is None else given(model.input_calls.index(source.call))

    def before(place: int = 0) -> Range:
        return _range(model, call.sources[place], given)

    if isinstance(layer, Model):
        return _range(layer, layer.output_sources[source.output], before)
    if type(layer).__name__ == "Concatenate":
        return _joined([before(place) for place in range(len(call.sources))])
    return _range_behind(layer, before)


def _range_behind(layer: Layer, before: Callable[[], Range]) -> Range:
    """Return the range of what a layer of one input gives."""
    known = _bounded(layer)
    if known is not None:
        return known
    if _keeps(layer):
        return before()
    filled = _filled(layer)
    if filled is not None:
        return _joined([before(), (filled, filled)])
    if isinstance(layer, Rescaling):
        return _image_of(before(), lambda x: x * np.asarray(layer.scale) + np.asarray(layer.offset))
    if isinstance(layer, Operation) and layer.function in MONOTONE and _single(layer):
        return _image_of(before(), lambda x: layer.merge([x.astype(layer.dtype)]))
    return ANY


def _bounded(layer: Layer) -> Range | None:
    """Return the range of an activation, or of a layer that is one."""
    if isinstance(layer, Softmax):
        return NAMED_RANGES["sigmoid"]
    if isinstance(layer, ReLU):
        bounded = layer.max_value is not None and not layer.negative_slope
        return (0.0, float(layer.max_value or 0.0)) if bounded else None
    return activation_range(getattr(wrapped_layer(layer), "activation", None))


def _keeps(layer: Layer) -> bool:
    """Tell whether no value comes out of a layer that does not lie between those that go in."""
    if isinstance(layer, Operation):
        return layer.function in KEEPING_OPERATIONS
    return type(layer).__name__ in KEEPING or _is_linear(layer)


def _filled(layer: Layer) -> float | None:
    """Return the value that a layer puts around images, whose own values it keeps."""
    if isinstance(layer, ZeroPadding2D):
        return 0.0
    if isinstance(layer, Resizing) and METHODS[layer.interpolation].convex:
        return layer.fill_value if layer.pad_to_aspect_ratio else None
    if isinstance(layer, Operation) and layer.function == "Pad":
        return float(layer.options.get("constant_values") or 0.0)
    return None


def _is_linear(layer: Layer) -> bool:
    """Tell whether a layer lets values through, or gives only what lies between them."""
    if isinstance(layer, Resizing) and layer.pad_to_aspect_ratio:
        return False
    if isinstance(layer, Resizing | UpSampling2D):
        return METHODS[layer.interpolation].convex
    return type(layer).__name__ == "Activation" and getattr(layer, "activation", 0) in (
        None,
        "linear",
    )


def _single(layer: Operation) -> bool:
    """Tell whether an operation is on one array; what divides by it has a turning point."""
    inputs = [place for place, operand in enumerate(layer.operands) if operand is None]
    return len(inputs) == 1 and not (layer.function.endswith("Divide") and inputs != [0])


def _joined(ranges: list[Range]) -> Range:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _image_of(values: Range, function: Callable[[Any], Any]) -> Range:
    """Return the range that a function without turning points makes of one."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ends = np.asarray(function(np.array(values).reshape(2, 1, 1, 1)), np.float64)
    if np.isnan(ends).any():
        return ANY
    return float(ends.min()), float(ends.max())


# --- images that become images


def image_ranges(model: Model, place: int) -> tuple[Range, Range | None, bool]:
    """Return the ranges of the images that a model takes as its input number `place`, and gives.

    Images go in and come out in one range, but for layers that scale all values alike, such as
    Rescaling. A last activation says which; behind a linear end it is that of what went in, 0 to 1
    or bytes. The last value tells whether the model says anything of it.

    >>> from upsamp.layers import Conv2D, Rescaling
    >>> from upsamp.models.sequential import Sequential
    >>> layers = Rescaling(1 / 255, input_shape=(8, 8, 3)), Conv2D(3, 3), Rescaling(255)
    >>> image_ranges(Sequential(layers), 0)
    ((0.0, 255.0), (0.0, 255.0), True)
    """
    bounded = output_range(model)
    source = Source(model.input_calls[place])
    if _takes_bytes(model, source):
        return BYTES, bounded or _kept_range(model, source, BYTES), True
    shares, signed = NAMED_RANGES["sigmoid"], NAMED_RANGES["tanh"]
    likely = [bounded] if bounded else [shares, BYTES]
    for taken in (bounded or shares, shares, signed, BYTES):
        given = _kept_range(model, source, taken)
        if given is not None and any(np.allclose(given, one, atol=1e-6) for one in likely):
            return taken, bounded or given, bounded is not None or given != taken
    taken = bounded or shares
    return taken, bounded or _kept_range(model, source, taken), bounded is not None


def _kept_range(model: Model, source: Source, taken: Range) -> Range | None:
    """Return the range of a model's first output if its layers keep that of an image."""
    ends = _kept_ends(model, {source: np.array(taken).reshape(2, 1)})
    if ends is None or not np.isfinite(ends).all() or ends.min() >= ends.max():
        return None
    return float(ends.min()), float(ends.max())


def _kept_ends(model: Model, known: dict[Source, Array], output: int = 0) -> Array | None:
    """Return what the ends of a range become on the way to an output, (2, C), or (2, 1) for all.

    known: the ends of the inputs that are images. None: the output does not depend on them. Layers
    with weights are taken to keep the range: they are trained to, and their inner activations bound
    no image. Of arrays that meet, the farthest ends count, as beside a skip connection.
    """
    for number, call in enumerate(model.calls):
        before = [known.get(one) for one in call.sources]
        ends = [one for one in before if one is not None]
        if isinstance(call.layer, Model) and ends:
            inputs = zip(map(Source, call.layer.input_calls), before, strict=True)
            images = {place: one for place, one in inputs if one is not None}
            for inner in range(len(call.layer.output_sources)):
                found = _kept_ends(call.layer, dict(images), inner)
                known |= {} if found is None else {Source(number, inner): found}
        elif len(ends) > 1:
            farthest = min(map(np.min, ends)), max(map(np.max, ends))
            known[Source(number)] = np.array(farthest).reshape(2, 1)
        elif ends:
            known[Source(number)] = _scaled(call.layer, ends[0])
    return known.get(model.output_sources[output])


def _scaled(layer: Layer, ends: Array) -> Array:
    """Return what a layer makes of the ends of a range, (2, C), where it scales all values alike.

    The ends of other layers are kept. A list of scales is one for each channel.
    """
    if isinstance(layer, Rescaling):
        factors, offsets = (np.asarray(one).reshape(-1) for one in (layer.scale, layer.offset))
        fits = {ends.shape[1], len(factors), len(offsets)} - {1}
        ends = ends if len(fits) < 2 else np.array([[ends.min()], [ends.max()]])
        scaled: Array = ends * factors + offsets
        return scaled
    if isinstance(layer, Operation) and _moves(layer):
        return np.asarray(layer.merge([ends.astype(layer.dtype)]), np.float64)
    return ends


def _takes_bytes(model: Model, source: Source, factor: float = 1.0) -> bool:
    """Tell whether an array is an input of bytes, or all that is done with it scales them to 1.

    factor: by which the array was scaled already.
    """
    if getattr(model.calls[source.call].layer, "input_dtype", None) == np.uint8:
        return True
    found = []
    for number, call in enumerate(model.calls):
        for place in (place for place, one in enumerate(call.sources) if one == source):
            layer, single = call.layer, len(call.sources) == 1
            if isinstance(layer, Model):
                found.append(_takes_bytes(layer, Source(layer.input_calls[place]), factor))
            elif single and _moves(layer):
                low, high = _scaled(layer, np.array([[0.0], [1.0]]))
                scaled = factor * float(np.max(np.abs(high - low)))
                found.append(scaled < 1 / 100 or _takes_bytes(model, Source(number), scaled))
            else:
                found.append(False)
    return bool(found) and all(found)


def _moves(layer: Layer) -> bool:
    """Tell whether a layer moves values, or scales all alike."""
    if isinstance(layer, Operation):
        return layer.function in AFFINE and _single(layer)
    return isinstance(layer, Rescaling) or type(layer).__name__ in KEEPING or _is_linear(layer)
