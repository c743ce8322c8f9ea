"""What a PNG says in words, and of its colours without a profile.

Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)"; for the name of XMP,
Adobe, "XMP Specification Part 3, Storage in Files", 1.1.5.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from upsamp.io.metadata.iptc import resources_of

Chunk = tuple[bytes, bytes]
# Neither compressed nor in a language, with no other name in that.
PLAIN = b"\0\0\0\0\0"


def colour_chunks(metadata: Mapping[str, Any]) -> Iterator[Chunk]:
    """Yield what the source said of its colours; gAMA and cHRM are in hundred thousandths."""
    for name, kind in (("cicp", b"cICP"), ("mdcv", b"mDCV"), ("clli", b"cLLI")):
        if metadata.get(name):
            yield kind, metadata[name]
    if metadata.get("gamma") is not None:
        yield b"gAMA", struct.pack(">I", _hundred_thousandths(metadata["gamma"]))
    if metadata.get("chromaticity") is not None:
        numbers = [_hundred_thousandths(part) for part in metadata["chromaticity"]]
        yield b"cHRM", struct.pack(f">{len(numbers)}I", *numbers)
    if metadata.get("srgb") is not None:
        yield b"sRGB", bytes([metadata["srgb"]])


def _hundred_thousandths(number: float) -> int:
    return min(max(round(number * 100_000), 0), 2**31 - 1)


def text_chunks(metadata: Mapping[str, Any]) -> Iterator[Chunk]:
    """Yield XMP, a comment, and texts by their names, 1 to 79 characters long."""
    if metadata.get("xmp"):
        yield b"iTXt", b"XML:com.adobe.xmp" + PLAIN + metadata["xmp"]
    if metadata.get("iptc"):  # as ImageMagick and ExifTool write it
        digits = resources_of(metadata["iptc"])
        text = f"\niptc\n{len(digits):8}\n{digits.hex()}\n"
        yield b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(text.encode())
    texts = dict(metadata.get("text", {}))
    if metadata.get("comment"):
        texts.setdefault("Comment", metadata["comment"].decode("latin-1"))
    for name, text in texts.items():
        known = name.encode("latin-1", "replace")
        if not 1 <= len(known) <= 79 or b"\0" in known:
            continue
        try:
            yield b"tEXt", known + b"\0" + text.replace("\0", "").encode("latin-1")
        except UnicodeEncodeError:
            yield b"iTXt", known + PLAIN + text.encode()
