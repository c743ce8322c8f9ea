"""The ranges of the values that a model gives and takes, as far as its layers tell them."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from upsamp.core.activations import activation_range
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

NAMED_RANGES: Mapping[str, Range] = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
BYTES: Range = (0.0, 255.0)
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
# Operations on one array and numbers that keep the order of values, or turn it round.
MONOTONE = frozenset(
    {
        *("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Negative", "Clip"),
        *("Tanh", "Sigmoid", "Relu", "LeakyRelu", "Maximum", "Minimum"),
    }
)


# --- what comes out


def output_range(model: Model) -> Range | None:
    """Return the range of the values that a model's first output has by its last activation.

    It is looked for behind layers that keep values, as Reshape and Cropping2D do, or change them
    in a known way, as Rescaling does, and in nested models. None: nothing bounds the values.

    >>> from upsamp.models.generator import make_generator
    >>> output_range(make_generator("dcgan")), output_range(make_generator("transpose"))
    ((-1.0, 1.0), None)
    """
    low, high = _range(model, model.outputs[0], None)
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
        return _range(layer, layer.outputs[source.output], before)
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


# --- what goes in


def input_range(model: Model, place: int) -> Range | None:
    """Return the range of the images that a model takes as its input number `place`.

    Where a Rescaling that brings bytes near to 1 comes first, it is that of bytes; else an image
    comes out of the model as it went in. None: nothing tells.
    """
    if _takes_bytes(model, Source(model.input_calls[place])):
        return BYTES
    return output_range(model)


def _takes_bytes(model: Model, source: Source) -> bool:
    """Tell whether all that is done with an array begins with bytes scaled to 1."""
    found = []
    for call in model.calls:
        for place, one in enumerate(call.sources):
            if one == source and isinstance(call.layer, Model):
                inner = call.layer.input_calls[place]
                found.append(_takes_bytes(call.layer, Source(inner)))
            elif one == source:
                scale = call.layer.scale if isinstance(call.layer, Rescaling) else 1.0
                found.append(bool(np.max(np.abs(scale)) < 1 / 100))
    return bool(found) and all(found)
