"""TIFF files by their definition, of what no library writes, and JPEG 2000 without what is behind.

Source: Adobe, "TIFF Revision 6.0".
"""

import struct
from io import BytesIO
from typing import Any, TypeAlias

import imagecodecs
import numpy as np
from numpy.typing import NDArray

__all__ = ["jpeg2000", "packed", "page", "tiff_of", "tiff_pages"]

Tags: TypeAlias = dict[int, int | tuple[int, ...]]


def tiff_of(tags: Tags, data: bytes, order: str = "<") -> BytesIO:
    """Return a TIFF of one strip by its definition."""
    return tiff_pages([(tags, data)], order)


def tiff_pages(pages: list[tuple[Tags, bytes]], order: str = "<") -> BytesIO:
    """Return a TIFF of pages of one strip each."""
    whole = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8))
    for number, (given, data) in enumerate(pages):
        tags = {**given, 273: 0, 279: len(data)}
        end = len(whole) + 2 + 12 * len(tags) + 4
        more = data
        entries = b""
        for tag, value in sorted(tags.items()):
            values = value if isinstance(value, tuple) else (value,)
            if tag == 273:
                values = (end,)
            if len(values) == 1:
                entries += struct.pack(order + "HHII", tag, 4, 1, values[0])
            else:
                entries += struct.pack(order + "HHII", tag, 3, len(values), end + len(more))
                more += struct.pack(f"{order}{len(values)}H", *values)
        more += bytes(len(more) % 2)
        following = end + len(more) if number + 1 < len(pages) else 0
        whole += struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", following)
        whole += more
    return BytesIO(bytes(whole))


def page(width: int, height: int, bits: int, photometric: int, **more: int) -> Tags:
    """Return the tags of a page; more: others, such as t254."""
    extra = {int(tag[1:]): value for tag, value in more.items()}
    return {
        256: width,
        257: height,
        258: bits,
        259: 1,
        262: photometric,
        277: 1,
        278: height,
        **extra,
    }


def packed(values: NDArray[Any], bits: int) -> bytes:
    """Return numbers of so many bits, the highest first, each row filled up to bytes."""
    rows = values.reshape(len(values), -1)
    lines = [
        np.packbits([int(value) >> bit & 1 for value in row for bit in range(bits - 1, -1, -1)])
        for row in rows.tolist()
    ]
    return b"".join(line.tobytes() for line in lines)


def jpeg2000(values: NDArray[Any], bits: int, container: str = "jp2") -> bytes:
    """Return a JPEG 2000 without loss; older releases of its writer leave more behind its end."""
    data = imagecodecs.jpeg2k_encode(
        values, bitspersample=bits, level=0, reversible=True, codecformat=container
    )
    return bytes(data[: data.index(b"\xff\xd9", data.index(b"\xff\x4f\xff\x51")) + 2])
