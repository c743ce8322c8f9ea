"""Where a model's images have their channels, and outputs of any rank seen as images."""

import math

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import ShapeError
from upsamp.layers import Layer
from upsamp.models.graph import Source
from upsamp.models.model import Model

# Values of a vector that are shown in one row.
LONGEST_ROW = 256
# Behind these the axes are others, and Keras' own layout holds again.
REARRANGING = ("Dense", "Flatten", "Permute", "Reshape")


def channels_first(model: Model) -> bool:
    """Tell whether a model's first output, of rank 4, has its channels before its rows.

    The last layer that has a data format says so; where values were put into a new shape behind
    it, the channels are last.

    >>> from upsamp.models.generator import make_generator
    >>> channels_first(make_generator("dcgan"))
    False
    """
    source = model.output_sources[0]
    while model.calls[source.call].sources:
        layer = model.calls[source.call].layer
        if isinstance(layer, Model):
            return channels_first(layer)
        if layout_of(layer) is not None:
            return layout_of(layer) == "channels_first"
        source = model.calls[source.call].sources[0]
    return False


def takes_channels_first(model: Model, place: int) -> bool:
    """Tell whether the images that input number `place` takes have their channels first.

    The first layer behind it that has a data format says so.
    """
    waiting = [Source(model.input_calls[place])]
    for number, call in enumerate(model.calls):
        for position, source in enumerate(call.sources):
            if source not in waiting:
                continue
            if isinstance(call.layer, Model):
                return takes_channels_first(call.layer, position)
            if layout_of(call.layer) is not None:
                return layout_of(call.layer) == "channels_first"
            waiting.append(Source(number))
    return False


def layout_of(layer: Layer) -> str | None:
    """Return the data format of a layer; None where it works on any."""
    if type(layer).__name__ in REARRANGING:
        return "channels_last"
    data_format = getattr(wrapped_layer(layer), "data_format", None)
    return data_format if isinstance(data_format, str) else None


def wrapped_layer(layer: Layer) -> Layer:
    """Return the layer that another, such as SpectralNormalization, is wrapped around."""
    inner = getattr(layer, "layer", None)
    return inner if isinstance(inner, Layer) else layer


def image_shape(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the shape (N, H, W, C) in which an output is shown, whose channels are last.

    An output of rank 3 is an image in grey, one of rank 2 a row of values; more than `LONGEST_ROW`
    are folded into rows, near to a square.

    >>> image_shape((2, 28, 28)), image_shape((2, 10)), image_shape((2, 3136))
    ((2, 28, 28, 1), (2, 1, 10, 1), (2, 56, 56, 1))
    """
    if len(shape) == 4:
        return (shape[0], shape[1], shape[2], shape[3])
    if len(shape) == 3:
        return (shape[0], shape[1], shape[2], 1)
    if len(shape) == 2:
        columns = shape[1] if shape[1] <= LONGEST_ROW else math.ceil(math.sqrt(shape[1]))
        return (shape[0], -(-shape[1] // max(1, columns)), columns, 1)
    raise ShapeError(
        "To be shown, an output must be of rank 2, 3 or 4, the batch included. "
        f"Received: shape {(None, *shape[1:])}. Use --samples-out for its values."
    )


def as_images(outputs: Array) -> Array:
    """Return outputs, their channels last, as (N, H, W, C); see `image_shape`.

    Where the last row of a folded vector is not full, NaN fills it.

    >>> as_images(np.zeros((2, 10))).shape, as_images(np.ones((2, 257)))[0, -1, :4, 0]
    ((2, 1, 10, 1), array([ 1.,  1., nan, nan]))
    """
    shape = image_shape(outputs.shape)
    missing = shape[1] * shape[2] - outputs.shape[1] if outputs.ndim == 2 else 0
    if missing:
        filled = outputs.astype(np.result_type(outputs, np.float32), copy=False)
        outputs = np.pad(filled, ((0, 0), (0, missing)), constant_values=np.nan)
    return outputs.reshape(shape)


def channels_last(outputs: Array, *, first: bool) -> Array:
    """Return outputs of rank 4 with their channels last."""
    return np.moveaxis(outputs, 1, 3) if first and outputs.ndim == 4 else outputs
