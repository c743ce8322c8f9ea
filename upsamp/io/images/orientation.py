"""Pixels turned upright, as the orientation of EXIF says."""

from collections.abc import Callable, Mapping

import numpy as np

from upsamp.core.arguments import Array

# Source: CIPA DC-008-2023 (Exif 3.0), 4.6.5.1, Orientation.
TURNS: Mapping[int, Callable[[Array], Array]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}

# Those that are not undone by doing them again.
OPPOSITE = {6: 8, 8: 6}


def upright(pixels: Array, orientation: object) -> Array:
    """Turn pixels (H, W) or (H, W, C); an orientation that there is not turns nothing.

    >>> upright(np.array([[1, 2, 3]]), 6).tolist()
    [[1], [2], [3]]
    """
    turn = TURNS.get(orientation) if isinstance(orientation, int) else None
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))
