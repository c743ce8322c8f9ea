"""Colours by their names, and what files say of theirs that Pillow does not read."""

import re
import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, BinaryIO

from PIL import Image, ImageColor

from upsamp.io.images.writing import write_by_pillow
from upsamp.io.metadata.colours import says_srgb, space_of_profile
from upsamp.io.picture_options import WriteOptions
from upsamp.io.pictures import Picture
from upsamp.io.png.chunks import find_chunks

# How far into a file the boxes of an AVIF are looked for, and the one that tells its colours.
HEAD, BOX = 2**14, b"colrnclx"
# The chunks of a PNG, by their names there, and their lengths.
CHUNKS = {b"cICP": ("cicp", 4), b"mDCV": ("mdcv", 24), b"cLLI": ("clli", 8)}
# How a JPEG 2000 in boxes begins, and how a BMP says that a profile stands in it.
JP2, EMBEDDED = b"\0\0\0\x0cjP  ", b"DEBM"
# Bytes of a profile: its header, and more than any has.
SHORTEST, LONGEST = 132, 2**25
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


def _chunks(stream: BinaryIO) -> dict[str, bytes]:
    """Return the contents of the chunks of a PNG before its pixels."""
    found: dict[str, bytes] = {}
    for kind, start, length in find_chunks(stream):
        if kind == b"IDAT":
            break
        name, wanted = CHUNKS.get(kind, ("", 0))
        if name and length == wanted:
            stream.seek(start)
            found[name] = stream.read(length)
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


def _place_in_jp2(stream: BinaryIO) -> tuple[int, int]:
    """Return where a profile stands in a JPEG 2000, and its length; 0 without one.

    Source: ISO/IEC 15444-1, I.5.3.3: behind the box's name are its method, 2, and two bytes more.
    """
    stream.seek(0)
    head = stream.read(HEAD)
    box = head.find(b"colr\2")
    if not head.startswith(JP2) or box < 4:
        return 0, 0
    return box + 7, int.from_bytes(head[box - 4 : box]) - 11


def _place_in_bmp(stream: BinaryIO) -> tuple[int, int]:
    """Return where a profile stands in a BMP of version 5, and its length; 0 without one.

    Source: Microsoft, "BITMAPV5HEADER": it is counted from that header, behind 14 bytes.
    """
    stream.seek(0)
    head = stream.read(138)
    if len(head) < 138 or head[14] != len(head) - 14 or head[70:74] != EMBEDDED:
        return 0, 0
    start, length = struct.unpack_from("<II", head, 126)
    return 14 + start, length


def _profile(stream: BinaryIO, start: int, length: int) -> dict[str, bytes]:
    """Return the profile that stands there, if it is one."""
    if not SHORTEST <= length <= LONGEST:
        return {}
    stream.seek(start)
    profile = stream.read(length)
    known = len(profile) == length and space_of_profile(profile)
    return {"icc_profile": profile} if known else {}


def colours_of(image: Image.Image, stream: BinaryIO) -> dict[str, Any]:
    """Return what a file says of its colours beside what Pillow reads; the stream stays in place.

    cicp: the four numbers of PNG's chunk cICP, or of AVIF's box nclx. mdcv, clli: the content of
    the PNG's chunks. icc_profile: of JPEG 2000 and BMP. Source: ISO 23000-22, "Multi-image
    application format", 7.3.6.4, for nclx.
    """
    read = READERS.get(image.format or "")
    if read is None or (image.format == "AVIF" and image.info.get("icc_profile")):
        return {}
    place = stream.tell()
    found = read(stream)
    stream.seek(place)
    return found


READERS: Mapping[str, Callable[[BinaryIO], dict[str, bytes]]] = {
    "PNG": _chunks,
    "AVIF": _nclx,
    "JPEG2000": lambda stream: _profile(stream, *_place_in_jp2(stream)),
    "BMP": lambda stream: _profile(stream, *_place_in_bmp(stream)),
}


def write_avif(picture: Picture, stream: BinaryIO, name: str, options: WriteOptions) -> None:
    """Write the first frame of a picture, and in its head the primaries and the transfer."""
    buffer = BytesIO()
    write_by_pillow(picture, "avif", buffer, name, options)
    data = buffer.getbuffer()
    box = bytes(data[:HEAD]).find(BOX)
    if "cicp" in picture.metadata and box >= 0:
        struct.pack_into(">HH", data, box + len(BOX), *picture.metadata["cicp"][:2])
    stream.write(data)
