"""Compressed pixels, of which it is proven that they are whole, and no more than they may be.

Sources: Apple, "Understanding PackBits" (TN1023); RFC 8878, "Zstandard Compression", 3.1.1.
"""

from typing import Any, BinaryIO

PIECE = 2**20
CUT_OFF = "it is cut off"
TOO_SHORT = "its compressed pixels end too early"


def exactly(stream: BinaryIO, length: int) -> bytes:
    """Read `length` bytes; raise `OSError` for fewer."""
    data = stream.read(length)
    if len(data) < length:
        raise OSError(CUT_OFF)
    return data


def inflated(stream: Any, data: bytes, most: int) -> int:
    """Return how many bytes come out of a stream; raise `OSError` for more than there may be.

    stream: of `zlib` or `lzma`, which prove what came out of it by the checksum at its end.
    """
    count, made = 0, PIECE
    while made == PIECE and not stream.eof:
        made = len(stream.decompress(data, PIECE))
        data = getattr(stream, "unconsumed_tail", b"")  # lzma keeps that itself
        count += made
        if count > most:
            raise OSError("its compressed pixels are more than it declares")
    return count


def check_packbits(data: bytes, length: int) -> None:
    """Raise `OSError` where runs do not end where the strip does: libtiff cuts or repeats then.

    What follows may fill up, as zeros or as runs of nothing.
    """
    place = 0
    while length > 0 and place < len(data):
        head = data[place]
        length -= head + 1 if head < 128 else 257 - head if head > 128 else 0
        place += head + 2 if head < 128 else 2 if head > 128 else 1
    if length or place > len(data) or data[place:].strip(b"\0\x80"):
        raise OSError("its compressed pixels do not end where they should")


def check_zstandard(data: bytes) -> None:
    """Raise `OSError` where the blocks of a frame do not end where the data does."""
    flags = data[4]
    is_single, has_checksum = flags >> 5 & 1, flags >> 2 & 1
    place = 5 + (not is_single) + (0, 1, 2, 4)[flags & 3] + (is_single, 2, 4, 8)[flags >> 6]
    is_last = False
    while not is_last and place + 3 <= len(data):
        head = int.from_bytes(data[place : place + 3], "little")
        is_last, is_run = bool(head & 1), head >> 1 & 3 == 1
        place += 3 + (1 if is_run else head >> 3)
    if not is_last or place + 4 * has_checksum != len(data):
        raise OSError(TOO_SHORT)
