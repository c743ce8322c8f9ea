"""The zlib stream of a PNG in pieces that are compressed apart, and joined are one stream."""

import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

# Ways to compress at level 1, each with what its size counts: the slower, the more must it save.
FAST_STRATEGIES: Mapping[int, float] = {
    zlib.Z_HUFFMAN_ONLY: 1.0,
    zlib.Z_RLE: 1.01,
    zlib.Z_DEFAULT_STRATEGY: 1.05,
}
# At the higher levels the size alone counts.
STRATEGIES: Mapping[int, float] = {
    zlib.Z_DEFAULT_STRATEGY: 1.0,
    zlib.Z_FILTERED: 1.0,
    zlib.Z_RLE: 1.0,
}
# Bytes from the middle of a piece by which the way is chosen, at level 1 and above.
FAST_SAMPLE, SAMPLE = 2**14, 2**15
# The width of the window: negative, so without zlib's header and checksum, which are the stream's.
RAW = -15
# The modulus of Adler-32.
ADLER = 65521
# ISA-L's levels that are chosen from: the first serves what is flat, and the best one drawings.
ISAL_LEVELS = (1, 3)


class Piece(NamedTuple):
    """A part of a zlib stream: compressed bytes, the checksum and the length of the plain ones."""

    data: bytes
    checksum: int
    length: int


def stream_header(level: int) -> bytes:
    """Return the two bytes that a zlib stream begins with, as zlib writes them for that level."""
    return b"\x78" + (b"\x01\x01\x5e\x5e\x5e\x5e\x9c\xda\xda\xda"[level : level + 1])


def deflate(plain: memoryview, level: int, *, last: bool) -> Piece:
    """Compress a piece, so that the next one can follow without knowing it; or the last one."""
    fast = _isal() if level == 1 else None
    if fast:
        sample = _sample(plain, FAST_SAMPLE)
        made = {one: _by_isal(fast, sample, one, last=False) for one in ISAL_LEVELS}
        best = min(made, key=lambda one: len(made[one]))
        return Piece(_by_isal(fast, plain, best, last=last), fast.adler32(plain), len(plain))
    data = _compress(plain, level, _choose_strategy(plain, level), last=last)
    return Piece(data, zlib.adler32(plain), len(plain))


@lru_cache(maxsize=1)
def _isal() -> Any:
    """Return ISA-L's deflate where it is installed, which is four times as fast at level 1."""
    try:
        from isal import isal_zlib
    except ImportError:
        return None
    return isal_zlib


def _by_isal(fast: Any, plain: memoryview, level: int, *, last: bool) -> bytes:
    compressor = fast.compressobj(level, zlib.DEFLATED, RAW)
    data: bytes = compressor.compress(plain) + compressor.flush(_flush(last=last))
    return data


def _compress(plain: memoryview, level: int, strategy: int, *, last: bool) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, RAW, 8, strategy)
    return compressor.compress(plain) + compressor.flush(_flush(last=last))


def _flush(*, last: bool) -> int:
    # A full flush ends on a byte's border and looks back no further.
    return zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH


def _choose_strategy(plain: memoryview, level: int) -> int:
    """Return the strategy that serves a sample of the piece best."""
    if level == 0:
        return zlib.Z_DEFAULT_STRATEGY
    strategies, size = (FAST_STRATEGIES, FAST_SAMPLE) if level == 1 else (STRATEGIES, SAMPLE)
    sample = _sample(plain, size)
    return min(
        strategies,
        key=lambda strategy: (
            strategies[strategy] * len(_compress(sample, level, strategy, last=False))
        ),
    )


def _sample(plain: memoryview, size: int) -> memoryview:
    """Return at most this many bytes of the middle of a piece."""
    start = max(0, len(plain) - size) // 2
    return plain[start : start + size]


def join_checksums(first: int, second: int, length: int) -> int:
    """Return the Adler-32 of two parts together, from those of each and the second one's length.

    >>> join_checksums(zlib.adler32(b"up"), zlib.adler32(b"samp"), 4) == zlib.adler32(b"upsamp")
    True
    """
    # The low half is 1 + the sum of all bytes; the high half is the sum of the low one after each.
    low, high = first & 0xFFFF, first >> 16
    joined_low = (low + (second & 0xFFFF) - 1) % ADLER
    joined_high = (high + (second >> 16) + length * (low - 1)) % ADLER
    return joined_high << 16 | joined_low
