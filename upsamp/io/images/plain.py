"""What Pillow alone makes of a file: for programs that read the images of a command."""

from contextlib import suppress
from itertools import product

import numpy as np
from PIL import ImageOps

from upsamp.core.arguments import Array
from upsamp.errors import FileError, FormatError
from upsamp.io.images.pillow import open_image, pillow_at_work
from upsamp.io.streams import open_input

# Formats that Pillow reads by itself alone.
PLAIN_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
MODES = ("", "L", "LA", "RGB", "RGBA")


def pillow_source(path: str, pixels: Array) -> str | None:
    """Return the source of `pixels`, (H, W) or (H, W, C), read from a file by Pillow alone.

    It needs `Image`, and `ImageOps` where the image is turned. None where Pillow gives others.
    """
    # What Pillow does not know is no image to it.
    known = suppress(FileError, FormatError)
    with known, pillow_at_work(path, "cannot be read"), open_input(path) as stream:
        image = open_image(stream, PLAIN_FORMATS)
        for turned, mode in product((False, True), MODES):
            made = ImageOps.exif_transpose(image) if turned else image
            made = made.convert(mode) if mode else made
            array = np.asarray(made)
            if array.dtype == pixels.dtype and np.array_equal(array, pixels):
                text = f"Image.open({path!r})"
                text = f"ImageOps.exif_transpose({text})" if turned else text
                return f"np.asarray({text}{f'.convert({mode!r})' if mode else ''})"
    return None
