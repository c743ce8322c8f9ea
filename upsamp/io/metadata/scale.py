"""By how much a picture was enlarged, for what is counted in its pixels."""

from fractions import Fraction
from typing import NamedTuple

__all__ = ["SAME", "Scale", "spelled"]


class Scale(NamedTuple):
    """The new rows for each old one, and the new columns."""

    rows: Fraction
    columns: Fraction


SAME = Scale(Fraction(1), Fraction(1))


def spelled(number: float) -> bytes:
    """Write a number, without a point where it is whole.

    >>> spelled(2.0), spelled(0.25)
    (b'2', b'0.25')
    """
    return b"%d" % number if float(number).is_integer() else repr(float(number)).encode()
