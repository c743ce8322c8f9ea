"""Pixels as pictures of a page: PNGs in data: URIs, whose size is bounded, and told."""

from base64 import b64encode
from io import BytesIO

from upsamp.core.arguments import Array, Pair
from upsamp.io.pictures import Picture
from upsamp.io.png.writer import write_png
from upsamp.pages.content import Image
from upsamp.views.fitting import fit, fitted_size
from upsamp.views.view import View

# The pixels of a picture's sides, at the most, and those of the longer side of what is small, whose
# pixels are shown as squares.
MAX_SIDE, MIN_SIDE = 1280, 320
SQUARES = 32
# Pages are sent, and read more often than they are written.
COMPRESSION = 6


def image_of(view: View, room: int = MAX_SIDE, least: int = MIN_SIDE) -> Image:
    """Return a view as a picture of a page.

    room: the pixels of its sides at the most; what is larger is reduced to the means of areas.
    least: what is smaller is shown with each pixel as a square, the longer side about so long.

    >>> import numpy as np
    >>> image = image_of(View(np.zeros((2000, 1000, 1), np.uint8), 0, 255), room=500)
    >>> image.width, image.height, image.remark
    (250, 500, 'reduced to 25% of 1,000 x 2,000 pixels')
    """
    shape: Pair = (view.pixels.shape[0], view.pixels.shape[1])
    remark = ""
    if max(shape) > room:
        size, scale = fitted_size(shape, (room, room))
        view = fit(view, size)
        remark = f"reduced to {scale} of {shape[1]:,} x {shape[0]:,} pixels"
    # What is see-through shows this many squares in any size, before and after.
    levels = view.shown(max(1, max(view.pixels.shape[:2]) // SQUARES))
    grey = levels[:, :, 0]
    same = bool((levels[:, :, 1:] == levels[:, :, :1]).all())
    height, width = grey.shape
    times = max(1, least // max(height, width))
    if times > 1:
        remark = f"each pixel is shown as {times} x {times}"
    return _encoded(grey if same else levels, (height * times, width * times), remark)


def image_of_pixels(pixels: Array, room: int = MAX_SIDE, least: int = 1) -> Image:
    """Return pixels as they are, uint8 (H, W) or (H, W, C), as a picture of a page."""
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return image_of(View(pixels, 0.0, 255.0), room, least)


def _encoded(levels: Array, size: Pair, remark: str) -> Image:
    """Return uint8 (H, W) or (H, W, 3) as a picture that is shown in a size."""
    stream = BytesIO()
    mode = "L" if levels.ndim == 2 else "RGB"
    write_png(Picture(levels, mode), stream, compression=COMPRESSION)
    data = stream.getvalue()
    uri = f"data:image/png;base64,{b64encode(data).decode('ascii')}"
    return Image(uri, size[1], size[0], len(data), remark, size > levels.shape[:2])
