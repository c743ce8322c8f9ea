"""A sheet of paper: pictures are laid on it, and words written beside them."""

import numpy as np

from upsamp.core.arguments import Array
from upsamp.io.images.lettering import letter

Ink = tuple[int, int, int]
PAPER: Ink = (255, 255, 255)
BLACK: Ink = (40, 44, 52)


class Canvas:
    """Paper of this many rows and columns of pixels.

    shades: of an ink on paper, where a line of a letter covers a part of a pixel. Few make few
    colours, which a GIF wants.
    """

    def __init__(self, rows: int, columns: int, paper: Ink = PAPER, *, shades: int = 255) -> None:
        self.pixels: Array = np.full((rows, columns, 3), paper, np.uint8)
        self._shades = shades

    def lay(self, picture: Array, top: int, left: int) -> None:
        """Lay a picture on the paper, uint8 (H, W, 3)."""
        rows, columns = picture.shape[:2]
        self.pixels[top : top + rows, left : left + columns] = picture

    def write(
        self,
        text: str,
        top: int,
        left: float,
        size: int,
        ink: Ink = BLACK,
        *,
        centred: bool = False,
    ) -> None:
        """Write a line of text from `left` on, or around it; what leaves the paper is cut."""
        drawn = letter(text, size)
        start = max(0, round(left - drawn.shape[1] / 2 if centred else left))
        place = self.pixels[top : top + drawn.shape[0], start : start + drawn.shape[1]]
        part = drawn[: place.shape[0], : place.shape[1], np.newaxis]
        share = np.rint(part * (self._shades / 255)) / self._shades
        place[...] = np.rint(place + (np.array(ink) - place.astype(np.float64)) * share)

    def fill(self, top: int, left: int, rows: int, columns: int, ink: Ink) -> None:
        """Fill a rectangle of pixels."""
        self.pixels[top : top + rows, left : left + columns] = ink

    def ring(self, row: float, column: float, radius: float, ink: Ink, width: float = 2) -> None:
        """Draw a ring around a place, as far as there is paper."""
        above, before = max(0, int(row - radius)), max(0, int(column - radius))
        part = self.pixels[above : int(row + radius) + 1, before : int(column + radius) + 1]
        rows, columns = (np.arange(length) + 0.5 for length in part.shape[:2])
        far = np.hypot(rows[:, np.newaxis] + above - row, columns + before - column)
        part[(far <= radius) & (far > radius - width)] = ink

    def frame(self, top: int, left: int, rows: int, columns: int, ink: Ink, width: int = 2) -> None:
        """Draw a frame around a rectangle of pixels, as far as there is paper."""
        above, before = max(0, top - width), max(0, left - width)
        place = self.pixels[above : top + rows + width, before : left + columns + width]
        inside = place[top - above :, left - before :][:rows, :columns].copy()
        place[...] = ink
        place[top - above :, left - before :][:rows, :columns] = inside


def text_width(text: str, size: int) -> int:
    """Return the columns that a line of text takes."""
    width: int = letter(text, size).shape[1]
    return width
