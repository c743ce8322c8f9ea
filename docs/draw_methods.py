"""Draw the picture at the head of the README: every method on crops of the sample pictures."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import upsamp

METHODS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
HERE = Path(__file__).parent
SAMPLES = HERE.parent / "sample_images"
PANEL = 192
GAP = 8
LABEL = 26
INK = (40, 44, 52)
PAPER = (255, 255, 255)
# Each sample with the top left corner and the side of its crop; a side divides PANEL.
CROPS = (("lake.png", (58, 2), 48), ("sprite.png", (0, 0), 32), ("zone_plate.png", (16, 80), 48))


def enlarge(name: str, corner: tuple[int, int], side: int, interpolation: str) -> Image.Image:
    """Crop a sample and enlarge it to a panel, on white paper."""
    pixels = np.asarray(Image.open(SAMPLES / name))
    top, left = corner
    crop = pixels[top : top + side, left : left + side]
    alpha = crop.ndim == 3 and crop.shape[2] == 4
    large = Image.fromarray(upsamp.upsample(crop, PANEL // side, interpolation, alpha=alpha))
    panel = Image.new("RGB", large.size, PAPER)
    panel.paste(large, mask=large if alpha else None)
    return panel


def draw() -> Image.Image:
    """Lay out one row a sample and one column a method, with its name above."""
    width = len(METHODS) * (PANEL + GAP) + GAP
    height = LABEL + len(CROPS) * (PANEL + GAP) + GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(16)
    for column, interpolation in enumerate(METHODS):
        left = GAP + column * (PANEL + GAP)
        pen.text((left + PANEL / 2, LABEL / 2 + 2), interpolation, INK, font, anchor="mm")
        for row, crop in enumerate(CROPS):
            sheet.paste(enlarge(*crop, interpolation), (left, LABEL + row * (PANEL + GAP)))
    return sheet


if __name__ == "__main__":
    draw().save(HERE / "images" / "methods.png", optimize=True)
