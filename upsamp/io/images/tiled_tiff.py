"""TIFF files in tiles, written as their rows come; the only importer of tifffile.

A TIFF of tiles is read by its parts, and one of more than 4 GB is a BigTIFF, whose places in the
file are numbers of 64 bits.
"""

import math
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from tifffile import TiffWriter

from upsamp.core.arguments import Array
from upsamp.io.metadata.directory import Value, numbers_of
from upsamp.io.metadata.tiff_tags import PHOTOMETRIC, PIXEL_KINDS, RESOLUTION, UNIT, tiff_tags_of
from upsamp.io.pictures import Picture
from upsamp.io.row_stream import RowStream
from upsamp.io.transparency import table_of

# Pixels of a tile: what readers expect, and where a row is very long, as many rows as the memory
# has room for; TIFF wants multiples of 16.
WIDE = 256
HEIGHTS = (256, 128, 64, 32, 16)
# From this many bytes on, places in the file would not fit in 32 bits.
CLASSIC = 2**32 - 2**25
INCH = 2


def write_tiled_tiff(picture: Picture, rows: RowStream, stream: BinaryIO, *, room: int) -> None:
    """Write a TIFF, without compression, whose pixels come as rows.

    picture: whose pixels have the shape and the type, but need not be there. room: the bytes that
    a row of tiles may take.
    """
    shape, dtype = picture.pixels.shape, picture.pixels.dtype
    line = math.prod(shape[1:]) * dtype.itemsize
    high = next((high for high in HEIGHTS if high * line <= room), HEIGHTS[-1])
    with TiffWriter(stream, bigtiff=_size(shape, dtype) > CLASSIC) as writer:
        writer.write(
            _tiles(rows, shape, dtype, high),
            shape=shape,
            dtype=dtype,
            tile=(high, WIDE),
            photometric=PIXEL_KINDS[picture.colours][PHOTOMETRIC],
            planarconfig="contig" if len(shape) > 2 else None,
            extrasamples=["unassalpha"] * picture.has_alpha + ["unspecified"] * picture.extra
            or None,
            metadata=None,
            software=False,
            **_tags(picture),
        )


def _size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Return the bytes of a file of those pixels, whose tiles at the edges are whole ones."""
    height, width = (-(-side // WIDE) * WIDE for side in shape[:2])
    return height * width * math.prod(shape[2:]) * dtype.itemsize


def _tags(picture: Picture) -> dict[str, Any]:
    tags: dict[str, Any] = {}
    if picture.palette is not None:
        tags["colormap"] = table_of(picture.palette).T * np.uint16(257)  # 255 is 65535
    said = tiff_tags_of(picture.metadata)
    if RESOLUTION[0] in said and RESOLUTION[1] in said:
        tags["resolution"] = tuple(float(*numbers_of(said[tag])) for tag in RESOLUTION)
        tags["resolutionunit"], *_ = numbers_of(said[UNIT]) if UNIT in said else (INCH,)
    # tifffile takes these as its arguments alone, and writes no directories below that of the page.
    others = said.keys() - {*RESOLUTION, UNIT}
    tags["extratags"] = [
        (tag, one.kind, one.length, one.data, True)
        for tag, one in said.items()
        if tag in others and isinstance(one, Value)
    ]
    return tags


def _tiles(
    rows: RowStream, shape: tuple[int, ...], dtype: np.dtype[Any], high: int
) -> Iterator[Array]:
    """Yield the tiles, row by row; those at the edges are filled up with zeros."""
    height, width = shape[:2]
    for top in range(0, height, high):
        band = rows.take(min(high, height - top))
        for left in range(0, width, WIDE):
            part = band[:, left : left + WIDE]
            tile = np.zeros((high, WIDE, *shape[2:]), dtype)
            tile[: part.shape[0], : part.shape[1]] = part
            yield tile
