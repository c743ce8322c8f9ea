"""Where on Earth the pixels lie: as tags of a GeoTIFF, of which the bounds stay as they are.

Sources: OGC 19-008r4, "GeoTIFF Standard 1.1"; "RPCs in GeoTIFF" (2007).
"""

from fractions import Fraction

from upsamp.io.metadata.directory import Directory, doubles, numbers_of
from upsamp.io.metadata.scale import Scale

PIXEL, TIES, MATRIX, KEYS, POLYNOMIALS = 33550, 33922, 34264, 34735, 50844
RASTER_TYPE, IS_POINT = 1025, 2
# Among the numbers of the polynomials: the middle row and column, and half the height and width.
LINE, SAMPLE, HALF_HEIGHT, HALF_WIDTH = 2, 3, 7, 8
HALF = Fraction(1, 2)


def rescaled(geo: Directory, scale: Scale) -> Directory:
    """Return the tags of a picture enlarged by that scale."""
    changed = dict(geo)
    rows, columns = scale
    # Where a place is that of a pixel's middle, the middle of the first one has moved.
    middle = _is_point(geo)
    if PIXEL in geo:
        across, down, height = numbers_of(geo[PIXEL])
        changed[PIXEL] = doubles((across / columns, down / rows, height))
    if TIES in geo:
        ties = list(numbers_of(geo[TIES]))
        ties[::6] = [_place(place, columns, middle=middle) for place in ties[::6]]
        ties[1::6] = [_place(place, rows, middle=middle) for place in ties[1::6]]
        changed[TIES] = doubles(tuple(ties))
    if MATRIX in geo:
        changed[MATRIX] = doubles(_matrix(numbers_of(geo[MATRIX]), scale, middle=middle))
    if POLYNOMIALS in geo:
        numbers = list(numbers_of(geo[POLYNOMIALS]))
        numbers[LINE] = _place(numbers[LINE], rows, middle=True)
        numbers[SAMPLE] = _place(numbers[SAMPLE], columns, middle=True)
        numbers[HALF_HEIGHT] *= float(rows)
        numbers[HALF_WIDTH] *= float(columns)
        changed[POLYNOMIALS] = doubles(tuple(numbers))
    return changed


def _is_point(geo: Directory) -> bool:
    keys = numbers_of(geo.get(KEYS))
    told = (keys[place : place + 4] for place in range(4, len(keys) - 3, 4))
    return any(key[:2] == (RASTER_TYPE, 0) and key[3] == IS_POINT for key in told)


def _place(place: float, factor: Fraction, *, middle: bool) -> float:
    """Return where a place of a row or a column is now.

    >>> _place(3.0, Fraction(2), middle=False), _place(0.0, Fraction(2), middle=True)
    (6.0, 0.5)
    """
    half = HALF if middle else 0
    return float((Fraction(place) + half) * factor - half)


def _matrix(numbers: tuple[float, ...], scale: Scale, *, middle: bool) -> tuple[float, ...]:
    """Return the matrix that takes column, row and height to a place; it is 4 x 4, row by row."""
    changed = list(numbers)
    for row in range(0, 16, 4):
        for place, factor in ((row, scale.columns), (row + 1, scale.rows)):
            changed[place] = float(Fraction(numbers[place]) / factor)
            if middle:
                shift = HALF / factor - HALF
                changed[row + 3] += float(Fraction(numbers[place]) * shift)
    return tuple(changed)
