"""The colours of feature maps: grey, or for values of both signs blue below zero and red above."""

from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array
from upsamp.models.sampling.layer_values import LayerValues
from upsamp.models.sampling.sample_grid import gray_levels
from upsamp.views.canvas import Ink
from upsamp.views.palette import Theme


class Colours(NamedTuple):
    """The colours of a theme.

    below, zero, above: of values of both signs. empty: of a place without a value.
    """

    paper: Ink
    ink: Ink
    soft: Ink
    below: Ink
    zero: Ink
    above: Ink
    empty: Ink
    not_finite: Ink = (255, 0, 255)


MAP_COLOURS: dict[Theme, Colours] = {
    "light": Colours(
        paper=(255, 255, 255),
        ink=(40, 44, 52),
        soft=(91, 98, 112),
        below=(5, 80, 160),
        zero=(255, 255, 255),
        above=(178, 24, 43),
        empty=(214, 218, 224),
    ),
    "dark": Colours(
        paper=(22, 24, 29),
        ink=(230, 232, 236),
        soft=(169, 176, 189),
        below=(90, 170, 255),
        zero=(22, 24, 29),
        above=(255, 130, 80),
        empty=(58, 63, 72),
    ),
}


def ends_of(layer: LayerValues) -> tuple[float, float]:
    """Return the values at the ends of the colours."""
    if layer.picture is not None:
        return layer.picture
    if layer.low < 0 < layer.high:
        largest = max(-layer.low, layer.high)
        return -largest, largest
    return layer.low, layer.high


def _is_signed(layer: LayerValues) -> bool:
    return layer.picture is None and layer.low < 0 < layer.high


def colours_of(layer: LayerValues, values: Array, colours: Colours) -> Array:
    """Return a colour for each value, uint8 (..., 3)."""
    if not _is_signed(layer):
        grey = gray_levels(values, ends_of(layer))[..., np.newaxis].repeat(3, axis=-1)
        grey[~np.isfinite(values)] = colours.not_finite
        return grey
    share = (values.astype(np.float64) / ends_of(layer)[1]).clip(-1, 1)[..., np.newaxis]
    zero, ends = np.array(colours.zero), np.where(share < 0, colours.below, colours.above)
    with np.errstate(invalid="ignore"):
        mixed = np.rint(zero + (ends - zero) * np.abs(share))
    mixed[~np.isfinite(values)] = colours.not_finite
    result: Array = mixed.astype(np.uint8)
    return result
