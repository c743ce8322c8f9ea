"""Pixels that hold no data: they are left out, as inputs beyond the edges are.

A result is the sum of the weighted inputs that have data, divided by the sum of their weights;
where there are none, it has no data either. Source: GDAL, "gdal_translate", -r bilinear.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from upsamp.core.arguments import Array, Interpolation, Pair
from upsamp.core.dtypes import round_to
from upsamp.core.upsampling.methods import METHODS
from upsamp.io.pictures import Picture

# Weights that sum up to less differ from none, or from all, by rounding.
ROUNDING = 1e-9


def value_without_data(picture: Picture) -> Any:
    """Return the number that pixels without data have; None where no pixel has it.

    With a channel of alpha that tells which pixels have some.
    """
    told = picture.metadata.get("nodata")
    if not told or picture.has_alpha or picture.pixels.dtype.kind not in "uif":
        return None
    dtype, number = picture.pixels.dtype, float(told)
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            value = dtype.type(number)
    elif number.is_integer() and np.iinfo(dtype).min <= number <= np.iinfo(dtype).max:
        value = dtype.type(int(number))
    else:
        return None
    return value if _is(picture.pixels, value).any() else None


def resize_data(
    pixels: Array,
    size: Pair,
    interpolation: Interpolation,
    enlarge: Callable[[Array, Pair, Interpolation], Array],
    value: Any,
) -> Array:
    """Return the pixels (H, W) or (H, W, C) enlarged by those that have data.

    enlarge: enlarges an array by an interpolation. value: what those without data have.

    >>> from upsamp.core.upsampling.resample import resize
    >>> resize_data(np.array([[-9.0, 4.0]]), (1, 4), "bilinear", resize, np.float64(-9))
    array([[-9.,  4.,  4.,  4.]])
    """
    has_data = ~_is(pixels, value)
    filled = np.where(has_data, pixels, pixels.dtype.type(0))
    wide = filled.astype(np.float64) if pixels.dtype.kind == "f" else filled
    result = round_to(enlarge(wide, size, interpolation), pixels.dtype)
    mixed = np.abs(enlarge(has_data.astype(np.float64), size, interpolation) - 1) > ROUNDING
    # A sum of some weights may be nearly zero where others are negative.
    near = interpolation if METHODS[interpolation].convex else "bilinear"
    weights = enlarge(has_data.astype(np.float64), size, near)[mixed]
    sums = enlarge(filled.astype(np.float64), size, near)[mixed]
    known = weights > ROUNDING
    result[mixed] = round_to(sums / np.where(known, weights, 1), result.dtype)
    # A result that happens to be that number is moved to its neighbour, as GDAL does.
    result[_is(result, value)] = _neighbour(value)
    result[mixed] = np.where(known, result[mixed], value)
    return result


def _is(pixels: Array, value: Any) -> Array:
    return np.isnan(pixels) if value != value else pixels == value  # noqa: PLR0124 - NaN


def _neighbour(value: Any) -> Any:
    """Return the number next to one, of the same type."""
    if value.dtype.kind == "f":
        return np.nextafter(value, value.dtype.type(0 if value > 0 else 1))
    return value + 1 if value < np.iinfo(value.dtype).max else value - 1
