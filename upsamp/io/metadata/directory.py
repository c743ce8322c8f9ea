"""Directories of TIFF tags, as TIFF files and EXIF blocks have them: their bytes, not interpreted.

So text in UTF-8, notes of a camera and numbers of any type come through unchanged. Sources: Adobe,
"TIFF Revision 6.0", section 2; Library of Congress, "BigTIFF" (fdd000328).
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np

ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SLONG, DOUBLE, SLONG8 = 2, 3, 4, 5, 7, 9, 12, 17
# The types of numbers, as NumPy has them; a rational is two of them.
TYPES: Mapping[int, str] = {
    **dict.fromkeys((1, 2, 7, 129), "u1"),
    **dict.fromkeys((4, 5, 13), "u4"),
    **dict.fromkeys((9, 10), "i4"),
    **dict.fromkeys((16, 18), "u8"),
    3: "u2",
    6: "i1",
    8: "i2",
    11: "f4",
    12: "f8",
    17: "i8",
}
RATIONALS = (5, 10)
# The types of BigTIFF become those of TIFF.
CLASSIC = {13: "u4", 16: "u4", 17: "i4", 18: "u4"}
# How a TIFF begins, and the order of its bytes.
HEADS = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
# The tags of a directory that have more bytes together are not read, and no more tags than this.
MAX_BYTES, MAX_TAGS = 2**26, 2**12


class Value(NamedTuple):
    """A tag's type, and its bytes in little-endian order."""

    kind: int
    data: bytes

    @property
    def length(self) -> int:
        """Return how many numbers there are, or bytes of text."""
        return len(self.data) // _size(self.kind)


# A tag that leads to another directory has that one.
Directory: TypeAlias = dict[int, "Value | Directory"]


def read_tags(stream: BinaryIO, wanted: Mapping[int, Any]) -> tuple[Directory, tuple[int, ...]]:
    """Read the first directory of a stream that begins as a TIFF does.

    wanted: the tags to read, each with None, or with those of the directory that it leads to.
    Returns the tags, and the numbers of all that are there. What is damaged is left out.
    """
    stream.seek(0)
    head = stream.read(4)
    if head not in HEADS:
        return {}, ()
    order, big = HEADS[head], b"+" in head
    stream.seek(8 if big else 4)
    place = _number(stream, order, 8 if big else 4)
    found = dict(_entries(stream, order, place, big=big))
    return _picked(stream, order, found, wanted, big=big), tuple(found)


def _size(kind: int) -> int:
    """Return the bytes of a number of that type."""
    return np.dtype(TYPES[kind]).itemsize * (2 if kind in RATIONALS else 1)


def _picked(
    stream: BinaryIO, order: str, found: dict[int, Any], wanted: Mapping[int, Any], *, big: bool
) -> Directory:
    directory: Directory = {}
    room = MAX_BYTES
    for tag in wanted.keys() & found.keys():
        kind, count, place = found[tag]
        size = count * _size(kind) if kind in TYPES else 0
        if not 0 < size <= room:
            continue
        if size > (8 if big else 4):
            stream.seek(place)
            place = _number(stream, order, 8 if big else 4)
        if wanted[tag] is not None:
            stream.seek(place)
            inner = _number(stream, order, np.dtype(TYPES[kind]).itemsize)
            entries = dict(_entries(stream, order, inner, big=big))
            below = _picked(stream, order, entries, wanted[tag], big=big)
            directory |= {tag: below} if below else {}
            continue
        stream.seek(place)
        data = stream.read(size)
        room -= len(data)
        if data and len(data) == size:
            little = _little(kind, data, order)
            directory |= {tag: little} if little else {}
    return directory


def _entries(
    stream: BinaryIO, order: str, place: int, *, big: bool
) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """Yield each tag with its type, its count, and the place where its value or that place is."""
    stream.seek(place)
    count = _number(stream, order, 8 if big else 2)
    width, form = (20, "HHQ") if big else (12, "HHI")
    place = stream.tell()
    block = stream.read(width * min(count, MAX_TAGS))
    for start in range(0, len(block) - width + 1, width):
        tag, kind, number = struct.unpack_from(order + form, block, start)
        yield tag, (kind, number, place + start + struct.calcsize(order + form))


def _number(stream: BinaryIO, order: str, size: int) -> int:
    """Read a number; behind the end there are zeros, which lead nowhere."""
    data = stream.read(size)
    return int.from_bytes(data, "little" if order == "<" else "big") if len(data) == size else 0


def _little(kind: int, data: bytes, order: str) -> Value | None:
    values = np.frombuffer(data, order + TYPES[kind])
    if kind in CLASSIC:
        smaller = values.astype("<" + CLASSIC[kind])
        known = SLONG if kind == SLONG8 else LONG
        return Value(known, smaller.tobytes()) if (smaller == values).all() else None
    return Value(kind, values.astype("<" + TYPES[kind]).tobytes())


def numbers_of(value: object) -> tuple[Any, ...]:
    """Return the numbers of a tag, rationals as fractions where they are some; none of other tags.

    >>> numbers_of(value((1, 2)))
    (1, 2)
    """
    if not isinstance(value, Value) or value.kind not in TYPES:
        return ()
    numbers = np.frombuffer(value.data, "<" + TYPES[value.kind]).tolist()
    if value.kind not in RATIONALS:
        return tuple(numbers)
    return tuple(
        Fraction(above, below) if below else 0
        for above, below in zip(numbers[::2], numbers[1::2], strict=True)
    )


def value(given: Any) -> Value:
    r"""Return text, bytes, or one or several numbers as a tag has them.

    >>> value("a"), value(70000), value((0.5, 0.25)).kind
    (Value(kind=2, data=b'a\x00'), Value(kind=4, data=b'p\x11\x01\x00'), 5)
    """
    if isinstance(given, bytes):
        return Value(UNDEFINED, given)
    if isinstance(given, str):
        return Value(ASCII, given.encode() + b"\0")
    numbers = given if isinstance(given, tuple | list) else (given,)
    if all(isinstance(number, int) for number in numbers):
        kind = SHORT if max(numbers) < 2**16 else LONG
        return Value(kind, np.array(numbers, "<" + TYPES[kind]).tobytes())
    pairs = [ratio_of(number) for number in numbers]
    return Value(RATIONAL, np.array(pairs, "<u4").tobytes())


def longs(numbers: Iterable[int]) -> Value:
    """Return numbers of 32 bits."""
    return Value(LONG, np.fromiter(numbers, "<u4").tobytes())


def doubles(numbers: tuple[Any, ...]) -> Value:
    """Return floats of 64 bits."""
    return Value(DOUBLE, np.array([float(number) for number in numbers], "<f8").tobytes())


def ratio_of(number: Any) -> tuple[int, int]:
    """Return a number that is not negative as two of 32 bits, as near as these come."""
    exact = Fraction(number)
    if exact > 1:
        below, above = (1 / exact).limit_denominator(2**32 - 1).as_integer_ratio()
    else:
        above, below = exact.limit_denominator(2**32 - 1).as_integer_ratio()
    return above, below


def packed(directory: Directory, offset: int) -> bytes:
    """Return a directory as it is at that offset in a TIFF, in little-endian order.

    After its entries comes the place of the next one, 0, then the values, and other directories.

    >>> packed({256: value(7)}, 8).hex()
    '010000010300010000000700000000000000'
    """
    entries = bytearray(struct.pack("<H", len(directory)))
    behind = bytearray()
    start = offset + 2 + 12 * len(directory) + 4
    for tag, one in sorted(directory.items()):
        place = start + len(behind)
        if isinstance(one, dict):
            behind += packed(one, place)
            entries += struct.pack("<HHII", tag, LONG, 1, place)
        else:
            entries += struct.pack("<HHI", tag, one.kind, one.length)
            if len(one.data) > 4:
                entries += struct.pack("<I", place)
                behind += one.data
            else:
                entries += one.data.ljust(4, b"\0")
        behind += bytes(len(behind) % 2)
    return bytes(entries) + bytes(4) + bytes(behind)


def block_of(directory: Directory) -> bytes:
    """Return a directory as a block of EXIF; nothing of an empty one."""
    return b"II*\0\x08\0\0\0" + packed(directory, 8) if directory else b""


def tags_of_block(block: bytes, wanted: Mapping[int, Any]) -> Directory:
    """Read the tags that are wanted of a block of EXIF."""
    return read_tags(BytesIO(block), wanted)[0]
