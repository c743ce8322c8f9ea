"""Damage in the pixels of a file: some of their bytes are changed, and where there are checksums of
the file they are made right again, so that what decodes the pixels has to find it."""

import struct
from io import BytesIO

import numpy as np
import tifffile
from corpus.fuzz_images import with_right_checksums

__all__ = ["damaged_pixels", "pixel_places"]


def pixel_places(data: bytes) -> list[int]:
    """Return the places of the bytes in which a file holds its pixels."""
    png = data.find(b"\x89PNG")  # in an icon, too
    if png >= 0:
        return [place for start, end in _png_data(data, png) for place in range(start, end)]
    if data[:2] in (b"II", b"MM"):
        with tifffile.TiffFile(BytesIO(data)) as file:  # which knows more kinds than Pillow
            page = file.pages.first
            strips = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        return [place for start, size in strips for place in range(start, start + size)]
    start = {b"\xff\xd8": data.rfind(b"\xff\xda") + 14, b"GI": data.rfind(b",") + 11}
    codestream = data.find(b"\xff\x93") + 2
    first = start.get(data[:2], codestream if codestream > 1 else len(data) // 2)
    return list(range(min(first, len(data) - 8), len(data) - 2))


def _png_data(data: bytes, start: int) -> list[tuple[int, int]]:
    place, found = start + 8, []
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind in (b"IDAT", b"fdAT"):
            found.append((place + (8 if kind == b"IDAT" else 12), place + 8 + length))
        place += 12 + length
    return found


def damaged_pixels(data: bytes, generator: np.random.Generator, *, repaired: bool = True) -> bytes:
    """Return a file of whose pixels 1 to 8 bytes are others; `repaired`: with right checksums."""
    changed = bytearray(data)
    places = pixel_places(data)
    for place in generator.choice(places, min(len(places), int(generator.integers(1, 9))), False):
        changed[place] ^= int(generator.integers(1, 256))
    return with_right_checksums(changed) if repaired else bytes(changed)
