"""Enlarging: what is to be done to an image or a matrix, as data that another process takes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from upsamp.core.arguments import Array, Convention, DataFormat, Interpolation, Pair
from upsamp.core.layout import as_batch
from upsamp.core.upsampling.resample import resize
from upsamp.io.pictures import Picture

if TYPE_CHECKING:
    from fractions import Fraction

    Factor: TypeAlias = int | Fraction

__all__ = ["Enlarging"]


@dataclass(frozen=True)
class Enlarging:
    """How an image or a matrix is enlarged, whichever it is.

    factors: of the rows and of the columns, each at least 1. target: the width and the height in
    pixels, in the place of factors; the side that is None keeps the shape. The rest is as
    `upsamp.core.upsampling.resample.resize` has it; data_format None is that of images.

    >>> Enlarging(target=(6, None)).size_of((3, 2))
    (9, 6)
    """

    factors: "tuple[Factor, Factor]" = (2, 2)
    target: tuple[int | None, int | None] | None = None
    interpolation: Interpolation = "nearest"
    convention: Convention = "keras"
    align_corners: bool = False
    data_format: DataFormat | None = None

    @property
    def layout(self) -> DataFormat:
        """Where the channels stand."""
        return self.data_format or "channels_last"

    @property
    def method(self) -> str:
        """The method as it stands in the names of files: with the convention, where not Keras'."""
        named = self.convention != "keras"
        return f"{self.interpolation}_{self.convention}" if named else self.interpolation

    def shape_of(self, given: Picture | Array) -> Pair:
        """Give the rows and columns of an image or a matrix."""
        height, width = as_batch(_pixels(given), self.layout).shape[1:3]
        return height, width

    def size_of(self, shape: Pair) -> Pair:
        """Give the rows and columns of the result of so many rows and columns."""
        if self.target is None:
            return int(shape[0] * self.factors[0]), int(shape[1] * self.factors[1])
        width, height = self.target
        # The side that was left out keeps the shape, rounded half up.
        rows = height or (2 * shape[0] * cast("int", width) + shape[1]) // (2 * shape[1])
        columns = width or (2 * shape[1] * cast("int", height) + shape[0]) // (2 * shape[0])
        return rows, columns

    def spell(self, size: Pair | None = None) -> str:
        """Write the size as it stands in names: factors by rows first, pixels by width first.

        size: the rows and columns of a result; without it, a side that was left out stays so.

        >>> Enlarging((2, 3)).spell(), Enlarging(target=(1920, None)).spell()
        ('2x3', '1920x')
        """
        if self.target is None:
            rows, columns = self.factors
            return f"{float(rows):g}x{float(columns):g}"
        if size is not None:
            return f"{size[1]}x{size[0]}"
        return "x".join(str(side or "") for side in self.target)

    def apply(self, given: Picture | Array, size: Pair) -> Picture | Array:
        """Give the enlarged image or matrix, of so many rows and columns."""
        values = resize(
            _pixels(given),
            size,
            self.interpolation,
            self.convention,
            self.layout,
            align_corners=self.align_corners,
            alpha=isinstance(given, Picture) and given.has_alpha,
        )
        return given.with_pixels(values) if isinstance(given, Picture) else values


def _pixels(given: Picture | Array) -> Array:
    return given.pixels if isinstance(given, Picture) else given
