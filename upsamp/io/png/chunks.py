"""The chunks that a PNG file is made of."""

import struct
import zlib
from typing import BinaryIO


def write_chunk(stream: BinaryIO, kind: bytes, body: bytes) -> None:
    """Write a chunk: its length, its kind, its content and their checksum."""
    stream.write(struct.pack(">I", len(body)) + kind)
    stream.write(body)
    stream.write(struct.pack(">I", zlib.crc32(body, zlib.crc32(kind))))
