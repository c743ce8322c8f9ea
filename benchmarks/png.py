"""Writing PNG files, in memory, beside Pillow and OpenCV; the bytes that each writes, too."""

from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from timing import OWN, Row, row

from upsamp import upsample
from upsamp.io.pictures import Picture
from upsamp.io.png import write_png

Pixels = NDArray[Any]

LAKE = Path(__file__).parents[1] / "sample_images" / "lake.png"


def photograph(height: int, width: int) -> Pixels:
    """Return a picture like a photograph: the sample, repeated, with the noise of a sensor."""
    with Image.open(LAKE) as image:
        pixels = np.asarray(image)
    repeats = -(-height // pixels.shape[0]), -(-width // pixels.shape[1]), 1
    tiled = np.tile(pixels, repeats)[:height, :width]
    noise = np.random.default_rng(0).normal(0, 4, tiled.shape)
    return np.asarray(np.clip(tiled + noise, 0, 255), np.uint8)


def by_upsamp(pixels: Pixels, level: int) -> bytes:
    """Write by the package."""
    stream = BytesIO()
    write_png(Picture(pixels, "RGB"), stream, compression=level)
    return stream.getvalue()


def by_pillow(pixels: Pixels, level: int) -> bytes:
    """Write by Pillow; level 6 is its default."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "png", compress_level=level)
    return stream.getvalue()


def by_opencv(pixels: Pixels) -> bytes:
    """Write by OpenCV, by its default."""
    import cv2

    return bytes(cv2.imencode(".png", pixels)[1])


def rows(*, quick: bool) -> Iterator[Row]:
    """Time enlargements of photographs; the megabytes are those of the file."""
    for side in (1024,) if quick else (1024, 2048):
        small = photograph(side // 2, side // 2)
        for method in ("nearest", "bilinear", "bicubic"):
            pixels = upsample(small, 2, method)
            writers: dict[str, Callable[[], bytes]] = {
                OWN: partial(by_upsamp, pixels, 1),
                "Pillow": partial(by_pillow, pixels, 6),
                "Pillow, level 1": partial(by_pillow, pixels, 1),
                "OpenCV": partial(by_opencv, pixels),
            }
            peers = {name: write for name, write in writers.items() if name != OWN}
            case = f"{side} x {side} x 3, made by {method}"
            timed = row("a PNG written", case, writers[OWN], peers, 2 if quick else 5)
            timed["megabytes"] = {name: len(write()) / 1e6 for name, write in writers.items()}
            yield timed
