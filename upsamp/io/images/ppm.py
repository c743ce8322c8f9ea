"""PPM of 16-bit colour, which Pillow does not write."""

from typing import BinaryIO

from upsamp.io.images.writing import write_by_pillow
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture

__all__ = ["write_ppm"]

# Bytes of pixels that are turned around together.
STRIP = 2**20


def write_ppm(picture: Picture, stream: BinaryIO, name: str, options: WriteOptions) -> None:
    """Write a picture; colours of 16 bits big-endian after a header of text.

    Source: the manual of Netpbm, "ppm".
    """
    if picture.mode != "RGB;16":
        write_by_pillow(picture, "ppm", stream, name, options)
        return
    height, width = picture.pixels.shape[:2]
    stream.write(f"P6\n{width} {height}\n65535\n".encode())
    rows = max(1, STRIP // max(1, picture.pixels[:1].nbytes))
    stream.writelines(
        picture.pixels[start : start + rows].astype(">u2").tobytes()
        for start in range(0, height, rows)
    )
