"""PPM of 16-bit colour, which Pillow does not write."""

from typing import BinaryIO

from upsamp.io.pictures import Picture

__all__ = ["write_deep_ppm"]

# Bytes of pixels that are turned around together.
STRIP = 2**20


def write_deep_ppm(picture: Picture, stream: BinaryIO) -> None:
    """Write the colours of a picture, big-endian after a header of text.

    Source: the manual of Netpbm, "ppm".
    """
    height, width = picture.pixels.shape[:2]
    stream.write(f"P6\n{width} {height}\n65535\n".encode())
    rows = max(1, STRIP // max(1, picture.pixels[:1].nbytes))
    stream.writelines(
        picture.pixels[start : start + rows].astype(">u2").tobytes()
        for start in range(0, height, rows)
    )
