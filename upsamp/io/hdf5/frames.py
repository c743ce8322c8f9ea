"""How the process that reads HDF5 files answers: in frames of eight bytes of length and content.

The first frame says that the process is ready. An answer is a frame of JSON, and then a frame for
each array whose values are wanted, as plain bytes. A frame of the length `FAULT` stands where one
cannot be read; a frame of JSON after it says why, and the answer is over.
"""

import struct
from io import BufferedReader
from typing import BinaryIO

import numpy as np

from upsamp.core.arguments import Array

FAULT = 2**64 - 1
# So long may the JSON of an answer be; a model's architecture is part of it.
MAX_HEADER = 64 * 2**20


class AnswerError(Exception):
    """An answer is cut off, or makes no sense."""


def write_length(stream: BinaryIO, length: int) -> None:
    """Write the length that a frame begins with, or `FAULT`."""
    stream.write(struct.pack("<Q", length))


def write_frame(stream: BinaryIO, content: bytes | memoryview) -> None:
    """Write a frame."""
    write_length(stream, len(content))
    stream.write(content)


def read_length(stream: BufferedReader) -> int:
    """Return the length that a frame begins with."""
    length: int = struct.unpack("<Q", _read_exactly(stream, 8))[0]
    return length


def read_frame(stream: BufferedReader, length: int | None = None) -> bytes:
    """Return the content of a frame, which must be whole and not far too long.

    length: where it has been read.
    """
    length = read_length(stream) if length is None else length
    if length > MAX_HEADER:
        raise AnswerError
    return _read_exactly(stream, length)


def read_values(stream: BufferedReader, array: Array) -> None:
    """Fill an array with the bytes of a frame, whose length has been read."""
    if array.size and stream.readinto(array.reshape(-1).view(np.uint8).data) < array.nbytes:
        raise AnswerError


def _read_exactly(stream: BufferedReader, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise AnswerError
    return data
