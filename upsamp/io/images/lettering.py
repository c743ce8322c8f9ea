"""Text drawn with the small font that Pillow brings along."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from upsamp.core.arguments import Array


@lru_cache(512)
def letter(text: str, size: int) -> Array:
    """Draw a line of text: how much of each pixel is ink, uint8 (H, W), which is not written to.

    size: the height of the letters' square in pixels. All lines of a size have the same height, as
    their letters are on the same line.
    """
    font = _font(size)
    left, _, right, _ = font.getbbox(text)
    height = round(size * 1.3)
    line = Image.new("L", (max(1, round(right - left)) + 1, height))
    pen = ImageDraw.Draw(line)
    try:
        pen.text((-left, size), text, 255, font, anchor="ls")
    except ValueError:  # a font of pixels has no base line to be on
        pen.text((-left, 0), text, 255, font)
    return np.asarray(line)


@lru_cache(8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Load the font in that size, or the one of pixels where Pillow was built without FreeType."""
    try:
        return ImageFont.load_default(size)
    except ImportError:
        return ImageFont.load_default_imagefont()
