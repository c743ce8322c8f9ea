"""Ways between two points of a latent space."""

import math
from typing import Literal, TypeAlias, cast

import numpy as np

from upsamp.core.arguments import Array, normalize_array, normalize_choice, normalize_count
from upsamp.core.dtypes import compute_dtype
from upsamp.core.memory import check_memory
from upsamp.errors import ShapeError

Path: TypeAlias = Literal["spherical", "linear"]
PATHS: tuple[Path, ...] = ("spherical", "linear")

# Points whose angle has a smaller sine lie on one line, on which there is no arc to follow.
STRAIGHT = 1e-6


def interpolate_points(a: object, b: object, steps: int, path: str = "spherical") -> Array:
    """Return `steps` points on the way from `a` to `b`, both of them included.

    a, b: of one shape. path: "linear" is the straight line. "spherical" turns from one direction
    to the other at an even speed: points of a normal distribution lie near a sphere, and the
    middle of the straight line is much nearer to the origin than what a generator was trained on.
    Where the points lie on one line with the origin, there is no such arc, and the way is straight.
    Returns floats of shape (steps, ...), at least float32.

    Source: T. White, "Sampling Generative Networks" (arXiv 1609.04468), section 2.1.

    >>> interpolate_points([1.0, 0.0], [0.0, 1.0], 3).round(3)
    array([[1.   , 0.   ],
           [0.707, 0.707],
           [0.   , 1.   ]])
    >>> interpolate_points([1.0, 0.0], [0.0, 1.0], 3, "linear")
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    count = normalize_count(steps, "steps", minimum=2)
    way = cast("Path", normalize_choice(path, "path", PATHS))
    first, last = (
        normalize_array(value, name, tuple(range(1, 33))) for value, name in ((a, "a"), (b, "b"))
    )
    if first.shape != last.shape:
        raise ShapeError(
            f"`a` and `b` must have one shape. Received: {first.shape} and {last.shape}."
        )
    dtype = compute_dtype(np.result_type(first, last))
    start, end = first.astype(np.float64), last.astype(np.float64)
    check_memory((count, *first.shape), np.float64, "The points")
    at = (np.arange(count) / (count - 1)).reshape(count, *(1,) * start.ndim)
    angle = _angle(start, end) if way == "spherical" else 0.0
    if math.sin(angle) > STRAIGHT:
        shares = np.sin((1 - at) * angle), np.sin(at * angle)
        points = (shares[0] * start + shares[1] * end) / math.sin(angle)
    else:
        with np.errstate(invalid="ignore"):
            points = (1 - at) * start + at * end
    points[0], points[-1] = start, end
    result: Array = points.astype(dtype)
    return result


def _angle(a: Array, b: Array) -> float:
    """Return the angle between two vectors; 0 where one of them has no direction.

    Half of it is the angle in the triangle of the sum and the difference of the unit vectors,
    which is exact for small angles too, as the arc cosine is not. Source: W. Kahan, "How Futile
    are Mindless Assessments of Roundoff in Floating-Point Computation?" (2006), section 12.
    """
    lengths = [float(np.abs(vector).max(initial=0.0)) for vector in (a, b)]
    if not all(0 < length < math.inf for length in lengths):
        return 0.0
    units = [vector / length for vector, length in zip((a, b), lengths, strict=True)]
    units = [vector / np.sqrt(np.square(vector).sum()) for vector in units]
    apart = np.sqrt(np.square(units[0] - units[1]).sum())
    together = np.sqrt(np.square(units[0] + units[1]).sum())
    return 2 * math.atan2(float(apart), float(together))
