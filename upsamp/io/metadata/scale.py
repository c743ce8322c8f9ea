"""How a picture was enlarged, or turned, for what is counted in its pixels."""

from fractions import Fraction
from typing import NamedTuple


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
