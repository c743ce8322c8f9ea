"""Animated PNG: after the first frame, of each the part that differs from the one before it.

Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", acTL, fcTL and fdAT.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from upsamp.core.arguments import Array
from upsamp.errors import FormatError
from upsamp.io.pictures import Picture, check_same_size, duration_of, shown_frames
from upsamp.io.png.chunks import write_chunk
from upsamp.io.png.layout import Layout

# What compresses pixels that lie as the layout says, and gives the stream in parts.
Encode = Callable[[Array, Layout], Iterator[bytes]]
# A part is left as it is, and put in the place of what was there.
LEFT, REPLACING = 0, 0
# The numbers of a fraction of a second have 16 bits.
LARGEST = 2**16 - 1


def animation_header(picture: Picture) -> bytes:
    """Return the content of acTL: how many frames there are, and how often they are played."""
    return struct.pack(">II", shown_frames(picture).count, picture.metadata.get("plays", 0))


def for_all_frames(layout: Layout) -> Layout:
    """Let a palette have room for the pixels of every frame, of which only the first is known."""
    return replace(layout, bits=8, entries=256) if layout.entries else layout


def write_frames(picture: Picture, layout: Layout, stream: BinaryIO, encode: Encode) -> None:
    """Write the chunks of all frames; the layout is that of the first."""
    number = 0
    before: Array | None = None
    hidden = bool(picture.metadata.get("default_image"))
    for frame in picture.frames:
        _check_alike(picture, frame)
        first = before is None
        # What other programs show may have nothing to do with the frames.
        whole = first or (hidden and number == 0)
        rows, columns = changed_part(None if whole else before, frame.pixels)
        part = frame.pixels[rows, columns]
        if not (first and hidden):
            write_chunk(stream, b"fcTL", _control(number, rows, columns, duration_of(frame)))
            number += 1
        shape = replace(layout, height=part.shape[0], width=part.shape[1])
        for body in encode(part, shape):
            if first:
                write_chunk(stream, b"IDAT", body)
            else:
                write_chunk(stream, b"fdAT", struct.pack(">I", number) + body)
                number += 1
        before = frame.pixels


def changed_part(before: Array | None, pixels: Array) -> tuple[slice, slice]:
    """Return the rows and columns of the smallest part that holds all differences, one at least.

    >>> changed_part(np.zeros((3, 4)), np.eye(3, 4, 1))
    (slice(0, 3, None), slice(1, 4, None))
    """
    height, width = pixels.shape[:2]
    if before is None:
        return slice(0, height), slice(0, width)
    different = before != pixels
    if different.ndim == 3:
        different = different.any(axis=2)
    rows, columns = (np.flatnonzero(different.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _control(number: int, rows: slice, columns: slice, duration: float) -> bytes:
    """Return the content of fcTL: where a part stands, for how long, and what becomes of it."""
    seconds = Fraction(min(max(duration, 0), LARGEST * 1000) / 1000).limit_denominator(10_000)
    while seconds.numerator > LARGEST:  # long, and so precise that it has to be less so
        seconds = seconds.limit_denominator(max(1, seconds.denominator // 2))
    return struct.pack(
        ">IIIIIHHBB",
        number,
        columns.stop - columns.start,
        rows.stop - rows.start,
        columns.start,
        rows.start,
        seconds.numerator,
        seconds.denominator,
        LEFT,
        REPLACING,
    )


def _check_alike(first: Picture, frame: Picture) -> None:
    """Raise where a frame cannot be in one PNG with the first."""
    check_same_size(first, frame, "PNG")
    if (frame.mode, frame.palette) != (first.mode, first.palette):
        raise FormatError(
            f"The frames of a PNG must all be of one mode and palette. Received: {first.mode}, "
            f"then {frame.mode}. Use --interp bilinear, -o FILE.tif, or --frame N."
        )
