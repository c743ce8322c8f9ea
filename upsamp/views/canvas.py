"""A sheet of paper: pictures are laid on it, and words written beside them."""

import numpy as np

from upsamp.core.arguments import Array
from upsamp.io.images.lettering import letter

Ink = tuple[int, int, int]
PAPER: Ink = (255, 255, 255)
BLACK: Ink = (40, 44, 52)


class Canvas:
    """Paper of so many rows and columns of pixels."""

    def __init__(self, rows: int, columns: int, paper: Ink = PAPER) -> None:
        self.pixels: Array = np.full((rows, columns, 3), paper, np.uint8)

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
        share = drawn[: place.shape[0], : place.shape[1], np.newaxis] / 255
        place[...] = np.rint(place + (np.array(ink) - place.astype(np.float64)) * share)

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
