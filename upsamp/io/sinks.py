"""Where a result goes: encoded in a format, and written to a file or to standard output."""

from upsamp.core.arguments import Array
from upsamp.io.formats import is_image_format
from upsamp.io.matrices import format_matrix
from upsamp.io.pictures import Picture, picture_of_matrix
from upsamp.io.streams import STANDARD_STREAM, replace_file, write_standard_output

__all__ = ["encode", "write_result"]


def encode(result: Picture | Array, format_name: str) -> bytes:
    """Give the bytes of a file in that format: of a picture its pixels, where it is a matrix's."""
    if is_image_format(format_name):
        from upsamp.io.images import encode_picture  # Pillow is loaded for an image alone

        picture = result if isinstance(result, Picture) else picture_of_matrix(result)
        return encode_picture(picture, format_name, "The result")
    return format_matrix(result.pixels if isinstance(result, Picture) else result, format_name)


def write_result(
    result: Picture | Array, format_name: str, name: str, *, overwrite: bool = False
) -> None:
    """Write a result to the file `name`, or to standard output for "-"."""
    data = encode(result, format_name)
    if name == STANDARD_STREAM:
        write_standard_output(data)
        return
    with replace_file(name, overwrite=overwrite) as stream:
        stream.write(data)
