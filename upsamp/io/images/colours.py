"""Colours by their names, and what PNG and AVIF files say of theirs that Pillow does not read."""

import re
import struct
from io import BytesIO
from typing import Any, BinaryIO

from PIL import Image, ImageColor

from upsamp.io.images.writing import write_by_pillow
from upsamp.io.metadata.colours import says_srgb
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture

__all__ = ["colour_of_name", "colours_of", "write_avif"]

# How far into a file the boxes of an AVIF are looked for, and the one that tells its colours.
HEAD, BOX = 2**14, b"colrnclx"
# The chunks of a PNG, by their names there, and their lengths.
CHUNKS = {b"cICP": ("cicp", 4), b"mDCV": ("mdcv", 24), b"cLLI": ("clli", 8)}
# The pixels are RGB, in numbers from 0 on, whatever the file had.
RGB_IN_FULL = (0, 1)


def colour_of_name(text: str) -> tuple[int, int, int] | None:
    """Return red, green and blue of a name of CSS, of #rgb or #rrggbb; None for anything else.

    >>> colour_of_name("Orange"), colour_of_name("#f80"), colour_of_name("rgb(1, 2, 3)")
    ((255, 165, 0), (255, 136, 0), None)
    """
    wanted = text.lower()
    if wanted not in ImageColor.colormap and not re.fullmatch("#([0-9a-f]{3}){1,2}", wanted):
        return None
    red, green, blue = ImageColor.getrgb(wanted)[:3]
    return red, green, blue


def colours_of(image: Image.Image, stream: BinaryIO) -> dict[str, Any]:
    """Return what a file says of its colours beside what Pillow reads; the stream stays in place.

    cicp: the four numbers of PNG's chunk cICP, or of AVIF's box nclx. mdcv, clli: the content of
    the PNG's chunks. Source: ISO 23000-22, "Multi-image application format", 7.3.6.4, for nclx.
    """
    place = stream.tell()
    try:
        if image.format == "PNG":
            return _chunks(stream)
        if image.format == "AVIF" and not image.info.get("icc_profile"):
            return _nclx(stream)
    finally:
        stream.seek(place)
    return {}


def _chunks(stream: BinaryIO) -> dict[str, bytes]:
    """Return the contents of the chunks of a PNG before its pixels."""
    found: dict[str, bytes] = {}
    stream.seek(8)
    while len(head := stream.read(8)) == 8 and head[4:] not in (b"IDAT", b"IEND"):
        length = int.from_bytes(head[:4])
        name, wanted = CHUNKS.get(head[4:], ("", 0))
        if length == wanted and name:
            found[name] = stream.read(length)
            length = 0
        stream.seek(length + 4, 1)
    return found


def _nclx(stream: BinaryIO) -> dict[str, bytes]:
    """Return primaries and transfer of an AVIF, unless they are those of sRGB."""
    stream.seek(0)
    head = stream.read(HEAD)
    box = head.find(BOX)
    if box < 0 or len(head) < box + 12:
        return {}
    numbers = struct.unpack_from(">HH", head, box + 8)
    if max(numbers) > 255 or says_srgb(bytes(numbers)):
        return {}
    return {"cicp": bytes((*numbers, *RGB_IN_FULL))}


def write_avif(picture: Picture, stream: BinaryIO, name: str, options: WriteOptions) -> None:
    """Write the first frame of a picture, and in its head the primaries and the transfer."""
    buffer = BytesIO()
    write_by_pillow(picture, "avif", buffer, name, options)
    data = buffer.getbuffer()
    box = bytes(data[:HEAD]).find(BOX)
    if "cicp" in picture.metadata and box >= 0:
        struct.pack_into(">HH", data, box + len(BOX), *picture.metadata["cicp"][:2])
    stream.write(data)
