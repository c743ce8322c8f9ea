"""Which files hold more bits than Pillow reads, and whether that matters."""

from typing import BinaryIO, Literal, NamedTuple

from PIL import Image

from upsamp.errors import FormatError
from upsamp.io.extras import check_extra
from upsamp.io.picture_options import ReadOptions

__all__ = ["Depth", "check_kept", "kind_of_depth"]

BITS_PER_SAMPLE = 258
COLOUR = ("RGB", "RGBA", "LA", "CMYK")
# How far into a file the headers of JPEG 2000 and AVIF are looked for.
HEAD = 2**14


class Depth(NamedTuple):
    """What a file holds that Pillow would cut to 8 bits, and what reads it whole, if anything."""

    what: str
    reader: Literal["png", "ppm", "tiff"] | None = None


# The package of each reader; of a PPM, NumPy will do.
PACKAGES = {"png": "imagecodecs", "tiff": "tifffile"}


def kind_of_depth(image: Image.Image, stream: BinaryIO) -> Depth | None:
    """Return what an opened image, not loaded yet, would lose; None where it loses nothing."""
    if image.mode not in COLOUR:
        return None
    if any(bits > 8 for bits in getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, ())):
        return Depth("16-bit colour", "tiff")
    # A tile of a file ends in the raw mode that it is decoded from, such as "RGB;16B".
    tiles = getattr(image, "tile", ())
    if any(";16" in str(tile[-1]) for tile in tiles):
        return Depth("16-bit colour", "png" if image.format == "PNG" else None)
    if image.format == "PPM" and tiles and _largest(tiles[0][-1]) > 255:
        return Depth("16-bit colour", "ppm")
    if image.format in ("JPEG2000", "AVIF") and _bits(stream) > 8:
        return Depth(f"colour of {_bits(stream)} bits")
    return None


def check_kept(depth: Depth, name: str, options: ReadOptions) -> bool:
    """Tell whether another reader keeps the depth; raise where it would be lost unasked."""
    if options.depth == 8:
        return False
    if depth.reader is None:
        raise FormatError(
            f"{name} holds {depth.what}, which would be cut to 8 bits. "
            "Use --depth 8 to accept that, or convert it to PNG or TIFF."
        )
    package = PACKAGES.get(depth.reader)
    if package is not None:
        check_extra(
            package,
            f"{name} holds {depth.what}, which Pillow would cut to 8 bits; to keep it",
            "Or use --depth 8 to accept the loss.",
        )
    return True


def _largest(arguments: object) -> int:
    """Return the largest value of a PPM, which its decoder is told."""
    values = arguments if isinstance(arguments, tuple) else ()
    return max((value for value in values if isinstance(value, int)), default=255)


def _bits(stream: BinaryIO) -> int:
    """Return the bits of a channel, as JPEG 2000's SIZ marker or AVIF's av1C box says; else 8."""
    place = stream.tell()
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(place)
    size = head.find(b"\xff\x4f\xff\x51")
    if size >= 0 and len(head) > size + 42:
        return int(head[size + 42] & 0x7F) + 1  # Ssiz of the first component
    box = head.find(b"av1C")
    if box >= 0 and len(head) > box + 6:
        flags = head[box + 6]
        return 8 + 2 * (flags >> 6 & 1) + 2 * (flags >> 5 & 1)  # high_bitdepth, twelve_bit
    return 8
