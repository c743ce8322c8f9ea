"""Where a result goes: written in a format, to a file or to standard output."""

import sys
from io import BytesIO
from typing import BinaryIO

from upsamp.core.arguments import Array
from upsamp.io.formats import TEXT_FORMATS, is_image_format
from upsamp.io.matrices import write_matrix
from upsamp.io.pictures import Picture, picture_of_matrix
from upsamp.io.streams import STANDARD_STREAM, replace_file, write_standard_output

__all__ = ["write_result"]


def write_result(
    result: Picture | Array, format_name: str, name: str, *, overwrite: bool = False
) -> None:
    """Write a result to the file `name`, or to standard output for "-"."""
    if name == STANDARD_STREAM and format_name in TEXT_FORMATS:
        sys.stdout.flush()
        _encode(result, format_name, sys.stdout.buffer, "standard output")
        sys.stdout.buffer.flush()
        return
    if name == STANDARD_STREAM:
        buffer = BytesIO()
        _encode(result, format_name, buffer, "standard output")
        write_standard_output(buffer.getbuffer())
        return
    with replace_file(name, overwrite=overwrite) as stream:
        _encode(result, format_name, stream, f"'{name}'")


def _encode(result: Picture | Array, format_name: str, stream: BinaryIO, name: str) -> None:
    """Write the result in that format: a picture's pixels, where the format is a matrix's."""
    if is_image_format(format_name):
        from upsamp.io.images import write_picture  # Pillow is loaded for an image alone

        picture = result if isinstance(result, Picture) else picture_of_matrix(result)
        write_picture(picture, format_name, stream, name)
    else:
        pixels = result.pixels if isinstance(result, Picture) else result
        write_matrix(pixels, format_name, stream)
