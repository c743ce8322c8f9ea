"""The chunks that a PNG file is made of."""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def write_chunk(stream: BinaryIO, kind: bytes, body: bytes) -> None:
    """Write a chunk: its length, its kind, its content and their checksum."""
    stream.write(struct.pack(">I", len(body)) + kind)
    stream.write(body)
    stream.write(struct.pack(">I", zlib.crc32(body, zlib.crc32(kind))))


def find_chunks(stream: BinaryIO, place: int = len(SIGNATURE)) -> Iterator[tuple[bytes, int, int]]:
    """Yield of each chunk its kind, where its content begins, and its length, up to IEND.

    place: of the first one. The content may be beyond the end of a stream that is cut off.
    """
    kind = b""
    while kind != b"IEND":
        stream.seek(place)
        head = stream.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        yield kind, place + 8, length
        place += 12 + length
