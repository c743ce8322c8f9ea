"""Values of any range as pixels of 8 bits: which value is black, and which is white."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.formats import MODES
from upsamp.io.picture_options import ValueRange
from upsamp.io.pictures import Picture, array_of, image_shape, picture_of_matrix

# How many values are computed at a time.
BLOCK = 2**18


DARK = "the values lie in 0 to 1, so the picture is nearly black; --range 0 1 makes white of 1"
ROUNDED = "the values were rounded to whole pixels; -o FILE.npy keeps them"


@dataclass
class Rounding:
    """Makes pictures of matrices as `picture_of_matrix` does, and knows what that loses.

    rounded: whether values were no whole numbers. largest: of all floats.

    >>> rounding = Rounding()
    >>> rounding.picture(np.array([[0.25, 1]])).pixels, rounding.notes
    (array([[0, 1]], dtype=uint8), ('the values lie in 0 to 1, so the picture is nearly black; \
--range 0 1 makes white of 1',))
    """

    rounded: bool = False
    largest: float = 0.0

    def picture(self, given: Array) -> Picture:
        """Return a matrix, or some rows of one, as a picture."""
        picture = picture_of_matrix(given)
        if given.dtype.kind == "f":
            self.largest = max(self.largest, float(given.max()))
            self.rounded = self.rounded or bool((np.rint(given) != given).any())
        return picture

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what was lost."""
        if 0 < self.largest <= 1:
            return (DARK,)
        return (ROUNDED,) if self.rounded else ()


@dataclass
class Spread:
    """Makes pixels of 8 bits of values, and counts those that had none.

    low, high: the values that become 0 and 255. found: whether they are those of the values.
    no_data: what stands for no value, beside nan. outside: how many values were cut at the ends;
    nans: how many were none, and became 0.

    >>> spread = Spread(-1, 1)
    >>> spread.pixels(np.array([[-1.0, 0.0, 1.0, 1.5]])), spread.outside
    (array([[  0, 128, 255, 255]], dtype=uint8), 1)
    """

    low: float
    high: float
    found: bool = False
    no_data: float = math.nan
    outside: int = 0
    nans: int = 0

    def picture(self, given: Picture | Array) -> Picture:
        """Return a picture or a matrix as a picture of 8 bits, with the frames that follow.

        The alpha of a picture is full at 1 of floats, and at the largest integer of integers.
        """
        if isinstance(given, Picture):
            return given.map(self._frame)
        pixels = self.pixels(given.reshape(image_shape(given.shape)))
        return Picture(pixels, MODES[pixels.shape[2] - 1 if pixels.ndim == 3 else 0])

    def pixels(self, values: Array) -> Array:
        """Return values as pixels, rounded half to even."""
        result = np.empty(values.shape, np.uint8)
        for rows, block in _blocks(values):
            nan = np.isnan(block) | (block == self.no_data)
            self.nans += int(nan.sum())
            block[nan] = self.low
            self.outside += int(((block < self.low) | (block > self.high)).sum())
            above = block.clip(self.low, self.high) - self.low
            result[rows] = np.rint(255 * above / (self.high - self.low))
        return result

    def _frame(self, frame: Picture) -> Picture:
        values, mode = frame.pixels, _mode_of(frame)
        metadata = {key: value for key, value in frame.metadata.items() if key != "nodata"}
        pixels = self.pixels(values[..., :-1] if frame.has_alpha else values)
        if frame.has_alpha:
            full = 1 if values.dtype.kind == "f" else np.iinfo(values.dtype).max
            pixels = np.dstack([pixels, Spread(0, full).pixels(values[..., -1])])
        return replace(frame, pixels=pixels, mode=mode, metadata=metadata)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what was found, and how many values had no pixel."""
        shown = f"{self.low:.9g} to {self.high:.9g}"
        notes = [f"--range auto is {shown}"] if self.found else []
        if self.outside:
            notes.append(f"{_values(self.outside)} outside of {shown} and cut there")
        if self.nans:
            notes.append(f"{_values(self.nans)} no number or no data, and written as 0")
        return tuple(notes)


def _mode_of(picture: Picture) -> str:
    """Return the mode of 8 bits of a picture; raise `FormatError` where its values are no greys."""
    mode = "L" if picture.colours in ("I", "F") else picture.colours
    if mode not in MODES:
        raise FormatError(f"--range is for grey and RGB. Received: {picture.mode}. Leave it out.")
    return f"{mode}+{picture.extra}" if picture.extra else mode


def find_range(result: Picture | Array, wanted: ValueRange) -> Spread:
    """Return what spreads a result over the pixels: for "auto" from its least to its largest value.

    Raises `FormatError` where "auto" finds no two values that are finite.
    """
    no_data = float((isinstance(result, Picture) and result.metadata.get("nodata")) or math.nan)
    if wanted != "auto":
        return Spread(*wanted, no_data=no_data)
    values = array_of(result)
    if isinstance(result, Picture) and result.has_alpha:
        values = values[..., :-1]
    low, high = _extremes(values, no_data)
    if not 0 < 255 * (high - low) < math.inf:
        found = "none that is finite" if low > high else f"values from {low:g} to {high:g}"
        raise FormatError(
            f"--range auto must find two values. Received: {found}. Use --range LOW HIGH."
        )
    return Spread(low, high, found=True, no_data=no_data)


def _blocks(values: Array) -> Iterator[tuple[slice, Array]]:
    """Yield rows of an array as float64, some at a time, and which they are."""
    rows = max(1, BLOCK // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        some = slice(start, start + rows)
        yield some, values[some].astype(np.float64)


def _extremes(values: Array, no_data: float) -> tuple[float, float]:
    """Return the least and the largest of the finite values; inf and -inf where there are none."""
    low, high = math.inf, -math.inf
    for _, block in _blocks(values):
        found = block[np.isfinite(block) & (block != no_data)]
        low, high = found.min(initial=low), found.max(initial=high)
    return float(low), float(high)


def _values(count: int) -> str:
    return "1 value is" if count == 1 else f"{count:,} values are"
