"""EXIF: a few tags changed in place, so that all else stays as it was, a camera's own notes too.

Those notes point to places in the block, which a block that is written anew would break. Source:
CIPA DC-008-2023, "Exchangeable image file format for digital still cameras: Exif Version 3.0".
"""

import json
import struct
from collections.abc import Iterator

__all__ = ["PREFIX", "with_size", "without_orientation"]

# What stands before the block in a JPEG.
PREFIX = b"Exif\0\0"
ORIENTATION = 0x0112
EXIF_DIRECTORY = 0x8769
# The tags that tell the size: TIFF's own, and those of the pixels.
WIDTHS, HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
ASCII, SHORT, LONG = 2, 3, 4
# The text in which tifffile tells the shape of the array that it wrote, as JSON.
DESCRIPTION = 0x010E
SHAPE = b'{"shape": ['

# A place in the block where an entry stands, with its tag.
Entry = tuple[int, int]


def without_orientation(exif: bytes) -> bytes:
    r"""Say that the picture stands upright, and forget the small picture if it did not.

    >>> turned = bytes.fromhex("4d4d002a00000008" "0001" "0112000300000001" "00060000" "00000000")
    >>> without_orientation(turned)[18:20]
    b'\x00\x01'
    """
    block = bytearray(exif)
    start, order = _start(block)
    for tag, place in _entries(block, order, start, _first_directory(block, order, start)):
        if tag == ORIENTATION and _value(block, order, place) != 1:
            struct.pack_into(f"{order}HIHH", block, place + 2, SHORT, 1, 1, 0)
            _unlink_thumbnail(block, order, start)
    return bytes(block)


def with_size(exif: bytes, width: int, height: int) -> bytes:
    """Say the size that the picture has now, where the block says a size.

    A description by tifffile tells no shape any more: readers would take the pixels by that.
    """
    block = bytearray(exif)
    start, order = _start(block)
    directory = _first_directory(block, order, start)
    entries = list(_entries(block, order, start, directory))
    for tag, place in tuple(entries):
        if tag == EXIF_DIRECTORY:
            entries += _entries(block, order, start, _value(block, order, place))
    for tag, place in entries:
        if tag in WIDTHS or tag in HEIGHTS:
            number = width if tag in WIDTHS else height
            struct.pack_into(f"{order}HII", block, place + 2, LONG, 1, number)
        elif tag == DESCRIPTION:
            _forget_shape(block, order, start, place)
    return bytes(block)


def _start(block: bytearray) -> tuple[int, str]:
    """Return where the block begins behind its name, and its byte order, "" if it has none."""
    start = len(PREFIX) if block.startswith(PREFIX) else 0
    return start, {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(block[start : start + 4]), "")


def _first_directory(block: bytearray, order: str, start: int) -> int:
    if not order or len(block) < start + 8:
        return 0
    return int(struct.unpack_from(f"{order}I", block, start + 4)[0])


def _entries(block: bytearray, order: str, start: int, offset: int) -> Iterator[Entry]:
    """Yield the entries of the directory at that offset, as far as it lies in the block."""
    place = start + offset
    if not order or offset < 8 or place + 2 > len(block):
        return
    (count,) = struct.unpack_from(f"{order}H", block, place)
    for entry in range(place + 2, min(place + 2 + 12 * count, len(block) - 11), 12):
        yield struct.unpack_from(f"{order}H", block, entry)[0], entry


def _value(block: bytearray, order: str, place: int) -> int:
    """Return the one number of an entry; of other entries it means nothing."""
    (kind,) = struct.unpack_from(f"{order}H", block, place + 2)
    return int(struct.unpack_from(f"{order}{'H' if kind == SHORT else 'I'}", block, place + 8)[0])


def _forget_shape(block: bytearray, order: str, start: int, place: int) -> None:
    """Leave of a description by tifffile what it tells besides the shape."""
    kind, count, offset = struct.unpack_from(f"{order}HII", block, place + 2)
    text = slice(start + offset, start + offset + count)
    if kind != ASCII or not block[text].startswith(SHAPE):
        return
    try:
        told = json.loads(block[text].rstrip(b"\0"))
    except (ValueError, RecursionError):
        return
    del told["shape"]
    rest = json.dumps(told).encode() + b"\0" if told else b"\0"
    if len(rest) > count or text.stop > len(block):
        return
    block[text] = rest.ljust(count, b"\0")
    # Text of up to four bytes, as the end alone, stands in the place of its own place.
    struct.pack_into(f"{order}II", block, place + 4, len(rest), offset if told else 0)


def _unlink_thumbnail(block: bytearray, order: str, start: int) -> None:
    """Let no directory follow the first one: a small picture is kept there, turned as before."""
    place = start + _first_directory(block, order, start)
    (count,) = struct.unpack_from(f"{order}H", block, place)
    link = place + 2 + 12 * count
    if link + 4 <= len(block):
        block[link : link + 4] = bytes(4)
