"""PNG files put together by the letter of the specification: any depth, colour type and order."""

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Where the seven images of Adam7 begin, and their steps: rows, then columns.
ADAM7 = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk with its length and its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def encode_png(
    samples: Array,
    colour_type: int,
    bits: int,
    *,
    interlaced: bool = False,
    chunks: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    """Return a PNG of samples (H, W, C), integers of that many bits; each row has another filter.

    chunks: those between the header and the pixels.
    """
    height, width, channels = samples.shape
    assert channels == CHANNELS[colour_type]
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, int(interlaced))
    passes = [samples]
    if interlaced:
        passes = [samples[top::down, left::across] for top, left, down, across in ADAM7]
    raw = b"".join(_filtered(part, bits) for part in passes if part.size)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *(chunk(kind, body) for kind, body in chunks),
            chunk(b"IDAT", zlib.compress(raw)),
            chunk(b"IEND", b""),
        ]
    )


def _filtered(samples: Array, bits: int) -> bytes:
    """Return the rows of an image as bytes, filtered by each filter in turn."""
    step = max(1, samples.shape[2] * bits // 8)
    above = bytes(len(_packed(samples[0], bits)))
    parts = []
    for number, row in enumerate(samples):
        line, kind = _packed(row, bits), number % 5
        parts.append(bytes([kind]) + _filter_line(kind, line, above, step))
        above = line
    return b"".join(parts)


def _packed(row: Array, bits: int) -> bytes:
    values = row.reshape(-1)
    if bits == 16:
        return values.astype(">u2").tobytes()
    if bits == 8:
        return values.astype(np.uint8).tobytes()
    each = values.astype(np.uint8)[:, np.newaxis] >> np.arange(bits - 1, -1, -1) & 1
    return np.packbits(each.astype(np.uint8).reshape(-1)).tobytes()


def _filter_line(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    made = bytearray()
    for place, byte in enumerate(line):
        left = line[place - step] if place >= step else 0
        corner = above[place - step] if place >= step else 0
        up = above[place]
        guess = left + up - corner
        nearest = min((left, up, corner), key=lambda value: abs(guess - value))
        expected = (0, left, up, (left + up) // 2, nearest)[kind]
        made.append((byte - expected) % 256)
    return bytes(made)
