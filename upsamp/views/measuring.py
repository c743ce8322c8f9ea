"""How near results are to a larger picture, the reference: PSNR and SSIM of colours and of luma.

As papers on super-resolution have it: pixels at the border are cut, and besides the colours the
luma Y of BT.601 is measured, from 16 to 235 as in MATLAB's and scikit-image's rgb2ycbcr.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from upsamp.core.arguments import Array, DataFormat, Pair
from upsamp.core.layout import as_batch
from upsamp.core.quality import compare_images
from upsamp.errors import FormatError, ShapeError
from upsamp.io.pictures import Picture, array_of

# Y of red, green and blue in 0 to 1, and of black. Source: ITU-R BT.601-7, section 2.5.3.
LUMA = np.array([65.481, 128.553, 24.966]) / 255
BLACK = 16 / 255


class Measure(NamedTuple):
    """How near a result is in a plane: "RGB", "Y", "grey", "alpha"...; see `compare_images`."""

    plane: str
    psnr: float
    ssim: float | None


@dataclass(frozen=True)
class Reference:
    """A picture, or a matrix, that results are measured against.

    given: the picture or array; of several frames the first. border: rows and columns that are cut
    at each side. layout: where the channels of arrays stand.
    """

    given: Picture | Array
    border: Pair
    layout: DataFormat = "channels_last"

    @property
    def data_range(self) -> float:
        """From black to white; of floats and of signed numbers from the least to the greatest."""
        array = array_of(self.given)
        if array.dtype.kind == "u":
            return float(np.iinfo(array.dtype).max)
        return float(np.ptp(array.astype(np.float64))) or 1.0

    def check(self, size: Pair, source: Pair | None) -> None:
        """Raise `ShapeError` where results of `size`, (rows, columns), cannot be measured.

        source: the rows and columns of what they are made of; None where these make no other size.
        """
        rows, columns = self._image(self.given).shape[:2]
        if (rows, columns) != size:
            larger = source is not None and rows >= source[0] and columns >= source[1]
            remedy = f"Use --to {columns}x{rows}, or another" if larger else "Use another"
            raise ShapeError(
                f"The reference must have the size of the result, {size[1]}x{size[0]}. "
                f"Received: {columns}x{rows}. {remedy} reference."
            )
        if rows <= 2 * self.border[0] or columns <= 2 * self.border[1]:
            raise ShapeError(
                f"The reference must be larger than the border that is cut, {self.border[0]} rows "
                f"and {self.border[1]} columns at each side. Received: {columns}x{rows}. Use a "
                "larger one."
            )

    def measure(self, result: Picture | Array) -> list[Measure]:
        """Return how near a result of the same size is, plane by plane.

        Where alpha is, colours are weighted by it, as on black; grey beside colours is repeated. A
        picture of another depth is brought to that of the reference.
        """
        mine, other = self._image(self.given), self._image(result)
        alphas = _has_alpha(self.given), _has_alpha(result)
        colours = max(mine.shape[2] - alphas[0], other.shape[2] - alphas[1])
        if {mine.shape[2] - alphas[0], other.shape[2] - alphas[1]} - {1, colours}:
            raise ShapeError(
                "The reference must have the channels of the result. "
                f"Received: {mine.shape[2]} and {other.shape[2]}. Use another reference."
            )
        self._check_numbers(result)
        measures = []
        for plane in self._planes(result, colours):
            read = partial(self._rows, (mine, other), alphas, colours, plane)
            height = mine.shape[0] - 2 * self.border[0]
            measures.append(Measure(plane, *compare_images(read, height, self.data_range)))
        return measures

    def _check_numbers(self, result: Picture | Array) -> None:
        """Raise `FormatError` where only one of two pictures has whole numbers from 0 on."""
        kinds = [array_of(one).dtype.kind == "u" for one in (self.given, result)]
        pictures = isinstance(self.given, Picture) and isinstance(result, Picture)
        if pictures and kinds[0] != kinds[1]:
            raise FormatError(
                "The reference must have numbers like those of the result, "
                f"{array_of(result).dtype}. Received: {array_of(self.given).dtype}. "
                "Use another reference."
            )

    def _planes(self, result: Picture | Array, colours: int) -> list[str]:
        """Return what there is to measure."""
        name = "values"
        if isinstance(self.given, Picture):
            grey, colour = ("L", "LA", "I", "F"), ("RGB", "RGBA")
            name = self.given.colours
            name = "RGB" if colours == 3 or name in colour else "grey" if name in grey else name
        planes = [name]
        if name == "RGB" and array_of(self.given).dtype.kind == "u":
            planes.append("Y")
        if _has_alpha(self.given) or _has_alpha(result):
            planes.append("alpha")
        return planes

    def _image(self, given: Picture | Array) -> Array:
        """Return pixels (H, W, C)."""
        if isinstance(given, Picture):
            pixels = given.without_extra().pixels
            whole: Array = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
            return whole
        batch: Array = as_batch(given, self.layout)
        if len(batch) > 1:
            raise ShapeError(
                f"A reference must be for one image. Received: {len(batch)}. Give them one by one."
            )
        image: Array = batch[0]
        return image

    def _rows(
        self,
        images: tuple[Array, Array],
        alphas: tuple[bool, bool],
        colours: int,
        plane: str,
        some: slice,
    ) -> tuple[Array, Array]:
        """Return a plane of some rows of both, without the border, in the reference's numbers."""
        top, side = self.border
        rows = slice(some.start + top, some.stop + top)
        scale = 1.0
        if all(image.dtype.kind == "u" for image in images):
            scale = self.data_range / np.iinfo(images[1].dtype).max
        first, second = (
            self._part(image[rows, side : image.shape[1] - side] * factor, alpha, colours, plane)
            for image, factor, alpha in zip(images, (1.0, scale), alphas, strict=True)
        )
        return first, second

    def _part(self, pixels: Array, has_alpha: bool, colours: int, plane: str) -> Array:
        """Return what is measured of pixels: colours weighted by alpha, their luma, or alpha."""
        white = self.data_range if array_of(self.given).dtype.kind == "u" else 1.0
        alpha = pixels[..., -1:] if has_alpha else np.full((*pixels.shape[:2], 1), white)
        if plane == "alpha":
            return alpha
        shown = pixels[..., :-1] * (alpha / white) if has_alpha else pixels
        shown = np.broadcast_to(shown, (*shown.shape[:2], colours))
        return (shown @ LUMA)[..., np.newaxis] + BLACK * white if plane == "Y" else shown


def _has_alpha(given: Picture | Array) -> bool:
    return isinstance(given, Picture) and given.has_alpha
