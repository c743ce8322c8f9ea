"""EXIF: a few tags changed in place, so that all else stays as it was, a camera's own notes too.

Those notes point to places in the block, which a block that is written again would break. Source:
CIPA DC-008-2023, "Exchangeable image file format for digital still cameras: Exif Version 3.0".
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from upsamp.io.metadata import descriptions
from upsamp.io.metadata.directory import ASCII, LONG, RATIONAL, SHORT, ratio_of
from upsamp.io.metadata.scale import SAME, Scale, Turn

# What is before the block in a JPEG.
PREFIX = b"Exif\0\0"
ORIENTATION = 0x0112
EXIF_DIRECTORY = 0x8769
# The tags that tell the size: TIFF's own, and those of the pixels.
WIDTHS, HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
# The bytes of a number of the types that are changed.
SIZES = {ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8}
DESCRIPTION = 0x010E
# What is counted in pixels: where the subject is, by x, y, and possibly a diameter, or two sides.
SUBJECTS = (0x9214, 0xA214)
# And how many pixels of the sensor there are in a unit, by x and by y, each with the other tag.
SENSOR: Mapping[int, int] = {0xA20E: 0xA20F, 0xA20F: 0xA20E, 0x920E: 0x920F, 0x920F: 0x920E}

Numbers = tuple[Any, ...]
# A place in the block where an entry stands, with its tag.
Entry = tuple[int, int]


def without_orientation(exif: bytes, turn: Turn | None = None) -> bytes:
    r"""Say that the picture stands upright, and forget the small picture if it did not.

    turn: how its pixels were turned, and with them where the subject is.

    >>> turned = bytes.fromhex("4d4d002a00000008" "0001" "0112000300000001" "00060000" "00000000")
    >>> without_orientation(turned)[18:20]
    b'\x00\x01'
    """
    block = bytearray(exif)
    order = _order(block)
    upright = struct.pack(f"{order}HIHH", SHORT, 1, 1, 0)
    for tag, place in _entries(block, order, _first_directory(block, order)):
        # Where it is none, of another type, Pillow would open no AVIF with it.
        if tag == ORIENTATION and block[place + 2 : place + 10] != upright[:8]:
            block[place + 2 : place + 12] = upright
            _unlink_thumbnail(block, order)
    if turn is not None:
        for tag, place in _all_entries(block, order):
            if tag in SUBJECTS:
                _change(block, order, place, partial(_turned, turn=turn))
            elif tag in SENSOR and turn.is_sideways:
                struct.pack_into(f"{order}H", block, place, SENSOR[tag])
    return bytes(block)


def with_size(exif: bytes, width: int, height: int, scale: Scale = SAME, pages: int = 1) -> bytes:
    """Say the size that the picture has now, where the block says a size, and scale what it counts.

    What does not fit in its place is put at the end of the block, so that nothing else moves.
    pages: of the file, which some descriptions tell.
    """
    block = bytearray(exif)
    order = _order(block)
    for tag, place in _all_entries(block, order):
        if tag in WIDTHS or tag in HEIGHTS:
            number = width if tag in WIDTHS else height
            struct.pack_into(f"{order}HII", block, place + 2, LONG, 1, number)
        elif tag == DESCRIPTION:
            told = _data(block, order, place, ASCII)
            _put(block, order, place, descriptions.resized(told, scale, pages))
        elif tag in SUBJECTS:
            _change(block, order, place, partial(_scaled, axes="xyxy", scale=scale))
        elif tag in SENSOR:
            axes = "x" if tag < SENSOR[tag] else "y"
            _change(block, order, place, partial(_scaled, axes=axes, scale=scale))
    return bytes(block)


def description_of(exif: bytes) -> bytes:
    """Return the description that a block holds; nothing where there is none."""
    block = bytearray(exif)
    order = _order(block)
    entries = dict(_entries(block, order, _first_directory(block, order)))
    place = entries.get(DESCRIPTION)
    return b"" if place is None else _data(block, order, place, ASCII)


def orientation_of(exif: bytes) -> int:
    """Return the orientation that a block tells; 1 where it tells none."""
    block = bytearray(exif)
    order = _order(block)
    place = dict(_entries(block, order, _first_directory(block, order))).get(ORIENTATION)
    told = 1 if place is None else _value(block, order, place)
    return told if 1 <= told <= 8 else 1


def _order(block: bytearray) -> str:
    """Return the byte order of a block, "" if it has none."""
    return {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(block[:4]), "")


def _first_directory(block: bytearray, order: str) -> int:
    if not order or len(block) < 8:
        return 0
    return int(struct.unpack_from(f"{order}I", block, 4)[0])


def _entries(block: bytearray, order: str, place: int) -> Iterator[Entry]:
    """Yield the entries of the directory at that place, as far as it lies in the block."""
    if not order or place < 8 or place + 2 > len(block):
        return
    (count,) = struct.unpack_from(f"{order}H", block, place)
    for entry in range(place + 2, min(place + 2 + 12 * count, len(block) - 11), 12):
        yield struct.unpack_from(f"{order}H", block, entry)[0], entry


def _all_entries(block: bytearray, order: str) -> list[Entry]:
    """Return the entries of the first directory, and of that which it leads to."""
    entries = list(_entries(block, order, _first_directory(block, order)))
    for tag, place in tuple(entries):
        if tag == EXIF_DIRECTORY:
            entries += _entries(block, order, _value(block, order, place))
    return entries


def _value(block: bytearray, order: str, place: int) -> int:
    """Return the one number of an entry; of other entries it means nothing."""
    (kind,) = struct.unpack_from(f"{order}H", block, place + 2)
    return int(struct.unpack_from(f"{order}{'H' if kind == SHORT else 'I'}", block, place + 8)[0])


def _data(block: bytearray, order: str, place: int, wanted: int) -> bytes:
    """Return the bytes of an entry of that type; nothing of others, and of damaged ones."""
    kind, count, offset = struct.unpack_from(f"{order}HII", block, place + 2)
    size = count * SIZES[wanted]
    first = place + 8 if size <= 4 else offset
    data = bytes(block[first : first + size])
    return data if kind == wanted and len(data) == size else b""


def _put(block: bytearray, order: str, place: int, data: bytes) -> None:
    """Write other bytes for an entry: in their place, or behind all others if they are longer."""
    kind, count, offset = struct.unpack_from(f"{order}HII", block, place + 2)
    size, room = SIZES.get(kind, 1), count * SIZES.get(kind, 1)
    if not data or data == _data(block, order, place, kind):
        return
    struct.pack_into(f"{order}I", block, place + 4, len(data) // size)
    if len(data) <= 4:
        block[place + 8 : place + 12] = data.ljust(4, b"\0")
        return
    if room <= 4 or len(data) > room:
        block += bytes(len(block) % 2)
        offset = len(block)
        struct.pack_into(f"{order}I", block, place + 8, offset)
    block[offset : offset + len(data)] = data


def _scaled(numbers: Numbers, axes: str, scale: Scale) -> Numbers:
    factors = [scale.rows if axis == "y" else scale.columns for axis in axes]
    return tuple(number * factor for number, factor in zip(numbers, factors, strict=False))


def _turned(numbers: Numbers, turn: Turn) -> Numbers:
    """Return a place, and what follows it, in a picture that was turned; nothing of less."""
    if len(numbers) < 2:
        return ()
    sides = numbers[:1:-1] if turn.is_sideways else numbers[2:]
    return (*(max(0, place) for place in turn.place(*numbers[:2])), *sides)


def _change(block: bytearray, order: str, place: int, change: Callable[[Numbers], Numbers]) -> None:
    (kind,) = struct.unpack_from(f"{order}H", block, place + 2)
    if kind not in (SHORT, LONG, RATIONAL):
        return
    letter = "H" if kind == SHORT else "I"
    data = _data(block, order, place, kind)
    numbers: Numbers = struct.unpack(f"{order}{len(data) // struct.calcsize(letter)}{letter}", data)
    if kind == RATIONAL:
        ratios = zip(numbers[::2], numbers[1::2], strict=True)
        given = tuple(Fraction(above, below) if below else 0 for above, below in ratios)
        changed = [number for ratio in change(given) for number in ratio_of(ratio)]
    else:
        given = numbers
        changed = [round(number) for number in (change(given) if len(given) > 1 else ())]
    if changed == list(numbers) or len(changed) != len(numbers) or max(changed) >= 2**32:
        return
    if kind == SHORT and max(changed) >= 2**16:  # as longer numbers, of which none is there yet
        letter = "I"
        struct.pack_into(f"{order}HI", block, place + 2, LONG, 0)
    _put(block, order, place, struct.pack(f"{order}{len(changed)}{letter}", *changed))


def _unlink_thumbnail(block: bytearray, order: str) -> None:
    """Let no directory follow the first one: a small picture is kept there, turned as before."""
    place = _first_directory(block, order)
    (count,) = struct.unpack_from(f"{order}H", block, place)
    link = place + 2 + 12 * count
    if link + 4 <= len(block):
        block[link : link + 4] = bytes(4)
