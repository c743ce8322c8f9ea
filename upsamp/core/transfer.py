"""The transfer function of sRGB: between the numbers in a file and amounts of light.

Source: IEC 61966-2-1:1999, "Multimedia systems and equipment - Colour measurement and management -
Part 2-1: Default RGB colour space - sRGB", equations 5 to 10.
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from upsamp.core.arguments import Array
from upsamp.errors import DtypeError

# How many values are made numbers again at a time.
BLOCK = 2**18
# The type in which light is computed: fine enough for the steps of each depth where it is dark.
LIGHT_DTYPES: dict[str, npt.DTypeLike] = {"uint8": np.float32, "uint16": np.float64}


def to_light(numbers: Array) -> Array:
    """Return the light that numbers of 8 or 16 bits stand for, 0 to 1.

    Returns float32 of uint8, float64 of uint16; raises `DtypeError` for other types.

    >>> to_light(np.array([0, 10, 188, 255], np.uint8)).round(5)
    array([0.     , 0.00304, 0.50289, 1.     ], dtype=float32)
    """
    check_numbers(numbers)
    return _lights(numbers.dtype.name)[numbers]


def from_light(light: Array, dtype: npt.DTypeLike, out: Array | None = None) -> Array:
    """Return the numbers, uint8 or uint16, that stand for amounts of light, cut to 0 to 1.

    They are those to which the exact function rounds. out: where they are put.

    >>> from_light(np.array([-1.0, 0.00304, 0.50289, 2.0]), "uint8")
    array([  0,  10, 188, 255], dtype=uint8)
    """
    wanted = np.dtype(dtype)
    numbers = np.empty(light.shape, wanted) if out is None else out
    rows = max(1, BLOCK // max(1, light[:1].size))
    for start in range(0, len(light), rows):
        numbers[start : start + rows] = _numbers(light[start : start + rows], wanted)
    return numbers


def check_numbers(numbers: Array) -> None:
    """Raise `DtypeError` where numbers have not the depth of an image file."""
    if numbers.dtype.name not in LIGHT_DTYPES:
        raise DtypeError(
            "Linear light needs pixels of 8 or 16 bits. "
            f"Received: {numbers.dtype}. Floats are linear as a rule; leave --linear out."
        )


def _decode(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Apply the function as it is written, to numbers as shares of the largest."""
    low: npt.NDArray[np.float64] = shares / 12.92
    return np.where(shares <= 0.04045, low, ((shares + 0.055) / 1.055) ** 2.4)


@cache
def _lights(dtype: str) -> Array:
    """Return the light of every number of a type."""
    largest = np.iinfo(dtype).max
    return _decode(np.arange(largest + 1) / largest).astype(LIGHT_DTYPES[dtype])


@cache
def _borders(dtype: str) -> npt.NDArray[np.float64]:
    """Return the light from which on each number is meant; the last one ends nowhere."""
    largest = np.iinfo(dtype).max
    return np.append(_decode((np.arange(largest) + 0.5) / largest), np.inf)


@cache
def _guesses(dtype: str) -> tuple[int, Array]:
    """Return into how many steps light is divided, and the number at the beginning of each.

    A step is shorter than any number's share of the light, so that at most one border is in it.
    """
    steps = {"uint8": 2**12, "uint16": 2**20}[dtype]
    starts = np.arange(steps + 1) / steps
    return steps, np.searchsorted(_borders(dtype), starts, side="right").astype(dtype)


def _numbers(light: Array, dtype: np.dtype[Any]) -> Array:
    """Return the numbers of a block: the guess of its step, or the next one."""
    steps, guesses = _guesses(dtype.name)
    clipped = np.clip(light, 0, 1)
    guess: Array = guesses[(clipped * steps).astype(np.int32)]
    beyond: Array = clipped >= _borders(dtype.name)[guess]
    numbers: Array = guess + beyond.astype(dtype)
    return numbers
