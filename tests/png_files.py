"""PNG files taken apart by the letter of the specification, and pictures to write."""

import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from upsamp.io.pictures import Picture

Array = NDArray[Any]

# Each mode of a picture: its colour type, channels and bits in a file.
MODES = {
    "1": (0, 1, 1),
    "L": (0, 1, 8),
    "I;16": (0, 1, 16),
    "LA": (4, 2, 8),
    "LA;16": (4, 2, 16),
    "RGB": (2, 3, 8),
    "RGB;16": (2, 3, 16),
    "RGBA": (6, 4, 8),
    "RGBA;16": (6, 4, 16),
    "P": (3, 1, 8),
}


class File(NamedTuple):
    """What a PNG holds: its header, its chunks, and its pixels, (H, W, C) of whole numbers."""

    header: tuple[int, ...]
    chunks: list[tuple[bytes, bytes]]
    pixels: Array
    filters: list[int]

    def chunk(self, kind: bytes) -> bytes:
        """Return the content of the only chunk of that kind."""
        (body,) = (body for name, body in self.chunks if name == kind)
        return body


def read_png(data: bytes) -> File:
    """Take a file apart, and assert of every part that it is as the specification wants it."""
    chunks = split_chunks(data)
    kinds = [kind for kind, _ in chunks]
    assert kinds[0] == b"IHDR"
    assert kinds[-1] == b"IEND"
    assert chunks[-1][1] == b""
    for kind in set(kinds) - {b"IDAT"}:
        assert kinds.count(kind) == 1
    first, count = kinds.index(b"IDAT"), kinds.count(b"IDAT")
    assert kinds[first : first + count] == [b"IDAT"] * count
    assert first + count == len(kinds) - 1
    order = [b"IHDR", b"iCCP", b"PLTE", b"tRNS", b"pHYs", b"eXIf"]
    assert kinds[:first] == [kind for kind in order if kind in kinds]
    header = struct.unpack(">IIBBBBB", chunks[0][1])
    stream = zlib.decompressobj()
    raw = stream.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    assert stream.eof  # the checksum was there, and right
    assert stream.unused_data == b""
    width, height, bits, colour_type, compression, filter_method, interlace = header
    assert (compression, filter_method, interlace) == (0, 0, 0)
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    step, length = max(1, channels * bits // 8), (width * channels * bits + 7) // 8
    assert len(raw) == height * (1 + length)
    rows, filters = unfilter(raw, height, length, step)
    return File(header, chunks, unpack(rows, width, channels, bits), filters)


def split_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return a file's chunks; assert that nothing stands between them and all sums are right."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = [], 8
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        assert len(body) == length
        (checksum,) = struct.unpack_from(">I", data, place + 8 + length)
        assert checksum == zlib.crc32(kind + body)
        chunks.append((kind, body))
        place += 12 + length
    return chunks


def unfilter(raw: bytes, height: int, length: int, step: int) -> tuple[list[bytearray], list[int]]:
    """Undo the filters byte by byte."""
    rows, filters, above = [], [], bytearray(length)
    for index in range(height):
        start = index * (1 + length)
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + length])
        for place in range(length):
            left = row[place - step] if place >= step else 0
            corner = above[place - step] if place >= step else 0
            row[place] = (row[place] + expected(kind, left, above[place], corner)) % 256
        rows.append(row)
        filters.append(kind)
        above = row
    return rows, filters


def expected(kind: int, left: int, above: int, corner: int) -> int:
    """Return what a filter lets expect of a byte."""
    if kind < 4:
        return (0, left, above, (left + above) // 2)[kind]
    assert kind == 4
    guess = left + above - corner
    return min((left, above, corner), key=lambda byte: abs(guess - byte))


def unpack(rows: list[bytearray], width: int, channels: int, bits: int) -> Array:
    """Return the samples of rows of bytes."""
    pixels = np.zeros((len(rows), width * channels), np.int64)
    for row, line in enumerate(rows):
        for place in range(width * channels):
            if bits == 16:
                pixels[row, place] = line[2 * place] << 8 | line[2 * place + 1]
            else:
                start = place * bits
                byte = line[start // 8]
                pixels[row, place] = byte >> (8 - bits - start % 8) & (2**bits - 1)
    return pixels.reshape(len(rows), width, channels)


def picture_of(mode: str, height: int, width: int, *, colours: int = 256, seed: int = 0) -> Picture:
    """Return a picture of that mode: a slope with noise, so that every filter has its use."""
    _, channels, bits = MODES[mode]
    generator = np.random.default_rng(seed)
    limit = colours if mode == "P" else 2**bits
    slope = np.add.outer(np.arange(height) * 7, np.arange(width) * 3)[..., np.newaxis]
    noise = generator.integers(0, max(2, limit // 16), (height, width, channels))
    values = (slope * limit // 256 + noise * (slope % 5 > 0)) % limit
    values = values if channels > 1 else values[..., 0]
    dtype = {1: np.bool_, 8: np.uint8, 16: np.uint16}[bits]
    palette = generator.integers(0, 256, 3 * colours).astype(np.uint8).tobytes()
    return Picture(values.astype(dtype), mode, palette=palette if mode == "P" else None)
