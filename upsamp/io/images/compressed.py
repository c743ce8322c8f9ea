"""Compressed pixels, of which it is proven that they are whole, and no more than they may be."""

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
