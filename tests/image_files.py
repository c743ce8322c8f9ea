"""Images of every mode, encoded, read and written, and the sample pictures."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from upsamp.io import write
from upsamp.io.images import read_picture
from upsamp.io.picture_options import ReadOptions, WriteOptions
from upsamp.io.pictures import Picture
from upsamp.io.write import write_result

Array = NDArray[Any]

SAMPLES = Path(__file__).parents[1] / "sample_images"
NAMES = ("lake.png", "sprite.png", "zone_plate.png", "depth16.png", "palette.gif", "portrait.jpg")
HEIGHT, WIDTH = 5, 7


def pixels_of(mode: str) -> Array:
    """Return noise of that mode, as the array that Pillow makes of such an image."""
    generator = np.random.default_rng(8)
    channels = {"LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}.get(mode)
    shape = (HEIGHT, WIDTH) if channels is None else (HEIGHT, WIDTH, channels)
    if mode == "F":
        return generator.standard_normal(shape).astype(np.float32)
    if mode == "1":
        return generator.random(shape) < 0.5
    dtype, limit = {"I;16": (np.uint16, 2**16), "I": (np.int32, 2**31)}.get(mode, (np.uint8, 256))
    return generator.integers(0, 16 if mode == "P" else limit, shape).astype(dtype)


def image_of(mode: str) -> Image.Image:
    image = Image.fromarray(pixels_of(mode), mode if mode in ("P", "CMYK") else None)
    if mode == "P":
        image.putpalette(np.random.default_rng(9).integers(0, 256, 48).astype(np.uint8).tobytes())
    return image


def encoded(image: Image.Image, format_name: str, **options: Any) -> BytesIO:
    buffer = BytesIO()
    image.save(buffer, format_name, **options)
    return BytesIO(buffer.getvalue())


def through(picture: Picture, format_name: str, place: Path, **options: Any) -> Path:
    """Write a picture as a command does, metadata and all."""
    path = place / f"through.{format_name}"
    write_result(picture, format_name, str(path), WriteOptions(**options), overwrite=True)
    return path


def read(stream: BytesIO | Path, *, expand: bool = False, **options: Any) -> Picture:
    data = stream if isinstance(stream, BytesIO) else BytesIO(stream.read_bytes())
    return read_picture(data, "it", ReadOptions(expand=expand, **options))


def written(picture: Picture, format_name: str) -> BytesIO:
    buffer = BytesIO()
    write._encode(picture, format_name, WriteOptions(), buffer, "it")
    return BytesIO(buffer.getvalue())
