"""How a picture was enlarged, or turned: its pixels, and what is counted in them."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

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


class Scale(NamedTuple):
    """The new rows for each old one, and the new columns."""

    rows: Fraction
    columns: Fraction


class Turn(NamedTuple):
    """An orientation as EXIF numbers them, by which a picture was turned upright.

    right, bottom: the last column and row before that, or 1 for what is counted in shares of them.
    """

    orientation: int
    right: int
    bottom: int

    @property
    def is_sideways(self) -> bool:
        """Whether rows became columns."""
        return self.orientation >= 5

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place is now.

        >>> Turn(6, 9, 4).place(0, 0)
        (4, 0)
        """
        if self.orientation in {2, 3, 7, 8}:
            x = self.right - x
        if self.orientation in {3, 4, 6, 7}:
            y = self.bottom - y
        return (y, x) if self.is_sideways else (x, y)


SAME = Scale(Fraction(1), Fraction(1))


def spelled(number: float) -> bytes:
    """Write a number, without a point where it is whole.

    >>> spelled(2.0), spelled(0.25)
    (b'2', b'0.25')
    """
    return b"%d" % number if float(number).is_integer() else repr(float(number)).encode()


def upright(pixels: Array, orientation: object) -> Array:
    """Turn pixels (H, W) or (H, W, C); an orientation that there is not turns nothing.

    >>> upright(np.array([[1, 2, 3]]), 6).tolist()
    [[1], [2], [3]]
    """
    turn = TURNS.get(orientation) if isinstance(orientation, int) else None
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))
