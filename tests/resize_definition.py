"""Resizing by its definition: each weight by itself, at distances that are exact."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import oracle
from effort import in_one_test
from numpy.typing import NDArray

from upsamp import resize

Array = NDArray[Any]
Matrix = NDArray[np.float64]
Size = tuple[int, int]
Method = tuple[str, str, bool]
Weigh = Callable[[Fraction], Fraction | float]

TORCH = ("nearest", "bilinear", "bicubic", "area")
# Interpolation, convention and whether corners are aligned.
METHODS: list[Method] = [
    *((name, "keras", False) for name in (*TORCH, "lanczos3", "lanczos5")),
    *((name, "keras", False) for name in ("mitchellcubic", "gaussian")),
    *((name, "torch", False) for name in TORCH),
    *((name, "torch", True) for name in ("bilinear", "bicubic")),
]
every_method = in_one_test("method", METHODS)


def run(x: Array, size: Size, method: Method) -> Array:
    """Resize by a row of the table above."""
    return resize(x, size, method[0], convention=method[1], align_corners=method[2])


def cubic(b: Fraction, c: Fraction) -> Weigh:
    """Return the cubic of Mitchell and Netravali, times 6; with B = 0 it is Keys' of a = -C."""

    def weigh(t: Fraction) -> Fraction:
        if t < 1:
            return (12 - 9 * b - 6 * c) * t**3 + (-18 + 12 * b + 6 * c) * t**2 + 6 - 2 * b
        if t < 2:
            far = (-b - 6 * c) * t**3 + (6 * b + 30 * c) * t**2
            return far + (-12 * b - 48 * c) * t + 8 * b + 24 * c
        return Fraction(0)

    return weigh


WEIGHTS: dict[tuple[str, str], Weigh] = {
    ("keras", "bilinear"): lambda t: max(Fraction(0), 1 - t),
    ("torch", "bilinear"): lambda t: max(Fraction(0), 1 - t),
    ("keras", "bicubic"): cubic(Fraction(0), Fraction(1, 2)),
    ("torch", "bicubic"): cubic(Fraction(0), Fraction(3, 4)),
    ("keras", "mitchellcubic"): cubic(Fraction(1, 3), Fraction(1, 3)),
    ("keras", "gaussian"): lambda t: math.exp(-2 * float(t) ** 2) if t < Fraction(3, 2) else 0,
    ("keras", "lanczos3"): lambda t: oracle.lanczos(float(t), 3),
    ("keras", "lanczos5"): lambda t: oracle.lanczos(float(t), 5),
}
# The method and convention of every kernel.
KERNELS = [(name, convention) for convention, name in WEIGHTS]


def area_weights(length: int, target: int, i: int, convention: str) -> dict[int, Fraction]:
    """Return the overlaps of output i with the inputs; PyTorch's are whole."""
    begin, end = Fraction(i * length, target), Fraction((i + 1) * length, target)
    overlaps = {j: min(end, Fraction(j + 1)) - max(begin, Fraction(j)) for j in range(length)}
    found = {j: overlap for j, overlap in overlaps.items() if overlap > 0}
    return found if convention == "keras" else dict.fromkeys(found, Fraction(1))


def weights(length: int, target: int, i: int, method: Method) -> dict[int, Fraction | float]:
    """Return the inputs that output i reads, before their weights are divided by the sum."""
    name, convention, align_corners = method
    if name == "area":
        return dict(area_weights(length, target, i, convention))
    if name == "nearest":
        centre = Fraction(1, 2) if convention == "keras" else Fraction(0)
        return {math.floor((i + centre) * length / target): Fraction(1)}
    position = (i + Fraction(1, 2)) * length / target - Fraction(1, 2)
    if align_corners:
        position = Fraction(i * (length - 1), max(1, target - 1))
    found: dict[int, Fraction | float] = {}
    for tap in range(math.floor(position) - 5, math.floor(position) + 7):
        weight = WEIGHTS[convention, name](abs(position - tap))
        inside = min(max(tap, 0), length - 1)
        if convention == "torch" or inside == tap:
            found[inside] = found.get(inside, 0) + weight
    return found


@cache
def matrix(length: int, target: int, method: Method) -> Matrix:
    """Return the weights of an axis, (outputs, inputs); exact zeros are zeros."""
    out = np.zeros((target, length))
    for i in range(target):
        found = weights(length, target, i, method)
        total = sum(found.values())
        for j, weight in found.items():
            out[i, j] = float(weight / total)
    return out


def defined(x: Array, size: Size, method: Method) -> Matrix:
    """Resize (H, W) by two products of matrices in float64."""
    rows, columns = (matrix(n, target, method) for n, target in zip(x.shape, size, strict=True))
    result: Matrix = rows @ x.astype(np.float64) @ columns.T
    return result


def image(seed: int, *shape: int) -> Matrix:
    """Return a random image of real numbers from -10 to 10."""
    return np.random.default_rng(seed).uniform(-10, 10, shape)
