"""An opened image as a picture: its pixels as they are meant, with what its file says, upright."""

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, JpegImagePlugin

from upsamp.core.arguments import Array
from upsamp.io.images.declared import Numbers
from upsamp.io.images.metadata import metadata_of, orientation_of, tell_orientation
from upsamp.io.images.modes import natural, pixels_of
from upsamp.io.images.pillow import quiet_libraries
from upsamp.io.metadata.keeping import upright_metadata
from upsamp.io.pictures import Picture

# Frames of an animation are shown in the place of each other, so they are of one mode: that which
# Pillow gives, if it is one of these.
UNCHANGING = ("L", "LA", "RGB", "RGBA", "I;16")

# Source: CIPA DC-008-2023 (Exif 3.0), 4.6.5.1, Orientation.
TURNS: Mapping[int, Callable[[Array], Array]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}

# Those that are not undone by doing them again.
OPPOSITE = {6: 8, 8: 6}


def decode(
    image: Image.Image,
    stream: BinaryIO,
    *,
    expand: bool,
    together: bool,
    numbers: Numbers | None,
) -> tuple[Picture, int | None]:
    """Return the frame that the image is at, as it lies in the file, and its orientation.

    together: whether its mode is to be that of all frames. numbers: what its header says.
    """
    # A TIFF says it in its tags, and Pillow takes it out while it decodes. The others are decoded
    # first: what is asked of a PNG may decode it, and what that raises is passed over here.
    tagged = tell_orientation(image) if image.format == "TIFF" else None
    with quiet_libraries() if image.format == "TIFF" else nullcontext():
        image.load()
    metadata = metadata_of(image, stream)
    orientation = orientation_of(image) if tagged is None else tagged
    format_name = (image.format or "png").lower().replace("mpo", "jpeg")
    coding = coding_of(image, stream)
    if together and image.mode not in UNCHANGING:
        image = image.convert("RGBA")
    image = natural(image, expand=expand)
    pixels, mode = pixels_of(image, format_name, expand=expand, numbers=numbers)
    if mode == "YCbCr":
        from upsamp.io.images.conversion import declared_rgb  # few have such colours

        pixels, mode = declared_rgb(pixels, getattr(image, "tag_v2", {}))
    if "transparency" not in image.info:  # it became alpha
        metadata.pop("transparency", None)
    palette = bytes(image.getpalette() or ()) if mode == "P" else None
    return Picture(pixels, mode, format_name, palette, metadata, coding), orientation


def oriented(picture: Picture, orientation: int | None, *, orient: bool) -> Picture:
    """Turn a picture upright, or leave it; Pillow has turned the pixels of a TIFF already."""
    if picture.format == "tiff":
        turned = None if orient else OPPOSITE.get(orientation or 1, orientation)
    else:
        turned = orientation if orient else None
    picture = picture.with_pixels(upright(picture.pixels, turned))
    if not orient:
        return picture
    return replace(
        picture, metadata=upright_metadata(picture.metadata, orientation, picture.pixels.shape)
    )


def upright(pixels: Array, orientation: object) -> Array:
    """Turn pixels (H, W) or (H, W, C); an orientation that there is not turns nothing.

    >>> upright(np.array([[1, 2, 3]]), 6).tolist()
    [[1], [2], [3]]
    """
    turn = TURNS.get(orientation) if isinstance(orientation, int) else None
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))


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
