"""Which type a computation runs in, and how its result becomes integers again."""

from typing import Any

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array

# How many values are rounded at a time.
BLOCK = 2**20


def compute_dtype(dtype: npt.DTypeLike) -> np.dtype[np.floating]:
    """Return the floating type in which values of `dtype` are computed.

    Floats keep their precision, float16 is widened to float32, and integers take float64, which
    holds every integer up to 2**53 exactly; `upsampling/exact.py` makes up for larger ones.

    >>> compute_dtype("uint8"), compute_dtype("float16")
    (dtype('float64'), dtype('float32'))
    """
    given = np.dtype(dtype)
    if given.kind != "f":
        return np.dtype(np.float64)
    return np.promote_types(given, np.float32)


def floating_result_dtype(*arrays: Array) -> np.dtype[np.floating]:
    """Return the floating type that products of these arrays have; float64 for integers only."""
    common = np.result_type(*arrays)
    return common if common.kind == "f" else np.dtype(np.float64)


def round_to(values: Array, dtype: npt.DTypeLike) -> Array:
    """Return `values` in `dtype`; to integers they are rounded half to even and saturated.

    This is what Keras does on every backend when an image of 8 bits is interpolated. What is not a
    number becomes 0, where Keras leaves it to the processor.

    >>> round_to(np.array([-3.0, 2.5, 7.5, 300.0]), "uint8")
    array([  0,   2,   8, 255], dtype=uint8)
    """
    wanted = np.dtype(dtype)
    if wanted.kind == "f" or values.dtype == wanted:
        return values.astype(wanted, copy=False)
    result = np.empty(values.shape, wanted)
    rows = max(1, BLOCK // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        result[start : start + rows] = _round(values[start : start + rows], wanted)
    return result


def _round(values: Array, wanted: np.dtype[Any]) -> Array:
    """Round a block of values, whose copies on the way stay small."""
    if wanted.kind == "b":
        return np.rint(values) >= 1
    limits = np.iinfo(wanted)
    rounded = np.rint(values)
    # The largest 64-bit integers are no floats: what reaches past the last float below them
    # would overflow in the cast, and is set by hand.
    highest = values.dtype.type(limits.max)
    overflows = int(highest) > limits.max
    if overflows:
        highest = np.nextafter(highest, values.dtype.type(0))
    clipped = np.clip(rounded, values.dtype.type(limits.min), highest)
    try:
        with np.errstate(invalid="raise"):
            result = clipped.astype(wanted)
    except FloatingPointError:
        result = np.nan_to_num(clipped, nan=0.0).astype(wanted)
    if overflows:
        result[rounded > highest] = limits.max
    return result
