"""How a file's pixels were compressed, so that a new file can be like it."""

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

from PIL import Image, JpegImagePlugin


def coding_of(image: Image.Image, stream: BinaryIO) -> dict[str, Any]:
    """Return how the pixels of an opened image are compressed in its file.

    JPEG: tables, subsampling, progressive. WebP: lossless. TIFF: compression, by Pillow's name.
    """
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        tables = {key: list(table) for key, table in image.quantization.items()}
        return {
            "tables": tables,
            "subsampling": JpegImagePlugin.get_sampling(image),
            "progressive": bool(image.info.get("progressive")),
        }
    if image.format == "WEBP":
        # Of an animation the first frame tells.
        pixels = (name for name in _webp_chunks(stream) if name in (b"VP8 ", b"VP8L"))
        return {"lossless": next(pixels, None) == b"VP8L"}
    if image.format == "TIFF" and isinstance(image.info.get("compression"), str):
        return {"compression": image.info["compression"]}
    return {}


def _webp_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the names of the chunks of a WebP file, those in its frames too.

    Source: RFC 9649, "WebP Image Format".
    """
    stream.seek(12)  # Pillow has read it all when it opened it
    while len(head := stream.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        yield name
        if name == b"ANMF":  # a frame: 16 bytes on, its own chunks follow
            stream.seek(16, 1)
        else:
            stream.seek(size + size % 2, 1)
