"""Writing an image file by Pillow, in a mode and with metadata that the format has."""

import struct
from fractions import Fraction
from io import BytesIO
from typing import Any, BinaryIO

from PIL import Image

from upsamp.errors import FormatError
from upsamp.io.formats import FORMATS
from upsamp.io.images.modes import image_of
from upsamp.io.images.pillow import load_format, pillow_at_work
from upsamp.io.images.saving import is_too_fine, save_options
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture


def write_by_pillow(
    picture: Picture, format_name: str, stream: BinaryIO, name: str, options: WriteOptions
) -> list[str]:
    """Write the first frame of a picture, and say what of its metadata has no number there.

    Pillow would write to the file by its number, and take for whole what a full disk cut off.
    """
    buffer = BytesIO()
    load_format(format_name.upper())
    with pillow_at_work(name, "cannot be encoded"):
        image = image_of(picture)
        if FORMATS[format_name].opaque and picture.has_alpha:
            image = _opaque(image, format_name)
        image.save(buffer, format_name, **save_options(picture, format_name, options))
    if format_name == "jpeg" and picture.metadata.get("aspect"):
        _tell_aspect(buffer, picture.metadata["aspect"])
    stream.write(buffer.getbuffer())
    too_fine = format_name == "jpeg" and is_too_fine(picture.metadata)
    return ["JPEG holds no such fine resolution, so that is left out"] if too_fine else []


def _opaque(image: Image.Image, format_name: str) -> Image.Image:
    """Return an image without its alpha; raise `FormatError` where that is not full."""
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert(image.mode.removesuffix("A"))
    raise FormatError(
        f"{format_name.upper()} holds no transparency, which would be lost. "
        "Use png, webp or tiff, or `upsample --background COLOUR`."
    )


def _tell_aspect(jpeg: BytesIO, aspect: tuple[Any, Any]) -> None:
    """Say in the JFIF header how wide the pixels are for their height, as Pillow does not."""
    ratio = Fraction(float(aspect[0])) / Fraction(float(aspect[1]))
    across, down = ratio.limit_denominator(2**16 - 1).as_integer_ratio()
    if bytes(jpeg.getbuffer()[6:11]) == b"JFIF\0" and 0 < across < 2**16:
        jpeg.getbuffer()[13:18] = struct.pack(">BHH", 0, across, down)
