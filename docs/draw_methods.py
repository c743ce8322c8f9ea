"""Draw the picture at the head of the README: methods on crops of the sample pictures."""

from pathlib import Path

import numpy as np
from PIL import Image

import upsamp
from upsamp.core.arguments import Array
from upsamp.io.images import read_picture
from upsamp.io.picture_options import ReadOptions
from upsamp.views.sheet import PANEL, Column, columns_of_panels
from upsamp.views.view import view_of_picture

METHODS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
HERE = Path(__file__).parent
SAMPLES = HERE.parent / "sample_images"
# Each sample with the top left corner and the side of its crop; a side divides PANEL.
CROPS = (("lake.png", (58, 2), 48), ("sprite.png", (0, 0), 32), ("zone_plate.png", (16, 80), 48))


def enlarge(name: str, corner: tuple[int, int], side: int, interpolation: str) -> Array:
    """Crop a sample and enlarge it to a panel."""
    with (SAMPLES / name).open("rb") as stream:
        view = view_of_picture(read_picture(stream, name, ReadOptions()))
    top, left = corner
    crop = view.pixels[top : top + side, left : left + side]
    large = upsamp.upsample(crop, PANEL // side, interpolation, alpha=view.has_alpha)
    return view.with_pixels(large).shown()


def draw() -> Array:
    """Lay out one row a sample and one column a method, with its name above."""
    return columns_of_panels(
        [Column(method, [enlarge(*crop, method) for crop in CROPS]) for method in METHODS]
    )


if __name__ == "__main__":
    Image.fromarray(np.ascontiguousarray(draw())).save(
        HERE / "images" / "methods.png", optimize=True
    )
